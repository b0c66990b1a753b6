package retry

import (
	"context"
	"math"
	"sync"
	"time"
)

// The numbers of the adaptive limit.
const (
	minRate  = 1.0              // requests a second, the floor
	backOff  = 0.95             // of the accepted rate, after throttling
	leeway   = 4.0              // the limit does not disappear before it is this much above the highest accepted rate
	window   = time.Second      // over which rates are measured, and between two decreases
	peakLife = 15 * time.Second // after which a highest rate counts half
)

// How the limit grows, in parts of the highest accepted rate: it is added to by
// growth each second, and disappears at headroom. Throttling that meets no limit
// tells how many requests came at once, which may be far less than the service
// accepts in a second: from there the limit searches in big steps. Throttling
// that meets a limit tells where the end is.
const (
	searchGrowth, searchHeadroom = 1.0 / 2, 2.0
	steadyGrowth, steadyHeadroom = 1.0 / 30, 1.25
)

// Limiter paces the requests of one client. It has two limits: a fixed one that
// the user set, and an adaptive one that appears when the service throttles. The
// adaptive one starts just under the rate that the service was measured to
// accept, grows by the same amount every second, and disappears once it has
// clearly passed the highest rate that was accepted. Waiters are served in
// order. It is safe for concurrent use.
type Limiter struct {
	fixed float64       // requests a second; 0: none
	turn  chan struct{} // held by the waiter whose turn it is

	mu      sync.Mutex
	rate    float64 // adaptive limit at the time since; 0: none
	grow    float64 // added to it each second
	gone    float64 // the rate at which it disappears
	since   time.Time
	tokens  float64
	filled  time.Time // when tokens was last brought up to date
	waiting int
	meter   meter
}

// NewLimiter returns a limiter with a fixed limit in requests a second, or none
// if perSecond is 0.
func NewLimiter(perSecond float64) *Limiter {
	return &Limiter{fixed: perSecond, turn: make(chan struct{}, 1), tokens: 1}
}

// Wait returns the time at which a request may be sent, when that has come. If
// the context ends first, or would end before a request may be sent, it returns
// the context's error, or context.DeadlineExceeded at once.
func (l *Limiter) Wait(ctx context.Context) (time.Time, error) {
	if err := ctx.Err(); err != nil {
		return time.Time{}, err
	}
	l.mu.Lock()
	now := time.Now()
	if l.waiting == 0 && l.take(now) == 0 {
		l.mu.Unlock()
		return now, nil
	}
	if l.fixed > 0 {
		l.refill(now)
		// The fixed limit never grows, so this is the least time that the wait
		// takes. The adaptive one may be gone in a second: those who wait for
		// it find out when it is their turn.
		if tooLate(ctx, now, seconds((float64(l.waiting)+1-l.tokens)/l.fixed)) {
			l.mu.Unlock()
			return time.Time{}, context.DeadlineExceeded
		}
	}
	l.waiting++
	l.mu.Unlock()
	now, err := l.wait(ctx)
	if err != nil {
		l.mu.Lock()
		l.waiting--
		l.mu.Unlock()
	}
	return now, err
}

// wait is for those who are counted in waiting. It uncounts the one that gets a
// token together with taking it, so that nobody who looks in between reckons
// with a wait that is over.
func (l *Limiter) wait(ctx context.Context) (time.Time, error) {
	select {
	case l.turn <- struct{}{}:
		defer func() { <-l.turn }()
	case <-ctx.Done():
		return time.Time{}, ctx.Err()
	}
	for {
		if err := ctx.Err(); err != nil {
			return time.Time{}, err // before taking a token, which would be lost
		}
		l.mu.Lock()
		now := time.Now()
		d := l.take(now)
		if d == 0 {
			l.waiting--
		}
		l.mu.Unlock()
		if d == 0 {
			return now, nil
		}
		if err := Sleep(ctx, d); err != nil {
			return time.Time{}, err
		}
	}
}

// take takes a token, or returns how long it is until there is one.
func (l *Limiter) take(now time.Time) time.Duration {
	limit := l.refill(now)
	if limit == 0 {
		return 0
	}
	if l.tokens >= 1-1e-9 {
		l.tokens--
		return 0
	}
	return seconds((1 - l.tokens) / limit)
}

// refill brings tokens up to date, and returns the rate in force, 0 if there is
// none.
func (l *Limiter) refill(now time.Time) float64 {
	limit := l.limit(now)
	if limit == 0 {
		return 0
	}
	if !l.filled.IsZero() {
		// A few tokens may be saved up, so that the timer's coarseness does not
		// cost throughput; more would be a burst that the service throttles.
		burst := min(5, max(1, limit/20))
		l.tokens = min(burst, l.tokens+limit*now.Sub(l.filled).Seconds())
	}
	l.filled = now
	return limit
}

// limit is the rate in force, 0 if there is none.
func (l *Limiter) limit(now time.Time) float64 {
	if l.rate == 0 {
		return l.fixed
	}
	adaptive := l.adaptive(now)
	if adaptive > l.gone {
		l.rate = 0
		return l.fixed
	}
	if l.fixed > 0 {
		return min(l.fixed, adaptive)
	}
	return adaptive
}

func (l *Limiter) adaptive(now time.Time) float64 {
	return l.rate + l.grow*now.Sub(l.since).Seconds()
}

// Observe learns from the outcome of a request that was sent at the given time.
func (l *Limiter) Observe(class Class, sent time.Time) {
	if class >= Unsent || class == Unavailable {
		return // says nothing about the rate
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	now := time.Now()
	if class != Throttled {
		l.meter.count(now)
		return
	}
	// One decrease answers for all requests that were under way when it was
	// made, and for the window in which its effect is being measured.
	if l.rate != 0 && (sent.Before(l.since) || now.Sub(l.since) < window) {
		return
	}
	accepted := l.meter.rate(now)
	growth, headroom := steadyGrowth, steadyHeadroom
	if l.rate != 0 {
		accepted = min(accepted, l.adaptive(now))
	} else {
		l.tokens, l.filled = min(l.tokens, 1), now
		growth, headroom = searchGrowth, searchHeadroom
	}
	l.rate = max(minRate, backOff*accepted)
	// The measured rate may lie across two windows and above each of them: a
	// limit that starts beyond its end would be gone at once.
	peak := max(accepted, l.meter.peak(now))
	l.grow = max(minRate, growth*peak)
	l.gone = max(peak*headroom, peak+leeway)
	l.since = now
}

// meter measures how many requests a second are accepted, in windows of a
// second that slide by interpolation.
type meter struct {
	start    time.Time // of the current window
	current  float64
	previous float64
	highest  float64
	highTime time.Time
}

func (m *meter) advance(now time.Time) {
	passed := now.Sub(m.start)
	if passed < window {
		return
	}
	// The window may have ended long ago, if nothing was sent since.
	if end := m.start.Add(window); m.current >= m.peak(end) {
		m.highest, m.highTime = m.current, end
	}
	m.previous = 0
	if passed < 2*window {
		m.previous = m.current
		m.start = m.start.Add(window)
	} else {
		m.start = now
	}
	m.current = 0
}

func (m *meter) count(now time.Time) {
	m.advance(now)
	m.current++
}

// rate is the number accepted in the second before now.
func (m *meter) rate(now time.Time) float64 {
	m.advance(now)
	part := now.Sub(m.start).Seconds() / window.Seconds()
	return max(m.current, m.current+m.previous*(1-part))
}

// peak is the highest rate of late. It fades, because what the service accepted
// a minute ago need not be what it accepts now.
func (m *meter) peak(now time.Time) float64 {
	age := now.Sub(m.highTime) / peakLife
	return max(m.current, math.Ldexp(m.highest, -int(age)))
}

// tooLate reports whether the context ends before a wait of d can.
func tooLate(ctx context.Context, now time.Time, d time.Duration) bool {
	deadline, ok := ctx.Deadline()
	return ok && deadline.Sub(now) <= d
}

// seconds rounds up, so that a wait is never too short by a rounding.
func seconds(s float64) time.Duration {
	return time.Duration(min(math.Ceil(s*1e9), math.MaxInt64/2))
}
