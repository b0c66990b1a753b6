package immtest

import (
	"cmp"
	"math"
	"reflect"
	"strconv"
	"strings"
	"time"
)

// newValueTest compiles the comparison of a field's values with a text, and says
// why it cannot be made. The kind of the field decides: numbers compare as
// numbers, times as times whatever their zones, text byte by byte. bits is the size
// of the field's type, asked for only where it has one.
func newValueTest(kind scalarKind, operation, text string, bits func() int) (test func(reflect.Value) bool, why string) {
	switch operation {
	case "prefix", "match-phrase":
		// That these are for text alone is inferred: the documentation lists fields for
		// them, and those are text.
		if kind != textKind {
			return nil, operation + " is for fields that are text"
		}
		if operation == "prefix" {
			return func(v reflect.Value) bool { return strings.HasPrefix(v.String(), text) }, ""
		}
		phrase := wordsOf(text)
		return func(v reflect.Value) bool { return hasPhrase(v.String(), phrase) }, ""
	}
	var compare func(reflect.Value) int
	switch kind {
	case textKind:
		compare = func(v reflect.Value) int { return cmp.Compare(v.String(), text) }
	case integerKind:
		compare, why = integerTest(text)
	case floatKind:
		compare, why = floatTest(text, bits())
	case timeKind:
		compare, why = timeTest(text)
	case booleanKind:
		compare, why = booleanTest(text)
	default:
		return nil, "the field is a list or a structure; name a part of it"
	}
	if why != "" {
		return nil, why
	}
	holds := ordered(operation)
	return func(v reflect.Value) bool { return holds(compare(v)) }, ""
}

// ordered is what a comparison asks of the order of a field's value and its own.
func ordered(operation string) func(order int) bool {
	switch operation {
	case "gt":
		return func(order int) bool { return order > 0 }
	case "gte":
		return func(order int) bool { return order >= 0 }
	case "lt":
		return func(order int) bool { return order < 0 }
	case "lte":
		return func(order int) bool { return order <= 0 }
	default:
		return func(order int) bool { return order == 0 }
	}
}

const notANumber = "the field is a number, and the Value is not"

// integerTest compares whole numbers exactly, and with a fraction as far as the
// type of numbers in JSON goes.
func integerTest(text string) (func(reflect.Value) int, string) {
	if whole, err := strconv.ParseInt(text, 10, 64); err == nil {
		return func(v reflect.Value) int { return cmp.Compare(v.Int(), whole) }, ""
	}
	fraction, ok := parseNumber(text, 64)
	if !ok {
		return nil, notANumber
	}
	return func(v reflect.Value) int { return cmp.Compare(float64(v.Int()), fraction) }, ""
}

// floatTest reads the text in the precision of the field, so that 0.9 equals a
// confidence of 0.9.
func floatTest(text string, bits int) (func(reflect.Value) int, string) {
	number, ok := parseNumber(text, bits)
	if !ok {
		return nil, notANumber
	}
	return func(v reflect.Value) int { return cmp.Compare(v.Float(), number) }, ""
}

// parseNumber takes decimal numbers only, not the others that Go can write.
func parseNumber(text string, bits int) (float64, bool) {
	if strings.Trim(text, "0123456789+-.eE") != "" {
		return 0, false
	}
	number, err := strconv.ParseFloat(text, bits)
	return number, err == nil && !math.IsInf(number, 0)
}

func timeTest(text string) (func(reflect.Value) int, string) {
	at, err := time.Parse(time.RFC3339Nano, text)
	if err != nil {
		return nil, "the field is a time, and the Value is not one such as 2021-06-29T14:50:13.011643661+08:00"
	}
	return func(v reflect.Value) int { return timeOf(v).Compare(at) }, ""
}

// booleanTest is for a field that is true or false. No documented one is yet.
func booleanTest(text string) (func(reflect.Value) int, string) {
	want, err := strconv.ParseBool(text)
	if err != nil {
		return nil, "the field is true or false, and the Value is neither"
	}
	return func(v reflect.Value) int {
		if v.Bool() == want {
			return 0
		}
		return 1
	}, ""
}
