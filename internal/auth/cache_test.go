package auth

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
)

// Every test runs in a bubble of synctest, whose end fails if a goroutine of the
// cache is left in it, and whose clock moves only while all goroutines wait.

var errSource = errors.New("the source is down")

// source answers "key 1", "key 2", ... and counts. Its fields may be changed
// while no fetch is under way.
type source struct {
	life    time.Duration // zero: the expiry is unknown
	takes   time.Duration
	err     error
	always  string // the answer, if not empty
	fetches atomic.Int64

	current, overlaps atomic.Int64
}

func (s *source) fetch(ctx context.Context) (value string, expires time.Time, err error) {
	n := s.fetches.Add(1)
	if s.current.Add(1) != 1 {
		s.overlaps.Add(1)
	}
	defer s.current.Add(-1)
	if s.takes > 0 {
		select {
		case <-time.After(s.takes):
		case <-ctx.Done():
			return "", time.Time{}, ctx.Err()
		}
	}
	if s.err != nil {
		return "must not be used", time.Time{}, s.err
	}
	if s.life != 0 {
		expires = time.Now().Add(s.life)
	}
	if s.always != "" {
		return s.always, expires, nil
	}
	return fmt.Sprint("key ", n), expires, nil
}

func newCache(fetch Fetch[string]) *Cache[string] {
	return New(fetch, func(a, b string) bool { return a == b })
}

// inBubble runs the test in parallel to others and on a clock of its own.
func inBubble(t *testing.T, test func(t *testing.T)) {
	t.Helper()
	t.Parallel()
	synctest.Test(t, test)
}

// pass lets time go by, and waits until everything has happened that then does.
func pass(d time.Duration) {
	<-time.After(d)
	synctest.Wait()
}

// requireGet expects the value at once.
func requireGet(t *testing.T, want string, c *Cache[string]) {
	t.Helper()
	begun := time.Now()
	got, err := c.Get(t.Context())
	require.NoError(t, err)
	require.Equal(t, want, got)
	require.Zero(t, time.Since(begun), "the caller waited")
	synctest.Wait() // for a refresh that it may have started
}

// outcome is how a call of Get ended, and how long it took.
type outcome struct {
	value string
	err   error
	took  time.Duration
}

// getAll calls Get once with each context, all at the same time.
func getAll(c *Cache[string], contexts ...context.Context) []outcome {
	var all sync.WaitGroup
	outcomes := make([]outcome, len(contexts))
	begun := time.Now()
	for i, ctx := range contexts {
		all.Go(func() {
			value, err := c.Get(ctx)
			outcomes[i] = outcome{value, err, time.Since(begun)}
		})
	}
	all.Wait()
	return outcomes
}

func TestAHundredFirstCallsMakeOneFetch(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		s := source{takes: time.Second}
		c := newCache(s.fetch)
		require.Zero(t, s.fetches.Load(), "nobody has asked yet")
		for _, got := range getAll(c, slices.Repeat([]context.Context{t.Context()}, 100)...) {
			require.Equal(t, outcome{"key 1", nil, time.Second}, got)
		}
		require.EqualValues(t, 1, s.fetches.Load())
	})
}

func TestEachCallerWaitsNoLongerThanItsContext(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		s := source{takes: 3 * time.Second}
		c := newCache(s.fetch)
		short, cancelShort := context.WithTimeout(t.Context(), 200*time.Millisecond)
		defer cancelShort()
		cancelled, cancel := context.WithCancel(t.Context())
		defer time.AfterFunc(time.Second, cancel).Stop()
		got := getAll(c, short, t.Context(), cancelled, t.Context())
		require.Equal(t, []outcome{
			{"", context.DeadlineExceeded, 200 * time.Millisecond},
			{"key 1", nil, 3 * time.Second}, // The end of the others is not theirs.
			{"", context.Canceled, time.Second},
			{"key 1", nil, 3 * time.Second},
		}, got)
		require.EqualValues(t, 1, s.fetches.Load())
	})
}

func TestTheEndOfTheOnlyCallerDoesNotEndTheFetch(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		s := source{takes: 3 * time.Second}
		c := newCache(s.fetch)
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		_, err := c.Get(ctx)
		require.ErrorIs(t, err, context.DeadlineExceeded)
		pass(2 * time.Second)
		requireGet(t, "key 1", c)
		require.EqualValues(t, 1, s.fetches.Load())
	})
}

func TestAFetchHasATimeoutOfItsOwn(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		s := source{takes: time.Hour}
		c := newCache(s.fetch)
		begun := time.Now()
		_, err := c.Get(t.Context())
		require.ErrorIs(t, err, context.DeadlineExceeded)
		require.Equal(t, 30*time.Second, time.Since(begun))
		require.NoError(t, t.Context().Err())
	})
}

func TestCredentialsAreRefreshedInTheBackgroundAheadOfTheirExpiry(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct{ life, refresh time.Duration }{
		"unknown":        {0, time.Minute},
		"ten seconds":    {10 * time.Second, 8 * time.Second},
		"a quarter hour": {15 * time.Minute, 12 * time.Minute},
		"25 minutes":     {25 * time.Minute, 20 * time.Minute},
		"an hour":        {time.Hour, 55 * time.Minute},
		"a century":      {100 * 365 * 24 * time.Hour, 100*365*24*time.Hour - 5*time.Minute},
	} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, func(t *testing.T) {
				s := source{life: tt.life}
				c := newCache(s.fetch)
				requireGet(t, "key 1", c)
				pass(tt.refresh - 1)
				requireGet(t, "key 1", c)
				require.EqualValues(t, 1, s.fetches.Load(), "that was too early")
				pass(1)
				s.takes = time.Second
				for range 10 {
					requireGet(t, "key 1", c)
				}
				require.EqualValues(t, 2, s.fetches.Load())
				pass(time.Second)
				requireGet(t, "key 2", c)
				require.EqualValues(t, 2, s.fetches.Load())
			})
		})
	}
}

func TestNothingIsFetchedWhileNobodyAsks(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		s := source{}
		c := newCache(s.fetch)
		requireGet(t, "key 1", c)
		pass(24 * time.Hour)
		require.EqualValues(t, 1, s.fetches.Load())
		requireGet(t, "key 1", c)
		requireGet(t, "key 2", c)
		require.EqualValues(t, 2, s.fetches.Load())
	})
}

func TestARefreshInTheBackgroundOutlivesTheCallThatBeganIt(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		s := source{}
		c := newCache(s.fetch)
		requireGet(t, "key 1", c)
		pass(time.Minute)
		s.takes = 29 * time.Second
		ctx, cancel := context.WithCancel(t.Context())
		_, err := c.Get(ctx)
		require.NoError(t, err)
		cancel()
		pass(29 * time.Second)
		requireGet(t, "key 2", c)
	})
}

func TestAFailedRefreshKeepsCredentialsThatHaveNotExpired(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		s := source{life: time.Hour}
		c := newCache(s.fetch)
		requireGet(t, "key 1", c)
		s.err = errSource
		pass(55 * time.Minute)
		for range 30 { // The last of these is 10 s before the expiry.
			requireGet(t, "key 1", c)
			pass(10*time.Second - 1)
			requireGet(t, "key 1", c)
			pass(1)
		}
		require.EqualValues(t, 31, s.fetches.Load(), "one each 10 s")
		_, err := c.Get(t.Context())
		require.ErrorIs(t, err, errSource, "now they have expired")
		s.err = nil
		value, err := c.Get(t.Context())
		require.NoError(t, err)
		require.Equal(t, "key 33", value)
	})
}

func TestAFailedRefreshKeepsCredentialsOfUnknownExpiry(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		s := source{}
		c := newCache(s.fetch)
		requireGet(t, "key 1", c)
		s.err = errSource
		for range 100 {
			pass(time.Hour)
			requireGet(t, "key 1", c)
		}
		require.EqualValues(t, 101, s.fetches.Load())
		s.err = nil
		pass(10 * time.Second)
		requireGet(t, "key 1", c)
		requireGet(t, "key 102", c)
	})
}

func TestExpiredCredentialsAreNeverGivenOut(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		s := source{life: time.Hour}
		c := newCache(s.fetch)
		requireGet(t, "key 1", c)
		pass(time.Hour - 1)
		s.takes = 2 * time.Second
		requireGet(t, "key 1", c) // It begins a refresh that ends after the expiry.
		pass(1)
		value, err := c.Get(t.Context())
		require.NoError(t, err)
		require.Equal(t, "key 2", value)
		require.EqualValues(t, 2, s.fetches.Load(), "the refresh under way is waited for")
	})
}

func TestAFailedFetchIsReportedToAllWhoWaitAndTriedAgainByTheNext(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		s := source{takes: time.Second, err: errSource}
		c := newCache(s.fetch)
		for _, got := range getAll(c, slices.Repeat([]context.Context{t.Context()}, 10)...) {
			require.Equal(t, outcome{"", errSource, time.Second}, got)
		}
		require.EqualValues(t, 1, s.fetches.Load())
		s.err, s.takes = nil, 0
		requireGet(t, "key 2", c)
	})
}

func TestAnExpiryInThePastIsTakenAsUnknown(t *testing.T) {
	t.Parallel()
	for name, life := range map[string]time.Duration{"an hour ago": -time.Hour, "long ago": -1 << 62, "just now": -1} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, func(t *testing.T) {
				s := source{life: life}
				c := newCache(s.fetch)
				for range 10 { // The clock here may be wrong; the service judges.
					requireGet(t, "key 1", c)
				}
				require.EqualValues(t, 1, s.fetches.Load())
				pass(time.Minute)
				requireGet(t, "key 1", c)
				requireGet(t, "key 2", c)
			})
		})
	}
}

func TestVeryShortLivesCostOneFetchEach(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		s := source{life: 5}
		c := newCache(s.fetch)
		for life := range 100 {
			key := fmt.Sprint("key ", life+1)
			requireGet(t, key, c)
			pass(3)
			requireGet(t, key, c)
			pass(2)
		}
		require.EqualValues(t, 100, s.fetches.Load())
	})
}
