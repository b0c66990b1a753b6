package notify

import (
	"context"
	"errors"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/imm-go/imm"
	"github.com/imm-go/imm/internal/retry"
)

const (
	queueFirstPause = time.Second
	queueMostPause  = 30 * time.Second
	queueTolerance  = time.Second // by which an answer may come before its time
)

// queueRun is one Run of a receiver.
type queueRun struct {
	*QueueReceiver
	slots     chan struct{} // holds one for each message that is worked on or has room
	working   sync.WaitGroup
	deletions chan queueDeletion
}

// receive fetches messages until the context ends, for which it returns nil, or the
// service refuses for good.
func (r *queueRun) receive(ctx context.Context) error {
	wait := r.config.queue.wait
	mostEarly := wait
	if wait == 0 {
		mostEarly = queueMostPause
	}
	answered := false
	outages, early := 0, 0 // in a row
	for pause := time.Duration(0); retry.Sleep(ctx, pause) == nil; {
		room := r.reserve(ctx)
		if room == 0 {
			break
		}
		begun := time.Now()
		got, res := r.api.receive(ctx, room, wait)
		if res.Ended == nil {
			r.config.observeReceive(ctx, begun, len(got.messages), res.Err)
		}
		for range room - len(got.messages) {
			<-r.slots
		}
		for _, m := range got.messages {
			r.working.Go(func() {
				defer func() { <-r.slots }()
				r.work(ctx, m, got)
			})
		}
		pause = 0
		switch {
		case res.Ended != nil:
			// The loop ends, too, unless only a wait would have lasted for too long.
			pause = queueFirstPause
		case res.Err != nil && isQueueRefusal(res, answered):
			return res.Err
		case res.Err != nil:
			pause = queuePause(outages, queueMostPause)
			outages++
			r.config.logger.WarnContext(ctx, "cannot receive from the queue", "queue", r, "pause", pause, "error", res.Err)
		case len(got.messages) == 0 && isQueueEarly(got.after, wait):
			pause = queuePause(early, mostEarly)
			early++
		default:
			outages, early = 0, 0
		}
		answered = answered || res.Err == nil
	}
	return nil
}

// reserve takes room for a message, and for as many more as there is without
// waiting and as fit into one answer. It returns 0 if the context ends.
func (r *queueRun) reserve(ctx context.Context) int {
	select {
	case r.slots <- struct{}{}:
	case <-ctx.Done():
		return 0
	}
	for n := 1; n < queueBatch; n++ {
		select {
		case r.slots <- struct{}{}:
		default:
			return n
		}
	}
	return queueBatch
}

// isQueueEarly reports whether an empty answer came before the time of long polling
// was over, as it does when the account has too many long polls open.
func isQueueEarly(after, wait time.Duration) bool {
	return wait == 0 || after < wait-min(queueTolerance, wait/2)
}

// queuePause is random, so that receivers do not come all at once. Its upper end
// doubles with each in a row, up to the most.
func queuePause(n int, most time.Duration) time.Duration {
	ceiling := min(queueFirstPause<<min(n, 10), most)
	return ceiling/2 + rand.N(ceiling/2+1)
}

// isQueueRefusal reports whether to ask again would give the same. What the service
// itself says is believed. What a proxy may have said, or a name server, is believed
// before the first answer only, when the endpoint may be wrong.
func isQueueRefusal(res retry.Result, answered bool) bool {
	switch res.Class {
	case retry.Throttled, retry.Unavailable, retry.NotSent, retry.Stale, retry.Lost, retry.TimedOut:
		return false
	case retry.Unsent: // by ourselves, for the sake of the credentials
		return errors.Is(res.Err, imm.ErrInvalidArgument) || errors.Is(res.Err, imm.ErrUnauthenticated)
	}
	return !answered || queueCode(res.Err) != ""
}
