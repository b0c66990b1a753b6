package bulk

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/imm-go/imm"
	"github.com/imm-go/imm/notify"
)

const (
	// clockSlack is how far this machine's clock may be ahead of the service's.
	clockSlack = time.Minute
	// The pauses before questions about a call grow from the first to the last.
	firstPoll = time.Second
	lastPoll  = 30 * time.Second
)

// confirm finds out what became of the files of a batch that were accepted.
func (x *Indexer) confirm(b *batch) {
	for _, t := range b.tracked {
		end := t.time.Add(x.config.ConfirmWithin)
		seen := "no message told of it"
		if t.messages != nil {
			x.await(b, t, end)
			_, _ = x.ask(b, t, &seen) // an error is what was seen
		} else {
			x.poll(b, t, end, &seen)
		}
		x.unconfirmed(b, t, seen)
	}
	x.mu.Lock()
	defer x.mu.Unlock()
	clear(b.tracked)
	b.tracked, b.confirming = b.tracked[:0], false
	if rest := b.cut(); len(rest.files) > 0 { // to be sent again
		x.begin(rest, b.number)
		rest.arrange()
		x.takeBack(rest) // which ends it if the run has stopped meanwhile
		x.dispatch()
	}
	if x.handOver(b); !b.queued {
		x.finished(b)
	}
}

// await waits for the messages about a call.
func (x *Indexer) await(b *batch, t tracked, end time.Time) {
	timer := time.NewTimer(time.Until(end))
	defer timer.Stop()
	select {
	case <-t.messages.Done():
	case <-timer.C:
	case <-x.halted:
	}
	outcomes := t.messages.Outcomes()
	t.messages.Forget()
	x.mu.Lock()
	defer x.mu.Unlock()
	for i, outcome := range outcomes {
		at := piece{lo: t.lo + i, hi: t.lo + i + 1}
		switch outcome.Status {
		case notify.StatusIndexed:
			b.settle(at, Indexed, nil, "", "")
		case notify.StatusFailed:
			b.settle(at, Failed, fmt.Errorf("bulk: %w: %s", ErrNotIndexed, outcome.Reason), "", "")
		}
	}
}

// poll asks the dataset until it has an answer about each file of a call, or
// nobody may ask. Nothing is sent again for want of that permission.
func (x *Indexer) poll(b *batch, t tracked, end time.Time, seen *string) {
	for pause := firstPoll; ; pause = min(pause*3/2, lastPoll) {
		timer := time.NewTimer(min(pause, time.Until(end)))
		select {
		case <-timer.C:
		case <-x.halted:
			timer.Stop()
			return
		}
		open, err := x.ask(b, t, seen)
		if judge(err) == verdictStop {
			x.mu.Lock()
			b.settle(t.piece, Accepted, fmt.Errorf("bulk: %w: %w", ErrUnconfirmed, err), "", "")
			x.mu.Unlock()
			return
		}
		if open == 0 || !time.Now().Before(end) {
			return
		}
	}
}

// ask asks the dataset once for the files of a call that have no answer yet, and
// returns how many have none then. What was seen of one of them is told in seen.
func (x *Indexer) ask(b *batch, t tracked, seen *string) (open int, err error) {
	uris := x.unsettled(b, t)
	if len(uris) == 0 || !x.mayCall() {
		return 0, nil
	}
	begun := time.Now()
	found, err := x.client.BatchGetFileMeta(x.asks, &imm.BatchGetFileMetaRequest{
		ProjectName: x.config.ProjectName, DatasetName: x.config.DatasetName, URIs: uris,
		WithFields: []string{"URI", "ObjectStatus", "Reason", "UpdateTime"},
	})
	if err != nil {
		if errors.Is(err, imm.ErrThrottled) {
			x.throttled(begun)
		}
		if !errors.Is(err, context.Canceled) {
			*seen = err.Error()
		}
		return len(uris), err
	}
	x.pace.accept() // it took from the same quota
	files := make(map[string]*imm.File, len(found.Files))
	for i := range found.Files {
		files[found.Files[i].URI] = &found.Files[i]
	}
	x.mu.Lock()
	defer x.mu.Unlock()
	for i := t.lo; i < t.hi; i++ {
		if b.marks[i].settled {
			continue
		}
		switch status, what := outcomeOf(files[b.files[i].URI], t.time.Add(-clockSlack)); status {
		case Indexed:
			b.settle(piece{lo: i, hi: i + 1}, Indexed, nil, "", "")
		case Failed:
			b.settle(piece{lo: i, hi: i + 1}, Failed, fmt.Errorf("bulk: %w: %s", ErrNotIndexed, what), "", "")
		default:
			*seen = what
			open++
		}
	}
	return open, nil
}

// outcomeOf is what became of a file that was handed in at the given time, by what
// the dataset has of it: nil if that is nothing. It goes by the rules of
// imm.WaitIndexed, which makes a number of requests by itself.
func outcomeOf(f *imm.File, since time.Time) (status Status, why string) {
	switch {
	case f == nil:
		return Accepted, "it is not in the dataset"
	case f.UpdateTime.Before(since):
		return Accepted, "what the dataset has of it is from before"
	case f.Reason != "":
		return Failed, f.Reason
	case f.ObjectStatus == imm.ObjectIndexed:
		return Indexed, ""
	}
	return Accepted, fmt.Sprintf("its status is %q", f.ObjectStatus)
}

func (x *Indexer) unsettled(b *batch, t tracked) []string {
	x.mu.Lock()
	defer x.mu.Unlock()
	var uris []string
	for i := t.lo; i < t.hi; i++ {
		if !b.marks[i].settled {
			uris = append(uris, b.files[i].URI)
		}
	}
	return uris
}

// unconfirmed ends the files of a call that have no answer, unless they can be
// sent again.
func (x *Indexer) unconfirmed(b *batch, t tracked, seen string) {
	x.mu.Lock()
	defer x.mu.Unlock()
	switch {
	case x.ended != nil:
		b.settle(t.piece, Accepted, fmt.Errorf("bulk: %w: %w", ErrUnconfirmed, x.ended), "", "")
	case b.resent == x.config.Resend:
		b.settle(t.piece, Accepted, fmt.Errorf("bulk: %w within %v: %s", ErrUnconfirmed, x.config.ConfirmWithin, seen), "", "")
	}
}
