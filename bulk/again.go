package bulk

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/imm-go/imm"
	"github.com/imm-go/imm/notify"
)

const (
	// suspectAfter is how many calls in a row for a piece must fail until something in
	// it may be the reason. Halving it then tells, because the half without it is
	// accepted; in an outage it costs a few requests.
	suspectAfter = 4
	// trackerPause is how long a batch waits for messages to make room in a tracker.
	trackerPause = time.Second
)

// again puts a piece back that could not be taken, to be sent when it is due, or
// gives it up. It reports whether the next piece can be sent at once.
func (x *Indexer) again(b *batch, p piece, a *answer) bool {
	if errors.Is(a.err, notify.ErrTrackerFull) {
		return x.awaitTracker(b, p)
	}
	now := time.Now()
	if p.failures++; p.since.IsZero() {
		p.since = now
	}
	if p.failures >= suspectAfter && p.suspect.IsZero() {
		p.suspect = now
	}
	isSuspect := !p.suspect.IsZero() && !errors.Is(a.err, imm.ErrThrottled)
	if isSuspect && p.files() > 1 {
		b.halve(p)
		b.due = now
		return false
	}
	tried := now.Sub(p.since)
	down, isLast := x.outlook(b, p, now)
	switch {
	case down >= x.config.RetryFor && !isLast:
		b.pieces = append(b.pieces, p)
		x.halt(fmt.Errorf("nothing was accepted for %v: %w", x.config.RetryFor, a.err))
		return false
	case tried >= x.config.RetryFor && (down == 0 || isLast):
		err := fmt.Errorf("bulk: given up after %v, and the last call said: %w", tried.Round(time.Second), a.err)
		b.giveUp(p, Failed, err, requestIDOf(a.err))
		return true
	}
	b.due = now.Add(pause(p.failures))
	if end := p.since.Add(x.config.RetryFor); now.Before(end) && b.due.After(end) {
		b.due = end
	}
	if !isSuspect {
		b.pieces = append(b.pieces, p)
		return false
	}
	p.left = false // the next one is not its other half any more
	b.pieces = slices.Insert(b.pieces, 0, p)
	if b.pieces[len(b.pieces)-1].failures == 0 {
		b.due = now // what has not failed yet need not wait
	}
	return false
}

// awaitTracker puts a piece back for which the tracker has no room. Messages make
// some, however long they take.
func (x *Indexer) awaitTracker(b *batch, p piece) bool {
	if p.files() > 1 && x.config.Tracker.Stats().Open == 0 { // none are to come: the tracker is smaller than the piece
		b.halve(p)
		return true
	}
	now := time.Now()
	for _, t := range b.tracked { // which are not confirmed before the whole batch is sent
		if now.Sub(t.time) >= x.config.ConfirmWithin {
			t.messages.Forget()
		}
	}
	b.pieces = append(b.pieces, p)
	b.due = now.Add(trackerPause)
	return false
}

// outlook says for how long the service has not taken anything, which is 0 if it has
// since the piece became suspect: then it is the piece that is wrong. The last file of
// a run that has sent others is worth no stop, whatever is wrong.
func (x *Indexer) outlook(b *batch, p piece, now time.Time) (down time.Duration, isLast bool) {
	x.mu.Lock()
	defer x.mu.Unlock()
	from := p.suspect
	if from.IsZero() {
		from = p.since
	}
	if x.breaker.inRow > 0 && !x.breaker.since.After(from) {
		down = max(1, now.Sub(x.breaker.since))
	}
	isLast = x.width.proven && p.files() == 1 && len(b.pieces) == 0 && len(x.queue) == 0 && x.filling == nil && x.working == 1
	return down, isLast
}
