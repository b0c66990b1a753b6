package immtest

import (
	"io/fs"
	"maps"
	"net/http"
	"slices"

	"github.com/imm-go/imm"
)

// controlState is all that a server holds, in the words of the service.
type controlState struct {
	Projects []stateProject
	Buckets  []stateBucket
	Topics   []stateTopic
	Queues   []stateQueue `json:",omitempty"`
}

type stateProject struct {
	ProjectName        string
	WorkflowTemplateID string `json:"WorkflowTemplateId"`
	Datasets           []stateDataset
	// What few tests have is left out where there is none.
	Tags               map[string]string `json:",omitempty"`
	AttachedOSSBuckets []string          `json:",omitempty"`
	Tasks              []taskBody        `json:",omitempty"`
}

type stateDataset struct {
	DatasetName        string
	WorkflowTemplateID string `json:"WorkflowTemplateId"` // empty: that of the project
	Bindings           []imm.Binding
	Files              []File
}

type stateBucket struct {
	Name    string
	Objects int
}

type stateTopic struct {
	TopicName string
	Messages  int // all that it ever got
	Discarded int `json:",omitzero"` // those that were too large, beside
}

type stateQueue struct {
	QueueName string
	Messages  int // those that nobody deleted
	Invisible int // those of them that were received a short time ago
}

// bucketView is a bucket to look at without the lock.
type bucketView struct {
	fsys  fs.FS
	inMem map[string]*object
}

// count is how many objects there are. Unlike a scan it leaves no trace in what is
// known of the folder.
func (v bucketView) count() int {
	files, _ := walkFiles(v.fsys, false)
	n := len(files)
	for key, o := range v.inMem {
		if _, hidden := files[key]; hidden {
			n--
		}
		if !o.deleted {
			n++
		}
	}
	return n
}

// controlState answers with projects and what is in them, all of them or those
// that the query names, and with all buckets, topics and queues.
func (s *Server) controlState(r *http.Request) controlAnswer {
	query, refusal := controlQuery(r, "project", "dataset")
	if refusal != nil {
		return *refusal
	}
	wanted := func(parameter, name string) bool {
		return query.Get(parameter) == "" || query.Get(parameter) == name
	}
	state := controlState{Projects: []stateProject{}, Buckets: []stateBucket{}, Topics: []stateTopic{}}
	buckets := make(map[string]bucketView)
	s.mu.Lock()
	for _, projectName := range slices.Sorted(maps.Keys(s.projects)) {
		if wanted("project", projectName) {
			p := s.projects[projectName].state(projectName, wanted)
			p.AttachedOSSBuckets = s.attachedTo(projectName)
			slices.Sort(p.AttachedOSSBuckets)
			state.Projects = append(state.Projects, p)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(s.topics)) {
		t := s.topics[name]
		if count := t.dropped + len(t.messages); count+t.discarded > 0 { // asking for messages makes a topic, too
			state.Topics = append(state.Topics, stateTopic{name, count, t.discarded})
		}
	}
	for _, q := range s.queueStates() {
		state.Queues = append(state.Queues, stateQueue{q.Name, q.Visible + q.Invisible, q.Invisible})
	}
	for name, b := range s.buckets {
		buckets[name] = bucketView{b.fsys, maps.Clone(b.inMem)}
	}
	s.mu.Unlock()
	// Folders are read without the lock, as in a scan, and so are the files, of
	// which there may be a million.
	for _, name := range slices.Sorted(maps.Keys(buckets)) {
		state.Buckets = append(state.Buckets, stateBucket{name, buckets[name].count()})
	}
	for _, p := range state.Projects {
		for i := range p.Datasets {
			d := &p.Datasets[i]
			d.Files = append([]File{}, s.Files(p.ProjectName, d.DatasetName)...) // an array also when it is empty
		}
	}
	return controlOK(state)
}

// state is a copy of a project, but for the files of its datasets. The caller
// holds Server.mu.
func (p *project) state(name string, wanted func(parameter, name string) bool) stateProject {
	out := stateProject{ProjectName: name, WorkflowTemplateID: p.template, Datasets: []stateDataset{}, Tags: maps.Clone(p.tags)}
	for _, id := range slices.Sorted(maps.Keys(p.tasks)) {
		out.Tasks = append(out.Tasks, p.tasks[id].body(true))
	}
	for _, datasetName := range slices.Sorted(maps.Keys(p.datasets)) {
		if !wanted("dataset", datasetName) {
			continue
		}
		d := p.datasets[datasetName]
		bindings := []imm.Binding{}
		for _, uri := range slices.Sorted(maps.Keys(d.bindings)) {
			bindings = append(bindings, d.bindings[uri].Binding)
		}
		out.Datasets = append(out.Datasets, stateDataset{
			DatasetName: datasetName, WorkflowTemplateID: d.template, Bindings: bindings,
		})
	}
	return out
}
