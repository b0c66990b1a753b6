package main

import (
	"encoding/json"
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/imm-go/imm/immtest"
)

func TestADryRunShowsTheFirstBadLinesAndAllOfThemAsJSON(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	var list strings.Builder
	for i := range 30 {
		fmt.Fprintf(&list, "oss://b/%d\nnonsense %d\n", i, i)
	}
	path := write(t, "list.txt", list.String())
	code, out, errs := f.call(t, "index", "--dry-run", "--from", path)
	require.Equal(t, exitFailed, code)
	require.Contains(t, out, "Files      30\nRequests   at least 1\nBad lines  30\n"+path+`:2: "nonsense 0" is no URI of a file`)
	require.Contains(t, out, `"nonsense 19" is`)
	require.NotContains(t, out, "nonsense 20")
	require.Contains(t, out, "\n… and 10 more, which -o jsonl shows\n")
	require.Contains(t, errs, "imm: 30 lines cannot be read or sent as files\n")

	code, out, _ = f.call(t, "index", "--dry-run", "--from", path, "-o", "jsonl")
	require.Equal(t, exitFailed, code)
	lines := strings.Split(strings.TrimSpace(out), "\n")
	require.Len(t, lines, 30)
	var bad badItem
	require.NoError(t, json.Unmarshal([]byte(lines[29]), &bad))
	require.Equal(t, int64(60), bad.Line)

	code, out, _ = f.call(t, "index", "--dry-run", "--from", path, "-o", "json")
	require.Equal(t, exitFailed, code)
	var summary listSummary
	require.NoError(t, json.Unmarshal([]byte(out), &summary))
	require.Equal(t, int64(30), summary.BadLines)
	require.Len(t, summary.FirstBad, someBad)
	require.Empty(t, f.requests())
}

func TestADryRunCountsWhatCannotBeSent(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	path := write(t, "list.txt", "oss://b/1\noss://b\noss://b/\npds://domains/1\npds://domains/d/drives/1/files/f/revisions/r\noss://b/2\n")
	code, out, errs := f.call(t, "index", "--dry-run", "--from", path)
	require.Equal(t, exitFailed, code, errs)
	require.Contains(t, out, "Files      2\nRequests   at least 1\nBad lines  4\n")
	require.Contains(t, out, path+`:2: "oss://b" is not the URI of a file; want oss://bucket/object`)
	require.Contains(t, out, path+`:5: "pds://domains/d/drives/1/files/f/revisions/r": FileHash: it is empty`)
	code, out, _ = f.index(t, "--yes", "--from", path, "--failed", filepath.Join(t.TempDir(), "failed"))
	require.Equal(t, exitFailed, code)
	require.Contains(t, out, "Accepted      2\nFailed        4\n", "as a run finds out")
}

func TestADryRunKnowsWhatAJournalHasAsDone(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	path := write(t, "list.txt", numbered(7)+"nonsense\n")
	folder := t.TempDir()
	journal := filepath.Join(folder, "journal")
	dry := []string{"--dry-run", "--from", path, "--journal", journal}
	code, out, errs := f.index(t, dry...)
	require.Equal(t, exitFailed, code, errs)
	require.Contains(t, out, "Files      7\n")
	require.NoFileExists(t, journal)

	code, _, errs = f.index(t, "--yes", "--from", path, "--journal", journal, "--failed", filepath.Join(folder, "failed"))
	require.Equal(t, exitFailed, code, errs)
	sent := len(f.requests())
	code, out, errs = f.index(t, dry...)
	require.Equal(t, exitDone, code, errs)
	require.Equal(t, "Files      0\nRequests   at least 0\nBad lines  0\n", out, "all is done, and what failed is known")

	code, _, errs = f.index(t, "--dry-run", "--from", write(t, "other.txt", "oss://b/other\n"), "--journal", journal)
	require.Equal(t, exitUsage, code)
	require.Contains(t, errs, "use another file, or remove this one to start over")
	code, _, errs = f.call(t, append([]string{"index"}, dry...)...)
	require.Equal(t, exitUsage, code)
	require.Contains(t, errs, "imm: --project is missing")
	require.Len(t, f.requests(), sent)
}

func TestBlanksAtTheEndOfURIsAreToldBeforeAnythingIsCharged(t *testing.T) {
	t.Parallel()
	path := write(t, "list.txt", "oss://b/1 \noss://b/2\noss://b/3\t\n oss://b/4\n")
	const sentence = `2 URIs end with a blank, which belongs to them, such as "oss://b/1 ".`
	f := newFixture(t)
	f.answers("no\n")
	code, _, errs := f.index(t, "--from", path)
	require.Equal(t, exitStopped, code)
	require.Contains(t, errs, "3 files will be indexed")
	require.Contains(t, errs, `1 line is left out, such as `+path+`:4: " oss://b/4" is no URI of a file`)
	require.Contains(t, errs, sentence)

	code, out, _ := f.index(t, "--dry-run", "--from", path)
	require.Equal(t, exitFailed, code)
	require.Contains(t, out, sentence)

	f.in = strings.NewReader("oss://b/1 \noss://b/2\noss://b/3 \n")
	code, _, errs = f.index(t, "--yes", "--from", "-")
	require.Equal(t, exitDone, code)
	require.Equal(t, 1, strings.Count(errs, `1 URI ends with a blank, which belongs to it, such as "oss://b/1 ".`), errs)
	require.Contains(t, errs, `2 URIs end with a blank`)
	require.Contains(t, f.handedIn(t), "oss://b/1 ")

	code, _, errs = f.index(t, "--yes", "oss://b/none")
	require.Equal(t, exitDone, code)
	require.NotContains(t, errs, "blank")
}

func TestADatasetThatCollectsNothingIsToldBeforeAnythingIsCharged(t *testing.T) {
	t.Parallel()
	const sentence = "\nWarning: dataset test-dataset has no workflow template, and no metadata is collected: indexing costs money and keeps only URIs and labels.\n"
	for name, test := range map[string]struct {
		opts   []immtest.Option
		warned bool
	}{
		"neither":             {[]immtest.Option{immtest.WithDataset(testProject, testDataset, "")}, true},
		"the empty one":       {[]immtest.Option{immtest.WithProject(testProject, "Official:AllFunction"), immtest.WithDataset(testProject, testDataset, emptyTemplate)}, true},
		"that of the project": {[]immtest.Option{immtest.WithProject(testProject, "Official:AllFunction"), immtest.WithDataset(testProject, testDataset, "")}, false},
		"that of the dataset": {[]immtest.Option{immtest.WithDataset(testProject, testDataset, "Official:AllFunction")}, false},
		"nobody knows":        {nil, false},
	} {
		f := newFixture(t, test.opts...)
		f.answers("no\n")
		code, _, errs := f.index(t, "oss://b/1")
		require.Equal(t, exitStopped, code, errs)
		require.Equal(t, test.warned, strings.Contains(errs, sentence+"Go ahead? [y/N] "), "%s: %s", name, errs)
		code, _, errs = f.index(t, "--yes", "oss://b/1")
		require.Equal(t, exitDone, code, errs)
		require.Equal(t, test.warned, strings.Contains("\n"+errs, sentence), "%s: %s", name, errs)
	}
}

func TestThePlaceInAListIsReadOutOfAPosition(t *testing.T) {
	t.Parallel()
	for position, want := range map[string]int64{"12:834": 12, "3:12:834": 12, "7": 0, "": 0, "a/b": 0, "x:y": 0} {
		require.Equal(t, want, lineAt(position), position)
	}
}
