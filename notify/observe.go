package notify

import (
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/imm-go/imm"
)

// Observer holds functions that a receiver calls as messages arrive: enough for
// spans and metrics. Fields that are nil are skipped. The functions hold a delivery
// up for as long as they take, and must be safe for concurrent use, because
// messages arrive at the same time. See WithObserver.
//
// A delivery is a push, or a message taken out of a queue. It can hold several
// index messages, or none.
type Observer struct {
	// DeliveryStart is called for each delivery. The context that it returns, which
	// it makes of the one that it got, is the one that the rest goes on with, the
	// callback included; nil keeps that one.
	DeliveryStart func(context.Context, DeliveryInfo) context.Context
	// MessageDone is called for each index message after the callback has returned,
	// or was spared a message that it has had. With a Pool that is after the
	// DeliveryDone.
	MessageDone func(context.Context, MessageResult)
	// DeliveryDone is called at the end of each delivery.
	DeliveryDone func(context.Context, DeliveryResult)
	// ReceiveDone is called after each call by which a queue was asked for messages,
	// with the repeats of that call. It is not called where the end of the context
	// cut the call short.
	ReceiveDone func(context.Context, ReceiveResult)
}

// DeliveryInfo describes a delivery that has arrived.
type DeliveryInfo struct {
	Receiver string // "mns" and "eventbridge" for pushes, "queue" for messages of a queue
	Attempt  int    // how often the message was taken out of the queue, this time included; 0: pushes do not say
}

// MessageResult describes an index message that was handed to the callback.
type MessageResult struct {
	Message   *imm.IndexMessage // only lent, and not to be changed
	Duplicate bool              // it was handled before, so the callback did not get it
	Duration  time.Duration     // of the callback
	Err       error             // of the callback
}

// DeliveryResult describes a delivery that ended.
type DeliveryResult struct {
	Receiver string
	// Outcome is "acknowledged", or why the delivery comes again, for a metric's label:
	// "refused", because it is not a push as it should be or its signature is wrong;
	// "unreadable", because it is no index message; "lost", because the queue has
	// given it to another receiver meanwhile; "failed", for everything else, above all
	// an error of the callback.
	Outcome  string
	Duration time.Duration
	Err      error // nil if it was acknowledged
}

// ReceiveResult describes a call by which a queue was asked for messages.
type ReceiveResult struct {
	Messages int
	Duration time.Duration // the wait for messages included
	Err      error
}

// The outcomes of a delivery.
const (
	deliveryAcknowledged = "acknowledged"
	deliveryRefused      = "refused"
	deliveryUnreadable   = "unreadable"
	deliveryLost         = "lost"
	deliveryFailed       = "failed"
)

// errNotReturned is for the observer alone: nobody else gets to see it.
var errNotReturned = errors.New("notify: the callback panicked, or ended its goroutine")

// WithObserver calls the functions of the observer as messages arrive. All
// receivers take it. The default is to observe nothing.
func WithObserver(observer Observer) Option {
	return func(c *config) error { c.observer = observer; return nil }
}

// observe begins a delivery for the observer. The function that it returns ends it.
func (c *config) observe(ctx context.Context, attempt int) (observed context.Context, done func(outcome string, err error)) {
	if c.observer.DeliveryStart == nil && c.observer.DeliveryDone == nil {
		return ctx, func(string, error) {}
	}
	begun := time.Now()
	observed = ctx
	if start := c.observer.DeliveryStart; start != nil {
		if made := start(ctx, DeliveryInfo{Receiver: c.receiver.label(), Attempt: attempt}); made != nil {
			observed = made
		}
	}
	return observed, func(outcome string, err error) {
		if c.observer.DeliveryDone != nil {
			c.observer.DeliveryDone(observed, DeliveryResult{Receiver: c.receiver.label(), Outcome: outcome, Duration: time.Since(begun), Err: err})
		}
	}
}

// observeReceive tells of a call that asked a queue for messages.
func (c *config) observeReceive(ctx context.Context, begun time.Time, messages int, err error) {
	if c.observer.ReceiveDone != nil {
		c.observer.ReceiveDone(ctx, ReceiveResult{Messages: messages, Duration: time.Since(begun), Err: err})
	}
}

// observed receives a push before the eyes of the observer.
func (h *pushHandler) observed(ctx context.Context, w http.ResponseWriter, r *http.Request) (proven []byte, err error) {
	ctx, done := h.observe(ctx, 0)
	err = errNotReturned // unless it returns
	defer func() { done(outcomeOf(err), err) }()
	return h.receive(ctx, w, r)
}

// call calls the callback.
func (d *delivery) call(ctx context.Context, m *imm.IndexMessage) (err error) {
	if d.observer.MessageDone == nil {
		return d.callback(ctx, m)
	}
	begun := time.Now()
	err = errNotReturned // unless it returns
	defer func() {
		d.observer.MessageDone(ctx, MessageResult{Message: m, Duration: time.Since(begun), Err: err})
	}()
	return d.callback(ctx, m)
}

// spare does not call the callback, which has had the message.
func (d *delivery) spare(ctx context.Context, m *imm.IndexMessage) {
	if d.observer.MessageDone != nil {
		d.observer.MessageDone(ctx, MessageResult{Message: m, Duplicate: true})
	}
}

// outcomeOf is how a delivery ended, by its error.
func outcomeOf(err error) string {
	if err == nil {
		return deliveryAcknowledged
	}
	if _, is := errors.AsType[*refusal](err); is {
		return deliveryRefused
	}
	if _, is := errors.AsType[*unreadableError](err); is {
		return deliveryUnreadable
	}
	return deliveryFailed
}

// label is the receiver in a metric.
func (r receiver) label() string {
	switch r {
	case mnsPush:
		return "mns"
	case eventBridgePush:
		return "eventbridge"
	}
	return "queue"
}
