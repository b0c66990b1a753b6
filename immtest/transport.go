package immtest

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"os"
	"strconv"
	"strings"
	"sync"
	"syscall"
)

// Transport returns a round tripper that takes requests to the server without a
// network: whatever host a URL names, this server answers. It keeps the promises
// of http.Transport: the request is not modified and its body is always closed,
// the context ends every wait, reading the response's body included, and the
// hooks GetConn, GotConn, WroteHeaders, WroteRequest and GotFirstResponseByte of
// httptrace are called. It also keeps count of connections as http.Transport
// does, so that clients can see reuse and a reset on a connection that was used
// before: each Transport starts with none, and CloseIdleConnections closes those
// that are idle. No goroutine outlives a call, and nothing has to be closed.
func (s *Server) Transport() http.RoundTripper { return &transport{server: s} }

type transport struct {
	server *Server

	mu   sync.Mutex
	idle []net.Conn // the last one is used first
}

// CloseIdleConnections makes the next request use a fresh connection.
func (t *transport) CloseIdleConnections() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.idle = nil
}

func (t *transport) RoundTrip(req *http.Request) (*http.Response, error) {
	in, err := prepare(req)
	if err != nil {
		closeBody(req)
		return nil, err
	}
	trace := httptrace.ContextClientTrace(req.Context())
	conn, err := t.connect(req, trace)
	if err != nil {
		closeBody(req)
		return nil, err
	}
	if trace != nil && trace.WroteHeaders != nil {
		trace.WroteHeaders()
	}
	in.body, in.tooLarge, err = t.receiveBody(req)
	if trace != nil && trace.WroteRequest != nil {
		trace.WroteRequest(httptrace.WroteRequestInfo{Err: err})
	}
	if err != nil {
		return nil, err
	}
	a := t.server.serve(req.Context(), in)
	if req.Context().Err() != nil {
		return nil, context.Cause(req.Context())
	}
	if a.ending == endsAtStart {
		return nil, &net.OpError{
			Op: "read", Net: "tcp", Source: conn.LocalAddr(), Addr: conn.RemoteAddr(),
			Err: os.NewSyscallError("read", syscall.ECONNRESET),
		}
	}
	if trace != nil && trace.GotFirstResponseByte != nil {
		trace.GotFirstResponseByte()
	}
	return t.respond(req, conn, a), nil
}

// prepare checks a request as http.Transport does and takes from it what the
// server gets to see. Nothing of it is shared: the server remembers requests.
func prepare(req *http.Request) (*received, error) {
	if req.URL == nil {
		return nil, errors.New("immtest: the request has no URL")
	}
	if req.URL.Scheme != "http" && req.URL.Scheme != "https" {
		return nil, fmt.Errorf("immtest: the scheme %q is neither http nor https", req.URL.Scheme)
	}
	if req.URL.Host == "" {
		return nil, errors.New("immtest: the request's URL has no host")
	}
	header := make(http.Header, len(req.Header))
	for name, values := range req.Header {
		if !validHeaderName(name) {
			return nil, fmt.Errorf("immtest: %q is no name for a header", name)
		}
		for _, value := range values {
			if strings.ContainsFunc(value, func(r rune) bool { return r < ' ' && r != '\t' || r == 0x7f }) {
				return nil, fmt.Errorf("immtest: the header %s has a control character in it", name)
			}
			name := http.CanonicalHeaderKey(name) // as it arrives
			header[name] = append(header[name], strings.Trim(value, " \t"))
		}
	}
	method, host := req.Method, req.Host
	if method == "" {
		method = http.MethodGet
	}
	if host == "" {
		host = req.URL.Host
	}
	return &received{method: method, url: cloneURL(req.URL), host: host, header: header}, nil
}

func cloneURL(u *url.URL) *url.URL {
	c := *u
	return &c
}

func validHeaderName(name string) bool {
	for i := range len(name) {
		c := name[i]
		if c <= ' ' || c >= 0x7f || strings.IndexByte(`"(),/:;<=>?@[\]{}`, c) >= 0 {
			return false
		}
	}
	return name != ""
}

func closeBody(req *http.Request) {
	if req.Body != nil {
		_ = req.Body.Close()
	}
}

// connect takes an idle connection or makes one. There is nothing behind it; it
// is there for hooks to look at.
func (t *transport) connect(req *http.Request, trace *httptrace.ClientTrace) (net.Conn, error) {
	if trace != nil && trace.GetConn != nil {
		trace.GetConn(hostPort(req.URL))
	}
	if req.Context().Err() != nil {
		return nil, context.Cause(req.Context())
	}
	select {
	case <-t.server.done:
		return nil, &net.OpError{Op: "dial", Net: "tcp", Err: os.NewSyscallError("connect", syscall.ECONNREFUSED)}
	default:
	}
	t.mu.Lock()
	var conn net.Conn
	reused := len(t.idle) > 0
	if reused {
		last := len(t.idle) - 1
		conn, t.idle = t.idle[last], t.idle[:last]
	}
	t.mu.Unlock()
	if !reused {
		var far net.Conn
		conn, far = net.Pipe()
		_ = far.Close()
	}
	if trace != nil && trace.GotConn != nil {
		trace.GotConn(httptrace.GotConnInfo{Conn: conn, Reused: reused, WasIdle: reused})
	}
	return conn, nil
}

func hostPort(u *url.URL) string {
	if u.Port() != "" {
		return u.Host
	}
	if u.Scheme == "https" {
		return net.JoinHostPort(u.Hostname(), "443")
	}
	return net.JoinHostPort(u.Hostname(), "80")
}

// receiveBody reads the request's body in a goroutine, because a body may block
// and the context must end that too: closing a body ends its Read.
func (t *transport) receiveBody(req *http.Request) (body []byte, tooLarge bool, err error) {
	if req.Body == nil || req.Body == http.NoBody {
		return nil, false, nil
	}
	if !t.server.begin() {
		closeBody(req)
		return nil, false, ErrServerClosed
	}
	type result struct {
		body     []byte
		tooLarge bool
		err      error
	}
	read := make(chan result, 1)
	go func() {
		defer t.server.running.Done()
		var r result
		r.body, r.tooLarge, r.err = readBody(req.Body)
		read <- r
	}()
	defer closeBody(req)
	select {
	case r := <-read:
		if r.err == nil && !r.tooLarge && req.ContentLength > 0 && req.ContentLength != int64(len(r.body)) {
			r.err = fmt.Errorf("immtest: ContentLength is %d and the body has %d bytes", req.ContentLength, len(r.body))
		}
		return r.body, r.tooLarge, r.err
	case <-req.Context().Done():
		return nil, false, context.Cause(req.Context())
	case <-t.server.done:
		return nil, false, ErrServerClosed
	}
}

func (t *transport) respond(req *http.Request, conn net.Conn, a answer) *http.Response {
	header := a.header.Clone()
	header.Set("Content-Length", strconv.Itoa(len(a.body)))
	release := func() {
		if req.Close {
			return
		}
		t.mu.Lock()
		defer t.mu.Unlock()
		t.idle = append(t.idle, conn)
	}
	var body io.ReadCloser = http.NoBody
	if len(a.body) > 0 && req.Method != http.MethodHead {
		body = newResponseBody(req.Context(), t.server.done, &a, release)
	} else {
		release()
	}
	return &http.Response{
		Status:        strconv.Itoa(a.status) + " " + http.StatusText(a.status),
		StatusCode:    a.status,
		Proto:         "HTTP/1.1",
		ProtoMajor:    1,
		ProtoMinor:    1,
		Header:        header,
		Body:          body,
		ContentLength: int64(len(a.body)),
		Request:       req,
	}
}
