package immtest

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"
	"time"
)

const (
	// maxProjects is how many projects an account may have in a region. Projects
	// that a server makes by itself are beside that limit.
	maxProjects = 100
	maxPage     = 200 // items in a page of most lists
	defaultRole = "AliyunIMMDefaultRole"
	// engineConcurrency is what the service documents as the usual one. The
	// emulator itself does not let work queue.
	engineConcurrency = 100
)

// project is what the server keeps of one. Server.mu guards it.
type project struct {
	name              string
	template          string // empty: the same as templateEmpty
	description, role string
	tags              map[string]string
	limits            limits
	created, updated  time.Time
	datasets          map[string]*dataset
	tasks             map[string]*Task // by id
}

// projectBody is a project in an answer: every documented field is there, also
// when it is empty.
type projectBody struct {
	ProjectName, Description, ServiceRole string
	TemplateID                            string `json:"TemplateId"`
	Tags                                  []projectTag
	CreateTime, UpdateTime                time.Time
	ProjectQueriesPerSecond               int64
	EngineConcurrency                     int64
	ProjectMaxDatasetCount                int64
	limitBody
	DatasetCount, FileCount, TotalFileSize int64
}

type projectTag struct{ TagKey, TagValue string }

type projectAnswer struct {
	RequestID string `json:"RequestId"`
	Project   projectBody
}

type projectsAnswer struct {
	RequestID string `json:"RequestId"`
	NextToken string
	Projects  []projectBody
}

// emptyAnswer is the answer of operations that have nothing to tell.
type emptyAnswer struct {
	RequestID string `json:"RequestId"`
}

// projectBody is a project as it is now. Statistics are zero where nobody asked
// for them. The caller holds s.mu.
func (s *Server) projectBody(p *project, withStatistics bool) projectBody {
	body := projectBody{
		ProjectName: p.name, Description: p.description, ServiceRole: p.role, TemplateID: p.template,
		Tags: []projectTag{}, CreateTime: p.created, UpdateTime: p.updated,
		ProjectQueriesPerSecond: s.queriesPerSecond(), EngineConcurrency: engineConcurrency,
		ProjectMaxDatasetCount: shown(datasetLimit, p.limits), limitBody: newLimitBody(p.limits),
	}
	for _, key := range slices.Sorted(maps.Keys(p.tags)) {
		body.Tags = append(body.Tags, projectTag{key, p.tags[key]})
	}
	if withStatistics {
		body.DatasetCount = int64(len(p.datasets))
		for _, d := range p.datasets {
			files, size := d.statistics()
			body.FileCount += files
			body.TotalFileSize += size
		}
	}
	return body
}

// queriesPerSecond is the rate of WithQPS in whole calls, rounded so that who
// keeps to it is not throttled where that can be, and zero without a rate.
func (s *Server) queriesPerSecond() int64 {
	rate := s.config.perSecond
	switch {
	case !(rate > 0):
		return 0
	case rate >= math.MaxInt32:
		return math.MaxInt32
	}
	return max(int64(rate), 1)
}

// project finds a project. The caller holds s.mu.
func (s *Server) project(name string) (*project, *failure) {
	if p := s.projects[name]; p != nil {
		return p, nil
	}
	return nil, notFound("Project", name)
}

// addProject makes a project. The caller holds s.mu, or is NewServer.
func (s *Server) addProject(name, template string) *project {
	if template == "" {
		template = templateEmpty
	}
	now := s.now()
	p := &project{
		name: name, template: template, role: defaultRole, limits: noLimits(), created: now, updated: now,
		datasets: make(map[string]*dataset), tasks: make(map[string]*Task),
	}
	s.projects[name] = p
	return p
}

func (s *Server) createProject(c *call) (any, *failure) {
	name, template, role := c.name("ProjectName"), c.text("TemplateId"), c.text("ServiceRole")
	description, limits := c.text("Description"), c.limits(true)
	tags, _ := c.tags()
	if c.failed != nil {
		return nil, c.failed
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.projects[name] != nil {
		return nil, alreadyExists("Project", name)
	}
	if len(s.projects) >= maxProjects {
		return nil, limitExceeded("The number of projects", maxProjects)
	}
	p := s.addProject(name, template)
	p.description, p.tags, p.limits = description, tags, limits.created()
	p.created, p.updated = c.now, c.now
	replace(&p.role, role)
	return projectAnswer{c.requestID, s.projectBody(p, false)}, nil
}

func (s *Server) getProject(c *call) (any, *failure) {
	name, withStatistics := c.name("ProjectName"), c.boolean("WithStatistics")
	if c.failed != nil {
		return nil, c.failed
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	p, f := s.project(name)
	if f != nil {
		return nil, f
	}
	return projectAnswer{c.requestID, s.projectBody(p, withStatistics)}, nil
}

// listProjects lists in alphabetical order, as the service documents. It gives
// no statistics, as nothing asks for them.
func (s *Server) listProjects(c *call) (any, *failure) {
	prefix := c.text("Prefix")
	_, filter := c.tags()
	pager := s.pager(c, maxPage, "projects")
	if c.failed != nil {
		return nil, c.failed
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	var names []string
	for name, p := range s.projects {
		if strings.HasPrefix(name, prefix) && filter.match(p.tags) {
			names = append(names, name)
		}
	}
	out := projectsAnswer{RequestID: c.requestID, Projects: []projectBody{}}
	names, out.NextToken = pager.page(names)
	for _, name := range names {
		out.Projects = append(out.Projects, s.projectBody(s.projects[name], false))
	}
	return out, nil
}

// updateProject changes what was sent, and takes effect at once; the service
// documents no delay for projects. Tags that are sent take the place of all.
func (s *Server) updateProject(c *call) (any, *failure) {
	name, limits := c.name("ProjectName"), c.limits(true)
	tags, _ := c.tags()
	for _, parameter := range []string{"Description", "ServiceRole", "TemplateId"} {
		c.text(parameter) // refuses what is not text
	}
	if c.failed != nil {
		return nil, c.failed
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	p, f := s.project(name)
	if f != nil {
		return nil, f
	}
	c.change("Description", &p.description)
	c.change("ServiceRole", &p.role)
	c.change("TemplateId", &p.template)
	p.limits = p.limits.changed(limits)
	if c.sent("Tag") {
		p.tags = tags
	}
	p.updated = c.now
	return projectAnswer{c.requestID, s.projectBody(p, false)}, nil
}

// deleteProject refuses a project that is not empty. Documented is only that it
// does: the code is inferred, being the one for a request that cannot be done as
// it stands. Buckets that are attached are detached (inferred).
func (s *Server) deleteProject(c *call) (any, *failure) {
	name := c.name("ProjectName")
	if c.failed != nil {
		return nil, c.failed
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	p, f := s.project(name)
	if f != nil {
		return nil, f
	}
	if len(p.datasets) > 0 {
		return nil, invalidArgument("ProjectName", fmt.Sprintf("the project %s is not empty, it has %d datasets", name, len(p.datasets)))
	}
	delete(s.projects, name)
	maps.DeleteFunc(s.attachments, func(_ string, a *attachment) bool { return a.project == name })
	return emptyAnswer{c.requestID}, nil
}
