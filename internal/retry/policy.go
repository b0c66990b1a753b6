package retry

import (
	"math/rand/v2"
	"sync/atomic"
	"time"
)

// Policy has the numbers. The zero value of a field is not a default here: the
// caller fills them in.
type Policy struct {
	MaxAttempts    int
	BaseDelay      time.Duration
	MaxDelay       time.Duration
	MaxHint        time.Duration
	AttemptTimeout time.Duration
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
