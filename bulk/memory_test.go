package bulk_test

import (
	"context"
	"io"
	"net/http"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/imm-go/imm"
	"github.com/imm-go/imm/bulk"
	"github.com/imm-go/imm/immtest"
)

// nearby answers every batch at once, and keeps nothing.
type nearby struct{}

func (nearby) RoundTrip(req *http.Request) (*http.Response, error) {
	if req.Body != nil {
		_, _ = io.Copy(io.Discard, req.Body)
		_ = req.Body.Close()
	}
	const accepted = `{"RequestId":"0D4CB096-EB44-02D6-A4E9-000000000000","EventId":"16C-1KoeYbdckkiOObpyzc0000"}`
	return &http.Response{StatusCode: http.StatusOK, Header: http.Header{}, Body: io.NopCloser(strings.NewReader(accepted)), ContentLength: int64(len(accepted)), Request: req}, nil
}

func nearbyClient(t testing.TB) *imm.Client {
	client, err := imm.NewClient("cn-hangzhou", imm.StaticCredentials("id", "secret", ""), imm.WithHTTPClient(&http.Client{Transport: nearby{}}))
	require.NoError(t, err)
	return client
}

// heapPeak is the largest heap that is in use when a part of the files has gone by,
// above what was in use before.
func heapPeak(t *testing.T, n int, journal bulk.Journal) uint64 {
	inUse := func() uint64 {
		runtime.GC()
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return m.HeapAlloc
	}
	c := config()
	c.Rate, c.Journal, c.Concurrency = 1e9, journal, 8
	before, peak, seen := inUse(), uint64(0), 0
	c.OnResult = func(_ context.Context, r bulk.Result) {
		if r.Status != bulk.Accepted {
			t.Errorf("%v: %v", r.Status, r.Err)
		}
		if seen++; seen%(n/20) == 0 {
			if now := inUse(); now > before {
				peak = max(peak, now-before)
			}
		}
	}
	summary, err := newIndexer(t, nearbyClient(t), c).RunSource(t.Context(), numbered{n: n})
	require.NoError(t, err)
	require.EqualValues(t, n, summary.Accepted)
	return peak
}

// positions is a journal that keeps what boltjournal would, and nothing else.
type positions struct{ done map[string]struct{} }

func (p *positions) Resume(context.Context, string) (string, []string, error) { return "", nil, nil }

func (p *positions) Record(_ context.Context, progress bulk.Progress) error {
	for _, r := range progress.Results {
		p.done[r.Position] = struct{}{}
	}
	for _, position := range progress.Covered {
		delete(p.done, position)
	}
	return nil
}

// This test is not parallel: the heap is that of the whole process.
func TestTenTimesAsManyFilesTakeNoMoreMemory(t *testing.T) { //nolint:paralleltest // see above
	for name, journal := range map[string]func() bulk.Journal{
		"without a journal": func() bulk.Journal { return nil },
		"with a journal":    func() bulk.Journal { return &positions{done: make(map[string]struct{})} },
	} {
		few := heapPeak(t, 10_000*scale, journal())
		many := heapPeak(t, 100_000*scale, journal())
		t.Logf("%s: %d files %.1f MiB, %d files %.1f MiB", name, 10_000*scale, float64(few)/(1<<20), 100_000*scale, float64(many)/(1<<20))
		require.Less(t, many, few+few/2+4<<20)
		require.Less(t, many, uint64(16<<20))
	}
}

// BenchmarkFiles shows what the engine adds: beside it are the same files, sent by
// hand by as many goroutines over the same client. The emulator does most of the
// work where it answers; a transport that only says yes leaves that of the client.
func BenchmarkFiles(b *testing.B) {
	for name, client := range map[string]func(b *testing.B) *imm.Client{
		"emulator": func(b *testing.B) *imm.Client { return newServer(b, immtest.WithIndexDelay(time.Hour)).Client() },
		"yes":      func(b *testing.B) *imm.Client { return nearbyClient(b) },
	} {
		b.Run(name+"/engine", func(b *testing.B) { benchmarkEngine(b, client(b)) })
		b.Run(name+"/by hand", func(b *testing.B) { benchmarkByHand(b, client(b)) })
	}
}

const workers = 4

func benchmarkEngine(b *testing.B, client *imm.Client) {
	c := config()
	c.Rate, c.Concurrency = 1e9, workers
	x := newIndexer(b, client, c)
	b.ReportAllocs()
	b.ResetTimer()
	summary, err := x.Run(b.Context(), prepared(b.N))
	require.NoError(b, err)
	require.EqualValues(b, b.N, summary.Accepted)
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "files/s")
}

func benchmarkByHand(b *testing.B, client *imm.Client) {
	b.ReportAllocs()
	b.ResetTimer()
	batches := make(chan []imm.InputFile)
	var group sync.WaitGroup
	for range workers {
		group.Go(func() {
			for files := range batches {
				_, err := client.BatchIndexFileMeta(b.Context(), &imm.BatchIndexFileMetaRequest{ProjectName: project, DatasetName: dataset, Files: files})
				if err != nil {
					b.Error(err)
				}
			}
		})
	}
	var files []imm.InputFile
	for f, err := range prepared(b.N) {
		require.NoError(b, err)
		if files = append(files, f); len(files) == 100 {
			batches <- files
			files = make([]imm.InputFile, 0, 100)
		}
	}
	if len(files) > 0 {
		batches <- files
	}
	close(batches)
	group.Wait()
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "files/s")
}

// prepared are n files out of a few that exist already, each with a label.
func prepared(n int) func(yield func(imm.InputFile, error) bool) {
	var some [1000]imm.InputFile
	for i := range some {
		some[i] = file(i)
		some[i].CustomLabels = map[string]string{"category": "Pets"}
	}
	return func(yield func(imm.InputFile, error) bool) {
		for i := range n {
			if !yield(some[i%len(some)], nil) {
				return
			}
		}
	}
}
