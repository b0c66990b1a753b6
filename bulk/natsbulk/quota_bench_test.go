package natsbulk

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/nats-io/nats.go/jetstream"
	"github.com/stretchr/testify/require"

	"github.com/imm-go/imm/bulk/natsbulk/embedded"
)

// counting is a bucket that counts what is asked of it.
type counting struct {
	jetstream.KeyValue
	reads, writes, conflicts *atomic.Int64
}

func (c counting) Get(ctx context.Context, key string) (jetstream.KeyValueEntry, error) {
	c.reads.Add(1)
	return c.KeyValue.Get(ctx, key)
}

func (c counting) Update(ctx context.Context, key string, value []byte, revision uint64) (uint64, error) {
	c.writes.Add(1)
	next, err := c.KeyValue.Update(ctx, key, value, revision)
	if isWrongSequence(err) {
		c.conflicts.Add(1)
	}
	return next, err
}

// BenchmarkQuota has workers lease times at 100 requests a second, with four calls
// waiting in each of them. One iteration is one request, so it lasts b.N / 100 seconds.
func BenchmarkQuota(b *testing.B) {
	for _, workers := range []int{8, 100, 1000} {
		b.Run(fmt.Sprintf("workers=%d", workers), func(b *testing.B) {
			server, err := embedded.Start(b.TempDir(), "")
			require.NoError(b, err)
			defer server.Close()
			conn, err := server.Connect()
			require.NoError(b, err)
			defer conn.Close()
			js, err := jetstream.New(conn)
			require.NoError(b, err)
			c, err := Open(b.Context(), js, Config{})
			require.NoError(b, err)
			var reads, writes, conflicts, granted atomic.Int64
			c.keys = counting{c.keys, &reads, &writes, &conflicts}
			ctx, cancel := context.WithCancel(b.Context())
			defer cancel()
			var running sync.WaitGroup
			b.ResetTimer()
			for range workers {
				q := newQuota(c, 100)
				running.Go(func() { q.run(ctx) })
				for range 4 {
					running.Go(func() {
						for q.Wait(ctx) == nil {
							if granted.Add(1) == int64(b.N) {
								cancel()
							}
						}
					})
				}
			}
			<-ctx.Done()
			b.StopTimer()
			running.Wait()
			seconds := b.Elapsed().Seconds()
			b.ReportMetric(float64(b.N)/seconds, "requests/s")
			b.ReportMetric(float64(reads.Load())/seconds, "reads/s")
			b.ReportMetric(float64(writes.Load())/seconds, "writes/s")
			b.ReportMetric(float64(conflicts.Load())/seconds, "conflicts/s")
		})
	}
}
