package imm

import (
	"context"

	"github.com/imm-go/imm/internal/wire"
)

// IndexFileMetaRequest names one file to index.
type IndexFileMetaRequest struct {
	ProjectName  string       // required
	DatasetName  string       // required
	File         InputFile    // required
	Notification Notification // where the outcome is reported; zero: nowhere
	UserData     string       // is said to come back in the report; at most 2048 bytes
}

// IndexFileMetaResponse is the answer to IndexFileMeta: the file was accepted,
// not yet indexed.
type IndexFileMetaResponse struct {
	RequestID string `json:"RequestId"`
	EventID   string `json:"EventId"`
}

// IndexFileMeta has one file indexed. The service answers at once and works
// later, from seconds to minutes or more: the outcome comes in a message to the
// topic that the Notification names, which ParseIndexMessage reads. A file that
// is indexed already is indexed again. Indexing costs money for each file.
//
// Errors match ErrNotFound if the project or the dataset does not exist. A URI
// that names no file, a pds URI without a FileHash, a UserData above 2048 bytes
// and text that is not UTF-8 are a *ValidationError. That the file itself does
// not exist is told by the message only.
//
// IndexFileMeta is safe for concurrent use.
//
// https://www.alibabacloud.com/help/en/imm/developer-reference/api-imm-2020-09-30-indexfilemeta
func (c *Client) IndexFileMeta(ctx context.Context, req *IndexFileMetaRequest) (*IndexFileMetaResponse, error) {
	v := validator{action: "IndexFileMeta"}
	if v.notNil(req != nil) {
		v.name("ProjectName", req.ProjectName, required)
		v.name("DatasetName", req.DatasetName, required)
		v.file(oneFile, &req.File)
		v.notification(&req.Notification)
		v.userData(req.UserData)
	}
	if v.failed != nil {
		return nil, v.failed
	}
	var resp IndexFileMetaResponse
	x := newExchange(v.action, &resp)
	x.params.Text("DatasetName", req.DatasetName)
	writeInputFile(x.params.Write("File"), &req.File)
	writeReport(x.params, req.ProjectName, &req.Notification, req.UserData)
	if err := c.call(ctx, x); err != nil {
		return nil, err
	}
	return &resp, nil
}

// BatchIndexFileMetaRequest names up to 100 files to index.
type BatchIndexFileMetaRequest struct {
	ProjectName  string       // required
	DatasetName  string       // required
	Files        []InputFile  // 1 to 100
	Notification Notification // where the outcome is reported; zero: nowhere
	UserData     string       // comes back in the report on MNS only; at most 2048 bytes
}

// BatchIndexFileMetaResponse is the answer to BatchIndexFileMeta: the files were
// accepted, not yet indexed.
type BatchIndexFileMetaResponse struct {
	RequestID string `json:"RequestId"`
	EventID   string `json:"EventId"`
}

// BatchIndexFileMeta has 1 to 100 files indexed. The service answers at once and
// works later, from seconds to minutes or more: one message for all files comes
// to the topic that the Notification names, and ParseIndexMessage tells from it
// which of them are indexed. MNS discards a message above 64 KB, which 100 files
// with long URIs and labels can cause. Indexing costs money for each file.
//
// Errors match ErrNotFound if the project or the dataset does not exist. What is
// wrong with one file, as Files[37].URI, is a *ValidationError, and nothing of
// the batch is sent; so are no files or more than 100, a UserData above 2048
// bytes and text that is not UTF-8. That a file does not exist is told by the
// message only.
//
// BatchIndexFileMeta is safe for concurrent use.
//
// https://www.alibabacloud.com/help/en/imm/developer-reference/api-imm-2020-09-30-batchindexfilemeta
func (c *Client) BatchIndexFileMeta(ctx context.Context, req *BatchIndexFileMetaRequest) (*BatchIndexFileMetaResponse, error) {
	v := validator{action: "BatchIndexFileMeta"}
	// To look at every text of a hundred files costs nearly as much as to write
	// them, so whether their bytes are text is asked once they are written.
	quick := req != nil && areSound(req.Files)
	if !v.batchIndex(req, quick) {
		return nil, v.failed
	}
	var resp BatchIndexFileMetaResponse
	x := newExchange(v.action, &resp)
	x.params.Text("DatasetName", req.DatasetName)
	files := x.params.Write("Files")
	writeArray(files, req.Files, writeInputFile)
	if quick && files.BeyondASCII() && !v.batchIndex(req, false) {
		x.params.Release()
		return nil, v.failed
	}
	writeReport(x.params, req.ProjectName, &req.Notification, req.UserData)
	if err := c.call(ctx, x); err != nil {
		return nil, err
	}
	return &resp, nil
}

// batchIndex checks a request, except for the files where these are sound.
func (v *validator) batchIndex(req *BatchIndexFileMetaRequest, sound bool) bool {
	if v.notNil(req != nil) {
		v.name("ProjectName", req.ProjectName, required)
		v.name("DatasetName", req.DatasetName, required)
		if !sound {
			v.files(req.Files)
		}
		v.notification(&req.Notification)
		v.userData(req.UserData)
	}
	return v.failed == nil
}

// areSound reports whether the files are a batch in which nothing can be wrong but
// bytes that are not UTF-8. Where it cannot tell at a glance, it says no.
func areSound(files []InputFile) bool {
	for i := range files {
		f := &files[i]
		if !isOSSObject(f.URI) || f.OSSURI != "" || f.Labels != nil || !f.ProduceTime.IsZero() {
			return false
		}
	}
	return len(files) > 0 && len(files) <= maxFiles
}

// writeReport adds the parameters that come after the files.
func writeReport(params *wire.Params, projectName string, notification *Notification, userData string) {
	if *notification != (Notification{}) {
		writeNotification(params.Write("Notification"), notification)
	}
	params.Text("ProjectName", projectName)
	params.OptionalText("UserData", userData)
}

func (r *IndexFileMetaResponse) decode(data []byte) bool {
	return decodeAccepted(data, &r.RequestID, &r.EventID)
}

func (r *BatchIndexFileMetaResponse) decode(data []byte) bool {
	return decodeAccepted(data, &r.RequestID, &r.EventID)
}

func (r *IndexFileMetaResponse) id() string      { return r.RequestID }
func (r *BatchIndexFileMetaResponse) id() string { return r.RequestID }

// decodeAccepted wants an id by which the work can be asked for, and no code of
// an error beside it.
func decodeAccepted(data []byte, requestID, eventID *string) bool {
	refused := false
	*requestID, *eventID = "", "" // an answer before may have been no success
	ok := wire.Members(data, func(name, value []byte) {
		switch string(name) {
		case "RequestId":
			*requestID, _ = wire.Text(value)
		case "EventId":
			*eventID, _ = wire.Text(value)
		case "Code":
			refused = true
		}
	})
	return ok && !refused && (*requestID != "" || *eventID != "")
}
