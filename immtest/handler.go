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
//
// Paths below /_emulator/ are not the service's. They are control endpoints for
// tests in other languages, need no signature, meet no fault and are not recorded:
//
//	GET    /_emulator/messages?topic=T&after=N&wait=SECONDS   Messages, WaitMessage
//	GET    /_emulator/requests?action=A                       Requests
//	GET    /_emulator/state?project=P&dataset=D               Files, Bindings and more
//	POST   /_emulator/faults, and GET and DELETE              Inject, ClearFaults
//	POST   /_emulator/failures                                FailBinding, FailObject
//	GET    /_emulator/subscriptions?wait=SECONDS              Subscriptions, WaitDelivered
//	POST   /_emulator/subscriptions                           Subscribe
//	POST   /_emulator/targets                                 AddEventBridge
//	POST   /_emulator/deliveryfaults, and GET and DELETE      InjectDelivery, ClearFaults
//	GET    /_emulator/certificate?url=URL                     Certificate, as PEM
//	POST   /_emulator/tasks                                   PutTask
//	POST   /_emulator/reset                                   Reset
//	PUT    /_emulator/objects/BUCKET/KEY, and DELETE          PutObject, DeleteObject
//
// They speak JSON; docs/testing.md in the repository shows it. Paths below /queues/
// are the queue API of MNS; see WithQueue.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if isControl(r) {
		s.serveControl(w, r)
		return
	}
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
	if a.status != http.StatusNoContent { // which must not have one
		header.Set("Content-Length", strconv.Itoa(len(a.body)))
	}
	w.WriteHeader(a.status)
	_, _ = w.Write(a.sent()) // it fails where the client went away
	switch a.ending {
	case hangsHalf:
		_ = http.NewResponseController(w).Flush()
		s.hang(r.Context())
	case pausesHalf:
		_ = http.NewResponseController(w).Flush()
		if s.wait(r.Context(), a.pause) {
			_, _ = w.Write(a.body[len(a.sent()):])
		}
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
