package imm

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

// The limits of queries that the service documents.
const (
	maxSortFields = 5
	maxConditions = 100 // in one SubQueries
	maxLevels     = 5   // of conditions
)

// condition checks a condition and what is in it. The limit of levels is also
// what keeps it from going round in slices that contain themselves.
func (v *validator) condition(field string, q *QueryCondition, level int) {
	if level > maxLevels {
		v.fail(field, fmt.Sprintf("it is on level %d; conditions have at most %d levels", level, maxLevels))
		return
	}
	switch q.Operation {
	case QueryAnd, QueryOr, QueryNot, QueryNested:
		v.group(field, q, level)
	case QueryEq, QueryGt, QueryGte, QueryLt, QueryLte, QueryExist, QueryPrefix, QueryMatchPhrase:
		switch {
		case q.Field == "":
			v.fail(field+".Field", "it is empty; "+string(q.Operation)+" needs the name of a field, such as Size or CustomLabels.category")
		case len(q.SubQueries) > 0:
			v.fail(field+".SubQueries", string(q.Operation)+" is about the value of a field and has no sub-queries; want an Operation of and, or, not or nested around them")
		}
		v.text(field+".Value", q.Value, optional)
	case "":
		v.fail(field+".Operation", "it is empty; want "+knownOperations)
	default:
		v.fail(field+".Operation", quote(string(q.Operation))+" is not an operation; want "+knownOperations)
	}
	v.text(field+".Field", q.Field, optional)
}

const knownOperations = "and, or, not, nested, eq, gt, gte, lt, lte, exist, prefix or match-phrase"

// group checks a condition that is made of others.
func (v *validator) group(field string, q *QueryCondition, level int) {
	nested := q.Operation == QueryNested
	switch n := len(q.SubQueries); {
	case nested && q.Field == "":
		v.fail(field+".Field", "it is empty; nested needs the name of a list, such as Labels")
	case !nested && q.Field != "":
		v.fail(field+".Field", quote(q.Field)+" has no meaning beside "+string(q.Operation)+"; name fields in the sub-queries")
	case q.Value != "":
		v.fail(field+".Value", quote(q.Value)+" has no meaning beside "+string(q.Operation)+"; compare values in the sub-queries")
	case n == 0 || n > maxConditions:
		v.fail(field+".SubQueries", fmt.Sprintf("%s needs 1 to %d sub-queries, not %d", q.Operation, maxConditions, n))
	}
	for i := range q.SubQueries {
		if v.failed != nil {
			return
		}
		v.condition(fmt.Sprintf("%s.SubQueries[%d]", field, i), &q.SubQueries[i], level+1)
	}
}

// sort checks the fields to sort by and the order of each.
func (v *validator) sort(sort, order string) {
	v.text("Sort", sort, optional)
	fields := 0
	if sort != "" {
		for name := range strings.SplitSeq(sort, ",") {
			if fields++; strings.TrimSpace(name) == "" {
				v.fail("Sort", quote(sort)+" has an empty name in it; want fields joined by commas, such as Size,Filename")
			}
		}
	}
	if fields > maxSortFields {
		v.fail("Sort", fmt.Sprintf("it has %d fields; want at most %d", fields, maxSortFields))
	}
	if order == "" {
		return
	}
	words := 0
	for word := range strings.SplitSeq(order, ",") {
		if words++; word != "asc" && word != "desc" {
			v.fail("Order", quote(order)+" is not an order; want asc or desc for each field of Sort, joined by commas")
		}
	}
	if words > fields {
		v.fail("Order", fmt.Sprintf("it is for %d fields, and Sort has %d", words, fields))
	}
}

func (v *validator) aggregations(aggregations []Aggregation) {
	for i, a := range aggregations {
		at := fmt.Sprintf("Aggregations[%d].", i)
		switch {
		case a.Field == "":
			v.fail(at+"Field", "it is empty; want the name of a field, such as Size")
		case !utf8.ValidString(a.Field):
			v.fail(at+"Field", notUTF8)
		}
		switch a.Operation {
		case AggregateMin, AggregateMax, AggregateAverage, AggregateSum, AggregateCount, AggregateDistinct, AggregateGroup:
		default:
			v.fail(at+"Operation", quote(string(a.Operation))+" is not an aggregation; want min, max, average, sum, count, distinct or group")
		}
	}
}
