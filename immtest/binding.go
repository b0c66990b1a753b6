package immtest

import (
	"maps"
	"slices"
	"time"

	"github.com/imm-go/imm"
)

// binding is one binding and where it belongs. Server.mu guards it.
type binding struct {
	imm.Binding

	bucket  *bucket
	dataset *dataset
	stopped chan struct{} // closed when the binding fails or is deleted
	scanned chan struct{} // closed when its scan ends; nil where none began
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

type bindingsAnswer struct {
	RequestID string `json:"RequestId"`
	NextToken string
	Bindings  []bindingBody
}

// body is a binding as it is now. The caller holds Server.mu.
func (b *binding) body() bindingBody {
	return bindingBody{
		ProjectName: b.ProjectName, DatasetName: b.DatasetName, URI: b.URI,
		Phase: b.Phase, State: b.State, Reason: b.Reason,
		CreateTime: b.CreateTime, UpdateTime: b.UpdateTime,
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
		return nil, alreadyExists("Binding", uri)
	}
	if most := counts(bindLimit, d.limits, d.project.limits); int64(len(d.bindings)) >= most {
		return nil, limitExceeded("The number of bindings of the dataset "+datasetName, most)
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
	return bindingAnswer{b.body(), c.requestID}, nil
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
	return bindingAnswer{b.body(), c.requestID}, nil
}

// listBindings lists by URI. As for the other operations of bindings the name of
// the dataset is taken to be required. What Name is for nobody documents; it is
// read and changes nothing.
func (s *Server) listBindings(c *call) (any, *failure) {
	projectName, datasetName := c.name("ProjectName"), c.name("DatasetName")
	c.text("Name")
	pager := s.pager(c, maxPage, "bindings", projectName, datasetName)
	if c.failed != nil {
		return nil, c.failed
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	d, f := s.dataset(projectName, datasetName)
	if f != nil {
		return nil, f
	}
	out := bindingsAnswer{RequestID: c.requestID, Bindings: []bindingBody{}}
	uris, next := pager.page(slices.Collect(maps.Keys(d.bindings)))
	for _, uri := range uris {
		out.Bindings = append(out.Bindings, d.bindings[uri].body())
	}
	out.NextToken = next
	return out, nil
}

// deleteBinding ends a binding. What it indexed stays in the dataset. From the
// moment that it is marked nothing more gets there on its behalf; the answer
// waits besides until its scan reads no objects any more.
func (s *Server) deleteBinding(c *call) (any, *failure) {
	projectName, datasetName := c.name("ProjectName"), c.name("DatasetName")
	uri, _ := c.bucketURI("URI")
	if c.failed != nil {
		return nil, c.failed
	}
	scanned, f := s.removeBinding(projectName, datasetName, uri)
	if f != nil {
		return nil, f
	}
	if scanned != nil {
		select {
		case <-scanned:
		case <-c.gone:
		case <-s.done:
		}
	}
	return emptyAnswer{c.requestID}, nil
}

// removeBinding takes a binding out of its dataset and its bucket and stops it.
// It returns what is closed at the end of its scan, or nil where there is none.
func (s *Server) removeBinding(projectName, datasetName, uri string) (scanned chan struct{}, f *failure) {
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
	delete(d.bindings, uri)
	b.bucket.bindings = slices.DeleteFunc(b.bucket.bindings, func(other *binding) bool { return other == b })
	if b.State != imm.StateFailed {
		close(b.stopped)
	}
	s.move(b, imm.StateDeleted, b.Phase)
	return b.scanned, nil
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
	defer close(b.scanned)
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
	b.scanned = make(chan struct{})
	s.watch(b.bucket)
	return true
}
