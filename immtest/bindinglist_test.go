package immtest

import (
	"context"
	"fmt"
	"io/fs"
	"runtime"
	"sync/atomic"
	"testing"
	"testing/fstest"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/imm-go/imm"
)

func TestBindingsOfADatasetAreListedInPages(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newServer(t, WithFullScanTime(time.Hour))
		for i := range 5 {
			s.PutObject(fmt.Sprintf("bucket-%d", i), "k", nil)
			ask(t, s, "CreateBinding", inDataset("URI", fmt.Sprintf("oss://bucket-%d", i)))
		}
		ask(t, s, "CreateBinding", inDataset("DatasetName", "another", "URI", "oss://bucket-0"))
		s.FailBinding("bucket-1", "The role cannot be assumed.")
		sleep(t, time.Second)
		var got []any
		params := inDataset("MaxResults", "2", "Name", "means nothing")
		for pages := 1; ; pages++ {
			body := ask(t, s, "ListBindings", params)
			require.Len(t, body, 3)
			got = append(got, body["Bindings"].([]any)...)
			if params.Set("NextToken", body["NextToken"].(string)); params.Get("NextToken") == "" {
				require.Equal(t, 3, pages)
				break
			}
		}
		require.Len(t, got, 5)
		for i, b := range got {
			uri := fmt.Sprintf("oss://bucket-%d", i)
			require.Equal(t, ask(t, s, "GetBinding", inDataset("URI", uri))["Binding"], b)
		}
		require.Equal(t, "Failed", got[1].(map[string]any)["State"])
		failsWith(t, s, "ResourceNotFound", "ListBindings", inDataset("DatasetName", "none"))
	})
}

func TestADeletedBindingKeepsWhatIsIndexedAndFollowsNothing(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		files := fstest.MapFS{"folder.txt": {Data: []byte("f")}}
		s := newServer(t, WithBucket("test-bucket", files), WithRescanInterval(time.Second))
		ask(t, s, "CreateBinding", bindTestBucket)
		other := inDataset("DatasetName", "another", "URI", "oss://test-bucket")
		ask(t, s, "CreateBinding", other)
		sleep(t, time.Second)
		require.Len(t, ask(t, s, "DeleteBinding", bindTestBucket), 1)
		failsWith(t, s, "ResourceNotFound", "GetBinding", bindTestBucket)
		failsWith(t, s, "ResourceNotFound", "DeleteBinding", bindTestBucket)
		s.PutObject("test-bucket", "b.txt", nil)
		s.DeleteObject("test-bucket", "folder.txt")
		s.FailBinding("test-bucket", "reason") // finds the other one only
		sleep(t, time.Minute)
		require.Equal(t, []string{"oss://test-bucket/folder.txt"}, uris(s.Files("test-project", "test-dataset")))
		require.Equal(t, []string{"oss://test-bucket/b.txt"}, uris(s.Files("test-project", "another")))
		require.Len(t, s.Bindings(), 1)
		ask(t, s, "DeleteBinding", other) // one that failed
		s.FailBinding("test-bucket", "")
		ask(t, s, "CreateBinding", bindTestBucket)
		sleep(t, time.Second)
		require.Len(t, s.Files("test-project", "test-dataset"), 2, "a new one scans anew")
	})
}

func TestABindingThatIsDeletedWhileReadyNeverScans(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newServer(t)
		s.PutObject("test-bucket", "a.txt", nil)
		ask(t, s, "CreateBinding", bindTestBucket)
		ask(t, s, "DeleteBinding", bindTestBucket)
		sleep(t, time.Minute)
		require.Empty(t, s.Files("test-project", "test-dataset"))
	})
}

func TestDeleteBindingEndsItsScanBeforeItAnswers(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		files := &stoppedFS{reading: make(chan struct{}), release: make(chan struct{})}
		s := newServer(t, WithBucket("test-bucket", files), WithReadyTime(0))
		s.PutObject("test-bucket", "a.txt", nil)
		ask(t, s, "CreateBinding", bindTestBucket)
		<-files.reading
		answered := make(chan error, 1)
		client := s.Client()
		go func() {
			_, err := client.DeleteBinding(t.Context(), &imm.DeleteBindingRequest{ProjectName: "test-project", DatasetName: "test-dataset", URI: "oss://test-bucket"})
			answered <- err
		}()
		synctest.Wait()
		require.Empty(t, answered, "the scan reads still")
		require.Empty(t, s.Bindings())
		close(files.release)
		require.NoError(t, <-answered)
		synctest.Wait()
		require.Empty(t, s.Files("test-project", "test-dataset"))
	})
}

// countingFS counts how often one of its files is opened.
type countingFS struct {
	fstest.MapFS
	opened *atomic.Int64
}

func (f countingFS) Open(name string) (fs.File, error) {
	f.opened.Add(1)
	return f.MapFS.Open(name)
}

func TestNothingIsReadForABindingThatIsDeleted(t *testing.T) {
	t.Parallel()
	files := countingFS{make(fstest.MapFS), new(atomic.Int64)}
	for i := range 300 {
		files.MapFS[fmt.Sprintf("%03d.txt", i)] = &fstest.MapFile{Data: []byte("x")}
	}
	for round := range 30 {
		synctest.Test(t, func(t *testing.T) {
			s := newServer(t, WithBucket("test-bucket", files), WithReadyTime(0), WithRescanInterval(time.Second))
			ask(t, s, "CreateBinding", bindTestBucket)
			for range round * 5 {
				runtime.Gosched() // so that the scan is cut at different places
			}
			ask(t, s, "DeleteBinding", bindTestBucket)
			opened, indexed := files.opened.Load(), len(s.Files("test-project", "test-dataset"))
			synctest.Wait()
			require.Equal(t, opened, files.opened.Load())
			require.Len(t, s.Files("test-project", "test-dataset"), indexed)
		})
	}
}

func TestADeleteOfABindingGivesWayToTheEndOfTheCall(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		files := &stoppedFS{reading: make(chan struct{}), release: make(chan struct{})}
		s := newServer(t, WithBucket("test-bucket", files), WithReadyTime(0))
		ask(t, s, "CreateBinding", bindTestBucket)
		<-files.reading
		by, left := s.Transport(), make(chan error, 1)
		req := signed("DeleteBinding", bindTestBucket)
		ctx, cancel := context.WithCancel(t.Context())
		go func() {
			_, err := by.RoundTrip(req.WithContext(ctx))
			left <- err
		}()
		synctest.Wait()
		cancel()
		require.Error(t, <-left)
		require.Empty(t, s.Bindings(), "it is deleted all the same")
		close(files.release)
	})
}
