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
	agreed   func() error // is called once somebody agreed; nil: nothing is

	blanks   blanks
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
		if a.agreed != nil {
			if err := a.agreed(); err != nil {
				yield(bulk.Item{}, err)
				return
			}
		}
		a.begun = time.Now()
		a.screen.begin()
		for item, err := range a.Source.Items(ctx, after) {
			if a.blanks.see(item.File.URI) && a.indexing.p.yes { // otherwise it was said before
				a.screen.say(a.blanks.sentence())
			}
			if !yield(item, err) {
				return
			}
		}
	}
}

// agree asks, unless that is not wanted; then the list is counted beside the run.
func (a *askingSource) agree(ctx context.Context, after string) error {
	x := a.indexing
	counter := surveyor{after: after, name: x.name()}
	if a.work.journal != nil {
		counter.done = a.work.journal.done
	}
	a.resumed = after != "" || len(counter.done) > 0
	if x.p.yes {
		a.announce(ctx, counter)
		return nil
	}
	if a.work.again == nil {
		return usagef("%s can be read only once, so its files cannot be counted before; add --yes to go ahead", x.name())
	}
	slow := time.AfterFunc(time.Second, func() { x.p.note("Counting the files …") })
	s, err := a.count(ctx, counter)
	slow.Stop()
	switch {
	case ctx.Err() != nil:
		return stoppedError{errors.New("stopped; nothing was sent")}
	case err != nil:
		return err
	case s.files == 0 && x.retryFailed:
		x.p.notes(x.before.again())
		return nil
	case s.files == 0 && a.resumed && s.bad == 0:
		return nil // there is nothing to agree to
	case s.files == 0:
		return usagef("%s", sentences(noFiles, s.badLines()))
	}
	a.meter.expect(s.files + s.bad)
	return x.p.confirm(ctx, a.question(s))
}

// question is what somebody has to know before the files are charged.
func (a *askingSource) question(s survey) string {
	x := a.indexing
	what := fmt.Sprintf("%s will be indexed into dataset %s of project %s.", count(s.files, "file"), x.at.dataset, x.at.project)
	before, correct := "", ""
	if a.resumed {
		before = "Files that were done before are not among them."
	}
	if x.retryFailed && x.before.lines > 0 {
		correct = x.before.toCorrect() + "."
	}
	return sentences(what, "Each of them is charged.", before, s.badLines(), s.blanks.sentence(), x.warning, correct)
}

// announce says the same where nobody is asked. The list is counted beside the run.
func (a *askingSource) announce(ctx context.Context, counter surveyor) {
	x := a.indexing
	if x.warning != "" {
		x.p.notes(x.warning)
	}
	if x.retryFailed {
		x.p.notes(x.before.again())
	}
	if a.work.again == nil {
		return
	}
	counting, stop := context.WithCancel(ctx)
	a.stop = stop
	a.counting.Go(func() {
		if s, err := a.count(counting, counter); err == nil {
			a.meter.expect(s.files + s.bad)
		}
	})
}

func (a *askingSource) count(ctx context.Context, counter surveyor) (survey, error) {
	source, closer, err := a.work.again()
	if err != nil {
		return survey{}, err
	}
	s, err := counter.count(ctx, source)
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
