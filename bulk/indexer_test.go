package bulk_test

import (
	"context"
	"fmt"
	"iter"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/imm-go/imm"
	"github.com/imm-go/imm/bulk"
	"github.com/imm-go/imm/immtest"
)

const (
	project = "test-project"
	dataset = "test-dataset"
	batched = "BatchIndexFileMeta"
)

func config() bulk.Config { return bulk.Config{ProjectName: project, DatasetName: dataset} }

// inBubble runs a test with virtual time.
func inBubble(t *testing.T, f func(t *testing.T)) {
	t.Helper()
	t.Parallel()
	synctest.Test(t, f)
}

// newServer makes an emulator that nobody throttles, with the project in it. It is
// closed at the end of the test.
func newServer(t testing.TB, opts ...immtest.Option) *immtest.Server {
	server := immtest.NewServer(append([]immtest.Option{immtest.WithProject(project, "")}, opts...)...)
	t.Cleanup(server.Close)
	return server
}

func newIndexer(t testing.TB, client *imm.Client, c bulk.Config) *bulk.Indexer {
	x, err := bulk.New(client, c)
	require.NoError(t, err)
	return x
}

func uri(i int) string { return fmt.Sprintf("oss://test-bucket/photos/%07d.jpg", i) }

func file(i int) imm.InputFile { return imm.InputFile{URI: uri(i)} }

// bad is a file that the service refuses, and the client does not.
func bad(i int) imm.InputFile { return imm.InputFile{URI: uri(i), MediaType: "poem"} }

// files are n files, of which those at the places in bad are refused.
func files(n int, badOnes ...int) iter.Seq2[imm.InputFile, error] {
	isBad := make(map[int]bool)
	for _, i := range badOnes {
		isBad[i] = true
	}
	return func(yield func(imm.InputFile, error) bool) {
		for i := range n {
			f := file(i)
			if isBad[i] {
				f = bad(i)
			}
			if !yield(f, nil) {
				return
			}
		}
	}
}

// ledger keeps the results, and fails the test if a file has two.
type ledger struct {
	mu      sync.Mutex
	results map[string]bulk.Result
	twice   []string
	order   []string
}

func newLedger(c *bulk.Config) *ledger {
	l := &ledger{results: make(map[string]bulk.Result)}
	c.OnResult = func(_ context.Context, r bulk.Result) { l.note(r) }
	return l
}

func (l *ledger) note(r bulk.Result) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if _, has := l.results[r.File.URI]; has {
		l.twice = append(l.twice, r.File.URI)
	}
	l.results[r.File.URI] = r
	l.order = append(l.order, r.File.URI)
}

func (l *ledger) count(status bulk.Status) int64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	n := int64(0)
	for _, r := range l.results {
		if r.Status == status {
			n++
		}
	}
	return n
}

// balance checks that every file has exactly one result, and that the summary says
// what the results do.
func (l *ledger) balance(t require.TestingT, s bulk.Summary) {
	require.Empty(t, l.twice, "files with two results")
	require.Len(t, l.results, int(s.Added))
	require.Equal(t, s.Added, s.Accepted+s.Indexed+s.Failed+s.Unsent)
	for status, n := range map[bulk.Status]int64{bulk.Accepted: s.Accepted, bulk.Indexed: s.Indexed, bulk.Failed: s.Failed, bulk.Unsent: s.Unsent} {
		require.Equal(t, n, l.count(status), "%v", status)
	}
	for _, r := range l.results {
		if r.Status == bulk.Failed || r.Status == bulk.Unsent {
			require.Error(t, r.Err)
		}
	}
}

// calls are the requests of one operation.
func calls(server *immtest.Server, action string) []immtest.Request {
	var found []immtest.Request
	for _, r := range server.Requests() {
		if r.Action == action {
			found = append(found, r)
		}
	}
	return found
}

func TestEveryFileOfAListIsAccepted(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		server := newServer(t)
		c := config()
		l := newLedger(&c)
		summary, err := newIndexer(t, server.Client(), c).Run(t.Context(), files(1234))
		require.NoError(t, err)
		l.balance(t, summary)
		require.EqualValues(t, 1234, summary.Accepted)
		require.EqualValues(t, 13, summary.Batches)
		require.EqualValues(t, 13, summary.Requests)
		for _, r := range l.results {
			require.NotEmpty(t, r.RequestID)
			require.NotEmpty(t, r.EventID)
			require.Equal(t, 1, r.Attempts)
		}
	})
}

func TestAddFlushAndCloseShareTheEngine(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		server := newServer(t)
		c := config()
		l := newLedger(&c)
		x := newIndexer(t, server.Client(), c)
		for i := range 150 {
			require.NoError(t, x.Add(t.Context(), file(i)))
		}
		require.NoError(t, x.Flush(t.Context()))
		require.Len(t, l.results, 150)
		require.NoError(t, x.Add(t.Context(), file(150)))
		begin := time.Now()
		<-time.After(2 * time.Second)
		require.EqualValues(t, 151, l.count(bulk.Accepted), "a batch that is old enough is sent")
		require.Equal(t, 2*time.Second, time.Since(begin))
		require.NoError(t, x.Add(t.Context(), file(151)))
		summary, err := x.Close(t.Context())
		require.NoError(t, err)
		l.balance(t, summary)
		require.EqualValues(t, 152, summary.Accepted)

		_, err = x.Close(t.Context())
		require.ErrorIs(t, err, bulk.ErrClosed)
		require.ErrorIs(t, x.Add(t.Context(), file(0)), bulk.ErrClosed)
		require.ErrorIs(t, x.Flush(t.Context()), bulk.ErrClosed)
		_, err = x.Run(t.Context(), files(1))
		require.ErrorIs(t, err, bulk.ErrClosed)
		require.Equal(t, summary, x.Stats().Summary)
	})
}
