package bulk

import (
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/imm-go/imm"
)

// always is a service with one answer.
type always string

func (a always) RoundTrip(req *http.Request) (*http.Response, error) {
	return &http.Response{StatusCode: http.StatusOK, Header: http.Header{}, Body: io.NopCloser(strings.NewReader(string(a))), Request: req}, nil
}

func TestPollingJudgesAFileAsWaitIndexedDoes(t *testing.T) {
	t.Parallel()
	const uri = "oss://test-bucket/a.jpg"
	since := time.Date(2026, 11, 2, 10, 0, 0, 0, time.UTC)
	seen := make(map[Status]int)
	check := func(files []imm.File, f *imm.File) {
		answer, err := json.Marshal(map[string]any{"RequestId": "R", "Files": files})
		require.NoError(t, err)
		client, err := imm.NewClient("cn-hangzhou", imm.StaticCredentials("id", "secret", ""),
			imm.WithEndpoint("http://localhost"), imm.WithHTTPClient(&http.Client{Transport: always(answer)}))
		require.NoError(t, err)
		outcomes, err := client.WaitIndexed(t.Context(), &imm.WaitIndexedRequest{
			ProjectName: "p", DatasetName: "d", URIs: []string{uri}, Since: since,
		}, imm.WithFileLimit(1))
		require.NoError(t, err)
		status, why := outcomeOf(f, since)
		want := map[imm.OutcomeStatus]Status{imm.OutcomeIndexed: Indexed, imm.OutcomeFailed: Failed, imm.OutcomeOverdue: Accepted}[outcomes[0].Status]
		require.Equal(t, want, status, "%s", answer)
		if status == Failed {
			require.Equal(t, outcomes[0].Reason, why)
		}
		seen[status]++
	}
	check([]imm.File{}, nil)
	for _, status := range []imm.ObjectStatus{imm.ObjectIndexed, "", "Processing", "indexed"} {
		for _, reason := range []string{"", "The object is not an image."} {
			for _, updated := range []time.Time{{}, since.Add(-1), since, since.Add(time.Hour)} {
				f := imm.File{URI: uri, ObjectStatus: status, Reason: reason, UpdateTime: updated}
				check([]imm.File{f}, &f)
			}
		}
	}
	require.Equal(t, map[Status]int{Indexed: 2, Failed: 8, Accepted: 23}, seen)
}
