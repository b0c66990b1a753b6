package otelimm_test

import (
	"context"
	"errors"
	"net/http"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/trace"

	"github.com/imm-go/imm"
	"github.com/imm-go/imm/immtest"
	"github.com/imm-go/imm/notify"
)

const (
	queue = "test-queue"
	topic = "test-topic"
)

// receive runs a receiver of the queue until the function that it returns is called.
func receive(t *testing.T, server *immtest.Server, keys imm.CredentialsProvider, callback notify.Callback, opts ...notify.Option) (stop func()) {
	t.Helper()
	opts = append(opts, notify.WithHTTPClient(&http.Client{Transport: server.Transport()}))
	r, err := notify.NewQueueReceiver("https://1000000000000000.mns.cn-hangzhou.aliyuncs.com", queue, keys, callback, opts...)
	require.NoError(t, err)
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error)
	go func() { ended <- r.Run(ctx) }()
	return func() {
		cancel()
		require.NoError(t, <-ended)
	}
}

func TestADeliveryIsASpanWithAnEventForEachMessage(t *testing.T) {
	t.Parallel()
	inVirtualTime(t, func(t *testing.T) {
		server := immtest.NewServer(immtest.WithQueue(queue, time.Minute), immtest.WithSubscription(topic, immtest.Subscription{Queue: queue}))
		defer server.Close()
		server.PutObject(bucket, "cat.jpg", []byte("x"))
		b := newBench(t)
		tracker, err := notify.NewTracker()
		require.NoError(t, err)
		stopWatching := b.WatchTracker(tracker)
		var calls atomic.Int32
		stop := receive(t, server, imm.StaticCredentials(immtest.AccessKeyID, immtest.AccessKeySecret, ""), func(ctx context.Context, m *imm.IndexMessage) error {
			require.True(t, trace.SpanFromContext(ctx).IsRecording(), "the callback's own spans are below it")
			if calls.Add(1) == 1 {
				return errors.New("not yet")
			}
			return tracker.Handle(ctx, m)
		}, notify.WithObserver(b.Notify()))
		server.Inject(immtest.Fault{Action: "BatchReceiveMessage", Status: 503, Code: "InternalError", Times: 4})

		batch, err := tracker.BatchIndexFileMeta(t.Context(), server.Client(), &imm.BatchIndexFileMetaRequest{
			ProjectName: project, DatasetName: dataset, Notification: imm.Notification{MNS: imm.MNS{TopicName: topic}},
			Files: []imm.InputFile{{URI: "oss://test-bucket/cat.jpg"}, {URI: "oss://test-bucket/missing.jpg"}},
		})
		require.NoError(t, err)
		require.Equal(t, 2, b.value(t, "imm.tracker.open_files"))
		_, err = batch.Wait(t.Context())
		require.NoError(t, err)
		server.SendToQueue(queue, []byte(`{"Success":true,"UserData":"of nobody","Files":[{"URI":"oss://b/k"}]}`))
		server.SendToQueue(queue, []byte("nonsense"))
		<-time.After(time.Second / 2) // before the nonsense comes again
		stop()

		spans := b.named("process queue")
		require.Len(t, spans, 4)
		failed, unreadable := 0, 0
		for _, s := range spans {
			require.Equal(t, trace.SpanKindConsumer, s.SpanKind)
			require.Equal(t, "mns", get(s.Attributes, "messaging.system"))
			require.Equal(t, "queue", get(s.Attributes, "imm.receiver"))
			switch get(s.Attributes, "error.type") {
			case "failed":
				failed++
				require.EqualValues(t, 1, get(s.Attributes, "imm.attempt"))
				require.Equal(t, codes.Error, s.Status.Code)
				require.Equal(t, "failed", get(s.Events[0].Attributes, "imm.outcome"))
			case "unreadable":
				unreadable++
				require.Empty(t, s.Events)
			default:
				require.Equal(t, "message", s.Events[0].Name)
				require.Equal(t, "handled", get(s.Events[0].Attributes, "imm.outcome"))
			}
		}
		require.Equal(t, 1, failed)
		require.Equal(t, 1, unreadable)

		is := func(key, value string) attribute.KeyValue { return attribute.String(key, value) }
		require.Equal(t, 4, b.value(t, "messaging.process.duration", is("messaging.system", "mns"), is("imm.receiver", "queue")))
		require.Equal(t, 1, b.value(t, "messaging.process.duration", is("error.type", "failed")))
		require.Equal(t, 2, b.value(t, "messaging.client.consumed.messages", is("imm.outcome", "handled")))
		require.Equal(t, 1, b.value(t, "messaging.client.consumed.messages", is("imm.outcome", "failed")))
		require.Equal(t, 2, b.value(t, "imm.notify.files", is("imm.outcome", "indexed")), "each once, though one message came twice")
		require.Equal(t, 1, b.value(t, "imm.notify.files", is("imm.outcome", "failed")))
		require.Equal(t, 1, b.value(t, "messaging.client.operation.duration", is("error.type", "unavailable"), is("messaging.operation.name", "BatchReceiveMessage")))
		require.Positive(t, b.value(t, "imm.notify.message.delay", is("imm.receiver", "queue")))

		require.Equal(t, 1, b.value(t, "imm.tracker.unknown_messages"))
		require.Zero(t, b.value(t, "imm.tracker.open_files"))
		stopWatching()
		stopWatching()
		require.Equal(t, 1, b.value(t, "imm.tracker.unknown_messages"), "a counter does not fall when nobody watches any more")
		b.WatchTracker(nil)()
	})
}

func TestPushesAreSeenByTheirReceiverAndRefusals(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	fails := true
	for range 2 {
		o := b.Notify()
		for _, receiver := range []string{"mns", "eventbridge", "something newer"} {
			ctx := o.DeliveryStart(t.Context(), notify.DeliveryInfo{Receiver: receiver})
			result := notify.DeliveryResult{Receiver: receiver, Outcome: "acknowledged"}
			if fails {
				result.Outcome, result.Err = "refused", errors.New("the signature is wrong")
			} else {
				o.MessageDone(ctx, notify.MessageResult{Message: new(imm.IndexMessage), Duplicate: true})
			}
			o.DeliveryDone(ctx, result)
		}
		fails = false
	}
	is := func(key, value string) attribute.KeyValue { return attribute.String(key, value) }
	require.Equal(t, 6, b.value(t, "messaging.process.duration"))
	require.Equal(t, 1, b.value(t, "messaging.process.duration", is("imm.receiver", "mns"), is("error.type", "refused")))
	require.Equal(t, 2, b.value(t, "messaging.process.duration", is("imm.receiver", "eventbridge"), is("messaging.system", "eventbridge")))
	require.Equal(t, 2, b.value(t, "messaging.process.duration", is("imm.receiver", "_OTHER")))
	require.Equal(t, 3, b.value(t, "messaging.client.consumed.messages", is("imm.outcome", "duplicate")))
	require.Len(t, b.named("process eventbridge"), 2)

	b.Notify().MessageDone(t.Context(), notify.MessageResult{Message: new(imm.IndexMessage)})
	require.Equal(t, 3, b.value(t, "messaging.client.consumed.messages"), "which receiver it came to is not known")
}
