package expression_test

import (
	"slices"
	"strconv"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/imm-go/imm"
	"github.com/imm-go/imm/cmd/imm/internal/expression"
	"github.com/imm-go/imm/query"
)

var (
	names  = rapid.OneOf(rapid.SampledFrom([]string{"Size", "CustomLabels.a b", "and", "NOT", "exists", "猫"}), rapid.StringN(1, 8, 30))
	values = rapid.OneOf(rapid.SampledFrom([]string{"", "or", "image/jpeg", "a,b", "0.9", `"`, `\`, "'"}), rapid.String())
)

// written is a condition and one of the ways to write it.
type written struct {
	condition imm.QueryCondition
	text      string
	group     string // and, or, or empty
}

// anyCase writes a word of the language.
func anyCase(t *rapid.T, word string) string {
	if rapid.Bool().Draw(t, "upper") {
		return strings.ToUpper(word)
	}
	return word
}

// space is between parts of an expression, and may be none where that is allowed.
func space(t *rapid.T) string {
	return strings.Repeat(rapid.SampledFrom([]string{" ", "\t", "\n"}).Draw(t, "space"), rapid.IntRange(0, 2).Draw(t, "spaces"))
}

// leaf is a comparison. Names and values are in quotes, which are always right.
func leaf(t *rapid.T, list string) written {
	name, value := names.Draw(t, "name"), values.Draw(t, "value")
	full := name
	if list != "" && !strings.HasPrefix(name, list+".") {
		full = list + "." + name
	}
	quoted := strconv.Quote(name)
	if rapid.IntRange(0, 3).Draw(t, "exists") == 0 {
		return written{query.Exists(full), anyCase(t, "exists") + space(t) + quoted, ""}
	}
	for _, o := range []struct {
		text string
		make func(string, string) imm.QueryCondition
	}{
		{"=", query.Eq[string]}, {">", query.Gt[string]}, {">=", query.Gte[string]}, {"<", query.Lt[string]}, {"<=", query.Lte[string]},
		{"^=", query.Prefix}, {"~", query.MatchPhrase},
	} {
		if rapid.IntRange(0, 3).Draw(t, "operator") == 0 {
			return written{o.make(full, value), quoted + space(t) + o.text + space(t) + strconv.Quote(value), ""}
		}
	}
	return written{query.Not(query.Eq(full, value)), quoted + "!=" + strconv.Quote(value), ""}
}

// anyCondition draws a condition of at most so many levels, more than one.
func anyCondition(t *rapid.T, levels int, list string) written {
	if levels <= 2 {
		return leaf(t, list)
	}
	switch rapid.IntRange(0, 5).Draw(t, "kind") {
	case 0:
		return group(t, levels, list, "and", query.And)
	case 1:
		return group(t, levels, list, "or", query.Or)
	case 2:
		part := anyCondition(t, levels-1, list)
		return written{query.Not(part.condition), anyCase(t, "not") + space(t) + enclose(t, part, part.group != ""), ""}
	case 3:
		name := names.Draw(t, "list")
		full := name
		if list != "" && !strings.HasPrefix(name, list+".") {
			full = list + "." + name
		}
		part := anyCondition(t, levels-1, full)
		parts := []imm.QueryCondition{part.condition}
		if part.group == "and" {
			parts = part.condition.SubQueries
		}
		return written{query.Nested(full, parts...), strconv.Quote(name) + space(t) + "[" + part.text + "]", ""}
	default:
		return leaf(t, list)
	}
}

func group(t *rapid.T, levels int, list, joint string, of func(...imm.QueryCondition) imm.QueryCondition) written {
	var parts []imm.QueryCondition
	var texts []string
	for range rapid.IntRange(2, 4).Draw(t, "parts") {
		part := anyCondition(t, levels-1, list)
		parts = append(parts, part.condition)
		texts = append(texts, enclose(t, part, part.group == "or" || part.group == joint))
	}
	return written{of(parts...), strings.Join(texts, space(t)+" "+anyCase(t, joint)+" "), joint}
}

// enclose puts parentheses around what needs them, and sometimes around what does
// not. Around a not they would change nothing, either.
func enclose(t *rapid.T, w written, needed bool) string {
	if needed || rapid.IntRange(0, 4).Draw(t, "parentheses") == 0 {
		return " (" + w.text + ")"
	}
	return " " + w.text
}

func TestEveryWayToWriteAConditionIsReadAsThatConditionAndWrittenTheSameAgain(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		w := anyCondition(t, 5, "")
		if !valid(w.condition) {
			return
		}
		got, err := expression.Parse(w.text)
		require.NoError(t, err, w.text)
		require.Equal(t, w.condition, got, w.text)
		text := expression.Format(got)
		again, err := expression.Parse(text)
		require.NoError(t, err, text)
		require.Equal(t, got, again, text)
	})
}

// valid reports whether a condition has no text that Go would quote as bytes.
func valid(c imm.QueryCondition) bool {
	return utf8.ValidString(c.Field) && utf8.ValidString(c.Value) && !slices.ContainsFunc(c.SubQueries, func(sub imm.QueryCondition) bool { return !valid(sub) })
}

func FuzzParse(f *testing.F) {
	for _, seed := range []string{
		`ContentType = image/jpeg and Size >= 1048576 and (Filename ^= "photos/" or not exists CustomId) and Labels[LabelName = cat and LabelConfidence > 0.9]`,
		"a != '' or not not b ~ \"\\u732b\"", "Labels[Labels.Labels.a = 1 and (b=1 and c=2)]", "((", "a = 1 && b", "\xff", strings.Repeat("not ", 200),
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		condition, err := expression.Parse(text)
		if err != nil {
			var failed *expression.Error
			require.ErrorAs(t, err, &failed)
			require.GreaterOrEqual(t, failed.Column, 1)
			require.LessOrEqual(t, failed.Column, utf8.RuneCountInString(text)+1)
			require.NotEmpty(t, failed.Reason)
			require.Empty(t, condition)
			return
		}
		_, err = condition.MarshalJSON()
		require.NoError(t, err, "what can be read can be sent")
		printed := expression.Format(condition)
		again, err := expression.Parse(printed)
		require.NoError(t, err, printed)
		require.Equal(t, condition, again, printed)
	})
}
