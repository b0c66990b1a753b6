package notify

import (
	"context"
	"fmt"
)

// queueDeletion is a message that was worked on, for one of those who delete.
type queueDeletion struct {
	handle string
	done   chan<- error // takes one without being waited for
}

// acknowledge has a message deleted, and waits for that.
func (r *queueRun) acknowledge(handle string) error {
	done := make(chan error, 1)
	r.deletions <- queueDeletion{handle, done}
	if err := <-done; err != nil {
		return fmt.Errorf("it was handled and cannot be deleted: %w", err)
	}
	return nil
}

// remove deletes what the workers hand over: as many at once as wait for it, so
// that the more there is to do, the fewer requests each message takes.
func (r *queueRun) remove(ctx context.Context) {
	for first := range r.deletions {
		batch := r.others([]queueDeletion{first})
		handles := make([]string, len(batch))
		for i, d := range batch {
			handles[i] = d.handle
		}
		lasting, cancel := queueLinger(ctx)
		failed := r.api.remove(lasting, handles)
		cancel()
		for _, d := range batch {
			d.done <- failed[d.handle]
		}
	}
}

// others adds those who wait already.
func (r *queueRun) others(batch []queueDeletion) []queueDeletion {
	for len(batch) < queueBatch {
		select {
		case next := <-r.deletions: // which is open as long as somebody waits
			batch = append(batch, next)
		default:
			return batch
		}
	}
	return batch
}
