package retry

import (
	"context"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
)

// pass waits and returns how long that took.
func pass(t *testing.T, l *Limiter) time.Duration {
	t.Helper()
	begin := time.Now()
	require.NoError(t, wait(t.Context(), l))
	return time.Since(begin)
}

func pause(t *testing.T, d time.Duration) {
	t.Helper()
	require.NoError(t, sleep(t.Context(), d))
}

func waiting(l *Limiter) int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.waiting
}

// accept lets the limiter see a rate of accepted requests for a time.
func accept(t *testing.T, l *Limiter, rate int, d time.Duration) {
	t.Helper()
	for end := time.Now().Add(d); time.Now().Before(end); {
		pause(t, time.Second/time.Duration(rate))
		l.Observe(OK, time.Now())
	}
}

// queue starts waiters one after the other, and sends the number of each that
// gets its turn.
func queue(ctx context.Context, l *Limiter, n int) <-chan int {
	turns := make(chan int, n)
	for i := range n {
		go func() {
			if wait(ctx, l) == nil {
				turns <- i
			}
		}()
		synctest.Wait()
	}
	return turns
}

func TestWithoutALimitNobodyWaits(t *testing.T) {
	bubble(t, func(t *testing.T) {
		l := NewLimiter(0)
		for range 10_000 {
			require.Zero(t, pass(t, l))
			l.Observe(OK, time.Now())
			l.Observe(Unavailable, time.Now())
		}
	})
}

func TestTenASecondForTenSecondsIsAHundredWithoutABurst(t *testing.T) {
	bubble(t, func(t *testing.T) {
		l := NewLimiter(10)
		begin := time.Now()
		var mu sync.Mutex
		var sent []time.Duration
		var wg sync.WaitGroup
		for range 20 {
			wg.Go(func() {
				for wait(t.Context(), l) == nil && time.Since(begin) < 10*time.Second {
					mu.Lock()
					sent = append(sent, time.Since(begin))
					mu.Unlock()
				}
			})
		}
		wg.Wait()
		require.InDelta(t, 100, len(sent), 1)
		for i := range sent {
			if i > 0 {
				require.InDelta(t, 100*time.Millisecond, sent[i]-sent[i-1], float64(time.Microsecond), "the first second is like every other")
			}
		}
	})
}

func TestWhatIsSavedUpIsOneToFiveTokens(t *testing.T) {
	bubble(t, func(t *testing.T) {
		for rate, burst := range map[float64]int{0.1: 1, 1: 1, 10: 1, 39: 1, 40: 2, 60: 3, 100: 5, 10_000: 5} {
			l := NewLimiter(rate)
			require.Zero(t, pass(t, l))
			require.Positive(t, pass(t, l), "it starts with one, at %v a second", rate)
			pause(t, time.Minute)
			for range burst {
				require.Zero(t, pass(t, l), "%d at %v a second", burst, rate)
			}
			require.Positive(t, pass(t, l), "%d at %v a second", burst, rate)
		}
	})
}

func TestWaitersKeepTheirOrder(t *testing.T) {
	bubble(t, func(t *testing.T) {
		l := NewLimiter(100)
		pass(t, l)
		turns := queue(t.Context(), l, 50)
		for want := range 50 {
			require.Equal(t, want, <-turns)
		}
	})
}

func TestOneWhoComesLateDoesNotOvertake(t *testing.T) {
	bubble(t, func(t *testing.T) {
		l := NewLimiter(1)
		pass(t, l)
		turns := queue(t.Context(), l, 3)
		pause(t, time.Second) // a token is there, and somebody waits for it
		require.Equal(t, 3*time.Second, pass(t, l))
		require.Len(t, turns, 3)
	})
}

func TestACancelledWaiterLeavesNoTrace(t *testing.T) {
	bubble(t, func(t *testing.T) {
		l := NewLimiter(1)
		pass(t, l)
		ctx, cancel := context.WithCancel(t.Context())
		gone := queue(ctx, l, 10)
		pause(t, 500*time.Millisecond)
		turns := queue(t.Context(), l, 1)
		cancel()
		synctest.Wait()
		require.Equal(t, 1, waiting(l))
		require.Equal(t, 500*time.Millisecond, func() time.Duration {
			begin := time.Now()
			<-turns
			return time.Since(begin)
		}(), "nobody is in front any more")
		require.Zero(t, waiting(l))
		require.Empty(t, gone)
	})
}

func TestATokenIsNotLostToAWaiterWhoGivesUpInThatMoment(t *testing.T) {
	bubble(t, func(t *testing.T) {
		for range 50 { // which of the two is seen first is a matter of chance
			l := NewLimiter(1)
			pass(t, l)
			ctx, cancel := context.WithCancel(t.Context())
			stop := time.AfterFunc(time.Second, cancel)
			err := wait(ctx, l)
			if err != nil {
				require.Equal(t, context.Canceled, err)
				require.Zero(t, pass(t, l))
			}
			require.Equal(t, time.Second, pass(t, l))
			stop.Stop()
			cancel()
		}
	})
}

func TestAnEndedContextTakesNoToken(t *testing.T) {
	bubble(t, func(t *testing.T) {
		l := NewLimiter(1)
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		require.Equal(t, context.Canceled, wait(ctx, l))
		require.Zero(t, pass(t, l))
	})
}

func TestADeadlineBeforeTheTurnIsTheEndAtOnce(t *testing.T) {
	bubble(t, func(t *testing.T) {
		l := NewLimiter(1)
		pass(t, l)
		turns := queue(t.Context(), l, 2)
		pause(t, 500*time.Millisecond)
		for left, want := range map[time.Duration]error{
			time.Millisecond: context.DeadlineExceeded, 2 * time.Second: context.DeadlineExceeded,
			2500 * time.Millisecond: context.DeadlineExceeded, // the turn comes no sooner than the end
		} {
			ctx, cancel := context.WithTimeout(t.Context(), left)
			begin := time.Now()
			require.Equal(t, want, wait(ctx, l), "%v", left)
			require.Zero(t, time.Since(begin))
			cancel()
		}
		require.Equal(t, 2, waiting(l))
		ctx, cancel := context.WithTimeout(t.Context(), 2501*time.Millisecond)
		defer cancel()
		require.NoError(t, wait(ctx, l))
		require.Len(t, turns, 2)
	})
}

func TestTheTimeThatOthersWaitedIsReckonedWith(t *testing.T) {
	bubble(t, func(t *testing.T) {
		l := NewLimiter(0.1)
		pass(t, l)
		queue(t.Context(), l, 1)
		pause(t, 9*time.Second) // the first turn is a second away, the next eleven
		ctx, cancel := context.WithTimeout(t.Context(), 12*time.Second)
		defer cancel()
		begin := time.Now()
		require.NoError(t, wait(ctx, l))
		require.Equal(t, 11*time.Second, time.Since(begin))
	})
}

func TestThrottlingLimitsToWhatWasAccepted(t *testing.T) {
	bubble(t, func(t *testing.T) {
		l := NewLimiter(0)
		accept(t, l, 100, 3*time.Second)
		require.Zero(t, l.rate, "no limit before the first throttled answer")
		before := time.Now()
		pause(t, time.Millisecond)
		l.Observe(Throttled, before)
		require.InDelta(t, 95, l.rate, 2)

		rate := l.rate
		l.Observe(Throttled, before) // was under way already
		l.Observe(Throttled, time.Now())
		require.InDelta(t, rate, l.rate, 0, "one decrease a second")
		for _, class := range []Class{Unavailable, Lost, TimedOut, NotSent, Stale, Unsent} {
			l.Observe(class, time.Now())
		}
		require.InDelta(t, rate, l.rate, 0, "an outage says nothing about the rate")

		accept(t, l, 20, 2*time.Second)
		l.Observe(Throttled, before)
		require.InDelta(t, rate, l.rate, 0, "sent before the decrease")
		l.Observe(Throttled, time.Now())
		require.InDelta(t, 19, l.rate, 2, "only 20 a second were accepted")
	})
}

func TestTheLimitGrowsEvenlyAndGoesOncePastTheHighestAcceptedRate(t *testing.T) {
	bubble(t, func(t *testing.T) {
		l := NewLimiter(0)
		accept(t, l, 60, 5*time.Second)
		l.Observe(Throttled, time.Now())
		accept(t, l, 60, 2*time.Second)
		l.Observe(Throttled, time.Now()) // now under a limit: it knows where the end is
		rate, begin := l.rate, time.Now()
		require.InDelta(t, 2, l.grow, 0.2)
		for l.limit(time.Now()) > 0 {
			require.InDelta(t, rate+l.grow*time.Since(begin).Seconds(), l.limit(time.Now()), 1e-6)
			require.LessOrEqual(t, l.limit(time.Now()), 60*steadyHeadroom+2)
			pause(t, 100*time.Millisecond)
		}
		require.Greater(t, rate+l.grow*time.Since(begin).Seconds(), 60.0)
		require.InDelta(t, 9*time.Second, time.Since(begin), float64(2*time.Second))
		for range 1000 {
			require.Zero(t, pass(t, l))
		}
	})
}

func TestALimitIsNeverBelowOneASecond(t *testing.T) {
	bubble(t, func(t *testing.T) {
		l := NewLimiter(0)
		for range 60 {
			require.LessOrEqual(t, pass(t, l), time.Second)
			l.Observe(Throttled, time.Now())
			require.GreaterOrEqual(t, l.limit(time.Now()), 1.0)
		}
		require.InDelta(t, 1, l.rate, 0)
	})
}

func TestALimitThatJustBeganIsNotGoneAtOnce(t *testing.T) {
	bubble(t, func(t *testing.T) {
		// Requests that straddle two windows are measured as more than either.
		l := NewLimiter(0)
		l.Observe(OK, time.Now())
		pause(t, 950*time.Millisecond)
		for range 100 {
			l.Observe(OK, time.Now())
		}
		pause(t, 100*time.Millisecond)
		for range 100 {
			l.Observe(OK, time.Now())
		}
		l.Observe(Throttled, time.Now())
		require.Greater(t, l.limit(time.Now()), 100.0)
		require.Greater(t, l.gone, l.rate)
	})
}

func TestTheUsersLimitHoldsAboveTheAdaptiveOne(t *testing.T) {
	bubble(t, func(t *testing.T) {
		l := NewLimiter(20)
		accept(t, l, 10, 3*time.Second)
		l.Observe(Throttled, time.Now())
		require.InDelta(t, 9.5, l.limit(time.Now()), 1, "the lower one counts")
		l.gone = 1000
		pause(t, 10*time.Second)
		require.Greater(t, l.adaptive(time.Now()), 20.0)
		require.InDelta(t, 20, l.limit(time.Now()), 0)
		pause(t, 10*time.Minute)
		require.InDelta(t, 20, l.limit(time.Now()), 0)
		require.Zero(t, l.rate)
	})
}

func TestAWaitForTheAdaptiveLimitObeysTheContext(t *testing.T) {
	bubble(t, func(t *testing.T) {
		l := NewLimiter(0)
		l.Observe(Throttled, time.Now())
		pass(t, l)
		ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
		defer cancel()
		begin := time.Now()
		require.Equal(t, context.DeadlineExceeded, wait(ctx, l))
		require.Zero(t, time.Since(begin))

		queue(t.Context(), l, 1)
		require.Equal(t, context.DeadlineExceeded, wait(ctx, l), "the limit may vanish before it is its turn")
		require.Equal(t, 100*time.Millisecond, time.Since(begin))
		pause(t, time.Second)
		require.Zero(t, waiting(l))
	})
}

func TestAWaiterIsFreeWhenTheLimitVanishes(t *testing.T) {
	bubble(t, func(t *testing.T) {
		l := NewLimiter(0)
		l.Observe(Throttled, time.Now())
		turns := queue(t.Context(), l, 1000)
		pause(t, 6*time.Second)
		require.Len(t, turns, 1000)
	})
}

func TestAHighRateOfLongAgoIsForgotten(t *testing.T) {
	bubble(t, func(t *testing.T) {
		for idle, want := range map[time.Duration]float64{
			time.Second: 100, 14 * time.Second: 100, 17 * time.Second: 50, 32 * time.Second: 25, time.Hour: 0,
		} {
			l := NewLimiter(0)
			accept(t, l, 100, 3*time.Second)
			pause(t, idle) // in which nobody looks
			l.meter.advance(time.Now())
			require.InDelta(t, want, l.meter.peak(time.Now()), 2, "%v", idle)
			accept(t, l, 10, 2*time.Second)
			require.InDelta(t, 10, l.meter.rate(time.Now()), 1)
		}
	})
}

func wait(ctx context.Context, l *Limiter) error {
	_, err := l.Wait(ctx)
	return err
}
