package otelimm_test

import (
	"context"
	"errors"
	"iter"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/trace"

	"github.com/imm-go/imm"
	"github.com/imm-go/imm/bulk"
	"github.com/imm-go/imm/immtest"
	"github.com/imm-go/imm/otelimm"
)

func uri(i int) string { return "oss://test-bucket/photos/" + strconv.Itoa(i) + ".jpg" }

// files are n files, of which the service refuses those at the places in bad.
func files(n int, bad ...int) iter.Seq2[imm.InputFile, error] {
	return func(yield func(imm.InputFile, error) bool) {
		for i := range n {
			f := imm.InputFile{URI: uri(i)}
			for _, b := range bad {
				if b == i {
					f.MediaType = "poem"
				}
			}
			if !yield(f, nil) {
				return
			}
		}
	}
}

func (b *bench) indexer(t testing.TB, server *immtest.Server, batch int) *bulk.Indexer {
	t.Helper()
	client := server.Client(imm.WithObserver(b.Client()))
	x, err := bulk.New(client, bulk.Config{ProjectName: project, DatasetName: dataset, BatchFiles: batch, Observer: b.Bulk()})
	require.NoError(t, err)
	return x
}

func TestARunIsASpanAndEachBatchATraceOfItsOwn(t *testing.T) {
	inBubble(t, func(t *testing.T, server *immtest.Server) {
		b := newBench(t)
		ctx, outer := b.tracers.Tracer("test").Start(t.Context(), "nightly job")
		summary, err := b.indexer(t, server, 10).Run(ctx, files(100, 17))
		require.NoError(t, err)
		outer.End()

		runs := b.named("imm.bulk.run")
		require.Len(t, runs, 1)
		require.Equal(t, outer.SpanContext().SpanID(), runs[0].Parent.SpanID())
		require.Equal(t, codes.Unset, runs[0].Status.Code)
		require.Equal(t, project, get(runs[0].Attributes, "imm.project"))
		require.Equal(t, dataset, get(runs[0].Attributes, "imm.dataset"))
		require.EqualValues(t, 99, get(runs[0].Attributes, "imm.files.accepted"))
		require.EqualValues(t, 1, get(runs[0].Attributes, "imm.files.failed"))
		require.Equal(t, summary.Batches, get(runs[0].Attributes, "imm.batches"))

		batches := b.named("imm.bulk.batch")
		require.Len(t, batches, int(summary.Batches))
		traces := make(map[trace.TraceID]trace.SpanID)
		failed := 0
		for _, s := range batches {
			require.False(t, s.Parent.IsValid())
			require.Len(t, s.Links, 1)
			require.Equal(t, runs[0].SpanContext.SpanID(), s.Links[0].SpanContext.SpanID())
			traces[s.SpanContext.TraceID()] = s.SpanContext.SpanID()
			require.EqualValues(t, 1, get(s.Attributes, "imm.requests"))
			require.NotEmpty(t, get(s.Attributes, "imm.request_id"))
			if s.Status.Code == codes.Error {
				failed++
				require.Equal(t, "invalid", get(s.Attributes, "error.type"))
			} else {
				require.NotEmpty(t, get(s.Attributes, "imm.event_id"))
			}
		}
		require.Greater(t, failed, 1)
		require.Len(t, traces, len(batches))
		calls := b.named("IMM/BatchIndexFileMeta")
		require.Len(t, calls, len(batches))
		for _, s := range calls {
			require.Equal(t, traces[s.SpanContext.TraceID()], s.Parent.SpanID(), "a call is below its batch")
		}
	})
}

func TestARunsMetricsAreThoseOfItsSummary(t *testing.T) {
	inBubble(t, func(t *testing.T, server *immtest.Server) {
		b := newBench(t)
		var total bulk.Summary
		for range 2 { // counters go on from run to run
			server.Inject(immtest.Fault{Action: "BatchIndexFileMeta", Status: 503, Times: 9})
			summary, err := b.indexer(t, server, 10).Run(t.Context(), files(500, 3, 444))
			require.NoError(t, err)
			total.Accepted += summary.Accepted
			total.Failed += summary.Failed
			total.Batches += summary.Batches
			total.Requests += summary.Requests
		}
		outcome := func(is string) attribute.KeyValue { return attribute.String("imm.outcome", is) }
		require.Equal(t, int(total.Accepted), b.value(t, "imm.bulk.files", outcome("accepted")))
		require.Equal(t, int(total.Failed), b.value(t, "imm.bulk.files", outcome("failed")))
		require.Equal(t, int(total.Accepted+total.Failed), b.value(t, "imm.bulk.files"))
		require.Equal(t, int(total.Batches), b.value(t, "imm.bulk.batch.duration"))
		require.Equal(t, int(total.Requests), b.value(t, "imm.client.attempts", attribute.String("rpc.method", "IMM/BatchIndexFileMeta")))
		require.Positive(t, b.value(t, "imm.bulk.batch.duration", attribute.String("error.type", "unavailable")))
		require.Zero(t, b.value(t, "imm.bulk.active_batches"))
		require.Zero(t, b.value(t, "imm.bulk.active_runs"))
		require.NotContains(t, b.collect(t), "imm.bulk.open_files", "nothing is under way any more")
	})
}

func TestTheGaugesShowHowRunsAreGoing(t *testing.T) {
	t.Parallel()
	inVirtualTime(t, func(t *testing.T) {
		server := immtest.NewServer(immtest.WithQPS(20))
		defer server.Close()
		b := newBench(t)
		ctx, cancel := context.WithCancelCause(t.Context())
		ended := make(chan error)
		for range 2 {
			x := b.indexer(t, server, 10)
			go func() {
				_, err := x.Run(ctx, files(1_000_000))
				ended <- err
			}()
		}
		<-time.After(10 * time.Second)
		require.Equal(t, 2, b.value(t, "imm.bulk.active_runs"))
		require.InDelta(t, 20, b.value(t, "imm.bulk.rate.used"), 6)
		require.GreaterOrEqual(t, b.value(t, "imm.bulk.rate.allowed"), 18)
		require.Positive(t, b.value(t, "imm.bulk.open_files"))
		require.GreaterOrEqual(t, b.value(t, "imm.bulk.concurrency.limit"), 2)
		require.InDelta(t, 2000, b.value(t, "imm.bulk.files", attribute.String("imm.outcome", "accepted")), 400, "while the runs are on")
		cancel(errors.New("the user pressed a key"))
		for range 2 {
			require.ErrorIs(t, <-ended, context.Canceled)
		}
		require.Positive(t, b.value(t, "imm.bulk.files", attribute.String("imm.outcome", "unsent")))
		for _, s := range b.named("imm.bulk.run") {
			require.Equal(t, "canceled", get(s.Attributes, "error.type"))
		}
	})
}

func TestABatchInFlightIsSeenWhileItIs(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	o := b.Bulk()
	var ends []context.Context
	for range 3 {
		ends = append(ends, o.BatchStart(t.Context(), bulk.BatchInfo{}))
	}
	require.Equal(t, 3, b.value(t, "imm.bulk.active_batches"))
	for _, ctx := range ends {
		o.BatchDone(ctx, bulk.BatchResult{})
	}
	require.Zero(t, b.value(t, "imm.bulk.active_batches"))
}

func TestASpanShowsAHundredURIsAtMost(t *testing.T) {
	t.Parallel()
	b := newBench(t, otelimm.WithURIs())
	o := b.Bulk()
	o.BatchDone(o.BatchStart(t.Context(), bulk.BatchInfo{Files: make([]imm.InputFile, 1000)}), bulk.BatchResult{})
	uris := get(b.spans.GetSpans()[0].Attributes, "imm.uris").([]string)
	require.Len(t, uris, 101)
	require.Equal(t, "and 900 more", uris[100])
}
