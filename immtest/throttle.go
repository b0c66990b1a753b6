package immtest

import (
	"math"
	"net/http"
	"strconv"
	"time"
)

// WithQPS makes the server throttle calls above perSecond: they are refused with
// Throttling.User and told when to come back, in x-acs-retry-after and in
// x-ratelimit-user. Without this option, or with a rate that is not above zero,
// nothing is throttled.
//
// The measure is a bucket of tokens: a call takes one, perSecond of them come
// each second, and as many as one second brings are kept. A client that paces
// itself at no more than the rate is never refused, and one that was idle may
// send a second's worth at once. Only calls with a valid signature are counted.
// One that is refused costs nothing: no token, no nonce, and its operation does
// not run.
func WithQPS(perSecond float64) Option {
	return func(c *config) { c.perSecond = perSecond }
}

// throttle keeps in place of a number of tokens the time at which the bucket will
// be full again. In whole nanoseconds that has no rounding errors, and the time
// that a refused call is told is exact.
type throttle struct {
	full time.Time
}

// take takes a token, or tells how long it is until there is one, and how long
// until the bucket is full.
func (t *throttle) take(perSecond float64, now time.Time) (wait, full time.Duration) {
	const longest = time.Duration(math.MaxInt64 / 4)
	each := time.Duration(min(float64(time.Second)/perSecond, float64(longest)))
	until := max(t.full.Sub(now), 0)
	if room := max(time.Second, each); until+each > room {
		return until + each - room, until
	}
	t.full = now.Add(until + each)
	return 0, until
}

// throttled refuses a call that is above the rate.
func (s *Server) throttled() *failure {
	rate := s.config.perSecond
	if !(rate > 0) { // also for a rate that is no number
		return nil
	}
	s.mu.Lock()
	wait, full := s.limit.take(rate, time.Now())
	s.mu.Unlock()
	if wait == 0 {
		return nil
	}
	retryAfter := milliseconds(wait)
	return &failure{
		status: http.StatusBadRequest, code: "Throttling.User", message: "Request was denied due to user flow control.",
		header: http.Header{
			"X-Acs-Retry-After": {retryAfter},
			"X-Ratelimit-User": {"Limit:" + strconv.FormatFloat(math.Ceil(rate), 'f', -1, 64) +
				",Remain:0,TimeLeft:" + retryAfter + ",Reset:" + milliseconds(full)},
		},
	}
}

// milliseconds rounds up: who comes back at that time is not too early.
func milliseconds(d time.Duration) string {
	return strconv.FormatInt(int64((d+time.Millisecond-1)/time.Millisecond), 10)
}
