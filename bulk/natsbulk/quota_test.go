package natsbulk_test

import (
	"context"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/imm-go/imm"
	"github.com/imm-go/imm/bulk"
	"github.com/imm-go/imm/bulk/natsbulk"
	"github.com/imm-go/imm/immtest"
)

// far is a transport with a way to go.
type far struct {
	http.RoundTripper
	latency time.Duration
}

func (f far) RoundTrip(req *http.Request) (*http.Response, error) {
	timer := time.NewTimer(f.latency)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-req.Context().Done():
		return nil, context.Cause(req.Context())
	}
	return f.RoundTripper.RoundTrip(req)
}

// crew is workers with a connection of their own each, that send two files in a call
// until they are stopped.
type crew struct {
	stops   []func() // as if it died
	working sync.WaitGroup
}

func (f *fixture) crew(t *testing.T, n int) *crew {
	c := new(crew)
	for range n {
		js := connect(t, f.server)
		cluster := open(t, js, natsbulk.Config{})
		client := f.service.Client(imm.WithObserver(cluster.Throttling()),
			imm.WithHTTPClient(&http.Client{Transport: far{f.service.Transport(), 20 * time.Millisecond}}))
		ctx, stop := context.WithCancel(t.Context())
		c.stops = append(c.stops, func() {
			js.Conn().Close() // so it gives nothing back
			stop()
		})
		c.working.Go(func() {
			_, err := cluster.Work(ctx, client, natsbulk.Worker{Bulk: bulk.Config{BatchFiles: 2, Grace: time.Millisecond}})
			if ctx.Err() == nil {
				t.Errorf("a worker ended with %v", err)
			}
		})
	}
	return c
}

func (c *crew) stop() {
	for _, stop := range c.stops {
		stop()
	}
	c.working.Wait()
}

// traffic is the requests a second of some time.
type traffic struct{ accepted, throttled float64 }

// between is the traffic between two times.
func (f *fixture) between(from, to time.Time) (found traffic) {
	for _, r := range f.service.Requests() {
		switch {
		case r.Action != batched || r.Time.Before(from) || !r.Time.Before(to):
		case r.Code == "Throttling.User":
			found.throttled++
		default:
			found.accepted++
		}
	}
	seconds := to.Sub(from).Seconds()
	return traffic{found.accepted / seconds, found.throttled / seconds}
}

// uses reports whether so many requests a second are accepted at least, and no more
// than a part of all is throttled.
func (r traffic) uses(rate, throttled float64) bool {
	return r.accepted >= rate && r.throttled <= throttled*(r.accepted+r.throttled)
}

// The tests of rates are not parallel: they measure real time, and others that keep all
// processors busy would be a part of it. Where something else on the machine does, they
// measure again, a few times.
const tries = 4

func TestEightWorkersShareOneQuotaAndADeadOnesPartIsSoonUsed(t *testing.T) {
	const rate, settle, run = 100, 2 * time.Second, 4 * time.Second
	f := newFixture(t, natsbulk.Config{}, immtest.WithQPS(rate))
	require.NoError(t, f.cluster.Plan(t.Context(), numbered{n: 20_000}, target(rate), false))
	c := f.crew(t, 8)
	defer c.stop()
	<-time.After(settle)
	var found traffic
	for range tries {
		begun := time.Now()
		<-time.After(run)
		found = f.between(begun, begun.Add(run))
		t.Logf("8 workers: %+v", found)
		if found.uses(0.95*rate, 0.01) {
			break
		}
	}
	require.True(t, found.uses(0.95*rate, 0.01), "%+v", found)

	for _, die := range c.stops[:tries] {
		died := time.Now()
		die()
		<-time.After(settle + run)
		found = f.between(died.Add(settle), died.Add(settle+run))
		t.Logf("one died: %+v in the first %v, then %+v", f.between(died, died.Add(settle)), settle, found)
		if found.uses(0.95*rate, 0.01) {
			break
		}
	}
	require.True(t, found.uses(0.95*rate, 0.01), "%+v", found)
}

func TestThrottlingOfOneWorkerSlowsAllOfThem(t *testing.T) {
	const limit, quota = 150, 100 // the project takes less than was said
	f := newFixture(t, natsbulk.Config{}, immtest.WithQPS(quota))
	require.NoError(t, f.cluster.Plan(t.Context(), numbered{n: 20_000}, target(limit), false))
	c := f.crew(t, 4)
	defer c.stop()
	const run = 4 * time.Second
	<-time.After(8 * time.Second)
	var found traffic
	for range tries {
		begun := time.Now()
		<-time.After(run)
		found = f.between(begun, begun.Add(run))
		now := f.status(t).RateNow
		t.Logf("the rate is %.1f a second, with %+v", now, found)
		require.Less(t, now, 1.1*quota)
		if found.uses(0.75*quota, 0.05) {
			break
		}
	}
	require.True(t, found.uses(0.75*quota, 0.05), "%+v", found)
}

func TestAQuotaThatNobodyCanReadHoldsAllCallsBack(t *testing.T) {
	t.Parallel()
	f := newFixture(t, natsbulk.Config{})
	require.NoError(t, f.cluster.Plan(t.Context(), numbered{n: 10_000}, target(50), false))
	c := f.crew(t, 2)
	defer c.stop()
	require.Eventually(t, func() bool { return len(f.service.Requests()) > 20 }, 30*time.Second, 20*time.Millisecond)
	f.server.Close()
	closed := time.Now()
	<-time.After(5 * time.Second)
	require.Zero(t, f.between(closed.Add(2500*time.Millisecond), closed.Add(5*time.Second)), "what was leased before is used up, and nothing is sent without a lease")
}
