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
		require.Equal(t, text, OwnUserData(sent))
		require.Equal(t, text, OwnUserData(newTrackerPrefix().userData(number, text)))
		for _, userData := range []string{end, text, trackerMark + end, string(p) + end, sent[:len(sent)*2/3]} {
			require.Equal(t, plainOwn(userData), OwnUserData(userData), "%q", userData)
		}
	})
}

// plainOwn says the same as OwnUserData, in the plainest way: it looks at each byte.
func plainOwn(userData string) string {
	const shape = "imm1.################.########."
	if len(userData) < len(shape) {
		return userData
	}
	for i := range len(shape) {
		c := userData[i]
		isDigit := c >= 'A' && c <= 'Z' || c >= 'a' && c <= 'z' || c >= '0' && c <= '9' || c == '-' || c == '_'
		if shape[i] == '#' && !isDigit || shape[i] != '#' && shape[i] != c {
			return userData
		}
	}
	return userData[len(shape):]
}

func TestOnlyWhatATrackerAddedIsTakenAway(t *testing.T) {
	t.Parallel()
	sent := newTrackerPrefix().userData(7, "")
	for userData, own := range map[string]string{
		"":                             "",
		"mine":                         "mine",
		"imm1.":                        "imm1.",
		"imm1.a.b.mine":                "imm1.a.b.mine",
		sent:                           "",
		sent + "mine":                  "mine",
		sent + "a.b.c":                 "a.b.c",
		sent + sent + "mine":           sent + "mine", // a tracker's own text can be another's
		sent[:len(sent)-1]:             sent[:len(sent)-1],
		" " + sent:                     " " + sent,
		"IMM1." + sent[5:]:             "IMM1." + sent[5:],
		sent[:10] + "\n" + sent[11:]:   sent[:10] + "\n" + sent[11:],
		sent[:10] + "=" + sent[11:]:    sent[:10] + "=" + sent[11:],
		sent[:21] + "," + sent[22:]:    sent[:21] + "," + sent[22:],
		sent[:25] + "猫" + sent[28:]:    sent[:25] + "猫" + sent[28:],
		sent[:20] + sent[21:] + "mine": sent[:20] + sent[21:] + "mine",
	} {
		require.Equal(t, own, OwnUserData(userData), "%q", userData)
		require.Equal(t, own, plainOwn(userData), "%q", userData)
	}
}

func TestTrackersHaveDifferentPrefixes(t *testing.T) {
	t.Parallel()
	seen := make(map[trackerPrefix]bool)
	for range 1000 {
		seen[newTrackerPrefix()] = true
	}
	require.Len(t, seen, 1000)
}
