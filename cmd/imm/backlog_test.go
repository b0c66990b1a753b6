package main

import (
	"encoding/json"
	"path/filepath"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
)

// leaveBacklog is a run that leaves two files and three lines of its list in a journal as
// failed.
func (f *fixture) leaveBacklog(t *testing.T) (list, journal string) {
	t.Helper()
	f.put("a.txt", "b.txt", "c.txt")
	f.server.FailObject(testBucket, "b.txt", "[InternalError] It did not work.")
	f.server.FailObject(testBucket, "c.txt", "[InternalError] It did not work.")
	folder := t.TempDir()
	list = write(t, "list.txt", "oss://test-bucket/a.txt\nnonsense\noss://test-bucket/b.txt\nmore\noss://test-bucket/c.txt\nmost\n")
	journal = filepath.Join(folder, "journal")
	code, _, errs := f.index(t, "--yes", "--confirm", "poll", "--from", list, "--journal", journal, "--failed", filepath.Join(folder, "failed"))
	require.Equal(t, exitFailed, code, errs)
	return list, journal
}

func TestWhatFailedInEarlierRunsIsNoSuccessOfTheRunThatIsTheLast(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		f := newFixture(t)
		list, journal := f.leaveBacklog(t)
		code, out, errs := f.index(t, "--yes", "--confirm", "poll", "--from", list, "--journal", journal)
		require.Equal(t, exitFailed, code)
		require.Contains(t, out, "Failed         0\nFailed before  5\n")
		require.Contains(t, errs, "Nothing is left to do: the journal has every file of the list as done.\n")
		require.Contains(t, errs, "imm: 2 files failed in earlier runs; --retry-failed in place of the list sends them again\n")
		require.Contains(t, errs, "3 lines of the list are no files, and cannot be sent again, such as ")
		require.Contains(t, errs, " is no URI of a file; want oss://bucket/object or pds://domains/…; correct them, in a list of their own\n")
		code, out, _ = f.index(t, "--yes", "--confirm", "poll", "--from", list, "--journal", journal, "-o", "json")
		require.Equal(t, exitFailed, code)
		var summary indexSummary
		require.NoError(t, json.Unmarshal([]byte(out), &summary))
		require.Equal(t, int64(5), summary.FailedBefore)
	})
}

func TestSendingAgainSaysWhatCanBeSentAndWhatHasToBeCorrected(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		f := newFixture(t)
		_, journal := f.leaveBacklog(t)
		args := []string{"--confirm", "poll", "--journal", journal, "--retry-failed"}
		const correct = "3 lines of the list are no files, and cannot be sent again, such as "

		code, out, errs := f.index(t, append(args, "--dry-run")...)
		require.Equal(t, exitFailed, code)
		require.Contains(t, out, "Files      2\n")
		require.Contains(t, errs, "2 files can be sent again.\n"+correct)

		f.answers("no\n")
		code, _, errs = f.index(t, args...)
		require.Equal(t, exitStopped, code)
		require.Contains(t, errs, "2 files will be indexed into dataset test-dataset of project test-project.\nEach of them is charged.\n"+correct)

		f.server.FailObject(testBucket, "b.txt", "")
		f.server.FailObject(testBucket, "c.txt", "")
		<-time.After(2 * time.Minute) // so that the outcome of before is not taken for that of now
		code, out, errs = f.index(t, append(args, "--yes")...)
		require.Equal(t, exitFailed, code, "lines are left")
		require.Contains(t, out, "Files     2\nIndexed   2\nFailed    0\n")
		require.Contains(t, errs, "2 files can be sent again.\n"+correct)
		require.Contains(t, errs, "imm: "+correct)

		for _, yes := range []string{"--yes", "--yes=false"} {
			code, _, errs = f.index(t, append(args, yes)...)
			require.Equal(t, exitFailed, code)
			require.Contains(t, errs, "No file of the journal is left to be sent again.\n")
			require.Contains(t, errs, "imm: "+correct)
		}
	})
}

func TestAJournalWithoutFailuresHasNothingToSendAgain(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	journal := filepath.Join(t.TempDir(), "journal")
	code, _, errs := f.index(t, "--yes", "--journal", journal, "oss://b/1")
	require.Equal(t, exitDone, code, errs)
	for _, flag := range []string{"--yes", "--yes=false", "--dry-run"} {
		code, _, errs = f.index(t, flag, "--journal", journal, "--retry-failed")
		require.Equal(t, exitDone, code, errs)
		require.Contains(t, errs, "No file of the journal is left to be sent again.\n")
	}
}

func TestAJournalThatDoesNotExistIsNotMadeToSendItsFailuresAgain(t *testing.T) {
	t.Parallel()
	for _, path := range []string{filepath.Join(t.TempDir(), "jornal"), write(t, "empty", "")} {
		f := newFixture(t)
		for _, flag := range []string{"--yes", "--dry-run"} {
			code, _, errs := f.index(t, flag, "--journal", path, "--retry-failed")
			require.Equal(t, exitUsage, code)
			require.Contains(t, errs, "imm: --journal: "+path+" does not exist, or nothing is in it, so it has no files that failed")
			require.Empty(t, f.requests())
		}
	}
	path := filepath.Join(t.TempDir(), "journal")
	f := newFixture(t)
	code, _, _ := f.index(t, "--yes", "--journal", path, "--retry-failed")
	require.Equal(t, exitUsage, code)
	require.NoFileExists(t, path)
}
