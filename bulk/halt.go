package bulk

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// halt stops the run: no call begins any more, those under way may end within the
// grace period, and every file that is not accepted by then is Unsent. Only the
// first cause counts.
func (x *Indexer) halt(cause error) {
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.ended != nil || x.phase == phaseOver {
		return
	}
	x.ended = stopped(cause)
	close(x.halted)
	x.endAsks()
	x.timers = append(x.timers,
		time.AfterFunc(x.config.Grace, x.endCalls), time.AfterFunc(max(x.config.Grace, 2*x.config.Grace), x.endRecords))
	if x.wake != nil {
		x.wake.Stop()
	}
	if b := x.filling; b != nil {
		x.filling = nil
		b.aging.Stop()
		b.arrange()
		x.queue = append(x.queue, b)
	}
	for _, b := range x.queue {
		x.takeBack(b)
	}
	x.queue = nil
}

func stopped(cause error) error { return fmt.Errorf("bulk: the run was stopped: %w", cause) }

// haltWith stops the run because its context has ended.
func (x *Indexer) haltWith(ctx context.Context) {
	err, cause := ctx.Err(), context.Cause(ctx)
	if !errors.Is(cause, err) {
		err = fmt.Errorf("%w: %w", err, cause)
	}
	x.halt(err)
}
