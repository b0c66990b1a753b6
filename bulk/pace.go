package bulk

import (
	"math"
	"sync"
	"sync/atomic"
	"time"
)

// The numbers of the pace. The steps by which the limit grows are in parts of the
// rate that it fell to, and grow themselves: so it takes about ten seconds until it
// meets throttling again, and less than a minute until it has doubled.
const (
	backOff   = 0.96 // of the rate that was accepted, after throttling
	mostLost  = 0.85 // of the rate of the last second: the limit does not fall lower at once
	minRate   = 1.0  // requests a second
	growth    = 0.003
	speeding  = 0.0005
	floorStep = 0.3 // requests a second each second, the least growth

	// A repeat so soon after the limit fell, while the service keeps up with it, was
	// not for the rate: then repeats say nothing for a while.
	proofTime = 4 * time.Second
	keepsUp   = 0.93 // of the limit
	deafTime  = 30 * time.Second
)

// pacer spaces the calls of all workers. The limit is the ceiling, as far as there
// is one. Throttling lowers it to just under the rate that was accepted; from there
// it grows. The client has a limiter, too, which knows no ceiling and looks for
// the end of the quota every few seconds; this one looks more rarely, and as long
// as it keeps clear of the end the other one has nothing to do. It is safe for
// concurrent use.
type pacer struct {
	turn    chan struct{} // held by the one that waits for its time
	waiting atomic.Int32

	mu       sync.Mutex
	ceiling  float64   // requests a second; 0: none is known
	rate     float64   // the limit at the time since; 0: the ceiling is the limit
	since    time.Time // of the last decrease
	before   float64   // the limit until then; 0: none
	deaf     time.Time // until when repeats say nothing
	next     time.Time // the earliest time for the next call
	accepted meter
	total    int // accepted since then
}

func newPacer() *pacer { return &pacer{turn: make(chan struct{}, 1)} }

// wait returns true when a call may be made, and false once stop is closed.
func (p *pacer) wait(stop <-chan struct{}) bool {
	p.waiting.Add(1)
	defer p.waiting.Add(-1)
	select {
	case p.turn <- struct{}{}:
		defer func() { <-p.turn }()
	case <-stop:
		return false
	}
	for {
		d := p.take()
		if d <= 0 {
			break
		}
		timer := time.NewTimer(d)
		select {
		case <-timer.C:
		case <-stop:
			timer.Stop()
			return false
		}
	}
	select {
	case <-stop:
		return false
	default:
		return true
	}
}

// take takes the next time, or returns how long it is until then.
func (p *pacer) take() time.Duration {
	p.mu.Lock()
	defer p.mu.Unlock()
	now := time.Now()
	limit := p.limit(now)
	if limit == 0 {
		return 0
	}
	interval := time.Duration(min(float64(time.Second)/limit, math.MaxInt64/2))
	// A few calls may be saved up, so that the coarseness of timers does not cost
	// throughput; more would be a burst that the service throttles.
	saved := time.Duration(min(4, max(0, limit/20-1)) * float64(interval))
	if p.next.IsZero() {
		p.next = now
	}
	if earliest := now.Add(-saved); p.next.Before(earliest) {
		p.next = earliest
	}
	if d := p.next.Sub(now); d > 0 {
		return d
	}
	p.next = p.next.Add(interval)
	return 0
}

// limit is the rate in force, 0 if there is none.
func (p *pacer) limit(now time.Time) float64 {
	if p.rate == 0 {
		return p.ceiling
	}
	t := now.Sub(p.since).Seconds()
	rate := p.rate + max(floorStep, growth*p.rate)*t + speeding*p.rate*t*t
	if p.ceiling > 0 && rate >= p.ceiling {
		p.rate = 0
		return p.ceiling
	}
	return rate
}

// limitTo sets the ceiling.
func (p *pacer) limitTo(perSecond float64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.ceiling = perSecond
}

// accept notes a call that was accepted.
func (p *pacer) accept() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.accepted.count(time.Now())
	p.total++
}

// throttled notes a call that was throttled and had begun at the given time.
func (p *pacer) throttled(begun time.Time) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.lower(begun, time.Now())
}

// repeated notes a call that the client had to repeat. It does not tell why. Most
// likely it was throttled; but where lowering the limit does not help, the service
// or the network fails now and then.
func (p *pacer) repeated(begun time.Time) {
	p.mu.Lock()
	defer p.mu.Unlock()
	now := time.Now()
	if now.Before(p.deaf) {
		return
	}
	fell := now.Sub(p.since)
	if p.rate > 0 && fell >= span && fell < proofTime && !begun.Before(p.since) && p.accepted.rate(now) >= keepsUp*p.limit(now) {
		p.rate, p.deaf = p.before, now.Add(deafTime)
		if p.ceiling > 0 && p.rate >= p.ceiling {
			p.rate = 0
		}
		return
	}
	p.lower(begun, now)
}

// lower lowers the limit to just under the rate that was accepted.
func (p *pacer) lower(begun, now time.Time) {
	// One decrease answers for all calls that were under way when it was made, and
	// for the second in which its effect is being measured.
	if begun.Before(p.since) || now.Sub(p.since) < span {
		return
	}
	accepted := p.accepted.rate(now)
	if accepted == 0 {
		return // then the rate is not what is wrong, and there is none to go by
	}
	// A service that saves up what was not used accepts more than its quota for a
	// while. From one throttling to the next it has accepted just the quota.
	quota := accepted
	if !p.since.IsZero() {
		quota = min(quota, float64(p.total)/now.Sub(p.since).Seconds())
	}
	p.before = p.limit(now)
	p.rate = max(minRate, backOff*quota, mostLost*accepted)
	p.since, p.total = now, 0
	p.next = now.Add(time.Duration(float64(time.Second) / p.rate))
}

// rates are how many calls a second are accepted and how many are allowed now.
func (p *pacer) rates() (accepted, allowed float64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	now := time.Now()
	return p.accepted.rate(now), p.limit(now)
}
