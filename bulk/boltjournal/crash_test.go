package boltjournal

import (
	"bufio"
	"fmt"
	"math/rand/v2"
	"os/exec"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func init() {
	children["record"] = recordForever
	children["hold"] = hold
}

// recordForever goes on where the journal is, and says what it has recorded.
func recordForever(path string) error {
	j, err := Open(path)
	if err != nil {
		return err
	}
	k, err := recorded(j)
	if err != nil {
		return err
	}
	fmt.Println(k)
	for {
		if err := j.Record(background, progressOf(k)); err != nil {
			return err
		}
		k++
		fmt.Println(k)
	}
}

func TestNothingRecordedIsLostWhenTheProcessIsKilled(t *testing.T) {
	t.Parallel()
	const kills = 50
	path := newPath(t)
	total := 0
	for range kills {
		cmd := child(t, "record", path)
		told, err := cmd.StdoutPipe()
		require.NoError(t, err)
		require.NoError(t, cmd.Start())
		last, lines := -1, 1+rand.IntN(12)
		scanner := bufio.NewScanner(told)
		for scanner.Scan() {
			last, err = strconv.Atoi(scanner.Text())
			require.NoError(t, err)
			if lines--; lines == 0 {
				<-time.After(rand.N(2 * time.Millisecond)) // within a commit as well as between two
				require.NoError(t, cmd.Process.Kill())
			}
		}
		var died *exec.ExitError
		require.ErrorAs(t, cmd.Wait(), &died)
		require.False(t, died.Exited(), "the child ended by itself: %s", died)

		j, err := Open(path)
		require.NoError(t, err)
		k, err := recorded(j)
		require.NoError(t, err)
		require.NoError(t, j.Close())
		require.GreaterOrEqual(t, k, last, "a Record had returned")
		require.LessOrEqual(t, k, last+1, "at most one was under way")
		require.GreaterOrEqual(t, k, total)
		total = k
	}
	require.Positive(t, total)
}

// hold keeps the journal until it is killed.
func hold(path string) error {
	if _, err := Open(path); err != nil {
		return err
	}
	fmt.Println("held")
	select {}
}

func TestASecondProcessIsToldThatTheJournalIsInUse(t *testing.T) {
	t.Parallel()
	path := newPath(t)
	cmd := child(t, "hold", path)
	told, err := cmd.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, cmd.Start())
	require.True(t, bufio.NewScanner(told).Scan())
	_, err = Open(path)
	require.ErrorIs(t, err, ErrInUse)
	require.EqualError(t, err, "boltjournal: "+path+" is in use by another process: wait for it to end, or use another file")
	require.NoError(t, cmd.Process.Kill())
	require.Error(t, cmd.Wait())
	recordUpTo(t, open(t, path), 1)
}
