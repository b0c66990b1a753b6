package wire

import (
	"encoding/json"
	"math"
	"reflect"
	"strconv"
	"strings"
	"sync"
	"time"
)

// Decode reads the JSON object data into the structure that into points to, by
// the names of its json tags. It knows what an answer is made of: structures,
// slices, texts, numbers, truth values, times, and maps of texts.
//
// It is lenient: a value that is not of the kind of its field, a number that does
// not fit and a time that is none leave the field as it is, null too, and a
// member of a map of texts that is no text is taken as its JSON. It reports false
// only if data is not one valid JSON object, and then nothing was decoded.
// Members of the outermost object that have no field go to unknown, unless that
// is nil.
//
// It goes through the text once after checking it, so that it costs less than
// encoding/json.
func Decode(data []byte, into any, unknown func(name, value []byte)) bool {
	if !json.Valid(data) {
		return false
	}
	data = trimSpace(data)
	if data[0] != '{' {
		return false
	}
	decodeStruct(data, reflect.ValueOf(into).Elem(), unknown)
	return true
}

var timeType = reflect.TypeFor[time.Time]()

// decodeValue decodes the value that the valid JSON text data starts with, and
// returns the text behind it.
func decodeValue(data []byte, v reflect.Value) []byte {
	kind := v.Kind()
	switch {
	case kind == reflect.Struct && data[0] == '{' && v.Type() != timeType:
		return decodeStruct(data, v, nil)
	case kind == reflect.Slice && data[0] == '[':
		return decodeSlice(data, v)
	case kind == reflect.Map && data[0] == '{':
		return decodeMap(data, v)
	}
	n := valueLen(data)
	decodeScalar(data[:n], v, kind)
	return data[n:]
}

func decodeScalar(value []byte, v reflect.Value, kind reflect.Kind) {
	switch kind {
	case reflect.String:
		if text, ok := Text(value); ok {
			v.SetString(text)
		}
	case reflect.Int64, reflect.Int32:
		if n, ok := wholeNumber(string(value)); ok && !v.OverflowInt(n) {
			v.SetInt(n)
		}
	case reflect.Float64, reflect.Float32:
		// Valid JSON that ParseFloat takes is a number: its literals of other
		// kinds are not JSON.
		if f, err := strconv.ParseFloat(string(value), v.Type().Bits()); err == nil {
			v.SetFloat(f)
		}
	case reflect.Bool:
		if b := string(value) == "true"; b || string(value) == "false" {
			v.SetBool(b)
		}
	case reflect.Struct:
		if text, ok := Text(value); ok && v.Type() == timeType {
			if t := Time(text); !t.IsZero() {
				v.Set(reflect.ValueOf(t))
			}
		}
	}
}

// wholeNumber takes 25.0 and 1e3 as well, because they are the same numbers.
func wholeNumber(text string) (int64, bool) {
	if n, err := strconv.ParseInt(text, 10, 64); err == nil {
		return n, true
	}
	f, err := strconv.ParseFloat(text, 64)
	const exact = 1 << 53
	return int64(f), err == nil && f == math.Trunc(f) && math.Abs(f) <= exact
}

func decodeStruct(data []byte, v reflect.Value, unknown func(name, value []byte)) []byte {
	fields := fieldsOf(v.Type())
	for data = trimSpace(data[1:]); data[0] != '}'; {
		n := valueLen(data)
		name := unquote(data[:n])
		data = trimSpace(trimSpace(data[n:])[1:]) // the colon
		if i, known := fields[string(name)]; known {
			data = decodeValue(data, v.Field(i))
		} else {
			n = valueLen(data)
			if unknown != nil {
				unknown(name, data[:n])
			}
			data = data[n:]
		}
		data = nextItem(data)
	}
	return data[1:]
}

func decodeSlice(data []byte, v reflect.Value) []byte {
	if v.IsNil() || v.Len() > 0 {
		v.Set(reflect.MakeSlice(v.Type(), 0, 0))
	}
	for data = trimSpace(data[1:]); data[0] != ']'; {
		n := v.Len()
		if n == v.Cap() {
			v.Grow(1)
		}
		v.SetLen(n + 1)
		item := v.Index(n)
		item.SetZero()
		data = nextItem(decodeValue(data, item))
	}
	return data[1:]
}

// decodeMap reads a map of texts.
func decodeMap(data []byte, v reflect.Value) []byte {
	texts := make(map[string]string)
	for data = trimSpace(data[1:]); data[0] != '}'; {
		n := valueLen(data)
		name := string(unquote(data[:n]))
		data = trimSpace(trimSpace(data[n:])[1:]) // the colon
		n = valueLen(data)
		texts[name] = LooseText(data[:n])
		data = nextItem(data[n:])
	}
	if m, ok := reflect.TypeAssert[*map[string]string](v.Addr()); ok {
		*m = texts
	}
	return data[1:]
}

// nextItem goes over the comma behind an item.
func nextItem(data []byte) []byte {
	if data = trimSpace(data); data[0] == ',' {
		data = trimSpace(data[1:])
	}
	return data
}

// LooseText is the text of a valid JSON string, nothing for null, and the JSON
// itself for everything else.
func LooseText(value []byte) string {
	if s, ok := Text(value); ok {
		return s
	}
	if string(value) == "null" {
		return ""
	}
	return string(value)
}

// Time is the time that a text says in RFC 3339, with or without fractions of a
// second, and the zero time for any other text. A zone of a day or more, which
// could not be written again, is none.
func Time(text string) time.Time {
	t, err := time.Parse(time.RFC3339, text)
	if err != nil {
		return time.Time{}
	}
	if _, offset := t.Zone(); offset <= -24*60*60 || offset >= 24*60*60 {
		return time.Time{}
	}
	return t
}

// structures are the fields of the types that were decoded so far, by name.
var structures sync.Map // of reflect.Type to map[string]int

func fieldsOf(structure reflect.Type) map[string]int {
	if fields, ok := structures.Load(structure); ok {
		return fields.(map[string]int)
	}
	fields := make(map[string]int)
	for i := range structure.NumField() {
		field := structure.Field(i)
		if name, _, _ := strings.Cut(field.Tag.Get("json"), ","); field.IsExported() && name != "" && name != "-" {
			fields[name] = i
		}
	}
	structures.Store(structure, fields)
	return fields
}
