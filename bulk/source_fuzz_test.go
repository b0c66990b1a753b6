package bulk

import (
	"bufio"
	"bytes"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/require"
)

// FuzzURIsAreReadAsByABufioScanner compares the reader of lines with the plain one
// of package bufio, and goes on behind each item.
func FuzzURIsAreReadAsByABufioScanner(f *testing.F) {
	for _, text := range []string{"", "\n", "oss://b/1", "oss://b/1\r\noss://b/2\r", "\ufeffoss://b/1\n\n#x\n", "oss://b/\xff\n", "\r\r\n", "x\noss://b/1\n", "\ufeff", "\x1f\x8b"} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		for _, mark := range []string{"\x1f\x8b", "\xff\xfe", "\xfe\xff"} {
			if bytes.HasPrefix(text, []byte(mark)) {
				readSource(t, URIs("list", bytes.NewReader(text)), "") // it ends, and that is all
				return
			}
		}
		var want []string
		scanner := bufio.NewScanner(strings.NewReader(strings.TrimPrefix(string(text), "\ufeff")))
		for scanner.Scan() {
			line := scanner.Text()
			if strings.TrimSpace(line) == "" && utf8.ValidString(line) || strings.HasPrefix(line, "#") && utf8.ValidString(line) {
				continue
			}
			if isFileURI(line) && utf8.ValidString(line) {
				want = append(want, line)
			} else {
				want = append(want, "bad")
			}
		}
		require.NoError(t, scanner.Err())
		var got []string
		for _, r := range readSource(t, URIs("list", bytes.NewReader(text)), "") {
			require.NotEmpty(t, r.item.Position)
			if r.err != nil {
				got = append(got, "bad")
			} else {
				got = append(got, r.item.File.URI)
			}
		}
		require.Equal(t, want, got)
		if len(got) < 20 {
			requireResumable(t, func() Source { return URIs("list", bytes.NewReader(text)) })
			requireResumable(t, func() Source { return URIs("list", streamOf(string(text))) })
		}
	})
}

// FuzzAPositionIsReadOnlyAsItIsWritten wants one text for each position.
func FuzzAPositionIsReadOnlyAsItIsWritten(f *testing.F) {
	for _, text := range []string{"1:2", "1:2:3", "", ":", "1:", "::", "-1:2", "0:1:2", "1:02", "1:2:3:4", "9223372036854775808:1"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if p, ok := parseLinePosition(text); ok {
			require.Equal(t, text, p.String())
			require.Positive(t, p.line)
			require.Positive(t, p.offset)
		}
	})
}
