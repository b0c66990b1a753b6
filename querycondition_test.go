package imm

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func leaf(field string, operation QueryOperation, value string) QueryCondition {
	return QueryCondition{Field: field, Operation: operation, Value: value}
}

func node(operation QueryOperation, conditions ...QueryCondition) QueryCondition {
	return QueryCondition{Operation: operation, SubQueries: conditions}
}

// deep is a condition of so many levels.
func deep(levels int) QueryCondition {
	if levels == 1 {
		return leaf("Size", QueryEq, "1")
	}
	return node(QueryAnd, deep(levels-1))
}

func TestConditionsThatCannotBeRightAreRefused(t *testing.T) {
	t.Parallel()
	size := leaf("Size", QueryGt, "1")
	hundred := slices.Repeat([]QueryCondition{size}, 100)
	circle := make([]QueryCondition, 1)
	circle[0] = node(QueryOr, circle...)
	circle[0].SubQueries = circle
	for name, test := range map[string]struct {
		condition QueryCondition
		field     string // empty: it is right
		says      string
	}{
		"a leaf":                    {size, "", ""},
		"every operation on values": {node(QueryOr, leaf("A", "eq", "1"), leaf("A", "gt", "1"), leaf("A", "gte", "1"), leaf("A", "lt", "1"), leaf("A", "lte", "1"), leaf("A", "exist", ""), leaf("A", "prefix", "1"), leaf("A", "match-phrase", "1")), "", ""},
		"every node":                {node(QueryAnd, node(QueryOr, size), node(QueryNot, size), QueryCondition{Field: "Labels", Operation: QueryNested, SubQueries: []QueryCondition{size}}), "", ""},
		"exist with a value":        {leaf("A", QueryExist, "needless"), "", ""},
		"an empty value":            {leaf("A", QueryEq, ""), "", ""},
		"a hundred":                 {node(QueryAnd, hundred...), "", ""},
		"a hundred twice":           {node(QueryOr, node(QueryAnd, hundred...), node(QueryAnd, hundred...)), "", ""},
		"five levels":               {deep(5), "", ""},
		"not of several":            {node(QueryNot, size, size), "", ""},

		"an empty and":            {node(QueryAnd), "Query.SubQueries", "and needs 1 to 100 sub-queries, not 0"},
		"an empty or":             {node(QueryOr), "Query.SubQueries", "or needs"},
		"an empty not":            {node(QueryNot), "Query.SubQueries", "not needs"},
		"an empty nested":         {QueryCondition{Field: "Labels", Operation: QueryNested}, "Query.SubQueries", "nested needs"},
		"nested without a field":  {node(QueryNested, size), "Query.Field", "nested needs the name of a list"},
		"a hundred and one":       {node(QueryAnd, append(hundred, size)...), "Query.SubQueries", "not 101"},
		"six levels":              {deep(6), "Query.SubQueries[0].SubQueries[0].SubQueries[0].SubQueries[0].SubQueries[0]", "it is on level 6"},
		"a circle":                {node(QueryAnd, circle...), "Query.SubQueries[0].SubQueries[0].SubQueries[0].SubQueries[0].SubQueries[0]", "level 6"},
		"no operation":            {QueryCondition{Field: "Size", Value: "1"}, "Query.Operation", "it is empty"},
		"no operation, inside":    {node(QueryAnd, size, QueryCondition{}), "Query.SubQueries[1].Operation", "it is empty"},
		"an unknown operation":    {leaf("Size", "ne", "1"), "Query.Operation", `"ne" is not an operation`},
		"upper case":              {node("AND", size), "Query.Operation", `"AND" is not an operation`},
		"a near miss":             {leaf("Size", "exists", ""), "Query.Operation", "exist, prefix"},
		"a leaf without a field":  {leaf("", QueryGt, "1"), "Query.Field", "gt needs the name of a field"},
		"exist without a field":   {leaf("", QueryExist, ""), "Query.Field", "exist needs"},
		"a leaf with sub-queries": {QueryCondition{Field: "Size", Operation: QueryEq, Value: "1", SubQueries: []QueryCondition{size}}, "Query.SubQueries", "eq is about the value"},
		"a node with a field":     {QueryCondition{Field: "Size", Operation: QueryAnd, SubQueries: []QueryCondition{size}}, "Query.Field", "no meaning beside and"},
		"a node with a value":     {QueryCondition{Value: "1", Operation: QueryOr, SubQueries: []QueryCondition{size}}, "Query.Value", "no meaning beside or"},
		"a value of bytes":        {node(QueryOr, leaf("Size", QueryEq, "\xff")), "Query.SubQueries[0].Value", "UTF-8"},
		"a field of bytes":        {leaf("\xff", QueryEq, "a"), "Query.Field", "UTF-8"},
		"a nested field of bytes": {QueryCondition{Field: "\xff", Operation: QueryNested, SubQueries: []QueryCondition{size}}, "Query.Field", "UTF-8"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			require.NotEmpty(t, test.condition.String())
			data, err := json.Marshal(test.condition)
			if test.field == "" {
				require.NoError(t, err)
				var back QueryCondition
				require.NoError(t, json.Unmarshal(data, &back))
				require.Equal(t, test.condition, back)
				return
			}
			var invalid *ValidationError
			require.ErrorAs(t, err, &invalid)
			require.Equal(t, "SimpleQuery", invalid.Action)
			require.Equal(t, test.field, invalid.Field)
			require.Contains(t, invalid.Reason, test.says)
		})
	}
}

func TestConditionsPrintThemselvesReadably(t *testing.T) {
	t.Parallel()
	size := leaf("Size", QueryGte, "1048576")
	for want, condition := range map[string]QueryCondition{
		`Size gte "1048576"`: size,
		`and(ContentType eq "image/jpeg", Size gte "1048576", exist CustomLabels.category)`: node(QueryAnd, leaf("ContentType", QueryEq, "image/jpeg"), size, leaf("CustomLabels.category", QueryExist, "")),
		`not(Title match-phrase "a \"b\"\n")`:                                               node(QueryNot, leaf("Title", QueryMatchPhrase, "a \"b\"\n")),
		`nested Labels(Labels.LabelName eq "")`:                                             {Field: "Labels", Operation: QueryNested, SubQueries: []QueryCondition{leaf("Labels.LabelName", QueryEq, "")}},
		`()`:                                                                                {},
		`and()`:                                                                             node(QueryAnd),
		`"" gt "1"`:                                                                         leaf("", QueryGt, "1"),
		`"a b" eq "1"`:                                                                      leaf("a b", QueryEq, "1"),
		`Size "is not" "1"`:                                                                 leaf("Size", "is not", "1"),
		`A exist "x"`:                                                                       leaf("A", QueryExist, "x"),
		`or "v"((), Size gte "1048576")`:                                                    {Operation: QueryOr, Value: "v", SubQueries: []QueryCondition{{}, size}},
	} {
		require.Equal(t, want, condition.String())
	}
	require.Equal(t, strings.Repeat("and(", 16)+"…"+strings.Repeat(")", 16), deep(100).String())
}

func TestTheZeroConditionIsAnEmptyObject(t *testing.T) {
	t.Parallel()
	data, err := json.Marshal(QueryCondition{})
	require.NoError(t, err)
	require.Equal(t, "{}", string(data))
}
