package main

import (
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"
)

// This test is not parallel: the folder is that of the whole process.
func TestFailuresThatCannotBeListedAreShown(t *testing.T) {
	folder := t.TempDir()
	t.Chdir(folder)
	require.NoError(t, os.Remove(folder)) // no file can be made in it, not even by root
	f := newFixture(t)
	f.in = strings.NewReader("nonsense\noss://b/1\nmore\x1b[31m nonsense\n")
	code, out, errs := f.index(t, "--yes", "--from", "-")
	require.Equal(t, exitFailed, code, errs)
	require.Contains(t, out, "Accepted  1\nFailed    2\nRequests", "no file is named that is not there")
	require.Contains(t, errs, "The list of files that failed cannot be written. These lines belong in it, and --from takes them:\n{\"Error\":\"")
	require.Contains(t, errs, "imm: the list of files that failed cannot be written: open imm-")
	require.Contains(t, errs, "; 2 failures are shown above\n")
	require.NotContains(t, errs, "says why")
	require.NotContains(t, errs, "\x1b")
	shown := 0
	for line := range strings.Lines(errs) {
		var failure failedLine
		if strings.HasPrefix(line, "{") {
			require.NoError(t, json.Unmarshal([]byte(line), &failure))
			require.Contains(t, failure.Error, "is no URI of a file")
			shown++
		}
	}
	require.Equal(t, 2, shown)
}

func TestResultsTellThePlaceInTheList(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	path := write(t, "list.txt", "# photos\noss://b/1\nnonsense\n")
	_, out, _ := f.index(t, "--yes", "-o", "jsonl", "--failed", filepath.Join(t.TempDir(), "failed"), "--from", path)
	places := make(map[int64]string)
	for line := range strings.Lines(out) {
		var result resultLine
		require.NoError(t, json.Unmarshal([]byte(line), &result))
		places[result.Line] = result.Status + " at " + result.Position
	}
	require.Equal(t, map[int64]string{2: "accepted at 2:19", 3: "failed at 3:28"}, places)
}

// headless is a pipe whose reader leaves after some bytes.
type headless struct {
	io.Writer

	left int
}

func (h *headless) Write(p []byte) (int, error) {
	if h.left -= len(p); h.left < 0 {
		return 0, &os.PathError{Op: "write", Path: "/dev/stdout", Err: syscall.EPIPE}
	}
	return h.Writer.Write(p)
}

func TestARunGoesOnWhereNobodyReadsItsResultsAnyMore(t *testing.T) {
	t.Parallel()
	path := write(t, "list.txt", numbered(500)+"nonsense\n")
	for _, form := range []string{"jsonl", "json", "table"} {
		f := newFixture(t)
		failed := filepath.Join(t.TempDir(), "failed")
		f.program.out = &headless{f.out, 1000}
		if form != "jsonl" {
			f.program.out = &headless{f.out, 0}
		}
		code, _, errs := f.index(t, "--yes", "-o", form, "--failed", failed, "--from", path)
		require.Equal(t, exitFailed, code, "by what became of the files")
		require.Contains(t, errs, "Files         501\nAccepted      500\nFailed        1\n", form)
		require.Contains(t, errs, "imm: 1 of 501 files failed; "+failed+" says why\n")
		require.NotContains(t, errs, "broken pipe")
		require.Len(t, f.handedIn(t), 500)
	}
}

func TestACommandEndsWhereNobodyReadsItsOutputAnyMore(t *testing.T) {
	t.Parallel()
	for _, form := range []string{"jsonl", "json", "table"} {
		f := newFixture(t)
		f.must(t, "project", "create", "photos")
		f.program.out = &headless{f.out, 0}
		code, _, errs := f.call(t, "project", "list", "-o", form)
		require.Equal(t, exitDone, code, form)
		require.Empty(t, errs, form)
	}
	f := newFixture(t)
	require.Equal(t, exitFailed, f.end(t.Context(), syscall.EPIPE), "a broken connection is another matter")
}
