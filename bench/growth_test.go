package bench

import (
	"context"
	"fmt"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
)

// The benchmarks here show how the cost of a call grows. What they print becomes
// the picture of docs/performance.md.

func BenchmarkGrowthFiles(b *testing.B) {
	for _, files := range []int{1, 2, 5, 10, 20, 50, 100} {
		b.Run(fmt.Sprintf("files=%d", files), func(b *testing.B) { compare(b, batch(files, 1)) })
	}
}

func BenchmarkGrowthLabels(b *testing.B) {
	for _, labels := range []int{0, 1, 2, 5, 10, 20, 50} {
		b.Run(fmt.Sprintf("labels=%d", labels), func(b *testing.B) { compare(b, batch(10, labels)) })
	}
}

func BenchmarkGrowthGoroutines(b *testing.B) {
	op := batch(10, 1)
	for _, goroutines := range []int{1, 2, 4, 8, 16, 32, 64, 128, 256} {
		for _, name := range clientNames {
			b.Run(fmt.Sprintf("goroutines=%d/client=%s", goroutines, name), func(b *testing.B) {
				call, err := prepare(name, op, inMemory{op.answer})
				require.NoError(b, err)
				measureTogether(b, goroutines, call)
			})
		}
	}
}

// measureTogether measures the time between the ends of two calls while so many
// goroutines make calls.
func measureTogether(b *testing.B, goroutines int, call call) {
	b.Helper()
	b.ReportAllocs()
	b.ResetTimer()
	before := processTime()
	together(b, b.N, goroutines, call)
	b.ReportMetric(float64(processTime()-before)/float64(b.N), "cpu-ns/op")
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "calls/s")
}

// together makes n calls, shared out evenly.
func together(b *testing.B, n, goroutines int, call call) {
	b.Helper()
	var wg sync.WaitGroup
	for g := range goroutines {
		share := n / goroutines
		if g < n%goroutines {
			share++
		}
		wg.Go(func() {
			for range share {
				if _, err := call(context.Background()); err != nil {
					b.Error(err)
					return
				}
			}
		})
	}
	wg.Wait()
}
