package otelimm

import (
	"context"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/trace"

	"github.com/imm-go/imm"
	"github.com/imm-go/imm/notify"
)

// receiver is what the spans and the metrics of one kind of receiver share.
type receiver struct {
	span                 string
	start                trace.SpanStartEventOption
	deliveries, messages *series
	delay                *options
}

type receiverKey struct{}

// receiveErrors are of asking a queue for messages.
var receiveErrors = newSeries("error.type", attribute.String("messaging.system", "mns"),
	attribute.String("messaging.operation.name", "BatchReceiveMessage"), attribute.String("messaging.operation.type", "receive"))

// receivers are the kinds there are, by the names that package notify has for them,
// and one for what a later version may have.
func receivers() map[string]*receiver {
	all := make(map[string]*receiver)
	for _, kind := range []struct{ name, system string }{{"mns", "mns"}, {"eventbridge", "eventbridge"}, {"queue", "mns"}, {"_OTHER", "_OTHER"}} {
		is, of := attribute.String("imm.receiver", kind.name), attribute.String("messaging.system", kind.system)
		operation, does := attribute.String("messaging.operation.name", "process"), attribute.String("messaging.operation.type", "process")
		all[kind.name] = &receiver{
			span: "process " + kind.name, start: trace.WithAttributes(is, of, operation, does),
			deliveries: newSeries("error.type", is, of, operation),
			messages:   newSeries("imm.outcome", is, of, operation),
			delay:      newSeries("", is).get(""),
		}
	}
	return all
}

func (o *Observer) receiver(name string) *receiver {
	if r := o.receivers[name]; r != nil {
		return r
	}
	return o.receivers["_OTHER"]
}

// Notify observes receivers of messages, see notify.WithObserver. One that gives
// messages to a Pool ends the span of a push before the callback has run, so its
// messages are in the metrics alone.
func (o *Observer) Notify() notify.Observer {
	return notify.Observer{DeliveryStart: o.deliveryStart, MessageDone: o.messageDone, DeliveryDone: o.deliveryDone, ReceiveDone: o.receiveDone}
}

func (o *Observer) deliveryStart(ctx context.Context, info notify.DeliveryInfo) context.Context {
	r := o.receiver(info.Receiver)
	ctx, span := o.tracer.Start(ctx, r.span, trace.WithSpanKind(trace.SpanKindConsumer), r.start)
	if info.Attempt > 0 && span.IsRecording() {
		span.SetAttributes(attribute.Int("imm.attempt", info.Attempt))
	}
	return context.WithValue(ctx, receiverKey{}, r)
}

func (o *Observer) messageDone(ctx context.Context, m notify.MessageResult) {
	r, ok := ctx.Value(receiverKey{}).(*receiver)
	if !ok {
		return // another observer has put a context of its own in the place of ours
	}
	outcome := "handled"
	switch {
	case m.Duplicate:
		outcome = "duplicate"
	case m.Err != nil:
		outcome = "failed"
	}
	o.instruments.messages.Add(ctx, 1, r.messages.get(outcome).add...)
	failed := len(m.Message.Failed())
	if outcome == "handled" {
		for name, n := range map[string]int{"indexed": len(m.Message.Files) - failed, "failed": failed} {
			if n > 0 {
				o.instruments.notified.Add(ctx, int64(n), fileOutcomes.get(name).add...)
			}
		}
		if sent := m.Message.PublishTime; !sent.IsZero() {
			o.instruments.delay.Record(ctx, max(0, time.Since(sent).Seconds()), r.delay.record...)
		}
	}
	span := trace.SpanFromContext(ctx)
	if !span.IsRecording() {
		return
	}
	attributes := []attribute.KeyValue{
		attribute.String("imm.outcome", outcome), attribute.Float64("imm.duration", m.Duration.Seconds()),
		attribute.Int("imm.files", len(m.Message.Files)), attribute.Int("imm.files.failed", failed),
	}
	for _, id := range [...]struct{ key, value string }{
		{"messaging.message.id", m.Message.MessageID}, {"imm.request_id", m.Message.RequestID}, {"imm.event_id", m.Message.EventID},
	} {
		if value := short(id.value); value != "" {
			attributes = append(attributes, attribute.String(id.key, value))
		}
	}
	if o.uris {
		attributes = append(attributes, attribute.StringSlice("imm.uris", uris(m.Message.Files, func(f *imm.IndexedFile) string { return f.URI })))
		if m.Err != nil {
			attributes = append(attributes, attribute.String("imm.error", m.Err.Error()))
		}
	}
	span.AddEvent("message", trace.WithAttributes(attributes...))
}

func (o *Observer) deliveryDone(ctx context.Context, d notify.DeliveryResult) {
	failure := ""
	if d.Err != nil {
		failure = d.Outcome
	}
	o.instruments.deliveries.Record(ctx, d.Duration.Seconds(), o.receiver(d.Receiver).deliveries.get(failure).record...)
	span := trace.SpanFromContext(ctx)
	if span.IsRecording() && failure != "" {
		span.SetAttributes(attribute.String("error.type", failure))
		description := ""
		if o.uris {
			description = d.Err.Error()
		}
		span.SetStatus(codes.Error, description)
	}
	span.End()
}

func (o *Observer) receiveDone(ctx context.Context, r notify.ReceiveResult) {
	o.instruments.receives.Record(ctx, r.Duration.Seconds(), receiveErrors.get(errorType(ctx, r.Err)).record...)
}
