package notify

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"

	"github.com/imm-go/imm"
)

// ErrTrackerFull is what an error matches that a tracker returns because it holds
// as much as it may: of Track, as many files as WithFileLimit says; of Handle, as
// many messages that wait for calls to return as it keeps.
var ErrTrackerFull = errors.New("the tracker is full")

// maxBatchFiles is the limit of the service.
const maxBatchFiles = 100

// Tracker matches messages to the calls that caused them, so that the outcome of
// each file is known once, whatever the order in which messages come, and however
// often.
//
// Calls go through BatchIndexFileMeta and IndexFileMeta of the tracker, or are
// noted with Track. Messages come from a handler or a receiver of this package
// whose callback is Handle. What became of the files is told by Batch.Wait, by
// the function of WithOutcomes, and by Open for those that have no answer yet. Those
// of lost messages get their outcome by Resolve.
//
// A tracker keeps what it knows in memory, so to a program that was started again
// the messages about older calls are unknown; WaitIndexed of the client tells there.
// To store outcomes so that none is lost, store each message in the callback, and
// then call Handle: if storing fails, return the error, and the message comes again.
// It starts no goroutine. What a message says is taken for true, so only verified
// ones may get to Handle.
//
// A Tracker is safe for concurrent use.
type Tracker struct {
	config trackerConfig
	prefix trackerPrefix

	mu          sync.Mutex
	next        uint64            // the number of the next batch
	batches     map[uint64]*Batch // those that are not over
	held        int               // files of batches
	uris        trackerIndex
	customIDs   trackerIndex
	ids         batchIDs
	places      filePlaces // to be used again
	keptBytes   int
	released    []keptMessage
	stats       TrackerStats
	decided     []outcomeReport // outcomes to report once the lock is free
	unreported  int             // outcomes whose report has not returned
	nothingOpen chan struct{}   // closed when no file is open any more; nil if none is
}

// NewTracker makes a tracker. An option that cannot be is an *imm.ValidationError.
func NewTracker(opts ...TrackerOption) (*Tracker, error) {
	config, err := newTrackerConfig(opts)
	if err != nil {
		return nil, err
	}
	return &Tracker{
		config:    config,
		prefix:    newTrackerPrefix(),
		batches:   make(map[uint64]*Batch),
		uris:      newTrackerIndex(byURI),
		customIDs: newTrackerIndex(byCustomID),
		ids:       newBatchIDs(),
	}, nil
}

// Track notes a call that is about to be made, for those who make it themselves:
// send Batch.UserData with it, and then say with Accepted or Forget how it ended.
// The call has 1 to 100 files. The same file may be in it twice, and in other
// batches.
//
// The userData is the caller's own and is handed back with each outcome. It shares
// the 2048 bytes that the service allows with 31 of the tracker's, so it has 2017
// at most; more is an *imm.ValidationError, as is a number of files that no call
// can have. The error matches ErrTrackerFull where the files go above the limit of
// the tracker.
func (t *Tracker) Track(projectName, datasetName, userData string, files []imm.InputFile) (*Batch, error) {
	return t.track("Tracker.Track", projectName, datasetName, userData, files)
}

func (t *Tracker) track(action, projectName, datasetName, userData string, files []imm.InputFile) (*Batch, error) {
	if n := len(files); n == 0 || n > maxBatchFiles {
		return nil, &imm.ValidationError{Action: action, Field: "Files", Reason: fmt.Sprintf("a call has 1 to %d files, not %d", maxBatchFiles, n)}
	}
	if left := maxUserData - userDataOverhead; len(userData) > left {
		return nil, &imm.ValidationError{Action: action, Field: "UserData", Reason: fmt.Sprintf(
			"it has %d bytes; want at most the %d that are left of %d beside the %d by which the tracker finds the call again", len(userData), left, maxUserData, userDataOverhead)}
	}
	b := newBatch(t, projectName, datasetName, userData, files)
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.held+len(files) > t.config.fileLimit {
		return nil, fmt.Errorf("notify: %s: %w: its batches have %d files, and with %d more it would be above its limit of %d; "+
			"wait for outcomes, Forget batches whose outcome nobody waits for, or raise WithFileLimit", action, ErrTrackerFull, t.held, len(files), t.config.fileLimit)
	}
	t.begin(b)
	return b, nil
}

// begin puts a batch where messages find it.
func (t *Tracker) begin(b *Batch) {
	b.number = t.next
	t.next++
	t.batches[b.number] = b
	for i := range b.files {
		f := &b.files[i]
		t.uris.add(f)
		t.customIDs.add(f)
	}
	t.held += len(b.files)
	t.stats.Tracked += int64(len(b.files))
	t.stats.Open += int64(len(b.files))
	if t.nothingOpen == nil {
		t.nothingOpen = make(chan struct{})
	}
}

// end takes away all that the tracker has of a batch without open files, but for
// the ids of its messages: these tell a late message from one that is unknown.
func (t *Tracker) end(b *Batch) {
	delete(t.batches, b.number)
	if len(t.batches) == 0 {
		t.batches = make(map[uint64]*Batch) // a map that was large stays so
	}
	for i := range b.files {
		t.uris.remove(&b.files[i])
		t.customIDs.remove(&b.files[i])
	}
	t.held -= len(b.files)
	t.ids.end(b)
	t.release(b)
	t.wake(b)
}

// wake ends the waits for which there is nothing left to wait.
func (t *Tracker) wake(b *Batch) {
	if b.open == 0 && b.unreported == 0 {
		close(b.done)
	}
	if t.stats.Open == 0 && t.unreported == 0 {
		close(t.nothingOpen)
		t.nothingOpen = nil
	}
}

// Wait returns when no file is open: when every file that was tracked is indexed,
// has failed or was forgotten, and the function of WithOutcomes has returned for
// it. If the context ends before, the error matches the context's and its cause,
// and says how many files are open.
func (t *Tracker) Wait(ctx context.Context) error {
	t.mu.Lock()
	nothingOpen := t.nothingOpen
	t.mu.Unlock()
	if nothingOpen == nil {
		return nil
	}
	select {
	case <-nothingOpen:
	case <-ctx.Done():
		select {
		case <-nothingOpen: // at the same time
		default:
			return fmt.Errorf("notify: Tracker.Wait: %w while %d files are open", endOf(ctx), t.Stats().Open)
		}
	}
	return nil
}

// Open returns the files without an outcome, those that wait longest first. The
// message of one that waits for long may be lost: Resolve gives it an outcome. It
// does not stop the tracker while it collects them, so a file whose outcome comes
// meanwhile may be missing.
func (t *Tracker) Open() []Outcome {
	t.mu.Lock()
	batches := make([]*Batch, 0, len(t.batches))
	for _, b := range t.batches {
		batches = append(batches, b)
	}
	t.mu.Unlock()
	slices.SortFunc(batches, func(a, b *Batch) int { return cmp.Compare(a.number, b.number) })
	var open []Outcome
	for _, b := range batches {
		open = b.appendOpen(open)
	}
	return open
}

// Stats returns the counts since NewTracker.
func (t *Tracker) Stats() TrackerStats {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.stats
}
