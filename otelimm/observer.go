package otelimm

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/metric"
	"go.opentelemetry.io/otel/trace"

	"github.com/imm-go/imm"
	"github.com/imm-go/imm/bulk"
	"github.com/imm-go/imm/notify"
)

// scope is who makes the spans and the metrics.
const scope = "github.com/imm-go/imm/otelimm"

// Observer makes spans and metrics. One serves all clients, runs and receivers of a
// program; two that share a MeterProvider would overwrite each other's gauges. It is
// safe for concurrent use.
type Observer struct {
	tracer      trace.Tracer
	uris        bool
	instruments instruments
	operations  operations
	receivers   map[string]*receiver

	mu       sync.Mutex
	runs     map[*run]func() bulk.Stats
	trackers map[*notify.Tracker]int // how often each is watched
	unknown  int64                   // messages of trackers that are no longer watched
}

// Option changes one setting of an Observer. See New.
type Option func(*config) error

type config struct {
	tracers trace.TracerProvider
	meters  metric.MeterProvider
	uris    bool
}

// New makes an Observer. It starts no goroutine. A nil option and a nil provider
// are an *imm.ValidationError, and a MeterProvider that refuses an instrument is an
// error.
func New(opts ...Option) (*Observer, error) {
	c := config{tracers: otel.GetTracerProvider(), meters: otel.GetMeterProvider()}
	var errs []error
	for i, opt := range opts {
		if opt == nil {
			errs = append(errs, refuse(fmt.Sprintf("opts[%d]", i), "it is nil; leave it out"))
			continue
		}
		if err := opt(&c); err != nil {
			errs = append(errs, err)
		}
	}
	if len(errs) > 0 {
		return nil, errors.Join(errs...)
	}
	o := &Observer{
		tracer: c.tracers.Tracer(scope), uris: c.uris, receivers: receivers(),
		runs: make(map[*run]func() bulk.Stats), trackers: make(map[*notify.Tracker]int),
	}
	meter := c.meters.Meter(scope)
	if err := o.instruments.make(meter); err != nil {
		return nil, fmt.Errorf("otelimm: %w", err)
	}
	gauges := o.instruments.gauges()
	if _, err := meter.RegisterCallback(o.observe, gauges...); err != nil {
		return nil, fmt.Errorf("otelimm: %w", err)
	}
	return o, nil
}

func refuse(field, reason string) error {
	return &imm.ValidationError{Action: "otelimm.New", Field: field, Reason: reason}
}

// WithTracerProvider says where spans go. A nil provider is refused. The default is
// that of otel.GetTracerProvider.
func WithTracerProvider(provider trace.TracerProvider) Option {
	return func(c *config) error {
		if provider == nil {
			return refuse("WithTracerProvider", "the provider is nil; leave the option out to get that of the process")
		}
		c.tracers = provider
		return nil
	}
}

// WithMeterProvider says where metrics go. A nil provider is refused. The default
// is that of otel.GetMeterProvider.
func WithMeterProvider(provider metric.MeterProvider) Option {
	return func(c *config) error {
		if provider == nil {
			return refuse("WithMeterProvider", "the provider is nil; leave the option out to get that of the process")
		}
		c.meters = provider
		return nil
	}
}

// WithURIs shows in spans which files they are about: the URIs of a batch and of a
// message, at most 100, and the texts of errors, which may have them in. The default
// is to show neither, because names of files can be private, and spans go far.
// Metrics never have them.
func WithURIs() Option {
	return func(c *config) error { c.uris = true; return nil }
}

// WatchTracker shows how many files of a tracker have no outcome, and which messages
// it could not match, until the function that it returns is called. Trackers that
// are watched at the same time are added up. A nil tracker is ignored. It is safe
// for concurrent use.
func (o *Observer) WatchTracker(tracker *notify.Tracker) (stop func()) {
	if tracker == nil {
		return func() {}
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	o.trackers[tracker]++
	return sync.OnceFunc(func() {
		o.mu.Lock()
		defer o.mu.Unlock()
		if o.trackers[tracker]--; o.trackers[tracker] == 0 {
			delete(o.trackers, tracker)
			o.unknown += tracker.Stats().UnknownMessages // a counter never falls
		}
	})
}

// observe gives the gauges their values.
func (o *Observer) observe(_ context.Context, to metric.Observer) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	i := &o.instruments
	if len(o.runs) > 0 {
		var sum bulk.Stats
		for _, stats := range o.runs {
			s := stats()
			sum.Open += s.Open
			sum.Width += s.Width
			sum.Rate += s.Rate
			sum.RateAllowed += s.RateAllowed
		}
		to.ObserveInt64(i.openFiles, sum.Open)
		to.ObserveInt64(i.concurrency, int64(sum.Width))
		to.ObserveFloat64(i.rateUsed, sum.Rate)
		if sum.RateAllowed > 0 {
			to.ObserveFloat64(i.rateAllowed, sum.RateAllowed)
		}
	}
	to.ObserveInt64(i.activeRuns, int64(len(o.runs)))
	if len(o.trackers) == 0 && o.unknown == 0 {
		return nil
	}
	open, kept, unknown := int64(0), int64(0), o.unknown
	for tracker := range o.trackers {
		s := tracker.Stats()
		open += s.Open
		kept += s.Kept
		unknown += s.UnknownMessages
	}
	to.ObserveInt64(i.trackerOpen, open)
	to.ObserveInt64(i.trackerKept, kept)
	to.ObserveInt64(i.trackerUnknown, unknown)
	return nil
}
