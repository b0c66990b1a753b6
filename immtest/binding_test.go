package immtest

import (
	"errors"
	"io/fs"
	"net/http"
	"testing"
	"testing/fstest"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/imm-go/imm"
)

var bindTestBucket = inDataset("URI", "oss://test-bucket")

// stateOf asks for the binding and returns its state and phase.
func stateOf(t *testing.T, s *Server) string {
	t.Helper()
	b := ask(t, s, "GetBinding", bindTestBucket)["Binding"].(map[string]any)
	return b["State"].(string) + "/" + b["Phase"].(string)
}

// sleep lets time pass in a bubble, and what is due happen.
func sleep(t *testing.T, d time.Duration) {
	t.Helper()
	<-time.After(d)
	synctest.Wait()
}

func uris(files []File) []string {
	var all []string
	for _, f := range files {
		all = append(all, f.URI)
	}
	return all
}

func TestABindingsStatesAppearAtTheirTimes(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newServer(t)
		s.PutObject("test-bucket", "a.png", pngImage(3, 4))
		created := time.Now()
		body := ask(t, s, "CreateBinding", bindTestBucket)
		require.Len(t, body, 2)
		require.NotEmpty(t, body["RequestId"])
		at := created.In(location).Format(time.RFC3339Nano)
		require.Equal(t, map[string]any{
			"ProjectName": "test-project", "DatasetName": "test-dataset", "URI": "oss://test-bucket",
			"State": "Ready", "Phase": "", "Reason": "", "Detail": "", "CreateTime": at, "UpdateTime": at,
		}, body["Binding"])
		require.Contains(t, at, "+08:00")

		sleep(t, 200*time.Millisecond-time.Nanosecond)
		require.Equal(t, "Ready/", stateOf(t, s))
		require.Empty(t, s.Files("test-project", "test-dataset"))
		sleep(t, time.Nanosecond)
		require.Equal(t, "Running/FullScanning", stateOf(t, s))
		require.Equal(t, []string{"oss://test-bucket/a.png"}, uris(s.Files("test-project", "test-dataset")))
		sleep(t, 300*time.Millisecond-time.Nanosecond)
		require.Equal(t, "Running/FullScanning", stateOf(t, s))
		sleep(t, time.Nanosecond)
		require.Equal(t, "Running/IncrementalScanning", stateOf(t, s))

		b := s.Bindings()[0]
		require.Equal(t, imm.StateRunning, b.State)
		require.True(t, b.CreateTime.Equal(created))
		require.True(t, b.UpdateTime.Equal(created.Add(500*time.Millisecond)))
	})
}

func TestTheTimesOfABindingCanBeSet(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newServer(t, WithBucket("test-bucket", nil), WithReadyTime(time.Hour), WithFullScanTime(0))
		ask(t, s, "CreateBinding", bindTestBucket)
		sleep(t, time.Hour-1)
		require.Equal(t, "Ready/", stateOf(t, s))
		sleep(t, 1)
		require.Equal(t, "Running/IncrementalScanning", stateOf(t, s))
	})
}

func TestASecondBindingOfTheSamePairAlreadyExists(t *testing.T) {
	t.Parallel()
	s := newServer(t, WithBucket("test-bucket", nil))
	ask(t, s, "CreateBinding", bindTestBucket)
	r := send(t, s, signed("CreateBinding", bindTestBucket))
	require.Equal(t, http.StatusConflict, r.status)
	require.Equal(t, "ResourceAlreadyExists", r.code())
	ask(t, s, "CreateBinding", inDataset("URI", "oss://test-bucket", "DatasetName", "another"))
	ask(t, s, "CreateBinding", inDataset("URI", "oss://test-bucket", "ProjectName", "another"))
	s.PutObject("another-bucket", "k", nil)
	ask(t, s, "CreateBinding", inDataset("URI", "oss://another-bucket"))
	var order []string
	for _, b := range s.Bindings() {
		order = append(order, b.ProjectName+" "+b.DatasetName+" "+b.URI)
	}
	require.Equal(t, []string{
		"another test-dataset oss://test-bucket", "test-project another oss://test-bucket",
		"test-project test-dataset oss://another-bucket", "test-project test-dataset oss://test-bucket",
	}, order)
}

// brokenFS has a file that opens and cannot be read, one that does not open, and
// a folder that cannot be listed.
type brokenFS struct{ fstest.MapFS }

var errBroken = errors.New("input/output error")

func (b brokenFS) Open(name string) (fs.File, error) {
	switch name {
	case "closed.png", "folder":
		return nil, &fs.PathError{Op: "open", Path: name, Err: errBroken}
	case "torn.png":
		file, err := b.MapFS.Open(name)
		return tornFile{file}, err
	}
	return b.MapFS.Open(name)
}

func (b brokenFS) ReadDir(name string) ([]fs.DirEntry, error) {
	if name == "folder" {
		return nil, errBroken
	}
	return b.MapFS.ReadDir(name)
}

type tornFile struct{ fs.File }

func (tornFile) Read([]byte) (int, error) { return 0, errBroken }

func TestAScanReadsEveryObjectAndStopsForNone(t *testing.T) {
	t.Parallel()
	modified := time.Date(2024, 5, 6, 7, 8, 9, 0, time.UTC)
	file := func(data []byte) *fstest.MapFile { return &fstest.MapFile{Data: data, ModTime: modified} }
	photos := brokenFS{fstest.MapFS{
		"a.png":           file(pngImage(30, 40)),
		"deep/er/b.jpg":   file(jpegImage(50, 60)),
		"c.gif":           file(gifImage(7, 8)),
		"not-really.png":  file([]byte("text")),
		"cut.jpg":         file(jpegImage(50, 60)[:10]),
		"without-ending":  file(pngImage(1, 2)),
		"empty":           file(nil),
		"notes.txt":       file([]byte("hello")),
		"all.zip":         file([]byte("PK")),
		"closed.png":      file(pngImage(1, 1)),
		"torn.png":        file(pngImage(1, 1)),
		"folder/lost.png": file(pngImage(1, 1)),
	}}
	synctest.Test(t, func(t *testing.T) {
		s := newServer(t, WithBucket("test-bucket", photos))
		s.PutObject("test-bucket", "later.png", pngImage(5, 6))
		s.PutObject("test-bucket", "gone.png", nil)
		s.DeleteObject("test-bucket", "gone.png")
		s.DeleteObject("test-bucket", "all.zip")
		s.DeleteObject("another", "k")
		ask(t, s, "CreateBinding", bindTestBucket)
		sleep(t, time.Second)

		found := make(map[string]File)
		for _, f := range s.Files("test-project", "test-dataset") {
			require.Equal(t, imm.ObjectIndexed, f.ObjectStatus)
			require.Empty(t, f.OSSURI, "it is for PDS files only")
			found[f.URI[len("oss://test-bucket/"):]] = f
		}
		require.Len(t, found, 11)
		type look struct {
			contentType, mediaType string
			size, width, height    int64
		}
		for key, want := range map[string]look{
			"a.png":          {"image/png", "image", int64(len(pngImage(30, 40))), 30, 40},
			"deep/er/b.jpg":  {"image/jpeg", "image", int64(len(jpegImage(50, 60))), 50, 60},
			"c.gif":          {"image/gif", "image", int64(len(gifImage(7, 8))), 7, 8},
			"later.png":      {"image/png", "image", int64(len(pngImage(5, 6))), 5, 6},
			"not-really.png": {"image/png", "image", 4, 0, 0},
			"cut.jpg":        {"image/jpeg", "image", 10, 0, 0},
			"without-ending": {"image/png", "image", int64(len(pngImage(1, 2))), 1, 2},
			"empty":          {"text/plain", "document", 0, 0, 0},
			"notes.txt":      {"text/plain", "document", 5, 0, 0},
			"closed.png":     {"image/png", "image", 0, 0, 0},
			"torn.png":       {"image/png", "image", 0, 0, 0},
		} {
			f, ok := found[key]
			require.True(t, ok, key)
			require.Equal(t, want, look{f.ContentType, string(f.MediaType), f.Size, f.ImageWidth, f.ImageHeight}, key)
		}
		require.Equal(t, "deep/er/b.jpg", found["deep/er/b.jpg"].Filename)
		require.Equal(t, `"5D41402ABC4B2A76B9719D911017C592"`, found["notes.txt"].ETag)
		require.True(t, found["notes.txt"].FileModifiedTime.Equal(modified))
		require.Empty(t, found["notes.txt"].Reason)
		require.NotEmpty(t, found["closed.png"].Reason)
		require.NotEmpty(t, found["torn.png"].Reason)
		require.NotContains(t, found["torn.png"].Reason, errBroken.Error())
	})
}

func TestABindingFollowsItsBucket(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newServer(t, WithBucket("test-bucket", nil))
		files := func() []string { return uris(s.Files("test-project", "test-dataset")) }
		ask(t, s, "CreateBinding", bindTestBucket)
		s.PutObject("test-bucket", "ready.png", pngImage(1, 1))
		require.Empty(t, files(), "a binding that is Ready follows nothing yet")
		sleep(t, 300*time.Millisecond)
		require.Equal(t, "Running/FullScanning", stateOf(t, s))
		require.Equal(t, []string{"oss://test-bucket/ready.png"}, files())
		s.PutObject("test-bucket", "full.png", pngImage(1, 1))
		require.Len(t, files(), 2)
		sleep(t, 300*time.Millisecond)
		require.Equal(t, "Running/IncrementalScanning", stateOf(t, s))
		s.PutObject("test-bucket", "incremental.png", pngImage(1, 1))
		s.PutObject("another-bucket", "other.png", pngImage(1, 1))
		require.Equal(t, []string{
			"oss://test-bucket/full.png", "oss://test-bucket/incremental.png", "oss://test-bucket/ready.png",
		}, files())

		created := s.Files("test-project", "test-dataset")[0].CreateTime
		sleep(t, time.Minute)
		s.PutObject("test-bucket", "full.png", pngImage(8, 9))
		f := s.Files("test-project", "test-dataset")[0]
		require.Equal(t, int64(8), f.ImageWidth)
		require.Equal(t, created, f.CreateTime)
		require.Greater(t, f.UpdateTime.Sub(created), time.Minute-1)

		s.DeleteObject("test-bucket", "full.png")
		require.Len(t, files(), 2)
	})
}

func TestPutObjectKeepsItsOwnCopy(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newServer(t, WithReadyTime(0))
		data := []byte("hello")
		s.PutObject("test-bucket", "a.txt", data)
		copy(data, "HELLO")
		ask(t, s, "CreateBinding", bindTestBucket)
		sleep(t, time.Second)
		require.Equal(t, `"5D41402ABC4B2A76B9719D911017C592"`, s.Files("test-project", "test-dataset")[0].ETag)
	})
}

// slowFS lets a test do something while an object is being read.
type slowFS struct {
	fstest.MapFS
	opened, proceed chan struct{}
}

func (s slowFS) Open(name string) (fs.File, error) {
	if name == "a.png" {
		s.opened <- struct{}{}
		<-s.proceed
	}
	return s.MapFS.Open(name)
}

func TestAScanDoesNotOverwriteWhatWasPutMeanwhile(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		slow := slowFS{fstest.MapFS{"a.png": {Data: pngImage(1, 1)}}, make(chan struct{}), make(chan struct{})}
		s := newServer(t, WithBucket("test-bucket", slow))
		ask(t, s, "CreateBinding", bindTestBucket)
		<-slow.opened
		s.PutObject("test-bucket", "a.png", pngImage(2, 2))
		require.Equal(t, int64(2), s.Files("test-project", "test-dataset")[0].ImageWidth)
		slow.proceed <- struct{}{}
		sleep(t, time.Second)
		require.Equal(t, int64(2), s.Files("test-project", "test-dataset")[0].ImageWidth)
	})
}

func TestAScanThatMeetsTheEndOfTheServerGivesWay(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		slow := slowFS{fstest.MapFS{"a.png": {Data: pngImage(1, 1)}, "b.png": {Data: pngImage(1, 1)}}, make(chan struct{}), make(chan struct{})}
		s := NewServer(WithBucket("test-bucket", slow))
		ask(t, s, "CreateBinding", bindTestBucket)
		<-slow.opened
		closed := make(chan struct{})
		go func() { s.Close(); close(closed) }()
		synctest.Wait()
		select {
		case <-closed:
			t.Fatal("Close returned while a scan was running")
		default:
		}
		slow.proceed <- struct{}{}
		<-closed
		require.Equal(t, []string{"oss://test-bucket/a.png"}, uris(s.Files("test-project", "test-dataset")))
	})
}
