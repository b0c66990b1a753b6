// Package transport has what every client of the module does alike beneath its
// operations: connections and their limits, where requests may go, how far one
// came that got no answer, by which clock it is dated, and what an answer says
// that nobody documented. It knows neither the operations nor package imm.
package transport

import (
	"crypto/tls"
	"math"
	"net"
	"net/http"
	"runtime"
	"time"
)

// Limits of the default transport.
const (
	dialTimeout    = 5 * time.Second
	tlsTimeout     = 10 * time.Second
	headerTimeout  = 30 * time.Second
	idleTimeout    = 5 * time.Second // the gateway drops idle connections after about 10
	pingAfter      = 15 * time.Second
	maxHeaderBytes = 1 << 20
)

// Version is the one of this module.
const Version = "0.1.0"

// UserAgent names the module and what it runs on.
func UserAgent() string {
	return "imm-go/" + Version + " (" + runtime.GOOS + "; " + runtime.GOARCH + ") " + runtime.Version()
}

// NewClient copies the user's client, or makes one if that is nil. The wait is
// how long an answer may take because the request asks for that.
func NewClient(users *http.Client, wait time.Duration) *http.Client {
	client := http.Client{}
	if users != nil {
		client = *users
	} else {
		client.Transport = newTransport(wait)
	}
	// Whoever answers with a redirect gets no request, and so no token, sent on
	// to another host.
	client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return &client
}

func newTransport(wait time.Duration) *http.Transport {
	dialer := &net.Dialer{Timeout: dialTimeout, KeepAlive: pingAfter}
	return &http.Transport{
		Proxy:                  http.ProxyFromEnvironment,
		DialContext:            dialer.DialContext,
		TLSClientConfig:        &tls.Config{MinVersion: tls.VersionTLS12},
		TLSHandshakeTimeout:    tlsTimeout,
		ResponseHeaderTimeout:  headerTimeout + wait,
		MaxResponseHeaderBytes: maxHeaderBytes,
		// The pool is as wide as the calls are concurrent; the default of 2
		// would close and dial a connection for nearly every call.
		MaxIdleConns:        0,
		MaxIdleConnsPerHost: math.MaxInt32,
		IdleConnTimeout:     idleTimeout,
		ForceAttemptHTTP2:   true,
		HTTP2:               &http.HTTP2Config{SendPingTimeout: pingAfter, PingTimeout: pingAfter},
	}
}
