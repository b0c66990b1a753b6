package bulk

import (
	"context"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/imm-go/imm"
	"github.com/imm-go/imm/immtest"
)

func treeOf(names ...string) fstest.MapFS {
	fsys := fstest.MapFS{}
	for _, name := range names {
		fsys[name] = &fstest.MapFile{}
	}
	return fsys
}

func TestAWalkYieldsEachFileOnce(t *testing.T) {
	t.Parallel()
	fsys := treeOf("a/b.jpg", "a.jpg", "a-1/x", "a/c/d", "z", "a/b/e")
	fsys["empty"] = &fstest.MapFile{Mode: fs.ModeDir}
	fsys["socket"] = &fstest.MapFile{Mode: fs.ModeSocket}
	want := []string{"a/b/e", "a/b.jpg", "a/c/d", "a-1/x", "a.jpg", "z"}
	for place, prefix := range map[string]string{
		"oss://bucket": "oss://bucket/", "oss://bucket/": "oss://bucket/", "oss://bucket/p/q/": "oss://bucket/p/q/",
	} {
		var uris []string
		for _, line := range shown(readSource(t, Walk(fsys, place), "")) {
			uris = append(uris, strings.TrimPrefix(line, prefix))
		}
		require.ElementsMatch(t, want, uris)
	}
	requireResumable(t, func() Source { return Walk(fsys, "oss://bucket") })
}

func TestAWalkGoesOnWhereverFilesCameOrWentMeanwhile(t *testing.T) {
	t.Parallel()
	name := rapid.StringMatching(`[a-c.\-]/?[a-b.\-0]{0,2}(/[ab!]{1,2}){0,2}`)
	rapid.Check(t, func(t *rapid.T) {
		fsys := fstest.MapFS{}
		for _, path := range rapid.SliceOfN(name, 0, 12).Draw(t, "paths") {
			if path = strings.TrimSuffix(path, "/"); fs.ValidPath(path) && path != "." {
				fsys[path] = &fstest.MapFile{}
			}
		}
		for path := range fsys { // no file is a folder as well
			for other := range fsys {
				if strings.HasPrefix(other, path+"/") {
					delete(fsys, path)
				}
			}
		}
		var order []string
		require.NoError(t, fs.WalkDir(fsys, ".", func(path string, entry fs.DirEntry, err error) error {
			if err == nil && !entry.IsDir() {
				order = append(order, path)
			}
			return err
		}))
		after := rapid.SampledFrom(append(order, name.Draw(t, "gone"))).Draw(t, "after")
		var want []string
		for _, path := range order {
			isOfFolder := strings.HasSuffix(after, "/") && strings.HasPrefix(path, after) // which could not be read
			if walkedBehind(path, after) && !isOfFolder {
				want = append(want, path)
			}
		}
		require.True(t, slices.IsSortedFunc(order, func(a, b string) int {
			if a == b {
				return 0
			} else if walkedBehind(a, b) {
				return 1
			}
			return -1
		}), "%q", order)
		var got []string
		for item, err := range Walk(fsys, "oss://bucket").Items(context.Background(), after) {
			require.NoError(t, err)
			got = append(got, item.Position)
		}
		require.Equal(t, want, got)
	})
}

// deniedFS refuses to list one folder, after a part of it.
type deniedFS struct {
	fstest.MapFS
	folder string
}

func (d deniedFS) ReadDir(name string) ([]fs.DirEntry, error) {
	entries, err := d.MapFS.ReadDir(name)
	if name == d.folder {
		return entries[:1], &fs.PathError{Op: "readdir", Path: name, Err: fs.ErrPermission}
	}
	return entries, err
}

func TestAFolderThatCannotBeReadIsOneError(t *testing.T) {
	t.Parallel()
	open := func() Source { return Walk(deniedFS{treeOf("a", "b/1", "b/2", "c"), "b"}, "oss://bucket") }
	got := readSource(t, open(), "")
	require.Equal(t, []string{"oss://bucket/a", "BAD walk the files of oss://bucket: readdir b: permission denied", "oss://bucket/c"}, shown(got))
	require.ErrorIs(t, got[1].err, fs.ErrPermission)
	require.Equal(t, "b/", got[1].item.Position)
	requireResumable(t, open)
	for _, err := range open().Items(t.Context(), "a") {
		require.ErrorIs(t, err, fs.ErrPermission)
		break
	}
	// Where the position is in such a folder, nobody knows what comes next.
	got = readSource(t, open(), "b/1")
	require.Equal(t, []string{"END walk the files of oss://bucket: readdir b: permission denied"}, shown(got))
	got = readSource(t, Walk(deniedFS{treeOf("a", "b"), "."}, "oss://bucket"), "")
	require.Equal(t, []string{"END walk the files of oss://bucket: readdir .: permission denied"}, shown(got))
	got = readSource(t, Walk(os.DirFS(filepath.Join(t.TempDir(), "missing")), "oss://bucket"), "")
	require.Len(t, got, 1)
	require.ErrorIs(t, got[0].err, fs.ErrNotExist)
}

func TestSymbolicLinksToFilesAreFiles(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	require.NoError(t, os.MkdirAll(filepath.Join(folder, "real"), 0o700))
	require.NoError(t, os.WriteFile(filepath.Join(folder, "real", "file"), nil, 0o600))
	for link, target := range map[string]string{"link": "real/file", "loop": ".", "gone": "nothing"} {
		require.NoError(t, os.Symlink(target, filepath.Join(folder, link)))
	}
	got := readSource(t, Walk(os.DirFS(folder), "oss://bucket"), "")
	require.Len(t, got, 3)
	require.ErrorIs(t, got[0].err, fs.ErrNotExist)
	require.Equal(t, "gone", got[0].item.Position)
	require.Equal(t, []string{"oss://bucket/link", "oss://bucket/real/file"}, shown(got[1:]))
}

func TestAPlaceThatIsNoneIsAnError(t *testing.T) {
	t.Parallel()
	for _, place := range []string{"", "bucket", "oss://", "oss:///a", "pds://domains/d", "OSS://bucket"} {
		source := Walk(treeOf("a"), place)
		_, err := source.Fingerprint(t.Context())
		require.ErrorContains(t, err, "want oss://bucket or oss://bucket/prefix", place)
		got := readSource(t, source, "")
		require.Len(t, got, 1)
		require.EqualError(t, got[0].err, err.Error())
	}
	one, err := Walk(treeOf("a"), "oss://bucket/a/").Fingerprint(t.Context())
	require.NoError(t, err)
	same, err := Walk(treeOf("b"), "oss://bucket/a").Fingerprint(t.Context())
	require.NoError(t, err)
	require.Equal(t, one, same)
	other, err := Walk(treeOf("a"), "oss://bucket/b").Fingerprint(t.Context())
	require.NoError(t, err)
	require.NotEqual(t, one, other)
}

func TestAWalkEndsWithItsContext(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var last error
	for _, err := range Walk(treeOf("a", "b", "c"), "oss://bucket").Items(ctx, "") {
		cancel()
		last = err
	}
	require.ErrorIs(t, last, context.Canceled)
}

func TestTheEmulatorFindsWhatAWalkYields(t *testing.T) {
	t.Parallel()
	fsys := treeOf("a/b c+%.txt", "ü/d.txt", "e")
	server := immtest.NewServer(immtest.WithBucket("walked", fsys))
	defer server.Close()
	request := &imm.BatchIndexFileMetaRequest{ProjectName: "test-project", DatasetName: "test-dataset"}
	request.Notification.MNS.TopicName = "walks"
	for item, err := range Walk(fsys, "oss://walked").Items(t.Context(), "") {
		require.NoError(t, err)
		request.Files = append(request.Files, item.File)
	}
	require.Len(t, request.Files, 3)
	_, err := server.Client().BatchIndexFileMeta(t.Context(), request)
	require.NoError(t, err)
	data, err := server.WaitMessage(t.Context(), "walks")
	require.NoError(t, err)
	message, err := imm.ParseIndexMessage(data)
	require.NoError(t, err)
	require.NoError(t, message.Err())
}
