package main

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/imm-go/imm/immtest"
)

func TestNobodyMakesWorkByAMistypedNameAndARemovedOneIsGone(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	servers := newNATS(t)
	list := append([]string{"--name", "night", "--yes", "--rate", "7", "oss://b/1"}, testTarget...)
	code, _, errs := f.cluster(t, servers, "plan", list...)
	require.Equal(t, exitDone, code, errs)
	for _, command := range []string{"status", "retry-dead", "remove"} {
		code, _, errs = f.cluster(t, servers, command, "--name", "nihgt")
		require.Equal(t, exitUsage, code, command)
		require.Contains(t, errs, "there is no work named nihgt on these servers", command)
		code, _, errs = f.cluster(t, servers, command, "--name", "a b")
		require.Equal(t, exitUsage, code, command)
		require.Contains(t, errs, "imm: --name: \"a b\" is no name of work; want 1 to 32 letters", command)
	}
	code, out, errs := f.cluster(t, servers, "status", "--name", "night")
	require.Equal(t, exitDone, code, errs)
	require.Contains(t, out, "Requests a second  at most 7, now 7\n")

	code, _, errs = f.cluster(t, servers, "plan", append([]string{"--name", "night", "--yes", "oss://b/1"}, testTarget...)...)
	require.Equal(t, exitDone, code, errs)
	_, out, _ = f.cluster(t, servers, "status", "--name", "night")
	require.Contains(t, out, "at most 7, now 7\n", "a plan that says nothing of the rate leaves it")

	code, _, errs = f.cluster(t, servers, "remove", "--name", "night")
	require.Equal(t, exitUsage, code)
	require.Contains(t, errs, "The work night with 1 file is going to be deleted.\n1 file of them have no outcome yet.")
	code, out, errs = f.cluster(t, servers, "remove", "--name", "night", "--yes", "-o", "jsonl")
	require.Equal(t, exitDone, code, errs)
	require.Equal(t, "{\"Name\":\"night\"}\n", out)
	code, _, errs = f.cluster(t, servers, "status", "--name", "night")
	require.Equal(t, exitUsage, code, errs)
}

func TestAPlanForADatasetThatDoesNotExistIsWarnedOf(t *testing.T) {
	t.Parallel()
	f := newFixture(t, immtest.WithStrict(), immtest.WithProject(testProject, ""))
	servers := newNATS(t)
	plan := append([]string{"oss://b/1"}, testTarget...)
	code, _, errs := f.cluster(t, servers, "plan", plan...)
	require.Equal(t, exitUsage, code, errs)
	require.Contains(t, errs, "Warning: there is no dataset test-dataset in project test-project.")
	_, _, errs = f.cluster(t, servers, "plan", append(plan, "--yes")...)
	require.Contains(t, errs, "Warning: there is no dataset test-dataset in project test-project.")
}

func TestAWorkerThatIsStartedFirstWaitsForThePlan(t *testing.T) {
	t.Parallel()
	f := newFixture(t, immtest.WithProject(testProject, ""))
	servers := newNATS(t)
	worker := *f.program
	var told buffer
	worker.err, worker.out = &told, io.Discard
	ended := make(chan int, 1)
	go func() { ended <- worker.run(t.Context(), []string{"cluster", "work", "--cluster", servers}) }()
	require.Eventually(t, func() bool {
		return strings.Contains(told.String(), "Waiting until work named imm is planned")
	}, childTime, 10*time.Millisecond)
	code, _, errs := f.cluster(t, servers, "plan", append([]string{"--yes", "--ack-wait", "3", "oss://b/1"}, testTarget...)...)
	require.Equal(t, exitDone, code, errs)
	require.Equal(t, exitDone, <-ended, told.String())
	require.Len(t, f.handedIn(t), 1)
}

func TestARunThatWasStoppedInAClusterCountsWhatWasSentAndGoesOnThereAlone(t *testing.T) {
	t.Parallel()
	f := newFixture(t, immtest.WithProject(testProject, ""))
	journal := filepath.Join(t.TempDir(), "journal")
	list := uriList(t, 3000)
	args := []string{"--yes", "--from", list, "--journal", journal, "--rate", "10", "--cluster", "embedded"}
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	p := *f.program
	var out, errs strings.Builder
	p.out, p.err = &out, &errs
	ended := make(chan int, 1)
	go func() { ended <- p.run(ctx, append(append([]string{"index"}, args...), testTarget...)) }()
	require.Eventually(t, func() bool { return len(f.handedIn(t)) >= 500 }, childTime, 10*time.Millisecond)
	stop()
	require.Equal(t, exitStopped, <-ended, errs.String())
	sent := len(f.handedIn(t))
	require.Contains(t, out.String(), fmt.Sprintf("Accepted  %s\n", grouped(int64(sent))), errs.String())

	code, _, told := f.index(t, "--yes", "--from", list, "--journal", journal)
	require.Equal(t, exitUsage, code, told)
	require.Contains(t, told, "was begun with --cluster, and only that knows what is done")
	require.Len(t, f.handedIn(t), sent)
	code, _, told = f.index(t, "--yes", "--journal", journal, "--retry-failed")
	require.Equal(t, exitUsage, code, told)
	require.Contains(t, told, "was begun with --cluster, and only that knows what is done")
	code, _, told = f.index(t, append(args, "--rate", "1000")...)
	require.Equal(t, exitDone, code, told)
	require.Len(t, f.handedIn(t), 3000)
	code, _, told = f.index(t, "--yes", "--from", list, "--journal", journal)
	require.Equal(t, exitDone, code, told)
	require.Len(t, f.handedIn(t), 3000)

	code, _, told = f.index(t, "--yes", "--journal", journal+"2", "--from", list, "--cluster", "embedded", "--dry-run")
	require.Equal(t, exitDone, code, told)
}

func TestMetricsOfAClusterCountEachRequestOnce(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	h := f.hold(t, "--cluster", "embedded", "--journal", filepath.Join(t.TempDir(), "journal"), "--rate", "50")
	for i := range 4000 { // of which 40 batches are published before it is known that there are no more
		_, err := fmt.Fprintf(h.list, "oss://test-bucket/%d.jpg\n", i)
		require.NoError(t, err)
	}
	text := h.until(t, `imm_bulk_files_total{imm_outcome="accepted"} 4000`)
	require.Equal(t, 40, f.batches())
	require.Contains(t, text, `imm_client_attempts_total{imm_outcome="ok",rpc_method="IMM/BatchIndexFileMeta"} 40`+"\n")
	require.Contains(t, text, "imm_bulk_rate_allowed_per_second 50\n")
	require.Equal(t, exitDone, h.end(t), f.err.String())
	require.Len(t, f.handedIn(t), 4002)
}

func TestTheSameCommandSendsWhatCameBackTooOften(t *testing.T) {
	t.Parallel()
	f := newFixture(t, immtest.WithProject(testProject, ""))
	servers, list := newNATS(t), uriList(t, 20)
	args := append([]string{"--yes", "--from", list}, testTarget...)
	code, _, errs := f.cluster(t, servers, "plan", append(args, "--ack-wait", "1")...)
	require.Equal(t, exitDone, code, errs)
	f.server.Inject(immtest.Fault{Action: "BatchIndexFileMeta", Times: -1, Status: http.StatusForbidden, Code: "NoPermission"})
	code, _, errs = f.cluster(t, servers, "work", "--max-deliveries", "1")
	require.Equal(t, exitStopped, code, errs)
	f.server.Reset()
	code, _, errs = f.cluster(t, servers, "work", "--max-deliveries", "1")
	require.Equal(t, exitDone, code, errs)
	require.Empty(t, f.handedIn(t), "the batch is dead")

	code, _, errs = f.index(t, "--yes", "--from", uriList(t, 21), "--cluster", servers)
	require.Equal(t, exitUsage, code, errs)
	require.Contains(t, errs, "is at work on another list")
	code, out, errs := f.cluster(t, servers, "status", "-o", "jsonl")
	require.Equal(t, exitDone, code, errs)
	require.Contains(t, out, `"Dead":20,`, "it is not for another list to try them again")

	journal := filepath.Join(t.TempDir(), "journal")
	code, out, errs = f.index(t, "--yes", "--from", list, "--cluster", servers, "--journal", journal)
	require.Equal(t, exitDone, code, errs)
	require.Contains(t, errs, "20 files of batches that came back too often are sent again.")
	require.Contains(t, out, "Accepted  20\n")
	require.Len(t, f.handedIn(t), 20)
}

func TestWhoJoinedAServerEndsWhenAllIsDone(t *testing.T) {
	t.Parallel()
	f := newFixture(t, immtest.WithProject(testProject, ""))
	host, joined := *f.program, *f.program
	var hostTold, joinedTold buffer
	host.out, host.err, joined.out, joined.err = io.Discard, &hostTold, io.Discard, &joinedTold
	ended := make(chan int, 2)
	args := []string{"index", "--yes", "--from", uriList(t, 2000), "--rate", "10", "--journal", filepath.Join(t.TempDir(), "journal"), "--cluster", "embedded://127.0.0.1:0"}
	go func() { ended <- host.run(t.Context(), append(args, testTarget...)) }()
	var address string
	require.Eventually(t, func() bool {
		_, after, _ := strings.Cut(hostTold.String(), "Others join with: imm cluster work --cluster ")
		address, _, _ = strings.Cut(after, "\n")
		return address != ""
	}, childTime, 10*time.Millisecond)
	go func() { ended <- joined.run(t.Context(), []string{"cluster", "work", "--cluster", address}) }()
	require.Equal(t, exitDone, <-ended, hostTold.String())
	require.Equal(t, exitDone, <-ended, joinedTold.String())
	require.Len(t, f.handedIn(t), 2000)
}

func TestAJournalWhoseClusterBeganNothingIsForAnyRun(t *testing.T) {
	t.Parallel()
	f := newFixture(t, immtest.WithProject(testProject, ""))
	journal, list := filepath.Join(t.TempDir(), "journal"), uriList(t, 3)
	code, _, errs := f.index(t, "--from", list, "--journal", journal, "--cluster", "embedded")
	require.Equal(t, exitUsage, code, errs)
	code, _, errs = f.index(t, "--yes", "--from", list, "--journal", journal)
	require.Equal(t, exitDone, code, errs)
	require.Len(t, f.handedIn(t), 3)
}
