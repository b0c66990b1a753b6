package imm_test

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/imm-go/imm"
)

const taskJSON = `"TaskId":"task-1","TaskType":"FigureClustering","Status":"Failed","Progress":40,"Code":"ResourceNotFound","Message":"gone",` +
	`"StartTime":"2022-07-06T07:03:28.054762739+08:00","EndTime":"","Tags":{"test":"val1","n":1},"UserData":"{\"a\":1}","TaskRequestDefinition":"{}"`

func TestTasksGoOverTheWireAsDocumented(t *testing.T) {
	t.Parallel()
	tags := map[string]string{"test": "val1", "n": "1"}
	info := imm.TaskInfo{
		TaskID: "task-1", TaskType: "FigureClustering", Status: imm.TaskFailed, Progress: 40, Code: "ResourceNotFound", Message: "gone",
		StartTime: at(), Tags: tags, UserData: `{"a":1}`, TaskRequestDefinition: "{}",
	}
	checkExchanges(t, map[string]exchange{
		"a task that failed is an answer": {
			"GetTask", `ProjectName=test-project&TaskId=task-1&TaskType=FigureClustering`,
			`{"RequestId":"R","ProjectName":"test-project","EventId":"E",` + taskJSON + `}`,
			calling((*imm.Client).GetTask, &imm.GetTaskRequest{ProjectName: project, TaskID: "task-1", TaskType: "FigureClustering"}),
			&imm.GetTaskResponse{
				ProjectName: project, TaskID: "task-1", TaskType: "FigureClustering", EventID: "E", Status: imm.TaskFailed, Progress: 40,
				Code: "ResourceNotFound", Message: "gone", StartTime: at(), Tags: tags, UserData: `{"a":1}`, TaskRequestDefinition: "{}", RequestID: "R",
			},
		},
		"a task with its request": {
			"GetTask", `ProjectName=test-project&RequestDefinition=true&TaskId=task-1&TaskType=a b`, `{"Status":"Running","Tags":null}`,
			calling((*imm.Client).GetTask, &imm.GetTaskRequest{ProjectName: project, TaskID: "task-1", TaskType: "a b", RequestDefinition: true}),
			&imm.GetTaskResponse{Status: imm.TaskRunning},
		},
		"all tasks": {
			"ListTasks", `ProjectName=test-project`, `{"RequestId":"R","ProjectName":"test-project","MaxResults":"100","NextToken":"next","Tasks":[{` + taskJSON + `}]}`,
			calling((*imm.Client).ListTasks, &imm.ListTasksRequest{ProjectName: project}),
			&imm.ListTasksResponse{ProjectName: project, MaxResults: "100", NextToken: "next", Tasks: []imm.TaskInfo{info}, RequestID: "R"},
		},
		"some tasks": {
			"ListTasks",
			`EndTimeRange={"End":"2024-02-29T12:00:00.000000001Z"}&MaxResults=5&NextToken=n&Order=ASC&ProjectName=test-project&RequestDefinition=true` +
				`&Sort=StartTime&StartTimeRange={"Start":"2022-07-06T07:03:28.054762739+08:00","End":"2024-02-29T12:00:00.000000001Z"}` +
				`&Status=Running&TagSelector=test=val1&TaskTypes=["a","b\""]`,
			`{"RequestId":"R","MaxResults":5,"Tasks":[]}`,
			calling((*imm.Client).ListTasks, &imm.ListTasksRequest{
				ProjectName: project, TaskTypes: []string{"a", `b"`}, Status: imm.TaskRunning, TagSelector: "test=val1", Sort: "StartTime", Order: "ASC",
				StartTimeRange:    imm.TimeRange{Start: at(), End: time.Date(2024, 2, 29, 12, 0, 0, 1, time.UTC)},
				EndTimeRange:      imm.TimeRange{End: time.Date(2024, 2, 29, 12, 0, 0, 1, time.UTC)},
				RequestDefinition: true, MaxResults: 5, NextToken: "n",
			}),
			&imm.ListTasksResponse{MaxResults: "5", Tasks: []imm.TaskInfo{}, RequestID: "R"},
		},
		"no type of task": {
			"ListTasks", `ProjectName=test-project&TaskTypes=[]`, `{"RequestId":"R"}`,
			calling((*imm.Client).ListTasks, &imm.ListTasksRequest{ProjectName: project, TaskTypes: []string{}}),
			&imm.ListTasksResponse{RequestID: "R"},
		},
	})
}

func TestATaskIsReadLeniently(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		text string
		want imm.TaskInfo
	}{
		"nothing":         {`{}`, imm.TaskInfo{}},
		"malformed times": {`{"StartTime":"yesterday","EndTime":17}`, imm.TaskInfo{}},
		"one good time":   {`{"StartTime":null,"EndTime":"2022-07-06T07:03:28.054762739+08:00"}`, imm.TaskInfo{EndTime: at()}},
		"tags of no kind": {`{"Tags":["a"]}`, imm.TaskInfo{}},
		"any tags":        {`{"Tags":{"a":null,"b":[1],"c":"d"}}`, imm.TaskInfo{Tags: map[string]string{"a": "", "b": "[1]", "c": "d"}}},
	} {
		var got imm.TaskInfo
		require.NoError(t, json.Unmarshal([]byte(tt.text), &got), name)
		require.Equal(t, tt.want, got, name)
		var whole imm.GetTaskResponse
		require.NoError(t, json.Unmarshal([]byte(tt.text), &whole), name)
		require.Equal(t, imm.GetTaskResponse{StartTime: got.StartTime, EndTime: got.EndTime, Tags: got.Tags}, whole, name)
	}
}
