package bulk

import (
	"errors"
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
)

func inBubble(t *testing.T, f func(t *testing.T)) {
	t.Helper()
	t.Parallel()
	synctest.Test(t, f)
}

func rest(d time.Duration) { <-time.After(d) }

func TestCallsArePacedFromTheFirstSecondOn(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		p := newPacer()
		p.limitTo(40)
		begin := time.Now()
		var group sync.WaitGroup
		for range 8 {
			group.Go(func() {
				for range 50 {
					if !p.wait(nil) {
						t.Error("nobody said stop")
					}
				}
			})
		}
		group.Wait()
		require.Equal(t, 399*25*time.Millisecond, time.Since(begin))
		rest(time.Minute)
		begin = time.Now()
		for range 10 {
			p.wait(nil)
		}
		require.Equal(t, 8*25*time.Millisecond, time.Since(begin), "a quiet minute does not make a burst")
	})
}

func TestStopEndsTheWaitForAPlace(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		p := newPacer()
		p.limitTo(0.01)
		require.True(t, p.wait(nil))
		stop := make(chan struct{})
		time.AfterFunc(3*time.Second, func() { close(stop) })
		begin := time.Now()
		var group sync.WaitGroup
		for range 5 {
			group.Go(func() {
				if p.wait(stop) {
					t.Error("there was no place in three seconds")
				}
			})
		}
		group.Wait()
		require.Equal(t, 3*time.Second, time.Since(begin))
		require.False(t, newPacer().wait(stop), "not even where there is no limit")
	})
}

// accepting lets calls be accepted at a rate for a time.
func accepting(p *pacer, perSecond int, d time.Duration) {
	for end := time.Now().Add(d); time.Now().Before(end); {
		p.accept()
		rest(time.Second / time.Duration(perSecond))
	}
}

func allowed(p *pacer) float64 {
	_, allowed := p.rates()
	return allowed
}

func TestThrottlingLowersTheLimitToJustUnderWhatWasAccepted(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		p := newPacer()
		require.Zero(t, allowed(p))
		p.throttled(time.Now())
		require.Zero(t, allowed(p), "nothing was accepted, so there is no rate to go by")
		accepting(p, 100, 5*time.Second)
		p.throttled(time.Now())
		require.InDelta(t, 96, allowed(p), 1)
		p.throttled(time.Now())
		require.InDelta(t, 96, allowed(p), 1, "one decrease answers for all that is under way")
		before := time.Now().Add(-time.Millisecond)
		accepting(p, 50, 3*time.Second)
		p.throttled(before)
		require.Greater(t, allowed(p), 96.0, "that call began before the decrease")
		p.throttled(time.Now())
		require.InDelta(t, 48, allowed(p), 1)
		rest(time.Minute)
		require.Greater(t, allowed(p), 100.0)
		p.limitTo(60)
		require.InDelta(t, 60, allowed(p), 0.001, "it never grows above the ceiling")
	})
}

func TestRepeatsThatLoweringDoesNotEndAreNotForTheRate(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		p := newPacer()
		p.limitTo(100)
		accepting(p, 100, 5*time.Second)
		p.repeated(time.Now())
		require.InDelta(t, 96, allowed(p), 1)
		accepting(p, 100, 2*time.Second)
		p.repeated(time.Now())
		require.InDelta(t, 100, allowed(p), 0.001)
		accepting(p, 100, 20*time.Second)
		p.repeated(time.Now())
		require.InDelta(t, 100, allowed(p), 0.001, "for a while repeats say nothing")
		p.throttled(time.Now())
		require.InDelta(t, 96, allowed(p), 1, "throttling does")
	})
}

func TestTheWidthGrowsWhileThatHelps(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ most, useful, want int }{
		{128, 1000, 128}, {128, 32, 32}, {128, 3, 4}, {10, 1000, 10}, {2, 1000, 2}, {1, 1000, 1},
	} {
		t.Run(fmt.Sprint(c), func(t *testing.T) {
			t.Parallel()
			w := newWidth(c.most)
			require.Equal(t, 1, w.limit, "one call until one is accepted")
			now := time.Now()
			for range 3000 {
				// Each call takes a tenth of a second, more if there are too many.
				now = now.Add(100 * time.Millisecond / time.Duration(min(w.limit, c.useful)))
				w.accepted(now, true)
			}
			require.LessOrEqual(t, w.limit, 2*c.want)
			require.GreaterOrEqual(t, w.limit, c.want)
			require.LessOrEqual(t, w.limit, c.most)
		})
	}
	w := newWidth(128)
	now := time.Now()
	for range 3000 {
		now = now.Add(time.Millisecond)
		w.accepted(now, false)
	}
	require.Equal(t, 4, w.limit, "nothing waited, so there is no need")
}

func TestAServiceThatIsDownIsAskedByOneAtATime(t *testing.T) {
	t.Parallel()
	var b breaker
	begin := time.Now()
	now := begin
	for range downAfter - 1 {
		b.failed(now, now, errOutage)
		require.False(t, b.down())
	}
	var last time.Duration
	for i := range 20 {
		b.failed(now, now, errOutage)
		require.True(t, b.down())
		wait := b.resume.Sub(now)
		require.LessOrEqual(t, wait, lastPause*5/4)
		if i < 5 {
			require.Greater(t, wait, last)
		}
		for range 100 {
			b.failed(b.resume.Add(-1), b.resume, errOutage)
			require.Equal(t, wait, b.resume.Sub(now), "a call that was under way does not make it longer")
		}
		last, now = wait, b.resume
	}
	require.GreaterOrEqual(t, last, lastPause)
	require.Equal(t, begin, b.since)
	require.Equal(t, errOutage, b.err)
	b.answered()
	require.False(t, b.down())
	require.Zero(t, b)
}

var errOutage = errors.New("HTTP 503")

func TestTheMeterMeasuresTheLastSecond(t *testing.T) {
	t.Parallel()
	var m meter
	now := time.Now()
	require.Zero(t, m.rate(now))
	for range 500 {
		m.count(now)
		now = now.Add(10 * time.Millisecond)
	}
	require.InDelta(t, 100, m.rate(now), 2)
	for range 50 {
		m.count(now)
		now = now.Add(20 * time.Millisecond)
	}
	require.InDelta(t, 50, m.rate(now), 5)
	require.Zero(t, m.rate(now.Add(2*time.Second)))
	now = now.Add(time.Hour)
	for range 20 {
		m.count(now)
		now = now.Add(10 * time.Millisecond)
	}
	require.InDelta(t, 100, m.rate(now), 10, "after a pause it measures since the end of the pause")
}
