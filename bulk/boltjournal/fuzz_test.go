package boltjournal

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

// FuzzADamagedFileIsAnErrorOrWhole writes bytes over a small journal. Whatever they
// are, Open returns, and what it takes for a journal is the one that was written.
func FuzzADamagedFileIsAnErrorOrWhole(f *testing.F) {
	path := filepath.Join(f.TempDir(), "journal")
	j, err := Open(path)
	require.NoError(f, err)
	recordUpTo(f, j, 60)
	require.NoError(f, j.Close())
	whole, err := os.ReadFile(path)
	require.NoError(f, err)
	f.Add(uint(0), []byte{}, uint(1<<20))
	f.Add(uint(4096+12), []byte{0xff, 0xff, 0xff, 0xff}, uint(1<<20))
	f.Add(uint(3*4096), []byte{9, 0, 0, 0}, uint(5*4096))
	f.Fuzz(func(t *testing.T, at uint, patch []byte, size uint) {
		data := append([]byte(nil), whole...)
		copy(data[at%uint(len(data)):], patch)
		data = data[:min(size, uint(len(data)))]
		if len(data) == 0 {
			return // that is a new journal
		}
		path := newPath(t)
		require.NoError(t, os.WriteFile(path, data, 0o600))
		j, err := Open(path)
		if err != nil {
			require.ErrorIs(t, err, ErrDamaged)
			return
		}
		k, err := recorded(j)
		require.NoError(t, err)
		require.GreaterOrEqual(t, k, 59)
		require.LessOrEqual(t, k, 60)
		require.NoError(t, j.Close())
	})
}
