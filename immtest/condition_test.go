package immtest

import (
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/imm-go/imm"
	"github.com/imm-go/imm/query"
)

// queryFiles are the files of the table below: a has every kind of field, b little,
// c something near to that of a, and d no content.
func queryFiles() map[string]imm.File {
	taken := time.Date(2024, 5, 6, 7, 8, 9, 500, time.UTC)
	return map[string]imm.File{
		"a": {
			Size: 100, ImageWidth: 100, Duration: 1.5, ProduceTime: taken, Title: "A Walk in the Dark-Green Wood", CustomID: "x-1",
			CustomLabels: map[string]string{"category": "Pets", "n": "9", "a.b": "dotted", "empty": ""},
			Labels: []imm.Label{
				{LabelName: "cat", LabelConfidence: 0.9, LabelLevel: 1, Clips: []imm.Clip{{TimeRange: []int64{0, 10}}, {TimeRange: []int64{50, 60}}}},
				{LabelName: "dog", LabelConfidence: 0.4, LabelLevel: 2},
			},
			SemanticTypes: []string{"image", "video"},
			Insights:      imm.Insights{Image: imm.ImageInsight{Caption: "猫在睡觉"}},
			SceneElements: []imm.SceneElement{{Labels: []imm.Label{{LabelName: "sea", LabelLevel: 1}}}, {Labels: []imm.Label{{LabelName: "sky", LabelLevel: 2}}}},
			OSSTagging:    map[string]string{"owner": "John"},
			Figures:       []imm.Figure{{Age: 30, Boundary: imm.Boundary{Left: 5}}},
		},
		"b": {Size: 20},
		"c": {
			Size: 1000, ImageWidth: 99, Duration: 2, ProduceTime: taken.Add(time.Nanosecond), Title: "a walk", CustomID: "x-10",
			CustomLabels: map[string]string{"category": "pets"},
			Labels:       []imm.Label{{LabelName: "cat", LabelConfidence: 0.4, LabelLevel: 2}, {LabelName: "dog", LabelConfidence: 0.9, LabelLevel: 1}},
		},
		"d": {},
	}
}

func TestAConditionFindsTheFilesThatMeetItAndNoOther(t *testing.T) {
	t.Parallel()
	s := newDataset(t, queryFiles())
	leaf := func(field, operation, value string) string {
		return toJSON(t, map[string]string{"Field": field, "Operation": operation, "Value": value})
	}
	group := func(operation string, conditions ...string) string {
		return `{"Operation":"` + operation + `","SubQueries":[` + strings.Join(conditions, ",") + `]}`
	}
	nested := func(field string, conditions ...string) string {
		return `{"Field":"` + field + `","Operation":"nested","SubQueries":[` + strings.Join(conditions, ",") + `]}`
	}
	for _, c := range []struct{ query, found string }{
		{``, "a b c d"},
		{`{}`, "a b c d"},
		// Numbers are numbers: as text "1000" would be less than "20".
		{leaf("Size", "eq", "100"), "a"},
		{leaf("Size", "eq", "100.0"), "a"},
		{leaf("Size", "lt", "100"), "b d"},
		{leaf("Size", "lte", "100"), "a b d"},
		{leaf("Size", "lt", "100.5"), "a b d"},
		{leaf("Size", "gt", "20"), "a c"},
		{leaf("Size", "gte", "20"), "a b c"},
		{leaf("Size", "gt", "1e2"), "c"},
		{leaf("Size", "eq", "0"), "d"}, // an empty object has a size
		{leaf("ImageWidth", "lt", "100"), "c"},
		{leaf("ImageWidth", "gte", "-9223372036854775808"), "a c"},
		{leaf("Duration", "gt", "1.5"), "c"},
		{leaf("Duration", "eq", "1.50"), "a"},
		// Times are times, whatever their zone.
		{leaf("ProduceTime", "eq", "2024-05-06T15:08:09.0000005+08:00"), "a"},
		{leaf("ProduceTime", "gt", "2024-05-06T07:08:09.0000005Z"), "c"},
		{leaf("ProduceTime", "lte", "2024-05-06T07:08:09.000000501Z"), "a c"},
		{leaf("ProduceTime", "lt", "2024-05-06T07:08:09Z"), ""},
		// Text is text, byte by byte.
		{leaf("CustomLabels.category", "eq", "Pets"), "a"},
		{leaf("CustomLabels.category", "eq", "Pet"), ""},
		{leaf("CustomLabels.category", "gt", "Pets"), "c"},
		{leaf("CustomLabels.n", "lt", "10"), ""},
		{leaf("CustomLabels.n", "gt", "10"), "a"},
		{leaf("CustomLabels.a.b", "eq", "dotted"), "a"},
		{leaf("CustomLabels.empty", "eq", ""), "a"},
		{leaf("CustomLabels.none", "eq", ""), ""},
		{leaf("OSSTagging.owner", "eq", "John"), "a"},
		{leaf("CustomId", "prefix", "x-1"), "a c"},
		{leaf("CustomId", "prefix", "x-10"), "c"},
		{leaf("CustomId", "prefix", "X"), ""},
		{leaf("CustomId", "prefix", ""), "a c"},
		{leaf("Filename", "eq", "a"), "a"},
		// Phrases are words in their order.
		{leaf("Title", "match-phrase", "a walk"), "a c"},
		{leaf("Title", "match-phrase", "THE dark"), "a"},
		{leaf("Title", "match-phrase", "dark, green"), "a"},
		{leaf("Title", "match-phrase", "wood dark"), ""},
		{leaf("Title", "match-phrase", "walk the"), ""},
		{leaf("Title", "match-phrase", "wal"), ""},
		{leaf("Title", "match-phrase", " - "), ""},
		{leaf("Insights.Image.Caption", "match-phrase", "睡觉"), "a"},
		{leaf("Insights.Image.Caption", "match-phrase", "觉睡"), ""},
		// What is there.
		{leaf("Title", "exist", ""), "a c"},
		{`{"Field":"Title","Operation":"exist"}`, "a c"},
		{leaf("CustomLabels.empty", "exist", ""), "a"},
		{leaf("CustomLabels", "exist", ""), "a c"},
		{leaf("Labels", "exist", ""), "a c"},
		{leaf("Labels.Clips", "exist", ""), "a"},
		{leaf("Insights", "exist", ""), "a"},
		{leaf("Size", "exist", ""), "a b c d"},
		// A list meets a condition with any of its elements.
		{leaf("SemanticTypes", "eq", "video"), "a"},
		{leaf("SemanticTypes", "eq", "audio"), ""},
		{leaf("Labels.LabelName", "eq", "dog"), "a c"},
		{leaf("Labels.LabelConfidence", "gte", "0.9"), "a c"},
		{leaf("Labels.LabelConfidence", "gt", "0.9"), ""},
		{leaf("Labels.Clips.TimeRange", "eq", "0"), "a"},
		{leaf("SceneElements.Labels.LabelName", "eq", "sky"), "a"},
		{leaf("Figures.Boundary.Left", "eq", "5"), "a"},
		// Groups.
		{group("and", leaf("Size", "gt", "20"), leaf("Size", "lt", "1000")), "a"},
		{group("or", leaf("Size", "eq", "20"), leaf("Size", "eq", "1000")), "b c"},
		{group("not", leaf("Title", "exist", "")), "b d"},
		{group("not", leaf("ImageWidth", "eq", "100")), "b c d"}, // what has no width has not that width
		{group("not", leaf("Size", "eq", "20"), leaf("Size", "eq", "0")), "a c"},
		{group("and", group("not", group("or", leaf("Size", "eq", "20")))), "a c d"},
		// One and the same element has to meet all that is nested.
		{group("and", leaf("Labels.LabelName", "eq", "cat"), leaf("Labels.LabelConfidence", "gt", "0.5")), "a c"},
		{nested("Labels", leaf("Labels.LabelName", "eq", "cat"), leaf("Labels.LabelConfidence", "gt", "0.5")), "a"},
		{nested("Labels", leaf("LabelName", "eq", "dog"), leaf("LabelConfidence", "gt", "0.5")), "c"},
		{nested("Labels", group("and", leaf("Labels.LabelName", "eq", "dog"), group("not", leaf("LabelLevel", "eq", "2")))), "c"},
		{nested("Labels", nested("Labels.Clips", leaf("TimeRange", "eq", "0"), leaf("TimeRange", "eq", "10"))), "a"},
		{nested("Labels", nested("Clips", leaf("Labels.Clips.TimeRange", "eq", "0"), leaf("TimeRange", "eq", "60"))), ""},
		{nested("SceneElements.Labels", leaf("LabelName", "eq", "sea"), leaf("SceneElements.Labels.LabelLevel", "eq", "1")), "a"},
		{nested("SceneElements.Labels", leaf("LabelName", "eq", "sea"), leaf("LabelLevel", "eq", "2")), ""},
		{nested("Addresses", leaf("City", "exist", "")), ""},
	} {
		require.Equal(t, strings.Fields(c.found), queried(t, s, c.query), c.query)
	}
}

func TestWhatTheClientsPackageQueryMakesIsUnderstood(t *testing.T) {
	t.Parallel()
	s := newDataset(t, queryFiles())
	resp, err := s.Client().SimpleQuery(t.Context(), &imm.SimpleQueryRequest{
		ProjectName: "test-project", DatasetName: "test-dataset",
		Query: query.And(
			query.Gte("Size", 100), query.Exists("CustomLabels.category"), query.Not(query.Eq("Title", "a walk")),
			query.Or(query.Prefix("CustomId", "x"), query.MatchPhrase("Title", "none")),
			query.Lte("ProduceTime", time.Date(2024, 5, 6, 7, 8, 9, 500, time.UTC)),
			query.Nested("Labels", query.Eq("Labels.LabelName", "cat"), query.Gt("Labels.LabelConfidence", 0.8)),
		),
		WithFields: []string{"URI", "Duration"},
	})
	require.NoError(t, err)
	require.Equal(t, []imm.File{{URI: "oss://test-bucket/a", Duration: 1.5}}, resp.Files)
	require.Equal(t, int64(1), resp.TotalHits)
}

func TestAConditionThatMakesNoSenseIsRefused(t *testing.T) {
	t.Parallel()
	s := newDataset(t, queryFiles())
	many := func(n int) string {
		return strings.TrimSuffix(strings.Repeat(`{"Field":"Size","Operation":"exist"},`, n), ",")
	}
	deep := func(levels int) string {
		q := `{"Field":"Size","Operation":"exist"}`
		for range levels - 1 {
			q = `{"Operation":"and","SubQueries":[` + q + `]}`
		}
		return q
	}
	for query, where := range map[string]string{
		`x`:  "Query",
		`[]`: "Query",
		`{"Field":"Size","Operation":"eq","Value":100}`: "Query",
		`{"Field":"Size"}`:                                                                           "Query.Operation",
		`{"Field":"Size","Operation":"match"}`:                                                       "Query.Operation",
		`{"Field":"Size","Operation":"EQ","Value":"1"}`:                                              "Query.Operation",
		`{"Operation":"eq","Value":"1"}`:                                                             "Query.Field",
		`{"Field":"Sizes","Operation":"exist"}`:                                                      "Query.Field",
		`{"Field":"size","Operation":"exist"}`:                                                       "Query.Field",
		`{"Field":"Size.More","Operation":"exist"}`:                                                  "Query.Field",
		`{"Field":"LabelName","Operation":"exist"}`:                                                  "Query.Field",
		`{"Field":"CustomID","Operation":"exist"}`:                                                   "Query.Field",
		`{"Field":"Size","Operation":"eq","Value":""}`:                                               "Query",
		`{"Field":"Size","Operation":"eq","Value":"1 "}`:                                             "Query",
		`{"Field":"Size","Operation":"eq","Value":"0x10"}`:                                           "Query",
		`{"Field":"Size","Operation":"eq","Value":"NaN"}`:                                            "Query",
		`{"Field":"Size","Operation":"eq","Value":"1e999"}`:                                          "Query",
		`{"Field":"Duration","Operation":"eq","Value":"long"}`:                                       "Query",
		`{"Field":"Size","Operation":"prefix","Value":"1"}`:                                          "Query",
		`{"Field":"Size","Operation":"match-phrase","Value":"1"}`:                                    "Query",
		`{"Field":"ProduceTime","Operation":"eq","Value":"2024-05-06"}`:                              "Query",
		`{"Field":"Labels","Operation":"eq","Value":"cat"}`:                                          "Query",
		`{"Field":"CustomLabels","Operation":"eq","Value":"Pets"}`:                                   "Query",
		`{"Operation":"and"}`:                                                                        "Query.SubQueries",
		`{"Operation":"not","SubQueries":[]}`:                                                        "Query.SubQueries",
		`{"Field":"Size","Operation":"eq","Value":"1","SubQueries":[{}]}`:                            "Query.SubQueries",
		`{"Operation":"or","SubQueries":[{"Field":"Size","Operation":"exist"},{}]}`:                  "Query.SubQueries[1].Operation",
		`{"Operation":"nested","SubQueries":[{"Field":"Size","Operation":"exist"}]}`:                 "Query.Field",
		`{"Field":"Size","Operation":"nested","SubQueries":[{"Field":"Size"}]}`:                      "Query.Field",
		`{"Field":"SemanticTypes","Operation":"nested","SubQueries":[{"Field":"x"}]}`:                "Query.Field",
		`{"Field":"Labels","Operation":"nested"}`:                                                    "Query.SubQueries",
		`{"Field":"Labels","Operation":"nested","SubQueries":[{"Field":"Age","Operation":"exist"}]}`: "Query.SubQueries[0].Field",
		`{"Operation":"and","SubQueries":[` + many(101) + `]}`:                                       "Query.SubQueries",
		deep(6): "Query.SubQueries[0].SubQueries[0].SubQueries[0].SubQueries[0].SubQueries[0]",
	} {
		code, message := refusedAs(t, s, "SimpleQuery", inDataset("Query", query))
		require.Equal(t, "InvalidArgument", code, query)
		require.Contains(t, message, "The argument "+where+" is invalid", query)
	}
	for _, query := range []string{deep(5), `{"Operation":"and","SubQueries":[` + many(100) + `]}`} {
		require.Len(t, queried(t, s, query), 4)
	}
}

// No documented field is true or false yet; one that is compares as such.
func TestABooleanComparesAsOne(t *testing.T) {
	t.Parallel()
	type part struct {
		Done bool `json:"Done"`
	}
	for value, want := range map[string][2]bool{"true": {true, false}, "false": {false, true}} {
		for i, p := range []*part{{Done: true}, {Done: false}} {
			var c compiler
			eq := c.condition(&queryNode{Field: "Done", Operation: "eq", Value: value}, "Query", scope{of: reflect.TypeFor[part]()}, 1)
			require.Nil(t, c.failed)
			require.Equal(t, want[i], eq(reflect.ValueOf(p).Elem()), value)
		}
	}
	var c compiler
	c.condition(&queryNode{Field: "Done", Operation: "eq", Value: "maybe"}, "Query", scope{of: reflect.TypeFor[part]()}, 1)
	require.NotNil(t, c.failed)
}

// Every field that the API has can be asked for: none is of a type that conditions
// do not know.
func TestEveryDocumentedFieldCanBeQueried(t *testing.T) {
	t.Parallel()
	leaves := 0
	var visit func(prefix string, of map[string]int, path func(string) (fieldPath, bool), depth int)
	visit = func(prefix string, of map[string]int, path func(string) (fieldPath, bool), depth int) {
		for name := range of {
			p, ok := path(prefix + name)
			require.True(t, ok, prefix+name)
			element := p.leaf
			if element.Kind().String() == "slice" {
				element = element.Elem()
			}
			switch {
			case kindOf(p.leaf) != notScalar:
				leaves++
			case element.Kind().String() == "struct":
				if depth < 4 {
					visit(prefix+name+".", fieldsByName(element), path, depth+1)
				}
			default:
				require.Equal(t, "map", element.Kind().String(), prefix+name)
			}
		}
	}
	visit("", fieldsByName(fileType), func(name string) (fieldPath, bool) { return findField(fileType, name) }, 0)
	require.Greater(t, leaves, 150, fmt.Sprint(leaves))
}
