package main

import (
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestTheRecordingIsOfACommandThatStillExists(t *testing.T) {
	t.Parallel()
	data, err := os.ReadFile("../../docs/recordings/imm-index.txt")
	require.NoError(t, err)
	first, rest, _ := strings.Cut(string(data), "\n")
	args, isCommand := strings.CutPrefix(first, "$ imm ")
	require.True(t, isCommand, first)
	f := newFixture(t)
	cmd, flags, err := f.root().Find(strings.Fields(args))
	require.NoError(t, err)
	require.Equal(t, "index", cmd.Name())
	require.NoError(t, cmd.ParseFlags(flags))
	for _, text := range []string{"Each of them is charged.\n", "Go ahead? [y/N] y\n", " files/s, ", " throttled, ", "] 100 %\n", "Accepted      60,000\n"} {
		require.Contains(t, rest, text)
	}
}
