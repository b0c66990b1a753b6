package dashboards

import (
	"strings"
	"testing"
	"time"

	"github.com/prometheus/prometheus/promql/promqltest"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const (
	call    = `rpc_client_call_duration_seconds_count{job="j", instance="i", rpc_system_name="alibaba_cloud_api", rpc_method="IMM/GetProject", error_type="`
	attempt = `imm_client_attempts_total{job="j", instance="i", rpc_method="IMM/GetProject", imm_outcome="`
	files   = `imm_bulk_files_total{job="j", instance="i", imm_outcome="`
	process = `messaging_process_duration_seconds_count{job="j", instance="i", imm_receiver="queue", error_type="`
	receive = `messaging_client_operation_duration_seconds_count{job="j", instance="i", messaging_system="mns", error_type="`
	delay   = `imm_notify_message_delay_seconds_bucket{job="j", instance="i", imm_receiver="queue", le="`
	msgs    = `imm_notify_files_total{job="j", instance="i", imm_outcome="indexed"} `
)

// What fires are series of two hours, a value each minute, after which the rule holds,
// and what does not are near misses.
var cases = map[string]struct{ fires, quiet []string }{
	"ImmCallsFail": {
		fires: []string{call + `"} 0+90x120`, call + `unavailable"} 0+10x120`},
		quiet: []string{call + `"} 0+97x120`, call + `unavailable"} 0+3x120`, call + `not_found"} 0+50x120`, call + `canceled"} 0+50x120`,
			`rpc_client_call_duration_seconds_count{job="j", instance="i", rpc_system_name="grpc", rpc_method="x/y", error_type="unavailable"} 0+10x120`},
	},
	"ImmKeysRefused": {
		fires: []string{call + `"} 0+90x120`, call + `permission_denied"} 0+1x120`},
		quiet: []string{call + `"} 0+90x120`, call + `permission_denied"} 7x120`, call + `throttled"} 0+90x120`},
	},
	"ImmThrottled": {
		fires: []string{attempt + `ok"} 0+90x120`, attempt + `throttled"} 0+10x120`},
		quiet: []string{attempt + `ok"} 0+97x120`, attempt + `throttled"} 0+3x120`},
	},
	"ImmBulkStalled": {
		fires: []string{`imm_bulk_open_files{job="j", instance="i"} 500x120`, files + `accepted"} 7000x120`, `imm_bulk_files_total{job="j", instance="other", imm_outcome="accepted"} 0+1x120`},
		quiet: []string{`imm_bulk_open_files{job="j", instance="i"} 500x120`, files + `accepted"} 0+1x120`, `imm_bulk_open_files{job="j", instance="other"} 0x120`},
	},
	"ImmBulkFilesFail": {
		fires: []string{files + `accepted"} 0+95x120`, files + `failed"} 0+5x120`},
		quiet: []string{files + `accepted"} 0+1000x120`, files + `failed"} 0+5x120`},
	},
	"ImmBulkSlow": {
		fires: []string{`imm_bulk_rate_used_per_second{job="j", instance="i"} 40x120`, `imm_bulk_rate_allowed_per_second{job="j", instance="i"} 100x120`, `imm_bulk_open_files{job="j", instance="i"} 5000x120`},
		quiet: []string{`imm_bulk_rate_used_per_second{job="j", instance="i"} 40x120`, `imm_bulk_rate_allowed_per_second{job="j", instance="i"} 100x120`, `imm_bulk_open_files{job="j", instance="i"} 10x120`},
	},
	"ImmQueueUnreachable": {
		fires: []string{receive + `unavailable"} 0+1x120`, receive + `"} 50x120`},
		quiet: []string{receive + `unavailable"} 0+1x120`, receive + `"} 0+1x120`},
	},
	"ImmMessagesFail": {
		fires: []string{process + `"} 0+90x120`, process + `failed"} 0+10x120`},
		quiet: []string{process + `"} 0+97x120`, process + `failed"} 0+2x120`, process + `refused"} 0+1x120`},
	},
	"ImmPushesRefused": {
		fires: []string{process + `refused"} 0+60x120`},
		quiet: []string{process + `refused"} 0+1x120`, process + `failed"} 0+60x120`},
	},
	"ImmMessagesLate": {
		fires: []string{delay + `300"} 0+50x120`, delay + `900"} 0+80x120`, delay + `3600"} 0+100x120`, delay + `+Inf"} 0+100x120`},
		quiet: []string{delay + `300"} 0+80x120`, delay + `900"} 0+95x120`, delay + `3600"} 0+100x120`, delay + `+Inf"} 0+100x120`},
	},
	"ImmOutcomesMissing": {
		fires: []string{`imm_tracker_open_files{job="j", instance="i"} 10x120`, msgs + `5x120`},
		quiet: []string{`imm_tracker_open_files{job="j", instance="i"} 10x120`, msgs + `0+1x120`},
	},
}

func TestEachRuleFiresWhenItShouldAndNotWhenItNearlyShould(t *testing.T) {
	t.Parallel()
	for _, rule := range rules(t) {
		t.Run(rule.Alert, func(t *testing.T) {
			t.Parallel()
			c, known := cases[rule.Alert]
			require.True(t, known)
			require.NotZero(t, ask(t, rule.Expr, c.fires), "it does not fire")
			require.Zero(t, ask(t, rule.Expr, c.quiet), "it fires")
			require.Zero(t, ask(t, rule.Expr, []string{`up{job="j"} 1x120`}), "it fires where there is nothing")
		})
	}
	require.Len(t, cases, len(rules(t)))
}

// ask returns how many alerts an expression makes of series after two hours.
func ask(t *testing.T, expr string, series []string) int {
	t.Helper()
	storage := promqltest.LoadedStorage(t, "load 1m\n  "+strings.Join(series, "\n  ")+"\n")
	engine := promqltest.NewTestEngine(t, false, 5*time.Minute, 1_000_000)
	query, err := engine.NewInstantQuery(t.Context(), storage, nil, expr, time.Unix(0, 0).Add(2*time.Hour))
	require.NoError(t, err)
	defer query.Close()
	result := query.Exec(t.Context())
	require.NoError(t, result.Err)
	vector, err := result.Vector()
	require.NoError(t, err)
	return len(vector)
}
