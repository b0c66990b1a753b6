package otelimm_test

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace/noop"

	"github.com/imm-go/imm"
	"github.com/imm-go/imm/immtest"
	"github.com/imm-go/imm/otelimm"
)

// BenchmarkCall shows what observing adds to a call whose transport is in memory.
// No exporter runs: what it costs to send spans and metrics away is not the SDK's.
func BenchmarkCall(b *testing.B) {
	answer := []byte(`{"RequestId":"BBC4BD0E-0000-4000-8000-000000000000","EventId":"2E1-0000"}`)
	meters := metric.NewMeterProvider(metric.WithReader(metric.NewManualReader()))
	for _, c := range []struct {
		name string
		opts []otelimm.Option // nil: no observer
	}{
		{"unobserved", nil},
		{"metrics", []otelimm.Option{otelimm.WithMeterProvider(meters), otelimm.WithTracerProvider(noop.NewTracerProvider())}},
		{"metrics and unsampled spans", []otelimm.Option{otelimm.WithMeterProvider(meters), otelimm.WithTracerProvider(trace.NewTracerProvider(trace.WithSampler(trace.NeverSample())))}},
		{"metrics and spans", []otelimm.Option{otelimm.WithMeterProvider(meters), otelimm.WithTracerProvider(trace.NewTracerProvider())}},
	} {
		b.Run(c.name, func(b *testing.B) {
			opts := []imm.Option{imm.WithHTTPClient(&http.Client{Transport: canned(answer)})}
			if c.opts != nil {
				observer, err := otelimm.New(c.opts...)
				require.NoError(b, err)
				opts = append(opts, imm.WithObserver(observer.Client()))
			}
			client, err := imm.NewClient("cn-hangzhou", imm.StaticCredentials(immtest.AccessKeyID, immtest.AccessKeySecret, ""), opts...)
			require.NoError(b, err)
			b.ReportAllocs()
			for b.Loop() {
				if err := index(b.Context(), client); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// canned answers every request with the same.
type canned []byte

func (c canned) RoundTrip(req *http.Request) (*http.Response, error) {
	if req.Body != nil {
		return nil, errors.New("the request has a body")
	}
	return &http.Response{StatusCode: http.StatusOK, Header: http.Header{}, Request: req, ContentLength: int64(len(c)), Body: io.NopCloser(bytes.NewReader(c))}, nil
}
