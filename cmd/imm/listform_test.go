package main

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestAListTellsItsFormByItsFirstLineAndThenByItsName(t *testing.T) {
	t.Parallel()
	const failure = `{"URI":"oss://b/1","Error":"no"}` + "\n"
	for _, test := range []struct{ name, text, want string }{
		{"list", "oss://b/1\n", "uris"},
		{"list", "# photos\n\n  pds://domains/1\n", "uris"},
		{"list.jsonl", "oss://b/1\n", "uris"},
		{"list.csv", "oss://b/1\noss://b/2\n", "csv"}, // which lacks its header
		{"list.txt", "URI,CustomId\noss://b/1,1\n", "csv"},
		{"list.txt", "\ufeff\"uri\"\n", "csv"},
		{"list.txt", "label:x, URI \r\n", "csv"},
		{"list.txt", "URIs\n", "uris"},
		{"list.txt", "oss://b/URI,URI\n", "uris"},
		{"list.csv", "path,label\n", "csv"},
		{"list.txt", `{"URI":"oss://b/1"}`, "jsonl"},
		{"manifest.json", `{"URI":"oss://b/1"}`, "jsonl"},
		{"list.txt", "{broken\n", "jsonl"},
		{"list.txt", failure, "failed"},
		{"failures.jsonl", failure, "failed"},
		{"x.failed.jsonl", `{"URI":"oss://b/1"}`, "failed"},
		{"x.failed.jsonl", `{"Error":"no file"}`, "failed"},
		{"report.json", `{"sourceBucket":"b","files":[]}`, "inventory"},
		{"report.json", "{\n  \"sourceBucket\": \"b\"\n}", "inventory"},
		{"manifest.json", "{\n}", "inventory"}, // which lacks its bucket
		{"manifest.json", "<html>", "inventory"},
		{"list.NDJSON", "nonsense\n", "jsonl"},
		{"list.jsonl.gz", "", "jsonl"},
		{"list", "nonsense\n", "uris"},
		{"list", "", "uris"},
		{"list", strings.Repeat("x", 2*headSize), "uris"},
	} {
		require.Equal(t, test.want, formOf(test.name, []byte(test.text)[:min(len(test.text), headSize)]), "%s: %.40q", test.name, test.text)
		var zipped bytes.Buffer
		w := gzip.NewWriter(&zipped)
		_, err := io.WriteString(w, test.text)
		require.NoError(t, err)
		require.NoError(t, w.Close())
		require.Equal(t, test.want, formOf(test.name, unzipped(zipped.Bytes()[:min(zipped.Len(), headSize)])), "%s, compressed: %.40q", test.name, test.text)
	}
}

func TestTheBeginningOfAPipeIsLookedAtWithoutWaitingForItsEnd(t *testing.T) {
	t.Parallel()
	reader, writer := io.Pipe()
	defer func() { _ = reader.Close() }()
	go func() {
		for _, text := range []string{"# a comm", "ent\n", "{\"URI\":", "\"oss://b/1\"}\n"} {
			_, _ = io.WriteString(writer, text) // and nothing more comes, nor an end
		}
	}()
	buffered := bufio.NewReaderSize(reader, headSize)
	require.Equal(t, "jsonl", formOf("-", headOf(buffered)))
	line, err := buffered.ReadString('\n')
	require.NoError(t, err)
	require.Equal(t, "# a comment\n", line, "nothing is taken away")

	for text, want := range map[string]string{"": "uris", "URI": "csv", `{"URI":"oss://b/1"}`: "jsonl", strings.Repeat("\n", 3*headSize) + "URI\n": "uris"} {
		require.Equal(t, want, formOf("-", headOf(bufio.NewReaderSize(strings.NewReader(text), headSize))), "%.40q", text)
	}
}

func TestAListOfFailuresIsKnownByWhatIsInItAndLosesNoLine(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	text := `{"URI":"oss://b/1","CustomId":"1","Error":"no"}` + "\n" + `{"Error":"list.txt:7: nonsense"}` + "\n" + `{"URI":"oss://b/2","Error":"no"}` + "\n"
	failed := filepath.Join(t.TempDir(), "failed")
	code, out, errs := f.index(t, "--yes", "--from", write(t, "tomorrow.txt", text), "--failed", failed)
	require.Equal(t, exitFailed, code, errs)
	require.Contains(t, out, "Files         3\nAccepted      2\nFailed        1\n")
	require.Len(t, f.handedIn(t), 2)
	data, err := os.ReadFile(failed)
	require.NoError(t, err)
	require.Contains(t, string(data), "tomorrow.txt:2:")
}

func TestAListThatIsWrongAsAWholeIsAMistakeOfTheCommandLine(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	manifest := filepath.Join(folder, "manifest.json")
	require.NoError(t, os.WriteFile(manifest, []byte(`{"sourceBucket":"b","fileFormat":"ORC"}`), 0o600))
	for name, test := range map[string]struct{ path, want string }{
		"missing":     {filepath.Join(folder, "none.txt"), "imm: --from: open "},
		"a directory": {folder, "is a directory; want a file with a list, such as the manifest.json in it"},
		"empty":       {write(t, "list.txt", ""), "imm: there is no file to index in the list"},
		"no header":   {write(t, "list.csv", "oss://b/1\n"), `list.csv:1:1: unknown column "oss://b/1"`},
		"no URI":      {write(t, "list.csv", "CustomId\n1\n"), "there is no column URI"},
		"no manifest": {manifest, `the fileFormat is "ORC"; want CSV`},
		"not gzip":    {write(t, "list.txt", "\x1f\x8bxxxxxxxxxxxxxxxxxx"), "list.txt"},
	} {
		for _, args := range [][]string{{}, {"--yes"}, {"--dry-run"}, {"--yes", "--journal", filepath.Join(t.TempDir(), "journal")}} {
			f := newFixture(t)
			f.answers("y\n")
			code, out, errs := f.index(t, append(args, "--from", test.path)...)
			require.Equal(t, exitUsage, code, "%s %v: %s", name, args, errs)
			require.Contains(t, errs, test.want, "%s %v", name, args)
			require.NotContains(t, errs, "stopped before the end")
			require.Empty(t, f.handedIn(t))
			if name != "empty" {
				require.Empty(t, out)
			}
		}
	}
	f := newFixture(t)
	f.in = strings.NewReader(`{"sourceBucket":"b"}`)
	code, _, errs := f.index(t, "--yes", "--from", "-")
	require.Equal(t, exitUsage, code)
	require.Contains(t, errs, "has to be named by its file")
}
