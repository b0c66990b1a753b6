package bulk

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/imm-go/imm"
	"github.com/imm-go/imm/notify"
)

const (
	// clockSlack is how far this machine's clock may be ahead of the service's.
	clockSlack = time.Minute
	// pollAgain is the pause after a poll that failed.
	pollAgain = 10 * time.Second
)

// confirm finds out what became of the files of a batch that were accepted.
func (x *Indexer) confirm(b *batch) {
	for _, t := range b.tracked {
		end := t.time.Add(x.config.ConfirmWithin)
		open := "no message told of it"
		if t.call != nil {
			x.await(b, t, end)
			x.ask(b, t, 1, &open)
		} else {
			x.poll(b, t, end, &open)
		}
		x.unconfirmed(b, t, open)
	}
	x.mu.Lock()
	defer x.mu.Unlock()
	clear(b.tracked)
	b.tracked, b.confirming = b.tracked[:0], false
	if rest := b.cut(); len(rest.files) > 0 { // to be sent again
		x.begin(rest)
		rest.number = b.number
		rest.open()
		x.queue = append(x.queue, rest)
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
	case <-t.call.Done():
	case <-timer.C:
	case <-x.halted:
	}
	outcomes := t.call.Outcomes()
	t.call.Forget()
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

// poll asks the dataset until it has an answer about each file of a call.
func (x *Indexer) poll(b *batch, t tracked, end time.Time, open *string) {
	for x.ask(b, t, max(1, time.Until(end)), open) && time.Now().Before(end) {
		timer := time.NewTimer(pollAgain)
		select {
		case <-timer.C:
		case <-x.halted:
			timer.Stop()
			return
		}
	}
}

// ask asks the dataset for the files of a call that have no answer yet, for as
// long as the limit says. It reports whether it could not ask to the end. What was
// seen of a file that stays open is told in open.
func (x *Indexer) ask(b *batch, t tracked, limit time.Duration, open *string) (failed bool) {
	uris := x.unsettled(b, t)
	if len(uris) == 0 || !x.pace.wait(x.halted) {
		return false
	}
	outcomes, err := x.client.WaitIndexed(x.asks, &imm.WaitIndexedRequest{
		ProjectName: x.config.ProjectName, DatasetName: x.config.DatasetName, URIs: uris, Since: t.time.Add(-clockSlack),
	}, imm.WithFileLimit(limit))
	if err != nil && !errors.Is(err, context.Canceled) {
		*open = err.Error()
	}
	seen := make(map[string]imm.FileOutcome, len(outcomes))
	for _, outcome := range outcomes {
		seen[outcome.URI] = outcome
	}
	x.mu.Lock()
	defer x.mu.Unlock()
	for i := t.lo; i < t.hi; i++ {
		at := piece{lo: i, hi: i + 1}
		switch outcome := seen[b.files[i].URI]; outcome.Status {
		case imm.OutcomeIndexed:
			b.settle(at, Indexed, nil, "", "")
		case imm.OutcomeFailed:
			b.settle(at, Failed, fmt.Errorf("bulk: %w: %s", ErrNotIndexed, outcome.Reason), "", "")
		case imm.OutcomeOverdue:
			// The limit of this one question says nothing to the caller.
			if _, seen, ok := strings.Cut(outcome.Reason, ": "); ok {
				*open = seen
			}
		}
	}
	return err != nil
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
func (x *Indexer) unconfirmed(b *batch, t tracked, open string) {
	x.mu.Lock()
	defer x.mu.Unlock()
	switch {
	case x.ended != nil:
		b.settle(t.piece, Accepted, fmt.Errorf("bulk: %w: %w", ErrUnconfirmed, x.ended), "", "")
	case b.resent == x.config.Resend:
		b.settle(t.piece, Accepted, fmt.Errorf("bulk: %w within %v: %s", ErrUnconfirmed, x.config.ConfirmWithin, open), "", "")
	}
}
