package immtest

import (
	"context"
	"fmt"
	"mime"
	"net/http"
	"net/url"
	"time"
)

const (
	apiVersion = "2020-09-30"
	// maxRequestURI is the length at which the front end refuses a request.
	maxRequestURI = 8192
	// maxRequestBody only protects the test's memory. What the service allows is
	// not documented; the largest batch is far below.
	maxRequestBody = 16 << 20
)

// received is one request with all of its body, whatever the way it came.
type received struct {
	method   string
	url      *url.URL
	host     string
	header   http.Header
	body     []byte
	tooLarge bool // the body is above maxRequestBody and was not read to its end
}

func (in *received) action() string {
	if in.isQueue() {
		return in.queueAction()
	}
	return in.header.Get("X-Acs-Action")
}

// parameters are those of the query and those of a form body. Of two with one
// name the one in the query comes first.
func (in *received) parameters() (url.Values, error) {
	values, err := url.ParseQuery(in.url.RawQuery)
	if err != nil {
		return values, fmt.Errorf("the query cannot be read: %w", err)
	}
	contentType, _, _ := mime.ParseMediaType(in.header.Get("Content-Type"))
	if contentType != "application/x-www-form-urlencoded" {
		return values, nil
	}
	form, err := url.ParseQuery(string(in.body))
	if err != nil {
		return values, fmt.Errorf("the form cannot be read: %w", err)
	}
	for name, more := range form {
		values[name] = append(values[name], more...)
	}
	return values, nil
}

// serve is the one path that every request takes.
func (s *Server) serve(ctx context.Context, in *received) answer {
	if !s.begin() {
		return cut()
	}
	defer s.running.Done()
	r := s.record(in)
	a := s.answer(ctx, in)
	if ctx.Err() != nil {
		a = cut() // nobody is there to get it
	}
	s.finish(r, a)
	return a
}

// answer follows the order of the service: the front end looks at the size, and
// only then the gateway and the operation get the request. A scripted fault
// takes the place of the gateway.
func (s *Server) answer(ctx context.Context, in *received) answer {
	switch {
	case len(in.url.RequestURI()) > maxRequestURI:
		return htmlAnswer(s.now(), http.StatusRequestURITooLong)
	case in.tooLarge:
		return htmlAnswer(s.now(), http.StatusRequestEntityTooLarge)
	}
	if fault, found := s.takeFault(in.action()); found {
		return s.fail(ctx, &fault, in)
	}
	return s.gateway(ctx, in)
}

// gateway answers a request in earnest.
func (s *Server) gateway(ctx context.Context, in *received) answer {
	if in.isQueue() {
		return s.queueGateway(ctx, in)
	}
	requestID := newRequestID()
	now := s.now()
	result, f := s.process(ctx, in, requestID, now)
	if f != nil {
		return errorAnswer(now, requestID, in.host, f)
	}
	return jsonAnswer(now, requestID, http.StatusOK, result)
}

func (s *Server) process(ctx context.Context, in *received, requestID string, now time.Time) (any, *failure) {
	run, f := route(in)
	if f != nil {
		return nil, f
	}
	if f := s.authenticate(in, now); f != nil {
		return nil, f
	}
	values, err := in.parameters()
	if err != nil {
		return nil, &failure{status: http.StatusBadRequest, code: "InvalidParameter", message: "The parameters of the request are not valid: " + err.Error() + "."}
	}
	return run(s, &call{arguments: arguments{values: values}, requestID: requestID, now: now, gone: ctx.Done()})
}

// route finds the operation that a request asks for.
func route(in *received) (operation, *failure) {
	notFound := &failure{status: http.StatusNotFound, code: "InvalidAction.NotFound", message: "Specified api is not found, please check your url and method."}
	if path := in.url.Path; path != "/" && path != "" {
		return nil, notFound
	}
	if in.method != http.MethodPost && in.method != http.MethodGet {
		return nil, notFound
	}
	if in.action() == "" {
		return nil, missing("Action")
	}
	version := in.header.Get("X-Acs-Version")
	if version == "" {
		return nil, missing("Version")
	}
	if version != apiVersion {
		return nil, &failure{status: http.StatusBadRequest, code: "InvalidVersion", message: "Specified parameter Version is not valid."}
	}
	run, known := operations[in.action()]
	if !known {
		return nil, notFound
	}
	return run, nil
}
