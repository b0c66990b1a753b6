package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	"github.com/prometheus/otlptranslator"
	"github.com/spf13/cobra"
	"go.opentelemetry.io/contrib/exporters/autoexport"
	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	otelprometheus "go.opentelemetry.io/otel/exporters/prometheus"
	"go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/resource"
	"go.opentelemetry.io/otel/sdk/trace"

	"github.com/imm-go/imm"
	"github.com/imm-go/imm/bulk"
	"github.com/imm-go/imm/notify"
	"github.com/imm-go/imm/otelimm"
)

const (
	metricsPath = "/metrics"
	// flushTime is how long the program waits at its end for what takes the spans
	// and metrics.
	flushTime = 5 * time.Second
	// scrapeTime is how long a reader of the metrics may take to say what it wants.
	scrapeTime = 5 * time.Second
)

// telemetry is who is told how the program goes, by --metrics and by the standard
// variables of OpenTelemetry.
type telemetry struct {
	address  string            // of --metrics; empty: none
	observer *otelimm.Observer // nil: nobody is told
	ends     []func(context.Context) error

	mu     sync.Mutex
	failed error // the first of what did not get away
}

func (p *program) addMetricsFlag(cmd *cobra.Command) {
	cmd.PersistentFlags().StringVar(&p.telemetry.address, "metrics", "", "serve metrics for Prometheus at this `ADDR` while the command runs, such as :9464, which only this machine reaches")
}

// observeAll begins to tell of what the command does.
func (p *program) observeAll(ctx context.Context) error {
	t := p.telemetry
	disabled := strings.EqualFold(p.getenv("OTEL_SDK_DISABLED"), "true")
	sends := func(signal string) bool {
		return !disabled && (p.getenv("OTEL_"+signal+"_EXPORTER") != "" || p.getenv("OTEL_EXPORTER_OTLP_ENDPOINT") != "" || p.getenv("OTEL_EXPORTER_OTLP_"+signal+"_ENDPOINT") != "")
	}
	if t.address == "" && !sends("METRICS") && !sends("TRACES") {
		return nil
	}
	is, err := resource.New(ctx, resource.WithTelemetrySDK(), resource.WithAttributes(attribute.String("service.name", "imm"), attribute.String("service.version", version())), resource.WithFromEnv())
	if err != nil {
		return usagef("OTEL_RESOURCE_ATTRIBUTES: %w", err)
	}
	metrics, spans := []metric.Option{metric.WithResource(is)}, []trace.TracerProviderOption{trace.WithResource(is)}
	if t.address != "" {
		registry := prometheus.NewRegistry()
		// A Prometheus that takes dots in names would else see others than one that does not.
		reader, err := otelprometheus.New(otelprometheus.WithRegisterer(registry), otelprometheus.WithoutScopeInfo(), otelprometheus.WithTranslationStrategy(otlptranslator.UnderscoreEscapingWithSuffixes))
		if err != nil {
			return fmt.Errorf("--metrics: %w", err)
		}
		if err := p.serveMetrics(ctx, promhttp.HandlerFor(registry, promhttp.HandlerOpts{})); err != nil {
			return err
		}
		metrics = append(metrics, metric.WithReader(reader))
	}
	if sends("METRICS") {
		reader, err := autoexport.NewMetricReader(ctx)
		if err != nil {
			return usagef("the environment asks for metrics by OpenTelemetry: %w", err)
		}
		metrics = append(metrics, metric.WithReader(reader))
	}
	if sends("TRACES") {
		exporter, err := autoexport.NewSpanExporter(ctx)
		if err != nil {
			return usagef("the environment asks for spans by OpenTelemetry: %w", err)
		}
		spans = append(spans, trace.WithBatcher(exporter))
	}
	if sends("METRICS") || sends("TRACES") {
		// It is of the whole process, as the variables are.
		otel.SetErrorHandler(otel.ErrorHandlerFunc(t.fail))
	}
	meters, tracers := metric.NewMeterProvider(metrics...), trace.NewTracerProvider(spans...)
	t.ends = append(t.ends, tracers.Shutdown, meters.Shutdown)
	t.observer, err = otelimm.New(otelimm.WithMeterProvider(meters), otelimm.WithTracerProvider(tracers))
	return err
}

// serveMetrics serves the metrics until the command ends.
func (p *program) serveMetrics(ctx context.Context, metrics http.Handler) error {
	address, err := metricsAddress(p.telemetry.address)
	if err != nil {
		return err
	}
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", address)
	if err != nil {
		return usagef("--metrics: %w", err)
	}
	mux := http.NewServeMux()
	mux.Handle("GET "+metricsPath, metrics)
	server := &http.Server{Handler: mux, ReadHeaderTimeout: scrapeTime}
	served := make(chan struct{})
	go func() {
		defer close(served)
		_ = server.Serve(listener) // ends with Close
	}()
	p.telemetry.ends = append(p.telemetry.ends, func(context.Context) error {
		err := server.Close()
		<-served
		return err
	})
	p.note("Metrics are at http://%s%s", listener.Addr(), metricsPath)
	return nil
}

// metricsAddress is where to listen. Without a host, which would mean every network,
// it is this machine.
func metricsAddress(address string) (string, error) {
	host, port, err := net.SplitHostPort(address)
	if err != nil && !strings.ContainsAny(address, ":.[]") {
		host, port, err = "", address, nil // a port alone
	}
	if err != nil || port == "" {
		return "", usagef("--metrics: %s is no address; want a port of this machine such as :9464, or HOST:PORT", quote(address))
	}
	if host == "" {
		host = "127.0.0.1"
	}
	return net.JoinHostPort(host, port), nil
}

// endTelemetry sends what is left, and says what could not be sent.
func (p *program) endTelemetry(ctx context.Context) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), flushTime)
	defer cancel()
	t := p.telemetry
	for _, end := range t.ends {
		if err := end(ctx); err != nil {
			t.fail(err)
		}
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.failed != nil {
		p.note("Not all spans and metrics got away: %v", t.failed)
	}
}

func (t *telemetry) fail(err error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.failed == nil {
		t.failed = errors.New(strings.Join(strings.Fields(err.Error()), " "))
	}
}

// clientObserver is for clients.
func (t *telemetry) clientObserver() imm.Observer {
	if t.observer == nil {
		return imm.Observer{}
	}
	return t.observer.Client()
}

// bulkObserver is for runs.
func (t *telemetry) bulkObserver() bulk.Observer {
	if t.observer == nil {
		return bulk.Observer{}
	}
	return t.observer.Bulk()
}

// notifyObserver is for a receiver of messages, and watches where they go.
func (t *telemetry) notifyObserver(tracker *notify.Tracker) notify.Observer {
	if t.observer == nil {
		return notify.Observer{}
	}
	t.observer.WatchTracker(tracker)
	return t.observer.Notify()
}
