package main

import (
	"bytes"
	"context"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/imm-go/imm/immtest"
)

// held is a run whose list does not end before the test says so, with metrics.
type held struct {
	*fixture

	list *io.PipeWriter
	url  string
	code chan int
}

func (f *fixture) hold(t *testing.T, args ...string) *held {
	t.Helper()
	reader, writer := io.Pipe()
	h := &held{fixture: f, list: writer, code: make(chan int, 1)}
	f.in = reader
	p := *f.program
	args = append(append([]string{"index", "--from", "-", "--yes", "--metrics", ":0"}, testTarget...), args...)
	go func() { h.code <- p.run(context.WithoutCancel(t.Context()), args) }()
	_, err := io.WriteString(writer, "oss://test-bucket/a.txt\noss://test-bucket/none.txt\n")
	require.NoError(t, err)
	require.Eventually(t, func() bool {
		_, rest, _ := strings.Cut(f.err.String(), "Metrics are at ")
		h.url, _, _ = strings.Cut(rest, "\n")
		return h.url != ""
	}, childTime, time.Millisecond)
	return h
}

// scrape returns the metrics as a server of Prometheus gets them.
func (h *held) scrape(t *testing.T) string {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, h.url, nil)
	require.NoError(t, err)
	// As version 3 of it asks, which takes dots in names.
	req.Header.Set("Accept", "text/plain;version=1.0.0;escaping=allow-utf-8;q=0.5,text/plain;version=0.0.4;q=0.2")
	transport := &http.Transport{DisableKeepAlives: true}
	resp, err := transport.RoundTrip(req)
	require.NoError(t, err)
	defer func() { _ = resp.Body.Close() }()
	body, err := io.ReadAll(resp.Body)
	require.NoError(t, err)
	require.Equal(t, http.StatusOK, resp.StatusCode, string(body))
	return string(body)
}

// until scrapes until a line is there.
func (h *held) until(t *testing.T, line string) string {
	t.Helper()
	text := ""
	require.Eventually(t, func() bool {
		text = h.scrape(t)
		return strings.Contains(text, line)
	}, childTime, 10*time.Millisecond, "%s is not in it", line)
	return text
}

// end lets the list end, and returns the exit code.
func (h *held) end(t *testing.T) int {
	t.Helper()
	require.NoError(t, h.list.Close())
	return <-h.code
}

func TestMetricsAreServedOnThisMachineWhileACommandRuns(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.server.Inject(immtest.Throttle(1, 0), immtest.Fault{Action: "BatchIndexFileMeta", Status: 503})
	h := f.hold(t)
	text := h.until(t, `imm_bulk_files_total{imm_outcome="accepted"} 2`)
	require.Contains(t, text, `imm_client_attempts_total{imm_outcome="ok",rpc_method="IMM/BatchIndexFileMeta"} 1`)
	require.Contains(t, text, `imm_client_attempts_total{imm_outcome="throttled",rpc_method="IMM/GetProject"} 1`)
	require.Contains(t, text, `rpc_client_call_duration_seconds_count{error_type="unavailable",rpc_method="IMM/BatchIndexFileMeta",rpc_system_name="alibaba_cloud_api",server_address="localhost"} 1`)
	require.Contains(t, text, "imm_bulk_active_runs 1\n")
	require.NotContains(t, text, "oss://")
	require.NotContains(t, text, immtest.AccessKeyID)
	require.NotContains(t, text, immtest.AccessKeySecret)
	require.True(t, strings.HasPrefix(h.url, "http://127.0.0.1:"), h.url)
	require.Equal(t, exitDone, h.end(t), f.err.String())

	_, err := new(net.Dialer).DialContext(t.Context(), "tcp", strings.TrimSuffix(strings.TrimPrefix(h.url, "http://"), metricsPath))
	require.Error(t, err, "the command has ended")
}

func TestMetricsAreServedNowhereElseUnlessAskedFor(t *testing.T) {
	t.Parallel()
	for address, want := range map[string]string{
		":9464": "127.0.0.1:9464", "9464": "127.0.0.1:9464", ":0": "127.0.0.1:0", "localhost:http": "localhost:http", "[::1]:9464": "[::1]:9464", "0.0.0.0:9464": "0.0.0.0:9464",
		":": "", "127.0.0.1": "", "localhost:": "", "::1": "", "a:b:c": "", "http://localhost:9464": "",
	} {
		got, err := metricsAddress(address)
		require.Equal(t, want, got, address)
		require.Equal(t, want == "", err != nil, address)
	}
	listener, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer func() { _ = listener.Close() }()
	f := newFixture(t)
	for address, want := range map[string]string{
		"nonsense.example":       `imm: --metrics: "nonsense.example" is no address; want a port of this machine such as :9464, or HOST:PORT`,
		listener.Addr().String(): "address already in use",
	} {
		code, _, errs := f.call(t, "project", "list", "--metrics", address)
		require.Equal(t, exitUsage, code)
		require.Contains(t, errs, want)
	}
	require.Empty(t, f.requests())
	code, _, errs := f.call(t, "project", "list")
	require.Equal(t, exitDone, code)
	require.NotContains(t, errs, "Metrics")
}

// collector takes what a program sends by OTLP over HTTP.
type collector struct {
	mu     sync.Mutex
	bodies map[string][]byte // by path
}

func (c *collector) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	c.mu.Lock()
	defer c.mu.Unlock()
	c.bodies[r.URL.Path] = append(c.bodies[r.URL.Path], body...)
	w.WriteHeader(http.StatusOK)
}

func TestSpansAndMetricsGoWhereTheStandardVariablesSay(t *testing.T) {
	t.Parallel()
	const traces, metrics = "/v1/traces", "/v1/metrics"
	for name, c := range map[string]struct {
		env  []string // %s is the address
		want []string
	}{
		"both":           {[]string{"OTEL_EXPORTER_OTLP_ENDPOINT=%s"}, []string{metrics, traces}},
		"spans":          {[]string{"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT=%s" + traces}, []string{traces}},
		"metrics":        {[]string{"OTEL_EXPORTER_OTLP_ENDPOINT=%s", "OTEL_TRACES_EXPORTER=none"}, []string{metrics}},
		"nothing":        {nil, nil},
		"switched off":   {[]string{"OTEL_EXPORTER_OTLP_ENDPOINT=%s", "OTEL_SDK_DISABLED=true"}, nil},
		"nobody sampled": {[]string{"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT=%s" + traces, "OTEL_TRACES_SAMPLER=always_off"}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := newFixture(t)
			f.put("a.txt")
			got := &collector{bodies: make(map[string][]byte)}
			server := httptest.NewServer(got)
			defer server.Close()
			cmd := f.child(t, "index", "--yes", "oss://test-bucket/a.txt")
			for _, e := range c.env {
				cmd.Env = append(cmd.Env, strings.ReplaceAll(e, "%s", server.URL))
			}
			cmd.Env = append(cmd.Env, "OTEL_EXPORTER_OTLP_PROTOCOL=http/protobuf", "OTEL_SERVICE_NAME=nightly-index")
			out, err := cmd.CombinedOutput()
			require.NoError(t, err, string(out))
			require.NotContains(t, string(out), "got away")
			var paths []string
			for _, path := range []string{metrics, traces} {
				body, came := got.bodies[path]
				if !came {
					continue
				}
				paths = append(paths, path)
				require.Contains(t, string(body), "IMM/BatchIndexFileMeta")
				require.Contains(t, string(body), "nightly-index")
				for _, secret := range []string{immtest.AccessKeyID, immtest.AccessKeySecret, "oss://", "Signature"} {
					require.NotContains(t, string(body), secret)
				}
			}
			require.Equal(t, c.want, paths)
			require.Equal(t, bytes.Contains(got.bodies[traces], []byte("imm.bulk.batch")), got.bodies[traces] != nil)
		})
	}
}

func TestTheWorkIsDoneAlthoughNobodyTakesTheSpans(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.put("a.txt")
	listener, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer func() { _ = listener.Close() }() // it takes connections, and says nothing
	cmd := f.child(t, "index", "--yes", "oss://test-bucket/a.txt")
	cmd.Env = append(cmd.Env, "OTEL_EXPORTER_OTLP_ENDPOINT=http://"+listener.Addr().String(), "OTEL_EXPORTER_OTLP_PROTOCOL=http/protobuf")
	start := time.Now()
	out, err := cmd.CombinedOutput()
	require.NoError(t, err, string(out))
	require.Less(t, time.Since(start), flushTime+30*time.Second)
	require.Contains(t, string(out), "Accepted  1\n")
	require.Contains(t, string(out), "Not all spans and metrics got away: ")
}

func TestVariablesThatMakeNoSenseAreSaid(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	for env, want := range map[string]string{
		"OTEL_TRACES_EXPORTER=nonsense":  "imm: the environment asks for spans by OpenTelemetry: ",
		"OTEL_METRICS_EXPORTER=nonsense": "imm: the environment asks for metrics by OpenTelemetry: ",
	} {
		cmd := f.child(t, "project", "list")
		cmd.Args = cmd.Args[:len(cmd.Args)-len(testTarget)]
		cmd.Env = append(cmd.Env, env)
		out, err := cmd.CombinedOutput()
		require.Equal(t, exitUsage, exitCode(t, err), string(out))
		require.Contains(t, string(out), want)
	}
}
