package retry

import (
	"context"
	"math"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

var defaults = Policy{}.Complete()

func TestAFieldThatIsZeroHasItsDefault(t *testing.T) {
	t.Parallel()
	type policy = Policy
	for name, tt := range map[string]struct{ given, want policy }{
		"none":            {policy{}, policy{4, 100 * time.Millisecond, 10 * time.Second, 30 * time.Second, time.Minute}},
		"attempts":        {policy{MaxAttempts: 1}, policy{1, 100 * time.Millisecond, 10 * time.Second, 30 * time.Second, time.Minute}},
		"all":             {policy{2, 3, 4, 5, 6}, policy{2, 3, 4, 5, 6}},
		"a long base":     {policy{BaseDelay: time.Minute}, policy{4, time.Minute, time.Minute, 30 * time.Second, time.Minute}},
		"a short base":    {policy{BaseDelay: 1}, policy{4, 1, 10 * time.Second, 30 * time.Second, time.Minute}},
		"a short maximum": {policy{MaxDelay: time.Millisecond}, policy{4, time.Millisecond, time.Millisecond, 30 * time.Second, time.Minute}},
		"a long maximum":  {policy{MaxDelay: time.Hour}, policy{4, 100 * time.Millisecond, time.Hour, 30 * time.Second, time.Minute}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			require.NoError(t, tt.given.Check())
			require.Equal(t, tt.want, tt.given.Complete())
		})
	}
}

func TestNumbersThatMakeNoSenseAreNamed(t *testing.T) {
	t.Parallel()
	for want, policy := range map[string]Policy{
		"MaxAttempts is negative":     {MaxAttempts: -1},
		"BaseDelay is negative":       {BaseDelay: -1},
		"MaxDelay is negative":        {MaxDelay: -1},
		"MaxHint is negative":         {MaxHint: -1},
		"AttemptTimeout is negative":  {AttemptTimeout: -1},
		"MaxDelay is below BaseDelay": {BaseDelay: 2, MaxDelay: 1},
	} {
		require.ErrorContains(t, policy.Check(), want)
	}
	require.NoError(t, Policy{BaseDelay: 1, MaxDelay: 1}.Check())
	require.NoError(t, Policy{BaseDelay: time.Hour}.Check())
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

func TestASleepIsNotBegunWhenItCannotEnd(t *testing.T) {
	bubble(t, func(t *testing.T) {
		begin := time.Now()
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		require.NoError(t, Sleep(ctx, time.Second))
		require.Equal(t, time.Second, time.Since(begin))
		require.Equal(t, context.DeadlineExceeded, Sleep(ctx, time.Hour))
		cancel()
		require.Equal(t, context.Canceled, Sleep(ctx, 0))
		require.Equal(t, time.Second, time.Since(begin))
	})
}
