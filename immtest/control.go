package immtest

import (
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// The control endpoints do for tests in other languages what the methods of
// Server do for tests in Go. They are no part of the service: they need no
// signature, meet no fault, and are not among the recorded requests.

// controlPath is what the path of every control endpoint begins with. No path of
// the service does.
const controlPath = "/_emulator/"

// endpoint is one control endpoint: what it does for each method.
type endpoint struct {
	path    string // what follows controlPath
	prefix  bool   // path is only the beginning
	about   string // for the list that an unknown path gets
	methods controlMethods
}

type controlMethods map[string]func(*Server, *http.Request) controlAnswer

var endpoints = []endpoint{
	{
		path: "messages", about: "GET messages?topic=T&after=N&wait=SECONDS: the messages of a topic, oldest first",
		methods: controlMethods{http.MethodGet: (*Server).controlMessages},
	},
	{
		path: "requests", about: "GET requests?action=A: the requests that were recorded, oldest first",
		methods: controlMethods{http.MethodGet: (*Server).controlRequests},
	},
	{
		path: "state", about: "GET state?project=P&dataset=D: projects, datasets, bindings, files, buckets and topics",
		methods: controlMethods{http.MethodGet: (*Server).controlState},
	},
	{
		path: "faults", about: "GET, POST or DELETE faults: read, add or forget the faults that are pending",
		methods: controlMethods{
			http.MethodGet:    (*Server).controlPendingFaults,
			http.MethodPost:   (*Server).controlInject,
			http.MethodDelete: (*Server).controlClearFaults,
		},
	},
	{
		path: "failures", about: "POST failures: let the bindings of a bucket or the indexing of an object fail",
		methods: controlMethods{http.MethodPost: (*Server).controlFail},
	},
	{
		path: "tasks", about: "POST tasks: put a task into a project, or replace it",
		methods: controlMethods{http.MethodPost: (*Server).controlPutTask},
	},
	{
		path: "subscriptions", about: "GET subscriptions?wait=SECONDS: subscriptions and targets, and what was delivered; POST subscriptions: subscribe to a topic",
		methods: controlMethods{
			http.MethodGet:  (*Server).controlSubscriptions,
			http.MethodPost: (*Server).controlSubscribe,
		},
	},
	{
		path: "targets", about: "POST targets: add a target of EventBridge",
		methods: controlMethods{http.MethodPost: (*Server).controlAddTarget},
	},
	{
		path: "deliveryfaults", about: "GET, POST or DELETE deliveryfaults: read, add or forget the faults that deliveries meet",
		methods: controlMethods{
			http.MethodGet:    (*Server).controlPendingDeliveryFaults,
			http.MethodPost:   (*Server).controlInjectDelivery,
			http.MethodDelete: (*Server).controlClearDeliveryFaults,
		},
	},
	{
		path: "certificate", about: "GET certificate?url=URL: the certificate that a push names, as PEM",
		methods: controlMethods{http.MethodGet: (*Server).controlCertificate},
	},
	{
		path: "reset", about: "POST reset: everything as it was after the start",
		methods: controlMethods{http.MethodPost: (*Server).controlReset},
	},
	{
		path: "objects/", prefix: true, about: "PUT or DELETE objects/BUCKET/KEY: put or delete an object",
		methods: controlMethods{
			http.MethodPut:    (*Server).controlPutObject,
			http.MethodDelete: (*Server).controlDeleteObject,
		},
	},
}

// controlAnswer is what a control endpoint answers: a value that becomes JSON, or a
// certificate.
type controlAnswer struct {
	status int
	allow  string // the methods that would do, where the one that came does not
	value  any
	pem    []byte
}

// controlError is the answer that has a sentence about what was wrong.
type controlError struct {
	Error     string
	Endpoints []string `json:",omitempty"`
}

func controlOK(value any) controlAnswer { return controlAnswer{status: http.StatusOK, value: value} }

func controlRefusal(status int, sentence string) controlAnswer {
	return controlAnswer{status: status, value: controlError{Error: sentence}}
}

// isControl reports whether a request is for a control endpoint.
func isControl(r *http.Request) bool { return strings.HasPrefix(r.URL.Path, controlPath) }

// serveControl answers a request to a control endpoint. Like every other request
// it is refused once the server is closed, and Close waits for it.
func (s *Server) serveControl(w http.ResponseWriter, r *http.Request) {
	if !s.begin() {
		cutConnection(w)
		return
	}
	defer s.running.Done()
	a := s.control(r)
	header := w.Header()
	header.Set("Content-Type", "application/json")
	header.Set("Cache-Control", "no-store")
	if a.allow != "" {
		header.Set("Allow", a.allow)
	}
	if a.pem != nil {
		header.Set("Content-Type", "application/x-pem-file")
		_, _ = w.Write(a.pem) // it fails where the client went away
		return
	}
	w.WriteHeader(a.status)
	encoder := json.NewEncoder(w)
	encoder.SetEscapeHTML(false) // URIs stay readable
	_ = encoder.Encode(a.value)  // it fails where the client went away
}

func (s *Server) control(r *http.Request) controlAnswer {
	// The path is looked at as it was sent: a key may hold any character, and one
	// that is an escaped slash is as good as a slash.
	path := strings.TrimPrefix(r.URL.EscapedPath(), controlPath)
	for i := range endpoints {
		e := &endpoints[i]
		if path == e.path || e.prefix && strings.HasPrefix(path, e.path) {
			return s.callEndpoint(e, r)
		}
	}
	unknown := controlError{Error: "There is no such endpoint. The path of each begins with " + controlPath + "."}
	for i := range endpoints {
		unknown.Endpoints = append(unknown.Endpoints, endpoints[i].about)
	}
	return controlAnswer{status: http.StatusNotFound, value: unknown}
}

func (s *Server) callEndpoint(e *endpoint, r *http.Request) controlAnswer {
	method := r.Method
	if method == http.MethodHead {
		method = http.MethodGet // net/http leaves the body out
	}
	if run, ok := e.methods[method]; ok {
		return run(s, r)
	}
	var allowed []string
	for _, method := range []string{http.MethodGet, http.MethodPost, http.MethodPut, http.MethodDelete} {
		if _, ok := e.methods[method]; ok {
			allowed = append(allowed, method)
			if method == http.MethodGet {
				allowed = append(allowed, http.MethodHead)
			}
		}
	}
	a := controlRefusal(http.StatusMethodNotAllowed, "The method "+r.Method+" does nothing here.")
	a.allow = strings.Join(allowed, ", ")
	return a
}

// controlQuery reads the query of a control request, and refuses a name that the
// endpoint does not know: a misspelt filter would otherwise let everything pass.
func controlQuery(r *http.Request, known ...string) (url.Values, *controlAnswer) {
	values, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil {
		a := controlRefusal(http.StatusBadRequest, "The query cannot be read: "+err.Error()+".")
		return nil, &a
	}
	for name := range values {
		if !slices.Contains(known, name) {
			a := controlRefusal(http.StatusBadRequest, "The parameter "+name+" is unknown; there is "+strings.Join(known, ", ")+".")
			return nil, &a
		}
	}
	return values, nil
}
