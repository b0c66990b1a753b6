package immtest

import (
	"cmp"
	"fmt"
	"math"
	"reflect"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/imm-go/imm"
)

func TestAggregationsAnswerInPlaceOfFiles(t *testing.T) {
	t.Parallel()
	taken := time.Date(2024, 1, 1, 0, 0, 0, 0, time.UTC)
	s := newDataset(t, map[string]imm.File{
		"a": {Size: 10, Title: "x", Labels: []imm.Label{{LabelName: "cat"}, {LabelName: "cat"}, {LabelName: "dog"}}, ProduceTime: taken},
		"b": {Size: 9, Title: "y", Labels: []imm.Label{{LabelName: "dog"}}, ProduceTime: taken.In(location)},
		"c": {Size: 9, Title: "y", CustomLabels: map[string]string{"k": "v"}},
		"d": {Size: 3, Title: "z", Duration: 1.5},
		"e": {Size: 10, Title: "x"},
	})
	ask := func(aggregations string, pairs ...string) map[string]any {
		return ask(t, s, "SimpleQuery", inDataset(append(pairs, "Aggregations", aggregations)...))
	}
	one := func(field, operation string) string {
		return fmt.Sprintf(`{"Field":%q,"Operation":%q}`, field, operation)
	}
	for _, c := range []struct {
		field, operation string
		want             any // the value, nothing, or groups
	}{
		{"Size", "min", 3.0},
		{"Size", "max", 10.0},
		{"Size", "sum", 41.0},
		{"Size", "average", 8.2},
		{"Size", "count", 5.0},
		{"Size", "distinct", 3.0},
		{"Size", "group", `[{"Value":"9","Count":2},{"Value":"10","Count":2},{"Value":"3","Count":1}]`}, // equal ones as numbers
		{"Title", "group", `[{"Value":"x","Count":2},{"Value":"y","Count":2},{"Value":"z","Count":1}]`},
		{"Labels.LabelName", "group", `[{"Value":"dog","Count":2},{"Value":"cat","Count":1}]`}, // a file counts once
		{"Labels.LabelName", "count", 2.0},
		{"Labels.LabelName", "distinct", 2.0},
		{"ProduceTime", "group", `[{"Value":"2024-01-01T08:00:00+08:00","Count":2}]`},
		{"ProduceTime", "distinct", 1.0},
		{"Duration", "group", `[{"Value":"1.5","Count":1}]`},
		{"CustomLabels.k", "count", 1.0},
		{"CustomLabels.none", "count", 0.0},
		{"CustomLabels.none", "distinct", 0.0},
		{"CustomLabels.none", "group", `[]`},
		{"VideoWidth", "sum", 0.0},
		{"VideoWidth", "min", nil},
		{"VideoWidth", "max", nil},
		{"VideoWidth", "average", nil},
	} {
		body := ask("[" + one(c.field, c.operation) + "]")
		require.NotContains(t, body, "Files")
		require.InEpsilon(t, 5.0, body["TotalHits"], 0)
		require.Empty(t, body["NextToken"])
		got := body["Aggregations"].([]any)[0].(map[string]any)
		want := map[string]any{"Field": c.field, "Operation": c.operation}
		if groups, ok := c.want.(string); ok {
			require.JSONEq(t, groups, toJSON(t, append([]any{}, got["Groups"].([]any)...)), c.field)
			want["Groups"] = got["Groups"]
		} else if c.want != nil {
			want["Value"] = c.want
		}
		require.Equal(t, want, got)
	}

	body := ask("["+one("Size", "max")+","+one("Title", "group")+"]", "Query", `{"Field":"Size","Operation":"lt","Value":"10"}`, "MaxResults", "1", "WithoutTotalHits", "true")
	require.Equal(t, map[string]any{
		"RequestId": body["RequestId"], "NextToken": "", "Aggregations": []any{
			map[string]any{"Field": "Size", "Operation": "max", "Value": 9.0},
			map[string]any{"Field": "Title", "Operation": "group", "Groups": []any{map[string]any{"Value": "y", "Count": 2.0}}},
		},
	}, body)
}

func TestAnAggregationThatMakesNoSenseIsRefused(t *testing.T) {
	t.Parallel()
	s := newDataset(t, map[string]imm.File{"a": {}})
	for aggregations, where := range map[string]string{
		`{}`:                 "Aggregations",
		`[{}]`:               "Aggregations[0].Field",
		`[{"Field":"Size"}]`: "Aggregations[0].Operation",
		`[{"Field":"Size","Operation":"median"}]`:                                 "Aggregations[0].Operation",
		`[{"Field":"Size","Operation":"max"},{"Field":"None","Operation":"max"}]`: "Aggregations[1].Field",
		`[{"Field":"Labels","Operation":"count"}]`:                                "Aggregations[0].Field",
		`[{"Field":"CustomLabels","Operation":"group"}]`:                          "Aggregations[0].Field",
		`[{"Field":"Title","Operation":"max"}]`:                                   "Aggregations[0].Operation",
		`[{"Field":"ProduceTime","Operation":"min"}]`:                             "Aggregations[0].Operation",
	} {
		code, message := refusedAs(t, s, "SimpleQuery", inDataset("Aggregations", aggregations))
		require.Equal(t, "InvalidArgument", code, aggregations)
		require.Contains(t, message, "The argument "+where+" is invalid", aggregations)
	}
}

func TestRandomAggregationsAgreeWithPlainLoops(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		files := rapid.SliceOfN(drawFile(), 0, 20).Draw(t, "files")
		field := rapid.SampledFrom([]string{"ImageWidth", "Duration", "Labels.LabelLevel", "Title", "SemanticTypes"}).Draw(t, "field")
		plain := func(f *imm.File) (numbers []float64, texts []string) {
			switch {
			case field == "ImageWidth" && f.ImageWidth != 0:
				numbers = append(numbers, float64(f.ImageWidth))
			case field == "Duration" && f.Duration != 0:
				numbers = append(numbers, f.Duration)
			case field == "Labels.LabelLevel":
				for _, l := range f.Labels {
					if l.LabelLevel != 0 {
						numbers = append(numbers, float64(l.LabelLevel))
					}
				}
			case field == "Title" && f.Title != "":
				texts = append(texts, f.Title)
			case field == "SemanticTypes":
				texts = append(texts, f.SemanticTypes...)
			}
			for _, n := range numbers {
				texts = append(texts, fmt.Sprint(n))
			}
			return numbers, texts
		}
		least, most, sum, n, having, counts := math.Inf(1), math.Inf(-1), 0.0, 0.0, 0.0, map[string]int64{}
		for i := range files {
			numbers, texts := plain(&files[i])
			for _, number := range numbers {
				least, most, sum, n = min(least, number), max(most, number), sum+number, n+1
			}
			once := map[string]bool{}
			for _, text := range texts {
				if !once[text] {
					counts[text]++
				}
				once[text] = true
			}
			if len(texts) > 0 {
				having++
			}
		}
		result := func(operation string) aggregationBody {
			a := &arguments{values: inDataset("Aggregations", `[{"Field":"`+field+`","Operation":"`+operation+`"}]`)}
			all := a.aggregations()
			require.Nil(t, a.failed)
			for i := range files {
				all[0].add(reflect.ValueOf(&files[i]).Elem())
			}
			return all[0].result(100)
		}
		require.InDelta(t, having, *result("count").Value, 0)
		require.InDelta(t, len(counts), *result("distinct").Value, 0)
		groups := result("group").Groups
		require.Len(t, groups, len(counts))
		require.True(t, slices.IsSortedFunc(groups, func(a, b groupBody) int {
			order := cmp.Compare(b.Count, a.Count)
			if order == 0 && n == 0 {
				order = cmp.Compare(a.Value, b.Value)
			}
			return order
		}))
		for _, g := range groups {
			require.Equal(t, counts[g.Value], g.Count, g.Value)
		}
		if field == "Title" || field == "SemanticTypes" {
			return
		}
		require.InDelta(t, sum, *result("sum").Value, 1e-9)
		if n == 0 {
			require.Nil(t, result("average").Value)
			return
		}
		require.InDelta(t, sum/n, *result("average").Value, 1e-9)
		require.InDelta(t, least, *result("min").Value, 0)
		require.InDelta(t, most, *result("max").Value, 0)
	})
}
