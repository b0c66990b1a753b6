package imm

import (
	"crypto/tls"
	"math"
	"net"
	"net/http"
	"net/http/httptrace"
	"sync/atomic"
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

// newHTTPClient copies the user's client, or makes one.
func newHTTPClient(users *http.Client) *http.Client {
	client := http.Client{}
	if users != nil {
		client = *users
	} else {
		client.Transport = newTransport()
	}
	// Whoever answers with a redirect gets no request, and so no token, sent on
	// to another host.
	client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return &client
}

func newTransport() *http.Transport {
	dialer := &net.Dialer{Timeout: dialTimeout, KeepAlive: pingAfter}
	return &http.Transport{
		Proxy:                  http.ProxyFromEnvironment,
		DialContext:            dialer.DialContext,
		TLSClientConfig:        &tls.Config{MinVersion: tls.VersionTLS12},
		TLSHandshakeTimeout:    tlsTimeout,
		ResponseHeaderTimeout:  headerTimeout,
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

// connTrace learns how far an attempt came. Its fields may be set by another
// goroutine after the attempt is over.
type connTrace struct {
	asked  atomic.Bool // the transport tells of its connections at all
	got    atomic.Bool
	reused atomic.Bool
	hooks  httptrace.ClientTrace
}

func newConnTrace() *connTrace {
	t := new(connTrace)
	t.hooks.GetConn = func(string) { t.asked.Store(true) }
	t.hooks.GotConn = func(info httptrace.GotConnInfo) {
		t.got.Store(true)
		t.reused.Store(info.Reused)
	}
	return t
}
