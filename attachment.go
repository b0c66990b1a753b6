package imm

import (
	"context"
	"encoding/json"
	"errors"
	"iter"
	"time"

	"github.com/imm-go/imm/internal/wire"
)

// AttachedOSSBucket is a bucket that is attached to a project. Times that the
// service leaves out or sends malformed are zero.
//
// https://www.alibabacloud.com/help/en/imm/developer-reference/api-imm-2020-09-30-listattachedossbuckets
type AttachedOSSBucket struct {
	OSSBucket   string    `json:"OSSBucket"` // its name, without oss://
	ProjectName string    `json:"ProjectName"`
	Description string    `json:"Description,omitzero"`
	OwnerID     string    `json:"OwnerId,omitzero"` // of the account
	CreateTime  time.Time `json:"CreateTime,omitzero"`
	UpdateTime  time.Time `json:"UpdateTime,omitzero"`
}

// AttachOSSBucketRequest names a bucket and the project to attach it to.
type AttachOSSBucketRequest struct {
	ProjectName string // required
	OSSBucket   string // its name, without oss://; required
	Description string
}

// AttachOSSBucketResponse is the answer to AttachOSSBucket.
type AttachOSSBucketResponse struct {
	RequestID string `json:"RequestId"`
}

// AttachOSSBucket attaches a bucket to a project in the same region, so that OSS
// can process its objects by means of that project. It indexes nothing: that is
// what CreateBinding does. A bucket is attached to one project at most.
//
// Errors match ErrNotFound if the project or the bucket does not exist, and
// ErrAlreadyExists if the bucket is attached already. A name against the rule, a
// bucket with oss:// before it and text that is not UTF-8 are a *ValidationError.
// If an attempt ends without a clear answer and its repeat finds the bucket
// attached to this very project, that is a success.
//
// AttachOSSBucket is safe for concurrent use.
//
// https://www.alibabacloud.com/help/en/imm/developer-reference/api-imm-2020-09-30-attachossbucket
func (c *Client) AttachOSSBucket(ctx context.Context, req *AttachOSSBucketRequest) (*AttachOSSBucketResponse, error) {
	v := validator{action: "AttachOSSBucket"}
	if v.notNil(req != nil) {
		v.name("ProjectName", req.ProjectName, required)
		v.bucketName("OSSBucket", req.OSSBucket)
		v.text("Description", req.Description, optional)
	}
	if v.failed != nil {
		return nil, v.failed
	}
	resp, uncertain, err := invoke(ctx, c, v.action, func(p *wire.Params) {
		p.OptionalText("Description", req.Description)
		p.Text("OSSBucket", req.OSSBucket)
		p.Text("ProjectName", req.ProjectName)
	}, func(r *AttachOSSBucketResponse) (string, bool) { return r.RequestID, r.RequestID != "" })
	if uncertain && errors.Is(err, ErrAlreadyExists) {
		// An earlier attempt got no clear answer, so this may be its work; but not
		// if the bucket belongs to another project.
		found, unreadable := c.GetOSSBucketAttachment(ctx, &GetOSSBucketAttachmentRequest{OSSBucket: req.OSSBucket})
		if unreadable != nil {
			return nil, unread(v.action, "attachment", unreadable)
		}
		if found.ProjectName == req.ProjectName {
			return &AttachOSSBucketResponse{RequestID: found.RequestID}, nil
		}
	}
	return resp, err
}

// DetachOSSBucketRequest names a bucket.
type DetachOSSBucketRequest struct {
	OSSBucket string // its name, without oss://; required
}

// DetachOSSBucketResponse is the answer to DetachOSSBucket.
type DetachOSSBucketResponse struct {
	RequestID string `json:"RequestId"`
}

// DetachOSSBucket detaches a bucket from the project that it is attached to; what
// is indexed stays. Errors match ErrNotFound if it is attached to none; a bucket
// with oss:// before it is a *ValidationError. If an attempt ends without a clear
// answer and its repeat finds nothing attached, the bucket is detached, and that
// is a success. DetachOSSBucket is safe for concurrent use.
//
// https://www.alibabacloud.com/help/en/imm/developer-reference/api-imm-2020-09-30-detachossbucket
func (c *Client) DetachOSSBucket(ctx context.Context, req *DetachOSSBucketRequest) (*DetachOSSBucketResponse, error) {
	v := validator{action: "DetachOSSBucket"}
	if v.notNil(req != nil) {
		v.bucketName("OSSBucket", req.OSSBucket)
	}
	if v.failed != nil {
		return nil, v.failed
	}
	resp, uncertain, err := invoke(ctx, c, v.action, func(p *wire.Params) {
		p.Text("OSSBucket", req.OSSBucket)
	}, func(r *DetachOSSBucketResponse) (string, bool) { return r.RequestID, r.RequestID != "" })
	if requestID, gone := deleted(uncertain, err); gone {
		return &DetachOSSBucketResponse{RequestID: requestID}, nil
	}
	return resp, err
}

// GetOSSBucketAttachmentRequest names a bucket.
type GetOSSBucketAttachmentRequest struct {
	OSSBucket string // its name, without oss://; required
}

// GetOSSBucketAttachmentResponse is the answer to GetOSSBucketAttachment. Times
// that the service leaves out or sends malformed are zero.
type GetOSSBucketAttachmentResponse struct {
	ProjectName string    `json:"ProjectName"` // that the bucket is attached to
	Description string    `json:"Description,omitzero"`
	CreateTime  time.Time `json:"CreateTime,omitzero"`
	UpdateTime  time.Time `json:"UpdateTime,omitzero"`
	RequestID   string    `json:"RequestId"`
}

// GetOSSBucketAttachment tells which project a bucket is attached to. Errors
// match ErrNotFound if it is attached to none; a bucket with oss:// before it is
// a *ValidationError. GetOSSBucketAttachment is safe for concurrent use.
//
// https://www.alibabacloud.com/help/en/imm/developer-reference/api-imm-2020-09-30-getossbucketattachment
func (c *Client) GetOSSBucketAttachment(ctx context.Context, req *GetOSSBucketAttachmentRequest) (*GetOSSBucketAttachmentResponse, error) {
	v := validator{action: "GetOSSBucketAttachment"}
	if v.notNil(req != nil) {
		v.bucketName("OSSBucket", req.OSSBucket)
	}
	if v.failed != nil {
		return nil, v.failed
	}
	resp, _, err := invoke(ctx, c, v.action, func(p *wire.Params) {
		p.Text("OSSBucket", req.OSSBucket)
	}, func(r *GetOSSBucketAttachmentResponse) (string, bool) { return r.RequestID, r.ProjectName != "" })
	return resp, err
}

// ListAttachedOSSBucketsRequest asks for one page of the buckets that are
// attached to a project.
type ListAttachedOSSBucketsRequest struct {
	ProjectName string // required
	MaxResults  int64  // of one page; 0 leaves it to the service
	NextToken   string // of the page before; empty: the first page
}

// ListAttachedOSSBucketsResponse is the answer to ListAttachedOSSBuckets.
type ListAttachedOSSBucketsResponse struct {
	AttachedOSSBuckets []AttachedOSSBucket `json:"AttachedOSSBuckets"`
	NextToken          string              `json:"NextToken,omitzero"` // empty: there are no more
	RequestID          string              `json:"RequestId"`
}

// ListAttachedOSSBuckets returns one page of the buckets that are attached to a
// project. AttachedOSSBuckets returns all of them. Errors match ErrNotFound if
// the project does not exist. A name against the rule, a negative MaxResults and
// text that is not UTF-8 are a *ValidationError. ListAttachedOSSBuckets is safe
// for concurrent use.
//
// https://www.alibabacloud.com/help/en/imm/developer-reference/api-imm-2020-09-30-listattachedossbuckets
func (c *Client) ListAttachedOSSBuckets(ctx context.Context, req *ListAttachedOSSBucketsRequest) (*ListAttachedOSSBucketsResponse, error) {
	v := validator{action: "ListAttachedOSSBuckets"}
	if v.notNil(req != nil) {
		v.name("ProjectName", req.ProjectName, required)
		v.count("MaxResults", req.MaxResults)
		v.text("NextToken", req.NextToken, optional)
	}
	if v.failed != nil {
		return nil, v.failed
	}
	resp, _, err := invoke(ctx, c, v.action, func(p *wire.Params) {
		p.OptionalInt("MaxResults", req.MaxResults)
		p.OptionalText("NextToken", req.NextToken)
		p.Text("ProjectName", req.ProjectName)
	}, func(r *ListAttachedOSSBucketsResponse) (string, bool) {
		return r.RequestID, r.RequestID != "" || r.AttachedOSSBuckets != nil
	})
	return resp, err
}

// AttachedOSSBuckets goes through all buckets that ListAttachedOSSBuckets finds,
// from the page of the request's NextToken on, and asks for a page when it comes
// to it. The first error ends it: those of ListAttachedOSSBuckets, and a page
// token that the service gives a second time. The request is copied. The iterator
// can be used any number of times, by several goroutines as well; each loop begins
// anew.
func (c *Client) AttachedOSSBuckets(ctx context.Context, req *ListAttachedOSSBucketsRequest) iter.Seq2[AttachedOSSBucket, error] {
	if req == nil {
		return noPages[AttachedOSSBucket]("ListAttachedOSSBuckets")
	}
	list := *req
	return pages("ListAttachedOSSBuckets", list.NextToken, func(token string) (page[AttachedOSSBucket], error) {
		list := list
		list.NextToken = token
		resp, err := c.ListAttachedOSSBuckets(ctx, &list)
		if err != nil {
			return page[AttachedOSSBucket]{}, err
		}
		return page[AttachedOSSBucket]{resp.AttachedOSSBuckets, resp.NextToken}, nil
	})
}

// UnmarshalJSON reads an attached bucket as the service writes it. Times that are
// absent or malformed are left zero.
func (b *AttachedOSSBucket) UnmarshalJSON(data []byte) error {
	type plain AttachedOSSBucket
	aux := struct {
		*plain
		CreateTime, UpdateTime looseTime
	}{(*plain)(b), looseTime{b.CreateTime}, looseTime{b.UpdateTime}}
	err := json.Unmarshal(data, &aux)
	b.CreateTime, b.UpdateTime = aux.CreateTime.Time, aux.UpdateTime.Time
	return err
}

// UnmarshalJSON reads an attachment as the service writes it. Times that are
// absent or malformed are left zero.
func (r *GetOSSBucketAttachmentResponse) UnmarshalJSON(data []byte) error {
	type plain GetOSSBucketAttachmentResponse
	aux := struct {
		*plain
		CreateTime, UpdateTime looseTime
	}{(*plain)(r), looseTime{r.CreateTime}, looseTime{r.UpdateTime}}
	err := json.Unmarshal(data, &aux)
	r.CreateTime, r.UpdateTime = aux.CreateTime.Time, aux.UpdateTime.Time
	return err
}
