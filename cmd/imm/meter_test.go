package main

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/imm-go/imm/bulk"
)

func TestTheSpeedIsThatOfTheLastSecondsAndTellsTheTimeLeft(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var stats bulk.Stats
		m := newMeter(func() bulk.Stats { return stats })
		pass := func(seconds int, files int64) reading {
			var r reading
			for range seconds {
				<-time.After(time.Second)
				stats.Accepted += files
				r = m.read()
			}
			return r
		}
		require.Zero(t, m.read().speed)
		r := pass(10, 100)
		require.InDelta(t, 100, r.speed, 0.1)
		require.Negative(t, r.left, "nobody knows how many there are")
		require.Equal(t, "1,000 files", r.progress())
		require.Empty(t, r.percent())

		m.expect(4000)
		r = pass(1, 100)
		require.Equal(t, 29*time.Second, r.left)
		require.Equal(t, "1,100 of 4,000 files", r.progress())
		require.Equal(t, "27 %", r.percent())
		require.Equal(t, []string{"100 files/s", "0 failed", "29s left", "0 under way"}, r.details(barReason))

		r = pass(30, 10)
		require.InDelta(t, 10, r.speed, 0.1, "what was long ago does not count")
		require.LessOrEqual(t, len(m.marks), 20)
		r = pass(60, 0)
		require.Zero(t, r.speed)
		require.Negative(t, r.left, "it may take for ever")
	})
}

func TestALineOfABarIsNeverTooLong(t *testing.T) {
	t.Parallel()
	texts := []string{"12 files/s", "1 failed", "9s left"}
	for width, want := range map[int]string{0: "", 9: "", 10: "12 files/s", 19: "12 files/s", 20: "12 files/s, 1 failed", 28: "12 files/s, 1 failed", 29: "12 files/s, 1 failed, 9s left", 99: "12 files/s, 1 failed, 9s left"} {
		require.Equal(t, want, fitting(texts, width), width)
	}
}

func TestTheProgressIsRightAtItsEnds(t *testing.T) {
	t.Parallel()
	require.Equal(t, "100 %", reading{}.percent())
	require.Equal(t, "100 %", reading{done: 5, expected: 4}.percent(), "a list that grew meanwhile")
	require.Equal(t, "99 %", reading{done: 999, expected: 1000}.percent())
	r := reading{Stats: bulk.Stats{Rate: 97.6, RateAllowed: 100.2}, expected: 1, speed: 12345.6}
	require.Equal(t, []string{"12,345 files/s", "98 of 100 requests/s", "0 throttled", "0 failed", "0s left", "0 under way"}, r.details(barReason))
}
