package immtest

import (
	"maps"
	"slices"
	"strings"

	"github.com/imm-go/imm"
)

// project and dataset are what the server keeps. Server.mu guards them.
type project struct {
	datasets map[string]*dataset
}

type dataset struct {
	project, name string
	files         map[string]*File    // by URI
	bindings      map[string]*binding // by URI
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

// useDataset finds a dataset, or makes it and its project. Only the operations
// that put something into it may call this. The caller holds s.mu.
func (s *Server) useDataset(projectName, datasetName string) *dataset {
	p := s.projects[projectName]
	if p == nil {
		p = &project{datasets: make(map[string]*dataset)}
		s.projects[projectName] = p
	}
	d := p.datasets[datasetName]
	if d == nil {
		d = &dataset{
			project:  projectName,
			name:     datasetName,
			files:    make(map[string]*File),
			bindings: make(map[string]*binding),
		}
		p.datasets[datasetName] = d
	}
	return d
}

// Files returns what is indexed in a dataset, sorted by URI; nothing where the
// project or the dataset does not exist. The files are copies.
func (s *Server) Files(projectName, datasetName string) []File {
	s.mu.Lock()
	defer s.mu.Unlock()
	d, f := s.dataset(projectName, datasetName)
	if f != nil {
		return nil
	}
	files := make([]File, 0, len(d.files))
	for _, uri := range slices.Sorted(maps.Keys(d.files)) {
		files = append(files, d.files[uri].clone())
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
