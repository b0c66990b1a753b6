package main

import (
	"context"
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/imm-go/imm"
	"github.com/imm-go/imm/bulk"
	"github.com/imm-go/imm/immtest"
)

// The fragment about lists of files, of README.md.

func listed(ctx context.Context, client *imm.Client, journal bulk.Journal, list io.Reader) error {
	indexer, err := bulk.New(client, bulk.Config{
		ProjectName: "test-project", DatasetName: "test-dataset",
		Journal: journal, // one of bulk/boltjournal: a run that was killed goes on where it was
		OnResult: func(_ context.Context, r bulk.Result) {
			if r.Status == bulk.Failed {
				fmt.Println(r.File.URI, r.Err)
			}
		},
	})
	if err != nil {
		return err
	}
	summary, err := indexer.RunSource(ctx, bulk.URIs("photos.txt", list))
	fmt.Println(summary.Accepted, "accepted,", summary.Failed, "failed,", summary.Unsent, "unsent")
	return err // not nil if the run was stopped before its end
}

func TestTheFragmentAboutListsDoesWhatItSays(t *testing.T) {
	t.Parallel()
	server := immtest.NewServer()
	defer server.Close()
	require.NoError(t, listed(t.Context(), server.Client(), nil, strings.NewReader("oss://test-bucket/cat.jpg\n")))
	require.ErrorContains(t, listed(t.Context(), server.Client(), nil, strings.NewReader("cat.jpg\n")), "photos.txt:1")
}
