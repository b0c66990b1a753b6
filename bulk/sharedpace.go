package bulk

import (
	"context"
	"fmt"
	"time"
)

// Pacer spaces the calls of a run in place of the engine's own pace, for runs of
// several processes that share the quota of one project. Its methods are called by
// many goroutines at once.
type Pacer interface {
	// Wait returns nil when one call may be made now. It returns an error soon after
	// the context ends; one that it returns before stops the run.
	Wait(ctx context.Context) error
	// Throttled notes that a call was throttled, even after the repeats of the client.
	// The call had begun at the given time.
	Throttled(begun time.Time)
	// Rate is how many calls a second all processes together may make now, for
	// Stats.RateAllowed; 0: it is not known.
	Rate() float64
}

// mayCall returns true when a call may be made, and false once the run has stopped.
func (x *Indexer) mayCall() bool {
	shared := x.config.Pacer
	if shared == nil {
		return x.pace.wait(x.halted)
	}
	x.pace.waiting.Add(1)
	defer x.pace.waiting.Add(-1)
	if err := shared.Wait(x.asks); err != nil {
		x.halt(fmt.Errorf("the pacer gave up: %w", err)) // which counts only if nothing stopped the run before
		return false
	}
	return true
}

// throttled notes a call that was throttled.
func (x *Indexer) throttled(begun time.Time) {
	if shared := x.config.Pacer; shared != nil {
		shared.Throttled(begun)
		return
	}
	x.pace.throttled(begun)
}

// rates are the calls a second that were accepted of late, and those that are allowed.
func (x *Indexer) rates() (accepted, allowed float64) {
	accepted, allowed = x.pace.rates()
	if shared := x.config.Pacer; shared != nil {
		allowed = shared.Rate()
	}
	return accepted, allowed
}
