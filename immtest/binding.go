package immtest

import (
	"fmt"
	"net/http"
	"slices"
	"time"

	"github.com/imm-go/imm"
)

// binding is one binding and where it belongs. Server.mu guards it.
type binding struct {
	imm.Binding

	bucket  *bucket
	dataset *dataset
	stopped chan struct{} // closed when the binding fails
}

// bindingBody is a binding in an answer: every documented field is there, also
// when it is empty, and Detail, which the service sends and does not document.
type bindingBody struct {
	ProjectName, DatasetName, URI string
	Phase                         imm.BindingPhase
	State                         imm.BindingState
	Reason                        string
	CreateTime, UpdateTime        time.Time
	Detail                        string
}

type bindingAnswer struct {
	Binding   bindingBody
	RequestID string `json:"RequestId"`
}

func (c *call) bindingAnswer(b *binding) bindingAnswer {
	return bindingAnswer{
		RequestID: c.requestID,
		Binding: bindingBody{
			ProjectName: b.ProjectName, DatasetName: b.DatasetName, URI: b.URI,
			Phase: b.Phase, State: b.State, Reason: b.Reason,
			CreateTime: b.CreateTime, UpdateTime: b.UpdateTime,
		},
	}
}

// The dataset's name is not marked as required for bindings in the API model and
// is in the documentation's text. The emulator goes by the stricter of the two.
func (s *Server) createBinding(c *call) (any, *failure) {
	projectName, datasetName := c.name("ProjectName"), c.name("DatasetName")
	uri, bucketName := c.bucketURI("URI")
	if c.failed != nil {
		return nil, c.failed
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	bound := s.buckets[bucketName]
	if bound == nil {
		return nil, notFound("Bucket", bucketName)
	}
	d, f := s.useDataset(projectName, datasetName)
	if f != nil {
		return nil, f
	}
	if d.bindings[uri] != nil {
		return nil, &failure{
			status: http.StatusConflict, code: "ResourceAlreadyExists",
			message: "The specified resource Binding " + uri + " already exists.",
		}
	}
	if len(d.bindings) >= maxBindings {
		return nil, &failure{
			status: http.StatusBadRequest, code: "LimitExceededError",
			message: fmt.Sprintf("The dataset %s has %d bindings, and no dataset may have more.", datasetName, maxBindings),
		}
	}
	b := &binding{
		Binding: imm.Binding{
			ProjectName: projectName, DatasetName: datasetName, URI: uri,
			State: imm.StateReady, CreateTime: c.now, UpdateTime: c.now,
		},
		bucket:  bound,
		dataset: d,
		stopped: make(chan struct{}),
	}
	d.bindings[uri] = b
	bound.bindings = append(bound.bindings, b)
	s.after(s.config.readyTime, func() { s.scan(b) })
	return c.bindingAnswer(b), nil
}

func (s *Server) getBinding(c *call) (any, *failure) {
	projectName, datasetName := c.name("ProjectName"), c.name("DatasetName")
	uri, _ := c.bucketURI("URI")
	if c.failed != nil {
		return nil, c.failed
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	d, f := s.dataset(projectName, datasetName)
	if f != nil {
		return nil, f
	}
	b := d.bindings[uri]
	if b == nil {
		return nil, notFound("Binding", uri)
	}
	return c.bindingAnswer(b), nil
}

// move puts a binding into its next state. The caller holds s.mu.
func (s *Server) move(b *binding, state imm.BindingState, phase imm.BindingPhase) {
	b.State, b.Phase, b.UpdateTime = state, phase, s.now()
}

// scan indexes every object that the bucket has. It runs in a goroutine of its
// own and gives way as soon as the server closes or the binding fails.
func (s *Server) scan(b *binding) {
	if !s.startScan(b) {
		return
	}
	files := s.walk(b.bucket)
	s.mu.Lock()
	keys := b.bucket.keys(files)
	s.mu.Unlock()
	slices.Sort(keys)
	for _, key := range keys {
		select {
		case <-s.done:
			return
		case <-b.stopped:
			return
		default:
		}
		s.index(b.dataset, &inputFile{URI: b.URI + "/" + key}, b)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.after(s.config.fullScanTime, func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		if b.State == imm.StateRunning {
			s.move(b, imm.StateRunning, imm.PhaseIncrementalScanning)
		}
	})
}

// startScan reports whether there is something to scan: a binding can have failed
// before its scan starts.
func (s *Server) startScan(b *binding) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if b.State != imm.StateReady {
		return false
	}
	if reason := s.failingBuckets[b.bucket.name]; reason != "" {
		s.failBinding(b, reason)
		return false
	}
	s.move(b, imm.StateRunning, imm.PhaseFullScanning)
	s.watch(b.bucket)
	return true
}
