package notify

import (
	"context"
	"errors"
	"net/http"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/imm-go/imm"
)

// losses collects what a pool could not do.
type losses struct {
	mu   sync.Mutex
	errs []error
	ctx  context.Context
}

func (l *losses) add(ctx context.Context, _ *imm.IndexMessage, err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.errs, l.ctx = append(l.errs, err), ctx
}

func (l *losses) list() []error {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.errs
}

type traceKey struct{}

func TestASlowCallbackRunsAfterTheAnswer(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var l losses
		pool, err := NewPool(2, 10, l.add)
		require.NoError(t, err)
		var finished atomic.Int64
		b := &pushBench{callback: func(ctx context.Context, _ *imm.IndexMessage) error {
			_, hasDeadline := ctx.Deadline()
			if hasDeadline || ctx.Value(traceKey{}) != "trace" {
				return errors.New("the context is not right")
			}
			later(time.Minute)
			finished.Add(1)
			return ctx.Err()
		}}
		b.mns(t, WithPool(pool))
		begin := time.Now()
		ctx, cancel := context.WithCancel(context.WithValue(t.Context(), traceKey{}, "trace"))
		for range 5 {
			require.Equal(t, http.StatusNoContent, b.send(signedPush{}.mns().WithContext(ctx)))
		}
		cancel() // the server ends the context of a request once it is answered
		require.Zero(t, time.Since(begin))
		require.NoError(t, pool.Close(t.Context()))
		require.Equal(t, 3*time.Minute, time.Since(begin), "2 at once")
		require.EqualValues(t, 5, finished.Load())
		require.Empty(t, l.list())
		require.Equal(t, http.StatusInternalServerError, b.send(signedPush{}.mns()))
		require.Contains(t, b.logged(), "the pool is closed")
		require.NoError(t, pool.Close(t.Context()), "again")
	})
}

func TestAFullPoolHasThePushSentAgain(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var l losses
		pool, err := NewPool(3, 4, l.add)
		require.NoError(t, err)
		release := make(chan struct{})
		b := &pushBench{callback: func(context.Context, *imm.IndexMessage) error { <-release; return nil }}
		b.mns(t, WithPool(pool))
		for range 3 {
			require.Equal(t, http.StatusNoContent, b.send(signedPush{}.mns()))
		}
		synctest.Wait()
		for range 4 {
			require.Equal(t, http.StatusNoContent, b.send(signedPush{}.mns()))
		}
		for range 10 {
			require.Equal(t, http.StatusInternalServerError, b.send(signedPush{}.mns()))
		}
		require.Contains(t, b.logged(), "the pool is full")
		close(release)
		synctest.Wait()
		require.EqualValues(t, 7, b.calls.Load())
		require.Equal(t, http.StatusNoContent, b.send(signedPush{}.mns()))
		require.NoError(t, pool.Close(t.Context()))
		require.EqualValues(t, 8, b.calls.Load())
		require.Empty(t, l.list())
	})
}

func TestWhatIsNoMessageDoesNotGetIntoThePool(t *testing.T) {
	t.Parallel()
	var l losses
	pool, err := NewPool(1, 1, l.add)
	require.NoError(t, err)
	b := new(pushBench).mns(t, WithPool(pool))
	require.Equal(t, http.StatusBadRequest, b.send(signedPush{body: "{}"}.mns()))
	require.NoError(t, pool.Close(t.Context()))
	require.Empty(t, l.list())
}

func TestAFailureInThePoolIsReported(t *testing.T) {
	t.Parallel()
	failure := errors.New("the database is down")
	for name, c := range map[string]struct {
		callback Callback
		check    func(t *testing.T, err error)
	}{
		"an error": {func(context.Context, *imm.IndexMessage) error { return failure }, func(t *testing.T, err error) {
			require.Equal(t, failure, err)
		}},
		"a panic": {func(context.Context, *imm.IndexMessage) error { panic("the map is nil") }, func(t *testing.T, err error) {
			panicked, is := errors.AsType[*PanicError](err)
			require.True(t, is)
			require.Equal(t, "the map is nil", panicked.Value)
			require.Contains(t, string(panicked.Stack), "TestAFailureInThePoolIsReported")
			require.EqualError(t, err, "notify: the callback panicked: the map is nil")
		}},
		"the end of its goroutine": {func(context.Context, *imm.IndexMessage) error { runtime.Goexit(); return nil }, func(t *testing.T, err error) {
			require.EqualError(t, err, "notify: the callback ended its goroutine")
		}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var l losses
			memory, err := NewMemoryDeduplicator(10)
			require.NoError(t, err)
			pool, err := NewPool(1, 10, l.add)
			require.NoError(t, err)
			b := &pushBench{callback: c.callback}
			b.mns(t, WithPool(pool), WithDeduplication(memory))
			for range 3 { // the only worker goes on
				require.Equal(t, http.StatusNoContent, b.send(signedPush{}.mns()))
			}
			require.NoError(t, pool.Close(t.Context()))
			require.Len(t, l.list(), 3, "what failed is not marked as handled")
			for _, err := range l.list() {
				c.check(t, err)
			}
			require.NoError(t, l.ctx.Err(), "a context that ended would not let the function keep the message")
		})
	}
}

func TestCloseGivesUpWhenItsContextEnds(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var l losses
		pool, err := NewPool(1, 10, l.add)
		require.NoError(t, err)
		deaf := make(chan struct{})
		b := &pushBench{callback: func(ctx context.Context, _ *imm.IndexMessage) error {
			<-ctx.Done()
			<-deaf // it takes its time
			return ctx.Err()
		}}
		b.mns(t, WithPool(pool))
		for range 5 {
			require.Equal(t, http.StatusNoContent, b.send(signedPush{}.mns()))
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		begin := time.Now()
		require.ErrorIs(t, pool.Close(ctx), context.DeadlineExceeded)
		require.Equal(t, time.Second, time.Since(begin))
		require.EqualValues(t, 1, b.calls.Load())
		require.Len(t, l.list(), 4, "those that wait are reported before Close returns")
		close(deaf)
		require.NoError(t, pool.Close(t.Context()))
		require.Len(t, l.list(), 5)
		for _, err := range l.list() {
			require.ErrorIs(t, err, context.Canceled)
		}
	})
}

func TestADuplicateInThePoolIsHandledOnce(t *testing.T) {
	t.Parallel()
	var l losses
	memory, err := NewMemoryDeduplicator(10)
	require.NoError(t, err)
	pool, err := NewPool(1, 100, l.add)
	require.NoError(t, err)
	b := new(pushBench).mns(t, WithPool(pool), WithDeduplication(memory))
	for range 50 {
		require.Equal(t, http.StatusNoContent, b.send(signedPush{}.mns()))
	}
	require.NoError(t, pool.Close(t.Context()))
	require.EqualValues(t, 1, b.calls.Load())
	require.Empty(t, l.list())
}

func TestHundredsSendWhileThePoolCloses(t *testing.T) {
	t.Parallel()
	var l losses
	pool, err := NewPool(4, 1000, l.add)
	require.NoError(t, err)
	b := new(pushBench).mns(t, WithPool(pool))
	var accepted atomic.Int64
	var senders sync.WaitGroup
	for range 300 {
		senders.Go(func() {
			if b.send(signedPush{}.mns()) == http.StatusNoContent {
				accepted.Add(1)
			}
		})
	}
	for range 3 {
		senders.Go(func() { _ = pool.Close(t.Context()) })
	}
	senders.Wait()
	require.Equal(t, accepted.Load(), b.calls.Load(), "what was acknowledged was handled")
	require.Empty(t, l.list())
}

func TestASenselessPoolIsAnError(t *testing.T) {
	t.Parallel()
	failed := func(context.Context, *imm.IndexMessage, error) {}
	for field, newPool := range map[string]func() (*Pool, error){
		"workers: 0":     func() (*Pool, error) { return NewPool(0, 1, failed) },
		"workers: -1":    func() (*Pool, error) { return NewPool(-1, 1, failed) },
		"workers: 10001": func() (*Pool, error) { return NewPool(10_001, 1, failed) },
		"size: 0":        func() (*Pool, error) { return NewPool(1, 0, failed) },
		"size: 1000001":  func() (*Pool, error) { return NewPool(1, 1_000_001, failed) },
		"failed":         func() (*Pool, error) { return NewPool(1, 1, nil) },
	} {
		pool, err := newPool()
		require.Nil(t, pool)
		require.ErrorIs(t, err, imm.ErrInvalidArgument)
		require.ErrorContains(t, err, field)
	}
}
