package bulk_test

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/imm-go/imm"
	"github.com/imm-go/imm/bulk"
)

func TestARunInOnResultIsRefused(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		c := config()
		var x *bulk.Indexer
		errs := make(chan error, 3)
		c.OnResult = func(ctx context.Context, _ bulk.Result) {
			_, err := x.Run(ctx, files(1))
			errs <- err
			_, err = x.RunSource(ctx, numbered{n: 1})
			errs <- err
			for _, err := range x.Results(ctx, files(1)) {
				errs <- err
			}
		}
		x = newIndexer(t, newServer(t).Client(), c)
		require.NoError(t, x.Add(t.Context(), file(0)))
		for range cap(errs) {
			require.EqualError(t, <-errs, "bulk: a run in OnResult would wait for itself; start it elsewhere")
		}
		summary, err := x.Close(t.Context())
		require.NoError(t, err)
		require.EqualValues(t, 1, summary.Accepted)
	})
}

func TestAnIndexerMayWorkInTheOnResultOfAnother(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		server := newServer(t)
		var outer *bulk.Indexer
		inner := config()
		inner.OnResult = func(ctx context.Context, r bulk.Result) {
			if err := outer.Add(ctx, r.File); err != nil { // which must not wait, since the outer OnResult does
				t.Error(err)
			}
		}
		c := config()
		c.Concurrency, c.BatchFiles = 1, 1
		var results atomic.Int64
		c.OnResult = func(ctx context.Context, _ bulk.Result) {
			if results.Add(1) > 1 {
				return
			}
			if _, err := newIndexer(t, server.Client(), inner).Run(ctx, files(10)); err != nil {
				t.Error(err)
			}
		}
		outer = newIndexer(t, server.Client(), c)
		summary, err := outer.Run(t.Context(), files(100))
		require.NoError(t, err)
		require.EqualValues(t, 110, summary.Accepted)
		require.EqualValues(t, 110, results.Load())
	})
}

func TestTheContextOfOnResultIsLikeAnyOtherAfterIt(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		c := config()
		c.Concurrency, c.BatchFiles = 1, 1
		kept := make(chan context.Context, 10)
		c.OnResult = func(ctx context.Context, _ bulk.Result) { kept <- context.WithoutCancel(ctx) }
		client := inWeather(t, 0, func(n int, _ time.Duration) mishap { return mishap{hangs: n > 1} })
		x := newIndexer(t, client, c)
		require.NoError(t, x.Add(t.Context(), file(0)))
		ctx := <-kept
		synctest.Wait() // until OnResult has returned
		for i := range 3 {
			require.NoError(t, x.Add(ctx, file(1+i)))
		}
		waits, cancel := context.WithTimeout(ctx, time.Second)
		defer cancel()
		require.ErrorIs(t, x.Add(waits, file(4)), context.DeadlineExceeded, "there is no room")

		ends, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		closed := make(chan bulk.Summary)
		go func() {
			summary, _ := x.Close(ends)
			closed <- summary
		}()
		synctest.Wait()
		require.ErrorIs(t, x.Add(ctx, file(4)), bulk.ErrClosed)
		summary := <-closed
		require.EqualValues(t, 4, summary.Added)
		require.EqualValues(t, 3, summary.Unsent)
		require.Len(t, kept, 3, "the other results")
	})
}

func TestAddInOnResultRacesWithTheEnd(t *testing.T) {
	t.Parallel()
	for range 100 {
		c := config()
		c.BatchAge = time.Millisecond
		kept := make(chan context.Context, 1)
		var results atomic.Int64
		c.OnResult = func(ctx context.Context, _ bulk.Result) {
			results.Add(1)
			select {
			case kept <- ctx:
			default:
			}
		}
		x := newIndexer(t, newServer(t).Client(), c)
		require.NoError(t, x.Add(t.Context(), file(0)))
		added := make(chan int64)
		go func() { // a goroutine of OnResult
			ctx, n := context.WithoutCancel(<-kept), int64(1)
			for i := 1; ; i++ {
				switch err := x.Add(ctx, file(i)); {
				case err == nil:
					n++
					continue
				case !errors.Is(err, bulk.ErrClosed) && !errors.Is(err, context.DeadlineExceeded):
					t.Error(err)
				}
				added <- n
				return
			}
		}()
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
		summary, _ := x.Close(ctx)
		cancel()
		require.Equal(t, <-added, summary.Added)
		require.Equal(t, summary.Added, results.Load())
		require.Equal(t, summary.Added, summary.Accepted+summary.Failed+summary.Unsent)
	}
}

func TestEitherCloseOrTheRunBesideItCloses(t *testing.T) {
	t.Parallel()
	server := newServer(t)
	for range 1000 {
		x := newIndexer(t, server.Client(), config())
		begin, closed := make(chan struct{}), make(chan error)
		go func() {
			<-begin
			_, err := x.Close(t.Context())
			closed <- err
		}()
		var read atomic.Bool
		close(begin)
		summary, err := x.Run(t.Context(), func(yield func(imm.InputFile, error) bool) {
			read.Store(true)
			yield(file(0), nil)
		})
		if err != nil { // then Close was first
			require.ErrorIs(t, err, bulk.ErrClosed)
			require.False(t, read.Load())
			require.NoError(t, <-closed)
			continue
		}
		require.EqualValues(t, 1, summary.Accepted)
		require.ErrorIs(t, <-closed, bulk.ErrClosed)
	}
}
