package main

import (
	"context"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/imm-go/imm/immtest"
)

func TestNothingIsChargedBeforeSomebodyAgreed(t *testing.T) {
	t.Parallel()
	const question = "3 files will be indexed into dataset test-dataset of project test-project.\nEach of them is charged.\n1 line is left out, such as "
	list := "oss://b/1\noss://b/2\nnonsense\noss://b/3\n"
	for _, test := range []struct {
		answer   string
		terminal bool
		code     int
		want     string
	}{
		{"y\n", true, exitFailed, "1 of 4 files failed"}, // the line that is none
		{"YES\n", true, exitFailed, "1 of 4 files failed"},
		{" yes ", true, exitFailed, "1 of 4 files failed"},
		{"n\n", true, exitStopped, "imm: stopped, because the answer was not yes; nothing was sent\n"},
		{"\n", true, exitStopped, "imm: stopped, because the answer was not yes"},
		{"", true, exitStopped, "[y/N] \nimm: stopped, because the answer was not yes"},
		{"yesterday\n", true, exitStopped, "imm: stopped, because the answer was not yes"},
		{"y\n", false, exitUsage, "Nothing was sent: nobody can be asked here, so add --yes to go ahead\n"},
	} {
		f := newFixture(t)
		f.in, f.inTerminal = strings.NewReader(test.answer), test.terminal
		failed := filepath.Join(t.TempDir(), "failed.jsonl")
		code, _, errs := f.index(t, "--from", write(t, "list.txt", list), "--failed", failed)
		require.Equal(t, test.code, code, "%q: %s", test.answer, errs)
		require.Contains(t, errs, question, test.answer)
		require.Contains(t, errs, test.want, test.answer)
		if test.code == exitFailed {
			require.Len(t, f.handedIn(t), 3)
		} else {
			require.NotContains(t, f.requests(), "BatchIndexFileMeta", test.answer)
		}
	}
}

func TestAnInterruptWhileSomebodyIsAskedSendsNothing(t *testing.T) {
	t.Parallel()
	for _, args := range [][]string{
		{"index", "oss://b/1"}, {"bind", "oss://b"}, {"delete", "oss://b/1"},
	} {
		f := newFixture(t)
		end := make(chan struct{})
		f.in, f.inTerminal = silence{make(chan struct{}), end}, true
		ctx, cancel := context.WithCancel(t.Context())
		go func() {
			<-f.in.(silence).read
			cancel()
		}()
		code, _, errs := f.callContext(ctx, t, append(args, testTarget...)...)
		require.Equal(t, exitStopped, code, errs)
		require.Contains(t, errs, "stopped; nothing was sent")
		for _, action := range f.requests() {
			require.Equal(t, "GetProject", action)
		}
		close(end)
	}
}

func TestWhatIsBoundOrDeletedIsAskedFor(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		args []string
		want string
	}{
		{[]string{"bind", "oss://test-bucket"}, "Binding oss://test-bucket has every object in it indexed, now and whenever one is added, and each is charged; how many there are is not known here.\nGo ahead? [y/N] "},
		{[]string{"delete", "oss://test-bucket/a", "oss://test-bucket/b"}, "The metadata of 2 files is going to be deleted from dataset test-dataset. To have it again costs money again.\nGo ahead? [y/N] "},
	} {
		f := newFixture(t, immtest.WithBucket(testBucket, nil), immtest.WithDataset(testProject, testDataset, ""))
		f.answers("no\n")
		code, _, errs := f.call(t, append(test.args, testTarget...)...)
		require.Equal(t, exitStopped, code)
		require.Contains(t, errs, test.want)
		require.Empty(t, f.requests())
		f.answers("y\n")
		code, _, errs = f.call(t, append(test.args, testTarget...)...)
		require.Equal(t, exitDone, code, errs)
		require.Len(t, f.requests(), 1)
	}
}

func TestWhereNobodyCanBeAskedEveryCommandEndsWithTheSameCode(t *testing.T) {
	t.Parallel()
	list := write(t, "list.txt", "oss://b/1\n")
	for _, args := range [][]string{
		{"index", "oss://b/1"}, {"index", "--from", list}, {"index", "--from", "-"}, {"delete", "oss://b/1"}, {"delete", "--from", list}, {"delete", "--from", "-"}, {"bind", "oss://b"},
	} {
		f := newFixture(t)
		f.in = strings.NewReader("oss://b/1\n")
		code, _, errs := f.call(t, append(args, testTarget...)...)
		require.Equal(t, exitUsage, code, "%v: %s", args, errs)
		require.Contains(t, errs, "add --yes to go ahead\n", "%v", args)
		require.NotContains(t, f.requests(), "BatchIndexFileMeta")
		require.NotContains(t, f.requests(), "BatchDeleteFileMeta")
	}
}

func TestTheEndpointMayComeFromTheEnvironmentAndAFlagWins(t *testing.T) {
	t.Parallel()
	f := patient(t)
	f.getenv = func(name string) string { return map[string]string{envEndpoint: f.server.URL()}[name] }
	f.must(t, "project", "list")
	require.Len(t, f.requests(), 1)
	code, _, errs := f.call(t, "project", "list", "--endpoint", "imm.example.com")
	require.Equal(t, exitUsage, code)
	require.Contains(t, errs, "imm: --endpoint: it does not start with https://")
	require.Contains(t, f.must(t, "--help"), "IMM_ENDPOINT")
}
