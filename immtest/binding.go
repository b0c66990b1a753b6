package immtest

import (
	"net/http"
	"time"

	"github.com/imm-go/imm"
)

// binding is one binding and where it belongs. Server.mu guards it.
type binding struct {
	imm.Binding

	bucket  string
	dataset *dataset
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
	if s.buckets[bucketName] == nil {
		return nil, notFound("Bucket", bucketName)
	}
	d := s.useDataset(projectName, datasetName)
	if d.bindings[uri] != nil {
		return nil, &failure{http.StatusConflict, "ResourceAlreadyExists", "The specified resource Binding " + uri + " already exists."}
	}
	b := &binding{
		Binding: imm.Binding{
			ProjectName: projectName, DatasetName: datasetName, URI: uri,
			State: imm.StateReady, CreateTime: c.now, UpdateTime: c.now,
		},
		bucket:  bucketName,
		dataset: d,
	}
	d.bindings[uri] = b
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
// own and gives way as soon as the server closes.
func (s *Server) scan(b *binding) {
	s.mu.Lock()
	s.move(b, imm.StateRunning, imm.PhaseFullScanning)
	objects := s.buckets[b.bucket].snapshot()
	s.mu.Unlock()
	for _, key := range objects.keys() {
		select {
		case <-s.done:
			return
		default:
		}
		s.index(b.dataset, &inputFile{URI: "oss://" + b.bucket + "/" + key})
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.after(s.config.fullScanTime, func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.move(b, imm.StateRunning, imm.PhaseIncrementalScanning)
	})
}

// boundDatasets are those that follow the changes of a bucket. A binding that
// scans follows them too, or an object put behind the scan's back would be lost.
// The caller holds s.mu.
func (s *Server) boundDatasets(bucketName string) []*dataset {
	var bound []*dataset
	for _, p := range s.projects {
		for _, d := range p.datasets {
			if b := d.bindings["oss://"+bucketName]; b != nil && b.State == imm.StateRunning {
				bound = append(bound, d)
			}
		}
	}
	return bound
}
