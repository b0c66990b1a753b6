package imm

import (
	"context"
	"encoding/json"
	"errors"
	"iter"
	"maps"
	"time"

	"github.com/imm-go/imm/internal/wire"
)

// Project holds datasets and says what may be done with them and how fast. Times
// that the service leaves out or sends malformed are zero.
//
// https://www.alibabacloud.com/help/en/imm/developer-reference/api-imm-2020-09-30-struct-project
type Project struct {
	ProjectName string `json:"ProjectName"`
	Description string `json:"Description,omitzero"`
	// ServiceRole is the RAM role in whose name the service reads the buckets.
	ServiceRole string `json:"ServiceRole,omitzero"`
	// TemplateID is the workflow template, which decides what metadata is
	// extracted, of every dataset that has none of its own.
	TemplateID string            `json:"TemplateId,omitzero"`
	Tags       map[string]string `json:"Tags,omitzero"` // on the wire: a list of TagKey and TagValue
	CreateTime time.Time         `json:"CreateTime,omitzero"`
	UpdateTime time.Time         `json:"UpdateTime,omitzero"`
	// ProjectQueriesPerSecond is how many requests a second the project takes.
	ProjectQueriesPerSecond int64 `json:"ProjectQueriesPerSecond,omitzero"`
	// EngineConcurrency is how many pieces of asynchronous work run at once.
	EngineConcurrency int64 `json:"EngineConcurrency,omitzero"`
	// ProjectMaxDatasetCount is how many datasets the project may have.
	ProjectMaxDatasetCount int64 `json:"ProjectMaxDatasetCount,omitzero"`
	// The limits of each dataset: bindings, entities, files, relations, and the
	// size of all files in bytes.
	DatasetMaxBindCount     int64 `json:"DatasetMaxBindCount,omitzero"`
	DatasetMaxEntityCount   int64 `json:"DatasetMaxEntityCount,omitzero"`
	DatasetMaxFileCount     int64 `json:"DatasetMaxFileCount,omitzero"`
	DatasetMaxRelationCount int64 `json:"DatasetMaxRelationCount,omitzero"`
	DatasetMaxTotalFileSize int64 `json:"DatasetMaxTotalFileSize,omitzero"`
	// The statistics, which only GetProject gives, and only when asked for:
	// datasets, files, and the size of all files in bytes.
	DatasetCount  int64 `json:"DatasetCount,omitzero"`
	FileCount     int64 `json:"FileCount,omitzero"`
	TotalFileSize int64 `json:"TotalFileSize,omitzero"`
}

// CreateProjectRequest describes a project. Zero values are left to the service.
type CreateProjectRequest struct {
	ProjectName string // required
	Description string
	// ServiceRole is the RAM role in whose name the service reads the buckets;
	// empty: AliyunIMMDefaultRole.
	ServiceRole string
	// TemplateID is the workflow template, such as Official:ImageManagement.
	// Without one no metadata is extracted, unless a dataset has its own.
	TemplateID string
	Tags       map[string]string // of the project; at the service, Tag
	// ProjectMaxDatasetCount is how many datasets the project may have.
	ProjectMaxDatasetCount int64
	// The limits of each dataset: bindings, entities, files, relations, and the
	// size of all files in bytes.
	DatasetMaxBindCount     int64
	DatasetMaxEntityCount   int64
	DatasetMaxFileCount     int64
	DatasetMaxRelationCount int64
	DatasetMaxTotalFileSize int64
}

// CreateProjectResponse is the answer to CreateProject.
type CreateProjectResponse struct {
	Project   Project `json:"Project"`
	RequestID string  `json:"RequestId"`
}

// CreateProject makes a project, in which datasets can be made then. It costs
// nothing by itself.
//
// Errors match ErrAlreadyExists if the account has a project of that name in the
// region, and ErrLimitExceeded beyond the number of projects that it may have
// there, which is 100. A name against the rule, a negative limit and text that is
// not UTF-8 are a *ValidationError. If an attempt ends without a clear answer and
// its repeat finds the project made, that project is the answer.
//
// CreateProject is safe for concurrent use.
//
// https://www.alibabacloud.com/help/en/imm/developer-reference/api-imm-2020-09-30-createproject
func (c *Client) CreateProject(ctx context.Context, req *CreateProjectRequest) (*CreateProjectResponse, error) {
	v := validator{action: "CreateProject"}
	if v.notNil(req != nil) {
		v.name("ProjectName", req.ProjectName, required)
		v.text("Description", req.Description, optional)
		v.text("ServiceRole", req.ServiceRole, optional)
		v.text("TemplateID", req.TemplateID, optional)
		v.tags("Tags", req.Tags)
		v.count("ProjectMaxDatasetCount", req.ProjectMaxDatasetCount)
		v.count("DatasetMaxBindCount", req.DatasetMaxBindCount)
		v.count("DatasetMaxEntityCount", req.DatasetMaxEntityCount)
		v.count("DatasetMaxFileCount", req.DatasetMaxFileCount)
		v.count("DatasetMaxRelationCount", req.DatasetMaxRelationCount)
		v.count("DatasetMaxTotalFileSize", req.DatasetMaxTotalFileSize)
	}
	if v.failed != nil {
		return nil, v.failed
	}
	resp, uncertain, err := invoke(ctx, c, v.action, func(p *wire.Params) {
		p.OptionalInt("DatasetMaxBindCount", req.DatasetMaxBindCount)
		p.OptionalInt("DatasetMaxEntityCount", req.DatasetMaxEntityCount)
		p.OptionalInt("DatasetMaxFileCount", req.DatasetMaxFileCount)
		p.OptionalInt("DatasetMaxRelationCount", req.DatasetMaxRelationCount)
		p.OptionalInt("DatasetMaxTotalFileSize", req.DatasetMaxTotalFileSize)
		p.OptionalText("Description", req.Description)
		p.OptionalInt("ProjectMaxDatasetCount", req.ProjectMaxDatasetCount)
		p.Text("ProjectName", req.ProjectName)
		p.OptionalText("ServiceRole", req.ServiceRole)
		appendTags(p, "Tag", req.Tags)
		p.OptionalText("TemplateId", req.TemplateID)
	}, func(r *CreateProjectResponse) (string, bool) { return r.RequestID, r.Project.ProjectName != "" })
	if uncertain && errors.Is(err, ErrAlreadyExists) {
		// An earlier attempt got no clear answer, so this may be its work.
		found, err := c.GetProject(ctx, &GetProjectRequest{ProjectName: req.ProjectName})
		if err != nil {
			return nil, unread(v.action, "project", err)
		}
		return (*CreateProjectResponse)(found), nil
	}
	return resp, err
}

// GetProjectRequest names a project.
type GetProjectRequest struct {
	ProjectName    string // required
	WithStatistics bool   // fill DatasetCount, FileCount and TotalFileSize
}

// GetProjectResponse is the answer to GetProject.
type GetProjectResponse struct {
	Project   Project `json:"Project"`
	RequestID string  `json:"RequestId"`
}

// GetProject returns a project as it is now. Errors match ErrNotFound if it does
// not exist; a name against the rule is a *ValidationError. GetProject is safe for
// concurrent use.
//
// https://www.alibabacloud.com/help/en/imm/developer-reference/api-imm-2020-09-30-getproject
func (c *Client) GetProject(ctx context.Context, req *GetProjectRequest) (*GetProjectResponse, error) {
	v := validator{action: "GetProject"}
	if v.notNil(req != nil) {
		v.name("ProjectName", req.ProjectName, required)
	}
	if v.failed != nil {
		return nil, v.failed
	}
	resp, _, err := invoke(ctx, c, v.action, func(p *wire.Params) {
		p.Text("ProjectName", req.ProjectName)
		p.OptionalBool("WithStatistics", req.WithStatistics)
	}, func(r *GetProjectResponse) (string, bool) { return r.RequestID, r.Project.ProjectName != "" })
	return resp, err
}

// ListProjectsRequest asks for one page of the projects of an account in the
// client's region.
type ListProjectsRequest struct {
	Prefix     string            // of the names; empty: all projects
	Tags       map[string]string // that the projects have; at the service, Tag
	MaxResults int64             // of one page; 0 to 200, and 0 means 100
	NextToken  string            // of the page before; empty: the first page
}

// ListProjectsResponse is the answer to ListProjects.
type ListProjectsResponse struct {
	Projects  []Project `json:"Projects"`
	NextToken string    `json:"NextToken,omitzero"` // empty: there are no more
	RequestID string    `json:"RequestId"`
}

// ListProjects returns one page of the projects of the account in the client's
// region. Projects returns all of them. A MaxResults that is not from 0 to 200
// and text that is not UTF-8 are a *ValidationError. ListProjects is safe for
// concurrent use.
//
// https://www.alibabacloud.com/help/en/imm/developer-reference/api-imm-2020-09-30-listprojects
func (c *Client) ListProjects(ctx context.Context, req *ListProjectsRequest) (*ListProjectsResponse, error) {
	v := validator{action: "ListProjects"}
	if v.notNil(req != nil) {
		v.text("Prefix", req.Prefix, optional)
		v.tags("Tags", req.Tags)
		v.within("MaxResults", req.MaxResults, maxResults)
		v.text("NextToken", req.NextToken, optional)
	}
	if v.failed != nil {
		return nil, v.failed
	}
	resp, _, err := invoke(ctx, c, v.action, func(p *wire.Params) {
		p.OptionalInt("MaxResults", req.MaxResults)
		p.OptionalText("NextToken", req.NextToken)
		p.OptionalText("Prefix", req.Prefix)
		appendTags(p, "Tag", req.Tags)
	}, func(r *ListProjectsResponse) (string, bool) {
		return r.RequestID, r.RequestID != "" || r.Projects != nil
	})
	return resp, err
}

// Projects goes through all projects that ListProjects finds, from the page of
// the request's NextToken on, and asks for a page when it comes to it. The first
// error ends it: those of ListProjects, and a page token that the service gives a
// second time. The request is copied. The iterator can be used any number of
// times, by several goroutines as well; each loop begins anew.
func (c *Client) Projects(ctx context.Context, req *ListProjectsRequest) iter.Seq2[Project, error] {
	if req == nil {
		return noPages[Project]("ListProjects")
	}
	list := *req
	list.Tags = maps.Clone(req.Tags)
	return pages("ListProjects", list.NextToken, func(token string) (page[Project], error) {
		list := list
		list.NextToken = token
		resp, err := c.ListProjects(ctx, &list)
		if err != nil {
			return page[Project]{}, err
		}
		return page[Project]{resp.Projects, resp.NextToken}, nil
	})
}

// UpdateProjectRequest says what to change of a project. What is nil stays as it
// is; pointers to zero values and an empty map that is not nil are sent.
type UpdateProjectRequest struct {
	ProjectName string // required
	Description *string
	ServiceRole *string
	TemplateID  *string
	Tags        map[string]string // all tags the project is to have; at the service, Tag
	// ProjectMaxDatasetCount is how many datasets the project may have.
	ProjectMaxDatasetCount *int64
	// The limits of each dataset: bindings, entities, files, relations, and the
	// size of all files in bytes.
	DatasetMaxBindCount     *int64
	DatasetMaxEntityCount   *int64
	DatasetMaxFileCount     *int64
	DatasetMaxRelationCount *int64
	DatasetMaxTotalFileSize *int64
}

// UpdateProjectResponse is the answer to UpdateProject.
type UpdateProjectResponse struct {
	Project   Project `json:"Project"`
	RequestID string  `json:"RequestId"`
}

// UpdateProject changes a project and returns it. Errors match ErrNotFound if it
// does not exist; a name against the rule, a negative limit and text that is not
// UTF-8 are a *ValidationError. UpdateProject is safe for concurrent use; of two
// updates of the same field, one wins.
//
// https://www.alibabacloud.com/help/en/imm/developer-reference/api-imm-2020-09-30-updateproject
func (c *Client) UpdateProject(ctx context.Context, req *UpdateProjectRequest) (*UpdateProjectResponse, error) {
	v := validator{action: "UpdateProject"}
	if v.notNil(req != nil) {
		v.name("ProjectName", req.ProjectName, required)
		v.setText("Description", req.Description)
		v.setText("ServiceRole", req.ServiceRole)
		v.setText("TemplateID", req.TemplateID)
		v.tags("Tags", req.Tags)
		v.setCount("ProjectMaxDatasetCount", req.ProjectMaxDatasetCount)
		v.setCount("DatasetMaxBindCount", req.DatasetMaxBindCount)
		v.setCount("DatasetMaxEntityCount", req.DatasetMaxEntityCount)
		v.setCount("DatasetMaxFileCount", req.DatasetMaxFileCount)
		v.setCount("DatasetMaxRelationCount", req.DatasetMaxRelationCount)
		v.setCount("DatasetMaxTotalFileSize", req.DatasetMaxTotalFileSize)
	}
	if v.failed != nil {
		return nil, v.failed
	}
	resp, _, err := invoke(ctx, c, v.action, func(p *wire.Params) {
		p.SetInt("DatasetMaxBindCount", req.DatasetMaxBindCount)
		p.SetInt("DatasetMaxEntityCount", req.DatasetMaxEntityCount)
		p.SetInt("DatasetMaxFileCount", req.DatasetMaxFileCount)
		p.SetInt("DatasetMaxRelationCount", req.DatasetMaxRelationCount)
		p.SetInt("DatasetMaxTotalFileSize", req.DatasetMaxTotalFileSize)
		p.SetText("Description", req.Description)
		p.SetInt("ProjectMaxDatasetCount", req.ProjectMaxDatasetCount)
		p.Text("ProjectName", req.ProjectName)
		p.SetText("ServiceRole", req.ServiceRole)
		appendTags(p, "Tag", req.Tags)
		p.SetText("TemplateId", req.TemplateID)
	}, func(r *UpdateProjectResponse) (string, bool) { return r.RequestID, r.Project.ProjectName != "" })
	return resp, err
}

// DeleteProjectRequest names a project.
type DeleteProjectRequest struct {
	ProjectName string // required
}

// DeleteProjectResponse is the answer to DeleteProject.
type DeleteProjectResponse struct {
	RequestID string `json:"RequestId"`
}

// DeleteProject deletes a project that has no datasets any more; the service
// refuses one that has. Errors match ErrNotFound if it does not exist; a name
// against the rule is a *ValidationError. If an attempt ends without a clear
// answer and its repeat does not find the project, it is deleted, and that is a
// success. DeleteProject is safe for concurrent use.
//
// https://www.alibabacloud.com/help/en/imm/developer-reference/api-imm-2020-09-30-deleteproject
func (c *Client) DeleteProject(ctx context.Context, req *DeleteProjectRequest) (*DeleteProjectResponse, error) {
	v := validator{action: "DeleteProject"}
	if v.notNil(req != nil) {
		v.name("ProjectName", req.ProjectName, required)
	}
	if v.failed != nil {
		return nil, v.failed
	}
	resp, uncertain, err := invoke(ctx, c, v.action, func(p *wire.Params) {
		p.Text("ProjectName", req.ProjectName)
	}, func(r *DeleteProjectResponse) (string, bool) { return r.RequestID, r.RequestID != "" })
	if requestID, gone := deleted(uncertain, err); gone {
		return &DeleteProjectResponse{RequestID: requestID}, nil
	}
	return resp, err
}

// UnmarshalJSON reads a project as the service writes it. Times that are absent
// or malformed are left zero.
func (p *Project) UnmarshalJSON(data []byte) error {
	type plain Project
	aux := struct {
		*plain
		CreateTime, UpdateTime looseTime
		Tags                   looseTags
	}{(*plain)(p), looseTime{p.CreateTime}, looseTime{p.UpdateTime}, p.Tags}
	err := json.Unmarshal(data, &aux)
	p.CreateTime, p.UpdateTime, p.Tags = aux.CreateTime.Time, aux.UpdateTime.Time, aux.Tags
	return err
}

// MarshalJSON writes a project as the service writes it.
func (p Project) MarshalJSON() ([]byte, error) {
	type plain Project
	return json.Marshal(struct {
		plain
		Tags looseTags `json:"Tags,omitzero"`
	}{plain(p), p.Tags})
}
