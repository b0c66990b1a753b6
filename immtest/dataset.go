package immtest

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/imm-go/imm"
)

// dataset is what the server keeps of one. Server.mu guards it, but for project
// and name, which do not change.
type dataset struct {
	project          *project
	name             string
	template         string // empty: that of the project
	description      string
	parameters       []imm.WorkflowParameter
	limits           limits
	created, updated time.Time
	deleted          bool                // work that is pending for it comes to nothing
	files            map[string]*record  // by URI
	bindings         map[string]*binding // by URI
}

// dataset finds a dataset. The caller holds s.mu.
func (s *Server) dataset(projectName, datasetName string) (*dataset, *failure) {
	p, f := s.project(projectName)
	if f != nil {
		return nil, f
	}
	d := p.datasets[datasetName]
	if d == nil {
		return nil, notFound("Dataset", datasetName)
	}
	return d, nil
}

// useDataset finds a dataset, or makes it and its project unless the server is
// strict. Only the operations that put something into it may call this. The
// caller holds s.mu.
func (s *Server) useDataset(projectName, datasetName string) (*dataset, *failure) {
	if d, f := s.dataset(projectName, datasetName); f == nil || s.config.strict {
		return d, f
	}
	p := s.projects[projectName]
	if p == nil {
		p = s.addProject(projectName, templateAll)
	}
	return s.addDataset(p, datasetName, templateAll), nil
}

// addDataset makes a dataset. The caller holds s.mu, or is NewServer.
func (s *Server) addDataset(p *project, name, template string) *dataset {
	now := s.now()
	d := &dataset{
		project: p, name: name, template: template, limits: noLimits(), created: now, updated: now,
		files: make(map[string]*record), bindings: make(map[string]*binding),
	}
	p.datasets[name] = d
	return d
}

// addConfigured makes the projects and datasets that the options name. The caller
// holds s.mu, or is NewServer.
func (s *Server) addConfigured() {
	for name, template := range s.config.projects {
		s.addProject(name, template)
	}
	for id, template := range s.config.datasets {
		p := s.projects[id.project]
		if p == nil {
			p = s.addProject(id.project, "")
		}
		s.addDataset(p, id.dataset, template)
	}
}

// Files returns what is indexed in a dataset, sorted by URI; nothing where the
// project or the dataset does not exist. The files are copies.
func (s *Server) Files(projectName, datasetName string) []File {
	s.mu.Lock()
	d, f := s.dataset(projectName, datasetName)
	if f != nil {
		s.mu.Unlock()
		return nil
	}
	records := slices.AppendSeq(make([]*record, 0, len(d.files)), maps.Values(d.files))
	s.mu.Unlock()
	slices.SortFunc(records, func(a, b *record) int { return strings.Compare(a.uri, b.uri) })
	files := make([]File, 0, len(records))
	for _, r := range records {
		file := r.file(d)
		files = append(files, cloneFile(&file))
	}
	return files
}

// Bindings returns all bindings of the server, sorted by project, dataset and
// URI.
func (s *Server) Bindings() []imm.Binding {
	s.mu.Lock()
	defer s.mu.Unlock()
	var all []imm.Binding
	for _, p := range s.projects {
		for _, d := range p.datasets {
			for _, b := range d.bindings {
				all = append(all, b.Binding)
			}
		}
	}
	slices.SortFunc(all, func(a, b imm.Binding) int {
		if order := strings.Compare(a.ProjectName, b.ProjectName); order != 0 {
			return order
		}
		if order := strings.Compare(a.DatasetName, b.DatasetName); order != 0 {
			return order
		}
		return strings.Compare(a.URI, b.URI)
	})
	return all
}

// datasetBody is a dataset in an answer: every documented field is there, also
// when it is empty.
type datasetBody struct {
	ProjectName, DatasetName, Description string
	TemplateID                            string `json:"TemplateId"`
	WorkflowParameters                    []imm.WorkflowParameter
	CreateTime, UpdateTime                time.Time
	limitBody
	BindCount, FileCount, TotalFileSize int64
}

type datasetAnswer struct {
	RequestID string `json:"RequestId"`
	Dataset   datasetBody
}

type datasetsAnswer struct {
	RequestID string `json:"RequestId"`
	NextToken string
	Datasets  []datasetBody
}

// body is a dataset as it is now. Statistics are zero where nobody asked for
// them: documented is that they mean nothing then. The caller holds Server.mu.
func (d *dataset) body(withStatistics bool) datasetBody {
	body := datasetBody{
		ProjectName: d.project.name, DatasetName: d.name, Description: d.description, TemplateID: d.template,
		WorkflowParameters: append([]imm.WorkflowParameter{}, d.parameters...), // an array also when it is empty
		CreateTime:         d.created, UpdateTime: d.updated,
		limitBody: newLimitBody(d.limits, d.project.limits),
	}
	if withStatistics {
		body.BindCount = int64(len(d.bindings))
		body.FileCount, body.TotalFileSize = d.statistics()
	}
	return body
}

// statistics counts the files and their bytes. The caller holds Server.mu.
func (d *dataset) statistics() (files, size int64) {
	for _, r := range d.files {
		size += r.size
	}
	return int64(len(d.files)), size
}

// workflowParameters is the value of WorkflowParameters. Which of them there are
// is not documented, so the emulator keeps them and does nothing with them.
func (a *arguments) workflowParameters() []imm.WorkflowParameter {
	var parameters []imm.WorkflowParameter
	a.json("WorkflowParameters", &parameters)
	return parameters
}

func (s *Server) createDataset(c *call) (any, *failure) {
	projectName, name := c.name("ProjectName"), c.name("DatasetName")
	template, description := c.text("TemplateId"), c.text("Description")
	parameters, limits := c.workflowParameters(), c.limits(false)
	if c.failed != nil {
		return nil, c.failed
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	p, f := s.project(projectName)
	if f != nil {
		return nil, f
	}
	if p.datasets[name] != nil {
		return nil, alreadyExists("Dataset", name)
	}
	if most := counts(datasetLimit, p.limits); int64(len(p.datasets)) >= most {
		return nil, limitExceeded("The number of datasets of the project "+projectName, most)
	}
	d := s.addDataset(p, name, template)
	d.description, d.parameters, d.limits = description, parameters, limits.created()
	d.created, d.updated = c.now, c.now
	return datasetAnswer{c.requestID, d.body(false)}, nil
}

func (s *Server) getDataset(c *call) (any, *failure) {
	projectName, name := c.name("ProjectName"), c.name("DatasetName")
	withStatistics := c.boolean("WithStatistics")
	if c.failed != nil {
		return nil, c.failed
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	d, f := s.dataset(projectName, name)
	if f != nil {
		return nil, f
	}
	return datasetAnswer{c.requestID, d.body(withStatistics)}, nil
}

func (s *Server) listDatasets(c *call) (any, *failure) {
	projectName, prefix := c.name("ProjectName"), c.text("Prefix")
	pager := s.pager(c, maxPage, "datasets", projectName)
	if c.failed != nil {
		return nil, c.failed
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	p, f := s.project(projectName)
	if f != nil {
		return nil, f
	}
	var names []string
	for name := range p.datasets {
		if strings.HasPrefix(name, prefix) {
			names = append(names, name)
		}
	}
	out := datasetsAnswer{RequestID: c.requestID, Datasets: []datasetBody{}}
	names, out.NextToken = pager.page(names)
	for _, name := range names {
		out.Datasets = append(out.Datasets, p.datasets[name].body(false))
	}
	return out, nil
}

// updateDataset changes what was sent. It takes effect at once, where the service
// takes up to five minutes.
func (s *Server) updateDataset(c *call) (any, *failure) {
	projectName, name := c.name("ProjectName"), c.name("DatasetName")
	parameters, limits := c.workflowParameters(), c.limits(false)
	for _, parameter := range []string{"Description", "TemplateId"} {
		c.text(parameter) // refuses what is not text
	}
	if c.failed != nil {
		return nil, c.failed
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	d, f := s.dataset(projectName, name)
	if f != nil {
		return nil, f
	}
	c.change("Description", &d.description)
	c.change("TemplateId", &d.template)
	d.limits = d.limits.changed(limits)
	if c.sent("WorkflowParameters") {
		d.parameters = parameters
	}
	d.updated = c.now
	return datasetAnswer{c.requestID, d.body(false)}, nil
}

// deleteDataset refuses a dataset that has files or bindings. The code is
// inferred, as that of deleteProject. What was accepted and is not indexed yet
// does not count; it then comes to nothing.
func (s *Server) deleteDataset(c *call) (any, *failure) {
	projectName, name := c.name("ProjectName"), c.name("DatasetName")
	if c.failed != nil {
		return nil, c.failed
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	d, f := s.dataset(projectName, name)
	if f != nil {
		return nil, f
	}
	if len(d.files)+len(d.bindings) > 0 {
		why := fmt.Sprintf("the dataset %s is not empty, it has %d files and %d bindings", name, len(d.files), len(d.bindings))
		return nil, invalidArgument("DatasetName", why)
	}
	d.deleted = true
	delete(d.project.datasets, name)
	return emptyAnswer{c.requestID}, nil
}
