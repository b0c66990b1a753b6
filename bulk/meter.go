package bulk

import "time"

// span is over what rates are measured, and step how finely.
const (
	span = time.Second
	step = span / 10
)

// meter counts events of the last second.
type meter struct {
	steps  [span / step]int
	first  time.Time // before which there was nothing for a second
	now    time.Time // where the newest step begins
	newest int
	sum    int
}

func (m *meter) advance(now time.Time) {
	passed := now.Sub(m.now)
	if passed < step {
		return
	}
	if passed >= span+step {
		*m = meter{now: now, first: now}
		return
	}
	for ; passed >= step; passed -= step {
		m.newest = (m.newest + 1) % len(m.steps)
		m.sum -= m.steps[m.newest]
		m.steps[m.newest] = 0
		m.now = m.now.Add(step)
	}
}

func (m *meter) count(now time.Time) {
	m.advance(now)
	m.steps[m.newest]++
	m.sum++
}

// rate is how many events a second there were lately: in the second before now, or
// since they began.
func (m *meter) rate(now time.Time) float64 {
	m.advance(now)
	over := min(span-step+now.Sub(m.now), max(step, now.Sub(m.first)))
	return float64(m.sum) / over.Seconds()
}
