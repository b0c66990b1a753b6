package notify

import (
	"context"

	"github.com/imm-go/imm"
)

// BatchIndexFileMeta makes the call of that name with the client and tracks its
// files. The request is not changed: what is sent has the UserData of the tracker,
// which ends with that of the request. So that has 2017 bytes at most, and is
// handed back with each outcome.
//
// If the call fails, the batch is forgotten and the error is that of the call, or
// one that Track returns. Where the service did the work although no answer came,
// its message changes nothing.
//
// The outcomes come to the topic that the Notification names, so somebody has to
// receive the messages and give them to Handle. Indexing costs money for each file.
func (t *Tracker) BatchIndexFileMeta(ctx context.Context, client *imm.Client, req *imm.BatchIndexFileMetaRequest) (*Batch, error) {
	const action = "BatchIndexFileMeta"
	if err := checkTrackedCall(action, client != nil, req != nil); err != nil {
		return nil, err
	}
	b, err := t.track(action, req.ProjectName, req.DatasetName, req.UserData, req.Files)
	if err != nil {
		return nil, err
	}
	sent := *req
	sent.UserData = b.UserData()
	resp, err := client.BatchIndexFileMeta(ctx, &sent)
	if err != nil {
		b.Forget()
		return nil, err
	}
	b.Accepted(resp.RequestID, resp.EventID)
	return b, nil
}

// IndexFileMeta makes the call of that name with the client and tracks its file.
// Everything else is as with BatchIndexFileMeta.
func (t *Tracker) IndexFileMeta(ctx context.Context, client *imm.Client, req *imm.IndexFileMetaRequest) (*Batch, error) {
	const action = "IndexFileMeta"
	if err := checkTrackedCall(action, client != nil, req != nil); err != nil {
		return nil, err
	}
	b, err := t.track(action, req.ProjectName, req.DatasetName, req.UserData, []imm.InputFile{req.File})
	if err != nil {
		return nil, err
	}
	sent := *req
	sent.UserData = b.UserData()
	resp, err := client.IndexFileMeta(ctx, &sent)
	if err != nil {
		b.Forget()
		return nil, err
	}
	b.Accepted(resp.RequestID, resp.EventID)
	return b, nil
}

func checkTrackedCall(action string, hasClient, hasRequest bool) error {
	switch {
	case !hasClient:
		return &imm.ValidationError{Action: action, Field: "client", Reason: "it is nil; want one of imm.NewClient"}
	case !hasRequest:
		return &imm.ValidationError{Action: action, Field: "req", Reason: "the request is nil; want a pointer to a request"}
	}
	return nil
}
