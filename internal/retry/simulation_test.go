package retry

import (
	"math/rand/v2"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
)

// service accepts so many requests a second, and saves up a burst.
type service struct {
	mu           sync.Mutex
	quota, burst float64
	tokens       float64
	last         time.Time
}

func (s *service) answer() Class {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := time.Now()
	s.tokens = min(s.burst, s.tokens+s.quota*now.Sub(s.last).Seconds())
	s.last = now
	if s.tokens < 1 {
		return Throttled
	}
	s.tokens--
	return OK
}

func (s *service) set(quota float64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.quota = quota
}

// traffic is what fifty goroutines that send without a pause get in each second.
type traffic struct{ accepted, throttled []int }

func (tr traffic) sum(from, to int) (accepted, throttled float64) {
	for i := from; i < to; i++ {
		accepted += float64(tr.accepted[i])
		throttled += float64(tr.throttled[i])
	}
	return accepted, throttled
}

func simulate(t *testing.T, l *Limiter, s *service, seconds int, latency time.Duration) traffic {
	t.Helper()
	tr := traffic{make([]int, seconds), make([]int, seconds)}
	begin := time.Now()
	var mu sync.Mutex
	var wg sync.WaitGroup
	for range 50 {
		wg.Go(func() {
			for {
				sent, err := l.Wait(t.Context())
				if err != nil {
					return
				}
				second := int(sent.Sub(begin) / time.Second)
				if second >= seconds || sleep(t.Context(), latency/2+rand.N(latency)) != nil {
					return
				}
				class := s.answer()
				l.Observe(class, sent)
				mu.Lock()
				if class == OK {
					tr.accepted[second]++
				} else {
					tr.throttled[second]++
				}
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	return tr
}

func TestFiftyGoroutinesUseNearlyAllOfAQuotaAndAreHardlyThrottled(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		burst   float64
		latency time.Duration
	}{
		"a second's burst":    {100, 20 * time.Millisecond},
		"hardly any burst":    {5, 20 * time.Millisecond},
		"a slower connection": {20, 200 * time.Millisecond},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				tr := simulate(t, NewLimiter(0), &service{quota: 100, burst: c.burst}, 60, c.latency)
				accepted, _ := tr.sum(0, 60)
				require.Greater(t, accepted, 0.9*60*100)
				accepted, throttled := tr.sum(15, 60)
				require.Greater(t, accepted, 0.95*45*100)
				require.Less(t, throttled, 0.03*accepted)
			})
		})
	}
}

func TestWhenTheQuotaRisesTheRateFollows(t *testing.T) {
	bubble(t, func(t *testing.T) {
		s, l := &service{quota: 100, burst: 20}, NewLimiter(0)
		simulate(t, l, s, 30, 20*time.Millisecond)
		s.set(300)
		tr := simulate(t, l, s, 60, 20*time.Millisecond)
		accepted, throttled := tr.sum(30, 60)
		require.Greater(t, accepted, 0.9*30*300)
		require.Less(t, throttled, 0.03*accepted)
	})
}

func TestWhenTheQuotaFallsTheRateFollows(t *testing.T) {
	bubble(t, func(t *testing.T) {
		s, l := &service{quota: 100, burst: 20}, NewLimiter(0)
		simulate(t, l, s, 30, 20*time.Millisecond)
		s.set(20)
		tr := simulate(t, l, s, 60, 20*time.Millisecond)
		accepted, throttled := tr.sum(5, 60)
		require.Greater(t, accepted, 0.9*55*20)
		require.Less(t, throttled, 0.15*accepted)
	})
}

func TestAServiceThatAcceptsNothingIsAskedAboutOnceASecond(t *testing.T) {
	bubble(t, func(t *testing.T) {
		tr := simulate(t, NewLimiter(0), &service{}, 60, 20*time.Millisecond)
		_, throttled := tr.sum(5, 60)
		require.Less(t, throttled, 3.0*55)
		require.Greater(t, throttled, 0.9*55)
	})
}

func TestUnderTheQuotaTheUsersLimitIsAllThereIs(t *testing.T) {
	bubble(t, func(t *testing.T) {
		tr := simulate(t, NewLimiter(80), &service{quota: 100, burst: 10}, 30, 20*time.Millisecond)
		accepted, throttled := tr.sum(0, 30)
		require.InDelta(t, 80*30, accepted, 5)
		require.Zero(t, throttled)
	})
}
