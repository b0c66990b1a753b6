package main

import (
	"bytes"
	"compress/gzip"
	"crypto/md5"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestAListMayHaveAnyForm(t *testing.T) {
	t.Parallel()
	const jsonLines = `{"URI":"oss://test-bucket/a.jpg","CustomId":"1"}` + "\n" + `{"URI":"oss://test-bucket/b.jpg","CustomLabels":{"x":"y"}}`
	for _, test := range []struct {
		name, text string
		args       []string
	}{
		{"list.txt", "# photos\noss://test-bucket/a.jpg\r\n\noss://test-bucket/b.jpg", nil},
		{"list", "oss://test-bucket/a.jpg\noss://test-bucket/b.jpg\n", []string{"--format", "uris"}},
		{"list.jsonl", jsonLines, nil},
		{"list.NDJSON", jsonLines, nil},
		{"list", jsonLines, []string{"--format", "jsonl"}},
		{"list.csv", "URI,label:x\noss://test-bucket/a.jpg,1\noss://test-bucket/b.jpg,2\n", nil},
		{"list.failed.jsonl", `{"URI":"oss://test-bucket/a.jpg","Error":"no"}` + "\n" + `{"URI":"oss://test-bucket/b.jpg","Error":"no"}`, nil},
	} {
		f := newFixture(t)
		path := write(t, test.name, test.text)
		code, out, errs := f.index(t, append([]string{"--yes", "--from", path}, test.args...)...)
		require.Equal(t, exitDone, code, "%s: %s", test.name, errs)
		require.Contains(t, out, "Files     2\n", test.name)
		require.Len(t, f.handedIn(t), 2, test.name)

		f = newFixture(t)
		f.in = strings.NewReader(test.text)
		code, out, errs = f.index(t, "--yes", "--from", "-")
		require.Equal(t, exitDone, code, "%s by a pipe: %s", test.name, errs)
		require.Contains(t, out, "Files     2\n", test.name)
	}
}

func TestAnInventoryReportIsFoundByItsManifest(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	folder := t.TempDir()
	var zipped bytes.Buffer
	w := gzip.NewWriter(&zipped)
	_, err := w.Write([]byte(`"test-bucket","photos%2Fcat%20at%20home.jpg"` + "\n" + `"test-bucket","b.jpg"` + "\n" + `"test-bucket","folder%2F"` + "\n"))
	require.NoError(t, err)
	require.NoError(t, w.Close())
	manifest := fmt.Sprintf(`{"sourceBucket":"test-bucket","fileFormat":"CSV","fileSchema":"Bucket, Key","files":[{"key":"data/1.csv.gz","MD5checksum":"%X"}]}`, md5.Sum(zipped.Bytes()))
	for name, data := range map[string][]byte{"data/1.csv.gz": zipped.Bytes(), "2026-11-25T00-00Z/manifest.json": []byte(manifest)} {
		path := filepath.Join(folder, filepath.FromSlash(name))
		require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o700))
		require.NoError(t, os.WriteFile(path, data, 0o600))
	}
	code, out, errs := f.index(t, "--yes", "--from", filepath.Join(folder, "2026-11-25T00-00Z", "manifest.json"))
	require.Equal(t, exitDone, code, errs)
	require.Contains(t, out, "Files     2\n")
	require.Contains(t, f.handedIn(t), "oss://test-bucket/photos/cat at home.jpg")
}

func TestADryRunCountsAndNeedsNothing(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.getenv = func(string) string { return "" }
	f.credentials = nil
	path := write(t, "list.txt", strings.Repeat("oss://b/1\n", 101))
	code, out, errs := f.call(t, "index", "--dry-run", "--from", path)
	require.Equal(t, exitDone, code, errs)
	require.Equal(t, "Files      101\nRequests   at least 2\nBad lines  0\n", out)

	path = write(t, "list.csv", "URI\noss://b/1\nb/2\n")
	code, out, errs = f.call(t, "index", "--dry-run", "--from", path, "-o", "jsonl")
	require.Equal(t, exitFailed, code)
	require.Contains(t, out, `{"Line":3,"Position":"3:18","Error":"`)
	require.Contains(t, out, "list.csv:3:")
	require.Contains(t, errs, "Files      1\nRequests   at least 1\nBad lines  1\n", "it does not disturb the lines")
	require.Contains(t, errs, "imm: 1 line cannot be read or sent as a file")

	code, _, errs = f.call(t, "index", "--dry-run", "--from", write(t, "list.txt", ""))
	require.Equal(t, exitUsage, code, "as in a run")
	require.Contains(t, errs, "imm: there is no file to index in the list")
	require.Empty(t, f.requests())
}

func TestAListThatCanBeReadOnlyOnceIsNotAskedAbout(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.answers("oss://b/1\n")
	code, _, errs := f.index(t, "--from", "-")
	require.Equal(t, exitUsage, code)
	require.Contains(t, errs, "imm: the standard input can be read only once, so its files cannot be counted before; add --yes to go ahead")
	require.Empty(t, f.handedIn(t))
}

func TestAListWithoutFilesIsAMistake(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	for text, args := range map[string][]string{"": {"--yes"}, "# nothing\n\n": {}, "nonsense\n": {}} {
		code, _, errs := f.index(t, append(args, "--from", write(t, "list.txt", text))...)
		require.Equal(t, exitUsage, code, text)
		require.Contains(t, errs, "imm: there is no file to index in the list", text)
	}
	require.Empty(t, f.handedIn(t))
}

func TestAListOfFailuresThatCannotBeWrittenIsToldBeforeAnythingIsCharged(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	code, _, errs := f.index(t, "--yes", "--failed", filepath.Join(t.TempDir(), "none", "failed"), "oss://b/1")
	require.Equal(t, exitUsage, code)
	require.Contains(t, errs, "imm: --failed: open ")
	require.Empty(t, f.handedIn(t))
}
