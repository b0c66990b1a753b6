package wire

import (
	"reflect"
	"strings"
	"sync"
	"time"
)

// codec is what Decode has to know of a type. It is made once for each.
type codec struct {
	kind   reflect.Kind
	elem   *codec         // of a slice
	fields []field        // of a structure that is no time; not nil
	byName map[string]int // indexes of fields
}

type field struct {
	name  string
	index int // in the structure
	codec *codec
}

// find returns the index of the field that has the name, a JSON string. The guess
// is tried first, because to compare is faster than to look up.
func (c *codec) find(name []byte, guess int) (int, bool) {
	if guess < len(c.fields) && c.fields[guess].name == string(name[1:len(name)-1]) {
		return guess, true
	}
	i, known := c.byName[string(unquote(name))]
	return i, known
}

var codecs sync.Map // of reflect.Type to *codec

func codecOf(t reflect.Type) *codec {
	if c, ok := codecs.Load(t); ok {
		return c.(*codec)
	}
	made := make(map[reflect.Type]*codec)
	c := makeCodec(t, made)
	for t, c := range made { // only now is each of them whole
		codecs.Store(t, c)
	}
	return c
}

// makeCodec makes the codecs of a type and of its parts, one of which may be the
// type itself.
func makeCodec(t reflect.Type, made map[reflect.Type]*codec) *codec {
	if c, ok := made[t]; ok {
		return c
	}
	c := &codec{kind: t.Kind()}
	made[t] = c
	switch {
	case c.kind == reflect.Slice:
		c.elem = makeCodec(t.Elem(), made)
	case c.kind == reflect.Struct && t != reflect.TypeFor[time.Time]():
		c.fields, c.byName = []field{}, make(map[string]int)
		for i := range t.NumField() {
			f := t.Field(i)
			if name, _, _ := strings.Cut(f.Tag.Get("json"), ","); f.IsExported() && name != "" && name != "-" {
				c.byName[name] = len(c.fields)
				c.fields = append(c.fields, field{name, i, makeCodec(f.Type, made)})
			}
		}
	}
	return c
}
