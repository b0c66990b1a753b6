package retry

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
)

var errAttempt = errors.New("the attempt failed")

func failed(class Class) Outcome { return Outcome{Class: class, Err: errAttempt} }

// script is a call whose attempts end as it says; after the last line it succeeds.
type script struct {
	lines     []Outcome
	latency   time.Duration
	stubborn  bool   // Correct can change nothing
	meanwhile func() // happens during each attempt

	fresh     []bool
	corrected []Class
	delays    []time.Duration
}

func (s *script) Attempt(ctx context.Context, fresh bool) Outcome {
	s.fresh = append(s.fresh, fresh)
	if s.meanwhile != nil {
		s.meanwhile()
	}
	if err := sleep(ctx, s.latency); err != nil {
		return Outcome{Class: TimedOut, Err: err}
	}
	if n := len(s.fresh); n <= len(s.lines) {
		return s.lines[n-1]
	}
	return Outcome{}
}

func (s *script) Correct(_ context.Context, class Class) bool {
	s.corrected = append(s.corrected, class)
	return !s.stubborn
}

func (s *script) Repeating(_ context.Context, _ Outcome, delay time.Duration) {
	s.delays = append(s.delays, delay)
}

func retrier(attempts int) *Retrier {
	policy := defaults
	policy.MaxAttempts = attempts
	return New(policy, NewLimiter(0))
}

// bubble runs a test in time of its own.
func bubble(t *testing.T, f func(t *testing.T)) {
	t.Parallel()
	synctest.Test(t, f)
}

func TestASuccessIsTheEnd(t *testing.T) {
	bubble(t, func(t *testing.T) {
		r, s := retrier(4), &script{}
		r.budget.take()
		res := r.Run(t.Context(), Repeatable, s)
		require.Equal(t, Result{Attempts: 1}, res)
		require.Equal(t, []bool{false}, s.fresh)
		require.EqualValues(t, budgetRepeat-budgetSuccess, r.budget.spent.Load(), "a tenth of a token comes back")
	})
}

func TestPermanentFailuresAreNotRepeated(t *testing.T) {
	bubble(t, func(t *testing.T) {
		for _, class := range []Class{Invalid, NotFound, Exists, LimitExceeded, Unauthenticated, Denied, BadAnswer, Refused, Unreachable} {
			r, s := retrier(4), &script{lines: []Outcome{failed(class)}}
			res := r.Run(t.Context(), Repeatable, s)
			require.Equal(t, Result{Outcome: failed(class), Attempts: 1}, res)
			require.Empty(t, s.delays)
			require.Zero(t, r.budget.spent.Load())
		}
	})
}

func TestTransientFailuresAreRepeatedUpToMaxAttempts(t *testing.T) {
	bubble(t, func(t *testing.T) {
		for _, class := range []Class{Unavailable, NonceUsed, NotSent, Lost, TimedOut} {
			r := retrier(4)
			always := failed(class)
			s := &script{lines: []Outcome{always, always, always, always, always, always}}
			begin := time.Now()
			res := r.Run(t.Context(), Repeatable, s)
			require.Equal(t, always, res.Outcome)
			require.Equal(t, 4, res.Attempts)
			require.NoError(t, res.Ended)
			require.Len(t, s.delays, 3)
			require.EqualValues(t, 3*budgetRepeat, r.budget.spent.Load())
			require.Equal(t, s.delays[0]+s.delays[1]+s.delays[2], time.Since(begin), "it waits as it says")

			s = &script{lines: []Outcome{always, always}}
			res = r.Run(t.Context(), Repeatable, s)
			require.Equal(t, OK, res.Class)
			require.NoError(t, res.Err)
			require.Equal(t, 3, res.Attempts)
		}
	})
}

func TestAnOperationThatMayWorkTwiceIsNotRepeatedAfterSending(t *testing.T) {
	bubble(t, func(t *testing.T) {
		for class, attempts := range map[Class]int{
			Unavailable: 1, Lost: 1, TimedOut: 1, Stale: 1, NonceUsed: 1, NotSent: 2, Throttled: 2, TokenExpired: 2,
		} {
			res := retrier(4).Run(t.Context(), Unknown, &script{lines: []Outcome{failed(class)}})
			require.Equal(t, attempts, res.Attempts, "%s", class)
		}
	})
}

func TestAHintIsWaitedForExactly(t *testing.T) {
	bubble(t, func(t *testing.T) {
		for hint, want := range map[time.Duration]time.Duration{
			7 * time.Second: 7 * time.Second, time.Minute: 30 * time.Second,
		} {
			begin := time.Now()
			res := retrier(4).Run(t.Context(), Repeatable, &script{lines: []Outcome{{Class: Unavailable, Hint: hint}}})
			require.Equal(t, 2, res.Attempts)
			require.Equal(t, want, time.Since(begin))
		}
	})
}

func TestARepeatAfterThrottlingCostsNoToken(t *testing.T) {
	bubble(t, func(t *testing.T) {
		r := retrier(4)
		for r.budget.take() {
		}
		res := r.Run(t.Context(), Unknown, &script{lines: []Outcome{failed(Throttled), failed(Throttled), failed(Throttled)}})
		require.Equal(t, OK, res.Class)
		require.Equal(t, 4, res.Attempts)

		r = retrier(4)
		always := failed(Throttled)
		res = r.Run(t.Context(), Unknown, &script{lines: []Outcome{always, always, always, always, always}})
		require.Equal(t, Throttled, res.Class)
		require.Equal(t, 4, res.Attempts, "MaxAttempts holds all the same")
		require.Zero(t, r.budget.spent.Load())
	})
}

func TestWithoutATokenTheFailureIsFinal(t *testing.T) {
	bubble(t, func(t *testing.T) {
		r := retrier(4)
		for r.budget.take() {
		}
		s := &script{lines: []Outcome{failed(Unavailable)}}
		require.Equal(t, Result{Outcome: failed(Unavailable), Attempts: 1}, r.Run(t.Context(), Repeatable, s))
		require.Empty(t, s.delays, "no repeat is announced that does not come")
	})
}

func TestEachCorrectionIsMadeOnceAndBeyondMaxAttempts(t *testing.T) {
	bubble(t, func(t *testing.T) {
		r := retrier(1)
		for r.budget.take() {
		}
		begin := time.Now()
		s := &script{lines: []Outcome{failed(URITooLong), failed(ClockSkewed), failed(TokenExpired)}}
		res := r.Run(t.Context(), Unknown, s)
		require.Equal(t, Result{Attempts: 4}, res)
		require.Equal(t, []Class{URITooLong, ClockSkewed, TokenExpired}, s.corrected)
		require.Equal(t, []time.Duration{0, 0, 0}, s.delays)
		require.Zero(t, time.Since(begin), "at once")

		for _, class := range []Class{URITooLong, ClockSkewed, TokenExpired} {
			s = &script{lines: []Outcome{failed(class), failed(class), failed(class)}}
			res = r.Run(t.Context(), Repeatable, s)
			require.Equal(t, Result{Outcome: failed(class), Attempts: 2}, res, "%s: once", class)
			require.Equal(t, []Class{class}, s.corrected)
		}

		s = &script{lines: []Outcome{failed(Throttled), failed(TokenExpired), failed(Throttled)}}
		res = retrier(3).Run(t.Context(), Repeatable, s)
		require.Equal(t, OK, res.Class)
		require.Equal(t, 4, res.Attempts, "a correction takes no place among the attempts")
	})
}

func TestWhatCouldNotBeCorrectedIsNotSentAgain(t *testing.T) {
	bubble(t, func(t *testing.T) {
		s := &script{lines: []Outcome{failed(TokenExpired)}, stubborn: true}
		res := retrier(4).Run(t.Context(), Repeatable, s)
		require.Equal(t, Result{Outcome: failed(TokenExpired), Attempts: 1}, res)
		require.Empty(t, s.delays)
	})
}

func TestMaxAttemptsOneForbidsAllButCorrections(t *testing.T) {
	bubble(t, func(t *testing.T) {
		for _, class := range []Class{Throttled, Unavailable, NonceUsed, NotSent, Stale, Lost, TimedOut} {
			res := retrier(1).Run(t.Context(), Repeatable, &script{lines: []Outcome{failed(class)}})
			require.Equal(t, Result{Outcome: failed(class), Attempts: 1}, res)
		}
	})
}

func TestAStaleConnectionIsReplacedAtOnceOncePerCall(t *testing.T) {
	bubble(t, func(t *testing.T) {
		r := retrier(4)
		begin := time.Now()
		s := &script{lines: []Outcome{failed(Stale)}}
		res := r.Run(t.Context(), Repeatable, s)
		require.Equal(t, Result{Attempts: 2, Uncertain: true}, res)
		require.Equal(t, []bool{false, true}, s.fresh)
		require.Zero(t, time.Since(begin))
		require.Zero(t, r.budget.spent.Load())

		s = &script{lines: []Outcome{failed(Stale), failed(Stale), failed(TokenExpired)}}
		res = r.Run(t.Context(), Repeatable, s)
		require.Equal(t, 4, res.Attempts)
		require.Equal(t, []bool{false, true, false, false}, s.fresh)
		require.EqualValues(t, budgetRepeat-budgetSuccess, r.budget.spent.Load(), "the second time is like any other loss")
	})
}

func TestAnEarlierAttemptThatMayHaveWorkedIsRemembered(t *testing.T) {
	bubble(t, func(t *testing.T) {
		for _, c := range []struct {
			lines []Class
			want  bool
		}{
			{[]Class{Exists}, false}, // somebody else made it
			{[]Class{Throttled, Exists}, false},
			{[]Class{NotSent, Exists}, false},
			{[]Class{TokenExpired, Exists}, false},
			{[]Class{Unavailable, Exists}, true},
			{[]Class{Lost, Exists}, true},
			{[]Class{TimedOut, Exists}, true},
			{[]Class{Stale, Exists}, true},
			{[]Class{NonceUsed, Exists}, true},
			{[]Class{Lost, Throttled, Exists}, true},
			{[]Class{Lost, Unsent}, true},
			{[]Class{NotSent, NotSent, NotSent, Lost}, false}, // the last one is the outcome itself
		} {
			s := &script{}
			for _, class := range c.lines {
				s.lines = append(s.lines, failed(class))
			}
			res := retrier(4).Run(t.Context(), Creating, s)
			require.Equal(t, c.lines[len(c.lines)-1], res.Class)
			require.Equal(t, c.want, res.Uncertain, "%v", c.lines)
		}
	})
}

func TestOnlyRequestsThatWereMadeAreCounted(t *testing.T) {
	bubble(t, func(t *testing.T) {
		res := retrier(4).Run(t.Context(), Repeatable, &script{lines: []Outcome{failed(Unsent)}})
		require.Equal(t, Result{Outcome: failed(Unsent)}, res)
		res = retrier(4).Run(t.Context(), Repeatable, &script{lines: []Outcome{failed(Throttled), failed(Unsent)}})
		require.Equal(t, 1, res.Attempts)
	})
}

func TestACallWhoseContextHasEndedIsNotASuccess(t *testing.T) {
	bubble(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		s := &script{}
		res := retrier(4).Run(ctx, Repeatable, s)
		require.Equal(t, Result{Outcome: Outcome{Class: Unsent}, Ended: context.Canceled}, res)
		require.Empty(t, s.fresh)
	})
}

func TestAWaitThatCannotEndBeforeTheDeadlineIsNotBegun(t *testing.T) {
	bubble(t, func(t *testing.T) {
		for _, hint := range []time.Duration{5 * time.Second, 5*time.Second + 1, time.Hour} {
			ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
			r, s := retrier(4), &script{lines: []Outcome{{Class: Unavailable, Err: errAttempt, Hint: hint}}}
			begin := time.Now()
			res := r.Run(ctx, Repeatable, s)
			require.Zero(t, time.Since(begin))
			require.Equal(t, context.DeadlineExceeded, res.Ended)
			require.Equal(t, errAttempt, res.Err, "what the last attempt met is kept")
			require.Equal(t, 1, res.Attempts)
			require.Empty(t, s.delays)
			require.Zero(t, r.budget.spent.Load())
			cancel()
		}
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
		defer cancel()
		res := retrier(4).Run(ctx, Repeatable, &script{lines: []Outcome{{Class: Unavailable, Hint: 5*time.Second - 1}}})
		require.Equal(t, Result{Attempts: 2, Uncertain: true}, res)
	})
}

func TestEveryWaitEndsWithTheContext(t *testing.T) {
	bubble(t, func(t *testing.T) {
		for name, s := range map[string]*script{
			"in the backoff": {lines: []Outcome{{Class: Throttled, Err: errAttempt, Hint: 20 * time.Second}}},
			"in an attempt":  {latency: 20 * time.Second},
		} {
			ctx, cancel := context.WithCancel(t.Context())
			time.AfterFunc(3*time.Second, cancel)
			begin := time.Now()
			res := retrier(4).Run(ctx, Repeatable, s)
			require.Equal(t, 3*time.Second, time.Since(begin), name)
			require.Equal(t, context.Canceled, res.Ended, name)
			require.Error(t, res.Err, name)
			require.Equal(t, 1, res.Attempts, name)
		}
	})
}

func TestTheRateLimitHoldsForRepeatsToo(t *testing.T) {
	bubble(t, func(t *testing.T) {
		r := New(defaults, NewLimiter(0.5))
		begin := time.Now()
		res := r.Run(t.Context(), Repeatable, &script{lines: []Outcome{failed(Stale), failed(TokenExpired)}})
		require.Equal(t, 3, res.Attempts)
		require.Equal(t, 4*time.Second, time.Since(begin))

		ctx, cancel := context.WithTimeout(t.Context(), 3*time.Second)
		defer cancel()
		begin = time.Now()
		res = r.Run(ctx, Repeatable, &script{lines: []Outcome{failed(TokenExpired)}})
		require.Equal(t, 2*time.Second, time.Since(begin), "the second turn would come too late")
		require.Equal(t, Result{Outcome: failed(TokenExpired), Attempts: 1, Ended: context.DeadlineExceeded}, res)
	})
}

func TestATimeoutThatIsNotTheContextsIsRepeated(t *testing.T) {
	bubble(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
		defer cancel()
		res := retrier(4).Run(ctx, Repeatable, &script{lines: []Outcome{{Class: TimedOut, Err: context.DeadlineExceeded}}})
		require.Equal(t, Result{Attempts: 2, Uncertain: true}, res)
	})
}

func TestAFinalAnswerStandsAlthoughTheContextEnded(t *testing.T) {
	bubble(t, func(t *testing.T) {
		for _, c := range []struct {
			class Class
			ended error
		}{
			{OK, nil}, {NotFound, nil}, {Invalid, nil},
			{Unavailable, context.Canceled}, // it would have been repeated
			{Throttled, context.Canceled},
			{TokenExpired, context.Canceled},
			{Unsent, context.Canceled}, // no answer at all
			{Unreachable, context.Canceled},
			{Lost, context.Canceled},
		} {
			ctx, cancel := context.WithCancel(t.Context())
			res := retrier(4).Run(ctx, Repeatable, &script{lines: []Outcome{{Class: c.class}}, meanwhile: cancel})
			require.Equal(t, c.class, res.Class)
			require.Equal(t, c.ended, res.Ended, "%s", c.class)
		}
	})
}

func TestATotalOutageIsNotMultiplied(t *testing.T) {
	bubble(t, func(t *testing.T) {
		r := retrier(4)
		var requests, calls atomic.Int64
		var wg sync.WaitGroup
		for range 20 {
			wg.Go(func() {
				for range 10 {
					s := &script{lines: []Outcome{failed(Lost), failed(Lost), failed(Lost), failed(Lost)}, latency: time.Millisecond}
					requests.Add(int64(r.Run(t.Context(), Repeatable, s).Attempts))
					calls.Add(1)
				}
			})
		}
		wg.Wait()
		require.EqualValues(t, 200, calls.Load())
		require.LessOrEqual(t, requests.Load(), 2*calls.Load())
		require.EqualValues(t, 300, requests.Load(), "every call once, and the budget")
	})
}
