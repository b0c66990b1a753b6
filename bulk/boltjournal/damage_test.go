package boltjournal

import (
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

// journalBytes is a journal of some pages, and how many batches it has.
func journalBytes(t *testing.T) (data []byte, batches int) {
	path := newPath(t)
	j, err := Open(path)
	require.NoError(t, err)
	batches = 150
	recordUpTo(t, j, batches)
	require.NoError(t, j.Close())
	data, err = os.ReadFile(path)
	require.NoError(t, err)
	return data, batches
}

func TestAJournalThatWasCutOffIsAnErrorThatSaysWhatToDo(t *testing.T) {
	t.Parallel()
	data, _ := journalBytes(t)
	used := 0
	for i, b := range data { // behind what is used, the file is empty
		if b != 0 {
			used = i + 1
		}
	}
	path := newPath(t)
	for size := 1; size < used; size += 1 + used/97 {
		require.NoError(t, os.WriteFile(path, data[:size], 0o600))
		_, err := Open(path)
		require.ErrorIs(t, err, ErrDamaged, "%d of %d bytes", size, len(data))
		require.ErrorContains(t, err, "keep a copy, remove it and run again, which sends the files that were done once more")
		left, err := os.ReadFile(path)
		require.NoError(t, err)
		require.Equal(t, data[:size], left)
	}
}

// A damage is seen, or it is where nothing is kept. bbolt has two copies of where
// its pages are and takes the older one if the younger is not whole, as after a
// crash: then the last Record is missing.
func TestADamagedJournalIsNeverTakenForAnother(t *testing.T) {
	t.Parallel()
	data, batches := journalBytes(t)
	random := rand.New(rand.NewPCG(1, 2))
	path := filepath.Join(t.TempDir(), "journal")
	damaged := 0
	for i := range 240 {
		broken := append([]byte(nil), data...)
		switch i % 3 {
		case 0: // one bit
			broken[random.IntN(len(broken))] ^= 1 << random.IntN(8)
		case 1: // a part of a page that was not written
			at := random.IntN(len(broken) / 512)
			clear(broken[at*512 : (at+1)*512])
		case 2: // one byte where bbolt keeps how its pages are made up
			page := random.IntN(len(broken) / 4096)
			broken[page*4096+random.IntN(32)] = byte(random.IntN(256))
		}
		require.NoError(t, os.WriteFile(path, broken, 0o600))
		j, err := Open(path)
		if err != nil {
			damaged++
			require.ErrorIs(t, err, ErrDamaged)
			continue
		}
		k, err := recorded(j)
		require.NoError(t, err, "case %d", i)
		require.GreaterOrEqual(t, k, batches-1)
		require.LessOrEqual(t, k, batches)
		require.NoError(t, j.Record(background, progressOf(k)))
		require.NoError(t, j.Close())
		again, err := Open(path)
		require.NoError(t, err)
		n, err := recorded(again)
		require.NoError(t, err)
		require.Equal(t, k+1, n)
		require.NoError(t, again.Close())
	}
	require.Greater(t, damaged, 30)
}
