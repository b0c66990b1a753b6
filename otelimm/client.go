package otelimm

import (
	"context"
	"errors"
	"net"
	"strconv"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/trace"

	"github.com/imm-go/imm"
)

// system is what the conventions call the protocol of the calls.
const system = "alibaba_cloud_api"

// operationKey is the key under which the context of a call has its operation.
type operationKey struct{}

// Client observes the calls of a client, see imm.WithObserver.
func (o *Observer) Client() imm.Observer {
	return imm.Observer{CallStart: o.callStart, AttemptDone: o.attemptDone, RetryScheduled: o.retryScheduled, CallDone: o.callDone}
}

func (o *Observer) callStart(ctx context.Context, call imm.CallInfo) context.Context {
	op := o.operations.get(call.Action, call.Host)
	ctx, span := o.tracer.Start(ctx, op.name, trace.WithSpanKind(trace.SpanKindClient), op.start)
	if span.IsRecording() {
		span.SetAttributes(attribute.String("cloud.region", call.Region))
		if op.name == otherOperation {
			span.SetAttributes(attribute.String("rpc.method_original", methodOf(call.Action)))
		}
	}
	return context.WithValue(ctx, operationKey{}, op)
}

// operationOf is the operation of a call. There is always one, unless another
// observer has put a context of its own in the place of ours.
func (o *Observer) operationOf(ctx context.Context, action string) *operation {
	if op, ok := ctx.Value(operationKey{}).(*operation); ok {
		return op
	}
	return o.operations.get(action, "")
}

func (o *Observer) attemptDone(ctx context.Context, a imm.AttemptInfo) {
	outcome := label(a.Outcome)
	o.instruments.attempts.Add(ctx, 1, o.operationOf(ctx, a.Action).attempts.get(outcome).add...)
	span := trace.SpanFromContext(ctx)
	if !span.IsRecording() {
		return
	}
	attributes := []attribute.KeyValue{
		attribute.Int("imm.attempt", a.Attempt), attribute.String("imm.outcome", outcome),
		attribute.Float64("imm.duration", a.Duration.Seconds()), attribute.Bool("imm.connection.reused", a.Reused),
	}
	if a.StatusCode != 0 {
		attributes = append(attributes, attribute.Int("http.response.status_code", a.StatusCode))
	}
	if id := short(a.RequestID); id != "" {
		attributes = append(attributes, attribute.String("imm.request_id", id))
	}
	if o.uris && a.Err != nil {
		attributes = append(attributes, attribute.String("imm.error", a.Err.Error()))
	}
	span.AddEvent("attempt", trace.WithAttributes(attributes...))
}

func (o *Observer) retryScheduled(ctx context.Context, r imm.RetryInfo) {
	span := trace.SpanFromContext(ctx)
	if !span.IsRecording() {
		return
	}
	span.AddEvent("retry", trace.WithAttributes(
		attribute.Int("imm.attempt", r.Attempt), attribute.String("imm.outcome", label(r.Outcome)), attribute.Float64("imm.delay", r.Delay.Seconds()),
	))
}

func (o *Observer) callDone(ctx context.Context, r imm.CallResult) {
	failure := errorType(ctx, r.Err)
	o.instruments.calls.Record(ctx, r.Duration.Seconds(), o.operationOf(ctx, r.Action).calls.get(failure).record...)
	span := trace.SpanFromContext(ctx)
	if span.IsRecording() {
		span.SetAttributes(attribute.Int("imm.attempts", r.Attempts))
		if id := short(r.RequestID); id != "" {
			span.SetAttributes(attribute.String("imm.request_id", id))
		}
		o.fail(span, failure, r.Err)
	}
	span.End()
}

// fail marks a span as that of something that failed.
func (o *Observer) fail(span trace.Span, failure string, err error) {
	if failure == "" {
		return
	}
	span.SetAttributes(attribute.String("error.type", failure))
	if refused, ok := errors.AsType[*imm.APIError](err); ok && isCode(refused.Code) {
		span.SetAttributes(attribute.String("rpc.response.status_code", refused.Code))
	}
	description := ""
	if o.uris && err != nil {
		description = err.Error()
	}
	span.SetStatus(codes.Error, description)
}

// operation is what the spans and the metrics of one operation at one host share.
type operation struct {
	name            string
	start           trace.SpanStartEventOption
	calls, attempts *series
}

// methodOf is the name of an operation as the conventions want it, with the
// service before it.
func methodOf(action string) string { return "IMM/" + action }

// otherOperation is what the conventions call an operation that is not known.
const otherOperation = "_OTHER"

func newOperation(name, host string) *operation {
	attributes := []attribute.KeyValue{attribute.String("rpc.system.name", system), attribute.String("rpc.method", name)}
	if host != "" {
		address, port := host, ""
		if h, p, err := net.SplitHostPort(host); err == nil {
			address, port = h, p
		}
		attributes = append(attributes, attribute.String("server.address", address))
		if n, err := strconv.Atoi(port); err == nil {
			attributes = append(attributes, attribute.Int("server.port", n))
		}
	}
	return &operation{
		name: name, start: trace.WithAttributes(attributes...),
		calls: newSeries("error.type", attributes...), attempts: newSeries("imm.outcome", attribute.String("rpc.method", name)),
	}
}
