package imm

import (
	"context"
	"encoding/json"
	"errors"
	"iter"
	"time"

	"github.com/imm-go/imm/internal/wire"
)

// Dataset holds the metadata of files and can be searched. Times that the service
// leaves out or sends malformed are zero.
//
// https://www.alibabacloud.com/help/en/imm/developer-reference/api-imm-2020-09-30-struct-dataset
type Dataset struct {
	ProjectName string `json:"ProjectName"`
	DatasetName string `json:"DatasetName"`
	Description string `json:"Description,omitzero"`
	// TemplateID is the workflow template, which decides what metadata is
	// extracted. It goes before the project's.
	TemplateID         string              `json:"TemplateId,omitzero"`
	WorkflowParameters []WorkflowParameter `json:"WorkflowParameters,omitzero"`
	CreateTime         time.Time           `json:"CreateTime,omitzero"`
	UpdateTime         time.Time           `json:"UpdateTime,omitzero"`
	// The limits: bindings, entities, files, relations, and the size of all files
	// in bytes.
	DatasetMaxBindCount     int64 `json:"DatasetMaxBindCount,omitzero"`
	DatasetMaxEntityCount   int64 `json:"DatasetMaxEntityCount,omitzero"`
	DatasetMaxFileCount     int64 `json:"DatasetMaxFileCount,omitzero"`
	DatasetMaxRelationCount int64 `json:"DatasetMaxRelationCount,omitzero"`
	DatasetMaxTotalFileSize int64 `json:"DatasetMaxTotalFileSize,omitzero"`
	// The statistics, which only GetDataset gives, and only when asked for:
	// bindings, files, and the size of all files in bytes.
	BindCount     int64 `json:"BindCount,omitzero"`
	FileCount     int64 `json:"FileCount,omitzero"`
	TotalFileSize int64 `json:"TotalFileSize,omitzero"`
}

// WorkflowParameter sets one parameter of a workflow template.
//
// https://www.alibabacloud.com/help/en/imm/developer-reference/api-imm-2020-09-30-struct-workflowparameter
type WorkflowParameter struct {
	Name  string `json:"Name,omitzero"`
	Value string `json:"Value,omitzero"`
}

// CreateDatasetRequest describes a dataset. Zero values are left to the service,
// as are nil WorkflowParameters; empty ones are sent.
type CreateDatasetRequest struct {
	ProjectName string // required
	DatasetName string // required
	Description string
	// TemplateID is the workflow template, such as Official:ImageManagement;
	// empty: the project's.
	TemplateID         string
	WorkflowParameters []WorkflowParameter
	// The limits: bindings, entities, files, relations, and the size of all files
	// in bytes.
	DatasetMaxBindCount     int64
	DatasetMaxEntityCount   int64
	DatasetMaxFileCount     int64
	DatasetMaxRelationCount int64
	DatasetMaxTotalFileSize int64
}

// CreateDatasetResponse is the answer to CreateDataset.
type CreateDatasetResponse struct {
	Dataset   Dataset `json:"Dataset"`
	RequestID string  `json:"RequestId"`
}

// CreateDataset makes a dataset in a project. It costs nothing by itself; what is
// indexed into it does.
//
// Errors match ErrNotFound if the project does not exist, ErrAlreadyExists if it
// has a dataset of that name, and ErrLimitExceeded beyond the number of datasets
// that it may have. Names against the rule, a negative limit and text that is not
// UTF-8 are a *ValidationError. If an attempt ends without a clear answer and its
// repeat finds the dataset made, that dataset is the answer.
//
// CreateDataset is safe for concurrent use.
//
// https://www.alibabacloud.com/help/en/imm/developer-reference/api-imm-2020-09-30-createdataset
func (c *Client) CreateDataset(ctx context.Context, req *CreateDatasetRequest) (*CreateDatasetResponse, error) {
	v := validator{action: "CreateDataset"}
	if v.notNil(req != nil) {
		v.name("ProjectName", req.ProjectName, required)
		v.name("DatasetName", req.DatasetName, required)
		v.text("Description", req.Description, optional)
		v.text("TemplateID", req.TemplateID, optional)
		v.workflow("WorkflowParameters", req.WorkflowParameters)
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
		p.Text("DatasetName", req.DatasetName)
		p.OptionalText("Description", req.Description)
		p.Text("ProjectName", req.ProjectName)
		p.OptionalText("TemplateId", req.TemplateID)
		appendWorkflow(p, req.WorkflowParameters)
	}, func(r *CreateDatasetResponse) (string, bool) { return r.RequestID, r.Dataset.DatasetName != "" })
	if uncertain && errors.Is(err, ErrAlreadyExists) {
		// An earlier attempt got no clear answer, so this may be its work.
		found, err := c.GetDataset(ctx, &GetDatasetRequest{ProjectName: req.ProjectName, DatasetName: req.DatasetName})
		if err != nil {
			return nil, unread(v.action, "dataset", err)
		}
		return (*CreateDatasetResponse)(found), nil
	}
	return resp, err
}

// GetDatasetRequest names a dataset.
type GetDatasetRequest struct {
	ProjectName    string // required
	DatasetName    string // required
	WithStatistics bool   // fill BindCount, FileCount and TotalFileSize
}

// GetDatasetResponse is the answer to GetDataset.
type GetDatasetResponse struct {
	Dataset   Dataset `json:"Dataset"`
	RequestID string  `json:"RequestId"`
}

// GetDataset returns a dataset as it is now. Errors match ErrNotFound if the
// project or the dataset does not exist; names against the rule are a
// *ValidationError. GetDataset is safe for concurrent use.
//
// https://www.alibabacloud.com/help/en/imm/developer-reference/api-imm-2020-09-30-getdataset
func (c *Client) GetDataset(ctx context.Context, req *GetDatasetRequest) (*GetDatasetResponse, error) {
	v := validator{action: "GetDataset"}
	if v.notNil(req != nil) {
		v.name("ProjectName", req.ProjectName, required)
		v.name("DatasetName", req.DatasetName, required)
	}
	if v.failed != nil {
		return nil, v.failed
	}
	resp, _, err := invoke(ctx, c, v.action, func(p *wire.Params) {
		p.Text("DatasetName", req.DatasetName)
		p.Text("ProjectName", req.ProjectName)
		p.OptionalBool("WithStatistics", req.WithStatistics)
	}, func(r *GetDatasetResponse) (string, bool) { return r.RequestID, r.Dataset.DatasetName != "" })
	return resp, err
}

// ListDatasetsRequest asks for one page of the datasets of a project.
type ListDatasetsRequest struct {
	ProjectName string // required
	Prefix      string // of the names; empty: all datasets
	MaxResults  int64  // of one page; 0 to 200, and 0 means 100
	NextToken   string // of the page before; empty: the first page
}

// ListDatasetsResponse is the answer to ListDatasets.
type ListDatasetsResponse struct {
	Datasets  []Dataset `json:"Datasets"`
	NextToken string    `json:"NextToken,omitzero"` // empty: there are no more
	RequestID string    `json:"RequestId"`
}

// ListDatasets returns one page of the datasets of a project. Datasets returns
// all of them. Errors match ErrNotFound if the project does not exist. A name
// against the rule, a MaxResults that is not from 0 to 200 and text that is not
// UTF-8 are a *ValidationError. ListDatasets is safe for concurrent use.
//
// https://www.alibabacloud.com/help/en/imm/developer-reference/api-imm-2020-09-30-listdatasets
func (c *Client) ListDatasets(ctx context.Context, req *ListDatasetsRequest) (*ListDatasetsResponse, error) {
	v := validator{action: "ListDatasets"}
	if v.notNil(req != nil) {
		v.name("ProjectName", req.ProjectName, required)
		v.text("Prefix", req.Prefix, optional)
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
		p.Text("ProjectName", req.ProjectName)
	}, func(r *ListDatasetsResponse) (string, bool) {
		return r.RequestID, r.RequestID != "" || r.Datasets != nil
	})
	return resp, err
}

// Datasets goes through all datasets that ListDatasets finds, from the page of
// the request's NextToken on, and asks for a page when it comes to it. The first
// error ends it: those of ListDatasets, and a page token that the service gives a
// second time. The request is copied. The iterator can be used any number of
// times, by several goroutines as well; each loop begins anew.
func (c *Client) Datasets(ctx context.Context, req *ListDatasetsRequest) iter.Seq2[Dataset, error] {
	if req == nil {
		return noPages[Dataset]("ListDatasets")
	}
	list := *req
	return pages("ListDatasets", list.NextToken, func(token string) (page[Dataset], error) {
		list := list
		list.NextToken = token
		resp, err := c.ListDatasets(ctx, &list)
		if err != nil {
			return page[Dataset]{}, err
		}
		return page[Dataset]{resp.Datasets, resp.NextToken}, nil
	})
}

// UpdateDatasetRequest says what to change of a dataset. What is nil stays as it
// is; pointers to zero values and a slice that is empty, but not nil, are sent.
type UpdateDatasetRequest struct {
	ProjectName        string // required
	DatasetName        string // required
	Description        *string
	TemplateID         *string
	WorkflowParameters []WorkflowParameter // all that the dataset is to have
	// The limits: bindings, entities, files, relations, and the size of all files
	// in bytes.
	DatasetMaxBindCount     *int64
	DatasetMaxEntityCount   *int64
	DatasetMaxFileCount     *int64
	DatasetMaxRelationCount *int64
	DatasetMaxTotalFileSize *int64
}

// UpdateDatasetResponse is the answer to UpdateDataset.
type UpdateDatasetResponse struct {
	Dataset   Dataset `json:"Dataset"`
	RequestID string  `json:"RequestId"`
}

// UpdateDataset changes a dataset and returns it. It takes up to five minutes
// until the service goes by it. Errors match ErrNotFound if the project or the
// dataset does not exist; names against the rule, a negative limit and text that
// is not UTF-8 are a *ValidationError. UpdateDataset is safe for concurrent use;
// of two updates of the same field, one wins.
//
// https://www.alibabacloud.com/help/en/imm/developer-reference/api-imm-2020-09-30-updatedataset
func (c *Client) UpdateDataset(ctx context.Context, req *UpdateDatasetRequest) (*UpdateDatasetResponse, error) {
	v := validator{action: "UpdateDataset"}
	if v.notNil(req != nil) {
		v.name("ProjectName", req.ProjectName, required)
		v.name("DatasetName", req.DatasetName, required)
		v.setText("Description", req.Description)
		v.setText("TemplateID", req.TemplateID)
		v.workflow("WorkflowParameters", req.WorkflowParameters)
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
		p.Text("DatasetName", req.DatasetName)
		p.SetText("Description", req.Description)
		p.Text("ProjectName", req.ProjectName)
		p.SetText("TemplateId", req.TemplateID)
		appendWorkflow(p, req.WorkflowParameters)
	}, func(r *UpdateDatasetResponse) (string, bool) { return r.RequestID, r.Dataset.DatasetName != "" })
	return resp, err
}

// DeleteDatasetRequest names a dataset.
type DeleteDatasetRequest struct {
	ProjectName string // required
	DatasetName string // required
}

// DeleteDatasetResponse is the answer to DeleteDataset.
type DeleteDatasetResponse struct {
	RequestID string `json:"RequestId"`
}

// DeleteDataset deletes a dataset that has no files and no bindings any more; the
// service refuses one that has. Delete the bindings first, because they bring the
// files back. Errors match ErrNotFound if the project or the dataset does not
// exist; names against the rule are a *ValidationError. If an attempt ends without
// a clear answer and its repeat does not find the dataset, it is deleted, and that
// is a success. DeleteDataset is safe for concurrent use.
//
// https://www.alibabacloud.com/help/en/imm/developer-reference/api-imm-2020-09-30-deletedataset
func (c *Client) DeleteDataset(ctx context.Context, req *DeleteDatasetRequest) (*DeleteDatasetResponse, error) {
	v := validator{action: "DeleteDataset"}
	if v.notNil(req != nil) {
		v.name("ProjectName", req.ProjectName, required)
		v.name("DatasetName", req.DatasetName, required)
	}
	if v.failed != nil {
		return nil, v.failed
	}
	resp, uncertain, err := invoke(ctx, c, v.action, func(p *wire.Params) {
		p.Text("DatasetName", req.DatasetName)
		p.Text("ProjectName", req.ProjectName)
	}, func(r *DeleteDatasetResponse) (string, bool) { return r.RequestID, r.RequestID != "" })
	if requestID, gone := deleted(uncertain, err); gone {
		return &DeleteDatasetResponse{RequestID: requestID}, nil
	}
	return resp, err
}

// UnmarshalJSON reads a dataset as the service writes it. Times that are absent
// or malformed are left zero.
func (d *Dataset) UnmarshalJSON(data []byte) error {
	type plain Dataset
	aux := struct {
		*plain
		CreateTime, UpdateTime looseTime
	}{(*plain)(d), looseTime{d.CreateTime}, looseTime{d.UpdateTime}}
	err := json.Unmarshal(data, &aux)
	d.CreateTime, d.UpdateTime = aux.CreateTime.Time, aux.UpdateTime.Time
	return err
}

// appendWorkflow adds the parameters of a workflow template unless they are nil.
func appendWorkflow(params *wire.Params, parameters []WorkflowParameter) {
	if parameters == nil {
		return
	}
	params.JSON("WorkflowParameters", func(dst []byte) []byte {
		return wire.AppendArray(dst, parameters, func(dst []byte, w *WorkflowParameter) []byte {
			o := wire.BeginObject(dst)
			o.Text("Name", w.Name)
			o.Text("Value", w.Value)
			return o.End()
		})
	})
}
