package published

import (
	"fmt"
	"maps"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/imm-go/imm/interop/program"
	"github.com/imm-go/imm/interop/scenario"
)

// longBatch has 100 files, more than fits a query.
func longBatch() *scenario.Step {
	var files []any
	for i := range 100 {
		files = append(files, map[string]any{
			"URI":          fmt.Sprintf("oss://test-bucket/no-such-folder/object-%03d.jpg", i),
			"CustomId":     fmt.Sprintf("id %d", i),
			"CustomLabels": map[string]any{"category": "Persons", "number": fmt.Sprint(i)},
		})
	}
	files = append(files[:99:99], map[string]any{"URI": "oss://test-bucket/test-object1.jpg", "CustomLabels": map[string]any{"category": "Pets"}})
	return &scenario.Step{Name: "a long batch", Action: "BatchIndexFileMeta", Params: map[string]any{
		"ProjectName": "test-project", "DatasetName": "test-dataset", "Files": files,
		"Notification": map[string]any{"MNS": map[string]any{"TopicName": scenario.Topic}},
	}}
}

// A long batch by query is refused by the front end with a page, of which a
// published core can say no more than that it is no JSON.
func TestALongQueryIsRefusedWithAPage(t *testing.T) {
	t.Parallel()
	e := program.Start(t)
	t.Cleanup(func() { require.Empty(t, e.State()["Projects"], "a refused call leaves nothing") })
	for _, c := range cores {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			r := c.client(t, e, rightKeys, inQuery).call(longBatch())
			require.NotEmpty(t, r.Error)
			require.Equal(t, http.StatusRequestURITooLong, r.Wire.Status)
			require.Equal(t, "text/html", r.Wire.Header["content-type"])
			require.Contains(t, r.Wire.Text, "<title>414 Request-URI Too Large</title>")
			require.NotContains(t, r.Wire.Header, "x-acs-request-id", "the front end knows no request ids")
		})
	}
}

func TestALongBatchByFormLeavesTheSameStateAsOurs(t *testing.T) {
	t.Parallel()
	ours := program.Start(t)
	us := newOurs(t, ours, rightKeys).must(longBatch())
	messages := ours.Messages(scenario.Topic, 1)
	requests := ours.Requests("BatchIndexFileMeta")
	require.Len(t, requests, 1, "our client knows without trying that it is too long for a query")
	require.Equal(t, http.StatusOK, requests[0].Status)
	for _, c := range cores {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			e := program.Start(t)
			them := c.client(t, e, rightKeys, inForm).must(longBatch())
			require.Equal(t, scenario.Normalize(us.Body), scenario.Normalize(them.Body))
			require.Equal(t, scenario.Normalize(messages), scenario.Normalize(e.Messages(scenario.Topic, 1)))
			require.Equal(t, scenario.Normalize(ours.State()), scenario.Normalize(e.State()))
		})
	}
}

// A URI of 8,192 bytes passes and one of 8,193 does not.
func TestTheLimitOfARequestURIIsExact(t *testing.T) {
	t.Parallel()
	const limit = 8192
	e := program.Start(t)
	step := func(padding int) *scenario.Step {
		params := map[string]any{"Padding": strings.Repeat("x", padding)}
		maps.Copy(params, accepted.Params)
		return &scenario.Step{Name: "padded", Action: accepted.Action, Params: params}
	}
	for _, c := range cores {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			p := c.client(t, e, rightKeys, inQuery)
			p.must(step(1))
			longest := limit - len(p.wire.URI) + 1
			requireRefusal(t, p.must(step(longest)), http.StatusNotFound, "ResourceNotFound")
			require.Len(t, p.wire.URI, limit)
			r := p.call(step(longest + 1))
			require.Len(t, r.Wire.URI, limit+1)
			require.Equal(t, http.StatusRequestURITooLong, r.Wire.Status)
		})
	}
}
