package natsbulk

import (
	"context"
	"errors"
	"fmt"
	"net"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

const (
	// requestTime is how long a server may take to answer one request.
	requestTime = 5 * time.Second
	// awayPause is the pause before servers are asked again that did not answer, and
	// fullPause the one before something is put again into a stream that is full.
	awayPause = 250 * time.Millisecond
	fullPause = 500 * time.Millisecond
)

// Codes of JetStream.
const (
	// storeFailed is for a message that could not be kept, most likely because the
	// stream is full.
	storeFailed jetstream.ErrorCode = 10077
	// stillStoring is for a message that came before, and waits for enough servers to
	// agree on it.
	stillStoring jetstream.ErrorCode = 10158
	// noStorage is for a stream that may grow larger than the servers have room for.
	noStorage jetstream.ErrorCode = 10047
)

// persist does something that needs the servers, again and again while they are
// away. It ends with the context, or with an answer: success or a refusal.
func persist(ctx context.Context, do func(context.Context) error) error {
	for {
		request, cancel := context.WithTimeout(ctx, requestTime)
		err := do(request)
		cancel()
		switch {
		case err == nil:
			return nil
		case ctx.Err() != nil:
			return fmt.Errorf("%w, and the servers last said: %w", ctx.Err(), err)
		case isFull(err):
			rest(ctx, fullPause)
		case isAway(err):
			rest(ctx, awayPause)
		default:
			return err
		}
	}
}

// errUnderWay says that what was tried before may still be done.
var errUnderWay = errors.New("an earlier try is still under way")

// rest waits, but not longer than the context lasts.
func rest(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
}

func isFull(err error) bool {
	refused, ok := errors.AsType[*jetstream.APIError](err)
	return ok && refused.ErrorCode == storeFailed
}

// isAway reports errors that say the servers are starting, have gone, or choose a
// leader: all of them pass.
func isAway(err error) bool {
	if refused, ok := errors.AsType[*jetstream.APIError](err); ok {
		switch refused.ErrorCode {
		case stillStoring:
			return true
		case noStorage, jetstream.JSErrCodeJetStreamNotEnabled, jetstream.JSErrCodeJetStreamNotEnabledForAccount:
			return false
		}
		return refused.Code >= 500
	}
	var network net.Error
	return errors.Is(err, errUnderWay) || errors.Is(err, context.DeadlineExceeded) || errors.Is(err, nats.ErrTimeout) || errors.Is(err, nats.ErrNoResponders) ||
		errors.Is(err, jetstream.ErrNoStreamResponse) || errors.Is(err, nats.ErrDisconnected) || errors.Is(err, nats.ErrReconnectBufExceeded) ||
		errors.Is(err, nats.ErrConnectionReconnecting) || errors.Is(err, jetstream.ErrNoHeartbeat) || errors.Is(err, jetstream.ErrServerShutdown) ||
		errors.As(err, &network)
}
