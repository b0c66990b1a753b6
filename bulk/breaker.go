package bulk

import (
	"math/rand/v2"
	"time"
)

// The pauses.
const (
	firstPause = 500 * time.Millisecond
	lastPause  = 30 * time.Second
	// downAfter is how many calls in a row must fail until the service counts as
	// down. By chance that hardly happens even if it fails half of the calls.
	downAfter = 10
)

// breaker keeps a service that is down from being asked by everybody all the time:
// while nothing succeeds there is one call at a time, after a pause that grows.
type breaker struct {
	inRow  int       // calls that failed since the last one that did not
	since  time.Time // the first of them
	err    error     // of the last one
	resume time.Time // the earliest time for the next call, while the service is down
}

func (b *breaker) down() bool { return b.inRow >= downAfter }

// failed notes a call that the service could not take. Of those that were under way
// when the service went down there may be many. They do not make the pause longer.
func (b *breaker) failed(begun, now time.Time, err error) {
	if b.err = err; b.down() && begun.Before(b.resume) {
		return
	}
	if b.inRow++; b.inRow == 1 {
		b.since = now
	}
	if b.down() {
		b.resume = now.Add(pause(b.inRow - downAfter + 1))
	}
}

// answered notes any other answer.
func (b *breaker) answered() { *b = breaker{} }

// pause is the time to wait after the nth failure. It doubles, and up to a quarter
// more is left to chance, so that many processes do not come back together.
func pause(n int) time.Duration {
	d := lastPause
	if n < 7 {
		d = min(lastPause, firstPause<<(n-1))
	}
	return d + rand.N(d/4)
}
