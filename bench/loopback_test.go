package bench

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"
)

// loopback starts a server over TLS on this machine and returns a transport that
// goes there whatever host is asked for. Its pool is as wide as the concurrency,
// for all clients alike: with the default of net/http, two connections, nearly
// every call would dial.
func loopback(b *testing.B, answer []byte, connections int) http.RoundTripper {
	b.Helper()
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		_, _ = io.Copy(io.Discard, req.Body)
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("Content-Length", strconv.Itoa(len(answer)))
		_, _ = w.Write(answer)
	}))
	server.Config.ErrorLog = log.New(io.Discard, "", 0) // connections that are dialed and not needed are no errors
	server.StartTLS()
	b.Cleanup(server.Close)
	authorities := x509.NewCertPool()
	authorities.AddCert(server.Certificate())
	transport := &http.Transport{
		DialContext: func(ctx context.Context, network, _ string) (net.Conn, error) {
			return new(net.Dialer).DialContext(ctx, network, server.Listener.Addr().String())
		},
		// The server's certificate is for this name.
		TLSClientConfig:     &tls.Config{RootCAs: authorities, ServerName: "example.com", MinVersion: tls.VersionTLS12},
		MaxIdleConnsPerHost: connections,
	}
	b.Cleanup(transport.CloseIdleConnections)
	return transport
}

// BenchmarkLoopbackTLS is 64 goroutines that share a client and its connections.
// The server works on the same processors.
func BenchmarkLoopbackTLS(b *testing.B) {
	const goroutines = 64
	op := batch(1, 1)
	for _, name := range clientNames {
		b.Run("goroutines="+strconv.Itoa(goroutines)+"/client="+name, func(b *testing.B) {
			call, err := prepare(name, op, loopback(b, op.answer, goroutines))
			require.NoError(b, err)
			together(b, 4*goroutines, goroutines, call) // dials, and fills the pools
			measureTogether(b, goroutines, call)
		})
	}
}
