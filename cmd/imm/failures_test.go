package main

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/imm-go/imm"
	"github.com/imm-go/imm/bulk"
)

// This test is not parallel: the folder is that of the whole process.
func TestRunsOfTheSameSecondHaveAListOfFailedFilesEach(t *testing.T) {
	t.Chdir(t.TempDir())
	synctest.Test(t, func(t *testing.T) {
		seen := make(map[string]bool)
		for range 3 {
			list, err := newFailureList("", false)
			require.NoError(t, err)
			for range 2 {
				require.NoError(t, list.add(bulk.Result{File: imm.InputFile{URI: "oss://b/1"}}))
			}
			require.NoError(t, list.end())
			require.True(t, strings.HasSuffix(list.path, ".failed.jsonl"), "%s is not what --from takes", list.path)
			data, err := os.ReadFile(list.path)
			require.NoError(t, err)
			require.Equal(t, 2, strings.Count(string(data), "\n"))
			seen[list.path] = true
		}
		require.Len(t, seen, 3)
	})
}

func TestTheSameCommandGoesOnWithItsListOfFailedFiles(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		f := newFixture(t)
		folder := t.TempDir()
		failed := filepath.Join(folder, "failed")
		list := write(t, "list.txt", "nonsense\n"+numbered(20_000)+"more nonsense\n")
		args := append([]string{"index", "--yes", "--from", list, "--rate", "10", "--failed", failed}, testTarget...)
		args = append(args, "--journal", filepath.Join(folder, "journal"))
		lines := func() int {
			data, err := os.ReadFile(failed)
			require.NoError(t, err)
			return strings.Count(string(data), "\n")
		}

		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(time.Second, cancel)
		code, _, errs := f.callContext(ctx, t, args...)
		require.Equal(t, exitStopped, code, errs)
		require.Equal(t, 1, lines())
		code, out, errs := f.call(t, args...)
		require.Equal(t, exitFailed, code, errs)
		require.Contains(t, out, "Failed         1\nFailed files   "+failed+"\nFailed before  1\n")
		require.Equal(t, 2, lines())
		code, _, errs = f.call(t, args...)
		require.Equal(t, exitFailed, code, errs)
		require.Contains(t, errs, "imm: 2 lines of the list are no files, and cannot be sent again, such as ")
		require.Equal(t, 2, lines(), "nothing is left to do, and the list stays")

		for _, other := range [][]string{
			{"--journal", filepath.Join(folder, "another journal")},
			{"--journal", filepath.Join(folder, "journal"), "--retry-failed", "--from="},
		} {
			code, _, errs = f.call(t, append(args[:len(args)-2:len(args)-2], other...)...)
			require.Equal(t, exitUsage, code)
			require.Contains(t, errs, "imm: --failed: "+failed+" exists; name another file, or remove it")
		}
		require.Equal(t, 2, lines())
	})
}
