package natsbulk

import (
	"context"
	"encoding/json"
	"fmt"
	"sync"

	"github.com/nats-io/nats.go/jetstream"

	"github.com/imm-go/imm/bulk"
)

// storesAtOnce is how many messages with outcomes are on their way at once.
const storesAtOnce = 64

// maxErrorText is how many characters of an error are stored.
const maxErrorText = 2048

// Resume says that nothing is done: what is done does not come any more.
func (w *worker) Resume(context.Context, string) (after string, done []string, err error) {
	return "", nil, nil
}

// Record stores outcomes in the stream of results, and then acknowledges the batches
// that have all of theirs. It waits while the stream is full and the servers are away.
func (w *worker) Record(ctx context.Context, progress bulk.Progress) error {
	if err := w.publish(ctx, w.messagesOf(progress.Results)); err != nil {
		return fmt.Errorf("natsbulk: the outcomes cannot be stored: %w", err)
	}
	return nil
}

// call is what results that go in one message have in common.
type call struct {
	delivery           *delivery
	requestID, eventID string
}

// messagesOf puts results into messages: those of one call together, and each that
// has an error alone, because those are kept.
func (w *worker) messagesOf(results []bulk.Result) (messages []message) {
	calls := make(map[call]*outcomes)
	for i := range results {
		r := &results[i]
		d, index := w.find(r.Position)
		if d == nil {
			continue // it was given back
		}
		f := outcome{Index: index, Status: r.Status.String(), Attempts: r.Attempts}
		of := call{d, r.RequestID, r.EventID}
		if r.Err != nil {
			// A message has room for the file, and not for every text that is about it.
			f.Error = fmt.Sprintf("%.*s", maxErrorText, r.Err)
			f.Position, f.File = d.batch.Items[index].Position, &r.File
			m := of.outcomes()
			m.Files = []outcome{f}
			messages = append(messages, message{failedSubject, d, m})
			continue
		}
		m := calls[of]
		if m == nil {
			m = of.outcomes()
			calls[of] = m
			messages = append(messages, message{doneSubject, d, m})
		}
		f.URI = r.File.URI
		m.Files = append(m.Files, f)
	}
	return messages
}

func (c call) outcomes() *outcomes {
	return &outcomes{Batch: c.delivery.batch.Number, Size: len(c.delivery.batch.Items), RequestID: c.requestID, EventID: c.eventID}
}

// message is what is to be stored of one delivery.
type message struct {
	subject  string
	delivery *delivery
	outcomes *outcomes
}

// publish stores messages, many at once, and returns when all are stored. A batch is
// acknowledged as soon as it has all of its outcomes.
func (w *worker) publish(ctx context.Context, messages []message) error {
	errs := make([]error, len(messages))
	places := make(chan struct{}, storesAtOnce)
	var publishing sync.WaitGroup
	for i, m := range messages {
		places <- struct{}{}
		publishing.Go(func() {
			if errs[i] = w.store(ctx, m); errs[i] == nil {
				w.settle(m.delivery, len(m.outcomes.Files))
			}
			<-places
		})
	}
	publishing.Wait()
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

func (w *worker) store(ctx context.Context, m message) error {
	data, err := json.Marshal(m.outcomes)
	if err != nil {
		return err
	}
	// The id is for an answer that is lost: the same delivery is stored once. Another
	// delivery of the batch is stored, too, so that files sent twice can be counted.
	id := fmt.Sprintf("%s:%d:%d", w.name, m.delivery.id, m.outcomes.Files[0].Index)
	return w.cluster.publish(ctx, m.subject, data, jetstream.WithMsgID(id))
}

// publish stores a message, whoever has to be waited for.
func (c *Cluster) publish(ctx context.Context, of string, data []byte, options ...jetstream.PublishOpt) error {
	return persist(ctx, func(ctx context.Context) error {
		_, err := c.js.Publish(ctx, c.subject(of), data, options...)
		return err
	})
}
