package immtest

import (
	"context"
	"net/http"
	"slices"
	"strconv"
	"time"
)

// Fault is a way for requests to fail. Server.Inject puts it before the server.
// A fault without a failure in it, only a Delay, a BodyDelay or a Header, is
// followed by the real answer.
type Fault struct {
	Action string        // the operation that it meets, such as GetBinding; empty: any
	Times  int           // how many requests it meets; 0: one; below 0: all, until ClearFaults
	Delay  time.Duration // how long the answer takes

	// BodyDelay is how long the second half of the body comes after the first,
	// unless HalfBody says that it does not come.
	BodyDelay time.Duration

	// The answer: either Code and Message, as a documented JSON error with a
	// status of 400 by default; or Body as it is, with 200 by default; or, with
	// Status alone, nothing but that status. A Status outside 200 to 599 becomes
	// 500. Header is added to the answer, or to the real one.
	Status  int
	Header  http.Header
	Code    string
	Message string
	Body    string

	AfterWork bool // the operation is done first, and its answer is lost
	Hang      bool // no answer until the request's context or the server ends
	Reset     bool // no answer: the connection is cut
	// HalfBody cuts the connection in the middle of the body, after all headers
	// and the full Content-Length: in the real answer's body, unless Status, Code
	// or Body make another. With Hang the connection stays and nothing comes.
	HalfBody bool
}

// Throttle refuses the next requests with Throttling.User and says when to come
// back, if retryAfter is above zero. Times 0 is one.
func Throttle(times int, retryAfter time.Duration) Fault {
	f := Fault{
		Times: times, Status: http.StatusBadRequest,
		Code: "Throttling.User", Message: "Request was denied due to user flow control.",
	}
	if retryAfter > 0 {
		f.Header = http.Header{"X-Acs-Retry-After": {strconv.FormatInt(retryAfter.Milliseconds(), 10)}}
	}
	return f
}

// ServerError fails the next requests with a JSON error: ServiceUnavailable for
// status 503, and InternalError for every other. Times 0 is one.
func ServerError(times, status int) Fault {
	f := Fault{
		Times: times, Status: status,
		Code: "InternalError", Message: "The request processing has failed due to some unknown error.",
	}
	if status == http.StatusServiceUnavailable {
		f.Code, f.Message = "ServiceUnavailable", "The request has failed due to a temporary failure of the server."
	}
	return f
}

// HTMLPage answers the next requests with the HTML error page of the front end
// that stands before the service. Times 0 is one.
func HTMLPage(times, status int) Fault {
	return Fault{
		Times: times, Status: status, Body: htmlPage(status),
		Header: http.Header{"Content-Type": {"text/html"}, "Server": {"Tengine"}},
	}
}

// ExpiredToken refuses the next requests as if their security token had expired.
// Times 0 is one.
func ExpiredToken(times int) Fault {
	f := expiredToken()
	return Fault{Times: times, Status: f.status, Code: f.code, Message: f.message}
}

// PermissionDenied refuses the next requests as if their key lacked a permission:
// the emulator checks keys, and no permissions. Times 0 is one.
func PermissionDenied(times int) Fault {
	return Fault{
		Times: times, Status: http.StatusForbidden,
		Code: "NoPermission", Message: "You are not authorized to do this action.",
	}
}

// Inject adds faults to the queue of the server. Each request meets the first
// fault that is pending for its action, before its signature is checked; with
// AfterWork after the operation. A request that the front end refuses for its
// length meets none.
func (s *Server) Inject(faults ...Fault) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, f := range faults {
		if f.Times == 0 {
			f.Times = 1
		}
		f.Header = f.Header.Clone()
		s.faults = append(s.faults, f)
	}
}

// ClearFaults forgets the faults that are pending, those of deliveries as well.
func (s *Server) ClearFaults() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.faults, s.deliveries.faults = nil, nil
}

// takeFault is the fault that a request of this action meets, if any.
func (s *Server) takeFault(action string) (Fault, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for i := range s.faults {
		f := s.faults[i]
		if f.Action != "" && f.Action != action {
			continue
		}
		switch {
		case f.Times == 1:
			s.faults = append(s.faults[:i:i], s.faults[i+1:]...)
		case f.Times > 1:
			s.faults[i].Times--
		}
		return f, true
	}
	return Fault{}, false
}

// answers reports whether the fault makes an answer of its own.
func (f *Fault) answers() bool { return f.Status != 0 || f.Code != "" || f.Body != "" }

// fail lets a request meet a fault.
func (s *Server) fail(ctx context.Context, f *Fault, in *received) answer {
	var a answer
	worked := f.AfterWork
	if worked {
		a = s.gateway(ctx, in)
	}
	if !s.wait(ctx, f.Delay) || f.Reset {
		return cut()
	}
	if f.Hang && !f.HalfBody {
		s.hang(ctx)
		return cut()
	}
	switch {
	case f.answers():
		a = s.scripted(f, in)
	case !worked:
		a = s.gateway(ctx, in)
	}
	for name, values := range f.Header {
		a.header[http.CanonicalHeaderKey(name)] = slices.Clone(values)
	}
	switch {
	case f.HalfBody && f.Hang:
		a.ending = hangsHalf
	case f.HalfBody:
		a.ending = endsHalf
	case f.BodyDelay > 0:
		a.ending, a.pause = pausesHalf, f.BodyDelay
	}
	return a
}

// scripted is the answer that a fault asks for.
func (s *Server) scripted(f *Fault, in *received) answer {
	status, now := f.Status, s.now()
	if status == 0 && f.Code != "" {
		status = http.StatusBadRequest
	} else if status == 0 {
		status = http.StatusOK
	}
	if status < 200 || status > 599 {
		status = http.StatusInternalServerError
	}
	if f.Code != "" && in.isQueue() {
		return queueError(now, newMNSRequestID(), in.host, &failure{status: status, code: f.Code, message: f.Message})
	}
	if f.Code != "" {
		return errorAnswer(now, newRequestID(), in.host, &failure{status: status, code: f.Code, message: f.Message})
	}
	body := []byte(f.Body)
	return answer{status: status, header: newHeader(now, http.DetectContentType(body)), body: body}
}
