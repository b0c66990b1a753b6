package notify

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// fetcher is the client that fetches certificates, but for the authority that it
// trusts and the address that it dials.
func fetcher(s *httptest.Server) *http.Client {
	client := *certificateClient
	transport := certificateClient.Transport.(*http.Transport).Clone()
	transport.TLSClientConfig.RootCAs = s.Client().Transport.(*http.Transport).TLSClientConfig.RootCAs
	client.Transport = transport
	return &client
}

func TestWhatTheHostOfCertificatesAnswersDecides(t *testing.T) {
	t.Parallel()
	var elsewhere atomic.Int64
	other := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { elsewhere.Add(1); w.Write(mnsKey.pem) }))
	t.Cleanup(other.Close)
	for name, c := range map[string]struct {
		answer  http.HandlerFunc
		pem     []byte
		refused bool // or else a failure that may pass
	}{
		"the certificate": {answer: func(w http.ResponseWriter, _ *http.Request) { w.Write(mnsKey.pem) }, pem: mnsKey.pem},
		"404":             {answer: http.NotFound, refused: true},
		"403":             {answer: status(403), refused: true},
		"400":             {answer: status(400), refused: true},
		"408":             {answer: status(408)},
		"429":             {answer: status(429)},
		"500":             {answer: status(500)},
		"503":             {answer: status(503)},
		"204":             {answer: status(204)},
		"206": {answer: func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(http.StatusPartialContent)
			w.Write(mnsKey.pem)
		}},
		"a redirect": {answer: func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, other.URL, http.StatusFound) }},
		"a redirect for good": {answer: func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, other.URL, http.StatusPermanentRedirect)
		}},
		"a connection that is cut": {answer: func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }},
		"half a body": {answer: func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "9999")
			w.Write(mnsKey.pem)
		}},
		"a header without an end": {answer: func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("X", string(bytes.Repeat([]byte("x"), 2<<20)))
			w.Write(mnsKey.pem)
		}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := httptest.NewTLSServer(c.answer)
			defer s.Close()
			pem, err := fetchBy(t.Context(), fetcher(s), s.URL+"/x.pem")
			if c.pem != nil {
				require.NoError(t, err)
				require.Equal(t, c.pem, pem)
				return
			}
			require.Error(t, err)
			_, isRefusal := errors.AsType[*refusal](err)
			require.Equal(t, c.refused, isRefusal, err)
		})
	}
	t.Cleanup(func() { require.Zero(t, elsewhere.Load(), "no redirect is followed") })
}

func status(code int) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(code) }
}

func TestACertificateWithoutAnEndIsNotReadToTheEnd(t *testing.T) {
	t.Parallel()
	s := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		for chunk := bytes.Repeat([]byte("x"), 1<<16); ; {
			if _, err := w.Write(chunk); err != nil {
				return
			}
		}
	}))
	defer s.Close()
	client := fetcher(s)
	c := newCertificates(func(ctx context.Context, _ string) ([]byte, error) { return fetchBy(ctx, client, s.URL) }, leastKeyBits)
	_, err := c.get(t.Context(), mnsURL)
	require.ErrorContains(t, err, "more than 65536 bytes")
}

func TestAHostThatHangsEndsWithTheContext(t *testing.T) {
	t.Parallel()
	for name, begin := range map[string]func(w http.ResponseWriter){
		"before the header": func(http.ResponseWriter) {},
		"in the body":       func(w http.ResponseWriter) { w.Write(mnsKey.pem[:10]); w.(http.Flusher).Flush() },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				begin(w)
				<-r.Context().Done()
			}))
			defer s.Close()
			ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
			defer cancel()
			_, err := fetchBy(ctx, fetcher(s), s.URL)
			require.ErrorIs(t, err, context.DeadlineExceeded)
		})
	}
}

func TestOnlyAHostThatTheSystemTrustsServesCertificates(t *testing.T) {
	t.Parallel()
	var asked atomic.Int64
	answer := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { asked.Add(1); w.Write(mnsKey.pem) })
	unknown := httptest.NewUnstartedServer(answer)
	unknown.Config.ErrorLog = log.New(io.Discard, "", 0)
	unknown.StartTLS()
	defer unknown.Close()
	_, err := fetchCertificate(t.Context(), unknown.URL)
	var authority *tls.CertificateVerificationError
	require.ErrorAs(t, err, &authority)

	old := httptest.NewUnstartedServer(answer)
	old.Config.ErrorLog = log.New(io.Discard, "", 0)
	old.TLS = &tls.Config{MaxVersion: tls.VersionTLS11, MinVersion: tls.VersionTLS10}
	old.StartTLS()
	defer old.Close()
	_, err = fetchBy(t.Context(), fetcher(old), old.URL)
	require.ErrorContains(t, err, "protocol version")
	require.Zero(t, asked.Load())

	_, err = fetchCertificate(t.Context(), "://")
	require.Error(t, err)
}
