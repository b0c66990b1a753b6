package main

import (
	"io"
	"net/http"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/imm-go/imm"
)

func TestTheFilesOfAListAreDeletedOnceSomebodyAgreed(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	code, _, errs := f.index(t, "--yes", "--from", write(t, "list.txt", numbered(250)))
	require.Equal(t, exitDone, code, errs)
	handed := len(f.requests())
	list := write(t, "list.csv", "URI\n"+numbered(205)+"nonsense\noss://b\n")
	args := append([]string{"delete", "--from", list}, testTarget...)
	const question = "The metadata of 205 files is going to be deleted from dataset test-dataset. To have it again costs money again.\n2 lines are left out, such as "

	code, _, errs = f.call(t, args...)
	require.Equal(t, exitUsage, code)
	require.Contains(t, errs, question)
	require.Contains(t, errs, "nobody can be asked here")
	f.answers("no\n")
	code, _, errs = f.call(t, args...)
	require.Equal(t, exitStopped, code, errs)
	require.Len(t, f.requests(), handed)

	f.answers("y\n")
	code, out, errs := f.call(t, args...)
	require.Equal(t, exitFailed, code, errs)
	require.Equal(t, "The metadata of 205 files is deleted.\n", out)
	require.Contains(t, errs, `Left out: "oss://b" is not the URI of a file`)
	require.Contains(t, errs, "imm: 2 lines are no URIs of files, and were left out\n")
	require.Equal(t, []string{"BatchDeleteFileMeta", "BatchDeleteFileMeta", "BatchDeleteFileMeta"}, f.requests()[handed:])
}

func TestAListToDeleteComesByAPipeAndTheResultIsForPrograms(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.in = strings.NewReader(`{"URI":"oss://b/1"}` + "\n" + `{"URI":"oss://b/2"}`)
	code, _, errs := f.index(t, "--yes", "oss://b/1")
	require.Equal(t, exitDone, code, errs)
	require.Equal(t, "{\"Deleted\":2}\n", f.must(t, append([]string{"delete", "--from", "-", "--yes", "-o", "jsonl"}, testTarget...)...))
	require.Equal(t, "{\n  \"Deleted\": 1\n}\n", f.must(t, append([]string{"delete", "oss://b/1", "--yes", "-o", "json"}, testTarget...)...))
}

func TestADeleteThatBreaksOffSaysHowFarItCame(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	_, _, _ = f.index(t, "--yes", "oss://b/1")
	for name, list := range map[string]string{"empty": "", "bad": "nonsense\n"} {
		code, _, errs := f.call(t, append([]string{"delete", "--from", write(t, "list", list), "--yes"}, testTarget...)...)
		require.NotEqual(t, exitDone, code, "%s: %s", name, errs)
	}
	manifest := filepath.Join(t.TempDir(), "manifest.json")
	code, _, errs := f.call(t, append([]string{"delete", "--from", manifest, "--yes"}, testTarget...)...)
	require.Equal(t, exitUsage, code, errs)

	f.options = []imm.Option{
		imm.WithEndpoint("http://localhost"), imm.WithRetry(imm.RetryPolicy{MaxAttempts: 1}),
		imm.WithHTTPClient(&http.Client{Transport: &breaking{f.server.Transport(), 2}}),
	}
	code, _, errs = f.call(t, append([]string{"delete", "--from", write(t, "list", numbered(250)), "--yes"}, testTarget...)...)
	require.Equal(t, exitFailed, code)
	require.Contains(t, errs, "The metadata of 200 files is deleted, and that of the others is not.\nimm: BatchDeleteFileMeta: ")
}

// breaking is a way to the service that breaks after some requests.
type breaking struct {
	http.RoundTripper

	left int
}

func (b *breaking) RoundTrip(r *http.Request) (*http.Response, error) {
	if b.left--; b.left < 0 {
		return nil, io.ErrUnexpectedEOF
	}
	return b.RoundTripper.RoundTrip(r)
}
