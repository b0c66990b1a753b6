package bench

import (
	"context"
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/imm-go/imm"
	"github.com/imm-go/imm/bulk"
)

// BenchmarkBulk is 10,000 files: ours by the engine of package bulk, with its
// accounts of every single file, and the others by a loop over batches of 100.
func BenchmarkBulk(b *testing.B) {
	const batches = 100
	op := batch(100, 1)
	b.Run("files=10000/client="+oursName, func(b *testing.B) {
		client, err := imm.NewClient(region, imm.StaticCredentials(accessKeyID, accessKeySecret, ""),
			imm.WithHTTPClient(&http.Client{Transport: inMemory{op.answer}}))
		require.NoError(b, err)
		files, isFiles := op.params["Files"].([]imm.InputFile)
		require.True(b, isFiles)
		list := func(yield func(imm.InputFile, error) bool) {
			for range batches {
				for _, file := range files {
					if !yield(file, nil) {
						return
					}
				}
			}
		}
		repeat(b, func(ctx context.Context) (any, error) {
			indexer, err := bulk.New(client, bulk.Config{ProjectName: "test-project", DatasetName: "test-dataset", Rate: 1e6})
			if err != nil {
				return nil, err
			}
			return indexer.Run(ctx, list)
		})
	})
	for _, name := range clientNames[1:] {
		b.Run("files=10000/client="+name, func(b *testing.B) {
			one, err := prepare(name, op, inMemory{op.answer})
			require.NoError(b, err)
			repeat(b, func(ctx context.Context) (any, error) {
				for range batches {
					if _, err := one(ctx); err != nil {
						return nil, err
					}
				}
				return nil, nil
			})
		})
	}
}

// The engine has no batch with the same URI twice, but every file counts.
func TestTheBulkBenchmarkIndexesEveryFile(t *testing.T) {
	t.Parallel()
	op := batch(100, 1)
	client, err := imm.NewClient(region, imm.StaticCredentials(accessKeyID, accessKeySecret, ""),
		imm.WithHTTPClient(&http.Client{Transport: inMemory{op.answer}}))
	require.NoError(t, err)
	indexer, err := bulk.New(client, bulk.Config{ProjectName: "test-project", DatasetName: "test-dataset", Rate: 1e6})
	require.NoError(t, err)
	summary, err := indexer.Run(t.Context(), func(yield func(imm.InputFile, error) bool) {
		for _, file := range op.params["Files"].([]imm.InputFile) {
			if !yield(file, nil) {
				return
			}
		}
	})
	require.NoError(t, err)
	require.EqualValues(t, 100, summary.Accepted)
}
