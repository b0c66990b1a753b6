package immtest

import (
	"bytes"
	"net/http"
	"net/url"
	"time"
)

// A server remembers so many requests, and of their URLs and bodies so many bytes.
// Bulk tests send many large ones; the oldest go first.
const (
	maxRecordings    = 10_000
	maxRecordedBytes = 64 << 20
)

// Request is one request that the server got, and what it was answered.
type Request struct {
	Action   string // the X-Acs-Action header, or the operation of a queue, such as ReceiveMessage
	Method   string
	Path     string // such as /queues/NAME/messages, and / for IMM
	RawQuery string
	Form     url.Values // the parameters of query and body together
	// Header has "REDACTED" in place of Authorization, X-Acs-Security-Token and
	// Security-Token.
	Header http.Header
	Body   []byte
	Time   time.Time // of its arrival, by the server's clock
	Status int       // 0: no answer yet, or none that arrived
	Code   string    // of the error, empty where there is none
}

// recording is a request as the server keeps it. Server.mu guards status and
// code; in and time do not change.
type recording struct {
	in     received
	time   time.Time
	status int
	code   string
}

// record keeps a request from its arrival on, so that one that hangs can be seen.
func (s *Server) record(in *received) *recording {
	r := &recording{in: *in, time: s.now()}
	r.in.header = in.header.Clone()
	for _, name := range []string{"Authorization", "X-Acs-Security-Token", "Security-Token"} {
		if _, sent := r.in.header[name]; sent {
			r.in.header[name] = []string{"REDACTED"}
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.requests = append(s.requests, r)
	s.recorded += r.size()
	for len(s.requests) > maxRecordings || s.recorded > maxRecordedBytes && len(s.requests) > 1 {
		s.recorded -= s.requests[0].size()
		s.requests[0] = nil // the array stays until it is full
		s.requests = s.requests[1:]
	}
	return r
}

// size is how many bytes of a request are counted.
func (r *recording) size() int { return len(r.in.url.RawQuery) + len(r.in.body) }

// finish notes how a request was answered.
func (s *Server) finish(r *recording, a answer) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if a.ending != endsAtStart {
		r.status, r.code = a.status, a.code
	}
}

// Requests returns the requests that the server got, in the order of arrival:
// all of them, up to the last 10,000 and 64 MiB.
func (s *Server) Requests() []Request {
	s.mu.Lock()
	defer s.mu.Unlock()
	all := make([]Request, 0, len(s.requests))
	for _, r := range s.requests {
		form, _ := r.in.parameters() // what could be read of a malformed query
		all = append(all, Request{
			Action:   r.in.action(),
			Method:   r.in.method,
			Path:     r.in.url.Path,
			RawQuery: r.in.url.RawQuery,
			Form:     form,
			Header:   r.in.header.Clone(),
			Body:     bytes.Clone(r.in.body),
			Time:     r.time,
			Status:   r.status,
			Code:     r.code,
		})
	}
	return all
}
