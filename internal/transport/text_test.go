package transport

import (
	"strings"
	"testing"
	"unicode"

	"github.com/stretchr/testify/require"
)

func TestOneLineKeepsWhatIsHarmless(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"": "", "a": "a", "a b": "a b", "é 日本 😀": "é 日本 😀", " ": "", "  ": "", " a": "a", "a ": "a", "a  b": "a b", "a\tb": "a b",
		"a\r\n b": "a b", "\x7f": "", "a\u00a0b": "a\u00a0b", "a\xffb": "a\uFFFDb", "a\u200fb": "a b", "a\u061cb": "a b", "a\ufeffb": "a\ufeffb",
		"\n" + strings.Repeat("a", maxShown):   strings.Repeat("a", maxShown),
		strings.Repeat("a", maxShown):          strings.Repeat("a", maxShown),
		strings.Repeat("a", maxShown+1):        strings.Repeat("a", maxShown) + "…",
		strings.Repeat("a", maxShown-1) + "日":  strings.Repeat("a", maxShown-1) + "…",
		strings.Repeat("\n", 5*maxShown) + "a": "",
	} {
		require.Equal(t, want, OneLine(text), "%.40q", text)
	}
	for r := range rune(0x3000) {
		want := "a" + string(r) + "b"
		if steers(r) {
			want = "a b"
		}
		require.Equal(t, want, OneLine("a"+string(r)+"b"), "%U", r)
	}
}

// steers reports whether a character can end a line or steer a terminal.
func steers(r rune) bool {
	return unicode.IsControl(r) || unicode.In(r, unicode.Zl, unicode.Zp, unicode.Bidi_Control)
}
