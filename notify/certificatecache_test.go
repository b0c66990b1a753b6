package notify

import (
	"context"
	"crypto/rsa"
	"errors"
	"fmt"
	"net/http"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
)

// source is where a cache gets its certificates.
type source struct {
	mu      sync.Mutex
	pem     []byte
	err     error
	takes   time.Duration
	fetches int
	now     int
	most    int
}

func (s *source) fetch(ctx context.Context, _ string) ([]byte, error) {
	s.mu.Lock()
	s.fetches++
	s.now++
	s.most = max(s.most, s.now)
	pem, err, takes := s.pem, s.err, s.takes
	s.mu.Unlock()
	defer func() {
		s.mu.Lock()
		s.now--
		s.mu.Unlock()
	}()
	if takes > 0 {
		select {
		case <-time.After(takes):
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
	return pem, err
}

func (s *source) set(pem []byte, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.pem, s.err = pem, err
}

func (s *source) requireFetches(t *testing.T, n int) {
	t.Helper()
	synctest.Wait()
	s.mu.Lock()
	defer s.mu.Unlock()
	require.Equal(t, n, s.fetches)
}

func later(d time.Duration) { <-time.After(d) }

func TestAHundredFirstPushesAtOnceMakeOneFetch(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := &source{pem: mnsKey.pem, takes: time.Second}
		b := &pushBench{fetch: s.fetch}
		b.mns(t)
		var accepted atomic.Int64
		var pushes sync.WaitGroup
		for range 100 {
			pushes.Go(func() {
				if b.send(signedPush{}.mns()) == http.StatusNoContent {
					accepted.Add(1)
				}
			})
		}
		pushes.Wait()
		require.EqualValues(t, 100, accepted.Load(), b.logged())
		s.requireFetches(t, 1)
		require.EqualValues(t, 100, b.calls.Load())
	})
}

func TestACertificateIsFetchedAgainAfterADayInTheBackground(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := &source{pem: mnsKey.pem}
		b := &pushBench{fetch: s.fetch}
		b.mns(t)
		send := func() {
			t.Helper()
			begin := time.Now()
			require.Equal(t, http.StatusNoContent, b.send(signedPush{}.mns()), b.logged())
			require.Equal(t, begin, time.Now(), "nobody waits")
		}
		send()
		later(24*time.Hour - time.Second)
		send()
		s.requireFetches(t, 1)
		s.mu.Lock()
		s.err, s.takes = errors.New("the network is down"), 2*time.Second
		s.mu.Unlock()
		later(time.Second)
		send()
		later(2 * time.Second)
		s.requireFetches(t, 2)
		send() // with the one that is there
		later(30 * time.Second)
		send()
		s.requireFetches(t, 2)
		later(30 * time.Second)
		send()
		s.requireFetches(t, 3)
		later(10 * time.Second)
		s.mu.Lock()
		s.err, s.takes = nil, 0
		s.mu.Unlock()
		later(time.Minute)
		send()
		s.requireFetches(t, 4)
		later(23 * time.Hour)
		send()
		s.requireFetches(t, 4)
	})
}

func TestARotatedCertificateIsFoundByTheFirstPushThatItSigned(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := &source{pem: mnsKey.pem, takes: time.Second}
		b := &pushBench{fetch: s.fetch}
		b.mns(t)
		require.Equal(t, http.StatusNoContent, b.send(signedPush{}.mns()))
		later(time.Hour)
		s.set(otherMNSKey.pem, nil)
		var pushes sync.WaitGroup
		for range 50 {
			pushes.Go(func() {
				require.Equal(t, http.StatusNoContent, b.send(signedPush{key: otherMNSKey}.mns()), b.logged())
			})
		}
		pushes.Wait()
		s.requireFetches(t, 2)
		require.Equal(t, http.StatusForbidden, b.send(signedPush{}.mns()), "the old key counts no more")
		s.requireFetches(t, 2)
	})
}

func TestForgedSignaturesCauseOneFetchAMinute(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := &source{pem: mnsKey.pem}
		b := &pushBench{fetch: s.fetch}
		b.mns(t)
		require.Equal(t, http.StatusNoContent, b.send(signedPush{}.mns()))
		forge := func(status int) {
			t.Helper()
			for range 20 {
				require.Equal(t, status, b.send(signedPush{key: otherMNSKey}.mns()))
			}
		}
		forge(http.StatusForbidden)
		s.requireFetches(t, 1)
		for minute := range 5 {
			later(time.Minute)
			forge(http.StatusForbidden)
			s.requireFetches(t, 2+minute)
		}
		later(59 * time.Second)
		forge(http.StatusForbidden)
		s.requireFetches(t, 6)

		s.set(nil, errors.New("the network is down"))
		later(time.Second)
		require.Equal(t, http.StatusInternalServerError, b.send(signedPush{key: otherMNSKey}.mns()), "it may be right, so it is to come again")
		forge(http.StatusForbidden)
		s.requireFetches(t, 7)
		require.Equal(t, http.StatusNoContent, b.send(signedPush{}.mns()), "the good certificate stays")

		s.set(nil, forbidden("status 404"))
		later(time.Minute)
		forge(http.StatusForbidden)
		s.requireFetches(t, 8)
		require.Equal(t, http.StatusNoContent, b.send(signedPush{}.mns()))
		require.EqualValues(t, 3, b.calls.Load())
	})
}

func TestAtMostFourCertificatesAreFetchedAtOnce(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := &source{pem: mnsKey.pem, takes: 100 * time.Millisecond}
		c := newCertificates(s.fetch, leastKeyBits)
		var got, refused atomic.Int64
		var calls sync.WaitGroup
		for i := range 200 {
			calls.Go(func() {
				_, err := c.get(t.Context(), fmt.Sprint(i))
				if errors.Is(err, errManyFetches) {
					refused.Add(1)
				} else if err == nil {
					got.Add(1)
				}
			})
		}
		calls.Wait()
		require.Equal(t, 4, s.most)
		require.EqualValues(t, maxFlights, got.Load())
		require.EqualValues(t, 200-maxFlights, refused.Load(), "a flood waits for nothing")
		require.Len(t, c.kept, maxCertificates)
		require.Empty(t, c.flights)
	})
}

func TestAFetchThatHangsEndsAfterThreeSeconds(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := &source{takes: time.Hour}
		b := &pushBench{fetch: s.fetch}
		b.mns(t)
		begin := time.Now()
		require.Equal(t, http.StatusInternalServerError, b.send(signedPush{}.mns()))
		require.Equal(t, 3*time.Second, time.Since(begin))

		c := newCertificates(s.fetch, leastKeyBits) // those that wait for a turn end, too
		var calls sync.WaitGroup
		for i := range 6 {
			calls.Go(func() {
				_, err := c.get(t.Context(), fmt.Sprint(i))
				require.Error(t, err)
			})
		}
		calls.Wait()
		require.Equal(t, 6*time.Second, time.Since(begin))
	})
}

func TestWhoWaitsForACertificateWaitsNoLongerThanTheContext(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		release := make(chan struct{})
		deaf := func(context.Context, string) ([]byte, error) { <-release; return mnsKey.pem, nil }
		b := &pushBench{fetch: deaf}
		b.mns(t)
		begin := time.Now()
		require.Equal(t, http.StatusInternalServerError, b.send(signedPush{}.mns()))
		require.Equal(t, answerTime, time.Since(begin))
		close(release)
		synctest.Wait()
		require.Equal(t, http.StatusNoContent, b.send(signedPush{}.mns()), "it came for the next one")
		require.EqualValues(t, 1, b.fetches.Load())
	})
}

func TestTheCallerWhoGoesAwayDoesNotEndTheFetchOfOthers(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := &source{pem: mnsKey.pem, takes: time.Second}
		c := newCertificates(s.fetch, leastKeyBits)
		ctx, cancel := context.WithCancel(t.Context())
		var calls sync.WaitGroup
		calls.Go(func() {
			_, err := c.get(ctx, mnsURL)
			require.ErrorIs(t, err, context.Canceled)
		})
		synctest.Wait()
		calls.Go(func() {
			key, err := c.get(t.Context(), mnsURL)
			require.NoError(t, err)
			require.True(t, key.Equal(&mnsKey.PublicKey))
		})
		cancel()
		calls.Wait()
		s.requireFetches(t, 1)
	})
}

func TestTheLeastRecentlyUsedCertificateGoesFirst(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := &source{pem: mnsKey.pem}
		c := newCertificates(s.fetch, leastKeyBits)
		get := func(url string) {
			t.Helper()
			_, err := c.get(t.Context(), url)
			require.NoError(t, err)
			later(time.Second)
		}
		for i := range maxCertificates {
			get(fmt.Sprint(i))
		}
		get("0")
		s.requireFetches(t, maxCertificates)
		get("one more") // takes the place of 1
		get("0")
		get("2")
		s.requireFetches(t, maxCertificates+1)
		get("1")
		s.requireFetches(t, maxCertificates+2)
		require.Len(t, c.kept, maxCertificates)
	})
}

func TestBadURLsDoNotDisplaceAGoodCertificate(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := &source{pem: mnsKey.pem}
		c := newCertificates(s.fetch, leastKeyBits)
		_, err := c.get(t.Context(), mnsURL)
		require.NoError(t, err)
		s.set(nil, forbidden("status 404"))
		for i := range 1000 {
			_, err := c.get(t.Context(), fmt.Sprint(i))
			require.Error(t, err)
		}
		require.Len(t, c.failures, maxFailures)
		require.Len(t, c.kept, 1)
		s.requireFetches(t, 1001)
		_, err = c.get(t.Context(), mnsURL)
		require.NoError(t, err)
		s.requireFetches(t, 1001)
	})
}

func TestAFetchThatPanicsFailsLikeAnyOther(t *testing.T) {
	t.Parallel()
	for name, fetch := range map[string]func(context.Context, string) ([]byte, error){
		"panics":             func(context.Context, string) ([]byte, error) { panic("no file") },
		"ends its goroutine": func(context.Context, string) ([]byte, error) { runtime.Goexit(); return nil, nil },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := &pushBench{fetch: fetch}
			b.mns(t).requireRefused(t, signedPush{}.mns(), http.StatusInternalServerError, 1, "WithCertificates")
		})
	}
}

func TestAKeyThatCameMeanwhileIsTriedWithoutAFetch(t *testing.T) {
	t.Parallel()
	s := &source{pem: mnsKey.pem}
	c := newCertificates(s.fetch, leastKeyBits)
	key, err := c.get(t.Context(), mnsURL)
	require.NoError(t, err)
	for used, want := range map[*rsa.PublicKey]*rsa.PublicKey{key: nil, &otherMNSKey.PublicKey: key} {
		got, err := c.another(t.Context(), mnsURL, used)
		require.NoError(t, err)
		require.Equal(t, want, got)
	}
	require.Equal(t, 1, s.fetches)
}

func TestAFloodDoesNotHoldUpACertificateThatIsThere(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := &source{pem: mnsKey.pem}
		c := newCertificates(s.fetch, leastKeyBits)
		_, err := c.get(t.Context(), mnsURL)
		require.NoError(t, err)
		later(25 * time.Hour)
		s.mu.Lock()
		s.takes = time.Hour
		s.mu.Unlock()
		var flood sync.WaitGroup
		for i := range maxFlights {
			flood.Go(func() { _, _ = c.get(t.Context(), fmt.Sprint(i)) })
		}
		synctest.Wait()
		begin := time.Now()
		key, err := c.get(t.Context(), mnsURL)
		require.NoError(t, err)
		other, err := c.another(t.Context(), mnsURL, key)
		require.NoError(t, err)
		require.Nil(t, other)
		require.Equal(t, begin, time.Now())
		flood.Wait()
	})
}
