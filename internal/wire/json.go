package wire

import (
	"bytes"
	"encoding/json"
	"math"
	"strconv"
	"time"
	"unicode/utf8"
)

// AppendString appends s as a JSON string. It escapes only what JSON needs
// escaped. The text must be valid UTF-8.
func AppendString(dst []byte, s string) []byte {
	dst = append(dst, '"')
	start := 0
	for i := range len(s) {
		c := s[i]
		if c >= ' ' && c != '"' && c != '\\' {
			continue
		}
		dst = append(dst, s[start:i]...)
		dst = appendInText(dst, c)
		start = i + 1
	}
	dst = append(dst, s[start:]...)
	return append(dst, '"')
}

// appendInText appends a byte of a text as it stands in a JSON string.
func appendInText(dst []byte, c byte) []byte {
	switch {
	case c == '"' || c == '\\':
		return append(dst, '\\', c)
	case c == '\n':
		return append(dst, '\\', 'n')
	case c == '\r':
		return append(dst, '\\', 'r')
	case c == '\t':
		return append(dst, '\\', 't')
	case c < ' ':
		return append(dst, '\\', 'u', '0', '0', upperHex[c>>4], upperHex[c&15])
	}
	return append(dst, c)
}

// AppendFloat appends f, which must be finite, as encoding/json does: in plain
// form where that is short.
func AppendFloat(dst []byte, f float64, bits int) []byte {
	least := 1e-6
	if bits == 32 {
		least = float64(float32(least)) // which is below 1e-6
	}
	if abs := math.Abs(f); abs == 0 || least <= abs && abs < 1e21 {
		return strconv.AppendFloat(dst, f, 'f', -1, bits)
	}
	dst = strconv.AppendFloat(dst, f, 'e', -1, bits)
	if n := len(dst); dst[n-3] == '-' && dst[n-2] == '0' { // 1e-7, where strconv writes 1e-07
		dst[n-2] = dst[n-1]
		dst = dst[:n-1]
	}
	return dst
}

// Object collects the members of a JSON object behind dst. The names are written
// as they are: they are those of this module's own fields, never a user's text.
type Object struct{ dst []byte }

// BeginObject starts an object; End closes it.
func BeginObject(dst []byte) Object { return Object{append(dst, '{')} }

// End closes the object and returns the extended slice.
func (o *Object) End() []byte { return append(o.dst, '}') }

// key begins a member, whose value must follow.
func (o *Object) key(name string) {
	if o.dst[len(o.dst)-1] != '{' {
		o.dst = append(o.dst, ',')
	}
	o.dst = append(o.dst, '"')
	o.dst = append(o.dst, name...)
	o.dst = append(o.dst, '"', ':')
}

// Text adds a string, unless it is empty.
func (o *Object) Text(name, value string) {
	if value != "" {
		o.key(name)
		o.dst = AppendString(o.dst, value)
	}
}

// Int adds a whole number, unless it is zero.
func (o *Object) Int(name string, value int64) {
	if value != 0 {
		o.key(name)
		o.dst = strconv.AppendInt(o.dst, value, 10)
	}
}

// Float32 adds a number, unless it is zero.
func (o *Object) Float32(name string, value float32) {
	if value != 0 {
		o.key(name)
		o.dst = AppendFloat(o.dst, float64(value), 32)
	}
}

// Time adds a time in RFC 3339 with nanoseconds, unless it is zero.
func (o *Object) Time(name string, value time.Time) {
	if !value.IsZero() {
		o.key(name)
		o.dst = append(o.dst, '"')
		o.dst = value.AppendFormat(o.dst, time.RFC3339Nano)
		o.dst = append(o.dst, '"')
	}
}

// Value adds whatever encode appends.
func (o *Object) Value(name string, encode func(dst []byte) []byte) {
	o.key(name)
	o.dst = encode(o.dst)
}

// AppendArray appends a JSON array of the items, each as encode appends it.
func AppendArray[T any](dst []byte, items []T, encode func(dst []byte, item *T) []byte) []byte {
	dst = append(dst, '[')
	for i := range items {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = encode(dst, &items[i])
	}
	return append(dst, ']')
}

// IsObject reports whether data, if it is valid JSON, is an object.
func IsObject(data []byte) bool {
	data = trimSpace(data)
	return len(data) > 0 && data[0] == '{'
}

// Members calls visit with each member of the JSON object data: its name as text
// and its value as it stands there, both valid until data changes. It reports
// false if data is not one valid JSON object.
func Members(data []byte, visit func(name, value []byte)) bool {
	if !valid(data) {
		return false
	}
	data = trimSpace(data)
	if data[0] != '{' {
		return false
	}
	// From here on the syntax is known to be right, so only ends are looked for.
	for i := skipSpace(data, 1); data[i] != '}'; {
		end := stringEnd(data, i)
		name := unquote(data[i:end])
		i = skipSpace(data, skipSpace(data, end)+1) // behind the colon
		end = valueEnd(data, i)
		visit(name, data[i:end])
		i = nextItem(data, end)
	}
	return true
}

// unquote returns the text of a valid JSON string, as a part of it where that is
// possible: most names are compared and forgotten.
func unquote(value []byte) []byte {
	if inner := value[1 : len(value)-1]; bytes.IndexByte(inner, '\\') < 0 && utf8.Valid(inner) {
		return inner
	}
	s, _ := Text(value)
	return []byte(s)
}

// Text returns the text of a valid JSON string; false if the value is no string.
func Text(value []byte) (string, bool) {
	if len(value) < 2 || value[0] != '"' {
		return "", false
	}
	if inner := value[1 : len(value)-1]; bytes.IndexByte(inner, '\\') < 0 && utf8.Valid(inner) {
		return string(inner), true
	}
	var s string
	err := json.Unmarshal(value, &s)
	return s, err == nil
}

// valueEnd is the end of the value that begins at data[i] of valid JSON text.
func valueEnd(data []byte, i int) int {
	switch data[i] {
	case '"':
		return stringEnd(data, i)
	case '{', '[':
		return nestedEnd(data, i)
	}
	for i++; i < len(data); i++ { // a number or a literal
		switch data[i] {
		case ',', '}', ']', ' ', '\t', '\r', '\n':
			return i
		}
	}
	return i
}

// stringEnd is the end of the string whose first quote is data[i].
func stringEnd(data []byte, i int) int {
	for i++; ; i += 2 { // over a backslash and what is behind it
		if i = nextSpecial(data, i); data[i] == '"' {
			return i + 1
		}
	}
}

// nestedEnd is the end of the object or the array that begins at data[i].
func nestedEnd(data []byte, i int) int {
	for depth := 0; ; i++ {
		switch data[i] {
		case '"':
			i = stringEnd(data, i) - 1
		case '{', '[':
			depth++
		case '}', ']':
			if depth--; depth == 0 {
				return i + 1
			}
		}
	}
}

// nextItem is where the next item begins, or else the bracket that ends them,
// behind an item that ends at data[i].
func nextItem(data []byte, i int) int {
	if i = skipSpace(data, i); data[i] == ',' {
		i = skipSpace(data, i+1)
	}
	return i
}

func trimSpace(data []byte) []byte {
	for len(data) > 0 && (data[0] == ' ' || data[0] == '\t' || data[0] == '\r' || data[0] == '\n') {
		data = data[1:]
	}
	return data
}
