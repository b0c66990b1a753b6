package wire

import (
	"math"
	"reflect"
	"strconv"
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
	if !valid(data) {
		return false
	}
	data = trimSpace(data)
	if data[0] != '{' {
		return false
	}
	v := reflect.ValueOf(into).Elem()
	d := decoder{data: data, unknown: unknown}
	d.structure(0, v, codecOf(v.Type()))
	return true
}

// decoder is one call of Decode. Its methods decode what begins at data[i], which
// is known to be valid JSON, and return where that ends.
type decoder struct {
	data    []byte
	depth   int // of structures
	unknown func(name, value []byte)
	orders  map[*codec][]int
}

func (d *decoder) value(i int, v reflect.Value, c *codec) int {
	switch first := d.data[i]; {
	case first == '{' && c.fields != nil:
		return d.structure(i, v, c)
	case first == '[' && c.kind == reflect.Slice:
		return d.slice(i, v, c.elem)
	case first == '{' && c.kind == reflect.Map:
		return d.texts(i, v)
	}
	end := valueEnd(d.data, i)
	decodeScalar(d.data[i:end], v, c)
	return end
}

func (d *decoder) structure(i int, v reflect.Value, c *codec) int {
	d.depth++
	order := d.order(c)
	last := 0
	for i = skipSpace(d.data, i+1); d.data[i] != '}'; {
		end := stringEnd(d.data, i)
		f, known := c.find(d.data[i:end], order[last])
		value := skipSpace(d.data, skipSpace(d.data, end)+1) // behind the colon
		if known {
			order[last] = f
			last = f + 1
			end = d.value(value, v.Field(c.fields[f].index), c.fields[f].codec)
		} else {
			name := d.data[i:end]
			end = valueEnd(d.data, value)
			if d.depth == 1 && d.unknown != nil {
				d.unknown(unquote(name), d.data[value:end])
			}
		}
		i = nextItem(d.data, end)
	}
	d.depth--
	return i + 1
}

// order is which field was found behind which one in the structure before, and
// behind none at index 0. The elements of a list have their members in the same
// order, so it is a good guess.
func (d *decoder) order(c *codec) []int {
	order := d.orders[c]
	if order == nil {
		order = make([]int, len(c.fields)+1)
		if d.orders == nil {
			d.orders = make(map[*codec][]int)
		}
		d.orders[c] = order
	}
	return order
}

func (d *decoder) slice(i int, v reflect.Value, elem *codec) int {
	const least = 4 // as encoding/json has it
	if v.IsNil() || v.Len() > 0 {
		v.Set(reflect.MakeSlice(v.Type(), 0, 0))
	}
	for i = skipSpace(d.data, i+1); d.data[i] != ']'; {
		n := v.Len()
		if n == v.Cap() {
			v.Grow(max(1, least-n))
		}
		v.SetLen(n + 1)
		item := v.Index(n)
		item.SetZero()
		end := d.value(i, item, elem)
		if n == 0 && d.depth == 1 {
			// The list of an answer is most of it, and its elements are large, so
			// that to grow step by step would copy them several times.
			const most = 100 // what a page has by default
			v.Grow(min(most, (len(d.data)-i)/(end-i)))
		}
		i = nextItem(d.data, end)
	}
	return i + 1
}

// texts decodes a map of texts.
func (d *decoder) texts(i int, v reflect.Value) int {
	texts := make(map[string]string)
	for i = skipSpace(d.data, i+1); d.data[i] != '}'; {
		end := stringEnd(d.data, i)
		name := string(unquote(d.data[i:end]))
		i = skipSpace(d.data, skipSpace(d.data, end)+1) // behind the colon
		end = valueEnd(d.data, i)
		texts[name] = LooseText(d.data[i:end])
		i = nextItem(d.data, end)
	}
	if m, ok := reflect.TypeAssert[*map[string]string](v.Addr()); ok {
		*m = texts
	}
	return i + 1
}

func decodeScalar(value []byte, v reflect.Value, c *codec) {
	switch c.kind {
	case reflect.String:
		if text, ok := Text(value); ok {
			v.SetString(text)
		}
	case reflect.Int64, reflect.Int32:
		if n, ok := wholeNumber(value); ok && !v.OverflowInt(n) {
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
		if at, ok := reflect.TypeAssert[*time.Time](v.Addr()); ok && value[0] == '"' {
			if t := timeOf(value); !t.IsZero() {
				*at = t
			}
		}
	}
}

// wholeNumber takes 25.0 and 1e3 as well, because they are the same numbers.
func wholeNumber(text []byte) (int64, bool) {
	const short = 18 // digits that cannot overflow
	n := int64(0)
	for i, c := range text {
		if c < '0' || c > '9' || i == short {
			return otherNumber(string(text))
		}
		n = 10*n + int64(c-'0')
	}
	return n, len(text) > 0
}

func otherNumber(text string) (int64, bool) {
	if n, err := strconv.ParseInt(text, 10, 64); err == nil {
		return n, true
	}
	f, err := strconv.ParseFloat(text, 64)
	const exact = 1 << 53
	return int64(f), err == nil && f == math.Trunc(f) && math.Abs(f) <= exact
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
	if err != nil || !sayable(t) {
		return time.Time{}
	}
	return t
}

// timeOf is Time of a JSON string, without memory for the text where that is in
// the usual form.
func timeOf(value []byte) time.Time {
	var t time.Time
	if t.UnmarshalText(value[1:len(value)-1]) == nil && sayable(t) {
		return t
	}
	text, _ := Text(value)
	return Time(text)
}

func sayable(t time.Time) bool {
	_, offset := t.Zone()
	return -24*60*60 < offset && offset < 24*60*60
}
