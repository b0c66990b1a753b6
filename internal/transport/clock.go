package transport

import (
	"net/http"
	"sync/atomic"
	"time"
)

// Clock is the service's, as far as it is known. The zero value is the clock of
// this machine. It is safe for concurrent use.
type Clock struct{ ahead atomic.Int64 } // nanoseconds that the service's clock is ahead of ours

// At is a time of this machine's clock by the service's clock, and how far that
// is ahead of ours.
func (c *Clock) At(ours time.Time) (t time.Time, ahead time.Duration) {
	ahead = time.Duration(c.ahead.Load())
	return ours.Add(ahead), ahead
}

// Correct sets the clock by the Date of an answer that refused a request as out
// of date. It reports whether that can help: the refusal is permanent if the
// request's own date was right as far as the answer's Date shows, to which
// neither side adds fractions of a second.
func (c *Clock) Correct(date string, used time.Duration) bool {
	now, err := http.ParseTime(date)
	ahead := time.Until(now)
	if err != nil || (ahead-used).Abs() < 2*time.Second {
		return false
	}
	c.ahead.Store(int64(ahead))
	return true
}
