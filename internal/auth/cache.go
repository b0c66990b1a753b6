// Package auth keeps the credentials of a client: fetched once for all who wait,
// refreshed ahead of their expiry in the background, and kept for as long as
// they may work.
package auth

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"
)

// The times of the cache.
const (
	fetchTimeout  = 30 * time.Second // for one fetch
	unknownAge    = time.Minute      // age at which credentials of unknown expiry are refreshed
	maxAhead      = 5 * time.Minute  // before a known expiry, the refresh begins; a fifth of short lives
	refreshPause  = 10 * time.Second // after a refresh in the background that failed
	overdueMargin = time.Second      // granted to a fetch that obeys its timeout
)

// Fetch gets a value and the time at which it expires; zero: unknown. It is
// never called by two goroutines at a time.
type Fetch[V any] func(ctx context.Context) (value V, expires time.Time, err error)

// Cache keeps the last value that a Fetch returned. It is safe for concurrent
// use, and has no goroutine but while a fetch is under way.
type Cache[V any] struct {
	fetch Fetch[V]
	same  func(a, b V) bool

	mu      sync.Mutex
	value   V
	has     bool
	expires time.Time
	next    time.Time // the earliest time of a refresh in the background
	flight  *flight   // nil: no fetch is under way
}

// flight is one fetch. Its err is set before done is closed.
type flight struct {
	ctx  context.Context
	done chan struct{}
	err  error
}

// New returns a cache that is empty until it is first asked. Two values are the
// same if the service could not tell them apart.
func New[V any](fetch Fetch[V], same func(a, b V) bool) *Cache[V] {
	return &Cache[V]{fetch: fetch, same: same}
}

// Get returns the value. It waits only if there is none that may work, and then
// no longer than the context allows; the end of one caller's context does not
// end the fetch, because others may wait for it.
func (c *Cache[V]) Get(ctx context.Context) (V, error) {
	c.mu.Lock()
	now := time.Now()
	if c.usable(now) {
		if c.flight == nil && !now.Before(c.next) {
			c.start()
		}
		defer c.mu.Unlock()
		return c.value, nil
	}
	f := c.flight
	if f == nil {
		f = c.start()
	}
	c.mu.Unlock()
	if err := c.await(ctx, f); err != nil {
		var none V
		return none, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.value, nil
}

// Renew returns a value other than used, which the service has refused as
// expired. It fetches one, unless that has been done since. The second result
// is false if the source has nothing else.
func (c *Cache[V]) Renew(ctx context.Context, used V) (V, bool) {
	c.mu.Lock()
	if c.usable(time.Now()) && !c.same(c.value, used) {
		defer c.mu.Unlock()
		return c.value, true
	}
	f := c.flight
	if f == nil {
		f = c.start()
	}
	c.mu.Unlock()
	err := c.await(ctx, f)
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.value, err == nil && !c.same(c.value, used)
}

// usable reports whether there is a value that may work; the lock is held.
func (c *Cache[V]) usable(now time.Time) bool {
	return c.has && (c.expires.IsZero() || now.Before(c.expires))
}

// start begins a fetch; the lock is held. A provider that panics fails like any
// other: on a goroutine of ours its panic would end the whole program.
func (c *Cache[V]) start() *flight {
	ctx, cancel := context.WithTimeout(context.Background(), fetchTimeout)
	f := &flight{ctx: ctx, done: make(chan struct{})}
	c.flight = f
	go func() {
		defer cancel()
		var value V
		var expires time.Time
		err := errors.New("the credentials provider ended its goroutine") // unless it returns
		defer func() {
			if cause := recover(); cause != nil {
				// The value itself may hold a secret, its type cannot.
				err = fmt.Errorf("the credentials provider panicked with a value of type %T, not shown because it may hold a secret; recover in the provider to see it", cause)
			}
			c.finish(f, value, expires, err)
		}()
		value, expires, err = c.fetch(ctx)
	}()
	return f
}

func (c *Cache[V]) finish(f *flight, value V, expires time.Time, err error) {
	c.mu.Lock()
	now := time.Now()
	c.flight = nil
	switch {
	case err != nil:
		c.next = now.Add(refreshPause)
	case !expires.After(now):
		// It is unknown. An expiry that a new value has behind it already says
		// only that the clocks differ, and would cost every call a fetch.
		c.value, c.has, c.expires = value, true, time.Time{}
		c.next = now.Add(unknownAge)
	default:
		c.value, c.has, c.expires = value, true, expires
		c.next = expires.Add(-min(maxAhead, expires.Sub(now)/5))
	}
	f.err = err
	c.mu.Unlock()
	close(f.done)
}

// await waits for a fetch. A provider that does not obey its context holds up
// nobody for longer than the time of a fetch, and is not called a second time
// before it has returned.
func (c *Cache[V]) await(ctx context.Context, f *flight) error {
	deadline, _ := f.ctx.Deadline()
	overdue := time.NewTimer(time.Until(deadline) + overdueMargin)
	defer overdue.Stop()
	select {
	case <-f.done:
		return f.err
	case <-ctx.Done():
		return ctx.Err()
	case <-overdue.C:
		return fmt.Errorf("the credentials provider has not answered within %v", fetchTimeout)
	}
}
