package notify

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/imm-go/imm"
)

// ErrForgotten is what the error of Batch.Wait matches if Forget was called while
// files were open.
var ErrForgotten = errors.New("the batch was forgotten")

// Batch is one call that was tracked. It is safe for concurrent use.
type Batch struct {
	tracker     *Tracker
	number      uint64
	projectName string
	datasetName string
	userData    string // the caller's own
	since       time.Time
	done        chan struct{}

	// What follows is guarded by the lock of the tracker.
	files      []trackedFile
	open       int // files without an outcome; 0 once the batch is over
	unreported int // outcomes whose report has not returned
	forgotten  int // files that were open when it was forgotten
	returned   bool
	requestID  string
	eventID    string
	ids        []uint64      // by which batchIDs knows it
	kept       []keptMessage // that wait for the call to return
}

// trackedFile is one file of a batch. There can be a million of them, so it has no
// more than matching needs.
type trackedFile struct {
	batch    *Batch
	uri      string
	customID string
	reason   string
	links    [2]fileLinks // by what it is indexed
	status   fileStatus
	twin     bool // the batch has the URI more than once
}

type fileStatus uint8

const (
	fileOpen fileStatus = iota
	fileIndexed
	fileFailed
)

func (s fileStatus) exported() Status {
	return [...]Status{fileOpen: StatusOpen, fileIndexed: StatusIndexed, fileFailed: StatusFailed}[s]
}

func (f *trackedFile) text(by int) string {
	if by == byURI {
		return f.uri
	}
	return f.customID
}

func newBatch(t *Tracker, projectName, datasetName, userData string, files []imm.InputFile) *Batch {
	b := &Batch{
		tracker:     t,
		projectName: projectName,
		datasetName: datasetName,
		userData:    userData,
		since:       time.Now(),
		done:        make(chan struct{}),
		files:       make([]trackedFile, len(files)),
		open:        len(files),
	}
	seen := make(map[string]*trackedFile, len(files))
	for i := range files {
		f := &b.files[i]
		*f = trackedFile{batch: b, uri: files[i].URI, customID: files[i].CustomID}
		if before := seen[f.uri]; before != nil {
			before.twin, f.twin = true, true
		} else {
			seen[f.uri] = f
		}
	}
	return b
}

// UserData is what the call has to send. It begins with what the tracker finds the
// call by, and ends with the caller's own text.
func (b *Batch) UserData() string { return b.tracker.prefix.userData(b.number, b.userData) }

// Accepted notes that the call returned without an error, and the ids of its
// answer; either may be empty. Messages that could be of this batch or of another
// one wait for it, so every call that was tracked needs Accepted or Forget. It may
// be called again, if the same call is made again.
func (b *Batch) Accepted(requestID, eventID string) {
	t := b.tracker
	t.mu.Lock()
	defer t.unlock()
	b.returned = true
	b.requestID, b.eventID = requestID, eventID
	t.ids.add(b, requestKind, requestID, true)
	t.ids.add(b, eventKind, eventID, true)
	t.release(b)
}

// Forget says that the call failed or that nobody waits for its files any more: no
// outcome of those that are open will be reported, and Wait ends. It does nothing
// if every file has its outcome.
func (b *Batch) Forget() {
	t := b.tracker
	t.mu.Lock()
	defer t.unlock()
	if b.open == 0 {
		return
	}
	t.stats.Open -= int64(b.open)
	t.stats.Forgotten += int64(b.open)
	b.forgotten, b.open = b.open, 0
	t.end(b)
}

// Done returns a channel that is closed when Wait need not wait: when every file
// has its outcome and the function of WithOutcomes has returned for it, or when
// the batch is forgotten.
func (b *Batch) Done() <-chan struct{} { return b.done }

// Wait returns the outcomes of all files, in the order of the call, once there are
// no more to come. Files that failed are no error: look at each Status. The error
// matches that of the context if it ends before, and its cause, so that a receiver
// which fails can end the wait ([context.WithCancelCause]). It matches ErrForgotten
// if the batch is forgotten with files open; it says how many are. The outcomes that
// are known come with these errors, too.
func (b *Batch) Wait(ctx context.Context) ([]Outcome, error) {
	select {
	case <-b.done:
	case <-ctx.Done():
		select {
		case <-b.done: // at the same time
		default:
			return b.ended(endOf(ctx))
		}
	}
	if b.wasForgotten() {
		return b.ended(ErrForgotten)
	}
	return b.Outcomes(), nil
}

// ended is how a wait ends too early.
func (b *Batch) ended(err error) ([]Outcome, error) {
	outcomes := b.Outcomes()
	open, example := 0, ""
	for i := range outcomes {
		if outcomes[i].Status != StatusOpen {
			continue
		}
		if open++; open == 1 {
			const enough = 200
			uri := outcomes[i].URI
			example = fmt.Sprintf(", such as %q", strings.ToValidUTF8(uri[:min(enough, len(uri))], ""))
		}
	}
	return outcomes, fmt.Errorf("notify: Batch.Wait: %w while %d of %d files are open%s", err, open, len(outcomes), example)
}

// endOf is the error of a context that ended, together with the cause that it was
// given.
func endOf(ctx context.Context) error {
	err, cause := ctx.Err(), context.Cause(ctx)
	if errors.Is(err, cause) {
		return err
	}
	return fmt.Errorf("%w (%w)", err, cause)
}

func (b *Batch) wasForgotten() bool {
	b.tracker.mu.Lock()
	defer b.tracker.mu.Unlock()
	return b.forgotten > 0
}

// Outcomes returns what is known of each file, in the order of the call.
func (b *Batch) Outcomes() []Outcome {
	b.tracker.mu.Lock()
	defer b.tracker.mu.Unlock()
	outcomes := make([]Outcome, len(b.files))
	for i := range b.files {
		outcomes[i] = b.files[i].outcome()
	}
	return outcomes
}

// appendOpen adds the files without an outcome, unless the batch is over.
func (b *Batch) appendOpen(to []Outcome) []Outcome {
	b.tracker.mu.Lock()
	defer b.tracker.mu.Unlock()
	if b.open == 0 {
		return to
	}
	for i := range b.files {
		if b.files[i].status == fileOpen {
			to = append(to, b.files[i].outcome())
		}
	}
	return to
}

func (f *trackedFile) outcome() Outcome {
	b := f.batch
	return Outcome{
		ProjectName: b.projectName, DatasetName: b.datasetName, URI: f.uri, CustomID: f.customID,
		Status: f.status.exported(), Reason: f.reason, Since: b.since,
		UserData: b.userData, RequestID: b.requestID, EventID: b.eventID,
	}
}
