package natsbulk

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"strconv"
	"strings"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"github.com/imm-go/imm"
)

// troubleKey is the key of the bucket that has why a worker last ended early.
const troubleKey = "trouble"

// Trouble is why a worker ended before the work was done.
type Trouble struct {
	Time  time.Time
	Error string
}

// noteTrouble keeps why a worker ends, for the reason of dead batches and for Status.
// It is only to inform, so that it may fail.
func (c *Cluster) noteTrouble(ctx context.Context, trouble error) {
	data, err := json.Marshal(Trouble{Time: time.Now().UTC(), Error: trouble.Error()})
	if err == nil {
		ctx, cancel := context.WithTimeout(ctx, requestTime)
		defer cancel()
		_, _ = c.keys.Put(ctx, troubleKey, data)
	}
}

// reasonOf is why a batch is dead that came back so often.
func (c *Cluster) reasonOf(ctx context.Context, deliveries uint64) string {
	reason := fmt.Sprintf("%d workers had it, and none stored what became of it", deliveries)
	if found, err := load(ctx, c, troubleKey, Trouble{}); err == nil && found.revision > 0 {
		reason += "; the last worker that ended early said: " + found.value.Error
	}
	return reason
}

// bury moves a batch to the dead ones, and takes it from its stream once it is there.
func (w *worker) bury(ctx context.Context, msg jetstream.Msg, batch *workBatch, deliveries uint64, reason string) {
	batch.Reason, batch.Deliveries = reason, deliveries-1
	data, err := json.Marshal(batch)
	if err != nil {
		return
	}
	subject := fmt.Sprintf("%s.%d.%d", deadSubject, batch.Number, len(batch.Items))
	if w.cluster.publish(ctx, subject, data) == nil {
		_ = msg.Ack() // if that is lost, the batch comes again and is buried again, in its place
	}
}

// DeadBatch is a batch that came back too often.
type DeadBatch struct {
	Number     uint64 // in the order of the list, from 1
	Files      []imm.InputFile
	Deliveries uint64 // to workers
	Reason     string
}

// Dead lists the batches that came back too often, of which no outcome was counted.
// The loop ends at the first error.
func (c *Cluster) Dead(ctx context.Context) iter.Seq2[DeadBatch, error] {
	return func(yield func(DeadBatch, error) bool) {
		for batch, err := range c.graves(ctx) {
			d := DeadBatch{}
			if err == nil {
				d = DeadBatch{Number: batch.Number, Deliveries: batch.Deliveries, Reason: batch.Reason}
				for i := range batch.Items {
					d.Files = append(d.Files, batch.Items[i].File)
				}
			}
			if !yield(d, err) || err != nil {
				return
			}
		}
	}
}

// grave is a batch in the stream of dead ones.
type grave struct {
	*workBatch

	sequence uint64
}

// graves are the dead batches that were not done after all.
func (c *Cluster) graves(ctx context.Context) iter.Seq2[grave, error] {
	return func(yield func(grave, error) bool) {
		counted, err := c.loadTally(ctx)
		if err != nil {
			yield(grave{}, err)
			return
		}
		for msg, err := range messages(ctx, c.dead, c.subject(deadSubject)+".>") {
			g := grave{}
			if err == nil {
				g = grave{&workBatch{}, msg.Sequence}
				if err = json.Unmarshal(msg.Data, g.workBatch); err != nil {
					err = fmt.Errorf("natsbulk: a dead batch is not readable: %w", err)
				}
			}
			if err == nil && counted.value.done.has(g.Number) {
				continue
			}
			if !yield(g, err) || err != nil {
				return
			}
		}
	}
}

// buried are the dead batches that were not done after all: how many files each of
// them has, by its number.
func (c *Cluster) buried(ctx context.Context, t *tally) (map[uint64]int, error) {
	prefix := c.subject(deadSubject) + "."
	var info *jetstream.StreamInfo
	err := persist(ctx, func(ctx context.Context) (err error) {
		info, err = c.dead.Info(ctx, jetstream.WithSubjectFilter(prefix+">"))
		return err
	})
	if err != nil {
		return nil, err
	}
	found := make(map[uint64]int)
	for subject := range info.State.Subjects {
		number, files, _ := strings.Cut(strings.TrimPrefix(subject, prefix), ".")
		batch, err := strconv.ParseUint(number, 10, 64)
		if err != nil || batch == 0 || t.done.has(batch) {
			continue // 0 is what was no batch, and is not among those that were planned
		}
		found[batch], _ = strconv.Atoi(files)
	}
	return found, nil
}

// RetryDead gives the dead batches to the workers again, and returns how many files
// they have. One that cannot be read stays. It is safe at any time, also beside
// workers and another RetryDead.
func (c *Cluster) RetryDead(ctx context.Context) (files int, err error) {
	for g, err := range c.graves(ctx) {
		if err != nil {
			return files, err
		}
		if len(g.Items) == 0 {
			continue
		}
		data, err := json.Marshal(workBatch{Number: g.Number, Items: g.Items})
		if err != nil {
			return files, err
		}
		err = c.publish(ctx, againSubject, data, jetstream.WithMsgID(fmt.Sprintf("%d:%d", g.Number, g.sequence)))
		if err == nil {
			err = remove(ctx, c.dead, g.sequence)
		}
		if err != nil {
			return files, fmt.Errorf("natsbulk: dead batch %d cannot be given to workers: %w", g.Number, err)
		}
		files += len(g.Items)
	}
	return files, nil
}

// remove deletes a message, unless somebody has done so before.
func remove(ctx context.Context, stream jetstream.Stream, sequence uint64) error {
	return persist(ctx, func(ctx context.Context) error {
		err := stream.DeleteMsg(ctx, sequence)
		if errors.Is(err, jetstream.ErrMsgDeleteUnsuccessful) { // of the reason it has only the text
			if _, found := stream.GetMsg(ctx, sequence); errors.Is(found, jetstream.ErrMsgNotFound) {
				return nil
			}
		}
		return err
	})
}

// messages are those of a subject in a stream.
func messages(ctx context.Context, stream jetstream.Stream, subject string) iter.Seq2[*jetstream.RawStreamMsg, error] {
	return func(yield func(*jetstream.RawStreamMsg, error) bool) {
		for next := uint64(1); ; {
			var msg *jetstream.RawStreamMsg
			err := persist(ctx, func(ctx context.Context) (err error) {
				msg, err = stream.GetMsg(ctx, next, jetstream.WithGetMsgSubject(subject))
				return err
			})
			if errors.Is(err, jetstream.ErrMsgNotFound) {
				return
			}
			if err != nil {
				err = fmt.Errorf("natsbulk: the messages of %s cannot be read: %w", subject, err)
			}
			if !yield(msg, err) || err != nil {
				return
			}
			next = msg.Sequence + 1
		}
	}
}
