package imm

import (
	"strconv"
	"strings"

	"github.com/imm-go/imm/internal/wire"
)

// QueryOperation is what a condition does.
type QueryOperation string

// The operations that the service documents. The first four have SubQueries, the
// others are about the value of a Field.
const (
	QueryAnd    QueryOperation = "and"
	QueryOr     QueryOperation = "or"
	QueryNot    QueryOperation = "not"
	QueryNested QueryOperation = "nested" // one element of a list meets them all

	QueryEq          QueryOperation = "eq"
	QueryGt          QueryOperation = "gt"
	QueryGte         QueryOperation = "gte"
	QueryLt          QueryOperation = "lt"
	QueryLte         QueryOperation = "lte"
	QueryExist       QueryOperation = "exist" // needs no Value
	QueryPrefix      QueryOperation = "prefix"
	QueryMatchPhrase QueryOperation = "match-phrase"
)

// QueryCondition is a condition for files, as SimpleQuery takes it. Package query
// makes them with less writing:
//
//	query.And(query.Eq("ContentType", "image/jpeg"), query.Gte("Size", 1<<20))
//
// A condition about a value has a Field, an Operation and a Value, which is always
// text: the type of the field decides how it compares. One of and, or and not has
// 1 to 100 SubQueries; nested also has the Field of a list, such as Labels, and
// its sub-queries name parts of its elements. There are at most 5 levels, of
// which the condition itself is the first.
//
// A condition marshals to the JSON that the service documents, the zero one to {};
// one that SimpleQuery would refuse does not marshal, with the same
// *ValidationError.
//
// https://www.alibabacloud.com/help/en/imm/developer-reference/api-imm-2020-09-30-struct-simplequery
type QueryCondition struct {
	Field      string           `json:"Field,omitzero"`
	Operation  QueryOperation   `json:"Operation,omitzero"`
	Value      string           `json:"Value,omitzero"`
	SubQueries []QueryCondition `json:"SubQueries,omitzero"`
}

func (q QueryCondition) isZero() bool {
	return q.Field == "" && q.Operation == "" && q.Value == "" && len(q.SubQueries) == 0
}

// MarshalJSON writes the condition as SimpleQuery sends it.
func (q QueryCondition) MarshalJSON() ([]byte, error) {
	if q.isZero() {
		return []byte("{}"), nil
	}
	v := validator{action: "SimpleQuery"}
	if v.condition("Query", &q, 1); v.failed != nil {
		return nil, v.failed
	}
	return appendCondition(nil, &q), nil
}

// String shows the condition in one line, for logs and errors, as in
//
//	and(ContentType eq "image/jpeg", Size gte "1048576", exist CustomLabels.category)
//
// Every condition can be shown, those that cannot be sent as well, and different
// ones that can be sent look different. Levels beyond 16 are shown as "…".
func (q QueryCondition) String() string {
	const deep = 16
	var b strings.Builder
	q.print(&b, deep)
	return b.String()
}

func (q QueryCondition) print(b *strings.Builder, levels int) {
	switch {
	case levels == 0:
		b.WriteString("…")
		return
	case q.isZero():
		b.WriteString("()")
		return
	case q.Operation == QueryExist && q.Value == "" && len(q.SubQueries) == 0:
		b.WriteString("exist " + bare(q.Field))
		return
	case len(q.SubQueries) == 0 && !q.Operation.hasSubQueries():
		b.WriteString(bare(q.Field) + " " + bare(string(q.Operation)) + " " + strconv.Quote(q.Value))
		return
	}
	b.WriteString(bare(string(q.Operation)))
	if q.Field != "" {
		b.WriteString(" " + bare(q.Field))
	}
	if q.Value != "" {
		b.WriteString(" " + strconv.Quote(q.Value))
	}
	b.WriteByte('(')
	for i := range q.SubQueries {
		if i > 0 {
			b.WriteString(", ")
		}
		q.SubQueries[i].print(b, levels-1)
	}
	b.WriteByte(')')
}

// bare shows a name as it is, and what does not look like one in quotes.
func bare(name string) string {
	for i := range len(name) {
		c := name[i]
		letter := 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9'
		if !letter && c != '.' && c != '_' && c != '-' {
			return strconv.Quote(name)
		}
	}
	if name == "" {
		return `""`
	}
	return name
}

func (o QueryOperation) hasSubQueries() bool {
	return o == QueryAnd || o == QueryOr || o == QueryNot || o == QueryNested
}

// appendCondition writes a condition that was checked. The value of a comparison
// is written even if it is empty, which is something to compare with.
func appendCondition(dst []byte, q *QueryCondition) []byte {
	o := wire.BeginObject(dst)
	o.Text("Field", q.Field)
	o.Text("Operation", string(q.Operation))
	if q.Value != "" || !q.Operation.hasSubQueries() && q.Operation != QueryExist {
		o.Value("Value", func(dst []byte) []byte { return wire.AppendString(dst, q.Value) })
	}
	if q.Operation.hasSubQueries() {
		o.Value("SubQueries", func(dst []byte) []byte { return wire.AppendArray(dst, q.SubQueries, appendCondition) })
	}
	return o.End()
}
