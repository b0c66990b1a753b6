package main

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestAWordThatIsNoCommandIsToldBeforeTheFlagsBehindIt(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		args []string
		want string
	}{
		{[]string{"binding", "show", "oss://b", "--project", "p"}, `imm: "show" is not a command of imm binding`},
		{[]string{"binding", "--project", "p", "show"}, `imm: "show" is not a command of imm binding`},
		{[]string{"-o", "json", "dataset", "lst", "-p", "p"}, `imm: "lst" is not a command of imm dataset; did you mean`},
		{[]string{"indexx", "--from", "x"}, `imm: "indexx" is not a command of imm; did you mean index?`},
		{[]string{"project", "--nope"}, "imm: unknown flag: --nope; imm project --help lists the flags"},
		{[]string{"-o", "json", "--nope"}, "imm: unknown flag: --nope"},
		{[]string{"get", "oss://b/k", "--nope"}, "imm: unknown flag: --nope; imm get --help lists the flags"},
		{[]string{"-o", "xml", "project", "list"}, `imm: invalid argument "xml" for "-o, --output" flag`},
		{[]string{"help", "nosuch"}, `imm: "nosuch" is not a command of imm; imm --help lists the commands`},
		{[]string{"help", "project", "lst"}, `imm: "lst" is not a command of imm project; did you mean`},
		{[]string{"completion", "foo"}, `imm: "foo" is not a command of imm completion`},
		{[]string{"completion"}, "imm: imm completion needs a command behind it"},
	} {
		f := newFixture(t)
		code, out, errs := f.call(t, test.args...)
		require.Equal(t, exitUsage, code, "%v: %s", test.args, errs)
		require.Contains(t, errs, test.want, "%v", test.args)
		require.Empty(t, out)
	}
	f := newFixture(t)
	require.Contains(t, f.must(t, "help", "completion", "bash"), "bash")
	require.Contains(t, f.must(t, "help", "help"), "imm help")
}

func TestABindingIsAlsoGotten(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	_, status, errs := f.call(t, append([]string{"binding", "status", "oss://b"}, testTarget...)...)
	_, got, gotErrs := f.call(t, append([]string{"binding", "get", "oss://b"}, testTarget...)...)
	require.Equal(t, status, got)
	require.Equal(t, withoutIDs(errs), withoutIDs(gotErrs))
	require.Contains(t, errs, "imm: GetBinding: ResourceNotFound")
}

func TestShellsOfferNoFilesForNames(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	for _, args := range [][]string{
		{"get", ""}, {"index", "--project", ""}, {"index", "-d", ""}, {"index", ""}, {"project", "get", ""}, {"bind", "oss://"},
	} {
		require.Contains(t, f.must(t, append([]string{"__complete"}, args...)...), ":4\n", "%v", args)
	}
	for _, args := range [][]string{{"index", "--from", ""}, {"index", "--journal", ""}, {"delete", "--from", ""}} {
		require.Contains(t, f.must(t, append([]string{"__complete"}, args...)...), ":0\n", "%v", args)
	}
}
