package notify

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// plainOwner says the same as parse, in the plainest way: it makes the UserData of
// the number again and compares.
func plainOwner(p trackerPrefix, userData string) (uint64, userDataOwner) {
	const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
	if !strings.HasPrefix(userData, "imm1.") {
		return 0, ownerNone
	}
	var number uint64
	for i := 22; i < 30 && i < len(userData); i++ {
		number = number*64 + uint64(max(0, strings.IndexByte(alphabet, userData[i])))
	}
	if own := p.userData(number, ""); strings.HasPrefix(userData, own) {
		return number, ownerSelf
	}
	return 0, ownerOther
}

func FuzzUserData(f *testing.F) {
	p := newTrackerPrefix()
	own := p.userData(1<<47+12345, "text")
	f.Add("", "")
	f.Add(own[22:], "text")
	for _, end := range []string{"AAAAAAAA.", "AAAAAAAB", "________.x", "AAAA\nAAAA.", "AAAAAAA=.", "AAAA+AAA.", "猫猫猫.", "AAAAAAAAA."} {
		f.Add(end, "imm1.")
	}
	f.Fuzz(func(t *testing.T, end, text string) {
		for _, userData := range []string{end, text, trackerMark + end, string(p) + end, string(newTrackerPrefix()) + end, string(p)[:len(p)-1] + end} {
			number, owner := p.parse(userData)
			wantNumber, wantOwner := plainOwner(p, userData)
			require.Equal(t, wantOwner, owner, "%q", userData)
			require.Equal(t, wantNumber, number, "%q", userData)
		}
		number := (uint64(len(end))<<40 | uint64(len(text))) % (1 << 48)
		sent := p.userData(number, text)
		require.Len(t, sent, userDataOverhead+len(text))
		require.True(t, strings.HasSuffix(sent, "."+text))
		got, owner := p.parse(sent)
		require.Equal(t, ownerSelf, owner)
		require.Equal(t, number, got)
	})
}

func TestTrackersHaveDifferentPrefixes(t *testing.T) {
	t.Parallel()
	seen := make(map[trackerPrefix]bool)
	for range 1000 {
		seen[newTrackerPrefix()] = true
	}
	require.Len(t, seen, 1000)
}
