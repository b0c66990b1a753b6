package imm

import (
	"cmp"
	"context"
	"fmt"
	"time"

	"github.com/imm-go/imm/internal/retry"
)

// defaultFileLimit is how long a file may take unless WithFileLimit says
// otherwise: work that queues at the service is given up by it after some tens of
// minutes.
const defaultFileLimit = time.Hour

// WithFileLimit says how long WaitIndexed waits for a file, from its beginning; a
// file that is neither indexed nor failed by then is OutcomeOverdue. It must be
// above zero. The default is an hour. WaitBinding refuses it.
func WithFileLimit(d time.Duration) WaitOption {
	return func(o *waitOptions) error {
		switch {
		case o.action != actionWaitIndexed:
			return &ValidationError{Action: o.action, Field: "WithFileLimit", Reason: "it is for WaitIndexed; give the context a deadline instead"}
		case d <= 0:
			return &ValidationError{Action: o.action, Field: "WithFileLimit", Reason: fmt.Sprintf("%v is not a limit; want a time above zero", d)}
		}
		o.limit = d
		return nil
	}
}

const actionWaitIndexed = "WaitIndexed"

// WaitIndexedRequest names the files to wait for.
type WaitIndexedRequest struct {
	ProjectName string   // required
	DatasetName string   // required
	URIs        []string // any number; the same one may come more than once
	// Since is the time, by the clock of the service, at or after which a file
	// must have been indexed. Zero takes what is in the dataset already.
	Since time.Time
}

// WaitIndexed waits until the outcome of every file is known, for those who have
// no topic to receive messages from: it asks for the files with BatchGetFileMeta,
// 100 at a time, and again and again for those that are still open. Every URI of
// the request has exactly one outcome, in the order of the request.
//
// A file is
//   - OutcomeFailed if the dataset has it with a Reason, whatever its status;
//   - OutcomeIndexed if the dataset has it with ObjectStatus Indexed and no Reason;
//   - OutcomeOverdue if neither is so when the limit is over (WithFileLimit, an
//     hour by default). This is also how a file ends that does not exist or was
//     never handed in, because the service says nothing of such files.
//
// With Since, the first two count only if the UpdateTime of the file is not before
// it, so that the index of yesterday is not taken for that of today. UpdateTime is
// by the service's clock: take Since before the files are handed in, and subtract
// a minute or so if the clock of this machine may be ahead. A file that was indexed
// in that minute, as by a binding, then counts at once; where that matters, note its
// UpdateTime before. UpdateFileMeta changes UpdateTime, too, so wait before updating.
//
// The pause between two rounds grows from 1 to 30 seconds, or is constant with
// WithPollInterval, and the last round is at the limit. Requests are sent one after
// the other and within the rate limit of the client: one a round for each 100 files
// that are still open. The service may charge for them.
//
// The error is nil if every outcome is known, even if files failed: ask Err of the
// outcomes. An error of BatchGetFileMeta, after its own repeats, ends the wait; so
// does the end of the context, or of what would be its end before the next round,
// with a *RequestError that matches the context's. The outcomes come with these
// errors as well: what is still open is OutcomeUnknown. What is wrong with one
// URI, as URIs[37], is a *ValidationError without outcomes; so are no URIs and
// names against the rule.
//
// WaitIndexed is safe for concurrent use.
func (c *Client) WaitIndexed(ctx context.Context, req *WaitIndexedRequest, opts ...WaitOption) (FileOutcomes, error) {
	v := validator{action: actionWaitIndexed}
	if v.notNil(req != nil) {
		v.name("ProjectName", req.ProjectName, required)
		v.name("DatasetName", req.DatasetName, required)
		if len(req.URIs) == 0 {
			v.fail("URIs", "it is empty; want the URIs of the files to wait for")
		}
		v.eachFileURI(req.URIs)
	}
	if v.failed != nil {
		return nil, v.failed
	}
	options, err := newWaitOptions(v.action, opts)
	if err != nil {
		return nil, err
	}
	w := newIndexWait(req)
	err = w.run(ctx, c, options)
	return w.outcomes(req.URIs), err
}

// indexWait is what WaitIndexed knows of its files.
type indexWait struct {
	get   BatchGetFileMetaRequest // but for the URIs
	since time.Time
	files map[string]FileOutcome
	open  []string // in the order of the request, each once
	polls int
}

func newIndexWait(req *WaitIndexedRequest) *indexWait {
	w := &indexWait{
		get: BatchGetFileMetaRequest{
			ProjectName: req.ProjectName, DatasetName: req.DatasetName,
			WithFields: []string{"URI", "ObjectStatus", "Reason", "UpdateTime"},
		},
		since: req.Since,
		files: make(map[string]FileOutcome, len(req.URIs)),
		open:  make([]string, 0, len(req.URIs)),
	}
	for _, uri := range req.URIs {
		if _, known := w.files[uri]; !known {
			w.files[uri] = FileOutcome{URI: uri, Status: OutcomeUnknown, Reason: "it was not asked for yet"}
			w.open = append(w.open, uri)
		}
	}
	return w
}

func (w *indexWait) run(ctx context.Context, c *Client, options waitOptions) error {
	end := time.Now().Add(options.limit)
	for interval := firstPoll; ; interval = min(interval*3/2, lastPoll) {
		last := !time.Now().Before(end)
		if err := w.round(ctx, c); err != nil || len(w.open) == 0 {
			return err
		}
		if last {
			w.giveUp(options.limit)
			return nil
		}
		wait := min(cmp.Or(options.interval, interval), max(0, time.Until(end)))
		if err := retry.Sleep(ctx, wait); err != nil {
			doing := fmt.Sprintf("while waiting for %d of %d files, such as %s: %s", len(w.open), len(w.files), quote(w.open[0]), w.files[w.open[0]].Reason)
			return &RequestError{Action: actionWaitIndexed, Attempts: w.polls, Err: &endedError{ended: err, doing: doing}, ended: true}
		}
	}
}

// round asks once for each file that is open. Those that still are stay in open.
func (w *indexWait) round(ctx context.Context, c *Client) error {
	asked := w.open
	w.open = asked[:0]
	for len(asked) > 0 {
		n := min(maxFiles, len(asked))
		get := w.get
		get.URIs = asked[:n]
		resp, err := c.BatchGetFileMeta(ctx, &get)
		if err != nil {
			w.open = append(w.open, asked...)
			return err
		}
		w.polls++
		w.see(get.URIs, resp.Files)
		asked = asked[n:]
	}
	return nil
}

// see takes down what a poll says of the files it asked for.
func (w *indexWait) see(asked []string, files []File) {
	found := make(map[string]*File, len(files))
	for i := range files {
		found[files[i].URI] = &files[i]
	}
	for _, uri := range asked {
		outcome := w.judge(uri, found[uri])
		w.files[uri] = outcome
		if outcome.Status == OutcomeUnknown {
			w.open = append(w.open, uri)
		}
	}
}

// judge is the outcome of one file, which is nil if the dataset has none.
func (w *indexWait) judge(uri string, f *File) FileOutcome {
	o := FileOutcome{URI: uri, Status: OutcomeUnknown}
	if f == nil {
		o.Reason = "it is not in the dataset"
		return o
	}
	o.UpdateTime = f.UpdateTime
	switch {
	case !w.since.IsZero() && f.UpdateTime.IsZero():
		o.Reason = "the dataset does not say when it was updated"
	case f.UpdateTime.Before(w.since):
		o.Reason = "what the dataset has of it is from " + f.UpdateTime.Format(time.RFC3339Nano) + ", which is before " + w.since.Format(time.RFC3339Nano)
	case f.Reason != "":
		o.Status, o.Reason = OutcomeFailed, f.Reason
	case f.ObjectStatus == ObjectIndexed:
		o.Status = OutcomeIndexed
	default:
		o.Reason = "its status is " + quote(string(f.ObjectStatus))
	}
	return o
}

func (w *indexWait) giveUp(limit time.Duration) {
	for _, uri := range w.open {
		o := w.files[uri]
		o.Status, o.Reason = OutcomeOverdue, fmt.Sprintf("not indexed within %v: %s", limit, o.Reason)
		w.files[uri] = o
	}
	w.open = nil
}

func (w *indexWait) outcomes(uris []string) FileOutcomes {
	all := make(FileOutcomes, len(uris))
	for i, uri := range uris {
		all[i] = w.files[uri]
	}
	return all
}
