package bulk_test

import (
	"context"
	"errors"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/imm-go/imm"
	"github.com/imm-go/imm/bulk"
	"github.com/imm-go/imm/immtest"
)

// watch keeps what an observer is told.
type watch struct {
	mu       sync.Mutex
	events   []string // runs and batches
	runs     []bulk.RunResult
	batches  []bulk.BatchResult
	outcomes map[string]bulk.Status
	inFlight int
	stats    func() bulk.Stats
	infos    []bulk.RunInfo
	parents  map[string]int // what the context of a batch and of a report is of
}

type watchKey struct{}

func (w *watch) observer() bulk.Observer {
	w.outcomes, w.parents = make(map[string]bulk.Status), make(map[string]int)
	locked := func(f func()) { w.mu.Lock(); defer w.mu.Unlock(); f() }
	return bulk.Observer{
		RunStart: func(ctx context.Context, info bulk.RunInfo) context.Context {
			info.Stats() // holds no lock of the engine
			locked(func() { w.events, w.stats, w.infos = append(w.events, "run"), info.Stats, append(w.infos, info) })
			outer, _ := ctx.Value(watchKey{}).(string)
			return context.WithValue(ctx, watchKey{}, outer+"/run")
		},
		BatchStart: func(ctx context.Context, info bulk.BatchInfo) context.Context {
			outer, _ := ctx.Value(watchKey{}).(string)
			locked(func() {
				w.inFlight++
				w.parents[outer]++
				w.events = append(w.events, info.ProjectName+" "+info.DatasetName+" "+info.Files[0].URI)
			})
			return context.WithValue(ctx, watchKey{}, outer+"/batch")
		},
		BatchDone: func(ctx context.Context, r bulk.BatchResult) {
			outer, _ := ctx.Value(watchKey{}).(string)
			locked(func() { w.inFlight--; w.parents[outer]++; w.batches = append(w.batches, r) })
		},
		Reported: func(ctx context.Context, results []bulk.Result) {
			outer, _ := ctx.Value(watchKey{}).(string)
			locked(func() {
				w.parents[outer]++
				for _, r := range results {
					if _, twice := w.outcomes[r.File.URI]; twice {
						panic("a second outcome of " + r.File.URI)
					}
					w.outcomes[r.File.URI] = r.Status
				}
			})
		},
		RunDone: func(ctx context.Context, r bulk.RunResult) {
			outer, _ := ctx.Value(watchKey{}).(string)
			locked(func() { w.parents[outer]++; w.events, w.runs = append(w.events, "done"), append(w.runs, r) })
		},
	}
}

func TestAnObserverSeesARunItsBatchesAndEveryOutcomeOnce(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		server := newServer(t)
		server.Inject(immtest.Fault{Action: batched, Status: 503, Times: 1})
		var w watch
		var client, report []string
		var mu sync.Mutex
		c := config()
		c.Observer = w.observer()
		c.BatchFiles = 10
		c.OnResult = func(ctx context.Context, r bulk.Result) {
			mu.Lock()
			defer mu.Unlock()
			report = append(report, ctx.Value(watchKey{}).(string))
			require.Contains(t, w.outcomes, r.File.URI, "the observer comes first")
		}
		x := newIndexer(t, server.Client(imm.WithObserver(imm.Observer{CallStart: func(ctx context.Context, call imm.CallInfo) context.Context {
			mu.Lock()
			defer mu.Unlock()
			if call.Action == batched {
				client = append(client, ctx.Value(watchKey{}).(string))
			}
			return nil
		}})), c)
		ctx := context.WithValue(t.Context(), watchKey{}, "night")
		summary, err := x.Run(ctx, files(100, 17))
		require.NoError(t, err)

		require.Equal(t, "run", w.events[0])
		require.Equal(t, "done", w.events[len(w.events)-1])
		require.Contains(t, w.events, "test-project test-dataset "+uri(0))
		require.Equal(t, []bulk.RunResult{{Summary: summary}}, w.runs)
		require.Len(t, w.batches, int(summary.Batches))
		require.Zero(t, w.inFlight)
		require.Len(t, w.outcomes, 100)
		require.Equal(t, bulk.Failed, w.outcomes[uri(17)])
		require.Equal(t, bulk.Accepted, w.outcomes[uri(18)])
		require.Equal(t, summary, w.stats().Summary)
		var requests int64
		refused := 0
		for _, b := range w.batches {
			requests += int64(b.Requests)
			require.NotEmpty(t, b.RequestID)
			require.Equal(t, b.Err == nil, b.EventID != "")
			if errors.Is(b.Err, imm.ErrInvalidArgument) {
				refused++
			}
		}
		require.Equal(t, summary.Requests, requests)
		require.Greater(t, refused, 1, "the batch with the bad file was halved")
		for outer := range w.parents {
			require.Contains(t, []string{"night/run", "night/run/batch"}, outer)
		}
		require.Contains(t, client, "night/run/batch")
		require.NotContains(t, client, "night/run")
		require.Len(t, report, 100)
		require.Equal(t, "night/run", report[0])
	})
}

func TestAnObserverSeesHowARunWasStopped(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		server := newServer(t)
		server.Inject(immtest.Fault{Action: batched, Status: 403, Code: "NoPermission", Times: -1})
		var w watch
		c := config()
		c.Observer = w.observer()
		_, err := newIndexer(t, server.Client(), c).Run(t.Context(), files(250))
		require.ErrorIs(t, err, imm.ErrPermissionDenied)
		require.Len(t, w.runs, 1)
		require.Equal(t, err, w.runs[0].Err)
		require.Equal(t, w.runs[0].Added, w.runs[0].Unsent)
		require.Len(t, w.batches, 1)
		require.ErrorIs(t, w.batches[0].Err, imm.ErrPermissionDenied)
		for _, status := range w.outcomes {
			require.Equal(t, bulk.Unsent, status)
		}
	})
}

func TestFilesThatAreAddedBeginARunForTheObserverToo(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		server := newServer(t)
		var w watch
		c := config()
		c.Observer = w.observer()
		x := newIndexer(t, server.Client(), c)
		require.Empty(t, w.events, "nothing was added")
		var adders sync.WaitGroup
		for i := range 300 {
			adders.Go(func() { require.NoError(t, x.Add(context.WithValue(t.Context(), watchKey{}, "one"), file(i))) })
		}
		adders.Wait()
		summary, err := x.Close(t.Context())
		require.NoError(t, err)
		require.Equal(t, []bulk.RunResult{{Summary: summary}}, w.runs)
		require.Len(t, w.infos, 1)
		require.NotContains(t, w.parents, "one/run", "which of the goroutines came first means nothing")
		require.Len(t, w.outcomes, 300)
	})
}

func TestAnIndexerWithoutARunIsNotObserved(t *testing.T) {
	t.Parallel()
	for name, use := range map[string]func(x *bulk.Indexer){
		"closed": func(*bulk.Indexer) {},
		"closed, then used": func(x *bulk.Indexer) {
			_, err := x.Close(t.Context())
			require.NoError(t, err)
			require.ErrorIs(t, x.Add(t.Context(), file(1)), bulk.ErrClosed)
			_, err = x.Run(t.Context(), files(1))
			require.ErrorIs(t, err, bulk.ErrClosed)
		},
		"given a file too late": func(x *bulk.Indexer) {
			ctx, cancel := context.WithCancel(t.Context())
			cancel()
			require.ErrorIs(t, x.Add(ctx, file(1)), context.Canceled)
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var w watch
			c := config()
			c.Observer = w.observer()
			x := newIndexer(t, newServer(t).Client(), c)
			use(x)
			_, _ = x.Close(t.Context())
			require.Empty(t, w.events)
		})
	}
}

func TestAnObserverMayKeepTheContextsThatItGets(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		c := config()
		c.Observer = bulk.Observer{
			RunStart:   func(context.Context, bulk.RunInfo) context.Context { return nil },
			BatchStart: func(context.Context, bulk.BatchInfo) context.Context { return nil },
		}
		summary, err := newIndexer(t, newServer(t).Client(), c).Run(t.Context(), files(10))
		require.NoError(t, err)
		require.EqualValues(t, 10, summary.Accepted)
	})
}

func TestAnObserverSeesABatchThatTheClientRefusedAsUnsent(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		var w watch
		c := config()
		c.Observer = w.observer()
		server := newServer(t)
		list := func(yield func(imm.InputFile, error) bool) {
			_ = yield(imm.InputFile{URI: "nowhere"}, nil) && yield(file(1), nil)
		}
		client := server.Client(imm.WithHTTPClient(&http.Client{Transport: far{server.Transport(), time.Second}}))
		_, err := newIndexer(t, client, c).Run(t.Context(), list)
		require.NoError(t, err)
		require.Len(t, w.batches, 2)
		require.Zero(t, w.batches[0].Requests)
		require.Equal(t, 2, w.batches[0].Files)
		require.Zero(t, w.batches[0].Duration)
		require.Equal(t, 1, w.batches[1].Requests)
		require.Equal(t, 1, w.batches[1].Files)
		require.GreaterOrEqual(t, w.batches[1].Duration, time.Second)
	})
}
