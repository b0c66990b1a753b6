package boltjournal

import (
	"fmt"
	"os"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/imm-go/imm"
	"github.com/imm-go/imm/bulk"
)

// accepted is a batch of so many files, which moves the window behind them.
func accepted(k, size int) bulk.Progress {
	var progress bulk.Progress
	for i := range size {
		n := k*size + i
		position := strconv.Itoa(n) + ":" + strconv.Itoa(n*50)
		progress.Results = append(progress.Results, bulk.Result{
			File: imm.InputFile{URI: fmt.Sprintf("oss://test-bucket/photos/IMG_%09d.jpg", n)}, Position: position, Status: bulk.Accepted,
		})
		if k%4 == 3 { // what was done out of order is covered now and then
			progress.After = position
			progress.Covered = append(progress.Covered, position)
		}
	}
	if k%4 == 3 {
		for n := (k - 3) * size; n < k*size; n++ {
			progress.Covered = append(progress.Covered, strconv.Itoa(n)+":"+strconv.Itoa(n*50))
		}
	}
	return progress
}

// BenchmarkRecord records 100 results: an operation is one Record, which waits for
// the disk.
func BenchmarkRecord(b *testing.B) {
	path := newPath(b)
	j := open(b, path)
	_, _, err := j.Resume(b.Context(), fingerprint)
	require.NoError(b, err)
	b.ReportAllocs()
	for k := 0; b.Loop(); k++ {
		if err := j.Record(b.Context(), accepted(k, 100)); err != nil {
			b.Fatal(err)
		}
	}
	info, err := os.Stat(path)
	require.NoError(b, err)
	b.ReportMetric(float64(info.Size()), "bytes/file")
	b.ReportMetric(100*float64(b.N)/b.Elapsed().Seconds(), "items/s")
}

func TestTheFileStaysAsSmallAsTheWindow(t *testing.T) {
	t.Parallel()
	path := newPath(t)
	j := open(t, path)
	_, _, err := j.Resume(t.Context(), fingerprint)
	require.NoError(t, err)
	size := func() int64 {
		info, err := os.Stat(path)
		require.NoError(t, err)
		return info.Size()
	}
	const batch = 500
	for k := range 8 {
		require.NoError(t, j.Record(t.Context(), accepted(k, batch)))
	}
	few := size()
	for k := 8; k < 80; k++ {
		require.NoError(t, j.Record(t.Context(), accepted(k, batch)))
	}
	require.LessOrEqual(t, size(), few, "ten times as many items")
	after, done, err := j.Resume(t.Context(), fingerprint)
	require.NoError(t, err)
	require.NotEmpty(t, after)
	require.Empty(t, done)
}
