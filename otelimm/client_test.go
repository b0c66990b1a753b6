package otelimm_test

import (
	"context"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/trace"
	"go.opentelemetry.io/otel/trace/noop"

	"github.com/imm-go/imm"
	"github.com/imm-go/imm/immtest"
	"github.com/imm-go/imm/otelimm"
)

// inBubble runs a test in virtual time, with an emulator that has a file.
func inBubble(t *testing.T, test func(t *testing.T, server *immtest.Server)) {
	t.Helper()
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		server := immtest.NewServer(immtest.WithProject(project, ""))
		defer server.Close()
		server.PutObject(bucket, "cat.jpg", []byte("x"))
		test(t, server)
	})
}

func index(ctx context.Context, client *imm.Client) error {
	_, err := client.IndexFileMeta(ctx, &imm.IndexFileMetaRequest{ProjectName: project, DatasetName: dataset, File: imm.InputFile{URI: "oss://test-bucket/cat.jpg"}})
	return err
}

func TestACallIsASpanWithAnEventForEachAttempt(t *testing.T) {
	inBubble(t, func(t *testing.T, server *immtest.Server) {
		b := newBench(t)
		client := server.Client(imm.WithObserver(b.Client()))
		server.Inject(immtest.Throttle(1, 2*time.Second), immtest.Fault{Reset: true}, immtest.HTMLPage(1, 414))
		ctx, outer := b.tracers.Tracer("test").Start(t.Context(), "nightly run")
		require.NoError(t, index(ctx, client))
		outer.End()

		spans := b.named("IMM/IndexFileMeta")
		require.Len(t, spans, 1)
		s := spans[0]
		require.Equal(t, trace.SpanKindClient, s.SpanKind)
		require.Equal(t, outer.SpanContext().SpanID(), s.Parent.SpanID())
		require.Equal(t, codes.Unset, s.Status.Code)
		require.Equal(t, "alibaba_cloud_api", get(s.Attributes, "rpc.system.name"))
		require.Equal(t, "IMM/IndexFileMeta", get(s.Attributes, "rpc.method"))
		require.Equal(t, "localhost", get(s.Attributes, "server.address"))
		require.Equal(t, "cn-hangzhou", get(s.Attributes, "cloud.region"))
		require.EqualValues(t, 4, get(s.Attributes, "imm.attempts"))
		require.NotEmpty(t, get(s.Attributes, "imm.request_id"))
		require.Nil(t, get(s.Attributes, "error.type"))
		require.GreaterOrEqual(t, s.EndTime.Sub(s.StartTime), 2*time.Second)

		var events []string
		for _, e := range s.Events {
			events = append(events, fmt.Sprint(e.Name, " ", get(e.Attributes, "imm.attempt"), " ", get(e.Attributes, "imm.outcome"), " ", get(e.Attributes, "http.response.status_code")))
		}
		require.Equal(t, []string{
			"attempt 1 throttled 400", "retry 1 throttled <nil>", "attempt 2 stale_connection <nil>", "retry 2 stale_connection <nil>",
			"attempt 3 uri_too_long 414", "retry 3 uri_too_long <nil>", "attempt 4 ok 200",
		}, events)
		require.InDelta(t, 2, get(s.Events[1].Attributes, "imm.delay"), 0.5)
		require.Equal(t, get(s.Attributes, "imm.request_id"), get(s.Events[6].Attributes, "imm.request_id"))
	})
}

func TestCallsAreCountedByOperationOutcomeAndError(t *testing.T) {
	inBubble(t, func(t *testing.T, server *immtest.Server) {
		b := newBench(t)
		client := server.Client(imm.WithObserver(b.Client()))
		server.Inject(immtest.Throttle(1, time.Second), immtest.Fault{Action: "GetBinding", Times: -1, Status: 503})
		for range 3 {
			require.NoError(t, index(t.Context(), client))
		}
		_, err := client.GetBinding(t.Context(), &imm.GetBindingRequest{ProjectName: project, DatasetName: dataset, URI: "oss://test-bucket"})
		require.ErrorIs(t, err, imm.ErrUnavailable)
		_, err = client.GetProject(t.Context(), &imm.GetProjectRequest{ProjectName: "nobody"})
		require.ErrorIs(t, err, imm.ErrNotFound)
		_, err = client.GetProject(t.Context(), nil)
		require.ErrorIs(t, err, imm.ErrInvalidArgument, "refused before anything is sent, and so no call")

		method := func(action string) attribute.KeyValue { return attribute.String("rpc.method", "IMM/"+action) }
		failure := func(kind string) attribute.KeyValue { return attribute.String("error.type", kind) }
		outcome := func(kind string) attribute.KeyValue { return attribute.String("imm.outcome", kind) }
		const calls, attempts = "rpc.client.call.duration", "imm.client.attempts"
		require.Equal(t, 5, b.value(t, calls))
		require.Equal(t, 3, b.value(t, calls, method("IndexFileMeta"), attribute.String("rpc.system.name", "alibaba_cloud_api"), attribute.String("server.address", "localhost")))
		require.Zero(t, b.value(t, calls, method("IndexFileMeta"), failure("throttled")), "what went well in the end is no error")
		require.Equal(t, 1, b.value(t, calls, method("GetBinding"), failure("unavailable")))
		require.Equal(t, 1, b.value(t, calls, method("GetProject"), failure("not_found")))
		require.Equal(t, 3+1+4+1, b.value(t, attempts))
		require.Equal(t, 1, b.value(t, attempts, outcome("throttled")))
		require.Equal(t, 3, b.value(t, attempts, method("IndexFileMeta"), outcome("ok")))
		require.Equal(t, 4, b.value(t, attempts, method("GetBinding"), outcome("unavailable")))

		spans := b.named("IMM/GetProject")
		require.Len(t, spans, 1)
		require.Equal(t, codes.Error, spans[0].Status.Code)
		require.Empty(t, spans[0].Status.Description)
		require.Equal(t, "not_found", get(spans[0].Attributes, "error.type"))
		require.Equal(t, "ResourceNotFound", get(spans[0].Attributes, "rpc.response.status_code"))
	})
}

func TestTheEndOfAContextIsAnErrorOfItsOwn(t *testing.T) {
	inBubble(t, func(t *testing.T, server *immtest.Server) {
		b := newBench(t)
		client := server.Client(imm.WithObserver(b.Client()))
		server.Inject(immtest.Throttle(1, time.Second), immtest.Fault{Times: -1, Hang: true})
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
		defer cancel()
		require.ErrorIs(t, index(ctx, client), context.DeadlineExceeded)
		ctx, stop := context.WithCancel(t.Context())
		time.AfterFunc(time.Second, stop)
		require.ErrorIs(t, index(ctx, client), context.Canceled)
		require.ErrorIs(t, index(t.Context(), client), imm.ErrUnavailable, "an attempt's own timeout")
		spans := b.named("IMM/IndexFileMeta")
		require.Len(t, spans, 3)
		for i, want := range []string{"deadline_exceeded", "canceled", "unavailable"} {
			require.Equal(t, want, get(spans[i].Attributes, "error.type"))
			require.Equal(t, 1, b.value(t, "rpc.client.call.duration", attribute.String("error.type", want)))
		}
	})
}

func TestAPortIsAnAttributeOfItsOwn(t *testing.T) {
	t.Parallel()
	for host, want := range map[string][2]any{
		"imm.cn-hangzhou.aliyuncs.com": {"imm.cn-hangzhou.aliyuncs.com", nil},
		"127.0.0.1:8787":               {"127.0.0.1", int64(8787)},
		"[::1]:443":                    {"::1", int64(443)},
		"[::1]":                        {"[::1]", nil},
	} {
		b := newBench(t)
		o := b.Client()
		ctx := o.CallStart(t.Context(), imm.CallInfo{Action: "GetProject", Region: "cn-hangzhou", Host: host})
		o.CallDone(ctx, imm.CallResult{Action: "GetProject"})
		s := b.spans.GetSpans()[0]
		require.Equal(t, want, [2]any{get(s.Attributes, "server.address"), get(s.Attributes, "server.port")}, host)
	}
}

func TestOptionsThatMakeNoSenseAreRefused(t *testing.T) {
	t.Parallel()
	for want, opt := range map[string]otelimm.Option{
		"imm: otelimm.New: opts[0]: it is nil":                      nil,
		"imm: otelimm.New: WithTracerProvider: the provider is nil": otelimm.WithTracerProvider(nil),
		"imm: otelimm.New: WithMeterProvider: the provider is nil":  otelimm.WithMeterProvider(nil),
	} {
		_, err := otelimm.New(opt)
		require.ErrorIs(t, err, imm.ErrInvalidArgument)
		require.ErrorContains(t, err, want)
	}
	observer, err := otelimm.New()
	require.NoError(t, err, "without options it is that of the process")
	require.NotNil(t, observer)
}

func TestCallsOfManyGoroutinesAreAllCounted(t *testing.T) {
	t.Parallel()
	b := newBench(t, otelimm.WithTracerProvider(noop.NewTracerProvider()))
	o := b.Client()
	const goroutines, calls = 200, 50
	done := make(chan struct{})
	for range goroutines {
		go func() {
			defer func() { done <- struct{}{} }()
			for i := range calls {
				info := imm.CallInfo{Action: "GetProject", Host: "h"}
				ctx := o.CallStart(context.Background(), info)
				o.AttemptDone(ctx, imm.AttemptInfo{Action: info.Action, Outcome: "ok"})
				var err error
				if i%2 == 0 {
					err = imm.ErrThrottled
				}
				o.CallDone(ctx, imm.CallResult{Action: info.Action, Err: err})
			}
		}()
	}
	for range goroutines {
		<-done
	}
	require.Equal(t, goroutines*calls, b.value(t, "imm.client.attempts"))
	require.Equal(t, goroutines*calls/2, b.value(t, "rpc.client.call.duration", attribute.String("error.type", "throttled")))
}

func TestACallIsCountedWhereAnotherObserverHasReplacedTheContext(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	o := b.Client()
	o.AttemptDone(t.Context(), imm.AttemptInfo{Action: "GetProject", Outcome: "ok"})
	o.RetryScheduled(t.Context(), imm.RetryInfo{Action: "GetProject"})
	o.CallDone(t.Context(), imm.CallResult{Action: "GetProject"})
	require.Equal(t, 1, b.value(t, "rpc.client.call.duration", attribute.String("rpc.method", "IMM/GetProject")))
	require.Empty(t, b.spans.GetSpans())
}
