package transport

import (
	"net/http"
	"strconv"
	"strings"
	"time"
)

// RetryAfter is how long the answer asks to wait: in the header of the current
// gateway, else in the two of the older one, of which the larger counts, else in
// that of HTTP. What cannot be read counts as absent.
func RetryAfter(header http.Header) time.Duration {
	if d := milliseconds(header.Get("X-Acs-Retry-After")); d > 0 {
		return d
	}
	if d := max(timeLeft(header.Get("X-Ratelimit-User")), timeLeft(header.Get("X-Ratelimit-User-Api"))); d > 0 {
		return d
	}
	value := header.Get("Retry-After")
	if s, err := strconv.ParseInt(value, 10, 32); err == nil {
		return max(0, time.Duration(s)*time.Second)
	}
	if t, err := http.ParseTime(value); err == nil {
		// By the server's own clock, if it says what time it has there.
		now, err := http.ParseTime(header.Get("Date"))
		if err != nil {
			now = time.Now()
		}
		return max(0, t.Sub(now))
	}
	return 0
}

func milliseconds(value string) time.Duration {
	ms, err := strconv.ParseInt(strings.TrimSpace(value), 10, 32)
	if err != nil || ms < 0 {
		return 0
	}
	return time.Duration(ms) * time.Millisecond
}

// timeLeft reads Limit:1,Remain:0,TimeLeft:2000,Reset:1234.
func timeLeft(value string) time.Duration {
	for field := range strings.SplitSeq(value, ",") {
		if ms, found := strings.CutPrefix(strings.TrimSpace(field), "TimeLeft:"); found {
			return milliseconds(ms)
		}
	}
	return 0
}
