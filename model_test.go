package imm

import (
	"context"
	"encoding/json"
	"maps"
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/imm-go/imm/internal/retry"
)

// The deliberate differences between the model and the Go types. Beside them,
// text may be a time.Time or a type of its own, a field of an Update request may
// be a pointer, labels are text to text where the model has any JSON, and MaxResults
// is an int64 throughout.
var (
	// initialisms are written as Go writes them.
	initialisms = strings.NewReplacer("Id", "ID", "Md5", "MD5")

	// times are text in the model. So is everything there whose name ends in Time.
	times = []string{"OSSExpiration", "Start", "End"}

	// otherNames are fields that have a better name here.
	otherNames = map[string]string{"Tag": "Tags"}

	// updatedParts are the fields of an InputFile that an update can change, and
	// those by which the file is found. FileUpdate has them, and no others.
	updatedParts = []string{"URI", "OSSURI", "FileHash", "CustomId", "CustomLabels", "Figures"}

	// tagTypes are lists in the model and maps here.
	tagTypes = []string{"CreateProjectRequestTag", "ListProjectsRequestTag", "UpdateProjectRequestTag", "ProjectTags"}

	// typeNames are the types that have a better name here.
	typeNames = map[string]string{
		"BatchUpdateFileMetaResponseBodyFiles":                 "UpdatedFile",
		"InputFileFigures":                                     "InputFileFigure",
		"ListAttachedOSSBucketsResponseBodyAttachedOSSBuckets": "AttachedOSSBucket",
		"OCRContents":                               "OCRContent",
		"PointInt64":                                "Point",
		"RegionType":                                "Region",
		"SimpleQuery":                               "QueryCondition",
		"SimpleQueryRequestAggregations":            "Aggregation",
		"SimpleQueryResponseBodyAggregations":       "AggregationResult",
		"SimpleQueryResponseBodyAggregationsGroups": "AggregationGroup",
	}
)

// apiModel is the interface's published model.
type apiModel struct {
	Operations map[string]struct {
		Method   string
		Request  []modelField
		Response []modelField
	}
	Types map[string][]modelField
}

type modelField struct {
	Name     string
	Type     string
	Required bool
	In       string
	JSON     bool
}

func readModel(t *testing.T) apiModel {
	t.Helper()
	data, err := os.ReadFile("testdata/imm-2020-09-30.json")
	require.NoError(t, err)
	var model apiModel
	require.NoError(t, json.Unmarshal(data, &model))
	return model
}

// goName is the name that a field of the model has in a Go type.
func goName(name string) string {
	if other, ok := otherNames[name]; ok {
		return other
	}
	return initialisms.Replace(name)
}

// typed is an operation with its Go types.
type typed struct {
	request, response reflect.Type
	call              func(ctx context.Context, c *Client, request reflect.Value) (any, error)
}

// typedOperations are the methods of a Client that have the form of an operation:
// X(context.Context, *XRequest) (*XResponse, error).
func typedOperations() map[string]typed {
	found := map[string]typed{}
	for method := range reflect.TypeFor[*Client]().Methods() {
		f := method.Type
		if f.NumIn() != 3 || f.NumOut() != 2 || f.IsVariadic() || f.In(2).Kind() != reflect.Pointer || f.Out(0).Kind() != reflect.Pointer {
			continue
		}
		if f.In(2).Elem().Name() != method.Name+"Request" || f.Out(0).Elem().Name() != method.Name+"Response" {
			continue
		}
		found[method.Name] = typed{f.In(2).Elem(), f.Out(0).Elem(), func(ctx context.Context, c *Client, request reflect.Value) (any, error) {
			results := method.Func.Call([]reflect.Value{reflect.ValueOf(c), reflect.ValueOf(ctx), request})
			err, _ := reflect.TypeAssert[error](results[1])
			return results[0].Interface(), err
		}}
	}
	return found
}

func TestEveryOperationOfTheModelHasAMethodAndARowInTheTableOfRepeats(t *testing.T) {
	t.Parallel()
	model, methods := readModel(t), typedOperations()
	names := slices.Collect(maps.Keys(model.Operations))
	require.ElementsMatch(t, names, slices.Collect(maps.Keys(methods)))
	require.ElementsMatch(t, names, slices.Collect(maps.Keys(safetyOf)))
	for name, operation := range model.Operations {
		require.Equal(t, "POST", operation.Method, name)
		want := retry.Repeatable
		if strings.HasPrefix(name, "Create") || name == "AttachOSSBucket" {
			want = retry.Creating
		}
		require.Equal(t, want, safetyOf[name], name)
	}
}

func TestTheRequestsAndResponsesHaveTheFieldsOfTheModelAndNoOthers(t *testing.T) {
	t.Parallel()
	model := readModel(t)
	for name, operation := range typedOperations() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			requireFields(t, model.Operations[name].Request, operation.request, strings.HasPrefix(name, "Update"), func(f reflect.StructField, wire string) {
				require.Empty(t, f.Tag, "a request is never JSON as a whole")
				require.Equal(t, goName(wire), f.Name)
			})
			requireFields(t, model.Operations[name].Response, operation.response, false, requireTag(t))
		})
	}
}

// TestTheStructuresHaveTheFieldsOfTheModelAndNoOthers walks from the operations
// to every structure that they reach.
func TestTheStructuresHaveTheFieldsOfTheModelAndNoOthers(t *testing.T) {
	t.Parallel()
	model, fields := readModel(t), 0
	reached := map[string]reflect.Type{}
	for name, operation := range typedOperations() {
		reach(reached, operation.request)
		reach(reached, operation.response)
		delete(reached, operation.request.Name())
		delete(reached, operation.response.Name())
		fields += len(model.Operations[name].Request) + len(model.Operations[name].Response)
	}
	missing := maps.Clone(model.Types)
	for name, structure := range reached {
		require.NotNil(t, model.Types[name], "%s is not in the model", structure)
		delete(missing, name)
		fields += len(model.Types[name])
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			requireFields(t, model.Types[name], structure, false, requireTag(t))
		})
	}
	for _, name := range tagTypes {
		require.Contains(t, missing, name)
		fields += len(missing[name])
		delete(missing, name)
	}
	require.Empty(t, missing, "the model has structures that no operation reaches here")
	t.Logf("%d operations, %d structures and %d fields of the model are covered", len(model.Operations), len(model.Types), fields)
}

// reach collects structures by their names in the model.
func reach(reached map[string]reflect.Type, kind reflect.Type) {
	switch kind.Kind() {
	case reflect.Pointer, reflect.Slice, reflect.Map:
		reach(reached, kind.Elem())
	case reflect.Struct:
		name := modelTypeOf(kind)
		if kind == reflect.TypeFor[time.Time]() || kind == reflect.TypeFor[FileUpdate]() || reached[name] != nil {
			return
		}
		reached[name] = kind
		for f := range kind.Fields() {
			reach(reached, f.Type)
		}
	}
}

func TestAnUpdateHasThePartsOfAnInputFileThatItCanChange(t *testing.T) {
	t.Parallel()
	requireFields(t, readModel(t).updatedFile(), reflect.TypeFor[FileUpdate](), true, func(f reflect.StructField, wire string) {
		require.Equal(t, goName(wire), f.Name)
	})
}

// updatedFile are the fields of an InputFile that updatedParts names.
func (m apiModel) updatedFile() []modelField {
	return slices.DeleteFunc(slices.Clone(m.Types["InputFile"]), func(f modelField) bool { return !slices.Contains(updatedParts, f.Name) })
}

func requireTag(t *testing.T) func(f reflect.StructField, wire string) {
	return func(f reflect.StructField, wire string) {
		tag, option, _ := strings.Cut(f.Tag.Get("json"), ",")
		require.Equal(t, wire, tag, f.Name)
		require.Contains(t, []string{"", "omitzero"}, option, f.Name)
	}
}

// requireFields compares a structure with its fields in the model, in both
// directions.
func requireFields(t *testing.T, fields []modelField, structure reflect.Type, pointers bool, check func(f reflect.StructField, wire string)) {
	t.Helper()
	want := map[string]modelField{}
	for _, f := range fields {
		want[goName(f.Name)] = f
	}
	for f := range structure.Fields() {
		require.True(t, f.IsExported(), f.Name)
		m, known := want[f.Name]
		require.True(t, known, "%s.%s is not in the model", structure, f.Name)
		delete(want, f.Name)
		check(f, m.Name)
		requireFieldType(t, m, f, pointers)
	}
	require.Empty(t, want, "%s lacks fields of the model", structure)
}

func requireFieldType(t *testing.T, m modelField, f reflect.StructField, pointers bool) {
	t.Helper()
	kind := f.Type
	if kind.Kind() == reflect.Pointer {
		require.True(t, pointers && !m.Required, "%s is a pointer", f.Name)
		kind = kind.Elem()
	}
	if slices.Contains(tagTypes, strings.TrimPrefix(m.Type, "[]")) {
		require.Equal(t, reflect.TypeFor[map[string]string](), kind, f.Name)
		return
	}
	want := m.Type
	if m.Name == "MaxResults" && want == "int32" {
		want = "int64" // as in all other requests
	}
	require.Equal(t, want, modelTypeOf(kind), f.Name)
	require.Equal(t, isTime(m), kind == reflect.TypeFor[time.Time](), f.Name)
}

func isTime(f modelField) bool {
	return f.Type == "string" && (strings.HasSuffix(f.Name, "Time") || slices.Contains(times, f.Name))
}

// modelTypeOf is how the model writes a Go type.
func modelTypeOf(kind reflect.Type) string {
	switch {
	case kind == reflect.TypeFor[time.Time](), kind.Kind() == reflect.String:
		return "string"
	case kind.Kind() == reflect.Slice:
		return "[]" + modelTypeOf(kind.Elem())
	case kind == reflect.TypeFor[map[string]string]():
		return "map[string]interface{}"
	case kind == reflect.TypeFor[FileUpdate]():
		return "InputFile"
	case kind.Kind() == reflect.Struct:
		for name, here := range typeNames {
			if here == kind.Name() {
				return name
			}
		}
		return kind.Name()
	}
	return kind.Kind().String()
}

// TestTheDocumentedValuesHaveTheirNames has the values that are no part of the
// model.
func TestTheDocumentedValuesHaveTheirNames(t *testing.T) {
	t.Parallel()
	require.Equal(t, []MediaType{"image", "video", "audio", "document", "archive", "other"},
		[]MediaType{MediaImage, MediaVideo, MediaAudio, MediaDocument, MediaArchive, MediaOther})
	require.Equal(t, []BindingState{"Ready", "Running", "Stopped", "Retrying", "Failed", "Deleted"},
		[]BindingState{StateReady, StateRunning, StateStopped, StateRetrying, StateFailed, StateDeleted})
	require.Equal(t, []BindingPhase{"", "FullScanning", "IncrementalScanning"},
		[]BindingPhase{PhaseNone, PhaseFullScanning, PhaseIncrementalScanning})
	require.Equal(t, []TaskStatus{"Running", "Succeeded", "Failed"}, []TaskStatus{TaskRunning, TaskSucceeded, TaskFailed})
}
