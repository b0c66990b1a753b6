package imm

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/imm-go/imm/internal/wire"
)

// FileUpdate says what to change of one file in a dataset: the part of InputFile
// that the service changes by an update. Everything else changes only when the
// file is indexed again. What is nil stays as it is; an empty map or slice that
// is not nil, and a pointer to an empty text, are sent and take away what is
// there.
type FileUpdate struct {
	// URI is oss://bucket/object or pds://…; it is required.
	URI string
	// OSSURI and FileHash are for files with a pds URI.
	OSSURI   string
	FileHash string
	// CustomID is the caller's own id of the file; new("") takes it away.
	CustomID *string
	// CustomLabels replace all labels of the caller's own that the file has. A
	// file has at most 100 keys, which the service checks.
	CustomLabels map[string]string
	// Figures are the figures whose groups are to change.
	Figures []InputFileFigure
}

// UpdateFileMetaRequest says what to change of one file.
type UpdateFileMetaRequest struct {
	ProjectName string     // required
	DatasetName string     // required
	File        FileUpdate // required
}

// UpdateFileMetaResponse is the answer to UpdateFileMeta.
type UpdateFileMetaResponse struct {
	RequestID string `json:"RequestId"`
}

// UpdateFileMeta changes the custom id, the custom labels and the figures of one
// file in the dataset, at once. It does not read the file again.
//
// Errors match ErrNotFound if the project, the dataset or the file in it does not
// exist. A URI that names no file, names against the rule and text that is not
// UTF-8 are a *ValidationError. UpdateFileMeta is safe for concurrent use; of two
// updates of the same file, one wins.
//
// https://www.alibabacloud.com/help/en/imm/developer-reference/api-imm-2020-09-30-updatefilemeta
func (c *Client) UpdateFileMeta(ctx context.Context, req *UpdateFileMetaRequest) (*UpdateFileMetaResponse, error) {
	v := validator{action: "UpdateFileMeta"}
	if v.notNil(req != nil) {
		v.name("ProjectName", req.ProjectName, required)
		v.name("DatasetName", req.DatasetName, required)
		v.fileUpdate(oneFile, &req.File)
	}
	if v.failed != nil {
		return nil, v.failed
	}
	return ask(ctx, c, v.action, func(p *wire.Params) {
		p.Text("DatasetName", req.DatasetName)
		p.JSON("File", func(dst []byte) []byte { return appendFileUpdate(dst, &req.File) })
		p.Text("ProjectName", req.ProjectName)
	}, func(r *UpdateFileMetaResponse) (string, bool) { return r.RequestID, r.RequestID != "" })
}

// BatchUpdateFileMetaRequest says what to change of up to 100 files.
type BatchUpdateFileMetaRequest struct {
	ProjectName string       // required
	DatasetName string       // required
	Files       []FileUpdate // 1 to 100
}

// BatchUpdateFileMetaResponse is the answer to BatchUpdateFileMeta: that the call
// succeeded says nothing of the single files, so ask Err or look at each.
type BatchUpdateFileMetaResponse struct {
	// Files has a result for every file of the request: those that the service
	// gave, and behind them one without Success for each file it said nothing of.
	Files     []UpdatedFile `json:"Files"`
	RequestID string        `json:"RequestId"`
}

// UpdatedFile is what became of the update of one file.
type UpdatedFile struct {
	URI     string `json:"URI"`
	Success bool   `json:"Success"`
	Message string `json:"Message,omitzero"` // why Success is false
}

// BatchUpdateFileMeta changes the custom ids, the custom labels and the figures
// of 1 to 100 files in the dataset, at once. It does not read the files again.
//
// The call succeeds even if single files fail, as one does that is not in the
// dataset or would have more than 100 labels: use Err of the response. No limit
// of the number of files is published; 100 is that of the other batches.
//
// Errors match ErrNotFound if the project or the dataset does not exist. What is
// wrong with one file, as Files[37].URI, is a *ValidationError, and nothing of the
// batch is sent; so are no files or more than 100, names against the rule, and
// text that is not UTF-8. BatchUpdateFileMeta is safe for concurrent use; of two
// updates of the same file, one wins.
//
// https://www.alibabacloud.com/help/en/imm/developer-reference/api-imm-2020-09-30-batchupdatefilemeta
func (c *Client) BatchUpdateFileMeta(ctx context.Context, req *BatchUpdateFileMetaRequest) (*BatchUpdateFileMetaResponse, error) {
	v := validator{action: "BatchUpdateFileMeta"}
	if v.notNil(req != nil) {
		v.name("ProjectName", req.ProjectName, required)
		v.name("DatasetName", req.DatasetName, required)
		v.fileUpdates(req.Files)
	}
	if v.failed != nil {
		return nil, v.failed
	}
	resp, err := ask(ctx, c, v.action, func(p *wire.Params) {
		p.Text("DatasetName", req.DatasetName)
		p.JSON("Files", func(dst []byte) []byte { return wire.AppendArray(dst, req.Files, appendFileUpdate) })
		p.Text("ProjectName", req.ProjectName)
	}, func(r *BatchUpdateFileMetaResponse) (string, bool) {
		return r.RequestID, r.RequestID != "" || r.Files != nil
	})
	if err != nil {
		return nil, err
	}
	for i := range req.Files {
		uri := req.Files[i].URI
		if !slices.ContainsFunc(resp.Files, func(f UpdatedFile) bool { return f.URI == uri }) {
			resp.Files = append(resp.Files, UpdatedFile{URI: uri, Message: "the answer says nothing of this file, so whether it was updated is not known"})
		}
	}
	return resp, nil
}

// Failed returns the files that were not updated, or of which that is not known.
// It is nil if there are none.
func (r *BatchUpdateFileMetaResponse) Failed() []UpdatedFile {
	var failed []UpdatedFile
	for _, f := range r.Files {
		if !f.Success {
			failed = append(failed, f)
		}
	}
	return failed
}

// Err returns nil only if every file of the request was updated. Otherwise the
// error names the first files that were not, and why.
func (r *BatchUpdateFileMetaResponse) Err() error {
	failed := r.Failed()
	switch {
	case len(r.Files) == 0:
		return errors.New("imm: the answer names no file, so whether any was updated is not known")
	case len(failed) == 0:
		return nil
	}
	const shown = 3
	var b strings.Builder
	fmt.Fprintf(&b, "imm: %d of %d files not updated: ", len(failed), len(r.Files))
	for i, f := range failed[:min(shown, len(failed))] {
		if i > 0 {
			b.WriteString("; ")
		}
		reason := f.Message
		if reason == "" {
			reason = "the answer does not say why"
		}
		b.WriteString(quote(f.URI) + ": " + oneLine(reason))
	}
	if more := len(failed) - shown; more > 0 {
		fmt.Fprintf(&b, "; and %d more", more)
	}
	return errors.New(b.String())
}

func (v *validator) fileUpdates(files []FileUpdate) {
	if !v.batch("Files", "files", len(files)) {
		return
	}
	for i := range files {
		if v.fileUpdate(i, &files[i]); v.failed != nil {
			return
		}
	}
}

func (v *validator) fileUpdate(index int, f *FileUpdate) {
	at := "File."
	if index != oneFile {
		at = fmt.Sprintf("Files[%d].", index)
	}
	v.fileURI(at+"URI", f.URI)
	if f.OSSURI != "" && !isOSSObject(f.OSSURI) {
		v.fail(at+"OSSURI", quote(f.OSSURI)+" is not the URI of an object; want oss://bucket/object")
	}
	v.text(at+"OSSURI", f.OSSURI, optional)
	v.text(at+"FileHash", f.FileHash, optional)
	if f.CustomID != nil {
		v.text(at+"CustomID", *f.CustomID, optional)
	}
	for _, key := range sortedKeys(f.CustomLabels) {
		if !utf8.ValidString(key) || !utf8.ValidString(f.CustomLabels[key]) {
			v.fail(fmt.Sprintf("%sCustomLabels[%q]", at, oneLine(key)), notUTF8)
		}
	}
	for i, figure := range f.Figures {
		if !utf8.ValidString(figure.FigureID) || !utf8.ValidString(figure.FigureClusterID) || !utf8.ValidString(figure.FigureType) {
			v.fail(fmt.Sprintf("%sFigures[%d]", at, i), notUTF8)
		}
	}
}

func appendFileUpdate(dst []byte, f *FileUpdate) []byte {
	o := wire.BeginObject(dst)
	o.Text("URI", f.URI)
	o.Text("OSSURI", f.OSSURI)
	o.Text("FileHash", f.FileHash)
	if f.CustomID != nil {
		o.Value("CustomId", func(dst []byte) []byte { return wire.AppendString(dst, *f.CustomID) })
	}
	if f.CustomLabels != nil {
		o.Value("CustomLabels", func(dst []byte) []byte { return appendLabels(dst, f.CustomLabels) })
	}
	if f.Figures != nil {
		o.Value("Figures", func(dst []byte) []byte { return wire.AppendArray(dst, f.Figures, appendFigure) })
	}
	return o.End()
}
