package imm

import (
	"bytes"
	"encoding/json"
	"io"
	"maps"
	"net/http"
	"net/url"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// TestEveryFieldOfTheModelGoesOverTheWireUnderItsNameAndInItsPlace sends each
// request with all fields set, and answers with all fields set.
func TestEveryFieldOfTheModelGoesOverTheWireUnderItsNameAndInItsPlace(t *testing.T) {
	t.Parallel()
	model := readModel(t)
	for name, operation := range typedOperations() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			model := model
			if strings.HasSuffix(name, "UpdateFileMeta") {
				model.Types = maps.Clone(model.Types)
				model.Types["InputFile"] = model.updatedFile()
			}
			request := fullRequest(name, operation.request)
			answer := model.sample(model.Operations[name].Response)
			sent := send(t, operation, request, answer, func(got any) {
				data, err := json.Marshal(got)
				require.NoError(t, err)
				require.Equal(t, exactly(t, answer), exactly(t, data), "what is decoded is what was sent")
			})

			var names []string
			for _, field := range model.Operations[name].Request {
				require.Equal(t, "query", field.In)
				names = append(names, field.Name)
				value := request.Elem().FieldByName(goName(field.Name))
				require.False(t, value.IsZero(), "the filler forgets %s", field.Name)
				if value.Kind() == reflect.Pointer {
					value = value.Elem()
				}
				if text := sent.value[field.Name]; field.JSON {
					model.requireWhole(t, field.Type, exactly(t, []byte(text)), field.Name)
				} else {
					require.Equal(t, plainText(value), text, field.Name)
				}
			}
			slices.Sort(names)
			require.Equal(t, names, sent.names, "all parameters, in the order that the signature needs")
		})
	}
}

// TestNothingOfAnOptionalFieldIsSentWhereItIsZero, and what the model requires is
// refused where it is empty.
func TestNothingOfAnOptionalFieldIsSentWhereItIsZero(t *testing.T) {
	t.Parallel()
	model := readModel(t)
	for name, operation := range typedOperations() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			answer := model.sample(model.Operations[name].Response)
			for _, field := range model.Operations[name].Request {
				request := fullRequest(name, operation.request)
				request.Elem().FieldByName(goName(field.Name)).SetZero()
				without := 1
				if field.Name == "Sort" && strings.HasSuffix(name, "Query") {
					request.Elem().FieldByName("Order").SetZero() // which is nothing without Sort
					without++
				}
				if !field.Required {
					sent := send(t, operation, request, answer, func(any) {})
					require.NotContains(t, sent.names, field.Name)
					require.Len(t, sent.names, len(model.Operations[name].Request)-without)
					continue
				}
				sent := send(t, operation, request, answer, nil)
				require.NotNil(t, sent.refused, "%s without its %s", name, field.Name)
				require.Equal(t, name, sent.refused.Action)
				require.Contains(t, []string{goName(field.Name), goName(field.Name) + ".URI"}, sent.refused.Field)
				require.Regexp(t, "^it is empty|1 to 100 .*not 0", sent.refused.Reason)
			}
		})
	}
}

// sentRequest is what came out of a call.
type sentRequest struct {
	names   []string          // of the parameters, in their order
	value   map[string]string // by name
	refused *ValidationError
}

// send makes a call of an operation. With nil in place of a check of the answer
// the call must be refused.
func send(t *testing.T, operation typed, request reflect.Value, answer []byte, check func(answer any)) sentRequest {
	t.Helper()
	sent := sentRequest{value: map[string]string{}}
	transport := roundTripFunc(func(req *http.Request) (*http.Response, error) {
		if req.Body != nil {
			t.Error("all parameters are to be in the query")
		}
		for pair := range strings.SplitSeq(req.URL.RawQuery, "&") {
			name, escaped, _ := strings.Cut(pair, "=")
			value, err := url.PathUnescape(escaped)
			if err != nil {
				t.Error(err)
			}
			sent.names = append(sent.names, name)
			sent.value[name] = value
		}
		return &http.Response{StatusCode: http.StatusOK, Body: io.NopCloser(bytes.NewReader(answer))}, nil
	})
	client, err := NewClient("cn-hangzhou", StaticCredentials("id", "secret", ""), WithHTTPClient(&http.Client{Transport: transport}))
	require.NoError(t, err)
	got, err := operation.call(t.Context(), client, request)
	if check == nil {
		require.Empty(t, sent.names)
		require.ErrorAs(t, err, &sent.refused)
		return sent
	}
	require.NoError(t, err)
	check(got)
	return sent
}

// plainText is how a parameter that is no JSON is written.
func plainText(value reflect.Value) string {
	switch value.Kind() {
	case reflect.String:
		return value.String()
	case reflect.Bool:
		return strconv.FormatBool(value.Bool())
	}
	return strconv.FormatInt(value.Int(), 10)
}

// sample is the JSON of a structure with all of its fields, as the model has them.
func (m apiModel) sample(fields []modelField) []byte {
	members := map[string]json.RawMessage{}
	for i, f := range fields {
		members[f.Name] = m.sampleOf(f, i)
	}
	data, err := json.Marshal(members)
	if err != nil {
		panic(err)
	}
	return data
}

func (m apiModel) sampleOf(f modelField, i int) json.RawMessage {
	kind, isArray := strings.CutPrefix(f.Type, "[]")
	var value string
	switch kind {
	case "string":
		switch {
		case isTime(f):
			value = `"2022-07-06T07:03:28.054762739+08:00"`
		case f.Name == "URI":
			value = `"oss://test-bucket/object.jpg"` // as the request has it
		default:
			value = strconv.Quote("the " + f.Name)
		}
	case "int32", "int64":
		value = strconv.Itoa(i + 1)
	case "float32", "float64":
		value = strconv.Itoa(i) + ".5"
	case "bool":
		value = "true"
	case "map[string]interface{}":
		value = `{"key":"value of ` + f.Name + `"}`
	default:
		value = string(m.sample(m.Types[kind]))
	}
	if isArray {
		value = "[" + value + "]"
	}
	return json.RawMessage(value)
}

// requireWhole compares a value that was sent as JSON with its type in the model:
// all of its fields are there and no others.
func (m apiModel) requireWhole(t *testing.T, kind string, value any, path string) {
	t.Helper()
	if of, isArray := strings.CutPrefix(kind, "[]"); isArray {
		elements, ok := value.([]any)
		require.True(t, ok, "%s is not a list", path)
		require.NotEmpty(t, elements, path)
		for _, element := range elements {
			m.requireWhole(t, of, element, path)
		}
		return
	}
	switch kind {
	case "string":
		require.IsType(t, "", value, path)
	case "int32", "int64", "float32", "float64":
		require.IsType(t, json.Number(""), value, path)
	case "map[string]interface{}":
		require.IsType(t, map[string]any{}, value, path)
	case "SimpleQuery":
		found := map[string]bool{}
		collectMembers(found, value)
		require.Len(t, found, len(m.Types[kind]), path)
		for _, f := range m.Types[kind] {
			require.True(t, found[f.Name], "%s.%s", path, f.Name)
		}
	default:
		members, ok := value.(map[string]any)
		require.True(t, ok, "%s is not an object", path)
		require.Contains(t, m.Types, kind)
		for _, f := range m.Types[kind] {
			require.Contains(t, members, f.Name, path)
			m.requireWhole(t, f.Type, members[f.Name], path+"."+f.Name)
		}
		require.Len(t, members, len(m.Types[kind]), path)
	}
}

// collectMembers notes the members of all objects in a value, because a condition
// has other fields than those within it.
func collectMembers(found map[string]bool, value any) {
	switch value := value.(type) {
	case []any:
		for _, element := range value {
			collectMembers(found, element)
		}
	case map[string]any:
		for name, member := range value {
			found[name] = true
			collectMembers(found, member)
		}
	}
}

// fullRequest is a request with all fields set, which no check refuses.
func fullRequest(action string, kind reflect.Type) reflect.Value {
	request := reflect.New(kind)
	object := "oss://test-bucket/object.jpg"
	if strings.HasSuffix(action, "Binding") {
		object = "oss://test-bucket"
	}
	fillField(request.Elem(), "", object)
	return request
}

// fillField fills a field by its name where not every value will do.
func fillField(v reflect.Value, name, object string) {
	switch {
	case v.Type() == reflect.TypeFor[TimeRange]():
		start := time.Date(2024, 2, 29, 12, 0, 0, 5, time.UTC)
		v.Set(reflect.ValueOf(TimeRange{start, start.Add(time.Hour)}))
	case v.Type() == reflect.TypeFor[QueryCondition]():
		leaf := QueryCondition{Field: "LabelName", Operation: "eq", Value: "dog"}
		v.Set(reflect.ValueOf(QueryCondition{Field: "Labels", Operation: "nested", SubQueries: []QueryCondition{leaf}}))
	case v.Type() == reflect.TypeFor[time.Time]():
		v.Set(reflect.ValueOf(time.Date(2024, 2, 29, 12, 0, 0, 5, time.UTC)))
	case v.Kind() == reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		fillField(v.Elem(), name, object)
	case v.Kind() == reflect.String:
		text := "text of " + name
		switch name {
		case "ProjectName", "DatasetName", "OSSBucket":
			text = "test-name"
		case "URI", "URIs", "OSSURI", "SourceURI":
			text = object
		case "Operation":
			text = "min"
		case "Order":
			text = "asc"
		case "MediaTypes":
			text = "image"
		}
		v.SetString(text)
	case v.CanInt():
		v.SetInt(7)
	case v.CanFloat():
		v.SetFloat(0.5)
	case v.Kind() == reflect.Bool:
		v.SetBool(true)
	case v.Kind() == reflect.Map:
		v.Set(reflect.ValueOf(map[string]string{"key": "value"}))
	case v.Kind() == reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 1, 1))
		fillField(v.Index(0), name, object)
	case v.Kind() == reflect.Struct:
		for f, field := range v.Fields() {
			fillField(field, f.Name, object)
		}
	default:
		panic("no rule for a " + v.Type().String())
	}
}
