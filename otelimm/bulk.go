package otelimm

import (
	"context"
	"strconv"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/trace"

	"github.com/imm-go/imm"
	"github.com/imm-go/imm/bulk"
)

// maxURIs is how many URIs a span shows with WithURIs.
const maxURIs = 100

// run is a run that is on. Its context has it, so that its end finds it.
type run struct{ _ byte } // two that are on have two addresses

type runKey struct{}

// What files end as, and whether batches are accepted.
var (
	fileOutcomes = newSeries("imm.outcome")
	batchErrors  = newSeries("error.type")
)

// Bulk observes runs of bulk work, see bulk.Config. What the client of the run does
// is observed by Client.
func (o *Observer) Bulk() bulk.Observer {
	return bulk.Observer{RunStart: o.runStart, BatchStart: o.batchStart, BatchDone: o.batchDone, Reported: o.reported, RunDone: o.runDone}
}

func (o *Observer) runStart(ctx context.Context, info bulk.RunInfo) context.Context {
	ctx, _ = o.tracer.Start(ctx, "imm.bulk.run", trace.WithAttributes(
		attribute.String("imm.project", info.ProjectName), attribute.String("imm.dataset", info.DatasetName),
	))
	for _, status := range []bulk.Status{bulk.Accepted, bulk.Indexed, bulk.Failed, bulk.Unsent} {
		o.instruments.files.Add(ctx, 0, fileOutcomes.get(status.String()).add...) // an alert sees only what grows from something
	}
	r := new(run)
	o.mu.Lock()
	defer o.mu.Unlock()
	o.runs[r] = info.Stats
	return context.WithValue(ctx, runKey{}, r)
}

func (o *Observer) runDone(ctx context.Context, r bulk.RunResult) {
	if is, ok := ctx.Value(runKey{}).(*run); ok {
		o.mu.Lock()
		delete(o.runs, is)
		o.mu.Unlock()
	}
	span := trace.SpanFromContext(ctx)
	if span.IsRecording() {
		span.SetAttributes(
			attribute.Int64("imm.files.added", r.Added), attribute.Int64("imm.files.accepted", r.Accepted), attribute.Int64("imm.files.indexed", r.Indexed),
			attribute.Int64("imm.files.failed", r.Failed), attribute.Int64("imm.files.unsent", r.Unsent), attribute.Int64("imm.files.skipped", r.Skipped),
			attribute.Int64("imm.batches", r.Batches), attribute.Int64("imm.requests", r.Requests), attribute.Int64("imm.throttled", r.Throttled),
		)
		o.fail(span, errorType(ctx, r.Err), r.Err)
	}
	span.End()
}

func (o *Observer) batchStart(ctx context.Context, info bulk.BatchInfo) context.Context {
	o.instruments.activeBatches.Add(ctx, 1)
	ctx, span := o.tracer.Start(ctx, "imm.bulk.batch", trace.WithNewRoot(), trace.WithLinks(trace.LinkFromContext(ctx)))
	if span.IsRecording() {
		span.SetAttributes(
			attribute.String("imm.project", info.ProjectName), attribute.String("imm.dataset", info.DatasetName), attribute.Int("imm.files", len(info.Files)),
		)
		if o.uris {
			span.SetAttributes(attribute.StringSlice("imm.uris", uris(info.Files, func(f *imm.InputFile) string { return f.URI })))
		}
	}
	return ctx
}

func (o *Observer) batchDone(ctx context.Context, r bulk.BatchResult) {
	failure := errorType(ctx, r.Err)
	o.instruments.activeBatches.Add(ctx, -1)
	o.instruments.batches.Record(ctx, r.Duration.Seconds(), batchErrors.get(failure).record...)
	span := trace.SpanFromContext(ctx)
	if span.IsRecording() {
		span.SetAttributes(attribute.Int("imm.requests", r.Requests))
		for _, id := range [...]struct{ key, value string }{{"imm.request_id", r.RequestID}, {"imm.event_id", r.EventID}} {
			if value := short(id.value); value != "" {
				span.SetAttributes(attribute.String(id.key, value))
			}
		}
		o.fail(span, failure, r.Err)
	}
	span.End()
}

func (o *Observer) reported(ctx context.Context, results []bulk.Result) {
	var counts [bulk.Failed + 1]int64
	for i := range results {
		if status := results[i].Status; int(status) < len(counts) {
			counts[status]++
		}
	}
	for status, n := range counts {
		if n > 0 {
			o.instruments.files.Add(ctx, n, fileOutcomes.get(bulk.Status(status).String()).add...)
		}
	}
}

// uris are the first URIs of some files, and how many there are more.
func uris[File any](files []File, uri func(*File) string) []string {
	shown := make([]string, 0, min(len(files), maxURIs))
	for i := range files[:min(len(files), maxURIs)] {
		shown = append(shown, uri(&files[i]))
	}
	if more := len(files) - len(shown); more > 0 {
		shown = append(shown, "and "+strconv.Itoa(more)+" more")
	}
	return shown
}
