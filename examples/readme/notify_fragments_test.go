package main

import (
	"context"
	"net/http"
	"os"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/imm-go/imm"
	"github.com/imm-go/imm/immtest"
	"github.com/imm-go/imm/notify"
)

// The fragments about notifications, of README.md and docs/notifications.md.

func received(ctx context.Context, client *imm.Client, request *imm.BatchIndexFileMetaRequest, ended chan<- error) error {
	tracker, err := notify.NewTracker()
	if err != nil {
		return err
	}
	receiver, err := notify.NewQueueReceiver("https://1000000000000000.mns.cn-hangzhou.aliyuncs.com", "test-queue",
		imm.EnvCredentials(), tracker.Handle)
	if err != nil {
		return err
	}
	go func() { ended <- receiver.Run(ctx) }()
	batch, err := tracker.BatchIndexFileMeta(ctx, client, request)
	if err != nil {
		return err
	}
	outcomes, err := batch.Wait(ctx) // one outcome for each file of the request
	_ = outcomes
	return err
}

func receivedOnly(ctx context.Context, tracker *notify.Tracker) error {
	receiver, err := notify.NewQueueReceiver("https://1000000000000000.mns.cn-hangzhou.aliyuncs.com", "test-queue",
		imm.EnvCredentials(), tracker.Handle)
	if err != nil {
		return err
	}
	return receiver.Run(ctx)
}

func hooked(mux *http.ServeMux, tracker *notify.Tracker) error {
	handler, err := notify.NewMNSHandler(tracker.Handle,
		notify.WithTopicOwner("1000000000000000"),
		notify.WithSecretPath(os.Getenv("HOOK_SECRET")),
	)
	if err != nil {
		return err
	}
	mux.Handle("POST /notifications/{secret}", handler)
	return nil
}

func secondOpinion(ctx context.Context, client *imm.Client, message *imm.IndexMessage) (*imm.GetFileMetaResponse, error) {
	got, err := client.GetFileMeta(ctx, &imm.GetFileMetaRequest{
		ProjectName: message.ProjectName, DatasetName: message.DatasetName, URI: message.Files[0].URI,
	})
	return got, err
}

func tracked(ctx context.Context, client *imm.Client, request *imm.BatchIndexFileMetaRequest) error {
	tracker, err := notify.NewTracker()
	if err != nil {
		return err
	}
	batch, err := tracker.BatchIndexFileMeta(ctx, client, request)
	if err != nil {
		return err
	}
	outcomes, err := batch.Wait(ctx)
	_ = outcomes
	return err
}

func TestTheFragmentsAboutNotificationsDoWhatTheySay(t *testing.T) {
	t.Setenv("HOOK_SECRET", "a-secret-of-twenty-characters")
	t.Setenv("ALIBABA_CLOUD_ACCESS_KEY_ID", "")
	server := immtest.NewServer()
	defer server.Close()
	client := server.Client()
	server.PutObject("test-bucket", "cat.jpg", []byte("cat"))
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	request := &imm.BatchIndexFileMetaRequest{
		ProjectName: "test-project", DatasetName: "test-dataset", Files: []imm.InputFile{{URI: "oss://test-bucket/cat.jpg"}},
	}
	ended := make(chan error, 1)
	require.ErrorIs(t, received(ctx, client, request, ended), context.Canceled)
	require.NoError(t, <-ended)
	require.ErrorIs(t, tracked(ctx, client, request), context.Canceled)

	tracker, err := notify.NewTracker()
	require.NoError(t, err)
	require.ErrorIs(t, receivedOnly(t.Context(), tracker), imm.ErrUnauthenticated)
	require.NoError(t, hooked(http.NewServeMux(), tracker))

	_, err = client.BatchIndexFileMeta(t.Context(), request)
	require.NoError(t, err)
	outcomes, err := client.WaitIndexed(t.Context(), &imm.WaitIndexedRequest{
		ProjectName: "test-project", DatasetName: "test-dataset", URIs: []string{"oss://test-bucket/cat.jpg"},
	})
	require.NoError(t, err)
	require.NoError(t, outcomes.Err())
	got, err := secondOpinion(t.Context(), client, &imm.IndexMessage{
		ProjectName: "test-project", DatasetName: "test-dataset", Files: []imm.IndexedFile{{URI: "oss://test-bucket/cat.jpg"}},
	})
	require.NoError(t, err)
	require.Equal(t, "oss://test-bucket/cat.jpg", got.Files[0].URI)
}
