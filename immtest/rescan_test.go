package immtest

import (
	"io/fs"
	"sync"
	"sync/atomic"
	"testing"
	"testing/fstest"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
)

// folder can change while it is read, counts how often it is walked, and can be
// unreadable in part.
type folder struct {
	fstest.MapFS

	mu     *sync.Mutex
	walks  *atomic.Int64
	locked *atomic.Bool
}

func newFolder() folder {
	return folder{fstest.MapFS{}, new(sync.Mutex), new(atomic.Int64), new(atomic.Bool)}
}

func (f folder) Open(name string) (fs.File, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.MapFS.Open(name)
}

func (f folder) Stat(name string) (fs.FileInfo, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.MapFS.Stat(name)
}

func (f folder) ReadDir(name string) ([]fs.DirEntry, error) {
	if name == "." {
		f.walks.Add(1)
	}
	if name == "sub" && f.locked.Load() {
		return nil, errBroken
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.MapFS.ReadDir(name)
}

func (f folder) put(key string, width int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.MapFS[key] = &fstest.MapFile{Data: pngImage(width, 1), ModTime: time.Now()}
}

func (f folder) remove(key string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	delete(f.MapFS, key)
}

// widths are those of the images in a dataset, by name.
func widths(s *Server, dataset string) map[string]int64 {
	found := make(map[string]int64)
	for _, f := range s.Files("test-project", dataset) {
		found[f.URI[len("oss://test-bucket/"):]] = f.ImageWidth
	}
	return found
}

func TestChangesInAFolderAreFollowed(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		dir := newFolder()
		dir.put("same.png", 1)
		dir.put("changed.png", 1)
		dir.put("gone.png", 1)
		dir.put("hidden.png", 1)
		s := newServer(t, WithBucket("test-bucket", dir), WithRescanInterval(time.Second))
		ask(t, s, "CreateBinding", bindTestBucket)
		sleep(t, 500*time.Millisecond)
		s.PutObject("test-bucket", "hidden.png", pngImage(9, 9))
		untouched := s.Files("test-project", "test-dataset")[3]
		require.Equal(t, "oss://test-bucket/same.png", untouched.URI)

		dir.put("changed.png", 2)
		dir.put("sub/new.png", 3)
		dir.put("hidden.png", 4)
		dir.remove("gone.png")
		require.Equal(t, map[string]int64{"same.png": 1, "changed.png": 1, "gone.png": 1, "hidden.png": 9}, widths(s, "test-dataset"))
		sleep(t, 700*time.Millisecond-1)
		require.Len(t, widths(s, "test-dataset"), 4, "the interval is not over")
		sleep(t, 1)
		require.Equal(t, map[string]int64{"same.png": 1, "changed.png": 2, "sub/new.png": 3, "hidden.png": 9}, widths(s, "test-dataset"))
		require.Equal(t, untouched, s.Files("test-project", "test-dataset")[2], "what did not change is not read again")

		dir.remove("hidden.png")
		sleep(t, time.Second)
		require.Contains(t, widths(s, "test-dataset"), "hidden.png", "the object that was put is still there")
	})
}

func TestAFolderIsWalkedOnceForAllOfItsBindings(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		dir := newFolder()
		dir.put("a.png", 1)
		s := newServer(t, WithBucket("test-bucket", dir), WithRescanInterval(time.Second), WithReadyTime(0))
		for _, dataset := range []string{"d1", "d2", "d3"} {
			ask(t, s, "CreateBinding", inDataset("URI", "oss://test-bucket", "DatasetName", dataset))
		}
		synctest.Wait()
		require.Equal(t, int64(3), dir.walks.Load(), "each binding scans")
		dir.put("b.png", 2)
		sleep(t, 10*time.Second)
		require.Equal(t, int64(13), dir.walks.Load())
		for _, dataset := range []string{"d1", "d2", "d3"} {
			require.Len(t, widths(s, dataset), 2)
		}
		s.FailBinding("test-bucket", "AccessDenied")
		sleep(t, time.Minute)
		require.LessOrEqual(t, dir.walks.Load(), int64(14), "nobody looks for a bucket that nobody follows")

		s.FailBinding("test-bucket", "")
		dir.put("a.png", 3)
		ask(t, s, "CreateBinding", inDataset("URI", "oss://test-bucket", "DatasetName", "d4"))
		synctest.Wait()
		dir.put("c.png", 4)
		sleep(t, time.Second)
		require.Equal(t, map[string]int64{"a.png": 3, "b.png": 2, "c.png": 4}, widths(s, "d4"))
		require.Len(t, widths(s, "d1"), 2)
	})
}

func TestNothingGetsLostBetweenAScanAndTheLookBefore(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		dir := newFolder()
		s := newServer(t, WithBucket("test-bucket", dir), WithRescanInterval(time.Second), WithReadyTime(0))
		ask(t, s, "CreateBinding", inDataset("URI", "oss://test-bucket", "DatasetName", "d1"))
		sleep(t, 1500*time.Millisecond)
		dir.put("short-lived.png", 1)
		ask(t, s, "CreateBinding", inDataset("URI", "oss://test-bucket", "DatasetName", "d2"))
		synctest.Wait()
		require.Len(t, widths(s, "d2"), 1)
		dir.remove("short-lived.png")
		sleep(t, time.Second)
		require.Empty(t, widths(s, "d2"))
	})
}

func TestAFolderThatCannotBeReadLosesNoFiles(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		dir := newFolder()
		dir.put("a.png", 1)
		dir.put("sub/b.png", 1)
		s := newServer(t, WithBucket("test-bucket", dir), WithRescanInterval(time.Second))
		ask(t, s, "CreateBinding", bindTestBucket)
		sleep(t, 500*time.Millisecond)
		dir.locked.Store(true)
		dir.put("c.png", 1)
		sleep(t, time.Second)
		require.Equal(t, map[string]int64{"a.png": 1, "sub/b.png": 1, "c.png": 1}, widths(s, "test-dataset"))
		dir.locked.Store(false)
		dir.remove("sub/b.png")
		sleep(t, time.Second)
		require.Equal(t, map[string]int64{"a.png": 1, "c.png": 1}, widths(s, "test-dataset"))
	})
}

func TestWithoutAnIntervalAFolderIsReadOnce(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		dir := newFolder()
		dir.put("a.png", 1)
		s := newServer(t, WithBucket("test-bucket", dir))
		ask(t, s, "CreateBinding", bindTestBucket)
		sleep(t, 500*time.Millisecond)
		dir.put("b.png", 1)
		sleep(t, time.Hour)
		require.Len(t, widths(s, "test-dataset"), 1)
		require.Equal(t, int64(1), dir.walks.Load())
	})
}
