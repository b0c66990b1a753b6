package notify

import (
	"cmp"
	"context"
	"log/slog"
	"net/http"
	"strconv"
	"sync"
	"time"

	"github.com/imm-go/imm"
)

// markTimeout is for marking a message as handled. It does not end with the
// context of the callback, which may have used up nearly all of it: what was done
// and is not marked would be done again.
const markTimeout = 5 * time.Second

// Callback gets each message. Nil acknowledges it; after an error it comes again,
// as long as the sender repeats it. Messages come at least once and in no order.
// A callback is called by many goroutines at once.
type Callback = func(context.Context, *imm.IndexMessage) error

// delivery hands what arrived to the callback.
type delivery struct {
	callback   Callback
	unreadable func(ctx context.Context, body []byte, err error) error // nil: nothing of that kind is acknowledged
	handled    Deduplicator                                            // nil: every message goes to the callback
	turns      *turns                                                  // beside handled
	pool       *Pool                                                   // nil: the callback is called at once
	logger     *slog.Logger
	noID       *sync.Once // beside handled, for a warning
	observer   Observer
}

func newDelivery(callback Callback) delivery {
	return delivery{callback: callback, logger: slog.New(slog.DiscardHandler), noID: new(sync.Once)}
}

// arrival is a body that arrived, and what is known of it beside.
type arrival struct {
	header    http.Header // what it may be read by; nil: the body alone
	body      []byte
	id        string    // for messages whose envelopes have none; may be empty
	published time.Time // likewise; may be zero

	ids string // of its messages, for the log, once deliver has read them
}

// unreadableError is what arrived and is no index message.
type unreadableError struct{ err error }

func (e *unreadableError) Error() string { return e.err.Error() }

func (e *unreadableError) Unwrap() error { return e.err }

// deliver returns nil if all that is in a body can be acknowledged. A message that
// fails does not keep the others from the callback. The error is an
// unreadableError only if nothing else failed, because only then is it useless to
// send the same again.
func (d *delivery) deliver(ctx context.Context, a *arrival) error {
	messages, unreadable := imm.ParseIndexMessages(a.header, a.body)
	for _, m := range messages {
		m.MessageID = cmp.Or(m.MessageID, a.id)
		if m.PublishTime.IsZero() {
			m.PublishTime = a.published
		}
	}
	a.ids = idsOf(messages)
	var errs []error
	for i, m := range messages {
		id := m.MessageID
		if id != "" && len(messages) > 1 {
			id += "#" + strconv.Itoa(i) // an envelope around a batch gives all of it one id
		}
		if err := d.hand(ctx, id, m); err != nil {
			errs = append(errs, err)
		}
	}
	if unreadable != nil && d.unreadable != nil {
		unreadable = d.unreadable(ctx, a.body, unreadable)
	}
	switch {
	case unreadable != nil && errs == nil:
		return &unreadableError{unreadable}
	case unreadable != nil:
		errs = append(errs, unreadable)
	}
	return joinLines(errs...)
}

// idsOf shows the first id, because there can be a thousand.
func idsOf(messages []*imm.IndexMessage) string {
	switch n := len(messages); n {
	case 0:
		return ""
	case 1:
		return messages[0].MessageID
	default:
		return messages[0].MessageID + " and " + strconv.Itoa(n-1) + " more"
	}
}

// hand calls the callback, or has the pool do so.
func (d *delivery) hand(ctx context.Context, id string, m *imm.IndexMessage) error {
	if d.pool == nil {
		return d.once(ctx, id, m)
	}
	return d.pool.add(pooled{values: context.WithoutCancel(ctx), message: m, work: func(ctx context.Context) error { return d.once(ctx, id, m) }})
}

// once calls the callback unless the message was handled before.
func (d *delivery) once(ctx context.Context, id string, m *imm.IndexMessage) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if d.handled == nil {
		return d.call(ctx, m)
	}
	if id == "" {
		d.noID.Do(func() {
			d.logger.WarnContext(ctx, "a message has no id, so WithDeduplication cannot keep it from the callback when it comes again; this is said once")
		})
		return d.call(ctx, m)
	}
	end, err := d.turns.take(ctx, id)
	if err != nil {
		return err
	}
	defer end()
	handled, err := d.handled.Handled(ctx, id)
	if err != nil {
		return err
	}
	if handled {
		d.spare(ctx, m)
		return nil
	}
	if err := d.call(ctx, m); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), markTimeout)
	defer cancel()
	return d.handled.MarkHandled(ctx, id)
}
