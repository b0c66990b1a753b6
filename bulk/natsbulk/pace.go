package natsbulk

import (
	"math"
	"time"
)

// The numbers of the pace.
const (
	// horizon is how far ahead times are leased. What a worker has leased when it dies
	// is lost, so it is also how long its share is missing.
	horizon = time.Second
	// slice is how much one lease takes, at most.
	slice = 100 * time.Millisecond

	backOff = 0.9   // times the rate, after throttling
	minRate = 1.0   // requests a second
	growth  = 0.005 // of the rate that it fell to, each second
	// oneFall is for how long throttling is put down to the fall before: times that
	// were leased at the rate before it are still being used.
	oneFall = horizon
)

// pace is the key of the bucket that all workers lease their times from: request
// after request has a time of its own, whoever sends it. Times are those of the
// servers' clock, in nanoseconds since 1970.
type pace struct {
	Limit float64 // requests a second; the plan's
	Next  int64   // the earliest time that is not leased
	Rate  float64 // that throttling lowered the limit to at the time Fell; 0: it did not
	Fell  int64
}

// rate is the requests a second that are allowed now.
func (p *pace) rate(now time.Time) float64 {
	if p.Rate == 0 {
		return p.Limit
	}
	since := max(0, now.Sub(time.Unix(0, p.Fell)).Seconds())
	return min(p.Limit, p.Rate*(1+growth*since))
}

// ahead is how long all times are leased already.
func (p *pace) ahead(now time.Time) time.Duration { return max(0, time.Unix(0, p.Next).Sub(now)) }

// most is how many times one lease takes, at most.
func (p *pace) most(now time.Time) int { return max(1, int(math.Ceil(p.rate(now)*slice.Seconds()))) }

// lease takes up to want times, which begin at first and are an interval apart. If
// others have leased all up to the horizon it takes none, and says how long to wait.
func (p *pace) lease(now time.Time, want int) (first time.Time, interval time.Duration, n int, wait time.Duration) {
	interval = time.Duration(min(float64(time.Second)/p.rate(now), math.MaxInt64/4))
	ahead := p.ahead(now)
	if ahead > horizon+slice+interval {
		ahead = 0 // nobody leases that far: a clock was set back or wrong, or the rate was another one
	}
	first = now.Add(ahead)
	if ahead > horizon {
		return first, interval, 0, ahead - horizon
	}
	n = min(want, p.most(now))
	p.Next = first.Add(time.Duration(n) * interval).UnixNano()
	return first, interval, n, 0
}

// throttled lowers the rate, and reports whether it did. One fall answers for all
// requests that were sent before it.
func (p *pace) throttled(begun, now time.Time) bool {
	if p.Fell > 0 && (begun.UnixNano() < p.Fell || now.Sub(time.Unix(0, p.Fell)) < oneFall) {
		return false
	}
	p.Rate = min(p.Limit, max(minRate, backOff*p.rate(now)))
	p.Fell = now.UnixNano()
	return true
}

// limitTo sets the limit.
func (p *pace) limitTo(limit float64) { *p = pace{Limit: limit, Next: p.Next} }
