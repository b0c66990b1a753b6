//go:build linux || darwin

package boltjournal

import (
	"errors"
	"fmt"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"
)

func init() { children["fill"] = fill }

// fill records until the file may not grow, then allows it to, and goes on.
func fill(path string) error {
	signal.Ignore(syscall.SIGXFSZ) // the write fails instead
	j, err := Open(path)
	if err != nil {
		return err
	}
	var limit syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_FSIZE, &limit); err != nil {
		return err
	}
	info, err := os.Stat(path)
	if err != nil {
		return err
	}
	tight := limit
	tight.Cur = uint64(info.Size())
	if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &tight); err != nil {
		return err
	}
	k := 0
	for ; k < 5000; k++ {
		if err = j.Record(background, progressOf(k)); err != nil {
			break
		}
	}
	again := j.Record(background, progressOf(k))
	if !errors.Is(err, ErrFull) || !errors.Is(again, ErrFull) {
		return fmt.Errorf("%w: the disk is full: %w, %w", errChild, err, again)
	}
	fmt.Println(err)
	if n, err := recorded(j); err != nil || n != k || k == 0 {
		return fmt.Errorf("%w: %d of %d batches are recorded: %w", errChild, n, k, err)
	}
	if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &limit); err != nil {
		return err
	}
	for ; k < 500; k++ {
		if err = j.Record(background, progressOf(k)); err != nil {
			return err
		}
	}
	return j.Close()
}

func TestAFullDiskIsAnErrorThatSaysSoAndNothingIsLost(t *testing.T) {
	t.Parallel()
	path := newPath(t)
	j, err := Open(path)
	require.NoError(t, err)
	_, _, err = j.Resume(t.Context(), fingerprint)
	require.NoError(t, err)
	require.NoError(t, j.Close())

	told, err := child(t, "fill", path).Output()
	require.NoError(t, err)
	line := strings.TrimSpace(string(told))
	require.Contains(t, line, "boltjournal: "+path+" cannot grow (")
	require.Contains(t, line, "free space on its disk and run again; nothing that was recorded is lost")

	k, err := recorded(open(t, path))
	require.NoError(t, err)
	require.Equal(t, 500, k)
}
