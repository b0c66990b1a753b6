package expression

import (
	"strconv"
	"strings"

	"github.com/imm-go/imm"
)

// Format writes a condition so that Parse makes the same of it again. What only
// programs write comes out as what means the same: an and or an or of one
// condition as that condition, a not of several as one of their or, and a name in
// a nested condition with its list. Levels beyond 16 are shown as "…". Format is
// safe for concurrent use.
func Format(condition imm.QueryCondition) string {
	const deep = 16
	var b strings.Builder
	f := formatter{&b, deep}
	f.condition(condition, "", loose)
	return b.String()
}

// operatorOf is how a comparison is written.
var operatorOf = map[imm.QueryOperation]string{
	imm.QueryEq: "=", imm.QueryGt: ">", imm.QueryGte: ">=", imm.QueryLt: "<", imm.QueryLte: "<=", imm.QueryPrefix: "^=", imm.QueryMatchPhrase: "~",
}

// binding is what a condition stands in, and so which ones need parentheses.
type binding uint8

const (
	loose   binding = iota // none
	inOr                   // or
	inAnd                  // and, or
	bracket                // and: the only one in brackets, which have an and of their own
)

type formatter struct {
	*strings.Builder

	levels int // that are left
}

func (f formatter) condition(c imm.QueryCondition, list string, in binding) {
	if f.levels--; f.levels < 0 {
		f.WriteString("…")
		return
	}
	switch {
	case len(c.SubQueries) == 0:
		f.leaf(c, list)
	case c.Operation == imm.QueryNot:
		f.not(c.SubQueries, list)
	case c.Operation == imm.QueryNested:
		f.nested(c, list)
	case len(c.SubQueries) == 1:
		f.condition(c.SubQueries[0], list, in)
	case c.Operation == imm.QueryOr:
		f.group(c.SubQueries, " or ", list, inOr, in == inOr || in == inAnd)
	default:
		f.group(c.SubQueries, " and ", list, inAnd, in == inAnd || in == bracket)
	}
}

func (f formatter) leaf(c imm.QueryCondition, list string) {
	name := quoted(short(list, c.Field))
	if c.Operation == imm.QueryExist {
		f.WriteString("exists " + name)
		return
	}
	f.WriteString(name + " " + operatorOf[c.Operation] + " " + quoted(c.Value))
}

func (f formatter) not(parts []imm.QueryCondition, list string) {
	if len(parts) == 1 && parts[0].Operation == imm.QueryEq {
		f.WriteString(quoted(short(list, parts[0].Field)) + " != " + quoted(parts[0].Value))
		return
	}
	f.WriteString("not ")
	f.condition(imm.QueryCondition{Operation: imm.QueryOr, SubQueries: parts}, list, inAnd)
}

func (f formatter) nested(c imm.QueryCondition, list string) {
	f.WriteString(quoted(short(list, c.Field)) + "[")
	list = within(list, c.Field)
	if len(c.SubQueries) == 1 {
		f.condition(c.SubQueries[0], list, bracket)
	} else {
		f.group(c.SubQueries, " and ", list, inAnd, false)
	}
	f.WriteString("]")
}

func (f formatter) group(parts []imm.QueryCondition, joint, list string, in binding, enclosed bool) {
	if enclosed {
		f.WriteString("(")
	}
	for i, part := range parts {
		if i > 0 {
			f.WriteString(joint)
		}
		f.condition(part, list, in)
	}
	if enclosed {
		f.WriteString(")")
	}
}

// short is the name of a part of a list without that list, unless within would
// then take it for a whole one.
func short(list, name string) string {
	rest, inList := strings.CutPrefix(name, list+".")
	if list == "" || !inList || rest == "" || strings.HasPrefix(rest, list+".") {
		return name
	}
	return rest
}

// quoted puts a name or a value into quotes where it needs them.
func quoted(s string) string {
	switch strings.ToLower(s) {
	case "", "and", "or", "not", "exists":
		return strconv.Quote(s)
	}
	if prefix(s, isWord) < len(s) {
		return strconv.Quote(s)
	}
	return s
}
