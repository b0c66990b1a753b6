package auth

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
)

func TestAProviderThatPanicsOrEndsItsGoroutineOnlyFails(t *testing.T) {
	t.Parallel()
	const secret = "hunter2"
	tests := map[string]struct {
		fail func()
		want string
	}{
		"panics with a text":   {func() { panic(secret) }, "panicked with a value of type string"},
		"panics with an error": {func() { panic(errors.New(secret)) }, "panicked with a value of type *errors.errorString"},
		"panics with a struct": {func() { panic(struct{ Secret string }{secret}) }, "panicked with a value of type struct"},
		"panics with nil":      {func() { panic(errors.Unwrap(errSource)) }, "panicked with a value of type *runtime.PanicNilError"},
		"has a bug":            {func() { _ = map[string][]int{}[secret][len(secret)] }, "panicked with a value of type runtime.boundsError"},
		"calls Goexit":         {runtime.Goexit, "ended its goroutine"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			inBubble(t, func(t *testing.T) {
				var s source
				fail := true
				c := newCache(func(ctx context.Context) (string, time.Time, error) {
					if fail {
						tt.fail()
					}
					return s.fetch(ctx)
				})
				begun := time.Now()
				value, err := c.Get(t.Context())
				require.ErrorContains(t, err, tt.want)
				require.NotContains(t, fmt.Sprintf("%+v %#v", err, err), secret)
				require.Empty(t, value)
				require.Zero(t, time.Since(begun))

				fail = false
				requireGet(t, "key 1", c)
				fail = true
				pass(time.Minute)
				requireGet(t, "key 1", c) // A refresh that panics loses nothing either.
				requireGet(t, "key 1", c)
			})
		})
	}
}

// deaf is a provider that does not obey its context: it returns when it is told to.
type deaf struct {
	source
	release chan struct{}
}

func (d *deaf) fetch(context.Context) (value string, expires time.Time, err error) {
	<-d.release
	return d.source.fetch(context.Background())
}

func TestAProviderThatIgnoresItsContextHoldsUpNobodyBeyondItsTimeout(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		d := deaf{release: make(chan struct{})}
		c := newCache(d.fetch)
		for _, got := range getAll(c, t.Context(), t.Context()) {
			require.ErrorContains(t, got.err, "has not answered within 30s")
			require.Empty(t, got.value)
			require.Equal(t, 31*time.Second, got.took)
		}
		pass(time.Hour)
		for _, got := range getAll(c, t.Context(), t.Context()) {
			require.ErrorContains(t, got.err, "has not answered within 30s")
			require.Zero(t, got.took, "the time is over for those who come later, too")
		}
		_, renewed := c.Renew(t.Context(), "key 0")
		require.False(t, renewed)
		require.Zero(t, d.fetches.Load())

		close(d.release)
		synctest.Wait()
		requireGet(t, "key 1", c)
		require.EqualValues(t, 1, d.fetches.Load(), "it was never called a second time before it returned")
	})
}

func TestAProviderThatIgnoresItsContextDoesNotHoldUpARefresh(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		d := deaf{release: make(chan struct{}, 1)}
		d.release <- struct{}{}
		c := newCache(d.fetch)
		requireGet(t, "key 1", c)
		for range 10 {
			pass(time.Hour)
			requireGet(t, "key 1", c)
		}
		close(d.release)
		synctest.Wait()
		requireGet(t, "key 2", c)
		require.EqualValues(t, 2, d.fetches.Load())
	})
}

func TestAProviderThatIsHeldUpKeepsNoCallerBeyondItsContext(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		d := deaf{release: make(chan struct{})}
		c := newCache(d.fetch)
		ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
		defer cancel()
		require.Equal(t, []outcome{{"", context.DeadlineExceeded, 200 * time.Millisecond}}, getAll(c, ctx))
		close(d.release)
	})
}
