package imm

import (
	"context"
	"encoding/json"
	"iter"
	"slices"
	"time"

	"github.com/imm-go/imm/internal/wire"
)

// TaskStatus says how far a task is.
type TaskStatus string

// The task statuses that the service documents. Code that switches over them
// needs a default: the service may add more.
const (
	TaskRunning   TaskStatus = "Running"
	TaskSucceeded TaskStatus = "Succeeded"
	TaskFailed    TaskStatus = "Failed"
)

// TaskInfo is one piece of asynchronous work, as a list shows it. Times that the
// service leaves out or sends malformed are zero, and tags that are not text are
// shown as JSON.
//
// https://www.alibabacloud.com/help/en/imm/developer-reference/api-imm-2020-09-30-struct-taskinfo
type TaskInfo struct {
	TaskID                string            `json:"TaskId"`
	TaskType              string            `json:"TaskType"`
	Status                TaskStatus        `json:"Status"`
	Progress              int32             `json:"Progress,omitzero"` // in percent
	Code                  string            `json:"Code,omitzero"`     // of the error that the task ended with
	Message               string            `json:"Message,omitzero"`  // of that error
	StartTime             time.Time         `json:"StartTime,omitzero"`
	EndTime               time.Time         `json:"EndTime,omitzero"`
	Tags                  map[string]string `json:"Tags,omitzero"`
	UserData              string            `json:"UserData,omitzero"`
	TaskRequestDefinition string            `json:"TaskRequestDefinition,omitzero"` // the request that began it, as JSON; only when asked for
}

// GetTaskRequest names a task.
type GetTaskRequest struct {
	ProjectName       string // required
	TaskType          string // such as FigureClustering; required
	TaskID            string // required
	RequestDefinition bool   // fill TaskRequestDefinition
}

// GetTaskResponse is the answer to GetTask. Code and Message are those of the
// task: an error of GetTask itself is an error. Times and tags are as lenient as
// those of a TaskInfo.
type GetTaskResponse struct {
	ProjectName           string            `json:"ProjectName"`
	TaskID                string            `json:"TaskId"`
	TaskType              string            `json:"TaskType"`
	EventID               string            `json:"EventId,omitzero"`
	Status                TaskStatus        `json:"Status"`
	Progress              int32             `json:"Progress,omitzero"` // in percent
	Code                  string            `json:"Code,omitzero"`     // of the error that the task ended with
	Message               string            `json:"Message,omitzero"`  // of that error
	StartTime             time.Time         `json:"StartTime,omitzero"`
	EndTime               time.Time         `json:"EndTime,omitzero"`
	Tags                  map[string]string `json:"Tags,omitzero"`
	UserData              string            `json:"UserData,omitzero"`
	TaskRequestDefinition string            `json:"TaskRequestDefinition,omitzero"` // the request that began it, as JSON; only when asked for
	RequestID             string            `json:"RequestId"`
}

// GetTask returns a task as it is now. A task that failed is no error: its Status
// is TaskFailed, and Code and Message say why.
//
// Errors match ErrNotFound if the project or the task does not exist. A name
// against the rule, an empty TaskType or TaskID and text that is not UTF-8 are a
// *ValidationError. GetTask is safe for concurrent use.
//
// https://www.alibabacloud.com/help/en/imm/developer-reference/api-imm-2020-09-30-gettask
func (c *Client) GetTask(ctx context.Context, req *GetTaskRequest) (*GetTaskResponse, error) {
	v := validator{action: "GetTask"}
	if v.notNil(req != nil) {
		v.name("ProjectName", req.ProjectName, required)
		v.text("TaskType", req.TaskType, required)
		v.text("TaskID", req.TaskID, required)
	}
	if v.failed != nil {
		return nil, v.failed
	}
	resp, _, err := invoke(ctx, c, v.action, func(p *wire.Params) {
		p.Text("ProjectName", req.ProjectName)
		p.OptionalBool("RequestDefinition", req.RequestDefinition)
		p.Text("TaskId", req.TaskID)
		p.Text("TaskType", req.TaskType)
	}, func(r *GetTaskResponse) (string, bool) { return r.RequestID, r.Status != "" })
	return resp, err
}

// TimeRange is a range of times. A zero Start or End leaves that side open.
//
// https://www.alibabacloud.com/help/en/imm/developer-reference/api-imm-2020-09-30-struct-timerange
type TimeRange struct {
	Start time.Time `json:"Start,omitzero"`
	End   time.Time `json:"End,omitzero"`
}

// ListTasksRequest asks for one page of the tasks of a project.
type ListTasksRequest struct {
	ProjectName       string     // required
	TaskTypes         []string   // nil: all types
	Status            TaskStatus // empty: all
	StartTimeRange    TimeRange  // in which the tasks started
	EndTimeRange      TimeRange  // in which the tasks ended
	TagSelector       string     // such as test=val1
	Sort              string     // the field to sort by, such as StartTime
	Order             string     // asc or desc
	RequestDefinition bool       // fill TaskRequestDefinition
	MaxResults        int64      // of one page; 0 leaves it to the service
	NextToken         string     // of the page before; empty: the first page
}

// ListTasksResponse is the answer to ListTasks.
type ListTasksResponse struct {
	ProjectName string     `json:"ProjectName,omitzero"`
	Tasks       []TaskInfo `json:"Tasks"`
	MaxResults  string     `json:"MaxResults,omitzero"` // the service gives it as text
	NextToken   string     `json:"NextToken,omitzero"`  // empty: there are no more
	RequestID   string     `json:"RequestId"`
}

// ListTasks returns one page of the tasks of a project. Tasks returns all of
// them. Errors match ErrNotFound if the project does not exist. A name against
// the rule, a negative MaxResults, a range that ends before it starts and text
// that is not UTF-8 are a *ValidationError. ListTasks is safe for concurrent use.
//
// https://www.alibabacloud.com/help/en/imm/developer-reference/api-imm-2020-09-30-listtasks
func (c *Client) ListTasks(ctx context.Context, req *ListTasksRequest) (*ListTasksResponse, error) {
	v := validator{action: "ListTasks"}
	if v.notNil(req != nil) {
		v.name("ProjectName", req.ProjectName, required)
		v.texts("TaskTypes", req.TaskTypes)
		v.text("Status", string(req.Status), optional)
		v.timeRange("StartTimeRange", req.StartTimeRange)
		v.timeRange("EndTimeRange", req.EndTimeRange)
		v.text("TagSelector", req.TagSelector, optional)
		v.text("Sort", req.Sort, optional)
		v.text("Order", req.Order, optional)
		v.count("MaxResults", req.MaxResults)
		v.text("NextToken", req.NextToken, optional)
	}
	if v.failed != nil {
		return nil, v.failed
	}
	resp, _, err := invoke(ctx, c, v.action, func(p *wire.Params) {
		appendTimeRange(p, "EndTimeRange", req.EndTimeRange)
		p.OptionalInt("MaxResults", req.MaxResults)
		p.OptionalText("NextToken", req.NextToken)
		p.OptionalText("Order", req.Order)
		p.Text("ProjectName", req.ProjectName)
		p.OptionalBool("RequestDefinition", req.RequestDefinition)
		p.OptionalText("Sort", req.Sort)
		appendTimeRange(p, "StartTimeRange", req.StartTimeRange)
		p.OptionalText("Status", string(req.Status))
		p.OptionalText("TagSelector", req.TagSelector)
		p.OptionalStrings("TaskTypes", req.TaskTypes)
	}, func(r *ListTasksResponse) (string, bool) { return r.RequestID, r.RequestID != "" || r.Tasks != nil })
	return resp, err
}

// Tasks goes through all tasks that ListTasks finds, from the page of the
// request's NextToken on, and asks for a page when it comes to it. The first error
// ends it: those of ListTasks, and a page token that the service gives a second
// time. The request is copied. The iterator can be used any number of times, by
// several goroutines as well; each loop begins anew.
func (c *Client) Tasks(ctx context.Context, req *ListTasksRequest) iter.Seq2[TaskInfo, error] {
	if req == nil {
		return noPages[TaskInfo]("ListTasks")
	}
	list := *req
	list.TaskTypes = slices.Clone(req.TaskTypes)
	return pages("ListTasks", list.NextToken, func(token string) (page[TaskInfo], error) {
		list := list
		list.NextToken = token
		resp, err := c.ListTasks(ctx, &list)
		if err != nil {
			return page[TaskInfo]{}, err
		}
		return page[TaskInfo]{resp.Tasks, resp.NextToken}, nil
	})
}

// appendTimeRange adds a range of times unless both sides are open.
func appendTimeRange(params *wire.Params, name string, r TimeRange) {
	if r.Start.IsZero() && r.End.IsZero() {
		return
	}
	params.JSON(name, func(dst []byte) []byte {
		o := wire.BeginObject(dst)
		o.Time("Start", r.Start)
		o.Time("End", r.End)
		return o.End()
	})
}

// UnmarshalJSON reads a task as the service writes it. Times that are absent or
// malformed are left zero.
func (t *TaskInfo) UnmarshalJSON(data []byte) error {
	type plain TaskInfo
	aux := struct {
		*plain
		StartTime, EndTime looseTime
		Tags               looseLabels
	}{(*plain)(t), looseTime{t.StartTime}, looseTime{t.EndTime}, t.Tags}
	err := json.Unmarshal(data, &aux)
	t.StartTime, t.EndTime, t.Tags = aux.StartTime.Time, aux.EndTime.Time, aux.Tags
	return err
}

// UnmarshalJSON reads a task as the service writes it. Times that are absent or
// malformed are left zero.
func (r *GetTaskResponse) UnmarshalJSON(data []byte) error {
	type plain GetTaskResponse
	aux := struct {
		*plain
		StartTime, EndTime looseTime
		Tags               looseLabels
	}{(*plain)(r), looseTime{r.StartTime}, looseTime{r.EndTime}, r.Tags}
	err := json.Unmarshal(data, &aux)
	r.StartTime, r.EndTime, r.Tags = aux.StartTime.Time, aux.EndTime.Time, aux.Tags
	return err
}

// UnmarshalJSON reads a list of tasks as the service writes it. A MaxResults that
// is a number, as the request has it, is taken as well.
func (r *ListTasksResponse) UnmarshalJSON(data []byte) error {
	type plain ListTasksResponse
	aux := struct {
		*plain
		MaxResults json.RawMessage
	}{plain: (*plain)(r)}
	err := json.Unmarshal(data, &aux)
	if aux.MaxResults != nil {
		r.MaxResults = wire.LooseText(aux.MaxResults)
	}
	return err
}
