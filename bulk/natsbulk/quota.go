package natsbulk

import (
	"context"
	"encoding/json"
	"errors"
	"math/rand/v2"
	"slices"
	"sync"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"github.com/imm-go/imm"
)

const quotaKey = "quota"

const (
	// firstPause is how long a worker waits, half by chance, when others were quicker
	// or have leased all there is; it doubles up to lastPause, so that a thousand of
	// them do not come back together, nor often. It is shorter than the horizon, so
	// that no time is left over.
	firstPause = 10 * time.Millisecond
	lastPause  = horizon / 2
	// clockDrift is how fast this machine's clock may fall behind the servers', as a
	// part of the time.
	clockDrift = 1e-3
	// clockTime is after what time the clocks are compared again.
	clockTime = 10 * time.Second
)

// quota is the bulk.Pacer of a worker: it leases times to send from the pace that all
// workers share.
type quota struct {
	cluster *Cluster
	limit   float64 // where there is no pace yet

	wake chan struct{}

	mu        sync.Mutex
	waiters   []*waiter
	throttles time.Time // when the last throttled request began that the pace was not told of
	rate      float64   // that the pace allowed when it was read last

	// What follows has the goroutine of run.
	pace     pace
	revision uint64
	pause    time.Duration
	gathered bool // it has waited for more calls to lease for
	clock    clock
}

// waiter is a call that waits for its time.
type waiter struct{ at chan time.Time }

func newQuota(c *Cluster, limit float64) *quota {
	return &quota{cluster: c, limit: limit, wake: make(chan struct{}, 1), rate: limit}
}

// share lets the quota learn of throttling, until the function that it returns is
// called.
func (c *Cluster) share(q *quota) (end func()) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.quotas[q] = struct{}{}
	return func() {
		c.mu.Lock()
		defer c.mu.Unlock()
		delete(c.quotas, q)
	}
}

// Throttling is an observer for imm.WithObserver of the client that Work gets. It
// slows all workers of the cluster down when one request was throttled, although the
// client repeats it. The observer is safe for concurrent use.
func (c *Cluster) Throttling() imm.Observer {
	return imm.Observer{AttemptDone: func(_ context.Context, a imm.AttemptInfo) {
		if !errors.Is(a.Err, imm.ErrThrottled) {
			return
		}
		c.mu.Lock()
		defer c.mu.Unlock()
		for q := range c.quotas {
			q.Throttled(a.Start)
		}
	}}
}

// Wait waits for the time of a request.
func (q *quota) Wait(ctx context.Context) error {
	w := &waiter{at: make(chan time.Time, 1)}
	q.mu.Lock()
	q.waiters = append(q.waiters, w)
	q.mu.Unlock()
	q.look()
	var at time.Time
	select {
	case at = <-w.at:
	case <-ctx.Done():
		q.mu.Lock()
		q.waiters = slices.DeleteFunc(q.waiters, func(other *waiter) bool { return other == w })
		q.mu.Unlock()
		return ctx.Err()
	}
	rest(ctx, time.Until(at))
	return ctx.Err()
}

// Rate is how many requests a second all workers together may send.
func (q *quota) Rate() float64 {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.rate
}

// Throttled notes that a request was throttled that began at the given time.
func (q *quota) Throttled(begun time.Time) {
	q.mu.Lock()
	if begun.After(q.throttles) {
		q.throttles = begun
	}
	q.mu.Unlock()
	q.look()
}

// look has run look at what there is to do.
func (q *quota) look() {
	select {
	case q.wake <- struct{}{}:
	default:
	}
}

// run leases times as long as calls wait, until ctx ends.
func (q *quota) run(ctx context.Context) {
	var pause time.Duration // until there may be times again; 0: there is nothing to do
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		if pause == 0 {
			select {
			case <-q.wake:
			case <-ctx.Done():
				return
			}
		} else {
			timer.Reset(pause)
			select {
			case <-timer.C:
			case <-ctx.Done():
				return
			}
		}
		pause = q.step(ctx)
	}
}

// step leases once, and returns after what time to do so again: 0 when somebody asks.
func (q *quota) step(ctx context.Context) (again time.Duration) {
	q.mu.Lock()
	want, throttles := len(q.waiters), q.throttles
	q.mu.Unlock()
	if want == 0 && throttles.IsZero() {
		return 0
	}
	if err := q.read(ctx); err != nil {
		return awayPause
	}
	now := q.clock.now()
	q.mu.Lock()
	q.rate = q.pace.rate(now)
	q.mu.Unlock()
	if ahead := q.pace.ahead(now); ahead > slice && ahead <= horizon && want < q.pace.most(now) && throttles.IsZero() && !q.gathered {
		q.gathered = true
		return ahead / 2 // one lease for some calls is cheaper than one for each
	}
	q.gathered = false
	next := q.pace
	fell := !throttles.IsZero() && next.throttled(q.clock.of(throttles), now)
	first, interval, n, wait := next.lease(now, want)
	if n == 0 && !fell {
		q.told(throttles)
		return min(wait, horizon) + q.longerPause() // others may change the rate meanwhile
	}
	if err := q.write(ctx, next); err != nil {
		if !isWrongSequence(err) {
			return awayPause
		}
		return q.longerPause()
	}
	q.pause = 0
	q.told(throttles)
	q.grant(q.clock.local(first), interval, n)
	q.look() // there may be more to do
	return min(wait, horizon)
}

func (q *quota) longerPause() time.Duration {
	q.pause = min(max(firstPause, 2*q.pause), lastPause)
	return q.pause/2 + rand.N(q.pause/2)
}

// told notes that the pace knows of what was throttled.
func (q *quota) told(throttles time.Time) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.throttles.Equal(throttles) {
		q.throttles = time.Time{}
	}
}

// grant gives the calls that wait their times.
func (q *quota) grant(first time.Time, interval time.Duration, n int) {
	q.mu.Lock()
	defer q.mu.Unlock()
	n = min(n, len(q.waiters))
	for i, w := range q.waiters[:n] {
		w.at <- first.Add(time.Duration(i) * interval)
	}
	q.waiters = slices.Delete(q.waiters, 0, n)
}

// read reads the pace, and the servers' clock with it.
func (q *quota) read(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, requestTime)
	defer cancel()
	found, err := q.cluster.keys.Get(ctx, quotaKey)
	if errors.Is(err, jetstream.ErrKeyNotFound) {
		q.pace, q.revision = pace{Limit: q.limit}, 0
		return nil
	}
	if err != nil {
		return err
	}
	q.clock.compare(found.Created(), time.Now())
	q.revision = found.Revision()
	q.pace = pace{}
	if err := json.Unmarshal(found.Value(), &q.pace); err != nil || !(q.pace.Limit > 0) {
		q.pace = pace{Limit: q.limit} // whatever that was, it is replaced
	}
	return nil
}

// write stores the pace, if nobody has changed it since.
func (q *quota) write(ctx context.Context, next pace) error {
	data, err := json.Marshal(next)
	if err != nil {
		return err
	}
	request, cancel := context.WithTimeout(ctx, requestTime)
	defer cancel()
	if _, err = q.cluster.keys.Update(request, quotaKey, data, q.revision); err != nil {
		return err
	}
	if time.Since(q.clock.compared) > clockTime {
		// What was just written has the servers' time of now.
		if found, err := q.cluster.keys.Get(request, quotaKey); err == nil {
			q.clock.fresh(found.Created(), time.Now())
		}
	}
	return nil
}

// limitTo changes the limit. Where there is no pace yet it makes one, because a worker
// that began before has the limit of before.
func (c *Cluster) limitTo(ctx context.Context, limit float64) error {
	for {
		found, err := load(ctx, c, quotaKey, pace{})
		if err != nil || found.value.Limit == limit {
			return err
		}
		found.value.limitTo(limit)
		if err = found.save(ctx); !errors.Is(err, errConflict) {
			return err
		}
	}
}

// clock tells the servers' time. It knows it from the times at which they stored
// what this process then reads: those are never later than now, and the latest of
// them is nearest to it.
type clock struct {
	ahead    time.Duration // of this machine's clock; below zero: behind
	at       time.Time     // of the comparison; zero: there was none
	compared time.Time     // right after a write
}

// compare takes in that the servers' clock had passed a time.
func (c *clock) compare(stored, now time.Time) {
	ahead := stored.Sub(now)
	if !c.at.IsZero() {
		ahead = max(ahead, c.ahead-time.Duration(clockDrift*float64(now.Sub(c.at))))
	}
	c.ahead, c.at = ahead, now
}

// fresh takes in what was stored right now. If the servers' clock should have passed
// that long ago, one of the two clocks was set.
func (c *clock) fresh(stored, now time.Time) {
	if c.of(now).Sub(stored) > requestTime {
		*c = clock{}
	}
	c.compare(stored, now)
	c.compared = now
}

func (c *clock) now() time.Time { return c.of(time.Now()) }

// of is the servers' time at a time of this machine.
func (c *clock) of(t time.Time) time.Time { return t.Add(c.ahead) }

// local is the time of this machine at a time of the servers.
func (c *clock) local(t time.Time) time.Time { return t.Add(-c.ahead) }
