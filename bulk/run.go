package bulk

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"sync"

	"github.com/imm-go/imm"
)

// Run indexes the files of a list, waits until each is reported, and returns what
// became of them all. It reads on only as fast as files are sent, so the list may
// be of any length.
//
// An error that comes from the list ends the reading, unless Config.SkipBad makes
// it a Failed result; what was read before is still done. If the context ends,
// nothing is read and sent any more, calls that are under way may end within the
// grace period, and all other files that were read are Unsent. The same happens
// when the service refuses the account, the project or the dataset as a whole. A
// list that blocks must watch the context itself.
//
// That files failed is no error: look at Failed of the summary. The error says why
// the list was not done to its end, and matches that of the context if that is
// why. An Indexer has one run; a second one, and one after Close, is ErrClosed.
func (x *Indexer) Run(ctx context.Context, files iter.Seq2[imm.InputFile, error]) (Summary, error) {
	if err := x.checkList("Run", files); err != nil {
		return Summary{}, err
	}
	return x.run(ctx, nil, x.reading(ctx, files))
}

// checkList refuses a list that cannot be read, or not with this Config.
func (x *Indexer) checkList(what string, files iter.Seq2[imm.InputFile, error]) error {
	if files == nil {
		return &imm.ValidationError{Action: "bulk." + what, Field: "files", Reason: "it is nil; give a list of files"}
	}
	return x.withoutJournal(what)
}

// reading reads a list.
func (x *Indexer) reading(ctx context.Context, files iter.Seq2[imm.InputFile, error]) func() error {
	return func() error {
		for file, err := range files {
			m := mark{}
			if err != nil {
				err = fmt.Errorf("bulk: reading the list: %w", err)
				if !x.config.SkipBad {
					return err
				}
				m = mark{status: Failed, settled: true, err: err}
			}
			if !x.read(ctx, &file, m) {
				return nil
			}
		}
		return nil
	}
}

// Results does what Run does, and yields the outcome of each file as it becomes
// known; OnResult gets them before. If the run does not come to its end, the last
// thing that comes is the error of Run, with an empty Result. A loop that is left
// early stops the run as the end of the context does, and waits until it is over.
// The list is read in another goroutine. The loop must not call Add, Flush or
// Close, which could wait for the loop itself.
func (x *Indexer) Results(ctx context.Context, files iter.Seq2[imm.InputFile, error]) iter.Seq2[Result, error] {
	return func(yield func(Result, error) bool) {
		ctx, cancel := context.WithCancel(ctx)
		results, left := make(chan Result), make(chan struct{})
		var running sync.WaitGroup
		defer func() { // also if the loop panics
			cancel()
			close(left)
			running.Wait()
		}()
		deliver := func(ctx context.Context, r Result) {
			if x.config.OnResult != nil {
				x.config.OnResult(ctx, r)
			}
			select {
			case results <- r:
			case <-left:
			}
		}
		var err error
		running.Go(func() {
			defer close(results)
			if err = x.checkList("Results", files); err == nil {
				_, err = x.run(ctx, deliver, x.reading(ctx, files))
			}
		})
		for r := range results {
			if !yield(r, nil) {
				return
			}
		}
		if err != nil {
			yield(Result{}, err)
		}
	}
}

// run lets feed read a list, and closes the Indexer.
func (x *Indexer) run(ctx context.Context, onResult func(context.Context, Result), feed func() error) (Summary, error) {
	if x.isReporting(ctx) {
		return Summary{}, errors.New("bulk: a run in OnResult would wait for itself; start it elsewhere")
	}
	x.mu.Lock()
	if x.ran || x.phase != phaseOpen {
		x.mu.Unlock()
		return Summary{}, fmt.Errorf("bulk: an indexer has one run: %w", ErrClosed)
	}
	x.ran = true
	if onResult != nil {
		x.onResult = onResult
	}
	x.mu.Unlock()
	x.observeStart(ctx)
	defer context.AfterFunc(ctx, func() { x.haltWith(ctx) })()
	failed := feed()
	if ctx.Err() != nil { // the list may have ended for that
		x.haltWith(ctx)
	}
	summary, err := x.close(ctx, true)
	switch {
	case failed == nil:
	case err == nil:
		err = failed
	case !errors.Is(failed, err):
		err = fmt.Errorf("%w; %w", err, failed)
	}
	return summary, err
}

// read takes in a file that was read, and reports whether to read on. If the run
// has stopped meanwhile, the file is Unsent.
func (x *Indexer) read(ctx context.Context, file *imm.InputFile, m mark) bool {
	err := x.add(ctx, file, m)
	if err == nil {
		return true
	}
	if ctx.Err() != nil {
		x.haltWith(ctx)
	}
	x.mu.Lock()
	defer x.mu.Unlock()
	if !m.settled {
		m.status, m.settled, m.err = Unsent, true, err
		if x.ended != nil {
			m.err = x.ended
		}
	}
	b := newBatch()
	b.add(file, x.enter(m), cost{})
	x.live[b] = struct{}{}
	x.handOver(b)
	return false
}
