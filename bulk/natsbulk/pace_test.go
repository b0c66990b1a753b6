package natsbulk

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/imm-go/imm/bulk"
)

var epoch = time.Date(2026, 11, 25, 20, 0, 0, 0, time.UTC)

func TestNoTwoRequestsHaveTheSameTime(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		p := pace{Limit: rapid.Float64Range(0.5, 2000).Draw(t, "limit")}
		now, leased := epoch, epoch.Add(-time.Hour)
		for range rapid.IntRange(1, 50).Draw(t, "leases") {
			now = now.Add(time.Duration(rapid.Int64Range(0, int64(2*time.Second)).Draw(t, "passes")))
			want := rapid.IntRange(1, 300).Draw(t, "want")
			first, interval, n, wait := p.lease(now, want)
			if n == 0 {
				require.Positive(t, wait)
				now = now.Add(wait)
				first, _, n, wait = p.lease(now, want)
				require.Positive(t, n, "after the wait there is a time")
			}
			require.Zero(t, wait)
			require.LessOrEqual(t, n, want)
			require.False(t, first.Before(now), "not in the past")
			require.False(t, first.Before(leased), "not what another one has")
			require.InDelta(t, float64(time.Second)/p.Limit, float64(interval), 1)
			require.LessOrEqual(t, first.Sub(now), horizon, "so that the share of a worker that dies is soon there again")
			require.LessOrEqual(t, time.Duration(n)*interval, slice+interval)
			leased = first.Add(time.Duration(n) * interval)
		}
	})
}

func TestThrottlingLowersTheRateOnceForAllThatWasUnderWay(t *testing.T) {
	t.Parallel()
	p := pace{Limit: 100}
	require.True(t, p.throttled(epoch, epoch))
	require.InDelta(t, 90, p.rate(epoch), 0.01)
	require.False(t, p.throttled(epoch.Add(-time.Second), epoch.Add(5*time.Second)), "it began before")
	require.False(t, p.throttled(epoch.Add(oneFall/2), epoch.Add(oneFall/2)), "times of the rate before are still used")
	require.True(t, p.throttled(epoch.Add(oneFall), epoch.Add(oneFall)))
	require.InDelta(t, 81.4, p.rate(epoch.Add(oneFall)), 0.1)
	require.InDelta(t, 100, p.rate(epoch.Add(time.Hour)), 0, "and comes back to the limit, not above it")
	for i := range 1000 {
		at := epoch.Add(time.Duration(i) * 2 * oneFall)
		p.throttled(at, at)
	}
	require.GreaterOrEqual(t, p.Rate, minRate)
}

func TestALimitBelowTheLeastRateIsKept(t *testing.T) {
	t.Parallel()
	p := pace{Limit: 0.25}
	require.True(t, p.throttled(epoch, epoch))
	require.InDelta(t, 0.25, p.rate(epoch), 0)
	p.limitTo(50)
	require.InDelta(t, 50, p.rate(epoch), 0)
}

func TestTheServersClockIsKnownFromWhatTheyStored(t *testing.T) {
	t.Parallel()
	const ahead = 3 * time.Minute
	var c clock
	c.compare(epoch.Add(ahead-time.Second), epoch) // stored a second ago
	require.Equal(t, ahead-time.Second, c.ahead)
	c.compare(epoch.Add(ahead), epoch.Add(time.Millisecond)) // just now
	require.Equal(t, ahead-time.Millisecond, c.ahead)
	c.compare(epoch.Add(ahead), epoch.Add(10*time.Second)) // that again: it says nothing
	require.InDelta(t, ahead, c.ahead, float64(20*time.Millisecond))
	require.Equal(t, epoch, c.local(c.of(epoch)))
}

func TestTimesThatNobodyCanHaveLeasedHoldNobodyUp(t *testing.T) {
	t.Parallel()
	for _, limit := range []float64{0.5, 1, 100} {
		p := pace{Limit: limit, Next: epoch.Add(time.Hour).UnixNano()}
		first, _, n, wait := p.lease(epoch, 1)
		require.Equal(t, 1, n)
		require.Zero(t, wait)
		require.Equal(t, epoch, first)
		require.LessOrEqual(t, p.ahead(epoch), 2*time.Second)
	}
	slow := pace{Limit: 0.01}
	_, _, n, _ := slow.lease(epoch, 1)
	require.Equal(t, 1, n)
	_, _, n, wait := slow.lease(epoch, 1)
	require.Zero(t, n)
	require.Equal(t, 99*time.Second, wait, "that is what the rate says")
	slow.limitTo(100)
	_, _, n, _ = slow.lease(epoch, 1)
	require.Equal(t, 1, n, "and the new one is not held up by it")
}

func TestALimitOfNextToNothingIsNotNoLimit(t *testing.T) {
	t.Parallel()
	p := pace{Limit: 1e-300}
	_, _, n, _ := p.lease(epoch, 5)
	require.Equal(t, 1, n)
	_, _, n, _ = p.lease(epoch.Add(time.Hour), 5)
	require.Zero(t, n)
}

func TestAClockThatWasSetIsBelieved(t *testing.T) {
	t.Parallel()
	var c clock
	c.fresh(epoch.Add(time.Hour), epoch) // this machine's clock is an hour late
	require.Equal(t, time.Hour, c.ahead)
	right := epoch.Add(time.Hour + time.Minute) // and now it is not
	c.fresh(right, right)
	require.Zero(t, c.ahead)
	c.fresh(right.Add(-time.Second), right) // stored a second ago
	require.Greater(t, c.ahead, -100*time.Millisecond)
}

func TestAWorkerThatBeganBeforeTheRateChangedTakesTheNewOne(t *testing.T) {
	t.Parallel()
	c := inProcess(t)
	list := bulk.URIs("list", strings.NewReader("oss://b/o\n"))
	target := Target{ProjectName: "p", DatasetName: "d", Rate: 50}
	require.NoError(t, c.Plan(t.Context(), list, target, false))
	q := newQuota(c, target.Rate)
	target.Rate = 70
	require.NoError(t, c.Plan(t.Context(), list, target, false))
	q.waiters = append(q.waiters, &waiter{at: make(chan time.Time, 1)})
	q.step(t.Context())
	require.Empty(t, q.waiters)
	s, err := c.Status(t.Context())
	require.NoError(t, err)
	require.InDelta(t, 70, s.RateNow, 0)
}
