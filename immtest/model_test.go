package immtest

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/url"
	"os"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
)

// apiModel is the published model of the service's interface, of which the root
// package keeps a copy.
type apiModel struct {
	Operations map[string]struct{ Response []modelField }
	Types      map[string][]modelField
}

type modelField struct{ Name, Type string }

func readModel(t *testing.T) *apiModel {
	t.Helper()
	text, err := os.ReadFile("../testdata/imm-2020-09-30.json")
	require.NoError(t, err)
	var m apiModel
	require.NoError(t, json.Unmarshal(text, &m))
	require.NotEmpty(t, m.Operations)
	return &m
}

// sparse are the types whose objects have only the fields that are not empty, as
// those of the service do, as has what is in them, and the operation whose answer has either files or
// aggregations. Everything else has all of its fields.
var sparse = map[string]bool{"File": true, "TaskInfo": true, "SimpleQuery": true}

// undocumented are the fields that real answers have and the model has not.
var undocumented = map[string]bool{"Binding.Detail": true}

// check holds an object of an answer against its fields in the model, and what is
// in it against theirs.
func (m *apiModel) check(t *testing.T, where string, fields []modelField, sparse bool, object map[string]any) {
	t.Helper()
	known := make(map[string]string)
	for _, field := range fields {
		known[field.Name] = field.Type
		if !sparse {
			require.Contains(t, object, field.Name, where)
		}
	}
	for name, value := range object {
		kind, found := known[name]
		require.True(t, found || undocumented[where[strings.LastIndex(where, " ")+1:]+"."+name], "%s.%s is not in the model", where, name)
		if found {
			m.checkValue(t, where+"."+name, kind, value, sparse)
		}
	}
}

func (m *apiModel) checkValue(t *testing.T, where, kind string, value any, inSparse bool) {
	t.Helper()
	if element, isList := strings.CutPrefix(kind, "[]"); isList {
		require.IsType(t, []any{}, value, where)
		for i, item := range value.([]any) {
			m.checkValue(t, fmt.Sprintf("%s[%d]", where, i), element, item, inSparse)
		}
		return
	}
	if fields, isObject := m.Types[kind]; isObject {
		require.IsType(t, map[string]any{}, value, where)
		m.check(t, where+" "+kind, fields, inSparse || sparse[kind], value.(map[string]any))
		return
	}
	switch {
	case kind == "string":
		require.IsType(t, "", value, where)
	case kind == "bool":
		require.IsType(t, true, value, where)
	case strings.HasPrefix(kind, "int"):
		require.IsType(t, 0.0, value, where)
		require.InDelta(t, float64(int64(value.(float64))), value, 0, where)
	case strings.HasPrefix(kind, "float"):
		require.IsType(t, 0.0, value, where)
	case strings.HasPrefix(kind, "map["):
		require.IsType(t, map[string]any{}, value, where)
	default:
		require.Fail(t, "no such kind: "+kind, where)
	}
}

// Each operation of the model is called where it has nothing to tell, and then
// where it has much.
func TestAnswersHaveTheFieldsOfTheModelAndNoOthers(t *testing.T) {
	t.Parallel()
	m := readModel(t)
	require.ElementsMatch(t, slices.Collect(maps.Keys(m.Operations)), slices.Collect(maps.Keys(operations)))
	require.NotEmpty(t, m.Types["Binding"])
	synctest.Test(t, func(t *testing.T) {
		s := newServer(t, WithBucket("test-bucket", nil))
		called := make(map[string]bool)
		call := func(action string, params url.Values) {
			t.Helper()
			called[action] = true
			m.check(t, action, m.Operations[action].Response, sparse[action], ask(t, s, action, params))
		}
		page := inDataset("MaxResults", "1")
		uri := inDataset("URI", "oss://test-bucket/a.png", "URIs", `["oss://test-bucket/a.png"]`)
		file := inDataset("File", `{"URI":"oss://test-bucket/a.png"}`, "Files", `[{"URI":"oss://test-bucket/a.png"},{"URI":"oss://test-bucket/b.png"}]`)
		full := inDataset("File", `{"URI":"oss://test-bucket/a.png","CustomLabels":{"a":"b"},"CustomId":"c","Figures":[{"FigureId":"f"}],"Labels":[{"LabelName":"l"}]}`)
		search := inDataset("Query", "png", "SourceURI", "oss://test-bucket/a.png")
		structured := inDataset("Query", `{"Operation":"exist","Field":"Size"}`)
		aggregated := inDataset("Aggregations", `[{"Operation":"group","Field":"ContentType"},{"Operation":"sum","Field":"Size"}]`)
		bucket := inDataset("OSSBucket", "test-bucket")
		task := inDataset("TaskType", "t", "TaskId", "id", "RequestDefinition", "true")

		call("ListProjects", nil)
		call("CreateProject", inProject())
		call("GetProject", inProject())
		call("UpdateProject", inProject("Tag", `[{"Key":"k","Value":"v"}]`))
		call("ListProjects", nil)
		call("ListDatasets", page)
		call("CreateDataset", inDataset("WorkflowParameters", `[{"Name":"n","Value":"v"}]`))
		call("GetDataset", inDataset("WithStatistics", "true"))
		call("UpdateDataset", inDataset("TemplateId", "Official:AllFunction"))
		call("ListDatasets", page)
		call("ListBindings", page)
		call("GetFileMeta", uri)
		call("BatchGetFileMeta", uri)
		call("SimpleQuery", structured)
		call("FuzzyQuery", search)
		call("ListTasks", inProject())
		call("ListAttachedOSSBuckets", page)

		s.PutObject("test-bucket", "a.png", pngImage(3, 4))
		s.PutTask(Task{ProjectName: "test-project", TaskID: "id", TaskType: "t", Tags: map[string]string{"a": "b"}, TaskRequestDefinition: "{}"})
		call("IndexFileMeta", file)
		call("BatchIndexFileMeta", file)
		call("CreateBinding", bindTestBucket)
		call("GetBinding", bindTestBucket)
		sleep(t, time.Second)
		call("ListBindings", page)
		call("UpdateFileMeta", full)
		call("BatchUpdateFileMeta", file)
		call("GetFileMeta", uri)
		call("BatchGetFileMeta", uri)
		call("SimpleQuery", structured)
		call("SimpleQuery", aggregated)
		call("FuzzyQuery", search)
		call("SemanticQuery", search)
		call("GetTask", task)
		call("ListTasks", task)
		call("ListRegions", url.Values{"AcceptLanguage": {"ja"}})
		call("AttachOSSBucket", bucket)
		call("GetOSSBucketAttachment", bucket)
		call("ListAttachedOSSBuckets", page)
		call("DetachOSSBucket", bucket)
		call("DeleteBinding", bindTestBucket)
		call("DeleteFileMeta", uri)
		call("BatchDeleteFileMeta", uri)
		call("DeleteDataset", inDataset())
		call("DeleteProject", inProject())
		require.ElementsMatch(t, slices.Collect(maps.Keys(m.Operations)), slices.Collect(maps.Keys(called)))
	})
}
