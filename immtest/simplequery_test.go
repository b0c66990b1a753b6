package immtest

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/imm-go/imm"
)

// manyFiles are n files named by numbers.
func manyFiles(n int) map[string]imm.File {
	files := make(map[string]imm.File)
	for i := range n {
		files[fmt.Sprintf("%04d.txt", i)] = imm.File{Duration: float64(i + 1)}
	}
	return files
}

func TestAPageHasAHundredFilesUnlessTheCallSaysOtherwise(t *testing.T) {
	t.Parallel()
	s := newDataset(t, manyFiles(101))
	for _, c := range []struct {
		action, maxResults string
		want               int
	}{
		{"SimpleQuery", "", 100},
		{"SimpleQuery", "0", 100},
		{"SimpleQuery", "1", 1},
		{"SimpleQuery", "100", 100},
		{"FuzzyQuery", "", 100},
		{"FuzzyQuery", "0", 100},
		{"FuzzyQuery", "200", 101},
		{"SemanticQuery", "", 100},
		{"SemanticQuery", "7", 7},
		{"SemanticQuery", "1000", 100}, // the documented most, whatever the parameter says
	} {
		params := inDataset("MaxResults", c.maxResults)
		if c.maxResults == "" {
			params.Del("MaxResults")
		}
		if c.action != "SimpleQuery" {
			params.Set("Query", "txt")
		}
		body := ask(t, s, c.action, params)
		require.Len(t, body["Files"], c.want, "%s %s", c.action, c.maxResults)
		if c.action == "SemanticQuery" {
			require.NotContains(t, body, "NextToken")
			continue
		}
		require.InEpsilon(t, 101.0, body["TotalHits"], 0, "TotalHits counts all pages")
		require.Equal(t, c.want < 101, body["NextToken"] != "")
	}
	groups := func(maxResults string) []any {
		body := ask(t, s, "SimpleQuery", inDataset("MaxResults", maxResults, "Aggregations", `[{"Field":"URI","Operation":"group"}]`))
		return body["Aggregations"].([]any)[0].(map[string]any)["Groups"].([]any)
	}
	require.Len(t, groups("0"), 100)
	require.Len(t, groups("2000"), 101)
}

func TestWhatAQueryCannotMeanIsRefused(t *testing.T) {
	t.Parallel()
	s := newDataset(t, manyFiles(1))
	aggregation := `[{"Field":"Size","Operation":"max"}]`
	for _, c := range []struct {
		action string
		params []string
		code   string
	}{
		{"SimpleQuery", []string{"MaxResults", "101"}, "InvalidArgument"},
		{"SimpleQuery", []string{"MaxResults", "-1"}, "InvalidArgument"},
		{"SimpleQuery", []string{"MaxResults", "ten"}, "InvalidArgument"},
		{"SimpleQuery", []string{"MaxResults", "2001", "Aggregations", aggregation}, "InvalidArgument"},
		{"SimpleQuery", []string{"Sort", "Sizes"}, "InvalidArgument"},
		{"SimpleQuery", []string{"Sort", "Size,,URI"}, "InvalidArgument"},
		{"SimpleQuery", []string{"Sort", "Labels"}, "InvalidArgument"},
		{"SimpleQuery", []string{"Sort", "Labels.LabelName"}, "InvalidArgument"},
		{"SimpleQuery", []string{"Sort", "CustomLabels"}, "InvalidArgument"},
		{"SimpleQuery", []string{"Sort", strings.TrimSuffix(strings.Repeat("Size,", 6), ",")}, "InvalidArgument"},
		{"SimpleQuery", []string{"Sort", "Size", "Order", "up"}, "InvalidArgument"},
		{"SimpleQuery", []string{"Sort", "Size", "Order", "asc,desc"}, "InvalidArgument"},
		{"SimpleQuery", []string{"Order", "asc"}, "InvalidArgument"},
		{"SimpleQuery", []string{"WithFields", "Size"}, "InvalidArgument"},
		{"SimpleQuery", []string{"WithFields", `["Nothing"]`}, "InvalidArgument"},
		{"SimpleQuery", []string{"WithoutTotalHits", "maybe"}, "InvalidArgument"},
		{"SimpleQuery", []string{"DatasetName", "missing"}, "ResourceNotFound"},
		{"SimpleQuery", []string{"ProjectName", "missing"}, "ResourceNotFound"},
		{"SimpleQuery", []string{"ProjectName", ""}, "MissingProjectName"},
		{"FuzzyQuery", nil, "MissingQuery"},
		{"FuzzyQuery", []string{"Query", "x", "MaxResults", "201"}, "InvalidArgument"},
		{"FuzzyQuery", []string{"Query", "x", "Sort", "none"}, "InvalidArgument"},
		{"FuzzyQuery", []string{"Query", "x", "DatasetName", "missing"}, "ResourceNotFound"},
		{"SemanticQuery", nil, "MissingQuery"},
		{"SemanticQuery", []string{"Query", "x", "MaxResults", "1001"}, "InvalidArgument"},
		{"SemanticQuery", []string{"SourceURI", "oss://bucket"}, "InvalidArgument"},
		{"SemanticQuery", []string{"Query", "x", "MediaTypes", `["picture"]`}, "InvalidArgument"},
		{"SemanticQuery", []string{"Query", "x", "DatasetName", "missing"}, "ResourceNotFound"},
	} {
		code, _ := refusedAs(t, s, c.action, inDataset(c.params...))
		require.Equal(t, c.code, code, "%s %s", c.action, c.params)
	}
}

func TestTotalHitsCanBeLeftOut(t *testing.T) {
	t.Parallel()
	s := newDataset(t, manyFiles(2))
	body := ask(t, s, "SimpleQuery", inDataset("WithoutTotalHits", "true", "MaxResults", "1"))
	require.NotContains(t, body, "TotalHits")
	require.NotEmpty(t, body["NextToken"])
	require.Contains(t, ask(t, s, "SimpleQuery", inDataset("WithoutTotalHits", "false")), "TotalHits")
	none := ask(t, s, "SimpleQuery", inDataset("Query", `{"Field":"Title","Operation":"exist"}`))
	require.InDelta(t, 0.0, none["TotalHits"], 0)
	require.Equal(t, []any{}, none["Files"])
}

func TestWithFieldsLeavesOnlyWhatWasAskedFor(t *testing.T) {
	t.Parallel()
	s := newDataset(t, map[string]imm.File{"a": {Title: "t", Labels: []imm.Label{{LabelName: "cat"}}}})
	for _, action := range []string{"SimpleQuery", "FuzzyQuery", "SemanticQuery", "GetFileMeta"} {
		params := inDataset("Query", "a", "URI", "oss://test-bucket/a", "WithFields", `["Title","Labels","Duration"]`)
		if action == "SimpleQuery" {
			params.Del("Query")
		}
		require.Equal(t, []any{map[string]any{"Title": "t", "Labels": []any{map[string]any{"LabelName": "cat"}}}}, ask(t, s, action, params)["Files"], action)
		params.Set("WithFields", `[]`)
		require.Greater(t, len(ask(t, s, action, params)["Files"].([]any)[0].(map[string]any)), 8, action)
	}
}

func TestTheClientGoesThroughAllPages(t *testing.T) {
	t.Parallel()
	s := newDataset(t, manyFiles(25))
	seen := 0
	for file, err := range s.Client().SimpleQueryFiles(t.Context(), &imm.SimpleQueryRequest{
		ProjectName: "test-project", DatasetName: "test-dataset", Sort: "Duration", Order: "asc", MaxResults: 4,
	}) {
		require.NoError(t, err)
		seen++
		require.InDelta(t, seen, file.Duration, 0)
	}
	require.Equal(t, 25, seen)
}
