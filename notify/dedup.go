package notify

import (
	"context"
	"crypto/sha256"
	"fmt"
	"sync"

	"github.com/imm-go/imm"
)

// Deduplicator remembers the ids of messages that were handled. Several processes
// that share the work need one over a store that they share. Both methods are
// called by many goroutines at once. An error of either makes the message come
// again.
type Deduplicator interface {
	// Handled reports whether the id was marked.
	Handled(ctx context.Context, id string) (bool, error)
	// MarkHandled is called after the callback has returned nil, and never before.
	MarkHandled(ctx context.Context, id string) error
}

// WithDeduplication keeps a message that was handled from the callback when it
// comes again. It goes by [imm.IndexMessage.MessageID]; with a queue, that is the id
// in the queue if the message has none of its own, as with the NotifyContentFormat
// SIMPLIFIED, and so says nothing of one that the topic put into the queue twice. A
// message without an id is always handed on, and the first one is logged. What comes to a receiver a second time while it is still
// working on the first waits for that, and is handed on if the first fails. All
// receivers take it. A nil deduplicator is refused. The default is to hand on
// everything.
func WithDeduplication(d Deduplicator) Option {
	return func(c *config) error {
		if d == nil {
			return c.refuse("WithDeduplication", "the deduplicator is nil; leave the option out to hand every message on")
		}
		c.handled, c.turns = d, &turns{taken: make(map[string]chan struct{})}
		return nil
	}
}

// turns lets one goroutine at a time work on an id. Two that came at the same moment
// would both find that it is not handled yet.
type turns struct {
	mu    sync.Mutex
	taken map[string]chan struct{} // closed when the id is free again
}

// take waits until nobody works on the id. The function that it returns ends the
// turn.
func (t *turns) take(ctx context.Context, id string) (end func(), err error) {
	for {
		t.mu.Lock()
		taken, isTaken := t.taken[id]
		if !isTaken {
			mine := make(chan struct{})
			t.taken[id] = mine
			t.mu.Unlock()
			return func() {
				t.mu.Lock()
				delete(t.taken, id)
				t.mu.Unlock()
				close(mine)
			}, nil
		}
		t.mu.Unlock()
		select {
		case <-taken:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}

// MemoryDeduplicator is a [Deduplicator] for one process. It is safe for
// concurrent use. What it remembers ends with the process.
type MemoryDeduplicator struct {
	limit int

	mu     sync.Mutex
	marked map[[sha256.Size]byte]struct{}
	ring   [][sha256.Size]byte // in the order of marking, the oldest at next once it is full
	next   int
}

// NewMemoryDeduplicator remembers as many ids as the limit says, and beyond that
// forgets the oldest first. An id takes about 150 bytes of memory, whatever its
// length. A limit below 1 is an error.
func NewMemoryDeduplicator(limit int) (*MemoryDeduplicator, error) {
	if limit < 1 {
		return nil, &imm.ValidationError{Action: "NewMemoryDeduplicator", Field: "limit",
			Reason: fmt.Sprintf("%d ids remember nothing; want at least as many as messages come while the sender repeats one, such as 100000", limit)}
	}
	return &MemoryDeduplicator{limit: limit, marked: make(map[[sha256.Size]byte]struct{})}, nil
}

// Handled reports whether the id was marked and is still remembered. The error is
// always nil.
func (d *MemoryDeduplicator) Handled(_ context.Context, id string) (bool, error) {
	sum := sha256.Sum256([]byte(id))
	d.mu.Lock()
	defer d.mu.Unlock()
	_, is := d.marked[sum]
	return is, nil
}

// MarkHandled remembers the id. An id that is marked again does not become
// younger. The error is always nil.
func (d *MemoryDeduplicator) MarkHandled(_ context.Context, id string) error {
	sum := sha256.Sum256([]byte(id))
	d.mu.Lock()
	defer d.mu.Unlock()
	if _, is := d.marked[sum]; is {
		return nil
	}
	if len(d.ring) < d.limit {
		d.ring = append(d.ring, sum)
	} else {
		delete(d.marked, d.ring[d.next])
		d.ring[d.next] = sum
		d.next = (d.next + 1) % d.limit
	}
	d.marked[sum] = struct{}{}
	return nil
}
