package main

import (
	"context"
	"errors"
	"fmt"
	"log"
	"log/slog"
	"os"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/imm-go/imm"
	"github.com/imm-go/imm/credentials"
	"github.com/imm-go/imm/immtest"
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
	binding, err := client.WaitBinding(ctx, &imm.GetBindingRequest{
		ProjectName: "test-project", DatasetName: "test-dataset", URI: "oss://test-bucket",
	})
	if err != nil {
		return err
	}
	fmt.Println(binding.State, binding.Phase) // Running IncrementalScanning
	return nil
}

func messageWay(data []byte) error {
	message, err := imm.ParseIndexMessage(data)
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

func anyOperation(ctx context.Context, client *imm.Client) error {
	var answer struct {
		RequestID string         `json:"RequestId"`
		Project   map[string]any // or a structure with the fields that you need
	}
	err := client.Do(ctx, "GetProject", map[string]any{"ProjectName": "test-project"}, &answer)
	return err
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
	server.Inject(immtest.Fault{Body: `{"RequestId":"R","Project":{"TemplateId":"T"}}`})
	require.NoError(t, anyOperation(ctx, server.Client()))
	client, err = observedClient(imm.StaticCredentials("id", "secret", ""))
	require.NoError(t, err)
	require.NotNil(t, client)
}
