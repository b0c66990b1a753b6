package natsbulk

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/nats-io/nats.go/jetstream"
)

const (
	tallyKey = "tally"
	// saveTime is how long outcomes are counted until the count is stored.
	saveTime = time.Second
	// quietTime is how long no outcomes may come although there are some.
	quietTime = 5 * time.Second
)

// errQuiet says that there are outcomes, and none of them come. The server that sends
// them may be gone while the connection, which is to another one, is not.
var errQuiet = errors.New("the servers have outcomes and do not send them")

// storedTally is the key of the bucket with the count.
type storedTally struct{ *tally }

// MarshalJSON writes the set of batches that are done in short.
func (s storedTally) MarshalJSON() ([]byte, error) { return s.bytes() }

// UnmarshalJSON reads what MarshalJSON writes.
func (s *storedTally) UnmarshalJSON(data []byte) (err error) {
	s.tally, err = readTally(data)
	return err
}

func (c *Cluster) loadTally(ctx context.Context) (entry[storedTally], error) {
	return load(ctx, c, tallyKey, storedTally{new(tally)})
}

// Collect counts the outcomes that workers store, each file once, and makes room for
// more of them. It returns when every file that was planned has its outcome or is in
// a dead batch, and the list is planned to its end. What it has counted is stored,
// about once a second, so that Collect goes on anywhere; Collects at the same time do
// no harm. Each time, progress is told, unless it is nil; it is called by one
// goroutine.
//
// The error is that of ctx, or what JetStream says. Servers that are away are waited
// for.
func (c *Cluster) Collect(ctx context.Context, progress func(Progress)) (Progress, error) {
	for {
		p, err := c.collect(ctx, progress)
		switch {
		case err == nil:
			return p, nil
		case ctx.Err() != nil:
			return p, fmt.Errorf("natsbulk: the collecting was stopped: %w", ctx.Err())
		case !errors.Is(err, errConflict) && !errors.Is(err, errQuiet) && !errors.Is(err, jetstream.ErrMsgIteratorClosed) && !isAway(err):
			return p, err
		}
		rest(ctx, awayPause) // then from what is stored
	}
}

// collect counts from what is stored on.
func (c *Cluster) collect(ctx context.Context, progress func(Progress)) (p Progress, err error) {
	counted, err := c.loadTally(ctx)
	if err != nil {
		return p, err
	}
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	consumer, err := c.results.OrderedConsumer(ctx, jetstream.OrderedConsumerConfig{
		DeliverPolicy: jetstream.DeliverByStartSequencePolicy, OptStartSeq: counted.value.UpTo + 1,
		InactiveThreshold: 30 * time.Second,
		MaxResetAttempts:  1, // it does not look at ctx
	})
	if err != nil {
		return p, err
	}
	incoming, err := consumer.Messages(jetstream.PullMaxMessages(500))
	if err != nil {
		return p, err
	}
	defer incoming.Stop()
	x := &counter{cluster: c, entry: counted, moved: time.Now()}
	for {
		if err := x.countFor(ctx, incoming); err != nil {
			return p, err
		}
		if err := x.checkQuiet(ctx); err != nil {
			return p, err
		}
		if err := x.save(ctx); err != nil {
			return p, err
		}
		var isOver bool
		if p, isOver, err = c.progress(ctx, x.entry.value.tally); err != nil {
			return p, err
		}
		if progress != nil {
			progress(p)
		}
		if isOver {
			return p, nil
		}
	}
}

// counter is one pass of collecting.
type counter struct {
	cluster *Cluster
	entry   entry[storedTally]
	stored  uint64    // up to where the count is stored
	moved   time.Time // when an outcome came last
}

// maxStale is how many messages are to be deleted when the count is stored, at most.
const maxStale = 1000

// countFor counts what comes within saveTime.
func (x *counter) countFor(ctx context.Context, incoming jetstream.MessagesContext) error {
	counting, cancel := context.WithTimeout(ctx, saveTime)
	defer cancel()
	for len(x.entry.value.Stale) < maxStale {
		msg, err := incoming.Next(jetstream.NextContext(counting))
		if err != nil && counting.Err() != nil {
			return ctx.Err()
		}
		if errors.Is(err, jetstream.ErrNoHeartbeat) {
			continue // the consumer is made again
		}
		if err != nil {
			return err
		}
		meta, err := msg.Metadata()
		if err != nil {
			return err
		}
		m, err := decodeOutcomes(msg.Data())
		if err != nil {
			return fmt.Errorf("natsbulk: message %d of the results is of no worker: %w", meta.Sequence.Stream, err)
		}
		x.moved = time.Now()
		isFailure := msg.Subject() == x.cluster.subject(failedSubject)
		if fresh := x.entry.value.add(meta.Sequence.Stream, m); fresh == 0 && isFailure {
			x.entry.value.Stale = append(x.entry.value.Stale, meta.Sequence.Stream)
		}
	}
	return nil
}

// checkQuiet is errQuiet if outcomes should have come, and did not.
func (x *counter) checkQuiet(ctx context.Context) error {
	if time.Since(x.moved) < quietTime {
		return nil
	}
	x.moved = time.Now()
	return persist(ctx, func(ctx context.Context) error {
		info, err := x.cluster.results.Info(ctx)
		if err == nil && info.State.LastSeq > x.entry.value.UpTo {
			return errQuiet
		}
		return err
	})
}

// save stores the count, and then lets go of what it has.
func (x *counter) save(ctx context.Context) error {
	upTo := x.entry.value.UpTo
	if upTo == x.stored {
		return nil
	}
	if err := x.entry.save(ctx); err != nil {
		return err
	}
	x.stored = upTo
	for _, sequence := range x.entry.value.Stale {
		if err := remove(ctx, x.cluster.results, sequence); err != nil {
			return err
		}
	}
	x.entry.value.Stale = nil
	return persist(ctx, func(ctx context.Context) error {
		return x.cluster.results.Purge(ctx, jetstream.WithPurgeSubject(x.cluster.subject(doneSubject)), jetstream.WithPurgeSequence(upTo+1))
	})
}
