package main

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/imm-go/imm"
	"github.com/imm-go/imm/immtest"
)

// indexed is a fixture with n files in its dataset, oss://test-bucket/000.txt and so on.
func indexed(t *testing.T, n int) (f *fixture, uris []string) {
	t.Helper()
	f = newFixture(t, immtest.WithIndexDelay(0))
	for i := range n {
		key := fmt.Sprintf("%03d.txt", i)
		f.put(key)
		uris = append(uris, "oss://"+testBucket+"/"+key)
	}
	code, _, errs := f.index(t, append([]string{"--yes"}, uris...)...)
	require.Equal(t, exitDone, code, errs)
	outcomes, err := f.server.Client().WaitIndexed(t.Context(), &imm.WaitIndexedRequest{ProjectName: testProject, DatasetName: testDataset, URIs: uris}, imm.WithPollInterval(time.Millisecond))
	require.NoError(t, err)
	require.NoError(t, outcomes.Err())
	return f, uris
}

func TestMoreFilesThanOneCallTakesAreReadChangedAndDeletedByMoreCalls(t *testing.T) {
	t.Parallel()
	f, uris := indexed(t, 250)
	on := func(args ...string) []string { return append(append(args, testTarget...), uris...) }
	var updated []imm.UpdatedFile
	require.NoError(t, json.Unmarshal([]byte(f.must(t, on("update", "-o", "json", "--label", "a=b", "--custom-id", "x")...)), &updated))
	require.Len(t, updated, 250)
	var files []imm.File
	require.NoError(t, json.Unmarshal([]byte(f.must(t, on("get", "-o", "json")...)), &files))
	require.Len(t, files, 250)
	for i, file := range files {
		require.Equal(t, uris[i], file.URI, "in the order of the arguments")
		require.Equal(t, map[string]string{"a": "b"}, file.CustomLabels)
		require.Equal(t, "x", file.CustomID)
	}
	f.must(t, on("update", "--clear-labels", "--custom-id", "")...)
	require.Empty(t, f.must(t, append([]string{"query", "exists CustomLabels.a or exists CustomId"}, testTarget...)...))

	before := len(f.requests())
	require.Equal(t, "The metadata of 250 files is deleted.\n", f.must(t, on("delete", "--yes")...))
	require.Len(t, f.requests()[before:], 3)
	code, out, errs := f.call(t, on("get")...)
	require.Equal(t, exitFailed, code)
	require.Empty(t, out)
	require.Contains(t, errs, "imm: 250 of 250 files are not in the dataset\n")
	code, _, errs = f.call(t, on("update", "--custom-id", "x")...)
	require.Equal(t, exitFailed, code)
	require.Contains(t, errs, "imm: 250 of 250 files were not updated\n")
}

func TestAQueryGoesThroughPagesUpToItsLimit(t *testing.T) {
	t.Parallel()
	f, _ := indexed(t, 250)
	for limit, want := range map[string]struct {
		files, requests int
		more            bool
	}{"0": {250, 3, false}, "1": {1, 1, true}, "99": {99, 1, true}, "100": {100, 2, true}, "101": {101, 2, true}, "249": {249, 3, true}, "250": {250, 3, false}, "1000": {250, 3, false}} {
		before := len(f.requests())
		code, out, errs := f.call(t, append([]string{"query", "-o", "jsonl", "--sort", "Filename", "--order", "asc", "--limit", limit, "Size > 0"}, testTarget...)...)
		require.Equal(t, exitDone, code, errs)
		require.Equal(t, want.files, strings.Count(out, "\n"), limit)
		require.Len(t, f.requests()[before:], want.requests, limit)
		require.Equal(t, want.more, strings.Contains(errs, "There are more; --limit 0 shows all."), limit)
		require.Contains(t, out, `"Filename":"000.txt"`)
	}
}

func TestAListThatBreaksOffIsWholeInItsForm(t *testing.T) {
	t.Parallel()
	f, _ := indexed(t, 150)
	for form, begins := range map[string]string{"table": "URI", "json": "[\n", "jsonl": "{"} {
		f.server.Inject(immtest.Fault{Action: "SimpleQuery", Delay: 1}, immtest.ServerError(1, 500))
		code, out, errs := f.call(t, append([]string{"query", "-o", form, "--limit", "0", "--fields", "URI"}, testTarget...)...)
		require.Equal(t, exitFailed, code)
		require.Contains(t, errs, "InternalError")
		require.True(t, strings.HasPrefix(out, begins), out)
		require.Equal(t, 100, strings.Count(out, ".txt"))
		if form == "json" {
			var files []imm.File
			require.NoError(t, json.Unmarshal([]byte(out), &files))
		}
	}
	f.server.Inject(immtest.ServerError(1, 500))
	code, out, _ := f.call(t, append([]string{"query", "-o", "json"}, testTarget...)...)
	require.Equal(t, exitFailed, code)
	require.Equal(t, "[]\n", out)
}

func TestAnUpdateSaysOfWhichFilesItFailed(t *testing.T) {
	t.Parallel()
	f, uris := indexed(t, 1)
	code, out, errs := f.call(t, append([]string{"update", "--custom-id", "x", uris[0], "oss://b/none"}, testTarget...)...)
	require.Equal(t, exitFailed, code)
	require.Contains(t, out, uris[0]+"  updated\noss://b/none               failed: ")
	require.Contains(t, errs, "imm: 1 of 2 files was not updated\n")
}
