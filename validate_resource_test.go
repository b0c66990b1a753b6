package imm

import (
	"context"
	"fmt"
	"math"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// spoiled makes a call of an operation with a request of which all fields are
// set, after spoil changed it.
func spoiled(t *testing.T, action string, spoil func(request reflect.Value)) *ValidationError {
	t.Helper()
	operation := typedOperations()[action]
	request := fullRequest(action, operation.request)
	spoil(request.Elem())
	return verdictOn(t, func(ctx context.Context, c *Client) error { _, err := operation.call(ctx, c, request); return err })
}

func set(field string, value any) func(request reflect.Value) {
	return func(request reflect.Value) { request.FieldByName(field).Set(reflect.ValueOf(value)) }
}

func TestNoOperationTakesANilRequest(t *testing.T) {
	t.Parallel()
	for action, operation := range typedOperations() {
		none := reflect.Zero(reflect.PointerTo(operation.request))
		invalid := verdictOn(t, func(ctx context.Context, c *Client) error { _, err := operation.call(ctx, c, none); return err })
		require.NotNil(t, invalid, action)
		require.Equal(t, action, invalid.Action)
		require.Equal(t, "req", invalid.Field)
	}
}

func TestEveryProjectAndDatasetHasAName(t *testing.T) {
	t.Parallel()
	for action, operation := range typedOperations() {
		t.Run(action, func(t *testing.T) {
			t.Parallel()
			for _, field := range []string{"ProjectName", "DatasetName"} {
				if _, has := operation.request.FieldByName(field); !has {
					continue
				}
				for name, good := range map[string]bool{
					"a": true, "_": true, "a-1_": true, strings.Repeat("a", 128): true,
					strings.Repeat("a", 129): false, "1a": false, "-a": false, "a b": false, "a.b": false, "ä": false, "a\xff": false, "a\n": false,
				} {
					requireVerdict(t, good, spoiled(t, action, set(field, name)), action, field)
				}
			}
		})
	}
}

// TestEveryTextOfEveryRequestMustBeUTF8 visits them by reflection, so that one
// that a check forgets is found.
func TestEveryTextOfEveryRequestMustBeUTF8(t *testing.T) {
	t.Parallel()
	for action, operation := range typedOperations() {
		t.Run(action, func(t *testing.T) {
			t.Parallel()
			request := fullRequest(action, operation.request)
			for _, text := range textsOf(request.Elem(), "") {
				restore := text.spoil()
				invalid := verdictOn(t, func(ctx context.Context, c *Client) error { _, err := operation.call(ctx, c, request); return err })
				restore()
				require.NotNil(t, invalid, "%s.%s", action, text.path)
				field, _, _ := strings.Cut(text.path, ".")
				require.True(t, strings.HasPrefix(invalid.Field, field), "%s is named %s", text.path, invalid.Field)
			}
		})
	}
}

type textOf struct {
	path  string
	spoil func() (restore func())
}

// textsOf are all texts in a value, the keys and values of maps included.
func textsOf(v reflect.Value, path string) (all []textOf) {
	switch v.Kind() {
	case reflect.Pointer:
		return textsOf(v.Elem(), path)
	case reflect.String:
		return []textOf{{path, func() func() {
			before := v.String()
			v.SetString(before + "\xff")
			return func() { v.SetString(before) }
		}}}
	case reflect.Slice:
		for i := range v.Len() {
			all = append(all, textsOf(v.Index(i), path)...)
		}
	case reflect.Map:
		for _, pair := range [][2]string{{"\xff", "value"}, {"key", "\xff"}} {
			all = append(all, textOf{path, func() func() {
				before := v.Interface()
				v.Set(reflect.ValueOf(map[string]string{pair[0]: pair[1]}))
				return func() { v.Set(reflect.ValueOf(before)) }
			}})
		}
	case reflect.Struct:
		if v.Type() == reflect.TypeFor[time.Time]() {
			return nil
		}
		for f, field := range v.Fields() {
			all = append(all, textsOf(field, strings.TrimPrefix(path+"."+f.Name, "."))...)
		}
	}
	return all
}

func TestAPageHasAtMost200Items(t *testing.T) {
	t.Parallel()
	for _, action := range []string{"ListProjects", "ListDatasets", "ListBindings", "ListTasks", "ListAttachedOSSBuckets"} {
		limited := !slices.Contains([]string{"ListTasks", "ListAttachedOSSBuckets"}, action) // no limit of these is known
		for n, good := range map[int64]bool{
			0: true, 1: true, 100: true, 199: true, 200: true, 201: !limited, math.MaxInt64: !limited, -1: false, math.MinInt64: false,
		} {
			requireVerdict(t, good, spoiled(t, action, set("MaxResults", n)), action, "MaxResults")
		}
	}
}

func TestALimitIsNotNegative(t *testing.T) {
	t.Parallel()
	limits := []string{
		"ProjectMaxDatasetCount", "DatasetMaxBindCount", "DatasetMaxEntityCount", "DatasetMaxFileCount", "DatasetMaxRelationCount", "DatasetMaxTotalFileSize",
	}
	for _, action := range []string{"CreateProject", "UpdateProject", "CreateDataset", "UpdateDataset"} {
		for _, field := range limits {
			if strings.HasSuffix(action, "Dataset") && strings.HasPrefix(field, "Project") {
				continue
			}
			for n, good := range map[int64]bool{0: true, 1: true, math.MaxInt64: true, -1: false, math.MinInt64: false} {
				var value any = n
				if strings.HasPrefix(action, "Update") {
					value = &n
				}
				requireVerdict(t, good, spoiled(t, action, set(field, value)), action, field)
			}
		}
	}
}

func TestATagHasAKey(t *testing.T) {
	t.Parallel()
	for _, action := range []string{"CreateProject", "UpdateProject", "ListProjects"} {
		for name, tt := range map[string]struct {
			tags  map[string]string
			field string // that is wrong; empty if none is
		}{
			"none":             {nil, ""},
			"empty":            {map[string]string{}, ""},
			"a tag":            {map[string]string{"a": "b"}, ""},
			"no value":         {map[string]string{"a": ""}, ""},
			"any text":         {map[string]string{"日 \n\"": "\u2028"}, ""},
			"no key":           {map[string]string{"": "b", "a": "c"}, "Tags"},
			"a key not UTF-8":  {map[string]string{"a\xff": "b"}, "Tags[\"a\uFFFD\"]"},
			"a text not UTF-8": {map[string]string{"a": "b\xff", "b": "\xff"}, `Tags["a"]`},
		} {
			t.Run(action+", "+name, func(t *testing.T) {
				t.Parallel()
				requireVerdict(t, tt.field == "", spoiled(t, action, set("Tags", tt.tags)), action, tt.field)
			})
		}
	}
}

func TestABucketIsNamedWithoutItsScheme(t *testing.T) {
	t.Parallel()
	for _, action := range []string{"AttachOSSBucket", "DetachOSSBucket", "GetOSSBucketAttachment"} {
		for name, good := range map[string]bool{
			"b": true, "test-bucket": true, "test.bucket": true, "": false, "oss://test-bucket": false, "test-bucket/": false, "test-bucket/key": false,
			"/test-bucket": false, "oss:test-bucket": false, "test-bucket\xff": false,
		} {
			t.Run(action+strconv.Quote(name), func(t *testing.T) {
				t.Parallel()
				requireVerdict(t, good, spoiled(t, action, set("OSSBucket", name)), action, "OSSBucket")
			})
		}
	}
}

func TestARangeOfTimesEndsAfterItsStart(t *testing.T) {
	t.Parallel()
	at := time.Date(2024, 2, 29, 12, 0, 0, 5, time.UTC)
	for name, tt := range map[string]struct {
		times TimeRange
		wrong string // the part; "-" for the whole, empty if nothing is
	}{
		"open":                       {TimeRange{}, ""},
		"open at the end":            {TimeRange{Start: at}, ""},
		"open at the start":          {TimeRange{End: at}, ""},
		"a nanosecond":               {TimeRange{at, at.Add(1)}, ""},
		"an instant":                 {TimeRange{at, at}, ""},
		"an instant in two zones":    {TimeRange{at, at.In(time.FixedZone("", -8*60*60))}, ""},
		"a nanosecond back":          {TimeRange{at, at.Add(-1)}, "-"},
		"back, but later by the day": {TimeRange{at.In(time.FixedZone("", -20*60*60)), at.Add(-time.Hour)}, "-"},
		"a start that is no date":    {TimeRange{time.Date(10000, 1, 1, 0, 0, 0, 0, time.UTC), time.Time{}}, ".Start"},
		"an end that is no date":     {TimeRange{at, time.Date(10000, 1, 1, 0, 0, 0, 0, time.UTC)}, ".End"},
		"a zone of a day":            {TimeRange{at.In(time.FixedZone("", 24*60*60)), time.Time{}}, ".Start"},
	} {
		for _, field := range []string{"StartTimeRange", "EndTimeRange"} {
			t.Run(fmt.Sprint(field, ", ", name), func(t *testing.T) {
				t.Parallel()
				requireVerdict(t, tt.wrong == "", spoiled(t, "ListTasks", set(field, tt.times)), "ListTasks", field+strings.TrimPrefix(tt.wrong, "-"))
			})
		}
	}
}
