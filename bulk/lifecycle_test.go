package bulk_test

import (
	"cmp"
	"context"
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

	"github.com/imm-go/imm"
	"github.com/imm-go/imm/bulk"
	"github.com/imm-go/imm/immtest"
)

func TestTwoHundredGoroutinesAddWhileOthersFlush(t *testing.T) {
	t.Parallel()
	server := newServer(t)
	c := config()
	c.Concurrency = 3
	l := newLedger(&c)
	x := newIndexer(t, server.Client(), c)
	var group sync.WaitGroup
	for g := range 200 {
		group.Go(func() {
			for i := range 50 {
				if err := x.Add(t.Context(), file(50*g+i)); err != nil {
					t.Error(err)
				}
				if i == 25 && g%20 == 0 {
					if err := x.Flush(t.Context()); err != nil {
						t.Error(err)
					}
				}
				x.Stats()
			}
		})
	}
	group.Wait()
	summary, err := x.Close(t.Context())
	require.NoError(t, err)
	l.balance(t, summary)
	require.EqualValues(t, 10_000, summary.Accepted)
	require.Len(t, calls(server, batched), int(summary.Batches))
}

func TestAddAndFlushRaceWithClose(t *testing.T) {
	t.Parallel()
	for round := range 10 {
		server := newServer(t)
		c := config()
		c.Concurrency = 1
		l := newLedger(&c)
		x := newIndexer(t, server.Client(), c)
		var added atomic.Int64
		var group sync.WaitGroup
		for g := range 20 {
			group.Go(func() {
				for i := range 500 {
					switch err := x.Add(t.Context(), file(500*g+i)); {
					case err == nil:
						added.Add(1)
					case errors.Is(err, bulk.ErrClosed):
						return
					default:
						t.Error(err)
						return
					}
				}
			})
		}
		group.Go(func() {
			for x.Flush(t.Context()) == nil {
			}
		})
		for added.Load() < int64(40*round) {
			runtime.Gosched()
		}
		summaries := make(chan bulk.Summary, 2)
		for range 2 {
			group.Go(func() {
				summary, err := x.Close(t.Context())
				if err == nil {
					summaries <- summary
				} else if !errors.Is(err, bulk.ErrClosed) {
					t.Error(err)
				}
			})
		}
		group.Wait()
		require.Len(t, summaries, 1, "one Close closes")
		summary := <-summaries
		l.balance(t, summary)
		require.Equal(t, added.Load(), summary.Accepted)
	}
}

func TestTheContextEndsInEveryPhase(t *testing.T) {
	t.Parallel()
	hang := immtest.Fault{Action: batched, Times: -1, Hang: true}
	for name, test := range map[string]struct {
		files   int // 0: 50,000
		faults  []immtest.Fault
		latency time.Duration
		change  func(*bulk.Config)
		cancel  time.Duration
		lasts   time.Duration // the run, at most
		sent    int64         // files that are accepted all the same
	}{
		"before the first file":             {cancel: 0},
		"while the ceiling is asked for":    {faults: []immtest.Fault{{Action: "GetProject", Hang: true}}, cancel: time.Second, lasts: time.Second},
		"in a call that ends in time":       {latency: 5 * time.Second, cancel: 12 * time.Second, lasts: 15 * time.Second, sent: 500},
		"in a call that hangs":              {faults: []immtest.Fault{hang}, cancel: 3 * time.Second, lasts: 13 * time.Second},
		"in the pause after a failure":      {faults: []immtest.Fault{{Action: batched, Times: -1, Status: 500}}, cancel: 2 * time.Minute, lasts: 130 * time.Second},
		"while the pace holds calls back":   {change: func(c *bulk.Config) { c.Rate = 0.1 }, cancel: 25 * time.Second, lasts: 25 * time.Second, sent: 300},
		"while files wait for room":         {latency: time.Second, change: func(c *bulk.Config) { c.Concurrency = 1 }, cancel: 10500 * time.Millisecond, lasts: 11 * time.Second, sent: 1000},
		"while the dataset is asked":        {files: 500, change: func(c *bulk.Config) { c.Confirm = bulk.ByPolling }, cancel: 20 * time.Minute, lasts: 20 * time.Minute, sent: 500},
		"with a grace period that is short": {faults: []immtest.Fault{hang}, change: func(c *bulk.Config) { c.Grace = time.Second }, cancel: 3 * time.Second, lasts: 4 * time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, func(t *testing.T) {
				server := newServer(t)
				server.Inject(test.faults...)
				client := server.Client(imm.WithHTTPClient(&http.Client{Transport: far{server.Transport(), test.latency}}))
				c := config()
				if test.change != nil {
					test.change(&c)
				}
				l := newLedger(&c)
				ctx, cancel := context.WithCancel(t.Context())
				defer cancel()
				if test.cancel == 0 {
					cancel()
				}
				time.AfterFunc(test.cancel, cancel)
				begin := time.Now()
				summary, err := newIndexer(t, client, c).Run(ctx, files(cmp.Or(test.files, 50_000)))
				require.ErrorIs(t, err, context.Canceled)
				require.ErrorContains(t, err, "bulk: the run was stopped: context canceled")
				l.balance(t, summary)
				require.LessOrEqual(t, time.Since(begin), test.lasts)
				require.Equal(t, time.Since(begin), summary.Duration)
				if test.sent > 0 {
					require.Equal(t, test.sent, summary.Accepted)
				}
				for _, r := range l.results {
					if r.Status == bulk.Unsent {
						require.ErrorIs(t, r.Err, context.Canceled)
					}
				}
			})
		})
	}
}

func TestAddReturnsWhenItsContextEndsAndTheFileIsNotIn(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		server := newServer(t)
		server.Inject(immtest.Fault{Action: batched, Times: -1, Hang: true})
		c := config()
		c.Concurrency, c.BatchFiles = 1, 10
		l := newLedger(&c)
		x := newIndexer(t, server.Client(), c)
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
		defer cancel()
		n := 0
		for ; ctx.Err() == nil; n++ {
			if err := x.Add(ctx, file(n)); err != nil {
				require.ErrorIs(t, err, context.DeadlineExceeded)
				break
			}
		}
		require.Equal(t, 30, n, "a batch that is sent, and two more")
		require.ErrorIs(t, x.Flush(ctx), context.DeadlineExceeded)
		summary, err := x.Close(ctx)
		require.ErrorIs(t, err, context.DeadlineExceeded)
		l.balance(t, summary)
		require.EqualValues(t, 30, summary.Unsent)
	})
}

func TestAListThatEndsWithAnErrorIsDoneUpToThere(t *testing.T) {
	t.Parallel()
	broken := errors.New("line 251 is broken")
	list := func(yield func(imm.InputFile, error) bool) {
		for i := range 500 {
			err := error(nil)
			if i == 250 {
				err = broken
			}
			if !yield(file(i), err) {
				return
			}
		}
	}
	for skip, want := range map[bool]bulk.Summary{
		false: {Added: 250, Accepted: 250, Batches: 3, Requests: 3},
		true:  {Added: 500, Accepted: 499, Failed: 1, Batches: 5, Requests: 5},
	} {
		t.Run(fmt.Sprint("skip ", skip), func(t *testing.T) {
			inBubble(t, func(t *testing.T) {
				server := newServer(t)
				c := config()
				c.SkipBad = skip
				l := newLedger(&c)
				summary, err := newIndexer(t, server.Client(), c).Run(t.Context(), list)
				if skip {
					require.NoError(t, err)
					require.ErrorIs(t, l.results[uri(250)].Err, broken)
					require.Zero(t, l.results[uri(250)].Attempts)
				} else {
					require.EqualError(t, err, "bulk: reading the list: line 251 is broken")
				}
				l.balance(t, summary)
				require.Equal(t, want, summary)
			})
		})
	}
}

func TestAListThatEndsWithTheContextIsNoWholeList(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		summary, err := newIndexer(t, newServer(t).Client(), config()).Run(ctx, func(yield func(imm.InputFile, error) bool) {
			yield(file(0), nil)
			<-ctx.Done() // and it says nothing of it
		})
		require.ErrorIs(t, err, context.DeadlineExceeded)
		require.EqualValues(t, 1, summary.Accepted)
	})
}

func TestAListThatIsNilIsRefused(t *testing.T) {
	t.Parallel()
	x := newIndexer(t, newServer(t).Client(), config())
	_, err := x.Run(t.Context(), nil)
	require.EqualError(t, err, "imm: bulk.Run: files: it is nil; give a list of files")
	for _, err := range x.Results(t.Context(), nil) {
		require.ErrorIs(t, err, imm.ErrInvalidArgument)
	}
}

func TestManyBadItemsWaitForRoomLikeOthers(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		server := newServer(t)
		c := config()
		c.SkipBad = true
		l := newLedger(&c)
		summary, err := newIndexer(t, server.Client(), c).Run(t.Context(), func(yield func(imm.InputFile, error) bool) {
			for i := range 20_000 {
				if !yield(file(i), errors.New("bad")) {
					return
				}
			}
		})
		require.NoError(t, err)
		l.balance(t, summary)
		require.EqualValues(t, 20_000, summary.Failed)
		require.Zero(t, summary.Batches)
	})
}

func TestASlowOnResultSlowsTheRunAndLosesNothing(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		server := newServer(t)
		c := config()
		c.Concurrency = 2
		l := newLedger(&c)
		var most atomic.Int64
		var x *bulk.Indexer
		c.OnResult = func(_ context.Context, r bulk.Result) {
			<-time.After(10 * time.Millisecond)
			most.Store(max(most.Load(), x.Stats().Open))
			l.note(r)
		}
		x = newIndexer(t, server.Client(), c)
		summary, err := x.Run(t.Context(), files(5000))
		require.NoError(t, err)
		l.balance(t, summary)
		require.Equal(t, 50*time.Second, summary.Duration)
		require.LessOrEqual(t, most.Load(), int64(4*100), "concurrency + 2 batches")
	})
}

func TestOnResultMayHandFilesInAgain(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		server := newServer(t)
		c := config()
		c.Concurrency = 1
		var x *bulk.Indexer
		results := make(map[bulk.Status]int)
		c.OnResult = func(ctx context.Context, r bulk.Result) {
			results[r.Status]++
			if r.Status == bulk.Failed {
				again := r.File
				again.MediaType = imm.MediaImage
				if err := x.Add(ctx, again); err != nil {
					t.Error(err)
				}
			}
			if err := x.Flush(ctx); err == nil {
				t.Error("Flush waits for itself")
			}
			if _, err := x.Close(ctx); err == nil {
				t.Error("Close waits for itself")
			}
		}
		x = newIndexer(t, server.Client(), c)
		badOnes := make([]int, 0, 200)
		for i := range 200 {
			badOnes = append(badOnes, 2*i+1)
		}
		summary, err := x.Run(t.Context(), files(400, badOnes...))
		require.NoError(t, err)
		require.EqualValues(t, 600, summary.Added)
		require.EqualValues(t, 400, summary.Accepted)
		require.EqualValues(t, 200, summary.Failed)
		require.Equal(t, map[bulk.Status]int{bulk.Accepted: 400, bulk.Failed: 200}, results)
	})
}

func TestResultsCanBeIterated(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		server := newServer(t)
		seen := make(map[string]bulk.Status)
		for r, err := range newIndexer(t, server.Client(), config()).Results(t.Context(), files(950, 13)) {
			require.NoError(t, err)
			seen[r.File.URI] = r.Status
		}
		require.Len(t, seen, 950)
		require.Equal(t, bulk.Failed, seen[uri(13)])

		server.Inject(immtest.PermissionDenied(-1))
		var last error
		for _, err := range newIndexer(t, server.Client(), config()).Results(t.Context(), files(950)) {
			last = err
		}
		require.ErrorIs(t, last, imm.ErrPermissionDenied)
	})
}

func TestALoopOverResultsThatIsLeftEndsTheRun(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		server := newServer(t)
		x := newIndexer(t, server.Client(), config())
		read := 0
		list := func(yield func(imm.InputFile, error) bool) {
			for ; yield(file(read), nil); read++ {
			}
		}
		for _, err := range x.Results(t.Context(), list) {
			require.NoError(t, err)
			break
		}
		synctest.Wait()
		s := x.Stats()
		require.Equal(t, s.Added, s.Accepted+s.Failed+s.Unsent)
		require.Zero(t, s.Open)
		require.Less(t, read, 20_000)

		require.Panics(t, func() {
			for _, err := range newIndexer(t, server.Client(), config()).Results(t.Context(), files(1000)) {
				panic(err)
			}
		})
	})
}

func TestNothingIsSentTwiceInOneBatch(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		server := newServer(t)
		var results atomic.Int64
		c := config()
		c.OnResult = func(context.Context, bulk.Result) { results.Add(1) }
		summary, err := newIndexer(t, server.Client(), c).Run(t.Context(), func(yield func(imm.InputFile, error) bool) {
			for i := range 100 {
				if !yield(file(i%30), nil) {
					return
				}
			}
		})
		require.NoError(t, err)
		require.EqualValues(t, 100, results.Load())
		require.EqualValues(t, 4, summary.Batches)
	})
}
