package immtest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/url"
	"runtime/debug"
	"strings"
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

// errLate is for a receiver that did not answer in time.
var errLate = fmt.Errorf("no answer came within %v", pushTimeout)

// post sends one push and returns how it failed, nil if it was acknowledged in time.
// The receiver may go on after that, in this process until it returns: then ended is closed.
func (s *Server) post(ctx context.Context, to *destination, header http.Header, body []byte) (failed *attemptFailure, ended <-chan struct{}) {
	ctx, cancel := context.WithTimeout(ctx, pushTimeout)
	answered, end := make(chan *attemptFailure, 1), make(chan struct{})
	go func() {
		defer close(end)
		defer cancel()
		var status int
		var err error
		if to.handler != nil {
			status, err = handle(ctx, to.handler, to.url, header, body)
		} else {
			status, err = s.postOverNetwork(ctx, to.url, header, body)
		}
		// One that returns because the time is over has not answered in time.
		if ctx.Err() != nil {
			status, err = 0, errLate
		}
		answered <- judge(status, err)
	}()
	select {
	case failed := <-answered:
		return failed, end
	case <-ctx.Done():
	}
	select {
	case failed := <-answered: // it ended the context itself
		return failed, end
	default:
		return judge(0, errLate), end
	}
}

// judge says how an attempt failed.
func judge(status int, err error) *attemptFailure {
	switch {
	case err != nil:
		return &attemptFailure{reason: strings.Join(strings.Fields(err.Error()), " ")}
	case status >= 200 && status <= 299:
		return nil
	case status >= 300 && status <= 399:
		return &attemptFailure{status, fmt.Sprintf("the receiver answered %d, and redirects are not followed", status)}
	}
	return &attemptFailure{status, fmt.Sprintf("the receiver answered %d %s", status, http.StatusText(status))}
}

// postOverNetwork returns the status of the answer.
func (s *Server) postOverNetwork(ctx context.Context, to *url.URL, header http.Header, body []byte) (int, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, to.String(), bytes.NewReader(body))
	if err != nil {
		return 0, err
	}
	req.Header = header
	resp, err := s.pushes.Do(req)
	if err != nil {
		return 0, err
	}
	defer resp.Body.Close()
	_, _ = io.Copy(io.Discard, io.LimitReader(resp.Body, maxPushAnswer)) // the status has decided
	return resp.StatusCode, nil
}

// handle lets a handler of this process serve a push as a server would, and
// returns the status that it answered, or an error if it panicked.
func handle(ctx context.Context, handler http.Handler, to *url.URL, header http.Header, body []byte) (status int, failed error) {
	defer func() {
		// As net/http does: the connection is cut, and the program goes on.
		if problem := recover(); problem != nil {
			status, failed = 0, fmt.Errorf("the handler panicked: %v", problem)
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
	return w.status, nil
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
