package query_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/imm-go/imm"
	"github.com/imm-go/imm/query"
)

// fields are names as they occur, and names that nobody would choose.
var fields = rapid.OneOf(
	rapid.SampledFrom([]string{"URI", "Size", "Labels.LabelName", "CustomLabels.category", "and", "exist", "nested"}),
	rapid.StringN(1, 20, 60),
)

func leaves(t *rapid.T) imm.QueryCondition {
	field := fields.Draw(t, "field")
	switch rapid.IntRange(0, 8).Draw(t, "leaf") {
	case 0:
		return query.Eq(field, rapid.String().Draw(t, "value"))
	case 1:
		return query.Gt(field, rapid.Int64().Draw(t, "value"))
	case 2:
		return query.Gte(field, rapid.Uint32().Draw(t, "value"))
	case 3:
		return query.Lt(field, rapid.Float64().Draw(t, "value"))
	case 4:
		return query.Lte(field, rapid.Float32().Draw(t, "value"))
	case 5:
		return query.Exists(field)
	case 6:
		return query.Prefix(field, rapid.String().Draw(t, "value"))
	case 7:
		return query.Eq(field, time.Unix(rapid.Int64Range(0, 4e9).Draw(t, "value"), 0).UTC())
	default:
		return query.MatchPhrase(field, rapid.String().Draw(t, "value"))
	}
}

// conditions are of at most so many levels.
func conditions(t *rapid.T, levels int) imm.QueryCondition {
	if levels == 1 || rapid.Bool().Draw(t, "is a leaf") {
		return leaves(t)
	}
	some := make([]imm.QueryCondition, rapid.IntRange(1, 4).Draw(t, "how many"))
	for i := range some {
		some[i] = conditions(t, levels-1)
	}
	switch rapid.IntRange(0, 3).Draw(t, "node") {
	case 0:
		return query.And(some...)
	case 1:
		return query.Or(some...)
	case 2:
		return query.Not(some[0])
	default:
		return query.Nested(fields.Draw(t, "list"), some...)
	}
}

func TestConditionsSurviveJSONAndCanBeReadAsTheyArePrinted(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		condition := conditions(t, 5)
		data, err := json.Marshal(condition)
		require.NoError(t, err)
		var back imm.QueryCondition
		require.NoError(t, json.Unmarshal(data, &back))
		require.Equal(t, condition, back)

		text := condition.String()
		require.NotContains(t, text, "\n")
		p := parser{rest: text}
		again, err := p.condition()
		require.NoError(t, err, text)
		require.Empty(t, p.rest)
		require.Equal(t, condition, again, text)
	})
}

// parser reads what String printed, by the rules that its comment tells.
type parser struct{ rest string }

func (p *parser) take(text string) bool {
	rest, found := strings.CutPrefix(p.rest, text)
	if found {
		p.rest = rest
	}
	return found
}

// word is a bare or a quoted name.
func (p *parser) word() (string, error) {
	if strings.HasPrefix(p.rest, `"`) {
		quoted, err := strconv.QuotedPrefix(p.rest)
		if err != nil {
			return "", err
		}
		p.rest = p.rest[len(quoted):]
		return strconv.Unquote(quoted)
	}
	end := strings.IndexAny(p.rest, ` (),"`)
	if end < 0 {
		end = len(p.rest)
	}
	if end == 0 {
		return "", fmt.Errorf("no word at %q", p.rest)
	}
	word := p.rest[:end]
	p.rest = p.rest[end:]
	return word, nil
}

func (p *parser) condition() (imm.QueryCondition, error) {
	var c imm.QueryCondition
	first, err := p.word()
	if err != nil {
		return c, err
	}
	if p.take("(") {
		c.Operation = imm.QueryOperation(first)
		return p.subQueries(c)
	}
	if !p.take(" ") {
		return c, fmt.Errorf("nothing behind %q", first)
	}
	second, err := p.word()
	switch {
	case err != nil:
		return c, err
	case p.take("("):
		c.Operation, c.Field = imm.QueryOperation(first), second
		return p.subQueries(c)
	case p.take(" "):
		c.Field, c.Operation = first, imm.QueryOperation(second)
		c.Value, err = p.word()
		return c, err
	}
	c.Operation, c.Field = imm.QueryOperation(first), second
	return c, nil
}

func (p *parser) subQueries(c imm.QueryCondition) (imm.QueryCondition, error) {
	for {
		sub, err := p.condition()
		if err != nil {
			return c, err
		}
		c.SubQueries = append(c.SubQueries, sub)
		switch {
		case p.take(", "):
		case p.take(")"):
			return c, nil
		default:
			return c, errors.New("no end of the sub-queries: " + p.rest)
		}
	}
}
