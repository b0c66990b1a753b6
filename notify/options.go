package notify

import (
	"context"
	"fmt"
	"log/slog"

	"github.com/imm-go/imm"
)

// Option changes one setting of a receiver. Each option says which of
// NewMNSHandler, NewEventBridgeHandler and NewQueueReceiver take it; the others
// refuse it, because it would change nothing there.
type Option func(*config) error

// receiver is one of the ways in which messages arrive.
type receiver uint8

const (
	mnsPush receiver = 1 << iota
	eventBridgePush
	mnsQueue
)

func (r receiver) String() string {
	switch r {
	case mnsPush:
		return "NewMNSHandler"
	case eventBridgePush:
		return "NewEventBridgeHandler"
	}
	return "NewQueueReceiver"
}

// config is what the options set.
type config struct {
	receiver receiver
	delivery
	push  pushConfig
	queue queueConfig
}

func newConfig(r receiver, callback Callback, opts []Option) (*config, error) {
	c := &config{receiver: r, delivery: newDelivery(callback), push: newPushConfig(r), queue: newQueueConfig()}
	var errs []error
	if callback == nil {
		errs = append(errs, c.refuse("callback", "it is nil, so nobody would learn of the outcomes; want a function such as (*notify.Tracker).Handle"))
	}
	for i, opt := range opts {
		if opt == nil {
			errs = append(errs, c.refuse(fmt.Sprintf("opts[%d]", i), "it is nil; leave it out"))
			continue
		}
		if err := opt(c); err != nil {
			errs = append(errs, err)
		}
	}
	return c, joinLines(errs...)
}

func (c *config) refuse(field, reason string) error {
	return &imm.ValidationError{Action: c.receiver.String(), Field: field, Reason: reason}
}

// only refuses an option that changes nothing for this receiver.
func (c *config) only(option string, receivers receiver) error {
	if c.receiver&receivers == 0 {
		return c.refuse(option, "it has no meaning here; leave it out")
	}
	return nil
}

// WithLogger writes a warning for each message that is refused or fails, with the
// reason, which the sender is not told, and for options that leave a gap. A record
// names the message by message_id, its [imm.IndexMessage.MessageID], as far as that
// is known, and a push of MNS by topic and subscription as well. What a push with
// the status 403 says of itself is not proven. All receivers take it. A nil logger
// is refused. The default is to log nothing.
func WithLogger(logger *slog.Logger) Option {
	return func(c *config) error {
		if logger == nil {
			return c.refuse("WithLogger", "the logger is nil; leave the option out to log nothing")
		}
		c.logger = logger
		return nil
	}
}

// WithUnreadable is asked about what arrives from the right sender and is no index
// message, such as an event of another type (then err is an
// *imm.OtherEventError). If the function returns nil it is acknowledged and so
// does not come again. All receivers take it. By default, and after an error of
// the function, it is not acknowledged: a push is answered with 400, and a message
// in a queue stays there.
func WithUnreadable(decide func(ctx context.Context, body []byte, err error) error) Option {
	return func(c *config) error {
		if decide == nil {
			return c.refuse("WithUnreadable", "the function is nil; leave the option out to acknowledge nothing that cannot be read")
		}
		c.unreadable = decide
		return nil
	}
}
