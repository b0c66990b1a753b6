package imm

import (
	"bytes"
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

func paramValue(value any) (string, paramKind, error) {
	v := reflect.ValueOf(value)
	for {
		if !v.IsValid() {
			return "", leftOut, nil
		}
		switch v.Kind() {
		case reflect.Pointer, reflect.Interface, reflect.Map, reflect.Slice, reflect.Chan, reflect.Func:
			if v.IsNil() {
				return "", leftOut, nil
			}
		}
		if _, ok := v.Interface().(json.Marshaler); ok {
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
	return paramJSON(v.Interface())
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
type anyAnswer struct{ out any }

func (a anyAnswer) decode(data []byte) bool {
	object := false
	if a.out == nil {
		return wire.Members(data, func(string, []byte) {})
	}
	trimmed := bytes.TrimLeft(data, " \t\r\n")
	object = len(trimmed) > 0 && trimmed[0] == '{'
	return object && json.Unmarshal(data, a.out) == nil
}
