package main

import (
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestACommandLineThatMakesNoSenseSaysWhatWouldBeRight(t *testing.T) {
	t.Parallel()
	with := func(args ...string) []string { return append(args, testTarget...) }
	for _, test := range []struct {
		args []string
		want string
	}{
		{[]string{"indx"}, `imm: "indx" is not a command of imm; did you mean bind or index?; imm --help lists the commands`},
		{[]string{"xyzzy"}, `imm: "xyzzy" is not a command of imm; imm --help lists the commands`},
		{[]string{"project"}, "imm: imm project needs a command behind it; imm project --help lists them"},
		{[]string{"project", "lst"}, `imm: "lst" is not a command of imm project; did you mean get or list?; imm project --help lists the commands`},
		{[]string{"binding", "x"}, `imm: "x" is not a command of imm binding`},
		{[]string{"dataset"}, "imm dataset needs a command behind it"},
		{[]string{"get", "--nope"}, "imm: unknown flag: --nope; imm get --help lists the flags"},
		{[]string{"-x"}, "unknown shorthand flag: 'x' in -x; imm --help lists the flags"},
		{[]string{"get", "-o", "xml", "oss://b/k"}, `invalid argument "xml" for "-o, --output" flag: want table, json or jsonl; imm get --help lists the flags`},
		{[]string{"get", "--output"}, "flag needs an argument: --output"},
		{[]string{"get"}, "imm: no URI stands behind imm get; want one or more, such as oss://my-bucket/cat.jpg"},
		{[]string{"get", "oss://b/k"}, "imm: --project is missing; imm project list shows which there are"},
		{[]string{"get", "oss://b/k", "-p", "photos"}, "imm: --dataset is missing; imm dataset list --project photos shows which there are"},
		{with("get", "b/k"), `imm: "b/k" is not the URI of a file; want oss://bucket/object`},
		{[]string{"get", "oss://b/k", "-p", "1", "-d", "d"}, `imm: BatchGetFileMeta: ProjectName: "1" is not a name; want 1 to 128 letters`},
		{[]string{"project", "get"}, "imm: NAME is missing behind imm project get; imm project get --help shows an example"},
		{[]string{"project", "get", "a", "b"}, `imm: "b" is one argument too many for imm project get NAME; text with spaces in it needs quotes`},
		{[]string{"project", "list", "a"}, `imm: "a" is one argument too many for imm project list`},
		{[]string{"project", "update", "a"}, "imm: nothing is to be changed; add --description, --template or --service-role"},
		{[]string{"dataset", "create", "a"}, "imm: --project is missing"},
		{[]string{"dataset", "update", "a", "-p", "p"}, "imm: nothing is to be changed; add --description or --template"},
		{with("update", "oss://b/k"), "imm: nothing is to be changed; add --label, --clear-labels or --custom-id"},
		{with("update", "oss://b/k", "--label", "a=b", "--clear-labels"), "imm: --clear-labels and --label do not go together"},
		{with("update", "oss://b/k", "--label", "a"), `invalid argument "a" for "--label" flag: want KEY=VALUE, such as category=Pets`},
		{with("update", "oss://b/k", "--label", "=a"), "want KEY=VALUE"},
		{with("update", "oss://b/k", "--label", "a=1", "--label", "a=2"), `there are two values for "a"; give it once`},
		{with("bind", "oss://b", "--timeout", "-1s"), "imm: --timeout and --interval cannot be negative"},
		{with("bind", "b", "--yes"), `imm: CreateBinding: URI: "b" is not the URI of a bucket; want oss://bucket`},
		{with("binding", "wait", "oss://b", "--timeout", "soon"), `invalid argument "soon" for "--timeout" flag`},
		{with("query", "Size > "), "imm: query: column 8: want a value behind > in place of the end"},
		{with("query", "a = 1", "b = 2"), `imm: "b = 2" is one argument too many for imm query 'EXPR'; text with spaces in it needs quotes`},
		{with("query", "--limit", "-1"), "imm: --limit is -1; want 0 for all files, or a number above it"},
		{with("query", "--aggregate", "sum"), `imm: --aggregate: "sum" is not OPERATION:FIELD, such as sum:Size`},
		{with("query", "--aggregate", "sum:Size", "--fields", "Size"), "imm: --fields has no meaning beside --aggregate"},
		{with("query", "--aggregate", "most:Size"), `"most" is not an aggregation; want min, max`},
		{with("query", "--order", "up", "--sort", "Size"), `imm: SimpleQuery: Order: "up" is not an order; want asc or desc`},
		{with("index"), "imm: no files are named; add URIs, such as oss://my-bucket/cat.jpg, or --from with a file of them"},
		{[]string{"index", "oss://b/k"}, "imm: --project is missing"},
		{with("index", "oss://b/k", "--from", "x"), "imm: there are URIs and --from; use one of the two"},
		{with("index", "oss://b/k", "--retry-failed"), "imm: --retry-failed needs --journal"},
		{with("index", "oss://b/k", "--retry-failed", "--journal", "j"), "imm: --retry-failed takes its files from the journal; leave the others out"},
		{with("index", "oss://b/k", "--format", "csv"), "imm: --format is about the list of --from, which is missing"},
		{with("index", "--from", "x", "--format", "xls"), `invalid argument "xls" for "--format" flag: want auto, uris, jsonl, csv, inventory or failed`},
		{with("index", "oss://b/k", "--rate", "-1"), "imm: --rate is -1; want a number of requests a second above 0"},
		{with("index", "oss://b/k", "--rate", "NaN"), "imm: --rate is NaN"},
		{with("index", "oss://b/k", "--rate", "0"), "imm: --rate is 0; want a number of requests a second above 0, or leave it out for what the project allows"},
		{with("index", "oss://b/k", "--rate", "fast"), `invalid argument "fast" for "--rate" flag`},
		{with("index", "oss://b/k", "--confirm", "mail"), `invalid argument "mail" for "--confirm" flag: want none, messages or poll`},
		{with("index", "oss://b/k", "--confirm", "messages", "--topic", "t"), "imm: --confirm messages needs --topic, --queue and --queue-endpoint; without a queue use --confirm poll"},
		{with("index", "oss://b/k", "--queue", "q"), "imm: --queue and --queue-endpoint are for --confirm messages"},
		{with("index", "oss://b/k", "--confirm-within", "1h"), "imm: --confirm-within is 1h0m0s; want a time above 0, and --confirm poll or messages beside it"},
		{with("index", "--from", "/none/list.txt"), "imm: --from: open /none/list.txt: no such file or directory"},
		{with("index", "--from", "/none/manifest.json"), "imm: --from: "},
		{with("index", "--journal", "/none/journal", "oss://b/k"), "imm: --journal: "},
		{with("delete", "oss://b/k", "--from", "x"), "imm: there are URIs and --from; use one of the two"},
		{with("delete", "--format", "csv", "oss://b/k"), "imm: --format is about the list of --from, which is missing"},
		{with("delete", "--from", "/none/list.txt", "--yes"), "imm: --from: open /none/list.txt: no such file or directory"},
		{with("delete", "--from", "-"), "imm: the standard input can be read only once"},
		{[]string{"doctor", "--dataset", "d"}, "imm: --project is missing"},
		{[]string{"get", "oss://b/k", "-p", "p", "-d", "d", "--region", "nowhere"}, `imm: --region: "nowhere" is not a region id; want a region id such as "cn-hangzhou"`},
		{[]string{"project", "list", "--endpoint", "imm.example.com"}, "imm: --endpoint: it does not start with https://"},
		{[]string{"project", "list", "--endpoint", "http://imm.example.com"}, "imm: --endpoint: http is only for this machine, because others could read along; use https"},
		{[]string{"get", "oss://b/\x1b[31m", "-p", "p\x1b", "-d", "d"}, `ProjectName: "p`},
	} {
		f := newFixture(t)
		code, out, errs := f.call(t, test.args...)
		require.Equal(t, exitUsage, code, "%v: %s", test.args, errs)
		require.Contains(t, errs, test.want, "%v", test.args)
		require.Empty(t, out, "%v", test.args)
		require.NotContains(t, errs, "\x1b")
		require.Empty(t, f.requests(), "%v: nothing is sent", test.args)
	}
}

func TestWithoutARegionTheErrorSaysHowToNameOne(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.getenv = func(string) string { return "" }
	code, _, errs := f.call(t, "project", "list")
	require.Equal(t, exitUsage, code)
	require.Equal(t, "imm: no region is named; add --region, such as --region cn-hangzhou, or set ALIBABA_CLOUD_REGION_ID\n", errs)
}

func TestWhereAnExpressionGoesWrongIsPointedAt(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	for expr, want := range map[string]string{
		"Size => 5":       "\n  Size => 5\n       ^\n",
		"Title = 猫 狗":     "\n  Title = 猫 狗\n             ^\n",
		"Size = \x1b[31m": `the character U+001B cannot stand here; put the text that it belongs to in quotes` + "\n",
	} {
		code, _, errs := f.call(t, append([]string{"query", expr}, testTarget...)...)
		require.Equal(t, exitUsage, code)
		require.True(t, strings.HasSuffix(errs, want), "%q", errs)
		require.NotContains(t, errs, "\x1b")
	}
}

func TestHelpHasAnExampleOfEveryCommand(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.getenv = func(string) string { return "" } // help needs nothing
	require.Contains(t, f.must(t), "Start with imm doctor")
	require.Contains(t, f.must(t, "help", "query"), "one element of a list meets all of this")
	root := f.root()
	var check func(path []string)
	check = func(path []string) {
		cmd, _, err := root.Find(path)
		require.NoError(t, err)
		help := f.must(t, append([]string{"help"}, path...)...)
		require.Equal(t, help, f.must(t, append(path, "--help")...))
		if !cmd.HasSubCommands() {
			require.Contains(t, help, "Examples:\n  imm "+strings.Join(path, " "), "%v", path)
		}
		for _, sub := range cmd.Commands() {
			if sub.Name() != "help" && sub.Name() != "completion" {
				check(append(slices.Clip(path), sub.Name()))
			}
		}
	}
	for _, cmd := range root.Commands() {
		if cmd.Name() != "help" && cmd.Name() != "completion" {
			check([]string{cmd.Name()})
		}
	}
}

func TestShellsCompleteCommandsAndTheValuesOfFlags(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	for _, shell := range []string{"bash", "zsh", "fish", "powershell"} {
		require.Contains(t, f.must(t, "completion", shell), "imm", shell)
	}
	require.Contains(t, f.must(t, "__complete", "bi"), "binding\t")
	require.Contains(t, f.must(t, "__complete", "get", "--output", "j"), "json\njsonl\n:4\n")
}

func TestTheVersionSaysWithWhichGoItWasBuilt(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	require.Contains(t, f.must(t, "--version"), " go1.")
}
