//go:build interop && unix

package nginx

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/imm-go/imm"
	"github.com/imm-go/imm/immtest"
)

// batch makes files of a batch, with text that encoders get wrong, and puts their
// objects into the bucket.
func batch(b *backend, name string, n int) []imm.InputFile {
	files := make([]imm.InputFile, n)
	for i := range files {
		key := fmt.Sprintf("%s/object %03d +&=%%41 ü.txt", name, i)
		b.PutObject("test-bucket", key, []byte(key))
		files[i] = imm.InputFile{
			URI: "oss://test-bucket/" + key, CustomID: fmt.Sprintf("%s~%d", name, i),
			CustomLabels: map[string]string{"category": "Persons & Pets", "number": fmt.Sprint(i)},
		}
	}
	return files
}

// requireIndexed wants exactly these files in the dataset, exactly as they were
// sent.
func requireIndexed(t *testing.T, b *backend, dataset string, want []imm.InputFile) {
	t.Helper()
	sent := make(map[string]imm.InputFile, len(want))
	for _, file := range want {
		sent[file.URI] = file
	}
	require.Len(t, sent, len(want))
	var files []immtest.File
	require.Eventually(t, func() bool {
		files = b.Files("test-project", dataset)
		return len(files) >= len(want)
	}, patience, pace, "files are missing")
	require.Len(t, files, len(want))
	for _, file := range files {
		want, found := sent[file.URI]
		require.True(t, found, file.URI)
		require.Equal(t, want.CustomID, file.CustomID)
		require.Equal(t, want.CustomLabels, file.CustomLabels)
		require.EqualValues(t, len(strings.TrimPrefix(file.URI, "oss://test-bucket/")), file.Size)
	}
}

// A query that our client takes for short enough and the front end does not is
// sent again as a form, once.
func TestAQueryThatIsTooLongForTheFrontEndIsSentAgainAsAForm(t *testing.T) {
	t.Parallel()
	b := newBackend(t)
	client, count := newFrontEnd(t, b, "4k").client()
	files := batch(b, "refused", 24) // some 6,000 bytes as a query
	_, err := client.BatchIndexFileMeta(t.Context(), &imm.BatchIndexFileMetaRequest{
		ProjectName: "test-project", DatasetName: "refused", Files: files,
	})
	require.NoError(t, err)
	require.Equal(t, map[string]int{"URI too long": 1, "ok": 1}, count.outcomes)
	requests := b.Requests()
	require.Len(t, requests, 1, "the front end let the query through")
	require.Empty(t, requests[0].RawQuery)
	requireIndexed(t, b, "refused", files)
}

// Batches of every size pass a front end with the 8 KiB that the service's is
// taken to have, and none is refused: what is too long for a query goes as a form
// from the start.
func TestNoBatchIsRefusedByAFrontEndWith8KiB(t *testing.T) {
	t.Parallel()
	b := newBackend(t)
	client, count := newFrontEnd(t, b, "8k").client()
	sent := make(map[string][]imm.InputFile)
	for n := 1; n <= 100; n++ {
		dataset := fmt.Sprintf("dataset-%d", n)
		sent[dataset] = batch(b, dataset, n)
		_, err := client.BatchIndexFileMeta(t.Context(), &imm.BatchIndexFileMetaRequest{
			ProjectName: "test-project", DatasetName: dataset, Files: sent[dataset],
		})
		require.NoError(t, err)
	}
	for dataset, files := range sent {
		requireIndexed(t, b, dataset, files)
	}
	forms := 0
	for _, r := range b.Requests() {
		if r.RawQuery == "" {
			forms++
		}
	}
	require.Greater(t, forms, 50)
	require.Less(t, forms, 90)
	require.Equal(t, map[string]int{"ok": 100}, count.outcomes)
}

// The longest query that our client sends has 8,000 bytes with the path, and it
// passes; one byte more is a form.
func TestTheLongestQueryPassesAFrontEndWith8KiB(t *testing.T) {
	t.Parallel()
	const limit = 8000
	b := newBackend(t)
	client, count := newFrontEnd(t, b, "8k").client()
	files := batch(b, "longest", 26)
	send := func(padding int) int {
		_, err := client.BatchIndexFileMeta(t.Context(), &imm.BatchIndexFileMetaRequest{
			ProjectName: "test-project", DatasetName: "longest", Files: files, UserData: strings.Repeat("x", padding),
		})
		require.NoError(t, err)
		requests := b.Requests()
		return len("/?") + len(requests[len(requests)-1].RawQuery)
	}
	rest := limit - send(1) + 1
	require.Positive(t, rest)
	require.Equal(t, limit, send(rest))
	require.Equal(t, len("/?"), send(rest+1), "it went as a form")
	require.Equal(t, map[string]int{"ok": 3}, count.outcomes)
	requireIndexed(t, b, "longest", files)
}
