package main

import (
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/imm-go/imm/immtest"
)

// metricsList is the list of all metrics, for whoever makes a dashboard of them.
const metricsList = "../../docs/dashboards/metrics.txt"

// families are the metrics of a text for Prometheus, one a line: name, type, labels.
func families(text string) string {
	types, labels := make(map[string]string), make(map[string]map[string]bool)
	for line := range strings.Lines(text) {
		if rest, ok := strings.CutPrefix(line, "# TYPE "); ok {
			name, kind, _ := strings.Cut(strings.TrimSpace(rest), " ")
			types[name], labels[name] = kind, make(map[string]bool)
		}
	}
	for line := range strings.Lines(text) {
		name, rest, hasLabels := strings.Cut(line, "{")
		if strings.HasPrefix(line, "#") || !hasLabels {
			continue
		}
		for _, suffix := range []string{"_bucket", "_sum", "_count"} {
			if base := strings.TrimSuffix(name, suffix); types[base] == "histogram" {
				name = base
			}
		}
		for label := range strings.SplitSeq(rest, `",`) {
			key, _, _ := strings.Cut(label, "=")
			labels[name][key] = true
		}
	}
	var out strings.Builder
	for _, name := range slices.Sorted(maps.Keys(types)) {
		out.WriteString(name + " " + types[name])
		for _, label := range slices.Sorted(maps.Keys(labels[name])) {
			if label != "le" {
				out.WriteString(" " + label)
			}
		}
		out.WriteString("\n")
	}
	return out.String()
}

func TestTheMetricsAreThoseThatAreListed(t *testing.T) {
	t.Parallel()
	f := newFixture(t,
		immtest.WithProject(testProject, ""), immtest.WithQueue("done", time.Minute), immtest.WithSubscription("topic", immtest.Subscription{Queue: "done"}))
	f.put("a.txt")
	f.server.SendToQueue("done", []byte("no index message"))
	f.server.Inject(
		immtest.Fault{Action: "BatchReceiveMessage", Status: 503, Times: 4}, immtest.Fault{Action: "BatchIndexFileMeta", Status: 503},
	)
	h := f.hold(t, "--rate", "50", "--failed", filepath.Join(t.TempDir(), "failed"), "--confirm", "messages", "--topic", "topic", "--queue", "done", "--queue-endpoint", "http://localhost")
	h.until(t, `imm_bulk_files_total{imm_outcome="indexed"} 1`)
	text := h.until(t, `error_type="unreadable"`)
	require.Equal(t, exitFailed, h.end(t), f.err.String())
	if *update {
		require.NoError(t, os.WriteFile(metricsList, []byte(families(text)), 0o600))
	}
	want, err := os.ReadFile(metricsList)
	require.NoError(t, err)
	require.Equal(t, string(want), families(text), "go test -update writes %s anew", metricsList)
}
