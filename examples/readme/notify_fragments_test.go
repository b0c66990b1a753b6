package main

import (
	"context"
	"errors"
	"log"
	"net/http"
	"os"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/imm-go/imm"
	"github.com/imm-go/imm/immtest"
	"github.com/imm-go/imm/notify"
)

// The fragments about notifications, of README.md and docs/notifications.md.

func received(ctx context.Context, client *imm.Client, request *imm.BatchIndexFileMetaRequest) error {
	tracker, err := notify.NewTracker()
	if err != nil {
		return err
	}
	receiver, err := notify.NewQueueReceiver("https://1000000000000000.mns.cn-hangzhou.aliyuncs.com", "test-queue",
		imm.EnvCredentials(), tracker.Handle)
	if err != nil {
		return err
	}
	receiving, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	go func() { stop(receiver.Run(receiving)) }() // if it fails, as without the queue, its error ends the wait
	batch, err := tracker.BatchIndexFileMeta(ctx, client, request)
	if err != nil {
		return err
	}
	outcomes, err := batch.Wait(receiving) // one outcome for each file of the request
	_ = outcomes
	return err
}

func receivedOnly(ctx context.Context, tracker *notify.Tracker) error {
	receiver, err := notify.NewQueueReceiver("https://1000000000000000.mns.cn-hangzhou.aliyuncs.com", "test-queue",
		imm.EnvCredentials(), tracker.Handle)
	if err != nil {
		return err
	}
	receiving, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	go func() { stop(receiver.Run(receiving)) }()
	return tracker.Wait(receiving)
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

func hookedBehindAProxy(mux *http.ServeMux, tracker *notify.Tracker, secret string) error {
	handler, err := notify.NewMNSHandler(tracker.Handle,
		notify.WithPath("/public/notifications/"+secret), // which the subscription calls, and the proxy makes /hook of
		notify.WithSecretPath(secret),
	)
	if err != nil {
		return err
	}
	mux.Handle("POST /hook", handler)
	return nil
}

func events(mux *http.ServeMux, tracker *notify.Tracker) error {
	handler, err := notify.NewEventBridgeHandler(tracker.Handle,
		notify.WithURL("https://your.host/events"), // exactly as the target of the rule has it
		notify.WithRegions("cn-hangzhou"),
		notify.WithToken(os.Getenv("EVENTS_TOKEN")),
	)
	if err != nil {
		return err
	}
	mux.Handle("POST /events", handler)
	return nil
}

func lenient() notify.Option {
	unreadable := notify.WithUnreadable(func(_ context.Context, body []byte, err error) error {
		if _, is := errors.AsType[*imm.OtherEventError](err); is {
			return nil // about something else than indexing, so it need not come again
		}
		log.Printf("%d bytes are no index message: %v", len(body), err)
		return err
	})
	return unreadable
}

func closedOff(ctx context.Context, client *imm.Client, tracker *notify.Tracker) error {
	open := tracker.Open() // here all of one dataset
	if len(open) == 0 {
		return nil
	}
	uris := make([]string, len(open))
	for i := range open {
		uris[i] = open[i].URI
	}
	const skew = time.Minute // for clocks that differ
	found, err := client.WaitIndexed(ctx, &imm.WaitIndexedRequest{
		ProjectName: "test-project", DatasetName: "test-dataset", URIs: uris, Since: open[0].Since.Add(-skew),
	}, imm.WithFileLimit(time.Minute))
	for i, file := range found { // in the order of the URIs, and also with an error
		switch {
		case file.UpdateTime.Before(open[i].Since.Add(-skew)): // of an earlier call, if the dataset has it at all
		case file.Status == imm.OutcomeIndexed:
			open[i].Status = notify.StatusIndexed
		case file.Status == imm.OutcomeFailed:
			open[i].Status, open[i].Reason = notify.StatusFailed, file.Reason
		}
	}
	tracker.Resolve(open...) // those that are still open stay so
	return err
}

func stored(tracker *notify.Tracker, store func(ctx context.Context, userData string, m *imm.IndexMessage) error) notify.Callback {
	callback := func(ctx context.Context, m *imm.IndexMessage) error {
		if err := store(ctx, notify.OwnUserData(m.UserData), m); err != nil {
			return err // the message comes again
		}
		return tracker.Handle(ctx, m)
	}
	return callback
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
	t.Setenv("EVENTS_TOKEN", "a-token-of-twenty-characters")
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
	require.ErrorIs(t, received(t.Context(), client, request), imm.ErrUnauthenticated, "a receiver that failed ends the wait")
	require.ErrorIs(t, received(ctx, client, request), context.Canceled)
	require.ErrorIs(t, tracked(ctx, client, request), context.Canceled)

	tracker, err := notify.NewTracker()
	require.NoError(t, err)
	_, err = tracker.Track("p", "d", "", request.Files)
	require.NoError(t, err)
	require.ErrorIs(t, receivedOnly(t.Context(), tracker), imm.ErrUnauthenticated)
	mux := http.NewServeMux()
	require.NoError(t, hooked(mux, tracker))
	require.NoError(t, hookedBehindAProxy(mux, tracker, "a-secret-of-twenty-characters"))
	require.NoError(t, events(mux, tracker))

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

func TestTheFragmentThatClosesOffLostMessagesDoesWhatItSays(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		server := immtest.NewServer()
		defer server.Close()
		server.PutObject("test-bucket", "cat.jpg", []byte("cat"))
		server.PutObject("test-bucket", "bad.jpg", []byte("bad"))
		server.FailObject("test-bucket", "bad.jpg", "It is too large.")
		client, ctx := server.Client(), t.Context()
		tracker, err := notify.NewTracker()
		require.NoError(t, err)
		require.NoError(t, closedOff(ctx, client, tracker), "nothing is open")
		index := func(uris ...string) *notify.Batch {
			request := &imm.BatchIndexFileMetaRequest{ProjectName: "test-project", DatasetName: "test-dataset"}
			for _, uri := range uris {
				request.Files = append(request.Files, imm.InputFile{URI: uri})
			}
			batch, err := tracker.BatchIndexFileMeta(ctx, client, request)
			require.NoError(t, err)
			return batch
		}
		first := index("oss://test-bucket/cat.jpg", "oss://test-bucket/bad.jpg", "oss://test-bucket/missing.jpg")
		require.NoError(t, closedOff(ctx, client, tracker))
		status := func(b *notify.Batch) (all []notify.Status) {
			for _, o := range b.Outcomes() {
				all = append(all, o.Status)
			}
			return all
		}
		require.Equal(t, []notify.Status{notify.StatusIndexed, notify.StatusFailed, notify.StatusOpen}, status(first))

		// The index of the first call is not taken for that of a later one.
		<-time.After(time.Hour)
		later, err := tracker.Track("test-project", "test-dataset", "", []imm.InputFile{{URI: "oss://test-bucket/cat.jpg"}})
		require.NoError(t, err)
		require.NoError(t, closedOff(ctx, client, tracker))
		require.Equal(t, []notify.Status{notify.StatusOpen}, status(later))
	})
}

func TestTheFragmentsAboutCallbacksDoWhatTheySay(t *testing.T) {
	t.Parallel()
	tracker, err := notify.NewTracker()
	require.NoError(t, err)
	batch, err := tracker.Track("p", "d", "mine", []imm.InputFile{{URI: "oss://test-bucket/cat.jpg"}})
	require.NoError(t, err)
	message := &imm.IndexMessage{UserData: batch.UserData(), Success: true, Files: []imm.IndexedFile{{URI: "oss://test-bucket/cat.jpg"}}}
	down := errors.New("the database is down")
	callback := stored(tracker, func(_ context.Context, userData string, _ *imm.IndexMessage) error {
		require.Equal(t, "mine", userData)
		return down
	})
	require.ErrorIs(t, callback(t.Context(), message), down)
	require.Len(t, tracker.Open(), 1)
	down = nil
	require.NoError(t, callback(t.Context(), message))
	require.Empty(t, tracker.Open())

	for body, status := range map[string]int{
		`{"id":"1","source":"acs.imm","specversion":"1.0","type":"imm:Binding:Task","data":{}}`: 1,
		"text": 0,
	} {
		server := immtest.NewServer()
		handler, err := notify.NewMNSHandler(tracker.Handle, lenient(), notify.WithTopicOwner(immtest.AccountID), notify.WithCertificates(server.Certificate))
		require.NoError(t, err)
		require.NoError(t, server.Subscribe("test-topic", immtest.Subscription{Handler: handler, Retries: []time.Duration{}}))
		server.Publish("test-topic", "", []byte(body))
		require.NoError(t, server.WaitDelivered(t.Context()))
		require.Equal(t, status, server.Subscriptions()[0].Delivered, body)
		server.Close()
	}
}
