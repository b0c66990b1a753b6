package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/imm-go/imm"
	"github.com/imm-go/imm/immtest"
	"github.com/imm-go/imm/notify"
)

// The fragments of docs/testing.md, beside those that README.md has as well.

func TestTheBucketIsFollowedAfterHalfASecond(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := immtest.NewServer(immtest.WithBucket("test-bucket", nil))
		defer server.Close()
		client, start := server.Client(), time.Now()
		if err := bindingWay(t.Context(), client); err != nil {
			t.Fatal(err)
		}
		if took := time.Since(start); took < 500*time.Millisecond || took > 2*time.Second {
			t.Error(took)
		}
	})
}

func throttled(ctx context.Context, server *immtest.Server) error {
	server.Inject(immtest.Throttle(-1, 0))
	_, err := server.Client(imm.WithRetry(imm.RetryPolicy{MaxAttempts: 2, BaseDelay: time.Millisecond})).
		GetBinding(ctx, &imm.GetBindingRequest{ProjectName: "test-project", DatasetName: "test-dataset", URI: "oss://test-bucket"})
	fmt.Println(errors.Is(err, imm.ErrThrottled)) // true
	return err
}

func containerClient() (*imm.Client, error) {
	client, err := imm.NewClient("cn-hangzhou", imm.StaticCredentials(immtest.AccessKeyID, immtest.AccessKeySecret, ""),
		imm.WithEndpoint(os.Getenv("IMM_ENDPOINT")), imm.WithInsecureHTTP())
	return client, err
}

func TestTheWebHookLearnsOfEachFile(t *testing.T) {
	server := immtest.NewServer()
	defer server.Close()
	tracker, err := notify.NewTracker()
	if err != nil {
		t.Fatal(err)
	}
	const secret = "a-secret-of-this-test"
	handler, err := notify.NewMNSHandler(tracker.Handle,
		notify.WithTopicOwner(immtest.AccountID),
		notify.WithSecretPath(secret),
		notify.WithCertificates(server.Certificate), // in place of the network
	)
	if err != nil {
		t.Fatal(err)
	}
	err = server.Subscribe("test-topic", immtest.Subscription{
		Handler: handler, URL: "http://localhost/notifications/" + secret, // whose path is signed
	})
	if err != nil {
		t.Fatal(err)
	}
	server.PutObject("test-bucket", "cat.jpg", []byte("cat"))
	batch, err := tracker.BatchIndexFileMeta(t.Context(), server.Client(), &imm.BatchIndexFileMetaRequest{
		ProjectName: "test-project", DatasetName: "test-dataset",
		Files:        []imm.InputFile{{URI: "oss://test-bucket/cat.jpg"}, {URI: "oss://test-bucket/missing.jpg"}},
		Notification: imm.Notification{MNS: imm.MNS{TopicName: "test-topic"}},
	})
	if err != nil {
		t.Fatal(err)
	}
	outcomes, err := batch.Wait(t.Context())
	if err != nil {
		t.Fatal(err, server.Subscriptions()) // LastError says why a push was not taken
	}
	if outcomes[0].Status != notify.StatusIndexed || outcomes[1].Status != notify.StatusFailed {
		t.Error(outcomes)
	}
}

func TestTheFragmentsAboutTestingDoWhatTheySay(t *testing.T) {
	t.Setenv("IMM_ENDPOINT", "http://imm:8787")
	server := immtest.NewServer()
	defer server.Close()
	require.ErrorIs(t, throttled(t.Context(), server), imm.ErrThrottled)
	client, err := containerClient()
	require.NoError(t, err)
	require.NotNil(t, client)
}
