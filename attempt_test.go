package imm

import (
	"crypto/tls"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
)

func TestAUsersClientKeepsItsCookies(t *testing.T) {
	t.Parallel()
	jar, err := cookiejar.New(nil)
	require.NoError(t, err)
	var cookies []string
	transport := roundTripFunc(func(req *http.Request) (*http.Response, error) {
		cookies = append(cookies, req.Header.Get("Cookie"))
		return &http.Response{StatusCode: http.StatusOK, Header: http.Header{"Set-Cookie": {"a=b"}}, Request: req, Body: io.NopCloser(strings.NewReader("{}"))}, nil
	})
	for range 2 {
		resp, err := roundTrip(&http.Client{Transport: transport, Jar: jar}, get(t))
		require.NoError(t, err)
		require.NoError(t, resp.Body.Close())
	}
	require.Equal(t, []string{"", "a=b"}, cookies)
}

func TestAUsersClientKeepsItsTimeout(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		transport := roundTripFunc(func(req *http.Request) (*http.Response, error) {
			<-req.Context().Done()
			return nil, req.Context().Err()
		})
		start := time.Now()
		_, err := roundTrip(&http.Client{Transport: transport, Timeout: 3 * time.Second}, get(t))
		require.Error(t, err)
		require.Equal(t, 3*time.Second, time.Since(start))
	})
}

func TestWhateverATransportReturnsIsAnAnswerOrAnError(t *testing.T) {
	t.Parallel()
	tlsError := tls.RecordHeaderError{Msg: "m", RecordHeader: [5]byte([]byte("HTTP/"))}
	otherTLS := tls.RecordHeaderError{Msg: "m", RecordHeader: [5]byte([]byte("SSH-2"))}
	for name, test := range map[string]struct {
		resp *http.Response
		err  error
		want string
	}{
		"an answer":             {resp: &http.Response{Body: http.NoBody}},
		"an answer, no body":    {resp: &http.Response{}},
		"nothing":               {want: "the transport imm.roundTripFunc returned neither an answer nor an error"},
		"an error":              {err: io.ErrUnexpectedEOF, want: io.ErrUnexpectedEOF.Error()},
		"http where TLS was":    {err: tlsError, want: http.ErrSchemeMismatch.Error()},
		"another where TLS was": {err: otherTLS, want: otherTLS.Error()},
	} {
		transport := roundTripFunc(func(*http.Request) (*http.Response, error) { return test.resp, test.err })
		resp, err := roundTrip(&http.Client{Transport: transport}, get(t))
		if test.want != "" {
			require.EqualError(t, err, test.want, name)
			continue
		}
		require.NoError(t, err, name)
		_, err = io.ReadAll(resp.Body)
		require.NoError(t, err, name)
	}
}

// get is a request that no transport here looks at.
func get(t *testing.T) *http.Request {
	t.Helper()
	req := &http.Request{Method: http.MethodGet, URL: &url.URL{Scheme: "https", Host: "h", Path: "/"}, Header: http.Header{}}
	return req.WithContext(t.Context())
}
