package retry

import (
	"math"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

var defaults = Policy{
	MaxAttempts: 4, BaseDelay: 100 * time.Millisecond, MaxDelay: 10 * time.Second,
	MaxHint: 30 * time.Second, AttemptTimeout: time.Minute,
}

func TestTheJitterIsFullAndItsCeilingDoublesUpToTheCap(t *testing.T) {
	t.Parallel()
	for n, ceiling := range map[int]time.Duration{
		1: 100 * time.Millisecond, 2: 200 * time.Millisecond, 3: 400 * time.Millisecond,
		7: 6400 * time.Millisecond, 8: 10 * time.Second, 9: 10 * time.Second, 1000: 10 * time.Second,
	} {
		least, most := time.Duration(math.MaxInt64), time.Duration(0)
		for range 1000 {
			d := defaults.delay(n, 0)
			least, most = min(least, d), max(most, d)
		}
		require.GreaterOrEqual(t, least, time.Duration(0))
		require.Less(t, least, ceiling/10, "repeat %d can come soon", n)
		require.Greater(t, most, ceiling*9/10, "repeat %d can come late", n)
		require.LessOrEqual(t, most, ceiling, "repeat %d", n)
	}
}

func TestSenselessDelaysNeitherOverflowNorPanic(t *testing.T) {
	t.Parallel()
	const forever = time.Duration(math.MaxInt64)
	for _, p := range []Policy{
		{BaseDelay: forever, MaxDelay: forever},
		{BaseDelay: forever/2 + 1, MaxDelay: forever},
		{BaseDelay: time.Hour, MaxDelay: time.Second}, // the cap wins
		{},
	} {
		for n := range 200 {
			d := p.delay(n+1, 0)
			require.GreaterOrEqual(t, d, time.Duration(0))
			require.LessOrEqual(t, d, p.MaxDelay)
		}
	}
}

func TestAHintIsObeyedAsItIsUpToItsCap(t *testing.T) {
	t.Parallel()
	for hint, want := range map[time.Duration]time.Duration{
		time.Millisecond: time.Millisecond, 12 * time.Second: 12 * time.Second,
		30 * time.Second: 30 * time.Second, 30*time.Second + 1: 30 * time.Second, time.Hour: 30 * time.Second,
	} {
		require.Equal(t, want, defaults.delay(1, hint))
		require.Equal(t, want, defaults.delay(9, hint), "whatever the attempt")
	}
	require.LessOrEqual(t, defaults.delay(1, -time.Hour), 100*time.Millisecond, "no hint at all")
}

func TestTheBudgetIsAHundredRepeatsAndTenSuccessesBuyOneMore(t *testing.T) {
	t.Parallel()
	var b budget
	b.give() // a full budget does not grow
	for range 100 {
		require.True(t, b.take())
	}
	require.False(t, b.take())
	for range 9 {
		b.give()
	}
	require.False(t, b.take())
	b.give()
	require.True(t, b.take())
	require.False(t, b.take())
	for range 5000 {
		b.give()
	}
	for range 100 {
		require.True(t, b.take())
	}
	require.False(t, b.take(), "successes in store are worth no more than the full budget")
}

func TestGoroutinesShareOneBudgetExactly(t *testing.T) {
	t.Parallel()
	var b budget
	var taken atomic.Int64
	var wg sync.WaitGroup
	for range 20 {
		wg.Go(func() {
			for range 50 {
				if b.take() {
					taken.Add(1)
				}
			}
		})
	}
	wg.Wait()
	require.EqualValues(t, 100, taken.Load())
	for range 20 {
		wg.Go(func() {
			for range 5 {
				b.give()
			}
		})
	}
	wg.Wait()
	require.EqualValues(t, budgetMax-100*budgetSuccess, b.spent.Load())
}
