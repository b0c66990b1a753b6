// Package query makes the conditions of imm.SimpleQueryRequest:
//
//	query.And(
//		query.Eq("ContentType", "image/jpeg"),
//		query.Gte("Size", 1<<20),
//		query.Exists("CustomLabels.category"),
//		query.Nested("Labels", query.Eq("Labels.LabelName", "cat"), query.Gt("Labels.LabelConfidence", 0.9)),
//	)
//
// Each function returns an imm.QueryCondition, which can be changed, printed and
// marshalled, and mixed with those written by hand. Nothing is checked before it
// is used: SimpleQuery, SimpleQueryFiles and MarshalJSON refuse what cannot be
// right with an *imm.ValidationError that says where it is.
//
// The functions are safe for concurrent use.
//
// https://www.alibabacloud.com/help/en/imm/developer-reference/api-imm-2020-09-30-struct-simplequery
package query

import (
	"github.com/imm-go/imm"
)

// And is met by files that meet all conditions, of which there are 1 to 100.
func And(conditions ...imm.QueryCondition) imm.QueryCondition {
	return imm.QueryCondition{Operation: imm.QueryAnd, SubQueries: conditions}
}

// Or is met by files that meet at least one of the conditions, of which there are
// 1 to 100.
func Or(conditions ...imm.QueryCondition) imm.QueryCondition {
	return imm.QueryCondition{Operation: imm.QueryOr, SubQueries: conditions}
}

// Not is met by files that do not meet the condition.
func Not(condition imm.QueryCondition) imm.QueryCondition {
	return imm.QueryCondition{Operation: imm.QueryNot, SubQueries: []imm.QueryCondition{condition}}
}

// Nested is met by files of which one element of a list, such as Labels or
// Figures, meets all conditions, of which there are 1 to 100. They name parts of
// the elements, such as Labels.LabelName. Without Nested, one condition may be met
// by one element and the next by another.
func Nested(field string, conditions ...imm.QueryCondition) imm.QueryCondition {
	return imm.QueryCondition{Field: field, Operation: imm.QueryNested, SubQueries: conditions}
}

// Eq is met by files whose field has the value.
func Eq[T Value](field string, value T) imm.QueryCondition {
	return compare(imm.QueryEq, field, value)
}

// Gt is met by files whose field is greater than the value.
func Gt[T Value](field string, value T) imm.QueryCondition {
	return compare(imm.QueryGt, field, value)
}

// Gte is met by files whose field is greater than the value or equal to it.
func Gte[T Value](field string, value T) imm.QueryCondition {
	return compare(imm.QueryGte, field, value)
}

// Lt is met by files whose field is less than the value.
func Lt[T Value](field string, value T) imm.QueryCondition {
	return compare(imm.QueryLt, field, value)
}

// Lte is met by files whose field is less than the value or equal to it.
func Lte[T Value](field string, value T) imm.QueryCondition {
	return compare(imm.QueryLte, field, value)
}

// Exists is met by files that have the field.
func Exists(field string) imm.QueryCondition {
	return imm.QueryCondition{Field: field, Operation: imm.QueryExist}
}

// Prefix is met by files whose field begins with the text, such as a URI with the
// folder that it is in.
func Prefix(field, text string) imm.QueryCondition {
	return imm.QueryCondition{Field: field, Operation: imm.QueryPrefix, Value: text}
}

// MatchPhrase is met by files in whose field the words of the text occur, one
// after the other.
func MatchPhrase(field, text string) imm.QueryCondition {
	return imm.QueryCondition{Field: field, Operation: imm.QueryMatchPhrase, Value: text}
}
