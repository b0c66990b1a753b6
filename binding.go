package imm

import (
	"context"
	"errors"
	"fmt"
	"time"

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
	x := c.newExchange("CreateBinding", &resp)
	appendBinding(x.params, req.DatasetName, req.ProjectName, req.URI)
	err := c.call(ctx, x)
	if x.uncertain && errors.Is(err, ErrAlreadyExists) {
		// An earlier attempt got no clear answer, so this may be its work.
		found, err := c.GetBinding(ctx, (*GetBindingRequest)(req))
		if err != nil {
			return nil, fmt.Errorf("imm: CreateBinding: the binding exists, but it could not be read: %w", err)
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
	x := c.newExchange("GetBinding", &resp)
	appendBinding(x.params, req.DatasetName, req.ProjectName, req.URI)
	if err := c.call(ctx, x); err != nil {
		return nil, err
	}
	return &resp, nil
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
			b.CreateTime = lenientTime(text)
		case "UpdateTime":
			b.UpdateTime = lenientTime(text)
		}
	})
}

// lenientTime is the zero time for a text that is not one.
func lenientTime(text string) time.Time {
	t, err := time.Parse(time.RFC3339, text) // which takes fractions of a second, too
	if err != nil {
		return time.Time{}
	}
	return t
}
