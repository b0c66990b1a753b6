package immtest

import (
	"bytes"
	"encoding/json"
	"net/http"
	"strings"
)

// controlPutTask does what PutTask does, and answers with the id of the task.
func (s *Server) controlPutTask(r *http.Request) controlAnswer {
	if _, refusal := controlQuery(r); refusal != nil {
		return *refusal
	}
	body, refusal := controlBody(r, maxControlBody)
	if refusal != nil {
		return *refusal
	}
	var task Task
	decoder := json.NewDecoder(bytes.NewReader(body))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&task); err != nil {
		return controlRefusal(http.StatusBadRequest, "The task is JSON with ProjectName, TaskId, TaskType, Status and other fields of a task: "+
			strings.TrimPrefix(err.Error(), "json: ")+".")
	}
	if !validName(task.ProjectName) {
		return controlRefusal(http.StatusBadRequest, "ProjectName is missing or against the rule: it names the project of the task.")
	}
	return controlOK(struct {
		TaskID string `json:"TaskId"`
	}{s.PutTask(task)})
}
