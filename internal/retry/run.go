package retry

import (
	"context"
	"time"
)

// Outcome is how one attempt ended.
type Outcome struct {
	Class Class
	Err   error         // nil if Class is OK
	Hint  time.Duration // how long the server asks to wait; 0: it does not say
}

// Call is one call of an operation, which Run sends as often as it takes.
type Call interface {
	// Attempt sends the request once. With fresh it uses a connection of its own.
	Attempt(ctx context.Context, fresh bool) Outcome
	// Correct removes the cause that the class names, and reports whether it
	// could: a repeat without a change would only fail again.
	Correct(ctx context.Context, class Class) bool
	// Repeating is told of each repeat before its wait.
	Repeating(ctx context.Context, last Outcome, delay time.Duration)
}

// Result is how a call ended.
type Result struct {
	Outcome
	// Attempts counts the requests that were sent, corrections included.
	Attempts int
	// Uncertain says that an attempt before the last one may have done its work
	// although no clear answer came.
	Uncertain bool
	// Ended is why the call ended early: the context's error, or
	// context.DeadlineExceeded where a wait could not have ended in time. It is
	// nil if the service had the last word.
	Ended error
}

// Retrier runs calls. It holds what the calls of one client share: the budget
// and the limiter. It is safe for concurrent use.
type Retrier struct {
	policy  Policy
	budget  budget
	limiter *Limiter
}

// New returns a Retrier. The policy must be complete.
func New(policy Policy, limiter *Limiter) *Retrier {
	return &Retrier{policy: policy, limiter: limiter}
}

// Run sends the call until it succeeds, fails for good, or the context ends.
func (r *Retrier) Run(ctx context.Context, safety Safety, call Call) Result {
	// A call that ends before its first attempt must not look like a success.
	res := Result{Outcome: Outcome{Class: Unsent}}
	var corrected uint64 // a bit for each Class
	var fresh, freshUsed bool
	for counted := 0; ; {
		sent, err := r.limiter.Wait(ctx)
		if err != nil {
			res.Ended = err
			return res
		}
		before := uncertain(res.Class)
		res.Outcome = call.Attempt(ctx, fresh)
		res.Uncertain = res.Uncertain || before
		if res.Class != Unsent {
			res.Attempts++
		}
		r.limiter.Observe(res.Class, sent)
		if res.Class == OK {
			r.budget.give()
			return res
		}
		action := Decide(safety, res.Class)
		if err := ctx.Err(); err != nil && (action != Stop || res.Class >= Unsent) {
			res.Ended = err // a final answer stands, even if it came in the last moment
			return res
		}

		fresh = false
		if action == Correct {
			if corrected&(1<<res.Class) != 0 || !call.Correct(ctx, res.Class) {
				res.Ended = ctx.Err()
				return res
			}
			corrected |= 1 << res.Class
			call.Repeating(ctx, res.Outcome, 0)
			continue
		}
		if counted++; action == Stop || counted >= r.policy.MaxAttempts {
			return res
		}
		var delay time.Duration
		if action == Fresh && !freshUsed {
			fresh, freshUsed = true, true
		} else {
			delay = r.policy.delay(counted, res.Hint)
			if tooLate(ctx, time.Now(), delay) {
				res.Ended = context.DeadlineExceeded
				return res
			}
			if action != RepeatPaced && !r.budget.take() {
				return res
			}
		}
		call.Repeating(ctx, res.Outcome, delay)
		if err := sleep(ctx, delay); err != nil {
			res.Ended = err
			return res
		}
	}
}

// Sleep waits, unless the context ends before. A wait that cannot end before the
// deadline is not begun, and gives context.DeadlineExceeded all the same.
func Sleep(ctx context.Context, d time.Duration) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if tooLate(ctx, time.Now(), d) {
		return context.DeadlineExceeded
	}
	return sleep(ctx, d)
}

func sleep(ctx context.Context, d time.Duration) error {
	if d <= 0 {
		return nil
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
