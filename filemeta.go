package imm

import (
	"context"
	"fmt"
	"unicode/utf8"

	"github.com/imm-go/imm/internal/wire"
)

// GetFileMetaRequest names one file of a dataset.
type GetFileMetaRequest struct {
	ProjectName string   // required
	DatasetName string   // required
	URI         string   // oss://bucket/object or pds://…; required
	WithFields  []string // the parts of File to return, such as Size; none: all
}

// GetFileMetaResponse is the answer to GetFileMeta.
type GetFileMetaResponse struct {
	Files     []File `json:"Files"` // the one file, or none
	RequestID string `json:"RequestId"`
}

// GetFileMeta returns what the dataset holds of one file. Of a file that is not in
// the dataset, the answer has no Files or there is an error that matches
// ErrNotFound: nobody documents which, so expect both.
//
// Errors match ErrNotFound if the project or the dataset does not exist. A URI
// that names no file, names against the rule and text that is not UTF-8 are a
// *ValidationError. GetFileMeta is safe for concurrent use.
//
// https://www.alibabacloud.com/help/en/imm/developer-reference/api-imm-2020-09-30-getfilemeta
func (c *Client) GetFileMeta(ctx context.Context, req *GetFileMetaRequest) (*GetFileMetaResponse, error) {
	v := validator{action: "GetFileMeta"}
	if v.notNil(req != nil) {
		v.name("ProjectName", req.ProjectName, required)
		v.name("DatasetName", req.DatasetName, required)
		v.fileURI("URI", req.URI)
		v.withFields(req.WithFields)
	}
	if v.failed != nil {
		return nil, v.failed
	}
	return ask(ctx, c, v.action, func(p *wire.Params) {
		p.Text("DatasetName", req.DatasetName)
		p.Text("ProjectName", req.ProjectName)
		p.Text("URI", req.URI)
		p.OptionalStrings("WithFields", req.WithFields)
	}, func(r *GetFileMetaResponse) (string, bool) { return r.RequestID, r.RequestID != "" || r.Files != nil })
}

// BatchGetFileMetaRequest names up to 100 files of a dataset.
type BatchGetFileMetaRequest struct {
	ProjectName string   // required
	DatasetName string   // required
	URIs        []string // 1 to 100
	WithFields  []string // the parts of File to return, such as Size; none: all. Ask for URI, too, to tell the files apart
}

// BatchGetFileMetaResponse is the answer to BatchGetFileMeta.
type BatchGetFileMetaResponse struct {
	Files     []File `json:"Files"` // those that are in the dataset; find them by URI, not by their place
	RequestID string `json:"RequestId"`
}

// BatchGetFileMeta returns what the dataset holds of 1 to 100 files. Files that
// are not in the dataset are left out of the answer and are no error.
//
// Errors match ErrNotFound if the project or the dataset does not exist. What is
// wrong with one URI, as URIs[37], is a *ValidationError; so are no URIs or more
// than 100, names against the rule, and text that is not UTF-8. BatchGetFileMeta
// is safe for concurrent use.
//
// https://www.alibabacloud.com/help/en/imm/developer-reference/api-imm-2020-09-30-batchgetfilemeta
func (c *Client) BatchGetFileMeta(ctx context.Context, req *BatchGetFileMetaRequest) (*BatchGetFileMetaResponse, error) {
	v := validator{action: "BatchGetFileMeta"}
	if v.notNil(req != nil) {
		v.name("ProjectName", req.ProjectName, required)
		v.name("DatasetName", req.DatasetName, required)
		v.fileURIs(req.URIs)
		v.withFields(req.WithFields)
	}
	if v.failed != nil {
		return nil, v.failed
	}
	return ask(ctx, c, v.action, func(p *wire.Params) {
		p.Text("DatasetName", req.DatasetName)
		p.Text("ProjectName", req.ProjectName)
		p.OptionalStrings("URIs", req.URIs)
		p.OptionalStrings("WithFields", req.WithFields)
	}, func(r *BatchGetFileMetaResponse) (string, bool) {
		return r.RequestID, r.RequestID != "" || r.Files != nil
	})
}

// DeleteFileMetaRequest names one file of a dataset.
type DeleteFileMetaRequest struct {
	ProjectName string // required
	DatasetName string // required
	URI         string // oss://bucket/object or pds://…; required
}

// DeleteFileMetaResponse is the answer to DeleteFileMeta.
type DeleteFileMetaResponse struct {
	RequestID string `json:"RequestId"`
}

// DeleteFileMeta takes one file out of the dataset. The file itself stays where
// it is; a binding that follows its bucket indexes it again when it changes. It
// succeeds as well if the file is not in the dataset.
//
// Errors match ErrNotFound if the project or the dataset does not exist. A URI
// that names no file, names against the rule and text that is not UTF-8 are a
// *ValidationError. DeleteFileMeta is safe for concurrent use.
//
// https://www.alibabacloud.com/help/en/imm/developer-reference/api-imm-2020-09-30-deletefilemeta
func (c *Client) DeleteFileMeta(ctx context.Context, req *DeleteFileMetaRequest) (*DeleteFileMetaResponse, error) {
	v := validator{action: "DeleteFileMeta"}
	if v.notNil(req != nil) {
		v.name("ProjectName", req.ProjectName, required)
		v.name("DatasetName", req.DatasetName, required)
		v.fileURI("URI", req.URI)
	}
	if v.failed != nil {
		return nil, v.failed
	}
	return ask(ctx, c, v.action, func(p *wire.Params) {
		p.Text("DatasetName", req.DatasetName)
		p.Text("ProjectName", req.ProjectName)
		p.Text("URI", req.URI)
	}, func(r *DeleteFileMetaResponse) (string, bool) { return r.RequestID, r.RequestID != "" })
}

// BatchDeleteFileMetaRequest names up to 100 files of a dataset.
type BatchDeleteFileMetaRequest struct {
	ProjectName string   // required
	DatasetName string   // required
	URIs        []string // 1 to 100
}

// BatchDeleteFileMetaResponse is the answer to BatchDeleteFileMeta.
type BatchDeleteFileMetaResponse struct {
	RequestID string `json:"RequestId"`
}

// BatchDeleteFileMeta takes 1 to 100 files out of the dataset. The files
// themselves stay where they are; a binding that follows their bucket indexes
// them again when they change. Files that are not in the dataset are no error.
//
// Errors match ErrNotFound if the project or the dataset does not exist. What is
// wrong with one URI, as URIs[37], is a *ValidationError, and nothing of the batch
// is sent; so are no URIs or more than 100, names against the rule, and text that
// is not UTF-8. BatchDeleteFileMeta is safe for concurrent use.
//
// https://www.alibabacloud.com/help/en/imm/developer-reference/api-imm-2020-09-30-batchdeletefilemeta
func (c *Client) BatchDeleteFileMeta(ctx context.Context, req *BatchDeleteFileMetaRequest) (*BatchDeleteFileMetaResponse, error) {
	v := validator{action: "BatchDeleteFileMeta"}
	if v.notNil(req != nil) {
		v.name("ProjectName", req.ProjectName, required)
		v.name("DatasetName", req.DatasetName, required)
		v.fileURIs(req.URIs)
	}
	if v.failed != nil {
		return nil, v.failed
	}
	return ask(ctx, c, v.action, func(p *wire.Params) {
		p.Text("DatasetName", req.DatasetName)
		p.Text("ProjectName", req.ProjectName)
		p.OptionalStrings("URIs", req.URIs)
	}, func(r *BatchDeleteFileMetaResponse) (string, bool) { return r.RequestID, r.RequestID != "" })
}

func (v *validator) fileURIs(uris []string) {
	if v.batch("URIs", "URIs", len(uris)) {
		v.eachFileURI(uris)
	}
}

func (v *validator) eachFileURI(uris []string) {
	for i, uri := range uris {
		if isOSSObject(uri) && utf8.ValidString(uri) {
			continue // no text is built for what is right
		}
		if v.fileURI(fmt.Sprintf("URIs[%d]", i), uri); v.failed != nil {
			return
		}
	}
}

// fileURI checks the URI of a file in a dataset.
func (v *validator) fileURI(field, uri string) {
	const want = "oss://bucket/object or pds://domains/{domain}/drives/{drive}/files/{file}/revisions/{revision}"
	switch {
	case uri == "":
		v.fail(field, "it is empty; want "+want)
	case !utf8.ValidString(uri):
		v.fail(field, notUTF8)
	case !isOSSObject(uri) && !isPDSFile(uri):
		v.fail(field, quote(uri)+" is not the URI of a file; want "+want)
	}
}

// withFields checks the names of fields to return. Which names there are is for
// the service to know.
func (v *validator) withFields(fields []string) {
	for i, name := range fields {
		switch {
		case name == "":
			v.fail(fmt.Sprintf("WithFields[%d]", i), "it is empty; want the name of a field of File as the service writes it, such as Size")
		case !utf8.ValidString(name):
			v.fail(fmt.Sprintf("WithFields[%d]", i), notUTF8)
		}
	}
}
