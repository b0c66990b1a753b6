package immtest

import (
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/imm-go/imm"
)

// What follows draws random files and random queries. Values come from few
// alternatives, so that they meet, and nearly meet, often.

var (
	drawnTexts   = []string{"", "a", "A", "ab", "a b", "b a", "10", "9", "cat", "Cat cat dog", "猫 cat", "x.y"}
	drawnNumbers = []string{"0", "1", "9", "10", "-1", "0.5", "1.5", "10.0", "1e1"}
	drawnTimes   = []string{"2024-01-01T00:00:00Z", "2024-01-01T08:00:00+08:00", "2024-01-01T00:00:00.000000001Z", "1969-12-31T23:59:59Z"}
)

func drawFile() *rapid.Generator[imm.File] {
	label := rapid.Custom(func(t *rapid.T) imm.Label {
		l := imm.Label{
			LabelName:       rapid.SampledFrom(drawnTexts).Draw(t, "LabelName"),
			LabelLevel:      rapid.Int64Range(0, 2).Draw(t, "LabelLevel"),
			LabelConfidence: rapid.SampledFrom([]float32{0, 0.1, 0.5, 1}).Draw(t, "LabelConfidence"),
		}
		if rapid.Bool().Draw(t, "has clips") {
			l.Clips = []imm.Clip{{TimeRange: rapid.SliceOfN(rapid.Int64Range(0, 10), 0, 2).Draw(t, "TimeRange")}}
		}
		return l
	})
	return rapid.Custom(func(t *rapid.T) imm.File {
		f := imm.File{
			Title:         rapid.SampledFrom(drawnTexts).Draw(t, "Title"),
			ImageWidth:    rapid.Int64Range(-1, 10).Draw(t, "ImageWidth"),
			Duration:      rapid.SampledFrom([]float64{0, 0.5, 1.5, 10, -1}).Draw(t, "Duration"),
			Labels:        rapid.SliceOfN(label, 0, 3).Draw(t, "Labels"),
			SemanticTypes: rapid.SliceOfN(rapid.SampledFrom(drawnTexts), 0, 2).Draw(t, "SemanticTypes"),
			CustomLabels:  rapid.MapOfN(rapid.SampledFrom([]string{"k", "k.k", "l"}), rapid.SampledFrom(drawnTexts), 0, 2).Draw(t, "CustomLabels"),
			ImageScore:    imm.ImageScore{OverallQualityScore: rapid.SampledFrom([]float32{0, 0.5}).Draw(t, "score")},
		}
		if rapid.Bool().Draw(t, "has a time") {
			f.ProduceTime, _ = time.Parse(time.RFC3339Nano, rapid.SampledFrom(drawnTimes).Draw(t, "ProduceTime"))
		}
		return f
	})
}

// plainField is what the plain evaluator knows of a field.
type plainField struct{ name, kind string }

var (
	fileFields = []plainField{
		{"Title", "text"}, {"ImageWidth", "number"}, {"Duration", "number"}, {"ProduceTime", "time"}, {"SemanticTypes", "text"},
		{"CustomLabels.k", "text"}, {"CustomLabels.k.k", "text"}, {"CustomLabels.l", "text"}, {"ImageScore.OverallQualityScore", "number"},
		{"Labels.LabelName", "text"}, {"Labels.LabelLevel", "number"}, {"Labels.LabelConfidence", "number"}, {"Labels.Clips.TimeRange", "number"},
	}
	labelFields = []plainField{{"LabelName", "text"}, {"LabelLevel", "number"}, {"LabelConfidence", "number"}, {"Clips.TimeRange", "number"}}
)

func drawQuery(t *rapid.T, level int, inLabels bool) queryNode {
	operation := rapid.SampledFrom([]string{"leaf", "leaf", "and", "or", "not", "nested"}).Draw(t, "operation")
	if level == maxLevels || operation == "nested" && inLabels {
		operation = "leaf"
	}
	if operation != "leaf" {
		q := queryNode{Operation: operation}
		if operation == "nested" {
			q.Field = "Labels"
		}
		for range rapid.IntRange(1, 3).Draw(t, "sub-queries") {
			q.SubQueries = append(q.SubQueries, drawQuery(t, level+1, inLabels || operation == "nested"))
		}
		return q
	}
	fields := fileFields
	if inLabels {
		fields = labelFields
	}
	field := rapid.SampledFrom(fields).Draw(t, "field")
	operations, values := []string{"eq", "gt", "gte", "lt", "lte", "exist"}, drawnNumbers
	switch field.kind {
	case "text":
		operations, values = append(operations, "prefix", "match-phrase"), drawnTexts
	case "time":
		values = drawnTimes
	}
	q := queryNode{Field: field.name, Operation: rapid.SampledFrom(operations).Draw(t, "comparison"), Value: rapid.SampledFrom(values).Draw(t, "value")}
	if inLabels && rapid.Bool().Draw(t, "absolute") {
		q.Field = "Labels." + q.Field
	}
	return q
}

// plainMeets evaluates a condition over the JSON of a file, which is another way
// than that of the emulator, and a slow one.
func plainMeets(t require.TestingT, q *queryNode, in map[string]any, nested bool) bool {
	count := func() (met int) {
		for i := range q.SubQueries {
			if plainMeets(t, &q.SubQueries[i], in, nested) {
				met++
			}
		}
		return met
	}
	switch q.Operation {
	case "and":
		return count() == len(q.SubQueries)
	case "or":
		return count() > 0
	case "not":
		return count() == 0
	case "nested":
		labels, _ := in["Labels"].([]any)
		return slices.ContainsFunc(labels, func(label any) bool {
			all := queryNode{Operation: "and", SubQueries: q.SubQueries}
			return plainMeets(t, &all, label.(map[string]any), true)
		})
	}
	name := q.Field
	if nested {
		name = strings.TrimPrefix(name, "Labels.")
	}
	return slices.ContainsFunc(plainValues(in, name), func(value any) bool { return plainCompare(t, q, name, value) })
}

// plainValues are the values of a field, those in all elements of lists.
func plainValues(in any, name string) []any {
	switch in := in.(type) {
	case []any:
		var all []any
		for _, element := range in {
			all = append(all, plainValues(element, name)...)
		}
		return all
	case map[string]any:
		if rest, ok := strings.CutPrefix(name, "CustomLabels."); ok {
			labels, _ := in["CustomLabels"].(map[string]any)
			if value, ok := labels[rest]; ok {
				return []any{value}
			}
			return nil
		}
		first, rest, _ := strings.Cut(name, ".")
		return plainValues(in[first], rest)
	case nil:
		return nil
	}
	return []any{in}
}

func plainCompare(t require.TestingT, q *queryNode, name string, value any) bool {
	order := 0
	switch value := value.(type) {
	case json.Number:
		have, err := value.Float64()
		require.NoError(t, err)
		var want float64
		_, err = fmt.Sscan(q.Value, &want)
		if q.Operation != "exist" {
			require.NoError(t, err)
		}
		if strings.HasSuffix(name, "Confidence") || strings.HasSuffix(name, "Score") {
			have, want = float64(float32(have)), float64(float32(want))
		}
		switch {
		case have < want:
			order = -1
		case have > want:
			order = 1
		}
	case string:
		if name == "ProduceTime" {
			have, haveErr := time.Parse(time.RFC3339Nano, value)
			want, wantErr := time.Parse(time.RFC3339Nano, q.Value)
			require.NoError(t, haveErr)
			require.NoError(t, wantErr)
			order = have.Compare(want)
		} else {
			order = strings.Compare(value, q.Value)
		}
	}
	switch q.Operation {
	case "exist":
		return true
	case "eq":
		return order == 0
	case "gt":
		return order > 0
	case "gte":
		return order >= 0
	case "lt":
		return order < 0
	case "lte":
		return order <= 0
	case "prefix":
		text := value.(string)
		return len(text) >= len(q.Value) && text[:len(q.Value)] == q.Value
	}
	// match-phrase, for the few texts that are drawn
	plain := func(text string) string {
		text = strings.NewReplacer(".", " ", "猫", " 猫 ").Replace(strings.ToLower(text))
		return " " + strings.Join(strings.Fields(text), " ") + " "
	}
	return strings.TrimSpace(plain(q.Value)) != "" && strings.Contains(plain(value.(string)), plain(q.Value))
}

func TestRandomQueriesFindWhatAPlainEvaluatorFinds(t *testing.T) {
	t.Parallel()
	found, all := 0, 0
	rapid.Check(t, func(t *rapid.T) {
		files := rapid.SliceOfN(drawFile(), 1, 8).Draw(t, "files")
		q := drawQuery(t, 1, false)
		meets, failed := compile(&q)
		require.Nil(t, failed, toJSON(t, q))
		for i := range files {
			decoder := json.NewDecoder(strings.NewReader(toJSON(t, files[i])))
			decoder.UseNumber()
			var plain map[string]any
			require.NoError(t, decoder.Decode(&plain))
			want := plainMeets(t, &q, plain, false)
			require.Equal(t, want, meets(reflect.ValueOf(&files[i]).Elem()), "%s\n%s", toJSON(t, q), toJSON(t, files[i]))
			if all++; want {
				found++
			}
		}
	})
	require.Greater(t, found, all/20, "queries that find nothing show nothing")
	require.Less(t, found, all-all/20)
}
