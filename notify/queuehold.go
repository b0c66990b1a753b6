package notify

import (
	"context"
	"time"
)

// queueHold keeps one message from other receivers.
type queueHold struct {
	run    *queueRun
	handle string
	lost   error         // nil: the message is still this receiver's
	stop   chan struct{} // closed by release
	done   chan struct{} // closed when handle and lost no longer change
}

// hold begins to keep a message. If that has become impossible, it ends the
// context of the callback.
func (r *queueRun) hold(ctx context.Context, m queueMessage, got queueReceived, end context.CancelCauseFunc) *queueHold {
	h := &queueHold{run: r, handle: m.handle, stop: make(chan struct{}), done: make(chan struct{})}
	// Where it is not known how long the message is kept, the first request is due
	// at once. So it is where the time is further off than it can be.
	left := m.visible.Sub(got.now)
	if m.visible.IsZero() || left > queueMostVisible {
		left = 0
	}
	due := left/2 - time.Since(got.at)
	go func() {
		defer close(h.done)
		if h.keep(ctx, m, due); h.lost != nil {
			end(h.lost)
		}
	}()
	return h
}

// keep extends the visibility whenever half of it is over.
func (h *queueHold) keep(ctx context.Context, m queueMessage, due time.Duration) {
	visibility := h.run.config.queue.visibility
	for {
		timer := time.NewTimer(due)
		select {
		case <-h.stop:
			timer.Stop()
			return
		case <-timer.C:
		}
		lasting, cancel := queueLinger(ctx)
		handle, res := h.run.api.extend(lasting, h.handle, visibility)
		cancel()
		switch code := queueCode(res.Err); {
		case res.Err == nil:
			h.handle, due = handle, visibility/2
		case code == queueHandleGone || code == queueEmpty:
			h.lost = res.Err
			return
		default:
			// An outage, perhaps. The message is ours as long as nobody else gets it,
			// even when its time is over.
			due = visibility / 10
			h.run.config.logger.WarnContext(ctx, "cannot keep a message of the queue from other receivers", "queue", h.run, "message", m.id, "error", res.Err)
		}
	}
}

// release ends the keeping. It returns the handle with which the message can be
// deleted, or why it no longer can.
func (h *queueHold) release() (handle string, lost error) {
	close(h.stop)
	<-h.done
	return h.handle, h.lost
}
