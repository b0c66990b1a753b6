package credentials

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestACommandIsSplitLikeAShellDoes(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		command string
		windows bool
		want    []string
	}{
		{"a b  c", false, []string{"a", "b", "c"}},
		{" a\tb\n", false, []string{"a", "b"}},
		{`a 'b c' "d e"`, false, []string{"a", "b c", "d e"}},
		{`a "" ''`, false, []string{"a", "", ""}},
		{`a"b"'c'd`, false, []string{"abcd"}},
		{`a\ b`, false, []string{"a b"}},
		{`a\\b`, false, []string{`a\b`}},
		{`a '\' b`, false, []string{"a", `\`, "b"}},
		{`a "\"" "\\" "\$" "\n"`, false, []string{"a", `"`, `\`, "$", `\n`}},
		{`C:\tools\keys.exe -x`, true, []string{`C:\tools\keys.exe`, "-x"}},
		{`"C:\Program Files\keys.exe" x`, true, []string{`C:\Program Files\keys.exe`, "x"}},
	} {
		got, err := splitCommand(tc.command, tc.windows)
		require.NoError(t, err, tc.command)
		require.Equal(t, tc.want, got, tc.command)
	}
	for _, command := range []string{"", "  ", `''`, `a 'b`, `a "b`, `a\`, `'' b`} {
		_, err := splitCommand(command, false)
		require.Error(t, err, command)
	}
}
