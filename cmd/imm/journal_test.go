package main

import (
	"context"
	"fmt"
	"path/filepath"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/imm-go/imm/bulk/boltjournal"
)

func TestTheSameCommandGoesOnWhereAJournalSaysAndNothingIsChargedTwice(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		f := newFixture(t)
		list := write(t, "list.txt", numbered(3000))
		journal := filepath.Join(t.TempDir(), "journal")
		args := append([]string{"index", "--from", list, "--journal", journal, "--rate", "10"}, testTarget...)
		f.answers("yes\n")
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(time.Second, cancel)
		code, out, errs := f.callContext(ctx, t, args...)
		require.Equal(t, exitStopped, code, errs)
		require.Contains(t, errs, "3,000 files will be indexed")
		require.Contains(t, errs, "imm: stopped before the end; the same command goes on where it was\n")
		require.Contains(t, out, "Not sent ")
		done := len(f.handedIn(t))
		require.Greater(t, done, 500)
		require.Less(t, done, 2500)

		f.answers("yes\n")
		code, out, errs = f.call(t, args...)
		require.Equal(t, exitDone, code, errs)
		left := 3000 - done
		require.Contains(t, errs, count(left, "file")+" will be indexed into dataset test-dataset of project test-project.\nEach of them is charged.\nFiles that were done before are not among them.")
		require.Contains(t, out, fmt.Sprintf("Files     %s\nAccepted  %[1]s\n", grouped(int64(left))))
		require.Len(t, f.handedIn(t), 3000)

		f.answers("")
		code, _, errs = f.call(t, args...)
		require.Equal(t, exitDone, code, errs)
		require.Contains(t, errs, "Nothing is left to do: the journal has every file of the list as done.")
	})
}

func TestAJournalOfOtherWorkOrInUseIsRefusedBeforeAnythingIsSent(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	journal := filepath.Join(t.TempDir(), "journal")
	code, _, errs := f.index(t, "--yes", "--journal", journal, "oss://b/1")
	require.Equal(t, exitDone, code, errs)
	sent := len(f.handedIn(t))

	code, _, errs = f.index(t, "--yes", "--journal", journal, "oss://b/2")
	require.Equal(t, exitUsage, code)
	require.Contains(t, errs, "use another file, or remove this one to start over")

	open, err := boltjournal.Open(journal)
	require.NoError(t, err)
	code, _, errs = f.index(t, "--yes", "--journal", journal, "oss://b/1")
	require.NoError(t, open.Close())
	require.Equal(t, exitUsage, code)
	require.Contains(t, errs, "imm: --journal: boltjournal: "+journal)

	code, _, errs = f.index(t, "--yes", "--journal", write(t, "text", "no journal, and not empty"), "oss://b/1")
	require.Equal(t, exitUsage, code)
	require.Contains(t, errs, "imm: --journal: ")
	require.Len(t, f.handedIn(t), sent)
}

func TestWhatAJournalHasAsFailedIsSentAgainAlone(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		f := newFixture(t)
		f.put("a.txt", "b.txt")
		f.server.FailObject(testBucket, "b.txt", "[InternalError] It did not work.")
		folder := t.TempDir()
		journal := filepath.Join(folder, "journal")
		flags := []string{"--journal", journal, "--confirm", "poll", "--yes"}
		code, _, errs := f.index(t, append(flags, "--failed", filepath.Join(folder, "1"), "oss://test-bucket/a.txt", "oss://test-bucket/b.txt")...)
		require.Equal(t, exitFailed, code, errs)
		require.Contains(t, errs, "and --retry-failed sends them again")

		f.server.FailObject(testBucket, "b.txt", "")
		<-time.After(2 * time.Minute) // so that the outcome of before is not taken for that of now
		code, out, errs := f.index(t, append(flags, "--failed", filepath.Join(folder, "2"), "--retry-failed")...)
		require.Equal(t, exitDone, code, errs)
		require.Contains(t, out, "Files     1\nIndexed   1\nFailed    0\n")
	})
}
