package main

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"sync"
	"time"

	"github.com/imm-go/imm/bulk"
)

// askingSource is the list of a run. Before its first file it says how many will
// be charged, and asks; only here it is known where the journal goes on.
type askingSource struct {
	bulk.Source

	indexing *indexing
	work     *workList
	meter    *meter
	screen   *screen

	resumed  bool // the journal has done a part of the list
	begun    time.Time
	counting sync.WaitGroup
	stop     context.CancelFunc // of the counting
}

// Items is that of the list, once somebody agreed.
func (a *askingSource) Items(ctx context.Context, after string) iter.Seq2[bulk.Item, error] {
	return func(yield func(bulk.Item, error) bool) {
		if err := a.agree(ctx, after); err != nil {
			yield(bulk.Item{}, err)
			return
		}
		a.begun = time.Now()
		a.screen.begin()
		for item, err := range a.Source.Items(ctx, after) {
			if !yield(item, err) {
				return
			}
		}
	}
}

// agree asks, unless that is not wanted; then the list is counted beside the run.
func (a *askingSource) agree(ctx context.Context, after string) error {
	x := a.indexing
	var done map[string]bool
	if a.work.journal != nil {
		done = a.work.journal.done
	}
	a.resumed = after != "" || len(done) > 0
	switch {
	case x.p.yes && a.work.again == nil:
		return nil
	case x.p.yes:
		counting, stop := context.WithCancel(ctx)
		a.stop = stop
		a.counting.Go(func() {
			if s, err := a.count(counting, after, done); err == nil {
				a.meter.expect(s.files + s.bad)
			}
		})
		return nil
	case a.work.again == nil:
		return usagef("%s can be read only once, so its files cannot be counted before; add --yes to go ahead", x.from)
	}
	slow := time.AfterFunc(time.Second, func() { x.p.note("Counting the files …") })
	s, err := a.count(ctx, after, done)
	slow.Stop()
	switch {
	case ctx.Err() != nil:
		return stoppedError{errors.New("stopped; nothing was sent")}
	case err != nil:
		return err
	case s.files == 0 && a.resumed && s.bad == 0:
		return nil // there is nothing to agree to
	case s.files == 0:
		return usagef("%s\n%s", noFiles, s.badLines())
	}
	a.meter.expect(s.files + s.bad)
	what := fmt.Sprintf("%s will be indexed into dataset %s of project %s.\nEach of them is charged.",
		count(s.files, "file"), printable(x.at.dataset), printable(x.at.project))
	if a.resumed {
		what += "\nFiles that were done before are not among them."
	}
	if s.bad > 0 {
		what += "\n" + s.badLines()
	}
	return x.p.confirm(ctx, what)
}

func (a *askingSource) count(ctx context.Context, after string, done map[string]bool) (survey, error) {
	source, closer, err := a.work.again()
	if err != nil {
		return survey{}, err
	}
	s, err := countList(ctx, source, after, done)
	return s, errors.Join(err, closer.Close())
}

// end ends the counting, if it still goes on.
func (a *askingSource) end() {
	if a.stop != nil {
		a.stop()
	}
	a.counting.Wait()
}

// elapsed is how long the run took, without the time in which somebody was asked.
func (a *askingSource) elapsed() time.Duration {
	if a.begun.IsZero() {
		return 0
	}
	return time.Since(a.begun)
}
