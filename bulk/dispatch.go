package bulk

import (
	"slices"
	"time"
)

// dispatch lets batches be sent, as many at once as may be. It is called whenever
// one more might be. The caller holds x.mu.
func (x *Indexer) dispatch() {
	for x.ended == nil && len(x.queue) > 0 {
		now := time.Now()
		allowed, soonest := x.width.limit, now
		if x.breaker.down() {
			allowed, soonest = 1, x.breaker.resume
		}
		if x.working >= allowed {
			return // the end of a call comes back here
		}
		i, due := x.next()
		if due.Before(soonest) {
			due = soonest
		}
		if d := due.Sub(now); d > 0 {
			x.wakeIn(d)
			return
		}
		b := x.queue[i]
		x.queue = slices.Delete(x.queue, i, i+1)
		x.working++
		go x.send(b)
	}
}

// next is the first batch that is due, or else the one that is so soonest.
func (x *Indexer) next() (index int, due time.Time) {
	now := time.Now()
	for i, b := range x.queue {
		if !b.due.After(now) {
			return i, b.due
		}
		if i == 0 || b.due.Before(due) {
			index, due = i, b.due
		}
	}
	return index, due
}

func (x *Indexer) wakeIn(d time.Duration) {
	if x.wake != nil {
		x.wake.Reset(d)
		return
	}
	x.wake = time.AfterFunc(d, func() {
		x.mu.Lock()
		defer x.mu.Unlock()
		x.dispatch()
	})
}

// full reports whether batches wait only because there may not be more calls at
// once. The caller holds x.mu.
func (x *Indexer) full() bool {
	if len(x.queue) == 0 || x.working < x.width.limit || x.pace.waiting.Load() > 0 {
		return false
	}
	_, due := x.next()
	return !due.After(time.Now())
}

// takeBack takes a batch from the one that sent it, or from the queue after a halt.
// The caller holds x.mu.
func (x *Indexer) takeBack(b *batch) {
	if len(b.pieces) > 0 && x.ended == nil {
		x.queue = slices.Insert(x.queue, 0, b)
		return
	}
	for _, p := range b.pieces {
		b.giveUp(p, Unsent, x.ended, "")
	}
	b.pieces = b.pieces[:0]
	if len(b.tracked) > 0 {
		x.release(b)
		b.confirming = true
		go x.confirm(b)
	}
	x.handOver(b)
}

// release gives back the room of a batch that needs none any more. The caller
// holds x.mu.
func (x *Indexer) release(b *batch) {
	if b.slot {
		b.slot = false
		x.slots--
	}
	x.letIn()
}

// letIn tells the Add that waits for room to look again.
func (x *Indexer) letIn() {
	select {
	case x.room <- struct{}{}:
	default:
	}
}
