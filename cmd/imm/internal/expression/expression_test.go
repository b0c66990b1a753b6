package expression_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/imm-go/imm"
	"github.com/imm-go/imm/cmd/imm/internal/expression"
	"github.com/imm-go/imm/query"
)

func TestExpressionsAreTheConditionsThatTheyLookLike(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		text string
		want imm.QueryCondition
	}{
		{"Size = 1", query.Eq("Size", "1")},
		{"Size=1", query.Eq("Size", "1")},
		{"Size == 1", query.Eq("Size", "1")},
		{" Size\t>\n1 ", query.Gt("Size", "1")},
		{"Size >= 1", query.Gte("Size", "1")},
		{"Size < 1", query.Lt("Size", "1")},
		{"Size <= -1.5e3", query.Lte("Size", "-1.5e3")},
		{`Filename ^= "photos/"`, query.Prefix("Filename", "photos/")},
		{"Title ~ 'red car'", query.MatchPhrase("Title", "red car")},
		{"Size != 1", query.Not(query.Eq("Size", "1"))},
		{"not Size = 1", query.Not(query.Eq("Size", "1"))},
		{"exists CustomId", query.Exists("CustomId")},
		{"NOT Exists CustomLabels.category", query.Not(query.Exists("CustomLabels.category"))},
		{`Title = ""`, query.Eq("Title", "")},
		{`Title = "a\"b\\c\n\u732b"`, query.Eq("Title", "a\"b\\c\n猫")},
		{`Title = 'a"b\c'`, query.Eq("Title", `a"b\c`)},
		{"Title = 猫", query.Eq("Title", "猫")},
		{"ProduceTime >= 2024-01-01T00:00:00Z", query.Gte("ProduceTime", "2024-01-01T00:00:00Z")},
		{"URI = oss://bucket/a.jpg", query.Eq("URI", "oss://bucket/a.jpg")},
		{`"and" = or`, query.Eq("and", "or")},
		{`"CustomLabels.two words" = x`, query.Eq("CustomLabels.two words", "x")},
		{"notes = existsnot", query.Eq("notes", "existsnot")},
		{"a = 1 and b = 2 and c = 3", query.And(query.Eq("a", "1"), query.Eq("b", "2"), query.Eq("c", "3"))},
		{"a = 1 and (b = 2 and c = 3)", query.And(query.Eq("a", "1"), query.And(query.Eq("b", "2"), query.Eq("c", "3")))},
		{"a = 1 or b = 2 AND c = 3", query.Or(query.Eq("a", "1"), query.And(query.Eq("b", "2"), query.Eq("c", "3")))},
		{"(a = 1 or b = 2) and c = 3", query.And(query.Or(query.Eq("a", "1"), query.Eq("b", "2")), query.Eq("c", "3"))},
		{"not a = 1 and b = 2", query.And(query.Not(query.Eq("a", "1")), query.Eq("b", "2"))},
		{"not (a = 1 and b = 2)", query.Not(query.And(query.Eq("a", "1"), query.Eq("b", "2")))},
		{"((a = 1))", query.Eq("a", "1")},
		{"Labels[LabelName = cat]", query.Nested("Labels", query.Eq("Labels.LabelName", "cat"))},
		{"Labels[Labels.LabelName = cat]", query.Nested("Labels", query.Eq("Labels.LabelName", "cat"))},
		{
			"Labels[LabelName = cat and LabelConfidence > 0.9]",
			query.Nested("Labels", query.Eq("Labels.LabelName", "cat"), query.Gt("Labels.LabelConfidence", "0.9")),
		},
		{
			"Labels[(LabelName = cat and LabelConfidence > 0.9)]",
			query.Nested("Labels", query.And(query.Eq("Labels.LabelName", "cat"), query.Gt("Labels.LabelConfidence", "0.9"))),
		},
		{
			"Labels[LabelName = cat or LabelName = dog]",
			query.Nested("Labels", query.Or(query.Eq("Labels.LabelName", "cat"), query.Eq("Labels.LabelName", "dog"))),
		},
		{"Figures[Boundary[Left > 1]]", query.Nested("Figures", query.Nested("Figures.Boundary", query.Gt("Figures.Boundary.Left", "1")))},
		{
			`ContentType = image/jpeg and Size >= 1048576 and (Filename ^= "photos/" or not exists CustomId) and Labels[LabelName = cat and LabelConfidence > 0.9]`,
			query.And(
				query.Eq("ContentType", "image/jpeg"), query.Gte("Size", "1048576"),
				query.Or(query.Prefix("Filename", "photos/"), query.Not(query.Exists("CustomId"))),
				query.Nested("Labels", query.Eq("Labels.LabelName", "cat"), query.Gt("Labels.LabelConfidence", "0.9")),
			),
		},
	} {
		got, err := expression.Parse(test.text)
		require.NoError(t, err, test.text)
		require.Equal(t, test.want, got, test.text)
		_, err = got.MarshalJSON()
		require.NoError(t, err, test.text)
	}
}

func TestWhatCannotBeReadIsSaidWithItsColumn(t *testing.T) {
	t.Parallel()
	many := func(n int) string { return strings.Repeat("a = 1 or ", n-1) + "a = 1" }
	for _, test := range []struct {
		text   string
		column int
		reason string
	}{
		{"", 1, "want a condition in place of the end, such as Size >= 1048576"},
		{"   ", 4, "want a condition in place of the end"},
		{"Size", 5, `want an operator behind "Size" in place of the end: =, !=, >, >=, <, <=, ^= (begins with) or ~ (has the words)`},
		{"Size 5", 6, `want an operator behind "Size" in place of "5"`},
		{"Size:5", 7, `want an operator behind "Size:5" in place of the end`},
		{"Size >", 7, `want a value behind > in place of the end; an empty one is ""`},
		{"Size > )", 8, `want a value behind > in place of ")"`},
		{"Size = = 5", 8, `want a value behind = in place of "="`},
		{"Size => 5", 6, `"=>" is not an operator here; write >=, or put the text in quotes`},
		{"a = 1 && b = 2", 7, `"&&" is not an operator here; write and`},
		{"a = 1 || b = 2", 7, `"||" is not an operator here; write or`},
		{"!a", 1, `"!" is not an operator here; write not`},
		{"Size <> 5", 6, "write !="},
		{"Size =* 5", 9, `want and, or, or the end in place of "5"`},
		{"Size =! 5", 6, `"=!" is not an operator; want =, !=`},
		{"Title = red car", 13, `want and, or, or the end in place of "car"; text with spaces in it needs quotes`},
		{"猫 = 狗 x", 7, `in place of "x"`},
		{`Title = "red`, 9, `the text that begins here has no closing "`},
		{`Title = "red\"`, 9, `the text that begins here has no closing "`},
		{"Title = 'red", 9, "the text that begins here has no closing '"},
		{`Title = "\q"`, 9, `write \\ for a backslash`},
		{"Title = \"a\nb\"", 9, `\n for a line break`},
		{`Title = "\xff"`, 9, "the text that begins here is not valid UTF-8"},
		{"Title = \xff", 9, "this is not valid UTF-8"},
		{"Title = a\x00", 10, "the character U+0000 cannot stand here"},
		{"(a = 1", 1, "the ( that opens here has no )"},
		{"Labels[a = 1", 7, "the [ that opens here has no ]"},
		{"Labels[a = 1)", 13, `want and, or, or ] in place of ")"`},
		{"(a = 1]", 7, `want and, or, or ) in place of "]"`},
		{"a = 1)", 6, "nothing was opened that this ) closes"},
		{"Labels[]", 8, `want a condition in place of "]"`},
		{"()", 2, `want a condition in place of ")"`},
		{"a = 1 and", 10, "want a condition in place of the end"},
		{"and a = 1", 1, `want a condition before "and"; a field of that name needs quotes`},
		{"a = 1 and or b = 2", 11, `want a condition before "or"`},
		{"not", 4, "want a condition in place of the end"},
		{"not = 1", 5, `want a condition in place of "="`},
		{"exists", 7, "want the name of a field behind exists in place of the end, such as CustomId"},
		{`exists ""`, 8, "want the name of a field"},
		{`"" = 1`, 1, "the name of a field is empty"},
		{"a = 1 and not not not not a = 1", 27, "this is on level 6, and conditions have at most 5 levels"},
		{many(101), 901, "this is condition 101 of its group, and a group has at most 100"},
		{strings.Repeat("(", 101) + "a = 1", 101, "more than 100 parentheses"},
		{strings.Repeat("not ", 1e6), 401, "more than 100 parentheses"},
	} {
		_, err := expression.Parse(test.text)
		var failed *expression.Error
		require.ErrorAs(t, err, &failed, test.text)
		require.Contains(t, failed.Reason, test.reason, "%.40s", test.text)
		require.Equal(t, test.column, failed.Column, "%.40s", test.text)
		require.Equal(t, fmt.Sprintf("column %d: %s", failed.Column, failed.Reason), err.Error())
	}
	_, err := expression.Parse(many(100))
	require.NoError(t, err)
	_, err = expression.Parse(strings.Repeat("(", 99) + "a = 1" + strings.Repeat(")", 99))
	require.NoError(t, err)
}

func TestConditionsThatOnlyProgramsWriteComeOutAsWhatMeansTheSame(t *testing.T) {
	t.Parallel()
	a, b := query.Eq("a", "1"), query.Eq("b", "2")
	for _, test := range []struct {
		condition imm.QueryCondition
		want      string
	}{
		{query.And(a), "a = 1"},
		{query.And(query.Or(query.And(a))), "a = 1"},
		{query.And(query.Or(a, b), query.Or(a)), "(a = 1 or b = 2) and a = 1"},
		{imm.QueryCondition{Operation: imm.QueryNot, SubQueries: []imm.QueryCondition{a, b}}, "not (a = 1 or b = 2)"},
		{query.Nested("Labels", query.Eq("LabelName", "cat")), "Labels[LabelName = cat]"},
		{query.Nested("Labels", query.And(a)), "Labels[a = 1]"},
		{query.Eq("a", "\x1b[31m\u202e"), `a = "\x1b[31m\u202e"`},
	} {
		require.Equal(t, test.want, expression.Format(test.condition))
		_, err := expression.Parse(test.want)
		require.NoError(t, err)
	}
}

func TestFormatEndsWhateverItIsGiven(t *testing.T) {
	t.Parallel()
	loop := query.And(query.Eq("a", "1"))
	loop.SubQueries[0] = loop
	require.Equal(t, "…", expression.Format(loop))
	for _, condition := range []imm.QueryCondition{{}, {Operation: imm.QueryNot}, {Operation: imm.QueryNested}, {Operation: "other", Field: "a"}} {
		require.NotPanics(t, func() { expression.Format(condition) })
	}
}
