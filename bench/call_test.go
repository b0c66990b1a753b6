package bench

import (
	"context"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"
)

// compare measures an operation with each client, over the same transport.
func compare[T any](b *testing.B, op operation[T]) {
	b.Helper()
	for _, name := range clientNames {
		b.Run("client="+name, func(b *testing.B) { measure(b, name, op) })
	}
}

func measure[T any](b *testing.B, name string, op operation[T]) {
	b.Helper()
	call, err := prepare(name, op, inMemory{op.answer})
	require.NoError(b, err)
	repeat(b, call)
}

// repeat measures the time and the memory of a call, and what the processors spent.
func repeat(b *testing.B, call call) {
	b.Helper()
	ctx := context.Background()
	b.ReportAllocs()
	before := processTime()
	for b.Loop() {
		if _, err := call(ctx); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(processTime()-before)/float64(b.N), "cpu-ns/op")
}

func BenchmarkBatchIndexFileMeta(b *testing.B) {
	for _, files := range []int{1, 10, 100} {
		b.Run(fmt.Sprintf("files=%d", files), func(b *testing.B) { compare(b, batch(files, 1)) })
	}
}

func BenchmarkGetBinding(b *testing.B) { compare(b, getBinding()) }

func BenchmarkSimpleQuery(b *testing.B) {
	b.Run("files=100", func(b *testing.B) { compare(b, simpleQuery()) })
}
