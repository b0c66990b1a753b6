package immtest

import (
	"io"
	"maps"
	"net"
	"net/http"
	"strconv"
)

// ServeHTTP answers one request. Where a fault cuts the connection and the
// ResponseWriter cannot be hijacked, it panics with http.ErrAbortHandler, which
// is how a handler tells net/http to do the same.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, tooLarge, err := readBody(r.Body)
	if err != nil {
		cutConnection(w)
		return
	}
	a := s.serve(r.Context(), &received{
		method: r.Method, url: r.URL, host: r.Host, header: r.Header, body: body, tooLarge: tooLarge,
	})
	if a.ending == endsAtStart {
		cutConnection(w)
		return
	}
	header := w.Header()
	maps.Copy(header, a.header)
	header.Set("Content-Length", strconv.Itoa(len(a.body)))
	w.WriteHeader(a.status)
	_, _ = w.Write(a.sent()) // it fails where the client went away
	if a.ending == hangsHalf {
		_ = http.NewResponseController(w).Flush()
		s.hang(r.Context())
	}
	// After half of a body net/http itself closes the connection, because less was
	// written than Content-Length says.
}

// readBody reads a request's body up to a limit.
func readBody(body io.Reader) (read []byte, tooLarge bool, err error) {
	if body == nil {
		return nil, false, nil
	}
	read, err = io.ReadAll(io.LimitReader(body, maxRequestBody+1))
	return read, len(read) > maxRequestBody, err
}

// cutConnection ends a connection with a reset, as a server does that went away.
func cutConnection(w http.ResponseWriter) {
	conn, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	if tcp, ok := conn.(*net.TCPConn); ok {
		_ = tcp.SetLinger(0) // a reset instead of an orderly end
	}
	_ = conn.Close()
}
