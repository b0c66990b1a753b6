package natsbulk_test

import (
	"fmt"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/imm-go/imm"
	"github.com/imm-go/imm/bulk"
	"github.com/imm-go/imm/bulk/natsbulk"
	"github.com/imm-go/imm/immtest"
)

// benchRate is a quota that nobody reaches.
const benchRate = 100_000

// benchClient speaks to an emulator that is 5 ms away.
func benchClient(service *immtest.Server, options ...imm.Option) *imm.Client {
	return service.Client(append(options, imm.WithHTTPClient(&http.Client{Transport: far{service.Transport(), 5 * time.Millisecond}}))...)
}

// BenchmarkFiles compares the plain engine with workers in the same process, each with
// a connection of its own to an embedded server, of which every message is on the disk
// before it is confirmed. One iteration is one file. The list is planned before.
func BenchmarkFiles(b *testing.B) {
	b.Run("engine", func(b *testing.B) {
		service := immtest.NewServer(immtest.WithProject(project, ""))
		defer service.Close()
		indexer, err := bulk.New(benchClient(service), bulk.Config{ProjectName: project, DatasetName: dataset, Rate: benchRate})
		require.NoError(b, err)
		b.ResetTimer()
		summary, err := indexer.RunSource(b.Context(), numbered{n: b.N})
		require.NoError(b, err)
		require.EqualValues(b, b.N, summary.Accepted)
		b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "files/s")
	})
	b.Run("plan", func(b *testing.B) {
		f := newFixture(b, natsbulk.Config{WorkBatches: 1 << 40})
		b.ResetTimer()
		require.NoError(b, f.cluster.Plan(b.Context(), numbered{n: b.N}, target(benchRate), false))
		b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "files/s")
	})
	for _, workers := range []int{1, 2, 4} {
		b.Run(fmt.Sprintf("workers=%d", workers), func(b *testing.B) {
			f := newFixture(b, natsbulk.Config{WorkBatches: 1 << 40})
			require.NoError(b, f.cluster.Plan(b.Context(), numbered{n: b.N}, target(benchRate), false))
			b.ResetTimer()
			var working sync.WaitGroup
			for range workers {
				cluster := open(b, connect(b, f.server), natsbulk.Config{})
				working.Go(func() {
					_, err := cluster.Work(b.Context(), benchClient(f.service, imm.WithObserver(cluster.Throttling())), natsbulk.Worker{})
					if err != nil {
						b.Error(err)
					}
				})
			}
			progress, err := f.cluster.Collect(b.Context(), nil)
			b.StopTimer()
			require.NoError(b, err)
			require.EqualValues(b, b.N, progress.Accepted)
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "files/s")
			working.Wait()
		})
	}
}
