package imm

import (
	"context"
	"errors"
	"iter"
	"slices"

	"github.com/imm-go/imm/internal/wire"
)

// CreateBindingRequest names the bucket to bind and the dataset to bind it to.
type CreateBindingRequest struct {
	ProjectName string // required
	DatasetName string // the documentation wants it, the interface's model does not
	URI         string // oss://bucket; required
}

// CreateBindingResponse is the answer to CreateBinding.
type CreateBindingResponse struct {
	Binding   Binding `json:"Binding"`
	RequestID string  `json:"RequestId"`
}

// CreateBinding binds a bucket to a dataset: the service indexes every object of
// the bucket, and from then on follows what is added, changed and deleted. Use
// WaitBinding to learn when the first scan is done. Scanning costs money in
// proportion to the number of objects.
//
// Errors match ErrNotFound if the project, the dataset or the bucket does not
// exist, ErrAlreadyExists if the bucket is bound to the dataset already, and
// ErrLimitExceeded beyond the number of bindings that a dataset may have, which
// is 10 unless the project says otherwise. A URI with an object in it, and names
// against the rule, are a *ValidationError. If an attempt ends without a clear
// answer and its repeat finds the binding made, that binding is the answer.
//
// CreateBinding is safe for concurrent use.
//
// https://www.alibabacloud.com/help/en/imm/developer-reference/api-imm-2020-09-30-createbinding
func (c *Client) CreateBinding(ctx context.Context, req *CreateBindingRequest) (*CreateBindingResponse, error) {
	v := validator{action: "CreateBinding"}
	if v.notNil(req != nil) {
		v.name("ProjectName", req.ProjectName, required)
		v.name("DatasetName", req.DatasetName, optional)
		v.bucketURI("URI", req.URI, required)
	}
	if v.failed != nil {
		return nil, v.failed
	}
	var resp CreateBindingResponse
	x := newExchange("CreateBinding", &resp)
	appendBinding(x.params, req.DatasetName, req.ProjectName, req.URI)
	err := c.call(ctx, x)
	if x.uncertain && errors.Is(err, ErrAlreadyExists) {
		// An earlier attempt got no clear answer, so this may be its work.
		found, err := c.GetBinding(ctx, (*GetBindingRequest)(req))
		if err != nil {
			return nil, unread("CreateBinding", "binding", err)
		}
		return (*CreateBindingResponse)(found), nil
	}
	if err != nil {
		return nil, err
	}
	return &resp, nil
}

// GetBindingRequest names a binding.
type GetBindingRequest struct {
	ProjectName string // required
	DatasetName string
	URI         string // oss://bucket
}

// GetBindingResponse is the answer to GetBinding.
type GetBindingResponse struct {
	Binding   Binding `json:"Binding"`
	RequestID string  `json:"RequestId"`
}

// GetBinding returns a binding as it is now. Errors match ErrNotFound if it does
// not exist. GetBinding is safe for concurrent use.
//
// https://www.alibabacloud.com/help/en/imm/developer-reference/api-imm-2020-09-30-getbinding
func (c *Client) GetBinding(ctx context.Context, req *GetBindingRequest) (*GetBindingResponse, error) {
	v := validator{action: "GetBinding"}
	v.getBinding(req)
	if v.failed != nil {
		return nil, v.failed
	}
	var resp GetBindingResponse
	x := newExchange("GetBinding", &resp)
	appendBinding(x.params, req.DatasetName, req.ProjectName, req.URI)
	if err := c.call(ctx, x); err != nil {
		return nil, err
	}
	return &resp, nil
}

// ListBindingsRequest asks for one page of the bindings of a project.
type ListBindingsRequest struct {
	ProjectName string // required
	DatasetName string // the documentation wants it, the interface's model does not
	Name        string // in the interface's model, and nowhere explained
	MaxResults  int64  // of one page; 0 to 200, and 0 means 100
	NextToken   string // of the page before; empty: the first page
}

// ListBindingsResponse is the answer to ListBindings.
type ListBindingsResponse struct {
	Bindings  []Binding `json:"Bindings"`
	NextToken string    `json:"NextToken,omitzero"` // empty: there are no more
	RequestID string    `json:"RequestId"`
}

// ListBindings returns one page of the bindings of a dataset. Bindings returns
// all of them. Errors match ErrNotFound if the project or the dataset does not
// exist. Names against the rule, a MaxResults that is not from 0 to 200 and text
// that is not UTF-8 are a *ValidationError. ListBindings is safe for concurrent
// use.
//
// https://www.alibabacloud.com/help/en/imm/developer-reference/api-imm-2020-09-30-listbindings
func (c *Client) ListBindings(ctx context.Context, req *ListBindingsRequest) (*ListBindingsResponse, error) {
	v := validator{action: "ListBindings"}
	if v.notNil(req != nil) {
		v.name("ProjectName", req.ProjectName, required)
		v.name("DatasetName", req.DatasetName, optional)
		v.text("Name", req.Name, optional)
		v.within("MaxResults", req.MaxResults, maxResults)
		v.text("NextToken", req.NextToken, optional)
	}
	if v.failed != nil {
		return nil, v.failed
	}
	return ask(ctx, c, v.action, func(p *wire.Params) {
		p.OptionalText("DatasetName", req.DatasetName)
		p.OptionalInt("MaxResults", req.MaxResults)
		p.OptionalText("Name", req.Name)
		p.OptionalText("NextToken", req.NextToken)
		p.Text("ProjectName", req.ProjectName)
	}, func(r *ListBindingsResponse) (string, bool) {
		empty := slices.Contains(r.Bindings, Binding{}) // which is no binding, and would be taken for one
		return r.RequestID, !empty && (r.RequestID != "" || r.Bindings != nil)
	})
}

// Bindings goes through all bindings that ListBindings finds, from the page of
// the request's NextToken on, and asks for a page when it comes to it. The first
// error ends it: those of ListBindings, and a page token that the service gives a
// second time. The request is copied. The iterator can be used any number of
// times, by several goroutines as well; each loop begins anew.
func (c *Client) Bindings(ctx context.Context, req *ListBindingsRequest) iter.Seq2[Binding, error] {
	if req == nil {
		return noPages[Binding]("ListBindings")
	}
	list := *req
	return pages("ListBindings", list.NextToken, func(token string) (page[Binding], error) {
		list := list
		list.NextToken = token
		resp, err := c.ListBindings(ctx, &list)
		if err != nil {
			return page[Binding]{}, err
		}
		return page[Binding]{resp.Bindings, resp.NextToken}, nil
	})
}

// DeleteBindingRequest names a binding.
type DeleteBindingRequest struct {
	ProjectName string // required
	DatasetName string // the documentation wants it, the interface's model does not
	URI         string // oss://bucket
}

// DeleteBindingResponse is the answer to DeleteBinding.
type DeleteBindingResponse struct {
	RequestID string `json:"RequestId"`
}

// DeleteBinding ends a binding: changes in the bucket are no longer followed. What
// is indexed stays, and so do the objects. Errors match ErrNotFound if it does not
// exist; names against the rule and a URI with an object in it are a
// *ValidationError. If an attempt ends without a clear answer and its repeat does
// not find the binding, it is deleted, and that is a success. DeleteBinding is
// safe for concurrent use.
//
// https://www.alibabacloud.com/help/en/imm/developer-reference/api-imm-2020-09-30-deletebinding
func (c *Client) DeleteBinding(ctx context.Context, req *DeleteBindingRequest) (*DeleteBindingResponse, error) {
	v := validator{action: "DeleteBinding"}
	v.getBinding((*GetBindingRequest)(req))
	if v.failed != nil {
		return nil, v.failed
	}
	resp, uncertain, err := invoke(ctx, c, v.action, func(p *wire.Params) {
		appendBinding(p, req.DatasetName, req.ProjectName, req.URI)
	}, func(r *DeleteBindingResponse) (string, bool) { return r.RequestID, r.RequestID != "" })
	if requestID, gone := deleted(uncertain, err); gone {
		return &DeleteBindingResponse{RequestID: requestID}, nil
	}
	return resp, err
}

func (v *validator) getBinding(req *GetBindingRequest) {
	if v.notNil(req != nil) {
		v.name("ProjectName", req.ProjectName, required)
		v.name("DatasetName", req.DatasetName, optional)
		v.bucketURI("URI", req.URI, optional)
	}
}

func appendBinding(params *wire.Params, datasetName, projectName, uri string) {
	params.OptionalText("DatasetName", datasetName)
	params.Text("ProjectName", projectName)
	params.OptionalText("URI", uri)
}

func (r *CreateBindingResponse) decode(data []byte) bool {
	return decodeBinding(data, &r.Binding, &r.RequestID)
}

func (r *GetBindingResponse) decode(data []byte) bool {
	return decodeBinding(data, &r.Binding, &r.RequestID)
}

func (r *CreateBindingResponse) id() string { return r.RequestID }
func (r *GetBindingResponse) id() string    { return r.RequestID }

// decodeBinding wants a binding with a state, without which nobody could tell
// what became of it.
func decodeBinding(data []byte, binding *Binding, requestID *string) bool {
	found := false
	*binding, *requestID = Binding{}, "" // an answer before may have been no success
	ok := wire.Members(data, func(name, value []byte) {
		switch string(name) {
		case "Binding":
			found = binding.decode(value) && binding.State != ""
		case "RequestId":
			*requestID, _ = wire.Text(value)
		}
	})
	return ok && found
}

// UnmarshalJSON reads a binding as the service writes it. Times that are absent
// or malformed are left zero.
func (b *Binding) UnmarshalJSON(data []byte) error {
	if !b.decode(data) && string(data) != "null" {
		return errors.New("imm: a binding is not a JSON object")
	}
	return nil
}

func (b *Binding) decode(data []byte) bool {
	return wire.Members(data, func(name, value []byte) {
		text, _ := wire.Text(value)
		switch string(name) {
		case "ProjectName":
			b.ProjectName = text
		case "DatasetName":
			b.DatasetName = text
		case "URI":
			b.URI = text
		case "Phase":
			b.Phase = BindingPhase(text)
		case "State":
			b.State = BindingState(text)
		case "Reason":
			b.Reason = text
		case "CreateTime":
			b.CreateTime = wire.Time(text)
		case "UpdateTime":
			b.UpdateTime = wire.Time(text)
		}
	})
}
