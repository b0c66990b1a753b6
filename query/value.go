package query

import (
	"math"
	"reflect"
	"strconv"
	"time"

	"github.com/imm-go/imm"
)

// Value is what a field can be compared with. It goes over the wire as text, and
// the type of the field at the service decides how it compares:
//   - a text as it is;
//   - numbers in plain form, without exponents; not-a-number and the infinities
//     are refused when the condition is used;
//   - truth values as true and false;
//   - a time.Time in RFC 3339, with fractions of a second where it has any and in
//     its own zone; a year that RFC 3339 cannot write is refused when the
//     condition is used;
//   - a time.Duration as a number of seconds, the unit of the service's
//     durations.
type Value interface {
	~string | ~bool |
		~int | ~int8 | ~int16 | ~int32 | ~int64 |
		~uint | ~uint8 | ~uint16 | ~uint32 | ~uint64 |
		~float32 | ~float64 | time.Time
}

func compare[T Value](operation imm.QueryOperation, field string, value T) imm.QueryCondition {
	text, wrong := format(value)
	if wrong != "" {
		// No operation has this name, so the condition is refused when it is used,
		// and the error says why.
		operation += imm.QueryOperation(" with " + text + ", " + wrong)
	}
	return imm.QueryCondition{Field: field, Operation: operation, Value: text}
}

// format is a value as text, and what is wrong with it, if anything is.
func format(value any) (text, wrong string) {
	switch value := value.(type) {
	case time.Time:
		_, offset := value.Zone()
		const day = 24 * 60 * 60
		if value.Year() < 0 || value.Year() > 9999 || offset <= -day || offset >= day {
			wrong = "which RFC 3339 cannot write"
		}
		return value.Format(time.RFC3339Nano), wrong
	case time.Duration:
		return strconv.FormatFloat(value.Seconds(), 'f', -1, 64), ""
	}
	switch v := reflect.ValueOf(value); v.Kind() {
	case reflect.String:
		return v.String(), ""
	case reflect.Bool:
		return strconv.FormatBool(v.Bool()), ""
	case reflect.Float32, reflect.Float64:
		if math.IsNaN(v.Float()) || math.IsInf(v.Float(), 0) {
			wrong = "which is not a finite number"
		}
		return strconv.FormatFloat(v.Float(), 'f', -1, v.Type().Bits()), wrong
	default:
		if v.CanUint() {
			return strconv.FormatUint(v.Uint(), 10), ""
		}
		return strconv.FormatInt(v.Int(), 10), ""
	}
}
