package auth

import (
	"context"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
)

// requireRenew expects the value and whether it is another than the used one.
func requireRenew(t *testing.T, c *Cache[string], used, want string, renewed bool) {
	t.Helper()
	got, ok := c.Renew(t.Context(), used)
	require.Equal(t, want, got)
	require.Equal(t, renewed, ok)
}

func TestRefusedCredentialsAreFetchedAgainHoweverLongTheyHaveToLive(t *testing.T) {
	t.Parallel()
	for name, life := range map[string]time.Duration{"unknown": 0, "an hour": time.Hour, "in the past": -time.Hour} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, func(t *testing.T) {
				s := source{life: life}
				c := newCache(s.fetch)
				requireGet(t, "key 1", c)
				requireRenew(t, c, "key 1", "key 2", true)
				requireGet(t, "key 2", c)
				require.EqualValues(t, 2, s.fetches.Load())
			})
		})
	}
}

func TestAHundredRefusedCallsMakeOneFetch(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		s := source{life: time.Hour}
		c := newCache(s.fetch)
		requireGet(t, "key 1", c)
		s.takes = time.Second
		var all sync.WaitGroup
		got, renewed := make([]string, 100), make([]bool, 100)
		for i := range got {
			all.Go(func() { got[i], renewed[i] = c.Renew(t.Context(), "key 1") })
		}
		all.Wait()
		for i := range got {
			require.Equal(t, "key 2", got[i])
			require.True(t, renewed[i])
		}
		// One that is refused later, with what it had before, finds them fetched.
		requireRenew(t, c, "key 1", "key 2", true)
		require.EqualValues(t, 2, s.fetches.Load())
	})
}

func TestARefusedCallJoinsTheRefreshUnderWay(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		s := source{}
		c := newCache(s.fetch)
		requireGet(t, "key 1", c)
		pass(time.Minute)
		s.takes = time.Second
		requireGet(t, "key 1", c)
		requireRenew(t, c, "key 1", "key 2", true)
		require.EqualValues(t, 2, s.fetches.Load())
	})
}

func TestCredentialsThatComeBackUnchangedAreReportedAsSuch(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		s := source{life: time.Hour, always: "key"}
		c := newCache(s.fetch)
		requireGet(t, "key", c)
		requireRenew(t, c, "key", "key", false)
		require.EqualValues(t, 2, s.fetches.Load(), "they were asked for once")
		requireGet(t, "key", c)
		require.EqualValues(t, 2, s.fetches.Load())
	})
}

func TestARenewalThatFailsKeepsWhatThereIs(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		s := source{life: time.Hour}
		c := newCache(s.fetch)
		requireGet(t, "key 1", c)
		s.err = errSource
		requireRenew(t, c, "key 1", "key 1", false)
		requireGet(t, "key 1", c)
		require.EqualValues(t, 2, s.fetches.Load())
		s.err = nil
		requireRenew(t, c, "key 1", "key 3", true)
	})
}

func TestARenewalEndsWithItsContext(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		s := source{}
		c := newCache(s.fetch)
		requireGet(t, "key 1", c)
		s.takes = 3 * time.Second
		ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
		defer cancel()
		begun := time.Now()
		_, renewed := c.Renew(ctx, "key 1")
		require.False(t, renewed)
		require.Equal(t, 200*time.Millisecond, time.Since(begun))
		// Its fetch goes on, for those who come later.
		pass(3 * time.Second)
		requireGet(t, "key 2", c)
	})
}

func TestARenewalNeverGivesOutWhatHasExpiredSince(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		s := source{life: time.Minute}
		c := newCache(s.fetch)
		requireGet(t, "key 1", c)
		requireRenew(t, c, "key 1", "key 2", true)
		pass(time.Minute - 1)
		requireRenew(t, c, "key 1", "key 2", true)
		pass(1)
		requireRenew(t, c, "key 1", "key 3", true)
	})
}

func TestAnEmptyCacheFetchesForARenewal(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		s := source{err: errSource}
		c := newCache(s.fetch)
		requireRenew(t, c, "", "", false)
		s.err = nil
		requireRenew(t, c, "", "key 2", true)
	})
}

func TestNoTwoFetchesOverlapWhateverCallersDo(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		s := source{life: 20 * time.Millisecond, takes: 3 * time.Millisecond}
		c := newCache(s.fetch)
		var all sync.WaitGroup
		errs := make([]error, 50)
		for i := range errs {
			all.Go(func() {
				for turn := range 100 {
					value, err := c.Get(t.Context())
					if err != nil {
						errs[i] = err
					}
					if (turn+i)%7 == 0 {
						c.Renew(t.Context(), value)
					}
					<-time.After(time.Duration(i) * 100 * time.Microsecond)
				}
			})
		}
		all.Wait()
		synctest.Wait()
		for _, err := range errs {
			require.NoError(t, err)
		}
		require.Zero(t, s.overlaps.Load())
		require.Greater(t, s.fetches.Load(), int64(10))
	})
}
