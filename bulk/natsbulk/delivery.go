package natsbulk

import (
	"context"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"github.com/imm-go/imm/bulk"
)

// delivery is a batch that this worker has. The same batch may have come twice.
type delivery struct {
	id    uint64 // in this worker
	msg   jetstream.Msg
	batch *workBatch
	left  int // files without a stored outcome; deliveries.mu guards it
}

// deliveries is what a worker has, from the delivery of a batch to its
// acknowledgement. It is safe for concurrent use.
type deliveries struct {
	mu   sync.Mutex
	last uint64
	held map[uint64]*delivery
}

func (h *deliveries) add(msg jetstream.Msg, batch *workBatch) *delivery {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.last++
	d := &delivery{id: h.last, msg: msg, batch: batch, left: len(batch.Items)}
	if h.held == nil {
		h.held = make(map[uint64]*delivery)
	}
	h.held[d.id] = d
	return d
}

// position names an item of a delivery for the engine.
func (d *delivery) position(index int) string {
	return strconv.FormatUint(d.id, 10) + ":" + strconv.Itoa(index)
}

// find is the item of a position that the engine had from this worker.
func (h *deliveries) find(position string) (d *delivery, index int) {
	id, rest, _ := strings.Cut(position, ":")
	number, _ := strconv.ParseUint(id, 10, 64)
	index, _ = strconv.Atoi(rest)
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.held[number], index
}

// settle notes that so many files of a batch have a stored outcome, and acknowledges
// the batch if all have. Where that does not get through it comes again, and its files
// are sent twice.
func (h *deliveries) settle(d *delivery, files int) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if d.left -= files; d.left == 0 {
		delete(h.held, d.id)
		_ = d.msg.Ack()
	}
}

// givePause is after what time others get what a worker gives back. The servers may
// still have a request of the worker itself for one more batch, and what they sent to
// that would be lost until AckWait is over.
const givePause = 250 * time.Millisecond

// giveBack lets other workers have what this one has not done.
func (h *deliveries) giveBack() {
	h.mu.Lock()
	defer h.mu.Unlock()
	for id, d := range h.held {
		_ = d.msg.NakWithDelay(givePause)
		delete(h.held, id)
	}
}

// hold tells the servers until ctx ends that the worker lives, so that nobody else
// gets its batches.
func (h *deliveries) hold(ctx context.Context, ackWait time.Duration) {
	ticker := time.NewTicker(ackWait / 3)
	defer ticker.Stop()
	for {
		select {
		case <-ticker.C:
		case <-ctx.Done():
			return
		}
		h.mu.Lock()
		for _, d := range h.held {
			_ = d.msg.InProgress() // written to a buffer; the next one may get through
		}
		h.mu.Unlock()
	}
}

// yield gives the items of a delivery to the engine, and reports whether it wants
// more.
func (d *delivery) yield(yield func(bulk.Item, error) bool) bool {
	for i := range d.batch.Items {
		item := &d.batch.Items[i]
		var bad error
		if item.Error != "" {
			bad = &storedError{text: item.Error}
		}
		if !yield(bulk.Item{File: item.File, Position: d.position(i)}, bad) {
			return false
		}
	}
	return true
}
