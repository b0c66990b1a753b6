//go:build interop && unix

package nginx

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net/http"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/imm-go/imm"
)

// load is many goroutines that index files, each a file of its own with every
// call.
type load struct {
	client  *imm.Client
	b       *backend
	dataset string
	done    atomic.Int64 // calls

	mu    sync.Mutex
	files []imm.InputFile
	errs  []error
}

// run lets workers make calls as long as more says so. Between two of its calls a
// worker pauses.
func (l *load) run(ctx context.Context, workers int, pause func() time.Duration, more func(call int) bool) {
	var wg sync.WaitGroup
	for worker := range workers {
		wg.Go(func() {
			for call := 0; more(call) && ctx.Err() == nil; call++ {
				l.index(ctx, batch(l.b, fmt.Sprintf("%s/%d/%d", l.dataset, worker, call), 1+call%3))
				think(ctx, pause())
			}
		})
	}
	wg.Wait()
}

// start lets workers make calls with short pauses until the returned function is
// called, which waits for those under way.
func (l *load) start(t *testing.T, workers int) (stop func()) {
	t.Helper()
	var over atomic.Bool
	done := make(chan struct{})
	go func() {
		defer close(done)
		l.run(t.Context(), workers, func() time.Duration { return rand.N(5 * time.Millisecond) }, func(int) bool { return !over.Load() })
	}()
	stop = sync.OnceFunc(func() {
		over.Store(true)
		<-done
	})
	t.Cleanup(stop)
	return stop
}

// waitForCalls waits until n more calls are done.
func (l *load) waitForCalls(t *testing.T, n int64) {
	t.Helper()
	goal := l.done.Load() + n
	require.Eventually(t, func() bool { return l.done.Load() >= goal }, patience, pace, "the calls do not come to an end")
}

func (l *load) index(ctx context.Context, files []imm.InputFile) {
	_, err := l.client.BatchIndexFileMeta(ctx, &imm.BatchIndexFileMetaRequest{
		ProjectName: "test-project", DatasetName: l.dataset, Files: files,
	})
	l.done.Add(1)
	l.mu.Lock()
	defer l.mu.Unlock()
	l.files = append(l.files, files...)
	if err != nil {
		l.errs = append(l.errs, err)
	}
}

// think is the time between the calls of a worker, which the idle connections are
// about.
func think(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
}

// requireAll wants every call to have succeeded and every file to be there.
func (l *load) requireAll(t *testing.T, count *tally) {
	t.Helper()
	require.Empty(t, l.errs)
	requireIndexed(t, l.b, l.dataset, l.files)
	t.Logf("%d calls, %d requests repeated, outcomes %v", l.done.Load(), count.repeats, count.outcomes)
}

// nginx closes connections that were idle for a second and those that had 25
// requests, at the very moment at which the workers come back for them: whoever
// loses that race meets a dead connection and repeats.
func TestNothingIsLostToConnectionsThatGoIdle(t *testing.T) {
	t.Parallel()
	b := newBackend(t)
	client, count := newFrontEnd(t, b, "8k").client()
	l := &load{client: client, b: b, dataset: "idle"}
	around := func() time.Duration { return keepAlive - 2*time.Millisecond + rand.N(4*time.Millisecond) }
	l.run(t.Context(), 100, around, func(call int) bool { return call < 8 })
	require.EqualValues(t, 800, l.done.Load())
	l.requireAll(t, count)
}

// A reload replaces the workers of nginx, and those that go close what is idle.
func TestNothingIsLostWhenTheFrontEndReloads(t *testing.T) {
	t.Parallel()
	b := newBackend(t)
	f := newFrontEnd(t, b, "8k")
	client, count := f.client()
	l := &load{client: client, b: b, dataset: "reload"}
	stop := l.start(t, 16)
	for range 8 {
		l.waitForCalls(t, 100)
		f.reload()
	}
	l.waitForCalls(t, 100)
	stop()
	l.requireAll(t, count)
}

// While nginx is gone, connections are cut and new ones refused. The calls that
// meet this repeat until it is back; the policy has the patience for it.
func TestNothingIsLostWhenTheFrontEndRestarts(t *testing.T) {
	t.Parallel()
	b := newBackend(t)
	f := newFrontEnd(t, b, "8k")
	client, count := f.client(imm.WithRetry(imm.RetryPolicy{MaxAttempts: 10, BaseDelay: 200 * time.Millisecond}))
	l := &load{client: client, b: b, dataset: "restart"}
	stop := l.start(t, 8)
	for _, signal := range []syscall.Signal{syscall.SIGTERM, syscall.SIGQUIT, syscall.SIGTERM} {
		l.waitForCalls(t, 200)
		f.stop(signal)
		f.start()
	}
	l.waitForCalls(t, 200)
	stop()
	l.requireAll(t, count)
	require.Positive(t, count.repeats)
}

// While the emulator is away nginx answers with a page of HTML. That is an error
// like any other, and the call succeeds once the emulator is back.
func TestAPageOfTheFrontEndIsAnErrorThatIsRepeated(t *testing.T) {
	t.Parallel()
	b := newBackend(t)
	f := newFrontEnd(t, b, "8k")
	files := batch(b, "away", 1)
	req := &imm.BatchIndexFileMetaRequest{ProjectName: "test-project", DatasetName: "away", Files: files}
	b.goAway()
	once, count := f.client(imm.WithRetry(imm.RetryPolicy{MaxAttempts: 1}))
	_, err := once.BatchIndexFileMeta(t.Context(), req)
	refused := new(imm.APIError)
	require.ErrorAs(t, err, &refused)
	require.Equal(t, http.StatusBadGateway, refused.StatusCode)
	require.Equal(t, "502 Bad Gateway", refused.Message)
	require.ErrorIs(t, err, imm.ErrUnavailable)
	require.Equal(t, map[string]int{"unavailable": 1}, count.outcomes)

	var back sync.Once
	many, _ := f.client(imm.WithObserver(imm.Observer{RetryScheduled: func(context.Context, imm.RetryInfo) {
		back.Do(b.comeBack)
	}}))
	_, err = many.BatchIndexFileMeta(t.Context(), req)
	require.NoError(t, err)
	requireIndexed(t, b, "away", files)
}
