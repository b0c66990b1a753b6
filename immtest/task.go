package immtest

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/imm-go/imm"
)

// Task is one piece of asynchronous work, as GetTask and ListTasks show it. The
// operations of the emulator make none: a test says with PutTask which there are.
type Task struct {
	ProjectName string
	TaskID      string `json:"TaskId"` // of a project; empty: PutTask makes one
	TaskType    string // such as FigureClustering
	EventID     string `json:"EventId"`
	Status      imm.TaskStatus
	Progress    int32  // in percent
	Code        string // of the error with which the task ended
	Message     string // of that error
	StartTime   time.Time
	EndTime     time.Time // zero: it has not ended
	Tags        map[string]string
	UserData    string
	// TaskRequestDefinition is the request that began the task, as JSON. An answer
	// has it only where the call asks for it.
	TaskRequestDefinition string
}

// PutTask puts a task into a project, or replaces the one with the same id, and
// makes the project where there is none. An empty id, status and start are filled
// in: with a new one, TaskRunning, and the time of the server's clock. PutTask
// returns the id. The task is copied; to let it proceed, put it again.
func (s *Server) PutTask(task Task) (taskID string) {
	task.Tags = maps.Clone(task.Tags)
	if task.TaskID == "" {
		task.TaskID = task.TaskType + "-" + strings.ToLower(newRequestID())
	}
	if task.Status == "" {
		task.Status = imm.TaskRunning
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if task.StartTime.IsZero() {
		task.StartTime = s.now()
	}
	p := s.projects[task.ProjectName]
	if p == nil {
		p = s.addProject(task.ProjectName, templateAll)
	}
	p.tasks[task.TaskID] = &task
	return task.TaskID
}

// taskBody is a task in a list. The definition is left out where nobody asked for
// it.
type taskBody struct {
	TaskID                string `json:"TaskId"`
	TaskType              string
	Status                imm.TaskStatus
	Progress              int32
	Code, Message         string
	StartTime, EndTime    string
	Tags                  map[string]string
	UserData              string
	TaskRequestDefinition string `json:",omitzero"`
}

type taskAnswer struct {
	RequestID   string `json:"RequestId"`
	ProjectName string
	EventID     string `json:"EventId"`
	taskBody
	TaskRequestDefinition string // also when it is empty, since it is at the top
}

type tasksAnswer struct {
	RequestID   string `json:"RequestId"`
	ProjectName string
	MaxResults  string // the model has it as text
	NextToken   string
	Tasks       []taskBody
}

// body is a task as it is now; tasks do not change.
func (t *Task) body(withDefinition bool) taskBody {
	body := taskBody{
		TaskID: t.TaskID, TaskType: t.TaskType, Status: t.Status, Progress: t.Progress,
		Code: t.Code, Message: t.Message, StartTime: timeText(t.StartTime), EndTime: timeText(t.EndTime),
		Tags: t.Tags, UserData: t.UserData,
	}
	if body.Tags == nil {
		body.Tags = map[string]string{}
	}
	if withDefinition {
		body.TaskRequestDefinition = t.TaskRequestDefinition
	}
	return body
}

// timeText is empty for a time that is not known.
func timeText(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.In(location).Format(time.RFC3339Nano)
}

func (s *Server) getTask(c *call) (any, *failure) {
	projectName, taskType, taskID := c.name("ProjectName"), c.required("TaskType"), c.required("TaskId")
	withDefinition := c.boolean("RequestDefinition")
	if c.failed != nil {
		return nil, c.failed
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	p, f := s.project(projectName)
	if f != nil {
		return nil, f
	}
	t := p.tasks[taskID]
	if t == nil || t.TaskType != taskType {
		return nil, notFound("Task", taskID)
	}
	body := t.body(withDefinition)
	return taskAnswer{
		RequestID: c.requestID, ProjectName: projectName, EventID: t.EventID,
		taskBody: body, TaskRequestDefinition: body.TaskRequestDefinition,
	}, nil
}

// timeRange is a documented range of times; the zero time leaves a side open.
// That a range includes both of its ends is inferred.
type timeRange struct{ start, end time.Time }

func (a *arguments) timeRange(parameter string) (r timeRange) {
	var sent struct{ Start, End string }
	a.json(parameter, &sent)
	for text, to := range map[string]*time.Time{sent.Start: &r.start, sent.End: &r.end} {
		if text == "" {
			continue
		}
		var err error
		if *to, err = time.Parse(time.RFC3339, text); err != nil {
			a.refuse(invalidArgument(parameter, "its times are written as in RFC 3339"))
		}
	}
	if !r.start.IsZero() && !r.end.IsZero() && r.end.Before(r.start) {
		a.refuse(invalidArgument(parameter, "it ends before it starts"))
	}
	return r
}

// includes reports whether a time is in the range. One that is not known is in
// none but the open one.
func (r *timeRange) includes(t time.Time) bool {
	if r.start.IsZero() && r.end.IsZero() {
		return true
	}
	return !t.IsZero() && (r.start.IsZero() || !t.Before(r.start)) && (r.end.IsZero() || !t.After(r.end))
}

// taskFilter is what a call wants of the tasks in a list.
type taskFilter struct {
	types          []string
	status         string
	started, ended timeRange
	tags           tagFilter
}

// taskFilter reads the filters of a call. TagSelector is documented by one
// example, test=val1; that several are separated by commas is inferred.
func (a *arguments) taskFilter() taskFilter {
	f := taskFilter{
		status:  a.oneOf("Status", "Running", "Succeeded", "Failed"),
		started: a.timeRange("StartTimeRange"), ended: a.timeRange("EndTimeRange"),
		tags: make(tagFilter),
	}
	a.json("TaskTypes", &f.types)
	if selector := a.text("TagSelector"); selector != "" {
		for tag := range strings.SplitSeq(selector, ",") {
			key, value, isPair := strings.Cut(tag, "=")
			if !isPair || key == "" {
				a.refuse(invalidArgument("TagSelector", "it is tags such as test=val1"))
			}
			f.tags[key] = &value
		}
	}
	return f
}

func (f *taskFilter) match(t *Task) bool {
	return (len(f.types) == 0 || slices.Contains(f.types, t.TaskType)) &&
		(f.status == "" || f.status == string(t.Status)) &&
		f.started.includes(t.StartTime) && f.ended.includes(t.EndTime) && f.tags.match(t.Tags)
}

// oneOf is the value of a parameter that is absent or one of a few.
func (a *arguments) oneOf(parameter string, values ...string) string {
	value := a.text(parameter)
	if value != "" && !slices.Contains(values, value) {
		a.refuse(invalidArgument(parameter, fmt.Sprintf("%s is none of %s", value, strings.Join(values, ", "))))
	}
	return value
}

// maxTaskPage is how many tasks a page has at most; it is documented apart from
// that of the other lists.
const maxTaskPage = 100

// listTasks sorts by id, or by one of the times and then by id.
func (s *Server) listTasks(c *call) (any, *failure) {
	projectName, filter, withDefinition := c.name("ProjectName"), c.taskFilter(), c.boolean("RequestDefinition")
	sort := c.oneOf("Sort", "TaskId", "StartTime", "EndTime")
	order := strings.ToLower(c.oneOf("Order", "asc", "desc", "ASC", "DESC"))
	if sort == "" {
		sort = "TaskId"
	}
	pager := s.pager(c, maxTaskPage, "tasks", projectName, sort, order)
	pager.descending = order == "desc"
	if c.failed != nil {
		return nil, c.failed
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	p, f := s.project(projectName)
	if f != nil {
		return nil, f
	}
	byKey := make(map[string]*Task)
	for _, t := range p.tasks {
		if filter.match(t) {
			byKey[t.key(sort)] = t
		}
	}
	out := tasksAnswer{RequestID: c.requestID, ProjectName: projectName, MaxResults: strconv.Itoa(pager.size), Tasks: []taskBody{}}
	keys, next := pager.page(slices.Collect(maps.Keys(byKey)))
	for _, key := range keys {
		out.Tasks = append(out.Tasks, byKey[key].body(withDefinition))
	}
	out.NextToken = next
	return out, nil
}

// key is the place of a task in the order that was asked for, as text. A task
// without the time comes before all that have it.
func (t *Task) key(sort string) string {
	switch sort {
	case "StartTime":
		return sortableTime(t.StartTime) + t.TaskID
	case "EndTime":
		return sortableTime(t.EndTime) + t.TaskID
	}
	return t.TaskID
}

// sortableTime is as long for every time, and in the order of the times.
func sortableTime(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.000000000Z") }
