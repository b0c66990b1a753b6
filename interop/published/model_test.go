package published

import (
	"encoding/json"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/imm-go/imm/interop/scenario"
)

// model is the published model of the service's interface, of which the root of
// the project keeps a copy.
type model struct {
	Operations map[string]struct {
		Request, Response []modelField
	}
	Types map[string][]modelField
}

type modelField struct{ Name, Type string }

func readModel(t *testing.T) *model {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("..", "..", "testdata", "imm-2020-09-30.json"))
	require.NoError(t, err)
	var m model
	require.NoError(t, json.Unmarshal(text, &m))
	require.NotEmpty(t, m.Operations)
	return &m
}

// names are those of fields, and the type of each.
func names(fields []modelField) map[string]string {
	all := make(map[string]string, len(fields))
	for _, field := range fields {
		all[field.Name] = field.Type
	}
	return all
}

// Nothing of the interface can be forgotten here: each operation has a step that
// succeeds, each of its parameters is sent by one, and our client has a method
// that takes them.
func TestEveryOperationAndEveryParameterIsDriven(t *testing.T) {
	t.Parallel()
	m := readModel(t)
	all, err := scenario.All()
	require.NoError(t, err)
	driven, refused := make(map[string]map[string]bool), make(map[string]bool)
	for _, s := range all {
		for _, step := range slices.Concat(s.Steps, s.Refusals) {
			if step.Code != "" {
				refused[step.Action] = true
				continue
			}
			if driven[step.Action] == nil {
				driven[step.Action] = make(map[string]bool)
			}
			for _, name := range slices.Concat(slices.Collect(maps.Keys(step.Params)), slices.Collect(maps.Keys(step.Take))) {
				driven[step.Action][name] = true
			}
		}
	}
	for action, operation := range m.Operations {
		require.Contains(t, driven, action, "no step succeeds with this operation")
		require.True(t, refused[action], "no step is refused by the operation %s", action)
		for name := range names(operation.Request) {
			require.Contains(t, driven[action], name, "no step of %s sends this parameter", action)
		}
	}
	known := slices.Sorted(maps.Keys(m.Operations))
	require.Equal(t, known, slices.Sorted(maps.Keys(methods)), "our client's methods")
	require.Equal(t, known, slices.Sorted(maps.Keys(driven)), "the operations of the scenarios")
}

// What a step says of its answer holds: the whole answer of a success, and status
// and code of a refusal. Every other step succeeds.
func TestEveryStepHasTheAnswerThatItExpects(t *testing.T) {
	t.Parallel()
	eachScenario(t, func(t *testing.T, s *scenario.Scenario) {
		each(t, func(t *testing.T, c core, where place) {
			them := c.outcome(t, where, s)
			for i := range s.Steps {
				step, a := &s.Steps[i], them.answers[i]
				if step.Code != "" {
					require.Equal(t, step.Code, a.Body["Code"], step.Name)
					require.Equal(t, step.Status, a.Status, step.Name)
					continue
				}
				require.Equal(t, http.StatusOK, a.Status, "%s: %v", step.Name, a.Body["Message"])
				if step.Answer == nil {
					continue
				}
				want := maps.Clone(step.Answer)
				want["RequestId"] = "a request id"
				require.Equal(t, want, scenario.Normalize(a.Body), step.Name)
			}
		})
	})
}

// sparse are the types of which an answer has only the fields that are not empty,
// and the operation whose answer has either files or aggregations. Of all others
// it has every field.
var sparse = map[string]bool{"File": true, "TaskInfo": true, "SimpleQuery": true}

// undocumented are the fields that the service adds to what the model has.
var undocumented = map[string]bool{"Binding.Detail": true}

// The answers that the published cores get have the documented fields in the
// documented places, of the documented kinds, and no others.
func TestEveryAnswerIsAsTheModelHasIt(t *testing.T) {
	t.Parallel()
	m := readModel(t)
	eachScenario(t, func(t *testing.T, s *scenario.Scenario) {
		each(t, func(t *testing.T, c core, where place) {
			for i, a := range c.outcome(t, where, s).answers {
				if action := s.Steps[i].Action; a.Status == http.StatusOK {
					m.check(t, action, m.Operations[action].Response, a.Body, sparse[action])
				}
			}
		})
	})
}

func (m *model) check(t *testing.T, where string, fields []modelField, object map[string]any, isSparse bool) {
	t.Helper()
	known := names(fields)
	for name, kind := range known {
		value, found := object[name]
		require.True(t, found || isSparse, "%s.%s is missing", where, name)
		if found {
			m.checkValue(t, where+"."+name, kind, value, isSparse)
		}
	}
	for name := range object {
		require.True(t, known[name] != "" || undocumented[where+"."+name], "%s.%s is not in the model", where, name)
	}
}

func (m *model) checkValue(t *testing.T, where, kind string, value any, isSparse bool) {
	t.Helper()
	if element, isList := strings.CutPrefix(kind, "[]"); isList {
		require.IsType(t, []any{}, value, where)
		for _, item := range value.([]any) {
			m.checkValue(t, where, element, item, isSparse)
		}
		return
	}
	if fields, isObject := m.Types[kind]; isObject {
		require.IsType(t, map[string]any{}, value, where)
		m.check(t, kind, fields, value.(map[string]any), isSparse || sparse[kind])
		return
	}
	var want any
	switch {
	case kind == "string":
		want = ""
	case kind == "bool":
		want = false
	case strings.HasPrefix(kind, "map"):
		want = map[string]any{}
	default:
		want = 0.0
	}
	require.IsType(t, want, value, "%s is a %s", where, kind)
}
