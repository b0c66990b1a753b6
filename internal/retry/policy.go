package retry

import (
	"errors"
	"math/rand/v2"
	"sync/atomic"
	"time"
)

// Policy has the numbers. It has the fields of imm.RetryPolicy, which says what
// they mean. A Retrier takes a complete one.
type Policy struct {
	MaxAttempts    int
	BaseDelay      time.Duration
	MaxDelay       time.Duration
	MaxHint        time.Duration
	AttemptTimeout time.Duration
}

// Complete fills in the defaults.
func (p Policy) Complete() Policy {
	c := Policy{
		MaxAttempts: 4, BaseDelay: 100 * time.Millisecond, MaxDelay: 10 * time.Second,
		MaxHint: 30 * time.Second, AttemptTimeout: time.Minute,
	}
	if p.MaxAttempts != 0 {
		c.MaxAttempts = p.MaxAttempts
	}
	if p.BaseDelay != 0 {
		c.BaseDelay = p.BaseDelay
		c.MaxDelay = max(c.MaxDelay, p.BaseDelay)
	}
	if p.MaxDelay != 0 {
		c.MaxDelay = p.MaxDelay
		if p.BaseDelay == 0 {
			c.BaseDelay = min(c.BaseDelay, p.MaxDelay)
		}
	}
	if p.MaxHint != 0 {
		c.MaxHint = p.MaxHint
	}
	if p.AttemptTimeout != 0 {
		c.AttemptTimeout = p.AttemptTimeout
	}
	return c
}

// Check says which of the numbers make no sense.
func (p Policy) Check() error {
	if p.MaxAttempts < 0 {
		return errors.New("MaxAttempts is negative; use 1 for no repeats and 0 for the default")
	}
	for _, d := range []struct {
		name  string
		value time.Duration
	}{{"BaseDelay", p.BaseDelay}, {"MaxDelay", p.MaxDelay}, {"MaxHint", p.MaxHint}, {"AttemptTimeout", p.AttemptTimeout}} {
		if d.value < 0 {
			return errors.New(d.name + " is negative; use 0 for the default")
		}
	}
	if p.MaxDelay != 0 && p.MaxDelay < p.BaseDelay {
		return errors.New("MaxDelay is below BaseDelay; make it the larger one, or 0 for the default")
	}
	return nil
}

// delay is the time to wait before the repeat after the nth attempt. A hint of
// the server is obeyed as it is, up to MaxHint: to come earlier is to be
// refused again, and the limiter spreads those who got the same hint. Without
// one it is full jitter: anything between zero and the doubled base.
func (p Policy) delay(n int, hint time.Duration) time.Duration {
	if hint > 0 {
		return min(hint, p.MaxHint)
	}
	ceiling := min(p.BaseDelay, p.MaxDelay)
	for range n - 1 {
		if ceiling > p.MaxDelay/2 { // doubled, it could overflow
			ceiling = p.MaxDelay
			break
		}
		ceiling *= 2
	}
	return rand.N(max(ceiling, 1))
}

// The budget is counted in tenths of a token, so that it is a whole number.
const (
	budgetMax     = 100 * 10
	budgetRepeat  = 1 * 10
	budgetSuccess = 1
)

// budget bounds the repeats of all calls together, so that an outage is not
// multiplied by the number of attempts.
type budget struct{ spent atomic.Int64 }

func (b *budget) take() bool {
	for {
		spent := b.spent.Load()
		if spent+budgetRepeat > budgetMax {
			return false
		}
		if b.spent.CompareAndSwap(spent, spent+budgetRepeat) {
			return true
		}
	}
}

func (b *budget) give() {
	for {
		spent := b.spent.Load()
		if spent == 0 || b.spent.CompareAndSwap(spent, max(0, spent-budgetSuccess)) {
			return
		}
	}
}
