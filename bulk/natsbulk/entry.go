package natsbulk

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/nats-io/nats.go/jetstream"
)

// errConflict says that somebody else has changed a key meanwhile.
var errConflict = errors.New("another process has changed it meanwhile")

// entry is the value of a key of the bucket, and its revision.
type entry[T any] struct {
	cluster  *Cluster
	key      string
	value    T
	revision uint64 // 0: there is none yet
}

// load reads the value of a key. Where there is none it is fresh, and not stored.
func load[T any](ctx context.Context, c *Cluster, key string, fresh T) (entry[T], error) {
	e := entry[T]{cluster: c, key: key, value: fresh}
	err := persist(ctx, func(ctx context.Context) error {
		found, err := c.keys.Get(ctx, key)
		if errors.Is(err, jetstream.ErrKeyNotFound) {
			return nil
		}
		if err != nil {
			return err
		}
		e.revision = found.Revision()
		var value T
		if err := json.Unmarshal(found.Value(), &value); err != nil {
			return fmt.Errorf("it is not readable: %w", err)
		}
		e.value = value
		return nil
	})
	if err != nil {
		return e, fmt.Errorf("natsbulk: the key %s of %q cannot be read: %w", key, c.name, err)
	}
	return e, nil
}

// save stores the value, if nobody has changed the key since it was read or saved.
// The error otherwise matches errConflict. What was stored, and the answer to which
// was lost, is no conflict.
func (e *entry[T]) save(ctx context.Context) error {
	data, err := json.Marshal(e.value)
	if err != nil {
		return err
	}
	return persist(ctx, func(ctx context.Context) error {
		revision, err := e.cluster.keys.Update(ctx, e.key, data, e.revision)
		if err == nil {
			e.revision = revision
			return nil
		}
		if !isWrongSequence(err) {
			return err
		}
		found, err := e.cluster.keys.Get(ctx, e.key)
		if err != nil {
			return err
		}
		if string(found.Value()) != string(data) {
			return errConflict
		}
		e.revision = found.Revision()
		return nil
	})
}
