package immtest

import (
	"fmt"
	"reflect"
	"strings"
)

// The limits of conditions that the service documents.
const (
	maxConditions = 100 // of one SubQueries
	maxLevels     = 5
)

// queryNode is a condition of SimpleQuery as it comes.
type queryNode struct {
	Field, Operation, Value string
	SubQueries              []queryNode
}

// condition is a condition that was compiled: whether a structure meets it.
type condition func(v reflect.Value) bool

// scope is what the names of fields in a condition are looked for in: a file, or
// an element of the list of a nested condition.
type scope struct {
	of   reflect.Type
	name string // of the list, from the file on; empty for a file
}

// find finds a field by its name from the file on, as Labels.LabelName, or in a
// nested condition by its name in the element, as LabelName. The documentation says
// that sub-queries name sub-fields of the list and not which of the two it means,
// so both are taken.
func (s scope) find(name string) (path fieldPath, whole string, ok bool) {
	if rest, cut := strings.CutPrefix(name, s.name+"."); cut && s.name != "" {
		if path, ok := findField(s.of, rest); ok {
			return path, name, true
		}
	}
	path, ok = findField(s.of, name)
	if s.name != "" {
		name = s.name + "." + name
	}
	return path, name, ok
}

// compiler compiles the conditions of one query. It keeps the first failure.
type compiler struct {
	failed *failure
}

// compile compiles the condition of a query; one that says nothing is met by every
// file.
func compile(q *queryNode) (condition, *failure) {
	if q.Field == "" && q.Operation == "" && q.Value == "" && len(q.SubQueries) == 0 {
		return func(reflect.Value) bool { return true }, nil
	}
	var c compiler
	compiled := c.condition(q, "Query", scope{of: fileType}, 1)
	return compiled, c.failed
}

// refuse notes what is wrong, and returns a condition that nobody runs.
func (c *compiler) refuse(where, why string) condition {
	if c.failed == nil {
		c.failed = invalidArgument(where, why)
	}
	return nil
}

func (c *compiler) condition(q *queryNode, where string, in scope, level int) condition {
	if level > maxLevels {
		return c.refuse(where, fmt.Sprintf("conditions have at most %d levels", maxLevels))
	}
	switch q.Operation {
	case "and":
		all := c.conditions(q, where, in, level)
		return func(v reflect.Value) bool { return meetsAll(v, all) }
	case "or":
		some := c.conditions(q, where, in, level)
		return func(v reflect.Value) bool { return meetsOne(v, some) }
	case "not":
		// Of several conditions none may be met (inferred).
		none := c.conditions(q, where, in, level)
		return func(v reflect.Value) bool { return !meetsOne(v, none) }
	case "nested":
		return c.nested(q, where, in, level)
	case "eq", "gt", "gte", "lt", "lte", "exist", "prefix", "match-phrase":
		return c.comparison(q, where, in)
	}
	return c.refuse(where+".Operation", "it is one of and, or, not, nested, eq, gt, gte, lt, lte, exist, prefix and match-phrase")
}

// conditions compiles sub-queries. A Field or Value beside them has no meaning, as
// documented, and is ignored.
func (c *compiler) conditions(q *queryNode, where string, in scope, level int) []condition {
	if n := len(q.SubQueries); n == 0 || n > maxConditions {
		c.refuse(where+".SubQueries", fmt.Sprintf("there are 1 to %d of them, not %d", maxConditions, n))
		return nil
	}
	all := make([]condition, 0, len(q.SubQueries))
	for i := range q.SubQueries {
		all = append(all, c.condition(&q.SubQueries[i], fmt.Sprintf("%s.SubQueries[%d]", where, i), in, level+1))
	}
	return all
}

// nested is met where one element of a list meets all sub-queries.
func (c *compiler) nested(q *queryNode, where string, in scope, level int) condition {
	path, whole, ok := in.find(q.Field)
	if !ok || path.leaf.Kind() != reflect.Slice {
		return c.refuse(where+".Field", "a nested condition is about a list of structures such as Labels")
	}
	all := c.conditions(q, where, scope{of: path.leaf.Elem(), name: whole}, level)
	return func(v reflect.Value) bool {
		return path.any(v, func(list reflect.Value) bool {
			for i := range list.Len() {
				if meetsAll(list.Index(i), all) {
					return true
				}
			}
			return false
		})
	}
}

// comparison is met where one of the values of a field meets it. A field that is
// missing meets none.
func (c *compiler) comparison(q *queryNode, where string, in scope) condition {
	if len(q.SubQueries) > 0 {
		return c.refuse(where+".SubQueries", q.Operation+" has none")
	}
	path, _, ok := in.find(q.Field)
	if !ok {
		return c.refuse(where+".Field", "there is no field of that name")
	}
	if q.Operation == "exist" {
		return func(v reflect.Value) bool { return path.any(v, isFilled) }
	}
	test, why := newValueTest(kindOf(path.leaf), q.Operation, q.Value, path.leaf.Bits)
	if why != "" {
		return c.refuse(where, why)
	}
	return func(v reflect.Value) bool { return path.any(v, test) }
}

// isFilled reports whether a value that is there counts as existing: a list or a
// map that is empty does not.
func isFilled(v reflect.Value) bool {
	kind := v.Kind()
	return kind != reflect.Slice && kind != reflect.Map || v.Len() > 0
}

func meetsAll(v reflect.Value, all []condition) bool {
	for _, c := range all {
		if !c(v) {
			return false
		}
	}
	return true
}

func meetsOne(v reflect.Value, some []condition) bool {
	for _, c := range some {
		if c(v) {
			return true
		}
	}
	return false
}
