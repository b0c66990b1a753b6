package immtest

import (
	"context"
	"fmt"
	"io/fs"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/imm-go/imm"
)

// endlessFS has every file, each with the same few bytes, and keeps none.
type endlessFS struct{}

func (endlessFS) Open(name string) (fs.File, error) {
	return &endlessFile{name: name, content: strings.NewReader("content")}, nil
}

type endlessFile struct {
	name    string
	content *strings.Reader
}

func (f *endlessFile) Stat() (fs.FileInfo, error) { return f, nil }
func (f *endlessFile) Read(p []byte) (int, error) { return f.content.Read(p) }
func (f *endlessFile) Close() error               { return nil }
func (f *endlessFile) Name() string               { return f.name }
func (f *endlessFile) Size() int64                { return f.content.Size() }
func (f *endlessFile) Mode() fs.FileMode          { return 0o444 }
func (f *endlessFile) ModTime() time.Time         { return time.Unix(1_700_000_000, 0) }
func (f *endlessFile) IsDir() bool                { return false }
func (f *endlessFile) Sys() any                   { return nil }

// indexMany indexes files in batches of 100 through the client, and waits for the
// message about each batch.
func indexMany(ctx context.Context, s *Server, first, count int) error {
	client := s.Client()
	files := make([]imm.InputFile, 100)
	for i := first; i < first+count; i += len(files) {
		for j := range files {
			files[j].URI = fmt.Sprintf("oss://test-bucket/photos/2024/%08d.jpg", i+j)
		}
		_, err := client.BatchIndexFileMeta(ctx, &imm.BatchIndexFileMetaRequest{
			ProjectName: "test-project", DatasetName: "test-dataset", Files: files,
			Notification: imm.Notification{MNS: imm.MNS{TopicName: "test-topic"}},
		})
		if err != nil {
			return err
		}
		if _, err := s.WaitMessage(ctx, "test-topic"); err != nil {
			return err
		}
	}
	return nil
}

// heap is how much memory is in use.
func heapInUse() uint64 {
	var m runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

// forgetRecords lets go of what has a bound of its own, however many files there
// are: requests and messages.
func (s *Server) forgetRecords() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.requests, s.recorded = nil, 0
	clear(s.topics)
}

// BenchmarkMillionFiles indexes a million files in each iteration.
func BenchmarkMillionFiles(b *testing.B) {
	const files = 1_000_000
	for b.Loop() {
		before := heapInUse()
		s := NewServer(WithBucket("test-bucket", endlessFS{}), WithIndexDelay(0))
		if err := indexMany(b.Context(), s, 0, files); err != nil {
			b.Fatal(err)
		}
		b.StopTimer()
		all := heapInUse() - before
		s.forgetRecords()
		dataset := heapInUse() - before
		b.ReportMetric(float64(all)/(1<<20), "MiB")
		b.ReportMetric(float64(dataset)/files, "bytes/file")
		b.ReportMetric(files/b.Elapsed().Seconds(), "files/s")
		s.Close()
		b.StartTimer()
	}
}

// A million files have to fit into a test's memory. Parallel tests wait while this
// one runs, so that what is counted is its own; the bound leaves room all the same
// above the 280 bytes that it is.
func TestAFileTakesFewBytes(t *testing.T) {
	s := newServer(t, WithBucket("test-bucket", endlessFS{}), WithIndexDelay(0))
	const files = 20_000
	require.NoError(t, indexMany(t.Context(), s, 0, files))
	s.forgetRecords()
	with := heapInUse()
	s.mu.Lock()
	clear(s.projects)
	s.mu.Unlock()
	perFile := (with - heapInUse()) / files
	require.Less(t, perFile, uint64(500))
	require.Greater(t, perFile, uint64(100), "what was counted are not the files")
	runtime.KeepAlive(s)
}
