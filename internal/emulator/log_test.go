package emulator

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/imm-go/imm/immtest"
)

func TestEachRequestIsOneRecordOfTheLog(t *testing.T) {
	t.Parallel()
	p := start(t, "-log", "json", "-bucket", "test-bucket")
	client := p.client(t)
	require.NoError(t, createBinding(t, client))
	_, err := getBinding(t.Context(), p.client(t, immtest.AccessKeyID, "another", ""))
	require.Equal(t, "SignatureDoesNotMatch", code(t, err))
	get[state](t, p, "state")
	for _, fault := range []string{`{"Reset":true}`, `{"Status":502,"Body":"<html>"}`, `{"HalfBody":true}`} {
		resp, err := p.http.Post(p.url+"/_emulator/faults", "", strings.NewReader(fault))
		require.NoError(t, err)
		require.NoError(t, resp.Body.Close())
		_, err = getBinding(t.Context(), client)
		require.Error(t, err)
	}
	require.Zero(t, p.stop())

	type record struct {
		Level, Msg, Action, Code, Method, Path string
		Status                                 int
		Duration                               int64
		RequestID                              string `json:"request_id"`
	}
	var records []record
	for line := range strings.Lines(p.stderr.String()) {
		var r record
		require.NoError(t, json.Unmarshal([]byte(line), &r), line)
		require.Equal(t, "INFO", r.Level)
		require.Equal(t, "request", r.Msg)
		require.Positive(t, r.Duration)
		r.Level, r.Msg, r.Duration = "", "", 0
		if r.Action != "" && r.Status != 0 && r.Status != http.StatusBadGateway {
			require.Regexp(t, `^[0-9A-F]{8}-[0-9A-F-]{27}$`, r.RequestID)
		}
		r.RequestID = ""
		records = append(records, r)
	}
	faults := record{Method: http.MethodPost, Path: "/_emulator/faults", Status: 200}
	require.ElementsMatch(t, []record{ // who is cut off knows it before the log does
		{Action: "CreateBinding", Status: 200},
		{Action: "GetBinding", Status: 400, Code: "SignatureDoesNotMatch"},
		{Method: http.MethodGet, Path: "/_emulator/state", Status: 200},
		faults, {Action: "GetBinding"},
		faults, {Action: "GetBinding", Status: 502},
		faults, {Action: "GetBinding", Status: 200},
	}, records)
}
