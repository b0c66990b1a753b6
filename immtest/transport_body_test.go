package immtest

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/require"
)

// trackedBody knows whether it was closed, and can fail or block.
type trackedBody struct {
	io.Reader
	once   sync.Once
	closed chan struct{}
}

func newBody(from io.Reader) *trackedBody {
	return &trackedBody{Reader: from, closed: make(chan struct{})}
}

func (b *trackedBody) Close() error {
	b.once.Do(func() { close(b.closed) })
	return nil
}

func (b *trackedBody) isClosed() bool {
	select {
	case <-b.closed:
		return true
	default:
		return false
	}
}

// blocking is a reader that gives nothing until the body is closed.
type blocking struct{ closed chan struct{} }

func (b blocking) Read([]byte) (int, error) { <-b.closed; return 0, io.ErrClosedPipe }

func TestTheBodyOfARequestIsAlwaysClosed(t *testing.T) {
	t.Parallel()
	ended, cancel := context.WithCancelCause(t.Context())
	errCause := errors.New("cause")
	cancel(errCause)
	for name, c := range map[string]struct {
		change  func(*http.Request)
		message string
	}{
		"success":            {func(*http.Request) {}, ""},
		"a context at end":   {func(r *http.Request) { *r = *r.WithContext(ended) }, "cause"},
		"no URL":             {func(r *http.Request) { r.URL = nil }, "no URL"},
		"no host":            {func(r *http.Request) { r.URL.Host = "" }, "no host"},
		"another scheme":     {func(r *http.Request) { r.URL.Scheme = "ftp" }, "ftp"},
		"a header's name":    {func(r *http.Request) { r.Header["a b"] = []string{"c"} }, "a b"},
		"a header's no name": {func(r *http.Request) { r.Header[""] = []string{"c"} }, "name"},
		"a header's value":   {func(r *http.Request) { r.Header.Set("X-Acs-Security-Token", "a\nb") }, "X-Acs-Security-Token"},
		"a shorter body":     {func(r *http.Request) { r.ContentLength = 100 }, "100"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newServer(t)
			req := signed("GetBinding", nil)
			body := newBody(strings.NewReader("body"))
			req.Body, req.ContentLength = body, 4
			c.change(req)
			resp, err := s.Transport().RoundTrip(req)
			require.True(t, body.isClosed())
			if c.message == "" {
				require.NoError(t, err)
				require.NoError(t, resp.Body.Close())
				return
			}
			require.ErrorContains(t, err, c.message)
			require.NotContains(t, err.Error(), "a\nb")
			require.Empty(t, s.Requests())
		})
	}
}

func TestABodyThatFailsFailsTheRequest(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	body := newBody(io.MultiReader(strings.NewReader("half"), errReader{}))
	req := signed("GetBinding", nil)
	req.Body, req.ContentLength = body, -1
	var hooks []string
	_, err := s.Transport().RoundTrip(watched(req, &hooks))
	require.ErrorIs(t, err, errBroken)
	require.True(t, body.isClosed())
	require.Equal(t, "WroteRequest "+errBroken.Error(), hooks[len(hooks)-1])
	require.Empty(t, s.Requests())
}

type errReader struct{}

func (errReader) Read([]byte) (int, error) { return 0, errBroken }

func TestABodyThatBlocksEndsWithTheContextOrTheServer(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newServer(t)
		for _, end := range []string{"context", "server"} {
			body := newBody(nil)
			body.Reader = blocking{body.closed}
			ctx, cancel := context.WithCancel(t.Context())
			req := signed("GetBinding", nil).WithContext(ctx)
			req.Body, req.ContentLength = body, -1
			result := make(chan error)
			go func() {
				_, err := s.Transport().RoundTrip(req)
				result <- err
			}()
			synctest.Wait()
			if end == "context" {
				cancel()
				require.ErrorIs(t, <-result, context.Canceled)
			} else {
				go s.Close()
				require.ErrorIs(t, <-result, ErrServerClosed)
			}
			cancel()
			require.True(t, body.isClosed())
		}
	})
}

func TestReadingAnAnswerEndsWithTheContext(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	ctx, cancel := context.WithCancel(t.Context())
	resp, err := s.Transport().RoundTrip(signed("GetBinding", nil).WithContext(ctx))
	require.NoError(t, err)
	cancel()
	_, err = io.ReadAll(resp.Body)
	require.ErrorIs(t, err, context.Canceled)
	require.NoError(t, resp.Body.Close())
}

func TestClosingABodyThatHangsEndsItsRead(t *testing.T) {
	t.Parallel()
	for _, end := range []string{"body", "server"} {
		synctest.Test(t, func(t *testing.T) {
			s := newServer(t)
			s.Inject(Fault{HalfBody: true, Hang: true})
			resp, err := s.Transport().RoundTrip(signed("GetBinding", nil))
			require.NoError(t, err)
			result := make(chan error)
			go func() {
				_, err := io.Copy(io.Discard, resp.Body)
				result <- err
			}()
			synctest.Wait()
			if end == "body" {
				require.NoError(t, resp.Body.Close())
				require.Equal(t, http.ErrBodyReadAfterClose, <-result)
			} else {
				s.Close()
				require.Equal(t, io.ErrUnexpectedEOF, <-result)
				require.NoError(t, resp.Body.Close())
			}
		})
	}
}
