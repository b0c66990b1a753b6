package immtest

import (
	"bytes"
	"context"
	"errors"
	"io"
	"log"
	"net/http"
	"net/url"
	"runtime/debug"
	"time"
)

const (
	// pushTimeout is how long a receiver may take to acknowledge.
	pushTimeout = 5 * time.Second
	// maxPushAnswer is how much of a receiver's answer is read, so that its connection
	// can be used again.
	maxPushAnswer = 64 << 10
)

// newPushClient makes the client for pushes over the network. Nothing of it runs
// before the first push.
func newPushClient() *http.Client {
	return &http.Client{
		Transport:     &http.Transport{MaxIdleConnsPerHost: maxPushes, IdleConnTimeout: 10 * time.Second, ForceAttemptHTTP2: true},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// post sends one push and reports whether it was acknowledged in time. The
// receiver may go on after that, in this process until it returns: then ended is closed.
func (s *Server) post(ctx context.Context, to *destination, header http.Header, body []byte) (acknowledged bool, ended <-chan struct{}) {
	ctx, cancel := context.WithTimeout(ctx, pushTimeout)
	answered, end := make(chan bool, 1), make(chan struct{})
	go func() {
		defer close(end)
		defer cancel()
		var status int
		if to.handler != nil {
			status = handle(ctx, to.handler, to.url, header, body)
		} else {
			status = s.postOverNetwork(ctx, to.url, header, body)
		}
		// One that returns because the time is over has not answered in time.
		answered <- ctx.Err() == nil && status >= 200 && status <= 299
	}()
	select {
	case ok := <-answered:
		return ok, end
	case <-ctx.Done():
	}
	select {
	case ok := <-answered: // it ended the context itself
		return ok, end
	default:
		return false, end
	}
}

// postOverNetwork returns the status of the answer, and 0 where none came.
func (s *Server) postOverNetwork(ctx context.Context, to *url.URL, header http.Header, body []byte) int {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, to.String(), bytes.NewReader(body))
	if err != nil {
		return 0
	}
	req.Header = header
	resp, err := s.pushes.Do(req)
	if err != nil {
		return 0
	}
	defer resp.Body.Close()
	_, _ = io.Copy(io.Discard, io.LimitReader(resp.Body, maxPushAnswer)) // the status has decided
	return resp.StatusCode
}

// handle lets a handler of this process serve a push as a server would, and
// returns the status that it answered, 0 where it panicked.
func handle(ctx context.Context, handler http.Handler, to *url.URL, header http.Header, body []byte) (status int) {
	defer func() {
		// As net/http does: the connection is cut, and the program goes on.
		if problem := recover(); problem != nil {
			status = 0
			if err, ok := problem.(error); !ok || !errors.Is(err, http.ErrAbortHandler) {
				log.Printf("immtest: the handler of a push panicked: %v\n%s", problem, debug.Stack())
			}
		}
	}()
	received := *to
	received.Scheme, received.Host = "", "" // a server sees path and query only
	r := &http.Request{
		Method: http.MethodPost, URL: &received, Host: to.Host, RequestURI: to.RequestURI(),
		Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: header, Body: io.NopCloser(bytes.NewReader(body)), ContentLength: int64(len(body)),
		RemoteAddr: "127.0.0.1:80",
	}
	w := &pushResponse{header: make(http.Header)}
	handler.ServeHTTP(w, r.WithContext(ctx))
	if w.status == 0 {
		w.status = http.StatusOK
	}
	return w.status
}

// pushResponse keeps the status of an answer; nobody reads the rest.
type pushResponse struct {
	header http.Header
	status int
}

func (w *pushResponse) Header() http.Header { return w.header }

func (w *pushResponse) Write(p []byte) (int, error) {
	w.WriteHeader(http.StatusOK)
	return len(p), nil
}

func (w *pushResponse) WriteHeader(status int) {
	if w.status == 0 && status >= 200 {
		w.status = status
	}
}
