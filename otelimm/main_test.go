package otelimm_test

import (
	"context"
	"fmt"
	"math"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
	"go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"
	"go.uber.org/goleak"

	"github.com/imm-go/imm/otelimm"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const (
	project = "test-project"
	dataset = "test-dataset"
	bucket  = "test-bucket"
)

// bench is an observer with what it made, in memory.
type bench struct {
	*otelimm.Observer

	spans   *tracetest.InMemoryExporter
	metrics *metric.ManualReader
	tracers *trace.TracerProvider
}

func newBench(t testing.TB, opts ...otelimm.Option) *bench {
	t.Helper()
	b := &bench{spans: tracetest.NewInMemoryExporter(), metrics: metric.NewManualReader()}
	b.tracers = trace.NewTracerProvider(trace.WithSyncer(b.spans))
	meters := metric.NewMeterProvider(metric.WithReader(b.metrics), metric.WithCardinalityLimit(-1))
	var err error
	b.Observer, err = otelimm.New(append([]otelimm.Option{otelimm.WithTracerProvider(b.tracers), otelimm.WithMeterProvider(meters)}, opts...)...)
	require.NoError(t, err)
	return b
}

// collect returns the metrics by name.
func (b *bench) collect(t testing.TB) map[string]metricdata.Metrics {
	t.Helper()
	var all metricdata.ResourceMetrics
	require.NoError(t, b.metrics.Collect(context.WithoutCancel(t.Context()), &all))
	byName := make(map[string]metricdata.Metrics)
	for _, scope := range all.ScopeMetrics {
		for _, m := range scope.Metrics {
			require.NotContains(t, byName, m.Name)
			byName[m.Name] = m
		}
	}
	return byName
}

// point is one series: its attributes, and its value or the count of a histogram.
type point struct {
	attributes attribute.Set
	value      float64
}

func pointsOf(m metricdata.Metrics) []point {
	var all []point
	switch data := m.Data.(type) {
	case metricdata.Sum[int64]:
		for _, p := range data.DataPoints {
			all = append(all, point{p.Attributes, float64(p.Value)})
		}
	case metricdata.Gauge[int64]:
		for _, p := range data.DataPoints {
			all = append(all, point{p.Attributes, float64(p.Value)})
		}
	case metricdata.Gauge[float64]:
		for _, p := range data.DataPoints {
			all = append(all, point{p.Attributes, p.Value})
		}
	case metricdata.Histogram[float64]:
		for _, p := range data.DataPoints {
			all = append(all, point{p.Attributes, float64(p.Count)})
		}
	default:
		panic(fmt.Sprintf("%s is a %T", m.Name, m.Data))
	}
	return all
}

// value is that of the series with these attributes among its own, added up and
// rounded.
func (b *bench) value(t testing.TB, name string, attributes ...attribute.KeyValue) int {
	t.Helper()
	m, ok := b.collect(t)[name]
	if !ok {
		return 0
	}
	sum := 0.0
	for _, p := range pointsOf(m) {
		has := true
		for _, want := range attributes {
			got, ok := p.attributes.Value(want.Key)
			has = has && ok && got == want.Value
		}
		if has {
			sum += p.value
		}
	}
	return int(math.Round(sum))
}

// named are the spans of a name.
func (b *bench) named(name string) tracetest.SpanStubs {
	return slices.DeleteFunc(b.spans.GetSpans(), func(s tracetest.SpanStub) bool { return s.Name != name })
}

// text is all that a span says.
func text(s tracetest.SpanStub) string {
	all := fmt.Sprint(s.Name, s.Status, s.Attributes, s.SpanContext.TraceState())
	for _, e := range s.Events {
		all += fmt.Sprint("\n", e.Name, e.Attributes)
	}
	for _, l := range s.Links {
		all += fmt.Sprint("\n", l.Attributes)
	}
	return all
}

// get is the value of an attribute, nil if there is none.
func get(attributes []attribute.KeyValue, key attribute.Key) any {
	for _, a := range attributes {
		if a.Key == key {
			return a.Value.AsInterface()
		}
	}
	return nil
}
