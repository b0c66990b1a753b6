package otelimm_test

import (
	"errors"
	"fmt"
	"net/http"
	"os"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"

	"github.com/imm-go/imm"
	"github.com/imm-go/imm/bulk"
	"github.com/imm-go/imm/immtest"
	"github.com/imm-go/imm/notify"
	"github.com/imm-go/imm/otelimm"
)

func inVirtualTime(t *testing.T, test func(t *testing.T)) {
	t.Helper()
	synctest.Test(t, test)
}

// storm does all there is to observe, with all that goes wrong, and returns the
// secrets of it.
func storm(t *testing.T, b *bench) (secrets []string) {
	t.Helper()
	const id, secret, token = "the-id-of-the-key", "s3cr3t-of-the-key", "t0k3n-of-the-session"
	server := immtest.NewServer(
		immtest.WithCredentials(id, secret, token), immtest.WithQueue(queue, time.Minute), immtest.WithSubscription(topic, immtest.Subscription{Queue: queue}),
	)
	defer server.Close()
	server.PutObject(bucket, "cat.jpg", []byte("x"))
	creds := imm.StaticCredentials(id, secret, token)
	client := server.Client(imm.WithObserver(b.Client()), imm.WithRetry(imm.RetryPolicy{MaxAttempts: 2}))
	tracker, err := notify.NewTracker()
	require.NoError(t, err)
	defer b.WatchTracker(tracker)()

	stop := receive(t, server, creds, tracker.Handle, notify.WithObserver(b.Notify()))
	for _, fault := range []immtest.Fault{
		{}, {Reset: true}, {Status: 502, Body: "<html>" + secret + " " + token + " oss://test-bucket/cat.jpg"}, {Status: 403, Code: "NoPermission", Message: "no " + token + " for oss://test-bucket/cat.jpg"},
		{Status: 400, Code: "Throttling.User"}, {Status: 400, Code: token}, {Status: 400, Code: "oss://test-bucket/cat.jpg"}, {Status: 403, Code: "InvalidSecurityToken.Expired"}, {Status: 500, Code: "InternalError"},
	} {
		if fault.Status != 0 || fault.Reset {
			for _, action := range []string{"IndexFileMeta", "GetFileMeta", "BatchIndexFileMeta"} {
				fault.Action, fault.Times = action, 2
				server.Inject(fault)
			}
		}
		_ = index(t.Context(), client)
		_, _ = client.GetFileMeta(t.Context(), &imm.GetFileMetaRequest{ProjectName: project, DatasetName: dataset, URI: "oss://test-bucket/cat.jpg"})
		x, err := bulk.New(client, bulk.Config{
			ProjectName: project, DatasetName: dataset, Observer: b.Bulk(), Confirm: bulk.ByMessages, Tracker: tracker,
			Notification: imm.Notification{MNS: imm.MNS{TopicName: topic}}, ConfirmWithin: time.Minute,
		})
		require.NoError(t, err)
		_, _ = x.Run(t.Context(), files(30, 7))
	}
	server.SendToQueue(queue, []byte("nonsense about oss://test-bucket/cat.jpg"))
	server.SendToQueue(queue, []byte(`{"Success":true,"RequestId":"`+strings.Repeat("x", 10_000)+`","Files":[{"URI":"oss://b/k"}]}`))
	<-time.After(time.Second)
	stop()

	handler, err := notify.NewMNSHandler(tracker.Handle, notify.WithObserver(b.Notify()))
	require.NoError(t, err)
	forged, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "/notifications/"+secret, strings.NewReader("oss://test-bucket/cat.jpg"))
	require.NoError(t, err)
	forged.Header.Set("Authorization", secret)
	handler.ServeHTTP(discard{}, forged)
	return []string{id, secret, token, "Signature=", "Bearer ", "ACS3"}
}

type discard struct{ http.ResponseWriter }

func (discard) Header() http.Header             { return make(http.Header) }
func (discard) Write(data []byte) (int, error)  { return len(data), nil }
func (discard) WriteHeader(int)                 {}
func (discard) SetReadDeadline(time.Time) error { return nil }

// seriesOf are all series of the metrics, as text.
func seriesOf(all map[string]metricdata.Metrics) []string {
	var texts []string
	for name, m := range all {
		for _, p := range pointsOf(m) {
			texts = append(texts, name+" "+p.attributes.Encoded(attribute.DefaultEncoder()))
		}
	}
	return texts
}

func TestNoSecretAndUnlessAskedForNoURIIsInASpanOrAMetric(t *testing.T) {
	for _, asked := range []bool{false, true} {
		t.Run(fmt.Sprint("URIs ", asked), func(t *testing.T) {
			inVirtualTime(t, func(t *testing.T) {
				var opts []otelimm.Option
				if asked {
					opts = append(opts, otelimm.WithURIs())
				}
				b := newBench(t, opts...)
				secrets := storm(t, b)
				spans := b.spans.GetSpans()
				require.Greater(t, len(spans), 50)
				var all strings.Builder
				for _, s := range spans {
					all.WriteString(text(s) + "\n")
				}
				for _, secret := range secrets {
					require.NotContains(t, all.String(), secret)
				}
				require.Equal(t, asked, strings.Contains(all.String(), "oss://"))
				require.Equal(t, asked, strings.Contains(all.String(), "cat.jpg"))
				require.NotContains(t, all.String(), strings.Repeat("x", 200), "ids have a limit")
				for _, series := range seriesOf(b.collect(t)) {
					require.NotContains(t, series, "oss:")
					require.NotContains(t, series, project)
					for _, secret := range secrets {
						require.NotContains(t, series, secret)
					}
				}
			})
		})
	}
}

func TestTheNumberOfSeriesHasALimit(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	o, x, n := b.Client(), b.Bulk(), b.Notify()
	const many = 5000
	for i := range many {
		text := fmt.Sprint("x", i)
		ctx := o.CallStart(t.Context(), imm.CallInfo{Action: "Detect" + text, Region: text, Host: text + ".example.com"})
		o.AttemptDone(ctx, imm.AttemptInfo{Action: "Detect" + text, Outcome: "ok", StatusCode: i, RequestID: text, Err: errors.New(text)})
		o.CallDone(ctx, imm.CallResult{Action: "Detect" + text, RequestID: text, Err: &imm.APIError{Code: text, StatusCode: i}})
		ctx = x.RunStart(t.Context(), bulk.RunInfo{ProjectName: text, DatasetName: text, Stats: func() bulk.Stats { return bulk.Stats{Open: 1} }})
		batch := x.BatchStart(ctx, bulk.BatchInfo{ProjectName: text, DatasetName: text})
		x.BatchDone(batch, bulk.BatchResult{RequestID: text, Err: errors.New(text)})
		x.Reported(ctx, []bulk.Result{{Status: bulk.Status(i)}})
		ctx = n.DeliveryStart(t.Context(), notify.DeliveryInfo{Receiver: text})
		n.MessageDone(ctx, notify.MessageResult{Message: &imm.IndexMessage{ProjectName: text, RequestID: text}, Err: errors.New(text)})
		n.ReceiveDone(ctx, notify.ReceiveResult{Err: errors.New(text)})
	}
	all := b.collect(t)
	const kinds = 12 // of errors
	require.LessOrEqual(t, len(pointsOf(all["rpc.client.call.duration"])), 256+kinds, "the operations, and what is beyond them")
	require.Equal(t, many, b.value(t, "rpc.client.call.duration"))
	require.Equal(t, many-256, b.value(t, "rpc.client.call.duration", attribute.String("rpc.method", "_OTHER")))
	require.Equal(t, "IMM/Detectx4999", get(b.named("_OTHER")[many-257].Attributes, "rpc.method_original"))
	require.LessOrEqual(t, len(seriesOf(all)), 2*(256+kinds)+20)
	require.Equal(t, many, b.value(t, "imm.bulk.open_files"), "added up")
}

func TestWhatTheDocumentationListsIsWhatThereIs(t *testing.T) {
	inVirtualTime(t, func(t *testing.T) {
		b := newBench(t)
		storm(t, b)
		x := b.Bulk()
		x.RunStart(t.Context(), bulk.RunInfo{Stats: func() bulk.Stats { return bulk.Stats{RateAllowed: 1} }})
		tracker, err := notify.NewTracker()
		require.NoError(t, err)
		b.WatchTracker(tracker)
		text, err := os.ReadFile("doc.go")
		require.NoError(t, err)
		_, rest, _ := strings.Cut(string(text), "# Metrics")
		listed := make(map[string]string)
		for line := range strings.Lines(rest) {
			if row, ok := strings.CutPrefix(line, "//\t"); ok {
				columns := strings.Fields(row)
				listed[columns[0]] = columns[1] + " " + columns[2]
			}
		}
		made := make(map[string]string)
		for name, m := range b.collect(t) {
			kind := "gauge"
			switch data := m.Data.(type) {
			case metricdata.Histogram[float64]:
				kind = "histogram"
			case metricdata.Sum[int64]:
				if kind = "counter"; !data.IsMonotonic {
					kind = "up-down"
				}
			}
			made[name] = m.Unit + " " + kind
			require.NotEmpty(t, m.Description)
		}
		require.Equal(t, listed, made)
	})
}

func TestMetricsHaveTheAttributesThatAreDocumentedAndNoOthers(t *testing.T) {
	inVirtualTime(t, func(t *testing.T) {
		b := newBench(t)
		storm(t, b)
		known := []attribute.Key{
			"rpc.system.name", "rpc.method", "server.address", "server.port", "error.type", "imm.outcome", "imm.receiver",
			"messaging.system", "messaging.operation.name", "messaging.operation.type",
		}
		for name, m := range b.collect(t) {
			for _, p := range pointsOf(m) {
				for _, a := range p.attributes.ToSlice() {
					require.True(t, slices.Contains(known, a.Key), "%s has %s", name, a.Key)
				}
			}
		}
	})
}
