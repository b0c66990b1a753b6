package notify

import (
	"context"
	"fmt"

	"github.com/imm-go/imm"
)

// defaultFileLimit is how many files a tracker holds unless WithFileLimit says
// otherwise: they take about 150 MB beside their texts.
const defaultFileLimit = 1_000_000

// TrackerOption changes one setting of a tracker. See NewTracker.
type TrackerOption func(*trackerConfig) error

type trackerConfig struct {
	fileLimit int
	outcomes  func(Outcome)                                  // nil: nobody is told
	unknown   func(context.Context, *imm.IndexMessage) error // nil: they are acknowledged
}

func newTrackerConfig(opts []TrackerOption) (trackerConfig, error) {
	c := trackerConfig{fileLimit: defaultFileLimit}
	for i, opt := range opts {
		if opt == nil {
			return c, trackerRefusal(fmt.Sprintf("opts[%d]", i), "it is nil; leave it out")
		}
		if err := opt(&c); err != nil {
			return c, err
		}
	}
	return c, nil
}

func trackerRefusal(field, reason string) error {
	return &imm.ValidationError{Action: "NewTracker", Field: field, Reason: reason}
}

// WithFileLimit says how many files a tracker holds at most: those of every batch
// that has a file without an outcome. Track refuses what goes above it with an
// error that matches ErrTrackerFull. It must be above zero. The default is
// 1,000,000, which take about 150 MB beside their URIs and CustomIDs.
func WithFileLimit(n int) TrackerOption {
	return func(c *trackerConfig) error {
		if n <= 0 {
			return trackerRefusal("WithFileLimit", fmt.Sprintf("%d is not a limit; want a number of files above zero", n))
		}
		c.fileLimit = n
		return nil
	}
}

// WithOutcomes is told the outcome of each file, once for each, when it becomes
// known. The order is not that of the files. The outcome counts already, so if the
// function fails to store it, no message comes again because of that: to store
// outcomes so that none is lost, do so in the callback, before Handle. The function
// is called by the goroutines that call Handle, Accepted, Forget or Resolve, so by
// many at once. It may call the tracker, but it must not wait for the batch or the
// tracker: a wait ends only after the function has returned for every file that was
// waited for.
func WithOutcomes(report func(Outcome)) TrackerOption {
	return func(c *trackerConfig) error {
		if report == nil {
			return trackerRefusal("WithOutcomes", "the function is nil; leave the option out to be told nothing")
		}
		c.outcomes = report
		return nil
	}
}

// WithUnknown decides about a message that is of no call of this tracker: none
// of its files is known here. The function is called by the goroutines that call
// Handle, and what it returns is what Handle returns.
//
// By default such messages are acknowledged, so that they do not come again. That
// is right where only one process reads them. Where several processes read one
// queue, a message may get to the wrong one, and acknowledging it would take it
// from the one that waits: return an error there, so that it comes again and in
// the end to the right one, and nil once it is so old that nobody can wait for it.
// That costs time and requests, because a message may come to the wrong one again
// and again: a queue for each process, with a subscription of its own, is better.
func WithUnknown(decide func(ctx context.Context, m *imm.IndexMessage) error) TrackerOption {
	return func(c *trackerConfig) error {
		if decide == nil {
			return trackerRefusal("WithUnknown", "the function is nil; leave the option out to acknowledge what is unknown")
		}
		c.unknown = decide
		return nil
	}
}
