package main

import (
	"context"
	"errors"
	"fmt"
	"log"
	"log/slog"
	"os"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/imm-go/imm"
	"github.com/imm-go/imm/credentials"
	"github.com/imm-go/imm/immtest"
	"github.com/imm-go/imm/query"
)

// The functions below hold the fragments of README.md, so that they compile. A
// test compares the two.

func bindingWay(ctx context.Context, client *imm.Client) error {
	_, err := client.CreateBinding(ctx, &imm.CreateBindingRequest{
		ProjectName: "test-project", DatasetName: "test-dataset", URI: "oss://test-bucket",
	})
	if err != nil {
		return err
	}
	_, err = client.WaitBinding(ctx, &imm.GetBindingRequest{
		ProjectName: "test-project", DatasetName: "test-dataset", URI: "oss://test-bucket",
	})
	return err // nil once the first scan is done
}

func messageWay(data []byte) error {
	message, err := imm.ParseIndexMessage(data) // the text that came
	if err != nil {
		return err // this is not an index message
	}
	for _, file := range message.Failed() {
		fmt.Println(file.URI, file.Error)
	}
	return message.Err() // nil only if every file is indexed
}

func explain(err error) {
	var refused *imm.APIError
	switch {
	case errors.Is(err, imm.ErrNotFound):
		log.Print("create the project and the dataset first")
	case errors.Is(err, imm.ErrThrottled), errors.Is(err, imm.ErrUnavailable):
		log.Print("try again later")
	case errors.As(err, &refused):
		log.Printf("code %s, request id %s", refused.Code, refused.RequestID)
	}
}

func defaultClient() (*imm.Client, error) {
	creds, err := credentials.Default()
	if err != nil {
		return nil, err
	}
	return imm.NewClient("cn-hangzhou", creds)
}

func anyOperation(ctx context.Context, client *imm.Client) ([]imm.Label, error) {
	var answer struct{ Labels []imm.Label }
	err := client.Do(ctx, "DetectImageLabels", map[string]any{
		"ProjectName": "test-project", "SourceURI": "oss://test-bucket/cat.jpg",
	}, &answer)
	return answer.Labels, err
}

func waitWay(ctx context.Context, client *imm.Client, files []imm.InputFile, uris []string) error {
	since := time.Now().Add(-time.Minute)
	_, err := client.BatchIndexFileMeta(ctx, &imm.BatchIndexFileMetaRequest{
		ProjectName: "test-project", DatasetName: "test-dataset", Files: files, // the URIs of which are uris
	})
	if err != nil {
		return err
	}
	outcomes, err := client.WaitIndexed(ctx, &imm.WaitIndexedRequest{
		ProjectName: "test-project", DatasetName: "test-dataset", URIs: uris, Since: since,
	})
	if err != nil {
		return err // the context ended, or a request failed
	}
	return outcomes.Err() // nil only if every file is indexed
}

func queried(ctx context.Context, client *imm.Client) error {
	condition := query.And(
		query.Eq("ContentType", "image/jpeg"),
		query.Gte("Size", 1<<20),
		query.Nested("Labels", query.Eq("Labels.LabelName", "cat"), query.Gt("Labels.LabelConfidence", 0.9)),
	)
	for file, err := range client.SimpleQueryFiles(ctx, &imm.SimpleQueryRequest{
		ProjectName: "test-project", DatasetName: "test-dataset", Query: condition,
		Sort: "Size,Filename", Order: "desc,asc", WithFields: []string{"URI", "Size"},
	}) {
		if err != nil {
			return err
		}
		fmt.Println(file.URI, file.Size)
	}
	return nil
}

func updated(ctx context.Context, client *imm.Client) error {
	updated, err := client.BatchUpdateFileMeta(ctx, &imm.BatchUpdateFileMetaRequest{
		ProjectName: "test-project", DatasetName: "test-dataset",
		Files: []imm.FileUpdate{
			{URI: "oss://test-bucket/cat.jpg", CustomID: new(""), CustomLabels: map[string]string{"category": "Pets"}},
		},
	})
	if err != nil {
		return err
	}
	return updated.Err() // nil only if every file was updated
}

func observedClient(creds imm.CredentialsProvider) (*imm.Client, error) {
	logger := slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelDebug}))
	client, err := imm.NewClient("cn-hangzhou", creds, imm.WithLogger(logger), imm.WithObserver(imm.Observer{
		CallDone: func(ctx context.Context, r imm.CallResult) {
			fmt.Println(r.Action, r.Attempts, r.Duration, r.RequestID, r.Err)
		},
	}))
	return client, err
}

func emulated() *imm.Client {
	server := immtest.NewServer(immtest.WithBucket("test-bucket", os.DirFS("testdata")))
	defer server.Close()
	client := server.Client()
	return client
}

func TestTheFragmentsDoWhatTheySay(t *testing.T) {
	t.Parallel()
	server := immtest.NewServer(immtest.WithBucket("test-bucket", nil), immtest.WithReadyTime(0), immtest.WithFullScanTime(0))
	defer server.Close()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	require.NoError(t, bindingWay(ctx, server.Client()))
	require.NoError(t, messageWay([]byte(`{"Success":true,"Files":[{"URI":"oss://b/1"}]}`)))
	require.Error(t, messageWay([]byte(`{"Success":true,"Files":[{"URI":"oss://b/1","Error":"no"}]}`)))
	require.Error(t, messageWay([]byte(`{}`)))
	explain(imm.ErrNotFound)
	require.NotNil(t, emulated())
	client, err := defaultClient()
	require.NoError(t, err)
	require.NotNil(t, client)
	server.Inject(immtest.Fault{Body: `{"RequestId":"R","Labels":[{"LabelName":"cat"}]}`})
	labels, err := anyOperation(ctx, server.Client())
	require.NoError(t, err)
	require.Equal(t, []imm.Label{{LabelName: "cat"}}, labels)
	require.ErrorContains(t, updated(ctx, server.Client()), "1 of 1 files not updated")
	client, err = observedClient(imm.StaticCredentials("id", "secret", ""))
	require.NoError(t, err)
	require.NotNil(t, client)
}

func TestTheFragmentsAboutFilesDoWhatTheySay(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		server := immtest.NewServer()
		defer server.Close()
		client, ctx := server.Client(), t.Context()
		const cat = "oss://test-bucket/cat.jpg"
		server.PutObject("test-bucket", "cat.jpg", make([]byte, 1<<20))
		files := []imm.InputFile{{
			URI: cat, CustomID: "cat-1", CustomLabels: map[string]string{"mood": "sleepy"},
			Labels: []imm.Label{{LabelName: "cat", LabelConfidence: 0.95}},
		}}
		require.NoError(t, waitWay(ctx, client, files, []string{cat}))
		require.ErrorContains(t, waitWay(ctx, client, files, []string{cat, "oss://test-bucket/cow.jpg"}), "1 of 2 files not indexed")
		require.NoError(t, queried(ctx, client))
		require.NoError(t, updated(ctx, client))
		got, err := client.GetFileMeta(ctx, &imm.GetFileMetaRequest{
			ProjectName: "test-project", DatasetName: "test-dataset", URI: cat, WithFields: []string{"CustomId", "CustomLabels"},
		})
		require.NoError(t, err)
		require.Equal(t, []imm.File{{CustomLabels: map[string]string{"category": "Pets"}}}, got.Files)
	})
}
