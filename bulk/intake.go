package bulk

import (
	"context"
	"fmt"
	"time"

	"github.com/imm-go/imm"
)

// Add puts a file in, and returns nil if it is. It goes with the next batch, which
// is sent when it is full or old enough, so its outcome comes later to OnResult.
// If as much is under way as may be, Add waits; with the context that OnResult got
// it never does.
//
// An error says that the file is not in and that no Result will come: it matches
// that of the context if it ended, ErrClosed after Close and after a run, and
// otherwise says why the run stopped. What is wrong with a file is told by its
// Result. Until then its maps and slices, such as CustomLabels, must not be changed.
// Add is safe for concurrent use.
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
	x.observeStart(context.Background()) // a run has done so with its own
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
	inside = inside && x.reporting // a context may be kept beyond the call that it was for
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
	if x.config.Journal != nil {
		m.place = x.order.add(m.position)
	}
	if x.begun.IsZero() {
		x.begun = time.Now()
	}
	x.summary.Added++
	x.unreported++
	return m
}

// hasRoom reports whether another batch may be begun. The caller holds x.mu.
func (x *Indexer) hasRoom() bool {
	// If every file is reported, all that order has is done and about to go.
	return x.slots < x.config.Concurrency+2 && x.unreported < window && (x.order.len() < window || x.unreported == 0)
}

// fill begins a batch. The caller holds x.mu.
func (x *Indexer) fill() {
	var b *batch
	if last := len(x.free) - 1; last >= 0 {
		b, x.free = x.free[last], x.free[:last]
	} else {
		b = newBatch()
	}
	x.batches++
	x.begin(b, x.batches)
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
func (x *Indexer) begin(b *batch, number int64) {
	b.number, b.slot = number, true
	x.slots++
	x.live[b] = struct{}{}
}

// seal closes the batch that is being filled, if there is one, and lets it be
// sent. The caller holds x.mu.
func (x *Indexer) seal() {
	if b := x.filling; b != nil {
		x.filling = nil
		b.aging.Stop()
		b.arrange()
		x.queue = append(x.queue, b)
		x.dispatch()
	}
}
