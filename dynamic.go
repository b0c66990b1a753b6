package imm

import (
	"bytes"
	"encoding"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"reflect"
	"strconv"
	"unicode/utf8"

	"github.com/imm-go/imm/internal/wire"
)

// appendParam adds one parameter of Do. What is said of its value says what
// would be right.
func appendParam(encoded *wire.Params, key string, value any) error {
	text, kind, err := paramValue(value)
	switch {
	case err != nil:
		return err
	case !utf8.ValidString(key):
		return errors.New("the name of the parameter is not valid UTF-8")
	case kind == leftOut:
		return nil
	case !utf8.ValidString(text):
		return errors.New("it is not valid UTF-8; encode the text first")
	}
	encoded.Text(key, text)
	return nil
}

type paramKind int

const (
	sent paramKind = iota
	leftOut
)

// maxPointers is how far a value is looked for behind pointers. What is deeper
// points to itself, and encoding/json says so.
const maxPointers = 100

func paramValue(value any) (string, paramKind, error) {
	v := reflect.ValueOf(value)
	for range maxPointers {
		if !v.IsValid() {
			return "", leftOut, nil
		}
		switch v.Kind() {
		case reflect.Pointer, reflect.Interface, reflect.Map, reflect.Slice, reflect.Chan, reflect.Func:
			if v.IsNil() {
				return "", leftOut, nil
			}
		}
		if _, ok := reflect.TypeAssert[json.Marshaler](v); ok {
			return paramJSON(v.Interface())
		}
		if v.Kind() != reflect.Pointer && v.Kind() != reflect.Interface {
			break
		}
		v = v.Elem()
	}
	switch v.Kind() {
	case reflect.String:
		return v.String(), sent, nil
	case reflect.Bool:
		return strconv.FormatBool(v.Bool()), sent, nil
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		return strconv.FormatInt(v.Int(), 10), sent, nil
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64, reflect.Uintptr:
		return strconv.FormatUint(v.Uint(), 10), sent, nil
	case reflect.Float32, reflect.Float64:
		if math.IsNaN(v.Float()) || math.IsInf(v.Float(), 0) {
			return "", sent, errors.New("it is not a finite number")
		}
		return strconv.FormatFloat(v.Float(), 'f', -1, v.Type().Bits()), sent, nil
	}
	text, kind, err := paramJSON(v.Interface())
	if err == nil && !validText(v) {
		err = errors.New("it has text in it that is not valid UTF-8; encode the text first")
	}
	return text, kind, err
}

// validText reports whether all text in a value that encoding/json has taken is
// valid UTF-8. It would replace what is not, and then a URI names another file.
func validText(v reflect.Value) bool {
	if v.IsValid() && v.CanInterface() {
		switch v.Interface().(type) {
		case json.Marshaler, encoding.TextMarshaler:
			return true // it writes itself
		}
	}
	switch v.Kind() {
	case reflect.String:
		return utf8.ValidString(v.String())
	case reflect.Pointer, reflect.Interface:
		return validText(v.Elem())
	case reflect.Slice, reflect.Array:
		for i := range v.Len() {
			if !validText(v.Index(i)) {
				return false
			}
		}
	case reflect.Map:
		for key, value := range v.Seq2() {
			if !validText(key) || !validText(value) {
				return false
			}
		}
	case reflect.Struct:
		for i := range v.NumField() {
			field := v.Type().Field(i)
			if (field.IsExported() || field.Anonymous) && field.Tag.Get("json") != "-" && !validText(v.Field(i)) {
				return false
			}
		}
	}
	return true
}

// paramJSON writes JSON without the escapes that encoding/json adds for HTML
// pages: they mean the same and only make requests longer.
func paramJSON(value any) (string, paramKind, error) {
	var buf bytes.Buffer
	encoder := json.NewEncoder(&buf)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(value); err != nil {
		return "", sent, fmt.Errorf("a %T cannot be sent as JSON: %s", value, oneLine(err.Error()))
	}
	return string(bytes.TrimSuffix(buf.Bytes(), []byte("\n"))), sent, nil
}

// anyAnswer is the answer of an operation that this package knows nothing of.
type anyAnswer struct {
	out       any
	requestID string
}

func (a *anyAnswer) decode(data []byte) bool {
	isObject := wire.Members(data, func(name, value []byte) {
		if string(name) == "RequestId" {
			a.requestID, _ = wire.Text(value)
		}
	})
	return isObject && (a.out == nil || json.Unmarshal(data, a.out) == nil)
}

func (a *anyAnswer) id() string { return a.requestID }
