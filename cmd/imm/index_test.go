package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/imm-go/imm"
	"github.com/imm-go/imm/immtest"
)

// write puts a list into a folder of the test, and returns its path.
func write(t *testing.T, name, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
	return path
}

// index is imm index into the test dataset, with a file for what fails.
func (f *fixture) index(t *testing.T, args ...string) (code int, out, errs string) {
	t.Helper()
	return f.call(t, append(append([]string{"index"}, testTarget...), args...)...)
}

// handedIn are the files that were accepted, by URI.
func (f *fixture) handedIn(t *testing.T) map[string]imm.InputFile {
	t.Helper()
	files := make(map[string]imm.InputFile)
	for _, r := range f.server.Requests() {
		var some []imm.InputFile
		if r.Action != "BatchIndexFileMeta" || r.Status != 200 {
			continue
		}
		require.NoError(t, json.Unmarshal([]byte(r.Form.Get("Files")), &some))
		for _, file := range some {
			require.NotContains(t, files, file.URI, "it is charged twice")
			files[file.URI] = file
		}
	}
	return files
}

func TestFilesOfTheCommandLineAreIndexedWithTheirLabels(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	code, out, errs := f.index(t, "--yes", "--label", "category=Pets", "--label", "year=2024", "oss://test-bucket/a.jpg", "oss://test-bucket/b.jpg")
	require.Equal(t, exitDone, code, errs)
	require.Contains(t, out, "Files     2\nAccepted  2\nFailed    0\nRequests  1\n")
	files := f.handedIn(t)
	require.Len(t, files, 2)
	require.Equal(t, map[string]string{"category": "Pets", "year": "2024"}, files["oss://test-bucket/b.jpg"].CustomLabels)
}

func TestFilesThatFailAreListedAndTheListCanBeHandedInAgain(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		f := newFixture(t)
		folder := t.TempDir()
		list := `{"URI":"oss://test-bucket/a.txt","CustomId":"1"}` + "\n" + `{"URI":"oss://test-bucket/b.txt","CustomId":"2"}` + "\nnonsense\n"
		f.put("a.txt", "b.txt")
		f.server.FailObject(testBucket, "b.txt", "[InternalError] It did not work.")
		failed := filepath.Join(folder, "list.failed.jsonl")
		code, out, errs := f.index(t, "--yes", "--confirm", "poll", "--label", "x=y", "--from", write(t, "list.jsonl", list), "--failed", failed)
		require.Equal(t, exitFailed, code, errs)
		require.Contains(t, out, "Files         3\nIndexed       1\nFailed        2\nFailed files  "+failed+"\n")
		require.Contains(t, errs, "imm: 2 of 3 files failed; "+failed+" says why, and --from "+failed+" sends them again")
		data, err := os.ReadFile(failed)
		require.NoError(t, err)
		require.Contains(t, string(data), "It did not work.")
		require.Contains(t, string(data), `list.jsonl:3:`)

		code, _, errs = f.index(t, "--yes", "--from", failed, "--failed", failed)
		require.Equal(t, exitUsage, code)
		require.Contains(t, errs, "imm: --failed: "+failed+" exists; name another file, or remove it")

		f.server.FailObject(testBucket, "b.txt", "")
		<-time.After(2 * time.Minute) // so that the outcome of before is not taken for that of now
		again := filepath.Join(folder, "again.failed.jsonl")
		code, out, errs = f.index(t, "--yes", "--confirm", "poll", "--from", failed, "--failed", again)
		require.Equal(t, exitFailed, code, errs)
		require.Contains(t, out, "Files         2\nIndexed       1\nFailed        1\n", "a line that is no file does not vanish")
		data, err = os.ReadFile(again)
		require.NoError(t, err)
		require.Contains(t, string(data), "there is no URI")
		got, err := f.server.Client().GetFileMeta(t.Context(), &imm.GetFileMetaRequest{ProjectName: testProject, DatasetName: testDataset, URI: "oss://test-bucket/b.txt"})
		require.NoError(t, err)
		require.Equal(t, "2", got.Files[0].CustomID)
		require.Equal(t, map[string]string{"x": "y"}, got.Files[0].CustomLabels)
	})
}

func TestAFileWhoseOutcomeDoesNotComeIsNotTakenForIndexed(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		f := newFixture(t)
		f.put("a.txt")
		failed := filepath.Join(t.TempDir(), "failed.jsonl")
		code, out, errs := f.index(t, "--yes", "--confirm", "poll", "--confirm-within", "5m", "--failed", failed, "oss://test-bucket/a.txt", "oss://test-bucket/none.txt")
		require.Equal(t, exitFailed, code, errs)
		require.Contains(t, out, "Accepted      1\nIndexed       1\nFailed        0\n")
		require.Contains(t, errs, "imm: 1 of 2 files was accepted, and whether it is indexed did not become known; "+failed+" says why, and --from ")
		require.Contains(t, errs, " awaited, gives up at ", "a line from time to time")
	})
}

func TestOutcomesComeByMessages(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		f := newFixture(t, immtest.WithQueue("done", time.Minute), immtest.WithSubscription("topic", immtest.Subscription{Queue: "done", Format: immtest.NotifySimplified}))
		f.put("a.txt")
		f.server.SendToQueue("done", []byte(`{"ProjectName":"other","Success":true,"Files":[{"URI":"oss://other/1"}]}`))
		flags := []string{"--yes", "--confirm", "messages", "--topic", "topic", "--queue", "done", "--queue-endpoint", "http://localhost"}
		code, out, errs := f.index(t, append(flags, "oss://test-bucket/a.txt")...)
		require.Equal(t, exitDone, code, errs)
		require.Contains(t, out, "Files     1\nIndexed   1\nFailed    0\n")

		failed := filepath.Join(t.TempDir(), "failed.jsonl")
		code, out, errs = f.index(t, append(flags, "--failed", failed, "oss://test-bucket/none.txt")...)
		require.Equal(t, exitFailed, code, errs)
		require.Contains(t, out, "Failed        1\n")

		flags[6] = "nothing" // a queue that does not exist
		start := time.Now()
		code, _, errs = f.index(t, append(flags, "--failed", failed+"2", "oss://test-bucket/a.txt")...)
		require.Equal(t, exitStopped, code, errs)
		require.Contains(t, errs, `the queue "nothing" cannot be read, so no outcome would come`)
		require.Contains(t, errs, "  Next: look whether --queue and --queue-endpoint are right.")
		require.Less(t, time.Since(start), time.Minute)
	})
}

func TestARefusalOfTheWholeRunStopsItAndSaysWhatToDo(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		fault immtest.Fault
		exit  int
		said  string
		next  string
	}{
		{immtest.Fault{Code: "NoPermission", Message: "You are not authorized."}, exitStopped, "imm: stopped before the end: ", "Next: allow the RAM user or role of the keys the action imm:BatchIndexFileMeta"},
		{immtest.Fault{Code: "ResourceNotFound", Message: "The dataset is not found."}, exitUsage, "imm: nothing was indexed: ", "Next: imm project list, imm dataset list and imm binding list show what exists"},
		{immtest.Fault{Code: "Account.Arrearage", Message: "Pay."}, exitStopped, "imm: stopped before the end: ", "Next: look in the console whether IMM is activated for the account, and whether the account owes money."},
	} {
		f := newFixture(t)
		test.fault.Action, test.fault.Times, test.fault.Status = "BatchIndexFileMeta", -1, 403
		f.server.Inject(test.fault)
		code, out, errs := f.index(t, "--yes", "oss://b/1", "oss://b/2")
		require.Equal(t, test.exit, code, test.fault.Code)
		require.Contains(t, out, "Not sent  2\n")
		require.Contains(t, errs, test.said)
		require.Contains(t, errs, test.fault.Message)
		require.Contains(t, errs, test.next)
	}
}

func TestAnEndpointThatDoesNotAnswerAndAWrongKeyAreToldAtOnce(t *testing.T) {
	t.Parallel()
	for code, want := range map[string]string{
		"InvalidAccessKeyId.NotFound": "Next: imm doctor says which keys are found",
		"ServiceUnavailable":          "Next: imm doctor checks the region, the endpoint and the network.",
	} {
		f := newFixture(t)
		f.server.Inject(immtest.Fault{Times: -1, Status: 503, Code: code})
		exit, _, errs := f.index(t, "--yes", "oss://b/1")
		require.Equal(t, exitFailed, exit)
		require.Contains(t, errs, want)
	}
}

func TestWithoutKeysTheErrorSaysHowToNameThem(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.credentials = func() (imm.CredentialsProvider, error) { return unset{}, nil }
	code, _, errs := f.index(t, "--yes", "oss://b/1")
	require.Equal(t, exitFailed, code)
	require.Contains(t, errs, "  Next: set ALIBABA_CLOUD_ACCESS_KEY_ID and ALIBABA_CLOUD_ACCESS_KEY_SECRET, or run aliyun configure.")
	require.Empty(t, f.requests())
}

// unset is a provider whose keys nobody set.
type unset struct{}

func (unset) Credentials(context.Context) (imm.Credentials, error) {
	return imm.Credentials{}, fmt.Errorf("%w: nothing is set", imm.ErrUnauthenticated)
}

func TestResultsAndSummariesAreForPrograms(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	failed := filepath.Join(t.TempDir(), "failed.jsonl")
	path := write(t, "list.txt", "oss://b/1\nnonsense\n")
	code, out, errs := f.index(t, "--yes", "-o", "jsonl", "--failed", failed, "--from", path)
	require.Equal(t, exitFailed, code)
	require.Contains(t, errs, "Files         2\n", "the summary does not disturb the results")
	lines := strings.Split(strings.TrimSpace(out), "\n")
	require.Len(t, lines, 2)
	statuses := make(map[string]string)
	for _, line := range lines {
		var result resultLine
		require.NoError(t, json.Unmarshal([]byte(line), &result))
		statuses[result.URI] = result.Status
		require.Equal(t, result.Status == "accepted", result.RequestID != "" && result.Error == "")
	}
	require.Equal(t, map[string]string{"oss://b/1": "accepted", "": "failed"}, statuses)

	code, out, _ = f.index(t, "--yes", "-o", "json", "oss://b/1")
	require.Equal(t, exitDone, code)
	var summary indexSummary
	require.NoError(t, json.Unmarshal([]byte(out), &summary))
	require.Equal(t, int64(1), summary.Accepted)
}

func TestWhileARunGoesOnALineComesEveryTenSeconds(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		f := newFixture(t)
		path := write(t, "list.txt", numbered(3000))
		start := time.Now()
		code, _, errs := f.index(t, "--yes", "--from", path, "--rate", "1")
		require.Equal(t, exitDone, code, errs)
		lines := strings.Split(strings.TrimSpace(errs), "\n")
		require.Len(t, lines, int(time.Since(start)/lineTime), errs)
		require.Contains(t, lines[0], " of 3,000 files, ")
		require.Contains(t, lines[0], " files/s, ")
		require.Contains(t, lines[0], " of 1 requests/s, 0 throttled, 0 failed, ")
		require.Contains(t, lines[0], "s left, ")
		require.Contains(t, lines[0], " under way")
	})
}

// numbered is a list of n files.
func numbered(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, "oss://b/%d\n", i)
	}
	return b.String()
}
