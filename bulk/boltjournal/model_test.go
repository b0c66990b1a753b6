package boltjournal

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/imm-go/imm"
	"github.com/imm-go/imm/bulk"
)

const (
	fingerprint = "project p, dataset d, source URIs of 7 bytes"
	batchSize   = 7
	lag         = 2 // batches that are done before the one that After waits for
)

// progressOf is the batch k of an endless list: every fifth file fails, and After
// comes later than the results, as it does where batches overtake each other.
func progressOf(k int) bulk.Progress {
	var progress bulk.Progress
	for i := k * batchSize; i < (k+1)*batchSize; i++ {
		result := bulk.Result{File: fileOf(i), Position: strconv.Itoa(i), Status: bulk.Accepted}
		if i%5 == 0 {
			result.Status, result.Err, result.RequestID = bulk.Failed, fmt.Errorf("refused %d", i), "R"+strconv.Itoa(i)
		}
		progress.Results = append(progress.Results, result)
	}
	if covered := k - lag; covered >= 0 {
		for i := covered * batchSize; i < (covered+1)*batchSize; i++ {
			progress.After = strconv.Itoa(i)
			progress.Covered = append(progress.Covered, progress.After)
		}
	}
	return progress
}

func fileOf(i int) imm.InputFile {
	return imm.InputFile{URI: fmt.Sprintf("oss://bucket/%d", i), CustomLabels: map[string]string{"n": strconv.Itoa(i)}}
}

// recorded is how many batches the journal has. It is an error if it has anything
// but exactly these.
func recorded(j *Journal) (k int, err error) {
	after, done, err := j.Resume(background, fingerprint)
	if err != nil {
		return 0, err
	}
	items := len(done)
	first := 0
	if after != "" {
		if first, err = strconv.Atoi(after); err != nil {
			return 0, err
		}
		first++
	}
	items += first
	if k = items / batchSize; items%batchSize != 0 || first != max(0, k-lag)*batchSize {
		return 0, fmt.Errorf("%d items up to %q, and %d done behind: no batch ends there", items, after, len(done))
	}
	seen := make(map[string]bool)
	for _, position := range done {
		if n, err := strconv.Atoi(position); err != nil || n < first || n >= items || seen[position] {
			return 0, fmt.Errorf("position %q is done, and is none of %d to %d", position, first, items-1)
		}
		seen[position] = true
	}
	i := 0
	for failure, err := range j.Failed() {
		if err != nil {
			return 0, err
		}
		want := strconv.Itoa(i)
		if failure.Position != want || failure.File.URI != fileOf(i).URI || failure.File.CustomLabels["n"] != want ||
			failure.Reason != "refused "+want || failure.RequestID != "R"+want {
			return 0, fmt.Errorf("failed file %+v, want that of %d", failure, i)
		}
		i += 5
	}
	if want := (items + 4) / 5 * 5; i != want {
		return 0, fmt.Errorf("failures up to %d of %d", i, want)
	}
	return k, nil
}

// recordUpTo brings a journal to so many batches.
func recordUpTo(t testing.TB, j *Journal, batches int) {
	t.Helper()
	k, err := recorded(j)
	require.NoError(t, err)
	for ; k < batches; k++ {
		require.NoError(t, j.Record(t.Context(), progressOf(k)))
	}
}

func open(t testing.TB, path string) *Journal {
	t.Helper()
	j, err := Open(path)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, j.Close()) })
	return j
}

func newPath(t testing.TB) string { return filepath.Join(t.TempDir(), "journal") }

// child is the test binary as another process.
func child(t testing.TB, task, path string) *exec.Cmd {
	t.Helper()
	binary, err := os.Executable()
	require.NoError(t, err)
	cmd := exec.Command(binary, path)
	cmd.Env = append(os.Environ(), childEnv+"="+task)
	cmd.Stderr = os.Stderr
	return cmd
}

var errChild = errors.New("child")
