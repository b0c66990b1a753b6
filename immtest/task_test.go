package immtest

import (
	"fmt"
	"net/http"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/imm-go/imm"
)

// noon is a time for tasks to have started.
var noon = time.Date(2024, 5, 1, 12, 0, 0, 0, time.UTC)

func TestATaskIsShownAsItWasPut(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newServer(t)
		tags := map[string]string{"test": "val1"}
		s.PutTask(Task{
			ProjectName: "test-project", TaskID: "id", TaskType: "FigureClustering", EventID: "event", Status: imm.TaskFailed, Progress: 40,
			Code: "InternalError", Message: "why", StartTime: noon, EndTime: noon.Add(1500 * time.Millisecond), Tags: tags, UserData: "u",
			TaskRequestDefinition: `{"A":1}`,
		})
		tags["test"] = "changed"
		get := inProject("TaskId", "id", "TaskType", "FigureClustering")
		body := ask(t, s, "GetTask", get)
		require.NotEmpty(t, body["RequestId"])
		delete(body, "RequestId")
		want := map[string]any{
			"ProjectName": "test-project", "TaskId": "id", "TaskType": "FigureClustering", "EventId": "event", "Status": "Failed", "Progress": 40.0,
			"Code": "InternalError", "Message": "why", "StartTime": "2024-05-01T20:00:00+08:00", "EndTime": "2024-05-01T20:00:01.5+08:00",
			"Tags": map[string]any{"test": "val1"}, "UserData": "u", "TaskRequestDefinition": "",
		}
		require.Equal(t, want, body)
		get.Set("RequestDefinition", "true")
		require.JSONEq(t, `{"A":1}`, ask(t, s, "GetTask", get)["TaskRequestDefinition"].(string))

		listed := ask(t, s, "ListTasks", inProject())
		require.Equal(t, "100", listed["MaxResults"])
		require.Equal(t, "test-project", listed["ProjectName"])
		for _, missing := range []string{"ProjectName", "EventId", "TaskRequestDefinition"} {
			delete(want, missing)
		}
		require.Equal(t, []any{want}, listed["Tasks"])
		listed = ask(t, s, "ListTasks", inProject("RequestDefinition", "True"))
		require.JSONEq(t, `{"A":1}`, listed["Tasks"].([]any)[0].(map[string]any)["TaskRequestDefinition"].(string))

		failsWith(t, s, "ResourceNotFound", "GetTask", inProject("TaskId", "none", "TaskType", "FigureClustering"))
		failsWith(t, s, "ResourceNotFound", "GetTask", inProject("TaskId", "id", "TaskType", "FigureClusterMerging"))
		failsWith(t, s, "ResourceNotFound", "GetTask", inProject("ProjectName", "none", "TaskId", "id", "TaskType", "t"))
		failsWith(t, s, "ResourceNotFound", "ListTasks", inProject("ProjectName", "none"))
		failsWith(t, s, "MissingTaskId", "GetTask", inProject("TaskType", "t"))
		failsWith(t, s, "MissingTaskType", "GetTask", inProject("TaskId", "id"))
	})
}

func TestANewTaskRunsSinceNowAndProceedsByBeingPutAgain(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newServer(t, WithStrict())
		id := s.PutTask(Task{ProjectName: "test-project", TaskType: "FigureClustering"})
		require.Regexp(t, `^FigureClustering-[0-9a-f-]{36}$`, id)
		get := inProject("TaskId", id, "TaskType", "FigureClustering")
		body := ask(t, s, "GetTask", get)
		require.Equal(t, "Running", body["Status"])
		require.Equal(t, time.Now().In(location).Format(time.RFC3339Nano), body["StartTime"])
		require.Empty(t, body["EndTime"])
		require.Equal(t, map[string]any{}, body["Tags"])
		s.PutTask(Task{ProjectName: "test-project", TaskType: "FigureClustering", TaskID: id, Status: imm.TaskSucceeded, Progress: 100})
		require.Equal(t, "Succeeded", ask(t, s, "GetTask", get)["Status"])
		require.Len(t, ask(t, s, "ListTasks", inProject())["Tasks"], 1)
		s.Reset()
		failsWith(t, s, "ResourceNotFound", "GetTask", get)
	})
}

func TestTasksAreFilteredAndSorted(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	for id, task := range map[string]Task{
		"a": {TaskType: "FigureClustering", Status: imm.TaskSucceeded, StartTime: noon.Add(3 * time.Second), EndTime: noon.Add(4 * time.Second), Tags: map[string]string{"test": "val1", "x": "y"}},
		"b": {TaskType: "FigureClustering", Status: imm.TaskRunning, StartTime: noon.Add(1 * time.Second), Tags: map[string]string{"test": "val2"}},
		"c": {TaskType: "VideoLabelClassification", Status: imm.TaskFailed, StartTime: noon.Add(2 * time.Second), EndTime: noon.Add(2*time.Second + 1)},
		"d": {TaskType: "OfficeConversion", Status: imm.TaskSucceeded, StartTime: noon.Add(2 * time.Second), EndTime: noon.Add(9 * time.Second), Tags: map[string]string{"test": "val1"}},
	} {
		task.ProjectName, task.TaskID = "test-project", id
		s.PutTask(task)
	}
	s.PutTask(Task{ProjectName: "another", TaskID: "e"})
	for _, c := range []struct {
		params []string
		want   []string
	}{
		{nil, []string{"a", "b", "c", "d"}},
		{[]string{"Order", "desc"}, []string{"d", "c", "b", "a"}},
		{[]string{"Sort", "TaskId", "Order", "asc"}, []string{"a", "b", "c", "d"}},
		{[]string{"Sort", "StartTime"}, []string{"b", "c", "d", "a"}},
		{[]string{"Sort", "StartTime", "Order", "DESC"}, []string{"a", "d", "c", "b"}},
		{[]string{"Sort", "EndTime"}, []string{"b", "c", "a", "d"}},
		{[]string{"TaskTypes", `["FigureClustering"]`}, []string{"a", "b"}},
		{[]string{"TaskTypes", `["FigureClustering","OfficeConversion"]`, "Status", "Succeeded"}, []string{"a", "d"}},
		{[]string{"TaskTypes", `[]`, "Status", "Running"}, []string{"b"}},
		{[]string{"TaskTypes", `["None"]`}, []string{}},
		{[]string{"TagSelector", "test=val1"}, []string{"a", "d"}},
		{[]string{"TagSelector", "test=val1,x=y"}, []string{"a"}},
		{[]string{"TagSelector", "test="}, []string{}},
		{[]string{"StartTimeRange", `{"Start":"2024-05-01T12:00:02Z","End":"2024-05-01T20:00:02+08:00"}`}, []string{"c", "d"}},
		{[]string{"StartTimeRange", `{"Start":"2024-05-01T12:00:02Z"}`}, []string{"a", "c", "d"}},
		{[]string{"StartTimeRange", `{}`}, []string{"a", "b", "c", "d"}},
		{[]string{"EndTimeRange", `{"End":"2024-05-01T12:00:04Z"}`}, []string{"a", "c"}},
		{[]string{"EndTimeRange", `{"Start":"2020-01-01T00:00:00Z"}`}, []string{"a", "c", "d"}},
	} {
		body := ask(t, s, "ListTasks", inProject(c.params...))
		require.Equal(t, c.want, names("TaskId", "Tasks", body), c.params)
	}
	for _, c := range []struct{ name, value, about string }{
		{"Status", "Done", "Running, Succeeded, Failed"}, {"Sort", "Status", "Sort"}, {"Order", "up", "Order"},
		{"TaskTypes", "FigureClustering", "TaskTypes"}, {"TagSelector", "test", "test=val1"}, {"TagSelector", "=v", "test=val1"},
		{"StartTimeRange", `{"Start":"noon"}`, "RFC 3339"}, {"EndTimeRange", `{"Start":"2024-05-02T00:00:00Z","End":"2024-05-01T00:00:00Z"}`, "before it starts"},
		{"EndTimeRange", "[]", "EndTimeRange"}, {"MaxResults", "101", "0 to 100"}, {"RequestDefinition", "2", "true or false"},
	} {
		require.Contains(t, failsWith(t, s, "InvalidArgument", "ListTasks", inProject(c.name, c.value)), c.about, c)
	}
}

// Pages go through tasks by time, forwards and backwards, while tasks are added
// and replaced.
func TestTasksAreListedInPages(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	put := func(i int) {
		s.PutTask(Task{ProjectName: "test-project", TaskID: fmt.Sprint(i), StartTime: noon.Add(time.Duration(i/3) * time.Millisecond)})
	}
	for i := range 1000 {
		put(i)
	}
	for _, order := range []string{"asc", "desc"} {
		var all []string
		params := inProject("MaxResults", "99", "Sort", "StartTime", "Order", order)
		for {
			body := ask(t, s, "ListTasks", params)
			require.Equal(t, "99", body["MaxResults"])
			page := names("TaskId", "Tasks", body)
			all = append(all, page...)
			token := body["NextToken"].(string)
			if token == "" {
				break
			}
			params.Set("NextToken", token)
			put(len(all) / 2)
		}
		require.Len(t, all, 1000)
		slices.Sort(all)
		require.Len(t, slices.Compact(all), 1000, "each of them once")
		params.Set("Sort", "EndTime")
		failsWith(t, s, "InvalidArgument", "ListTasks", params)
	}
}

func TestTasksArePutOverHTTP(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	w := control(s, http.MethodPost, "tasks", `{"ProjectName":"test-project","TaskId":"id","TaskType":"t","Status":"Failed","StartTime":"2024-05-01T12:00:00Z","Tags":{"a":"b"}}`)
	require.Equal(t, map[string]any{"TaskId": "id"}, decoded[map[string]any](t, w))
	body := ask(t, s, "GetTask", inProject("TaskId", "id", "TaskType", "t"))
	require.Equal(t, "Failed", body["Status"])
	state := get[controlState](t, s, "state")
	require.Len(t, state.Projects, 1)
	require.Equal(t, "id", state.Projects[0].Tasks[0].TaskID)
	for _, body := range []string{"", "[]", `{"ProjectName":"p","Task":1}`, `{"TaskId":"id"}`, `{"ProjectName":"9"}`, `{"ProjectName":"p","StartTime":"noon"}`} {
		require.Equal(t, http.StatusBadRequest, control(s, http.MethodPost, "tasks", body).Code, body)
	}
	require.Equal(t, http.StatusBadRequest, control(s, http.MethodPost, "tasks?a=b", "{}").Code)
}
