package otelimm

import (
	"errors"

	"go.opentelemetry.io/otel/metric"
)

// instruments are what the metrics are recorded with.
type instruments struct {
	calls, batches, deliveries, receives, delay metric.Float64Histogram
	attempts, files, messages, notified         metric.Int64Counter
	activeBatches                               metric.Int64UpDownCounter
	activeRuns, openFiles, concurrency          metric.Int64ObservableGauge
	trackerOpen, trackerKept                    metric.Int64ObservableGauge
	trackerUnknown                              metric.Int64ObservableCounter
	rateUsed, rateAllowed                       metric.Float64ObservableGauge
}

// The boundaries of the histograms, in seconds. Those of a call are the conventions'.
var (
	seconds = []float64{0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10}
	// A receiver that was down for a day finds messages of that age.
	delays = []float64{0.1, 0.5, 1, 5, 15, 60, 300, 900, 3600, 4 * 3600, 24 * 3600}
)

func (i *instruments) make(meter metric.Meter) error {
	var errs []error
	histogram := func(name, description string, boundaries []float64) metric.Float64Histogram {
		made, err := meter.Float64Histogram(name, metric.WithDescription(description), metric.WithUnit("s"), metric.WithExplicitBucketBoundaries(boundaries...))
		errs = append(errs, err)
		return made
	}
	counter := func(name, unit, description string) metric.Int64Counter {
		made, err := meter.Int64Counter(name, metric.WithDescription(description), metric.WithUnit(unit))
		errs = append(errs, err)
		return made
	}
	gauge := func(name, unit, description string) metric.Int64ObservableGauge {
		made, err := meter.Int64ObservableGauge(name, metric.WithDescription(description), metric.WithUnit(unit))
		errs = append(errs, err)
		return made
	}
	rate := func(name, description string) metric.Float64ObservableGauge {
		made, err := meter.Float64ObservableGauge(name, metric.WithDescription(description), metric.WithUnit("{call}/s"))
		errs = append(errs, err)
		return made
	}

	i.calls = histogram("rpc.client.call.duration", "Duration of calls, with their repeats.", seconds)
	i.attempts = counter("imm.client.attempts", "{attempt}", "Requests that calls sent or could not send, by their outcome.")

	i.batches = histogram("imm.bulk.batch.duration", "Duration of the calls that hand in batches, with their repeats.", seconds)
	i.files = counter("imm.bulk.files", "{file}", "Files of bulk work by their outcome.")
	i.openFiles = gauge("imm.bulk.open_files", "{file}", "Files of bulk work without an outcome yet.")
	i.concurrency = gauge("imm.bulk.concurrency.limit", "{batch}", "Batches that may be handed in at once now.")
	i.activeRuns = gauge("imm.bulk.active_runs", "{run}", "Runs of bulk work that are on.")
	i.rateUsed = rate("imm.bulk.rate.used", "Calls of bulk work a second that were accepted in the last second.")
	i.rateAllowed = rate("imm.bulk.rate.allowed", "Calls of bulk work a second that may be made now.")
	var err error
	i.activeBatches, err = meter.Int64UpDownCounter("imm.bulk.active_batches", metric.WithDescription("Batches that are being handed in."), metric.WithUnit("{batch}"))
	errs = append(errs, err)

	i.deliveries = histogram("messaging.process.duration", "Duration of work on pushes and on messages of a queue.", seconds)
	i.receives = histogram("messaging.client.operation.duration", "Duration of asking a queue for messages, the wait for them included.", seconds)
	i.messages = counter("messaging.client.consumed.messages", "{message}", "Index messages by their outcome.")
	i.notified = counter("imm.notify.files", "{file}", "Files in index messages that were handled, by their outcome.")
	i.delay = histogram("imm.notify.message.delay", "Time from the publishing of an index message until it was handled.", delays)

	i.trackerOpen = gauge("imm.tracker.open_files", "{file}", "Files of trackers without an outcome.")
	i.trackerKept = gauge("imm.tracker.kept_messages", "{message}", "Messages that wait for a call to return.")
	i.trackerUnknown, err = meter.Int64ObservableCounter("imm.tracker.unknown_messages", metric.WithDescription("Messages that are of no call of a tracker."), metric.WithUnit("{message}"))
	return errors.Join(append(errs, err)...)
}

// gauges are what observe gives values to.
func (i *instruments) gauges() []metric.Observable {
	return []metric.Observable{
		i.activeRuns, i.openFiles, i.concurrency, i.rateUsed, i.rateAllowed, i.trackerOpen, i.trackerKept, i.trackerUnknown,
	}
}
