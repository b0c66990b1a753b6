package bulk_test

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"runtime/metrics"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/imm-go/imm/bulk"
	"github.com/imm-go/imm/immtest"
)

// tenMillion is the environment variable that adds the longest list to
// BenchmarkJSONLines: a gigabyte on the disk, and minutes of time.
const tenMillion = "BULK_BENCH_TEN_MILLION"

// jsonLines writes a list of n files with labels. In every so many lines one is no
// JSON, and one is a file that the service refuses.
func jsonLines(tb testing.TB, n, every int) (path string) {
	path = filepath.Join(tb.TempDir(), "list.jsonl")
	file, err := os.Create(path)
	require.NoError(tb, err)
	out := bufio.NewWriterSize(file, 1<<20)
	for line := 1; line <= n; line++ {
		switch line % every {
		case every / 3:
			_, err = out.WriteString("nonsense\n")
		case every / 2:
			_, err = fmt.Fprintf(out, `{"URI":%q,"MediaType":"poem"}`+"\n", uri(line))
		default:
			_, err = fmt.Fprintf(out, `{"URI":%q,"CustomId":"%d","CustomLabels":{"category":"Pets","city":"Hangzhou"}}`+"\n", uri(line), line)
		}
		require.NoError(tb, err)
	}
	require.NoError(tb, out.Flush())
	require.NoError(tb, file.Close())
	return path
}

// outcomes counts what became of a list of n lines, of which each has one.
type outcomes struct {
	n        int
	seen     []uint64 // a bit for each line
	wrong    []string
	statuses [bulk.Failed + 1]int64
}

func (o *outcomes) note(_ context.Context, r bulk.Result) {
	text, _, _ := strings.Cut(r.Position, ":")
	line, err := strconv.Atoi(text)
	if err != nil || line < 1 || line > o.n || o.seen[line/64]>>(line%64)&1 != 0 || r.Status == bulk.Failed != (r.Err != nil) {
		if len(o.wrong) < 10 {
			o.wrong = append(o.wrong, fmt.Sprintf("%s: %v, %v", r.Position, r.Status, r.Err))
		}
		return
	}
	o.seen[line/64] |= 1 << (line % 64)
	o.statuses[r.Status]++
}

// indexLines indexes a list that jsonLines wrote, and wants an outcome for each
// line.
func indexLines(tb testing.TB, path string, n, every int, journal bulk.Journal) {
	list, err := os.Open(path)
	require.NoError(tb, err)
	server := immtest.NewServer(immtest.WithProject(project, ""))
	defer server.Close()
	o := outcomes{n: n, seen: make([]uint64, n/64+1)}
	c := config()
	c.Rate, c.Journal, c.SkipBad, c.OnResult = 1e9, journal, true, o.note
	summary, err := newIndexer(tb, server.Client(), c).RunSource(tb.Context(), bulk.JSONLines("list.jsonl", list))
	require.NoError(tb, err)
	require.NoError(tb, list.Close())
	require.Empty(tb, o.wrong)
	failed := int64(2 * (n / every))
	require.EqualValues(tb, n, summary.Added)
	require.Equal(tb, int64(n)-failed, summary.Accepted)
	require.Equal(tb, failed, summary.Failed)
	require.Equal(tb, summary.Accepted, o.statuses[bulk.Accepted])
	require.Equal(tb, summary.Failed, o.statuses[bulk.Failed])
}

func TestAHundredThousandLinesAreAllAccountedFor(t *testing.T) {
	t.Parallel()
	const n, every = 100_000, 5_000
	journal := &positions{done: make(map[string]struct{})}
	indexLines(t, jsonLines(t, n, every), n, every, journal)
	require.Empty(t, journal.done, "all of it is covered")
}

// BenchmarkJSONLines indexes lists from the disk against the emulator in this
// process, whose own work and memory are in the figures: it keeps requests, up to
// 64 MiB of them.
func BenchmarkJSONLines(b *testing.B) {
	sizes := []int{100_000, 1_000_000}
	if os.Getenv(tenMillion) != "" {
		sizes = append(sizes, 10_000_000)
	}
	const every = 50_000
	for _, n := range sizes {
		b.Run(strconv.Itoa(n), func(b *testing.B) {
			path := jsonLines(b, n, every)
			b.Run("without a journal", func(b *testing.B) {
				measure(b, n, func() { indexLines(b, path, n, every, nil) })
			})
			b.Run("with a journal", func(b *testing.B) {
				measure(b, n, func() { indexLines(b, path, n, every, &positions{done: make(map[string]struct{})}) })
			})
		})
	}
}

// measure reports what a run over n files takes: time, what is allocated, and the
// heap at its largest, with what is not collected yet and without.
func measure(b *testing.B, n int, run func()) {
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	peaks := sampleHeap()
	for b.Loop() {
		run()
	}
	heap, live := peaks()
	runtime.ReadMemStats(&after)
	files := float64(n) * float64(b.N)
	b.ReportMetric(files/b.Elapsed().Seconds(), "files/s")
	b.ReportMetric(float64(after.TotalAlloc-before.TotalAlloc)/files, "B/file")
	b.ReportMetric(float64(after.Mallocs-before.Mallocs)/files, "allocs/file")
	b.ReportMetric(float64(heap)/(1<<20), "peak-MiB")
	b.ReportMetric(float64(live)/(1<<20), "peak-live-MiB")
	b.ReportMetric(0, "ns/op") // a whole run: files/s says it
}

// sampleHeap looks at the heap often, until the function that it returns tells the
// largest that there was.
func sampleHeap() (end func() (heap, live uint64)) {
	samples := []metrics.Sample{{Name: "/memory/classes/heap/objects:bytes"}, {Name: "/gc/heap/live:bytes"}}
	done := make(chan struct{})
	var group sync.WaitGroup
	var heap, live uint64
	group.Go(func() {
		ticker := time.NewTicker(5 * time.Millisecond)
		defer ticker.Stop()
		for {
			metrics.Read(samples)
			heap, live = max(heap, samples[0].Value.Uint64()), max(live, samples[1].Value.Uint64())
			select {
			case <-ticker.C:
			case <-done:
				return
			}
		}
	})
	return func() (uint64, uint64) {
		close(done)
		group.Wait()
		return heap, live
	}
}
