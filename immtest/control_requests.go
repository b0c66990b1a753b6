package immtest

import (
	"net/http"
	"net/url"
	"strings"
	"time"
)

// controlRequest is a Request for tests in other languages. Where a parameter or
// a header came more than once, it has what counts: the first parameter, and all
// values of a header joined.
type controlRequest struct {
	Action string
	Method string
	Query  map[string]string // the parameters of the URL
	Form   map[string]string // those of query and body together, as in Request
	Header map[string]string
	Status int // 0: no answer yet, or none that arrived
	Code   string
	Time   time.Time
}

// controlRequests answers with the recorded requests.
func (s *Server) controlRequests(r *http.Request) controlAnswer {
	query, refusal := controlQuery(r, "action")
	if refusal != nil {
		return *refusal
	}
	s.mu.Lock()
	recordings := make([]recording, 0, len(s.requests))
	for _, r := range s.requests {
		if !query.Has("action") || r.in.action() == query.Get("action") {
			recordings = append(recordings, *r)
		}
	}
	s.mu.Unlock()
	// What was received does not change any more, so it is read without the lock.
	all := make([]controlRequest, 0, len(recordings))
	for i := range recordings {
		all = append(all, newControlRequest(&recordings[i]))
	}
	return controlOK(all)
}

func newControlRequest(r *recording) controlRequest {
	query, _ := url.ParseQuery(r.in.url.RawQuery) // what could be read of a malformed query
	form, _ := r.in.parameters()
	header := make(map[string]string, len(r.in.header))
	for name, values := range r.in.header {
		header[name] = strings.Join(values, ", ")
	}
	return controlRequest{
		Action: r.in.action(),
		Method: r.in.method,
		Query:  firstValues(query),
		Form:   firstValues(form),
		Header: header,
		Status: r.status,
		Code:   r.code,
		Time:   r.time,
	}
}

// firstValues are the values that count. Older kinds of signature put their token
// and themselves among the parameters; such a request is refused, and yet it may
// carry real ones.
func firstValues(values url.Values) map[string]string {
	first := make(map[string]string, len(values))
	for name := range values {
		switch strings.ToLower(name) {
		case "signature", "securitytoken":
			first[name] = "REDACTED"
		default:
			first[name] = values.Get(name)
		}
	}
	return first
}
