package bulk_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/imm-go/imm"
	"github.com/imm-go/imm/bulk"
)

// luck is a run at random.
type luck struct {
	files, uris, labels int
	broken              int // percent of the files that are refused
	seed                uint64
	mishaps             map[string]int // percent
	latency             time.Duration
	cancel              time.Duration // 0: never
	slow                time.Duration // OnResult
	adders              int           // 0: Run
	fatal               int           // the request from which on everything is refused; 0: none
	config              bulk.Config
}

func drawLuck(t *rapid.T) luck {
	upTo := func(n int, label string) int { return rapid.IntRange(0, n).Draw(t, label) }
	l := luck{
		files: upTo(400, "files"), uris: 1 + upTo(400, "uris"), labels: upTo(5000, "labels"), broken: upTo(3, "broken") * upTo(10, "of broken"),
		seed: rapid.Uint64().Draw(t, "seed"), mishaps: make(map[string]int), latency: time.Duration(upTo(200, "latency")) * time.Millisecond,
		adders: upTo(4, "adders"), config: config(),
	}
	for _, kind := range []string{"throttled", "failing", "cut", "lost", "hangs", "page"} {
		if rapid.Bool().Draw(t, kind) {
			l.mishaps[kind] = upTo(30, "percent")
		}
	}
	if rapid.Bool().Draw(t, "is cancelled") {
		l.cancel = time.Duration(1+upTo(20_000, "after")) * time.Millisecond
	}
	if upTo(3, "is slow") == 0 {
		l.slow = time.Duration(upTo(20, "slow")) * time.Millisecond
	}
	if upTo(3, "is refused") == 0 {
		l.fatal = 1 + upTo(20, "from")
	}
	l.config.BatchFiles = 1 + upTo(99, "batch")
	l.config.BatchBytes = 1 + upTo(40_000, "bytes")
	l.config.Concurrency = 1 + upTo(8, "concurrency")
	l.config.RetryFor = time.Duration(1+upTo(60, "retry")) * time.Second
	l.config.Grace = time.Duration(1+upTo(30, "grace")) * time.Second
	return l
}

func (l luck) happens() func(int, time.Duration) mishap {
	dice := rand.New(rand.NewPCG(l.seed, 1))
	kinds := []struct {
		name string
		mishap
	}{
		{"throttled", mishap{status: 400, code: "Throttling.User"}}, {"failing", mishap{status: 500}}, {"cut", mishap{cut: true}},
		{"lost", mishap{lost: true}}, {"hangs", mishap{hangs: true}}, {"page", mishap{status: 414, body: "<html>"}},
	}
	return func(n int, _ time.Duration) mishap {
		if l.fatal > 0 && n >= l.fatal {
			return mishap{status: 403, code: "NoPermission"}
		}
		for _, kind := range kinds {
			if dice.IntN(100) < l.mishaps[kind.name] {
				return kind.mishap
			}
		}
		return mishap{}
	}
}

// list has every file under an id of its own.
func (l luck) list() []imm.InputFile {
	dice := rand.New(rand.NewPCG(l.seed, 2))
	list := make([]imm.InputFile, l.files)
	for i := range list {
		list[i] = imm.InputFile{URI: uri(dice.IntN(l.uris)), CustomID: fmt.Sprint(i)}
		if l.labels > 0 {
			list[i].CustomLabels = map[string]string{"note": strings.Repeat(`"`, dice.IntN(l.labels))}
		}
		switch at := dice.IntN(100); {
		case at < l.broken/2:
			list[i].MediaType = "poem"
		case at < l.broken:
			list[i].URI = "photo.jpg"
		}
	}
	return list
}

// run returns what went in, and what came out.
func (l luck) run(t *testing.T) (added int64, results map[string][]bulk.Result, summary bulk.Summary, err error) {
	server := newServer(t)
	w := &weather{RoundTripper: far{server.Transport(), l.latency}, begin: time.Now(), happens: l.happens()}
	results = make(map[string][]bulk.Result)
	l.config.OnResult = func(_ context.Context, r bulk.Result) {
		results[r.File.CustomID] = append(results[r.File.CustomID], r)
		if l.slow > 0 {
			<-time.After(l.slow)
		}
	}
	x := newIndexer(t, server.Client(imm.WithHTTPClient(&http.Client{Transport: w})), l.config)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	if l.cancel > 0 {
		time.AfterFunc(l.cancel, cancel)
	}
	list := l.list()
	if l.adders == 0 {
		read := int64(0)
		summary, err = x.Run(ctx, func(yield func(imm.InputFile, error) bool) {
			for _, f := range list {
				read++
				if !yield(f, nil) {
					return
				}
			}
		})
		return read, results, summary, err
	}
	var in atomic.Int64
	var group sync.WaitGroup
	for a := range l.adders {
		group.Go(func() {
			for i := a; i < len(list); i += l.adders {
				if x.Add(ctx, list[i]) == nil {
					in.Add(1)
				}
				if i%97 == 5 {
					_ = x.Flush(ctx)
				}
			}
		})
	}
	group.Wait()
	summary, err = x.Close(ctx)
	return in.Load(), results, summary, err
}

func TestWhateverHappensEveryFileHasOneResult(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		l := drawLuck(rt)
		var added int64
		var results map[string][]bulk.Result
		var summary bulk.Summary
		var err error
		synctest.Test(t, func(t *testing.T) { added, results, summary, err = l.run(t) })
		require.Equal(rt, added, summary.Added)
		require.Len(rt, results, int(added))
		counts := make(map[bulk.Status]int64)
		for _, all := range results {
			require.Len(rt, all, 1)
			r := all[0]
			counts[r.Status]++
			if r.Status == bulk.Accepted {
				require.NoError(rt, r.Err)
				require.NotEmpty(rt, r.RequestID)
				require.NotContains(rt, []string{string(r.File.MediaType), r.File.URI}, "poem")
			} else {
				require.Error(rt, r.Err)
			}
		}
		require.Equal(rt, added, summary.Accepted+summary.Failed+summary.Unsent)
		require.Equal(rt, []int64{summary.Accepted, summary.Failed, summary.Unsent}, []int64{counts[bulk.Accepted], counts[bulk.Failed], counts[bulk.Unsent]})
		switch {
		case err == nil:
			require.Zero(rt, summary.Unsent)
		case l.fatal > 0 && errors.Is(err, imm.ErrPermissionDenied):
		case strings.Contains(err.Error(), "nothing was accepted for"):
			require.NotEmpty(rt, l.mishaps)
			require.GreaterOrEqual(rt, summary.Duration, l.config.RetryFor)
		case l.cancel > 0:
			require.ErrorIs(rt, err, context.Canceled)
		default:
			require.ErrorContains(rt, err, "one and the same reason")
		}
	})
}
