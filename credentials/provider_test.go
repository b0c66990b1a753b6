package credentials

import (
	"context"
	"errors"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/imm-go/imm"
)

func TestFiftyFirstCallsMakeOneFetch(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		fetches := 0 // unlocked on purpose: fetches that overlap are a race
		release := make(chan struct{})
		p := newProvider(source{name: "test", fetch: func(context.Context) (imm.Credentials, error) {
			fetches++
			<-release
			return want, nil
		}})
		var all sync.WaitGroup
		for range 50 {
			all.Go(func() {
				got, err := p.Credentials(t.Context())
				if err != nil || got != want {
					t.Errorf("got %v, %v", got, err)
				}
			})
		}
		synctest.Wait()
		close(release)
		all.Wait()
		require.Equal(t, 1, fetches)

		_, err := p.Credentials(t.Context())
		require.NoError(t, err)
		require.Equal(t, 2, fetches, "a call after the answer asks again")
	})
}

func TestFiftyFirstCallsOfTwoClientsMakeOneRequest(t *testing.T) {
	t.Parallel()
	var requests atomic.Int32
	server := serve(t, func(w http.ResponseWriter, r *http.Request) {
		requests.Add(1)
		answers(sessionJSON())(w, r)
	})
	p, err := URI(server.URL)
	require.NoError(t, err)
	var all sync.WaitGroup
	for range 50 {
		all.Go(func() {
			got, err := p.Credentials(t.Context())
			if err != nil || got != want {
				t.Errorf("got %v, %v", got, err)
			}
		})
	}
	all.Wait()
	require.EqualValues(t, 1, requests.Load())
}

func TestADeadlineHoldsWhileTheSourceHangsAndALaterCallJoins(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		fetches := 0
		release := make(chan struct{})
		p := newProvider(source{name: "test", fetch: func(context.Context) (imm.Credentials, error) {
			fetches++
			<-release
			return want, nil
		}})
		start := time.Now()
		ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
		defer cancel()
		_, err := p.Credentials(ctx)
		require.ErrorIs(t, err, context.DeadlineExceeded)
		require.ErrorContains(t, err, "test")
		require.Equal(t, 200*time.Millisecond, time.Since(start))

		var later sync.WaitGroup
		later.Go(func() {
			got, err := p.Credentials(t.Context())
			if err != nil || got != want {
				t.Errorf("got %v, %v", got, err)
			}
		})
		synctest.Wait()
		close(release)
		later.Wait()
		require.Equal(t, 1, fetches)
	})
}

func TestADeadlineHoldsAgainstAServerThatHangs(t *testing.T) {
	t.Parallel()
	var requests atomic.Int32
	release := make(chan struct{})
	server := serve(t, func(w http.ResponseWriter, r *http.Request) {
		requests.Add(1)
		<-release
		answers(sessionJSON())(w, r)
	})
	p, err := URI(server.URL)
	require.NoError(t, err)
	start := time.Now()
	ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
	defer cancel()
	_, err = p.Credentials(ctx)
	require.ErrorIs(t, err, context.DeadlineExceeded)
	require.Less(t, time.Since(start), 3*time.Second)

	close(release)
	got, err := get(t, p)
	require.NoError(t, err)
	require.Equal(t, want, got)
	require.EqualValues(t, 1, requests.Load())
}

func TestTheFirstCallerMayLeaveWithoutSpoilingTheAnswer(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		release := make(chan struct{})
		p := newProvider(source{name: "test", fetch: func(ctx context.Context) (imm.Credentials, error) {
			<-release
			return want, ctx.Err()
		}})
		first, cancel := context.WithCancel(t.Context())
		var all sync.WaitGroup
		all.Go(func() {
			if _, err := p.Credentials(first); !errors.Is(err, context.Canceled) {
				t.Errorf("got %v", err)
			}
		})
		synctest.Wait()
		all.Go(func() {
			if got, err := p.Credentials(t.Context()); err != nil || got != want {
				t.Errorf("got %v, %v", got, err)
			}
		})
		synctest.Wait()
		cancel()
		synctest.Wait()
		close(release)
		all.Wait()
	})
}

func TestAnEndedContextAsksNothing(t *testing.T) {
	t.Parallel()
	p := newProvider(source{name: "test", fetch: func(context.Context) (imm.Credentials, error) {
		t.Error("the source was asked")
		return want, nil
	}})
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := p.Credentials(ctx)
	require.ErrorIs(t, err, context.Canceled)
}

func TestAPanicInTheSourceIsAnErrorWithoutItsValue(t *testing.T) {
	t.Parallel()
	var none *imm.Credentials
	for name, tc := range map[string]struct {
		fetch func() imm.Credentials
		text  string
	}{
		"of the runtime": {func() imm.Credentials { return *none }, "nil pointer"},
		"of a value":     {func() imm.Credentials { panic(testSecret) }, "panicked with a string"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := newProvider(source{name: "test", fetch: func(context.Context) (imm.Credentials, error) { return tc.fetch(), nil }})
			_, err := get(t, p)
			require.ErrorContains(t, err, tc.text)
			requireNoSecret(t, err.Error())
			_, err = get(t, p)
			require.Error(t, err, "the next call asks again")
		})
	}
}

func TestEmptyKeysAreAnErrorOfTheSource(t *testing.T) {
	t.Parallel()
	for _, creds := range []imm.Credentials{{}, {AccessKeyID: "id"}, {AccessKeySecret: "secret"}} {
		p := newProvider(source{name: "test", fetch: func(context.Context) (imm.Credentials, error) { return creds, nil }})
		_, err := get(t, p)
		require.ErrorIs(t, err, imm.ErrUnauthenticated)
		require.ErrorContains(t, err, "empty")
	}
}
