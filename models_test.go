package imm

import (
	"encoding/json"
	"maps"
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// apiModel is the part of the interface's published model that this version
// implements.
type apiModel struct {
	Operations map[string]struct {
		Request  []modelField
		Response []modelField
	}
	Types map[string][]modelField
}

type modelField struct {
	Name     string
	Type     string
	Required bool
}

func readModel(t *testing.T) apiModel {
	t.Helper()
	data, err := os.ReadFile("testdata/api_model.json")
	require.NoError(t, err)
	var model apiModel
	require.NoError(t, json.Unmarshal(data, &model))
	return model
}

// TestTheStructuresHaveTheFieldsOfTheModelAndNoOthers compares names on the wire
// and types, in both directions.
func TestTheStructuresHaveTheFieldsOfTheModelAndNoOthers(t *testing.T) {
	t.Parallel()
	model := readModel(t)
	structures := map[string]reflect.Type{
		"Binding":          reflect.TypeFor[Binding](),
		"InputFile":        reflect.TypeFor[InputFile](),
		"Address":          reflect.TypeFor[Address](),
		"InputFileFigures": reflect.TypeFor[InputFileFigure](),
		"Label":            reflect.TypeFor[Label](),
		"Clip":             reflect.TypeFor[Clip](),
		"Notification":     reflect.TypeFor[Notification](),
		"MNS":              reflect.TypeFor[MNS](),
		"RocketMQ":         reflect.TypeFor[RocketMQ](),
	}
	require.ElementsMatch(t, slices.Collect(maps.Keys(model.Types)), slices.Collect(maps.Keys(structures)))
	for name, structure := range structures {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			requireFields(t, model.Types[name], structure, func(f reflect.StructField) string {
				tag, _, _ := strings.Cut(f.Tag.Get("json"), ",")
				return tag
			})
		})
	}
}

func TestTheOperationsHaveTheFieldsOfTheModelAndNoOthers(t *testing.T) {
	t.Parallel()
	model := readModel(t)
	operations := map[string]struct{ request, response reflect.Type }{
		"CreateBinding":      {reflect.TypeFor[CreateBindingRequest](), reflect.TypeFor[CreateBindingResponse]()},
		"GetBinding":         {reflect.TypeFor[GetBindingRequest](), reflect.TypeFor[GetBindingResponse]()},
		"IndexFileMeta":      {reflect.TypeFor[IndexFileMetaRequest](), reflect.TypeFor[IndexFileMetaResponse]()},
		"BatchIndexFileMeta": {reflect.TypeFor[BatchIndexFileMetaRequest](), reflect.TypeFor[BatchIndexFileMetaResponse]()},
	}
	require.ElementsMatch(t, slices.Collect(maps.Keys(model.Operations)), slices.Collect(maps.Keys(operations)))
	require.ElementsMatch(t, slices.Collect(maps.Keys(model.Operations)), slices.Collect(maps.Keys(safetyOf)))
	for action, o := range operations {
		t.Run(action, func(t *testing.T) {
			t.Parallel()
			requireFields(t, model.Operations[action].Request, o.request, func(f reflect.StructField) string { return f.Name })
			requireFields(t, model.Operations[action].Response, o.response, func(f reflect.StructField) string { return f.Tag.Get("json") })
		})
	}
}

// requireFields compares a structure with its fields in the model.
func requireFields(t *testing.T, fields []modelField, structure reflect.Type, nameOf func(reflect.StructField) string) {
	t.Helper()
	want, got := map[string]string{}, map[string]string{}
	for _, f := range fields {
		want[f.Name] = f.Type
	}
	for f := range structure.Fields() {
		require.True(t, f.IsExported(), f.Name)
		name := nameOf(f)
		require.NotEmpty(t, name, "%s has no name on the wire", f.Name)
		require.NotContains(t, got, name)
		got[name] = modelTypeOf(f.Type)
		// Initialisms are written as Go writes them, and nothing else differs.
		require.Equal(t, strings.ReplaceAll(name, "Id", "ID"), f.Name)
	}
	require.Equal(t, want, got)
}

// modelTypeOf is how the model writes a type. Times are text there, and labels
// of any type; a caller can only give text.
func modelTypeOf(kind reflect.Type) string {
	switch {
	case kind == reflect.TypeFor[time.Time](), kind.Kind() == reflect.String:
		return "string"
	case kind.Kind() == reflect.Slice:
		return "[]" + modelTypeOf(kind.Elem())
	case kind.Kind() == reflect.Map:
		return "map[string]interface{}"
	case kind == reflect.TypeFor[InputFileFigure]():
		return "InputFileFigures"
	case kind.Kind() == reflect.Struct:
		return kind.Name()
	}
	return kind.Kind().String()
}

func TestTheDocumentedValuesHaveTheirNames(t *testing.T) {
	t.Parallel()
	require.Equal(t, []MediaType{"image", "video", "audio", "document", "archive", "other"},
		[]MediaType{MediaImage, MediaVideo, MediaAudio, MediaDocument, MediaArchive, MediaOther})
	require.Equal(t, []BindingState{"Ready", "Running", "Stopped", "Retrying", "Failed", "Deleted"},
		[]BindingState{StateReady, StateRunning, StateStopped, StateRetrying, StateFailed, StateDeleted})
	require.Equal(t, []BindingPhase{"", "FullScanning", "IncrementalScanning"},
		[]BindingPhase{PhaseNone, PhaseFullScanning, PhaseIncrementalScanning})
}
