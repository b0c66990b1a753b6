package boltjournal

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"strings"
	"testing"
	"testing/fstest"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/imm-go/imm/bulk"
	"github.com/imm-go/imm/immtest"
)

// run is a run of its own process over a list, up to stopAfter results.
func run(t *testing.T, server *immtest.Server, path, list string, stopAfter int) (results []bulk.Result, summary bulk.Summary, err error) {
	t.Helper()
	j, err := Open(path)
	require.NoError(t, err)
	defer func() { require.NoError(t, j.Close()) }()
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	indexer, err := bulk.New(server.Client(), bulk.Config{
		ProjectName: "test-project", DatasetName: "test-dataset", Journal: j, SkipBad: true,
		OnResult: func(_ context.Context, r bulk.Result) {
			if results = append(results, r); len(results) == stopAfter {
				stop()
			}
		},
	})
	require.NoError(t, err)
	summary, err = indexer.RunSource(ctx, bulk.URIs("list", strings.NewReader(list)))
	return results, summary, err
}

func TestRunsThatAreCutShortReportEachFileOnceInAll(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		server := immtest.NewServer()
		defer server.Close()
		var list strings.Builder
		const files = 3000
		for i := range files {
			fmt.Fprintf(&list, "oss://test-bucket/%d\n", i)
		}
		list.WriteString("no URI\n")
		path := newPath(t)
		outcomes := make(map[string]int)
		runs := 0
		for err := context.Canceled; errors.Is(err, context.Canceled); runs++ {
			require.Less(t, runs, 20)
			var results []bulk.Result
			results, _, err = run(t, server, path, list.String(), 700)
			for _, r := range results {
				if r.Status != bulk.Unsent {
					outcomes[r.Position]++
				}
			}
			if err != nil {
				require.ErrorIs(t, err, context.Canceled)
			}
		}
		require.Greater(t, runs, 1)
		require.Len(t, outcomes, files+1)
		for position, times := range outcomes {
			require.Equal(t, 1, times, position)
		}
		results, summary, err := run(t, server, path, list.String(), -1)
		require.NoError(t, err)
		require.Empty(t, results)
		require.Zero(t, summary.Requests, "everything is done")

		_, _, err = run(t, server, path, list.String()+"oss://test-bucket/new\n", -1)
		require.ErrorIs(t, err, ErrOtherWork)
		j := open(t, path)
		for failure, err := range j.Failed() {
			require.NoError(t, err)
			require.Contains(t, failure.Reason, `list:3001: "no URI" is no URI of a file`)
		}
	})
}

func TestFailuresAreSentAgainAlone(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		server := immtest.NewServer()
		defer server.Close()
		for _, key := range []string{"good", "broken"} {
			server.PutObject("test-bucket", key, []byte("a text"))
		}
		server.FailObject("test-bucket", "broken", "The object cannot be read.")
		j := open(t, newPath(t))
		index := func(source bulk.Source, journal bulk.Journal) bulk.Summary {
			indexer, err := bulk.New(server.Client(), bulk.Config{
				ProjectName: "test-project", DatasetName: "test-dataset", Journal: journal, Confirm: bulk.ByPolling,
			})
			require.NoError(t, err)
			summary, err := indexer.RunSource(t.Context(), source)
			require.NoError(t, err)
			return summary
		}
		failed := func() (failed []string) {
			for failure, err := range j.Failed() {
				require.NoError(t, err)
				failed = append(failed, failure.Position+" "+failure.File.URI+" "+failure.Reason)
			}
			return failed
		}
		list := "oss://test-bucket/good\noss://test-bucket/\noss://test-bucket/broken\n"
		summary := index(bulk.URIs("list", strings.NewReader(list)), j)
		require.EqualValues(t, 1, summary.Indexed)
		require.EqualValues(t, 2, summary.Failed)
		require.Len(t, failed(), 2)

		server.FailObject("test-bucket", "broken", "") // somebody mended it
		<-time.After(2 * time.Minute)                  // an outcome of the last minute counts for the new call
		retry := j.RetryFailed()
		summary = index(retry, retry)
		require.EqualValues(t, 2, summary.Added)
		require.EqualValues(t, 1, summary.Indexed)
		require.Len(t, failed(), 1)
		require.Contains(t, failed()[0], "2:42 oss://test-bucket/ ")
	})
}

// broken is a folder on a disk that fails before an item.
type broken struct {
	bulk.Source
	before int
}

func (b broken) Items(ctx context.Context, after string) iter.Seq2[bulk.Item, error] {
	return func(yield func(bulk.Item, error) bool) {
		n := 0
		for item, err := range b.Source.Items(ctx, after) {
			if n++; n == b.before {
				yield(bulk.Item{}, errors.New("input/output error"))
				return
			}
			if !yield(item, err) {
				return
			}
		}
	}
}

func TestAFolderWithNamesThatAreNotUTF8IsGoneThroughToItsEnd(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		server := immtest.NewServer(immtest.WithIndexDelay(0))
		defer server.Close()
		// Were the position of the second one kept with the replacement sign, the third
		// and the fourth would be before it.
		names := []string{"a.jpg", "caf\xe9.jpg", "caf\xed\x95\x9c.jpg", "caf\xed\x95\x9d.jpg"}
		folder := fstest.MapFS{}
		for _, name := range names {
			folder[name] = &fstest.MapFile{}
		}
		path := newPath(t)
		seen := make(map[string]bulk.Status)
		for before := range 5 { // the next run goes one item further
			j, err := Open(path)
			require.NoError(t, err)
			indexer, err := bulk.New(server.Client(), bulk.Config{
				ProjectName: "test-project", DatasetName: "test-dataset", Journal: j, SkipBad: true,
				OnResult: func(_ context.Context, r bulk.Result) { seen[r.Position] = r.Status },
			})
			require.NoError(t, err)
			_, err = indexer.RunSource(t.Context(), broken{bulk.Walk(folder, "oss://test-bucket"), 2})
			require.Equal(t, before < 3, err != nil, err)
			require.NoError(t, j.Close())
		}
		require.Equal(t, map[string]bulk.Status{
			names[0]: bulk.Accepted, names[1]: bulk.Failed, names[2]: bulk.Accepted, names[3]: bulk.Accepted,
		}, seen)
	})
}
