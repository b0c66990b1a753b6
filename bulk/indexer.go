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
	timers     []*time.Timer // of the grace periods

	waiting int                 // Adds that wait for room
	filling *batch              // nil: none
	queue   []*batch            // to be sent; those that are sent again come first
	live    map[*batch]struct{} // that are not reported
	batches int64               // that were begun
	slots   int                 // batches in memory that do not wait for a confirmation
	open    int                 // files without a reported outcome
	free    []*batch            // to be filled again
	order   order

	working    int // calls that are made, or wait for their time
	width      width
	breaker    breaker
	outage     time.Time // when a call last failed because the service was unavailable
	wake       *time.Timer
	refusal    string // of the last files, as long as none was accepted
	refusals   int    // how many in a row there were for that reason
	settled    []*batch
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
	x.records, x.endRecords = context.WithCancel(context.WithValue(ctx, reportKey{}, x))
	x.asks, x.endAsks = context.WithCancel(ctx)
}

// endAll lets go of the contexts.
func (x *Indexer) endAll() {
	x.endAsks()
	x.endCalls()
	x.endRecords()
}

// reportKey is the key under which the context of OnResult has the Indexer.
type reportKey struct{}

// isReporting reports whether ctx is that of OnResult.
func (x *Indexer) isReporting(ctx context.Context) bool { return ctx.Value(reportKey{}) == x }

// Add puts a file in, and returns nil if it is. It goes with the next batch, which
// is sent when it is full or old enough, so its outcome comes later to OnResult.
// If as much is under way as may be, Add waits; with the context that OnResult got
// it never does.
//
// An error says that the file is not in and that no Result will come: it matches
// that of the context if it ended, ErrClosed after Close and after a run, and
// otherwise says why the run stopped. What is wrong with a file is told by its
// Result. Add is safe for concurrent use.
func (x *Indexer) Add(ctx context.Context, file imm.InputFile) error {
	if err := x.withoutJournal("Add"); err != nil {
		return err
	}
	return x.add(ctx, &file, mark{})
}

func (x *Indexer) withoutJournal(what string) error {
	if x.config.Journal == nil {
		return nil
	}
	return &imm.ValidationError{Action: "bulk." + what, Field: "Config.Journal", Reason: "files without positions cannot be found again in a journal; use RunSource, or leave the journal out"}
}

func (x *Indexer) add(ctx context.Context, file *imm.InputFile, m mark) error {
	if err := ctx.Err(); err != nil {
		return fmt.Errorf("bulk: the file was not added: %w", err)
	}
	size := costOf(file)
	inside := x.isReporting(ctx)
	x.mu.Lock()
	if inside || x.waiting == 0 {
		if in, err := x.put(file, m, size, inside); in || err != nil {
			x.mu.Unlock()
			return err
		}
	}
	x.waiting++
	x.mu.Unlock()
	err := x.wait(ctx, file, m, size)
	x.mu.Lock()
	x.waiting--
	x.mu.Unlock()
	return err
}

// wait is for those who are counted in waiting.
func (x *Indexer) wait(ctx context.Context, file *imm.InputFile, m mark, size cost) error {
	select {
	case x.turn <- struct{}{}:
		defer func() { <-x.turn }()
	case <-ctx.Done():
		return fmt.Errorf("bulk: the file was not added: %w", ctx.Err())
	}
	for {
		x.mu.Lock()
		in, err := x.put(file, m, size, false)
		x.mu.Unlock()
		if in || err != nil {
			return err
		}
		select {
		case <-x.room:
		case <-x.halted:
		case <-x.closing:
		case <-ctx.Done():
			return fmt.Errorf("bulk: the file was not added: %w", ctx.Err())
		}
	}
}

// put puts a file into the batch that is being filled, and reports whether there
// was room. The caller holds x.mu.
func (x *Indexer) put(file *imm.InputFile, m mark, size cost, inside bool) (in bool, err error) {
	switch {
	case x.ended != nil:
		return false, x.ended
	case x.phase == phaseOver, x.phase == phaseClosing && !inside:
		return false, fmt.Errorf("bulk: the file was not added: %w", ErrClosed)
	}
	if x.filling != nil && !x.filling.takes(file, &m, size, &x.config) {
		x.seal()
	}
	if x.filling == nil {
		if !inside && !x.hasRoom() {
			return false, nil
		}
		x.fill()
	}
	x.filling.add(file, x.enter(m), size)
	if len(x.filling.files) == x.config.BatchFiles {
		x.seal()
	}
	return true, nil
}

// enter counts a file that goes in. The caller holds x.mu.
func (x *Indexer) enter(m mark) mark {
	if m.position != "" {
		m.place = x.order.add(m.position)
	}
	if x.begun.IsZero() {
		x.begun = time.Now()
	}
	x.summary.Added++
	x.open++
	return m
}

// hasRoom reports whether another batch may be begun. The caller holds x.mu.
func (x *Indexer) hasRoom() bool {
	// If no file is open, all that order has is done and about to go.
	return x.slots < x.config.Concurrency+2 && x.open < window && (x.order.len() < window || x.open == 0)
}

// fill begins a batch. The caller holds x.mu.
func (x *Indexer) fill() {
	var b *batch
	if last := len(x.free) - 1; last >= 0 {
		b, x.free = x.free[last], x.free[:last]
	} else {
		b = newBatch()
	}
	x.begin(b)
	x.filling = b
	b.aging = time.AfterFunc(x.config.BatchAge, func() {
		x.mu.Lock()
		defer x.mu.Unlock()
		if x.filling == b {
			x.seal()
		}
	})
}

// begin takes a batch into account. The caller holds x.mu.
func (x *Indexer) begin(b *batch) {
	x.batches++
	b.number, b.slot = x.batches, true
	x.slots++
	x.live[b] = struct{}{}
}

// seal closes the batch that is being filled, if there is one, and lets it be
// sent. The caller holds x.mu.
func (x *Indexer) seal() {
	if b := x.filling; b != nil {
		x.filling = nil
		b.aging.Stop()
		b.open()
		x.queue = append(x.queue, b)
		x.dispatch()
	}
}

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
	x.mu.Lock()
	ran := x.ran
	x.mu.Unlock()
	if ran {
		return Summary{}, fmt.Errorf("bulk: a run closes the indexer itself, and ends when its context does: %w", ErrClosed)
	}
	return x.close(ctx)
}

func (x *Indexer) close(ctx context.Context) (Summary, error) {
	x.mu.Lock()
	if x.phase != phaseOpen {
		x.mu.Unlock()
		return Summary{}, fmt.Errorf("bulk: nothing to close: %w", ErrClosed)
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
	x.mu.Unlock()
	x.recordRest()
	x.mu.Lock()
	defer x.mu.Unlock()
	x.summary.Duration = x.duration()
	x.phase = phaseOver
	for _, timer := range append(x.timers, x.wake) {
		if timer != nil {
			timer.Stop()
		}
	}
	x.endAll()
	return x.summary, x.ended
}
