package notify

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"runtime/debug"
	"time"
)

const (
	queueFirstBackoff = time.Second // after which a message comes again that failed
	queueMostBackoff  = 5 * time.Minute
	queueLast         = 5 * time.Second // for a last request when the context has ended
)

// work hands a message to the callback and does what follows from its result.
func (r *queueRun) work(ctx context.Context, m queueMessage, got queueReceived) {
	ctx, done := r.config.observe(ctx, m.attempts)
	if m.damaged {
		err := errors.New("the body does not match its MD5")
		r.leave(ctx, m, m.handle)
		r.stays(ctx, slog.LevelWarn, m, "", err)
		done(deliveryUnreadable, err)
		return
	}
	callbackCtx, end := context.WithCancelCause(ctx)
	hold := r.hold(ctx, m, got, end)
	a := &arrival{body: m.body, id: m.id, published: m.enqueued}
	err := errors.New("the callback ended its goroutine") // unless it returns
	defer func() {
		level := slog.LevelWarn
		if cause := recover(); cause != nil {
			level, err = slog.LevelError, fmt.Errorf("the callback panicked: %v\n%s", cause, debug.Stack())
		}
		handle, lost := hold.release()
		end(nil)
		switch {
		case lost != nil:
			err = fmt.Errorf("somebody else may have it, so the result of the callback does not count: %w", lost)
		case err != nil:
			r.leave(ctx, m, handle)
		default:
			err = r.acknowledge(handle)
		}
		if err != nil {
			r.stays(ctx, level, m, a.ids, err)
		}
		if lost != nil {
			done(deliveryLost, err)
			return
		}
		done(outcomeOf(err), err)
	}()
	err = r.config.deliver(callbackCtx, a)
}

// stays tells why a message comes again. The ids are its own, as far as they are
// known: those of what was published, which the queue does not show.
func (r *queueRun) stays(ctx context.Context, level slog.Level, m queueMessage, ids string, err error) {
	known := []slog.Attr{slog.Any("queue", r), slog.String("message", m.id)}
	if ids != m.id {
		known = append(known, attrs("message_id", ids)...)
	}
	r.config.logger.LogAttrs(ctx, level, "a message stays in the queue", append(known, slog.Int("received", m.attempts), slog.Any("error", err))...)
}

// leave makes a message that failed visible to receivers again: soon at first, then
// less and less often, and soon if this receiver ends. If that fails, it becomes
// visible by itself.
func (r *queueRun) leave(ctx context.Context, m queueMessage, handle string) {
	backoff := min(queueFirstBackoff<<min(max(m.attempts, 1)-1, 10), queueMostBackoff)
	if ctx.Err() != nil {
		backoff = queueFirstBackoff
	}
	ctx, cancel := queueLinger(ctx)
	defer cancel()
	if _, res := r.api.extend(ctx, handle, backoff); res.Err != nil {
		r.config.logger.WarnContext(ctx, "cannot change when a message of the queue comes again", "queue", r, "message", m.id, "error", res.Err)
	}
}

// queueLinger returns a context that outlives the given one, or this moment if
// that has ended, by the time for a last request.
func queueLinger(ctx context.Context) (context.Context, context.CancelFunc) {
	lasting, cancel := context.WithCancel(context.WithoutCancel(ctx))
	stop := context.AfterFunc(ctx, func() { time.AfterFunc(queueLast, cancel) })
	return lasting, func() { stop(); cancel() }
}
