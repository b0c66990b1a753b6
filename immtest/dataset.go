package immtest

import (
	"maps"
	"slices"
	"strings"

	"github.com/imm-go/imm"
)

// maxBindings is how many bindings a dataset may have.
const maxBindings = 10

// project and dataset are what the server keeps. Server.mu guards them.
type project struct {
	name     string
	template string
	datasets map[string]*dataset
}

type dataset struct {
	project  *project
	name     string
	template string              // empty: that of the project
	files    map[string]*record  // by URI
	bindings map[string]*binding // by URI
}

// dataset finds a dataset. The caller holds s.mu.
func (s *Server) dataset(projectName, datasetName string) (*dataset, *failure) {
	p := s.projects[projectName]
	if p == nil {
		return nil, notFound("Project", projectName)
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
	return p.addDataset(datasetName, templateAll), nil
}

// addProject makes a project. The caller holds s.mu.
func (s *Server) addProject(name, template string) *project {
	if template == "" {
		template = templateEmpty
	}
	p := &project{name: name, template: template, datasets: make(map[string]*dataset)}
	s.projects[name] = p
	return p
}

// addDataset makes a dataset. The caller holds Server.mu.
func (p *project) addDataset(name, template string) *dataset {
	d := &dataset{
		project: p, name: name, template: template,
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
		p.addDataset(id.dataset, template)
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
		files = append(files, file.clone())
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
