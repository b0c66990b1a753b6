package main

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestABarIsSeenAsATerminalShowsIt(t *testing.T) {
	t.Parallel()
	s := new(screen)
	s.write([]byte("Go ahead? [y/N] y\r\nbar 1\r\nbelow 1\r\n\x1b[2"))
	require.Empty(t, s.last())
	s.write([]byte("A\x1b[Jbar 2\r\nbelow 2\r\n"))
	s.keep("(after 1s)")
	s.write([]byte("\x1b[2A\x1b[Jabove\r\nbar 3\r\nbelow 3\r\n\x1b[2A\x1b[Jbar 3\r\nbelow 3\r\nend\x1b[31m\r\n"))
	s.above("", "(at the end)")
	require.Equal(t, strings.TrimSpace(`
Go ahead? [y/N] y

(after 1s)
bar 2
below 2
above

(at the end)
bar 3
below 3
end`)+"\n", s.text())
	s.write([]byte(strings.Repeat("x", 170)))
	require.True(t, strings.HasSuffix(s.text(), "\n"+strings.Repeat("x", 80)+"\n"+strings.Repeat("x", 80)+"\nxxxxxxxxxx\n"))
}
