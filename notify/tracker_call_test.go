package notify_test

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/imm-go/imm"
	"github.com/imm-go/imm/immtest"
	"github.com/imm-go/imm/notify"
)

var trackerTopic = imm.Notification{MNS: imm.MNS{TopicName: "test-topic"}}

// pump hands messages of the topic to the tracker until the context ends.
func pump(ctx context.Context, t *testing.T, server *immtest.Server, tracker *notify.Tracker) {
	for {
		data, err := server.WaitMessage(ctx, "test-topic")
		if err != nil {
			return
		}
		m, err := imm.ParseIndexMessage(data)
		if err == nil {
			err = tracker.Handle(ctx, m)
		}
		if err != nil {
			t.Error(err)
		}
	}
}

// trackerEmulator is an emulator with two objects, a client and a tracker whose
// messages are pumped.
func trackerEmulator(t *testing.T, opts ...immtest.Option) (*immtest.Server, *imm.Client, *notify.Tracker) {
	t.Helper()
	server := immtest.NewServer(opts...)
	t.Cleanup(server.Close)
	server.PutObject("test-bucket", "a", []byte("a"))
	server.PutObject("test-bucket", "b", []byte("b"))
	tracker := newTracker(t)
	go pump(t.Context(), t, server, tracker)
	return server, server.Client(), tracker
}

func TestATrackedCallLearnsItsOutcomes(t *testing.T) {
	t.Parallel()
	rocketMQ := imm.Notification{RocketMQ: imm.RocketMQ{InstanceID: "i", TopicName: "test-topic"}}
	for name, topic := range map[string]imm.Notification{"with UserData": trackerTopic, "without": rocketMQ} {
		for _, format := range []immtest.MessageFormat{immtest.MessageBare, immtest.MessageWrapped} {
			t.Run(fmt.Sprint(name, format), func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, func(t *testing.T) {
					_, client, tracker := trackerEmulator(t, immtest.WithMessageFormat(format))
					req := &imm.BatchIndexFileMetaRequest{
						ProjectName: trackerProject, DatasetName: trackerDataset,
						Files: trackerFiles("a#g missing#g b#g"), Notification: topic, UserData: "mine\"<\n猫",
					}
					b, err := tracker.BatchIndexFileMeta(t.Context(), client, req)
					require.NoError(t, err)
					require.Equal(t, "mine\"<\n猫", req.UserData, "the request is the caller's")
					outcomes, err := b.Wait(t.Context())
					require.NoError(t, err)
					require.Equal(t, "+ [InvalidArgument] File does not exist. +", batchStatus(b))
					require.Equal(t, req.UserData, outcomes[0].UserData)
					require.NotEmpty(t, outcomes[0].RequestID)
					require.NotEmpty(t, outcomes[0].EventID)

					one, err := tracker.IndexFileMeta(t.Context(), client, &imm.IndexFileMetaRequest{
						ProjectName: trackerProject, DatasetName: trackerDataset, File: imm.InputFile{URI: trackerURI("a")}, Notification: topic,
					})
					require.NoError(t, err)
					require.NoError(t, tracker.Wait(t.Context()))
					require.Equal(t, "+", batchStatus(one))
					require.Equal(t, notify.TrackerStats{Tracked: 4, Indexed: 3, Failed: 1}, tracker.Stats())
				})
			})
		}
	}
}

// The answer takes ten seconds, and the message a tenth of one.
func TestAMessageThatIsThereBeforeTheAnswerIsHandled(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		server, client, tracker := trackerEmulator(t)
		server.Inject(immtest.Fault{Delay: 10 * time.Second, AfterWork: true})
		time.AfterFunc(5*time.Second, func() {
			if stats := tracker.Stats(); stats.Indexed != 1 {
				t.Error("it is not handled at once:", stats)
			}
		})
		b, err := tracker.BatchIndexFileMeta(t.Context(), client, &imm.BatchIndexFileMetaRequest{
			ProjectName: trackerProject, DatasetName: trackerDataset, Files: trackerFiles("a"), Notification: trackerTopic,
		})
		require.NoError(t, err)
		gone, cancel := context.WithCancel(t.Context())
		cancel()
		_, err = b.Wait(gone)
		require.NoError(t, err)
		require.NotEmpty(t, b.Outcomes()[0].RequestID)
	})
}

// The client repeats a call whose answer was lost, so the service works twice and
// sends two messages with one UserData.
func TestARepeatedCallHasOneOutcomeForEachFile(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		server, client, tracker := trackerEmulator(t)
		server.Inject(immtest.Fault{Reset: true, AfterWork: true})
		b, err := tracker.BatchIndexFileMeta(t.Context(), client, &imm.BatchIndexFileMetaRequest{
			ProjectName: trackerProject, DatasetName: trackerDataset, Files: trackerFiles("a b"), Notification: trackerTopic,
		})
		require.NoError(t, err)
		_, err = b.Wait(t.Context())
		require.NoError(t, err)
		<-time.After(time.Minute)
		require.Len(t, server.Messages("test-topic"), 2)
		require.Equal(t, notify.TrackerStats{Tracked: 2, Indexed: 2, Duplicates: 2}, tracker.Stats())
	})
}

func TestACallThatFailsIsForgotten(t *testing.T) {
	t.Parallel()
	good := func() *imm.BatchIndexFileMetaRequest {
		return &imm.BatchIndexFileMetaRequest{ProjectName: trackerProject, DatasetName: trackerDataset, Files: trackerFiles("a b"), Notification: trackerTopic}
	}
	for name, c := range map[string]struct {
		change  func(*imm.BatchIndexFileMetaRequest)
		fault   immtest.Fault
		want    error
		tracked int64
		sent    bool
	}{
		"the service refuses":      {fault: immtest.Fault{Code: "ResourceNotFound", Status: 404, Times: -1}, want: imm.ErrNotFound, tracked: 2, sent: true},
		"the service is down":      {fault: immtest.ServerError(-1, http.StatusServiceUnavailable), want: imm.ErrUnavailable, tracked: 2, sent: true},
		"HTML":                     {fault: immtest.HTMLPage(-1, http.StatusForbidden), want: imm.ErrPermissionDenied, tracked: 2, sent: true},
		"the context ends":         {fault: immtest.Fault{Hang: true, Times: -1}, want: context.DeadlineExceeded, tracked: 2, sent: true},
		"the answer is lost":       {fault: immtest.Fault{Reset: true, AfterWork: true, Times: -1}, want: imm.ErrUnavailable, tracked: 2, sent: true},
		"a file that is none":      {change: func(r *imm.BatchIndexFileMetaRequest) { r.Files[0].URI = "x" }, want: imm.ErrInvalidArgument, tracked: 2},
		"text that is not UTF-8":   {change: func(r *imm.BatchIndexFileMetaRequest) { r.UserData = "\xff" }, want: imm.ErrInvalidArgument, tracked: 2},
		"no files":                 {change: func(r *imm.BatchIndexFileMetaRequest) { r.Files = nil }, want: imm.ErrInvalidArgument},
		"a UserData that is large": {change: func(r *imm.BatchIndexFileMetaRequest) { r.UserData = strings.Repeat("u", 2018) }, want: imm.ErrInvalidArgument},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				server, client, tracker := trackerEmulator(t)
				if c.fault.Times != 0 {
					server.Inject(c.fault)
				}
				req := good()
				if c.change != nil {
					c.change(req)
				}
				ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
				defer cancel()
				b, err := tracker.BatchIndexFileMeta(ctx, client, req)
				require.ErrorIs(t, err, c.want)
				require.Nil(t, b)
				require.NoError(t, tracker.Wait(t.Context()))
				stats := tracker.Stats()
				requireTrackerSum(t, stats)
				require.Equal(t, c.tracked, stats.Tracked)
				require.Equal(t, c.sent, len(server.Requests()) > 0)
				require.Zero(t, stats.UnknownMessages)

				one, err := tracker.IndexFileMeta(ctx, client, &imm.IndexFileMetaRequest{
					ProjectName: req.ProjectName, DatasetName: req.DatasetName, UserData: req.UserData,
					File: append(req.Files, imm.InputFile{})[0], Notification: req.Notification,
				})
				require.Error(t, err)
				require.Nil(t, one)
				require.NoError(t, tracker.Wait(t.Context()))
			})
		})
	}
}

func TestACallWithoutClientOrRequestIsRefused(t *testing.T) {
	t.Parallel()
	tracker := newTracker(t)
	client, err := imm.NewClient("cn-hangzhou", imm.StaticCredentials("id", "secret", ""))
	require.NoError(t, err)
	_, noRequest := tracker.BatchIndexFileMeta(t.Context(), client, nil)
	require.EqualError(t, noRequest, "imm: BatchIndexFileMeta: req: the request is nil; want a pointer to a request")
	_, noRequest = tracker.IndexFileMeta(t.Context(), client, nil)
	require.EqualError(t, noRequest, "imm: IndexFileMeta: req: the request is nil; want a pointer to a request")
	_, noClient := tracker.BatchIndexFileMeta(t.Context(), nil, &imm.BatchIndexFileMetaRequest{Files: trackerFiles("a")})
	require.EqualError(t, noClient, "imm: BatchIndexFileMeta: client: it is nil; want one of imm.NewClient")
	_, noClient = tracker.IndexFileMeta(t.Context(), nil, &imm.IndexFileMetaRequest{})
	require.ErrorIs(t, noClient, imm.ErrInvalidArgument)
	full := newTracker(t, notify.WithFileLimit(1))
	trackBatch(t, full, "a")
	_, err = full.IndexFileMeta(t.Context(), client, &imm.IndexFileMetaRequest{})
	require.ErrorIs(t, err, notify.ErrTrackerFull)
	require.Zero(t, tracker.Stats().Tracked)
}
