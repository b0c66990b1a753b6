package immtest

import (
	"reflect"
	"strings"
	"sync"
	"time"

	"github.com/imm-go/imm"
)

var (
	fileType = reflect.TypeFor[imm.File]()
	timeType = reflect.TypeFor[time.Time]()
)

// fieldPath is the way from a structure to the values of one of its fields, or of
// a field of a part. The structures are those of package imm, so every documented
// field can be named; no JSON is made of a file to find one.
type fieldPath struct {
	steps []fieldStep
	leaf  reflect.Type // of what is at the end
	many  bool         // a list is on the way, so there may be several values
}

// fieldStep goes to a field of a structure, to a key of a map, or into each
// element of a list.
type fieldStep struct {
	into  stepKind
	field int
	key   reflect.Value
	size  bool // the field is the size of a file
}

type stepKind int

const (
	intoField stepKind = iota
	intoKey
	intoElements
)

// wireNames are the fields of structures by their names on the wire: a
// map[string]int for each type.
var wireNames sync.Map

func fieldsByName(t reflect.Type) map[string]int {
	if known, ok := wireNames.Load(t); ok {
		return known.(map[string]int)
	}
	names := make(map[string]int, t.NumField())
	for i := range t.NumField() {
		if name, _, _ := strings.Cut(t.Field(i).Tag.Get("json"), ","); name != "" && name != "-" {
			names[name] = i
		}
	}
	wireNames.Store(t, names)
	return names
}

// findField finds the way to a field such as Size, Labels.LabelName or
// CustomLabels.category in a structure. What follows the name of a map is a key of
// it, dots included. It returns false where there is no such field.
func findField(t reflect.Type, name string) (fieldPath, bool) {
	var p fieldPath
	for rest, more := name, true; more; {
		if t.Kind() == reflect.Slice {
			p.steps, p.many, t = append(p.steps, fieldStep{into: intoElements}), true, t.Elem()
		}
		switch {
		case t.Kind() == reflect.Map:
			p.steps, t = append(p.steps, fieldStep{into: intoKey, key: reflect.ValueOf(rest)}), t.Elem()
			more = false
		case t.Kind() == reflect.Struct && t != timeType:
			var part string
			part, rest, more = strings.Cut(rest, ".")
			i, ok := fieldsByName(t)[part]
			if !ok {
				return p, false
			}
			p.steps = append(p.steps, fieldStep{into: intoField, field: i, size: t == fileType && part == "Size"})
			t = t.Field(i).Type
		default:
			return p, false
		}
	}
	if t.Kind() == reflect.Slice && kindOf(t.Elem()) != notScalar {
		p.steps, p.many, t = append(p.steps, fieldStep{into: intoElements}), true, t.Elem()
	}
	p.leaf = t
	return p, true
}

// any reports whether one of the values of the field meets something. A field that
// is missing has none. As on the wire, a field of a structure that is zero is
// missing, unless it is a boolean; a key of a map and an element of a list are there
// whatever their value.
func (p *fieldPath) any(v reflect.Value, meets func(reflect.Value) bool) bool {
	return anyAt(v, p.steps, meets)
}

func anyAt(v reflect.Value, steps []fieldStep, meets func(reflect.Value) bool) bool {
	for i, step := range steps {
		switch step.into {
		case intoField:
			in := v
			v = in.Field(step.field)
			if v.IsZero() && v.Kind() != reflect.Bool && (!step.size || in.Addr().Interface().(*imm.File).ETag == "") {
				return false // but the size of an empty file that was read is known to be zero
			}
		case intoKey:
			if v = v.MapIndex(step.key); !v.IsValid() {
				return false
			}
		case intoElements:
			for j := range v.Len() {
				if anyAt(v.Index(j), steps[i+1:], meets) {
					return true
				}
			}
			return false
		}
	}
	return meets(v)
}

// first is the value of a field that is not many, and false where it is missing.
func (p *fieldPath) first(v reflect.Value) (value reflect.Value, found bool) {
	p.any(v, func(v reflect.Value) bool {
		value = v
		return true
	})
	return value, value.IsValid()
}

// scalarKind is how the values of a field compare.
type scalarKind int

const (
	notScalar scalarKind = iota // a structure, a map or a list of structures
	textKind
	integerKind
	floatKind
	timeKind
	booleanKind
)

func kindOf(t reflect.Type) scalarKind {
	switch t.Kind() {
	case reflect.String:
		return textKind
	case reflect.Int64:
		return integerKind
	case reflect.Float32, reflect.Float64:
		return floatKind
	case reflect.Bool:
		return booleanKind
	case reflect.Struct:
		if t == timeType {
			return timeKind
		}
	}
	return notScalar
}

// timeOf is the time in a field, without a copy on the heap.
func timeOf(v reflect.Value) time.Time {
	if v.CanAddr() {
		return *v.Addr().Interface().(*time.Time)
	}
	return v.Interface().(time.Time)
}
