// Package expression reads the language of imm query: conditions for the files of
// a dataset, as people write them on a command line.
//
//	ContentType = image/jpeg and Size >= 1048576
//	Filename ^= "photos/" or not exists CustomId
//	Labels[LabelName = cat and LabelConfidence > 0.9]
//
// The grammar, in which upper and lower case of the words is the same:
//
//	any     = all { "or" all }
//	all     = one { "and" one }
//	one     = "not" one | "exists" name | "(" any ")" | name "[" any "]" | name operator value
//	operator = "=" | "!=" | ">" | ">=" | "<" | "<=" | "^=" | "~"
//	name    = word | text
//	value   = word | text
//
// A text is in double quotes with the escapes of Go, or in single quotes without
// any. Names in brackets are parts of the list before them.
package expression

import (
	"fmt"
	"unicode/utf8"

	"github.com/imm-go/imm"
)

// Error is an expression that cannot be read.
type Error struct {
	Column int    // of the character where it goes wrong; the first is 1
	Reason string // what is wrong and what would be right
}

// Error is one line.
func (e *Error) Error() string { return fmt.Sprintf("column %d: %s", e.Column, e.Reason) }

// fault is an Error by the offset in bytes.
type fault struct {
	offset int
	reason string
}

func (f *fault) Error() string { return f.reason }

// Parse reads a condition that SimpleQuery accepts: with at most 5 levels, and at
// most 100 conditions in each. What is wrong is an *Error. The names of fields are
// not checked, because the service knows them better. Parse is safe for concurrent
// use.
func Parse(text string) (imm.QueryCondition, error) {
	condition, failed := parse(text)
	if failed == nil {
		return condition, nil
	}
	return imm.QueryCondition{}, &Error{Column: utf8.RuneCountInString(text[:failed.offset]) + 1, Reason: failed.reason}
}

func parse(text string) (imm.QueryCondition, *fault) {
	tokens, failed := scan(text)
	if failed != nil {
		return imm.QueryCondition{}, failed
	}
	p := parser{tokens: tokens}
	tree, failed := p.all()
	if failed != nil {
		return imm.QueryCondition{}, failed
	}
	return tree.condition(1, "")
}
