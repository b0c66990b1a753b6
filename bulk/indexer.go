package bulk

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/imm-go/imm"
)

// Indexer indexes files into one dataset. It has one run: either Run, RunSource
// or Results takes files from a list until that ends, or Add takes them one by one
// until Close. Add may be used beside a run, too.
//
// Every file that went in has exactly one Result in the end, whatever happens: it
// went in if Add returned nil for it, or if a run took it from the list.
//
// An Indexer is safe for concurrent use. Goroutines run only while there is
// something to send or to report, so one that is idle costs none; yet only Close
// tells that all is done.
type Indexer struct {
	client   *imm.Client
	config   Config
	pace     *pacer
	ceiling  sync.Once
	started  sync.Once     // see observeStart
	turn     chan struct{} // held by the Add that waits for room, so that they come in order
	room     chan struct{} // has something in it where there may be room again
	halted   chan struct{} // closed by halt
	closing  chan struct{} // closed by Close
	onResult func(context.Context, Result)

	mu         sync.Mutex
	phase      phase
	ran        bool
	ended      error           // why the run stopped before its end; nil: it did not
	calls      context.Context // of calls; ends a grace period after a halt
	endCalls   context.CancelFunc
	records    context.Context // of the journal and of OnResult; ends one more grace period after
	endRecords context.CancelFunc
	asks       context.Context // of requests that only ask; ends with a halt
	endAsks    context.CancelFunc
	observed   context.Context // of RunDone; nil: the run has not begun
	timers     []*time.Timer   // of the grace periods

	waiting    int                 // Adds that wait for room
	filling    *batch              // nil: none
	queue      []*batch            // to be sent; those that are sent again come first
	live       map[*batch]struct{} // that are not reported
	batches    int64               // that were begun
	slots      int                 // batches in memory that do not wait for a confirmation
	unreported int                 // files without a reported outcome
	free       []*batch            // to be filled again
	order      order

	working    int // calls that are made, or wait for their time
	width      width
	breaker    breaker
	outage     time.Time // when a call last failed because the service was unavailable
	wake       *time.Timer
	refusal    string   // of the last files, as long as none was accepted
	refusals   int      // how many in a row there were for that reason
	news       []*batch // that have something to report
	reporting  bool
	report     reportRoom
	unrecorded error // of the journal; the goroutine that reports has it

	begun   time.Time
	summary Summary
}

type phase uint8

const (
	phaseOpen    phase = iota
	phaseClosing       // files come from OnResult only
	phaseOver
)

// New makes an Indexer. It sends nothing. A nil client and a Config that makes no
// sense are an *imm.ValidationError.
func New(client *imm.Client, config Config) (*Indexer, error) {
	if client == nil {
		return nil, &imm.ValidationError{Action: "bulk.New", Field: "client", Reason: "it is nil; make one with imm.NewClient"}
	}
	config, err := config.complete()
	if err != nil {
		return nil, err
	}
	x := &Indexer{
		client: client, config: config, pace: newPacer(), onResult: config.OnResult,
		turn: make(chan struct{}, 1), room: make(chan struct{}, 1),
		halted: make(chan struct{}), closing: make(chan struct{}),
		live: make(map[*batch]struct{}), width: newWidth(config.Concurrency),
	}
	x.setContext(context.Background())
	return x, nil
}

// setContext says whose values calls, the journal and OnResult see. What ends is
// for halt to say.
func (x *Indexer) setContext(ctx context.Context) {
	ctx = context.WithoutCancel(ctx)
	x.calls, x.endCalls = context.WithCancel(ctx)
	x.records, x.endRecords = context.WithCancel(context.WithValue(ctx, reportKey{x}, true))
	x.asks, x.endAsks = context.WithCancel(ctx)
}

// endAll lets go of the contexts.
func (x *Indexer) endAll() {
	x.endAsks()
	x.endCalls()
	x.endRecords()
}

// reportKey is a key that the context of OnResult has for each Indexer: one may work
// in the OnResult of another.
type reportKey struct{ x *Indexer }

// isReporting reports whether ctx is that of OnResult.
func (x *Indexer) isReporting(ctx context.Context) bool { return ctx.Value(reportKey{x}) != nil }

// Flush sends what has been added so far, and returns when all of it has been
// reported. Files that are added meanwhile are not waited for. That files failed
// is no error; why the run stopped, if it did, is one. The error matches that of
// the context if it ends before, and then nothing is stopped; after Close it is
// ErrClosed. Flush is safe for concurrent use, but not from OnResult.
func (x *Indexer) Flush(ctx context.Context) error {
	if x.isReporting(ctx) {
		return errors.New("bulk: Flush in OnResult would wait for itself; call it elsewhere")
	}
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.phase != phaseOpen {
		return fmt.Errorf("bulk: nothing to flush: %w", ErrClosed)
	}
	x.seal()
	for last := x.batches; ; {
		var reported <-chan struct{} // of one that is not
		for b := range x.live {
			if b.number <= last {
				reported = b.done
				break
			}
		}
		if reported == nil {
			return x.ended
		}
		x.mu.Unlock()
		select {
		case <-reported:
			x.mu.Lock()
		case <-ctx.Done():
			x.mu.Lock()
			return fmt.Errorf("bulk: not everything is flushed: %w", ctx.Err())
		}
	}
}

// Close sends what is left, waits until every file is reported, and returns what
// became of them all. If the context ends before, the run is stopped: calls that
// are under way may end within the grace period, and all other files are Unsent.
//
// That files failed is no error. The error says why the run was stopped, if it
// was; it matches that of the context if that is why. A second Close is ErrClosed,
// at once, and so is one beside or after a run, which closes the Indexer itself.
// Close is safe for concurrent use, but not from OnResult.
func (x *Indexer) Close(ctx context.Context) (Summary, error) {
	if x.isReporting(ctx) {
		return Summary{}, errors.New("bulk: Close in OnResult would wait for itself; call it elsewhere")
	}
	return x.close(ctx, false)
}

// close is that of a run, or of the user.
func (x *Indexer) close(ctx context.Context, ofRun bool) (Summary, error) {
	x.mu.Lock()
	switch {
	case x.phase != phaseOpen:
		x.mu.Unlock()
		return Summary{}, fmt.Errorf("bulk: nothing to close: %w", ErrClosed)
	case x.ran && !ofRun:
		x.mu.Unlock()
		return Summary{}, fmt.Errorf("bulk: a run closes the indexer itself, and ends when its context does: %w", ErrClosed)
	}
	x.phase = phaseClosing
	close(x.closing)
	x.seal()
	x.mu.Unlock()
	defer context.AfterFunc(ctx, func() { x.haltWith(ctx) })()
	return x.finish()
}

// finish waits until all is reported.
func (x *Indexer) finish() (Summary, error) {
	x.mu.Lock()
	for len(x.live) > 0 {
		x.seal() // what OnResult added
		for b := range x.live {
			reported := b.done
			x.mu.Unlock()
			<-reported
			x.mu.Lock()
			break
		}
	}
	x.summary.Duration = x.duration()
	x.phase = phaseOver // nothing is left that the end of a context could stop
	x.mu.Unlock()
	x.recordRest()
	summary, err := x.over()
	x.observeDone(summary, err)
	return summary, err
}

// over ends the run, of which everything is reported.
func (x *Indexer) over() (Summary, error) {
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.ended == nil && x.unrecorded != nil {
		x.ended = stopped(x.unrecorded)
	}
	for _, timer := range append(x.timers, x.wake) {
		if timer != nil {
			timer.Stop()
		}
	}
	x.endAll()
	return x.summary, x.ended
}
