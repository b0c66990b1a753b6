//go:build unix

package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/imm-go/imm/bulk"
	"github.com/imm-go/imm/bulk/boltjournal"
)

// The numbers of the test that kills. Before the end of the list no run gets more
// answers than so many, so that the kills there do not use up the list:
// killsInside times mostAnswers batches of 100 files are less than it.
const (
	killLines   = 60_000
	kills       = 50
	killsInside = 36 // the others come when the last file was accepted, or later
	mostAnswers = 16
	latency     = 10 * time.Millisecond
	commitTime  = 4 * time.Millisecond // about as long as a Record takes
)

// badLines are the lines of the list that are no files, or that the client or the
// service refuses. The first and the last line are among them.
var badLines = func() map[int]string {
	bad := map[int]string{killLines: `{"URI":"oss://b/60000","MediaType":"poem"}`}
	for line := 1; line < killLines; line += 500 {
		bad[line] = fmt.Sprintf(`{"URI":"oss://bad-%d/"}`, line)
		if line%1000 == 1 {
			bad[line] = "nonsense"
		}
		if line%20_000 == 10_501 {
			bad[line] = fmt.Sprintf(`{"URI":"oss://b/%d","MediaType":"poem"}`, line)
		}
	}
	return bad
}()

// killing is a list that is worked through by runs which are killed.
type killing struct {
	*fixture

	list, journal, failed string
	all                   *tally
	recorded              []bool        // by line, what the journal had at the last kill
	underWay              int           // files that were accepted in a run and not recorded when it was killed, in all
	startup               time.Duration // up to the first request
}

func newKilling(t *testing.T) *killing {
	t.Helper()
	k := &killing{
		fixture: newFixture(t), startup: time.Second,
		all:      &tally{times: make([]int, killLines+1), left: killLines - len(badLines)},
		recorded: make([]bool, killLines+1),
	}
	folder := t.TempDir()
	k.journal, k.failed = filepath.Join(folder, "journal"), filepath.Join(folder, "failed")
	var list strings.Builder
	for line := 1; line <= killLines; line++ {
		if bad, isBad := badLines[line]; isBad {
			list.WriteString(bad + "\n")
			continue
		}
		fmt.Fprintf(&list, `{"URI":"oss://b/%d","CustomLabels":{"category":"Pets"}}`+"\n", line)
	}
	k.list = write(t, "list.jsonl", list.String())
	return k
}

// run is one run of the program, which is killed some time after the event, unless
// it ends before. What the witness saw is complete then.
func (k *killing) run(t *testing.T, w *witness, later time.Duration) (killed bool, code int) {
	t.Helper()
	w.emulator, w.all, w.latency = k.server, k.all, latency
	w.due, w.taken = make(chan struct{}), make(map[int]int)
	gateway := httptest.NewServer(w)
	cmd := k.child(t, "index", "--yes", "--from", k.list, "--journal", k.journal, "--failed", k.failed)
	cmd.Args = append(cmd.Args, "--endpoint", gateway.URL)
	var errs bytes.Buffer
	cmd.Stderr = &errs
	begun := time.Now()
	require.NoError(t, cmd.Start())
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	w.saw(started)
	if k.all.isComplete() {
		w.saw(allTaken)
	}
	var err error
	select {
	case err = <-ended:
	case <-w.due:
		timer := time.NewTimer(later)
		defer timer.Stop()
		select {
		case err = <-ended:
		case <-timer.C:
			_ = cmd.Process.Kill() // it may have ended just now
			err = <-ended
		}
	}
	gateway.Close() // once it has done with all that was sent
	require.NotContains(t, errs.String(), "DATA RACE")
	if !w.first.IsZero() {
		k.startup = w.first.Sub(begun)
	}
	if err == nil {
		return false, exitDone
	}
	exit, isExit := errors.AsType[*exec.ExitError](err)
	require.True(t, isExit, "%v", err)
	status, _ := exit.Sys().(syscall.WaitStatus)
	if status.Signaled() {
		require.Equal(t, syscall.SIGKILL, status.Signal(), errs.String())
		return true, 0
	}
	require.Contains(t, []int{exitDone, exitFailed}, exit.ExitCode(), errs.String())
	return false, exit.ExitCode()
}

// audit compares what the journal says after a run with what the witness saw. It
// returns how many files were accepted in the run and not recorded, and how many
// were recorded as failed.
func (k *killing) audit(t *testing.T, w *witness) (underWay, failed int) {
	t.Helper()
	now := k.read(t)
	for line, times := range w.taken {
		require.Equal(t, 1, times, "line %d, in one run", line)
		require.False(t, k.recorded[line], "line %d was recorded and is sent again", line)
		if !now[line] {
			underWay++
		}
	}
	for line := 1; line <= killLines; line++ {
		if k.recorded[line] {
			require.True(t, now[line], "line %d is forgotten", line)
		}
		if !now[line] {
			continue
		}
		if _, isBad := badLines[line]; !isBad {
			require.Positive(t, k.all.times[line], "line %d is recorded and was not accepted", line)
		} else if !k.recorded[line] {
			failed++
		}
	}
	k.recorded = now
	return underWay, failed
}

// read returns which lines are done, and leaves the journal to the program.
func (k *killing) read(t *testing.T) []bool {
	t.Helper()
	done := make([]bool, killLines+1)
	data, err := os.ReadFile(k.journal)
	if errors.Is(err, os.ErrNotExist) {
		return done // it was killed before
	}
	require.NoError(t, err)
	journal, err := boltjournal.Open(write(t, "copy", string(data)))
	require.NoError(t, err)
	list, err := os.Open(k.list)
	require.NoError(t, err)
	fingerprint, err := bulk.JSONLines("list", list).Fingerprint(t.Context())
	require.NoError(t, err)
	require.NoError(t, list.Close())
	after, behind, err := journal.Resume(t.Context(), fmt.Sprintf("project %s, dataset %s, source %s", testProject, testDataset, fingerprint))
	require.NoError(t, err)
	require.NoError(t, journal.Close())
	for line := 1; after != "" && line <= lineOf(t, after); line++ {
		done[line] = true
	}
	for _, position := range behind {
		done[lineOf(t, position)] = true
	}
	return done
}

// lineOf is the line at a position, which comes before the byte.
func lineOf(t *testing.T, position string) int {
	t.Helper()
	text, _, _ := strings.Cut(position, ":")
	line, err := strconv.Atoi(text)
	require.NoError(t, err)
	return line
}

// listed are the files in a list of those that failed, which has none twice. It
// is not there if the first run was killed before.
func listed(t *testing.T, path string) map[string]bool {
	t.Helper()
	data, err := os.ReadFile(path)
	if !errors.Is(err, os.ErrNotExist) {
		require.NoError(t, err)
	}
	failures := make(map[string]bool)
	for line := range strings.Lines(string(data)) {
		var failure failedLine
		require.NoError(t, json.Unmarshal([]byte(line), &failure), line)
		what := failure.URI
		if what == "" {
			what = failure.Error
		}
		require.NotContains(t, failures, what, "it is listed twice")
		failures[what] = true
	}
	return failures
}

// TestFiftyKilledRunsLoseNothingAndSendAgainOnlyWhatWasUnderWay kills the program
// in all of its phases, and resumes it each time by the same command.
func TestFiftyKilledRunsLoseNothingAndSendAgainOnlyWhatWasUnderWay(t *testing.T) {
	t.Parallel()
	k := newKilling(t)
	killedAt := make(map[event]int)
	most, runs := 0, 0
	for killed := 0; killed < kills; runs++ {
		w := &witness{at: allTaken, nth: 1}
		later := rand.N(6 * k.startup) // a run that finds little to do hardly takes longer
		if isInside := killed < killsInside; isInside {
			w.most = mostAnswers
			w.nth = 1 + rand.IntN(mostAnswers-2)
			switch w.at = [...]event{called, answered, started, asked}[killed%4]; w.at {
			case started:
				w.nth, later = 1, rand.N(k.startup)
			case asked:
				w.nth, later = 1, rand.N(latency)
			case called:
				later = rand.N(latency)
			case answered:
				later = rand.N(commitTime)
			}
		}
		wasKilled, underWay := k.step(t, w, later)
		if wasKilled {
			killed++
			killedAt[w.at]++
			k.underWay += underWay
			most = max(most, underWay)
		}
		require.Less(t, runs, 10*kills, "the runs end before they are killed")
	}
	killed, _ := k.step(t, &witness{nth: -1}, 0)
	require.False(t, killed)

	twice, again := 0, 0
	for line := 1; line <= killLines; line++ {
		require.True(t, k.recorded[line], "line %d", line)
		times := k.all.times[line]
		if _, isBad := badLines[line]; isBad {
			require.Zero(t, times, "line %d", line)
			continue
		}
		require.Positive(t, times, "line %d was never accepted", line)
		if times > 1 {
			twice++
			again += times - 1
		}
	}
	t.Logf("%d lines, %d runs, %d of them killed (%v): %d files were sent twice or more, %d times in all; at a kill at most %d were under way",
		killLines, runs+1, kills, killedAt, twice, again, most)
	require.Equal(t, k.underWay, again, "what is sent again is what was under way at a kill")
	require.LessOrEqual(t, most, 100*(128+2), "so many batches are in memory")
	k.requireFailures(t)
}

// step is a run and its audit. What failed is listed once it is recorded, and all
// of it unless the run was killed in between.
func (k *killing) step(t *testing.T, w *witness, later time.Duration) (killed bool, underWay int) {
	t.Helper()
	before := len(listed(t, k.failed))
	killed, code := k.run(t, w, later)
	underWay, failed := k.audit(t, w)
	added := len(listed(t, k.failed)) - before
	if killed {
		require.LessOrEqual(t, added, failed)
		return true, underWay
	}
	require.Zero(t, underWay, "it ended by itself")
	require.Equal(t, failed, added)
	anyFailed := false
	for line := range badLines {
		anyFailed = anyFailed || k.recorded[line]
	}
	require.Equal(t, map[bool]int{true: exitFailed, false: exitDone}[anyFailed], code, "also by what failed before")
	return false, 0
}

// requireFailures wants each bad line once in the journal, and once in the list of
// a run that sends them again; then nothing else is left.
func (k *killing) requireFailures(t *testing.T) {
	t.Helper()
	w := &witness{nth: -1}
	_, code := k.run(t, w, 0)
	require.Equal(t, exitFailed, code, "nothing is left to do but what failed before")
	require.Empty(t, w.taken)
	journal, err := boltjournal.Open(k.journal)
	require.NoError(t, err)
	failed, files := make(map[int]bool), 0
	for failure, err := range journal.Failed() {
		require.NoError(t, err)
		line := lineOf(t, failure.Position)
		require.Contains(t, badLines, line)
		require.NotContains(t, failed, line, "it is listed twice")
		failed[line] = true
		if failure.File.URI != "" { // otherwise it is no file, and cannot be sent again
			files++
		}
	}
	require.NoError(t, journal.Close())
	require.Len(t, failed, len(badLines))

	again := k.failed + "again"
	code, _, errs := k.index(t, "--yes", "--journal", k.journal, "--retry-failed", "--failed", again)
	require.Equal(t, exitFailed, code, errs)
	require.Len(t, listed(t, again), files)
}
