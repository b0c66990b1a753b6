package bench

import (
	"github.com/alibabacloud-go/darabonba-openapi/v2/utils"

	"github.com/imm-go/imm"
)

// The requests as the published SDK has them: all fields are pointers. Before a
// call it copies a request that has other parts than text, by way of JSON, into
// one that has text in their places.

type batchModel struct {
	DatasetName  *string            `json:"DatasetName,omitempty"`
	Files        []*fileModel       `json:"Files,omitempty"`
	Notification *notificationModel `json:"Notification,omitempty"`
	ProjectName  *string            `json:"ProjectName,omitempty"`
	UserData     *string            `json:"UserData,omitempty"`
}

type batchText struct {
	DatasetName  *string `json:"DatasetName,omitempty"`
	Files        *string `json:"Files,omitempty"`
	Notification *string `json:"Notification,omitempty"`
	ProjectName  *string `json:"ProjectName,omitempty"`
	UserData     *string `json:"UserData,omitempty"`
}

// fileModel has the fields that are used here.
type fileModel struct {
	CustomLabels map[string]any `json:"CustomLabels,omitempty"`
	URI          *string        `json:"URI,omitempty"`
}

type notificationModel struct {
	MNS *topicModel `json:"MNS,omitempty"`
}

type topicModel struct {
	TopicName *string `json:"TopicName,omitempty"`
}

func newBatchModel(req *imm.BatchIndexFileMetaRequest) *batchModel {
	model := &batchModel{
		DatasetName: new(req.DatasetName), ProjectName: new(req.ProjectName),
		Notification: &notificationModel{MNS: &topicModel{TopicName: new(req.Notification.MNS.TopicName)}},
	}
	for _, file := range req.Files {
		f := &fileModel{URI: new(file.URI)}
		if len(file.CustomLabels) > 0 {
			f.CustomLabels = make(map[string]any)
		}
		for name, value := range file.CustomLabels {
			f.CustomLabels[name] = value
		}
		model.Files = append(model.Files, f)
	}
	return model
}

func (m *batchModel) query() map[string]any {
	text := new(batchText)
	utils.Convert(m, text)
	text.Files, text.Notification = asJSON(m.Files, "Files"), asJSON(m.Notification, "Notification")
	return map[string]any{
		"DatasetName": text.DatasetName, "Files": text.Files, "Notification": text.Notification, "ProjectName": text.ProjectName,
	}
}

type bindingModel struct {
	DatasetName *string `json:"DatasetName,omitempty"`
	ProjectName *string `json:"ProjectName,omitempty"`
	URI         *string `json:"URI,omitempty"`
}

func (m *bindingModel) query() map[string]any {
	return map[string]any{"DatasetName": m.DatasetName, "ProjectName": m.ProjectName, "URI": m.URI}
}

type queryModel struct {
	DatasetName *string         `json:"DatasetName,omitempty"`
	MaxResults  *int32          `json:"MaxResults,omitempty"`
	Order       *string         `json:"Order,omitempty"`
	ProjectName *string         `json:"ProjectName,omitempty"`
	Query       *conditionModel `json:"Query,omitempty"`
	Sort        *string         `json:"Sort,omitempty"`
}

type queryText struct {
	DatasetName *string `json:"DatasetName,omitempty"`
	MaxResults  *int32  `json:"MaxResults,omitempty"`
	Order       *string `json:"Order,omitempty"`
	ProjectName *string `json:"ProjectName,omitempty"`
	Query       *string `json:"Query,omitempty"`
	Sort        *string `json:"Sort,omitempty"`
}

type conditionModel struct {
	Field     *string `json:"Field,omitempty"`
	Operation *string `json:"Operation,omitempty"`
	Value     *string `json:"Value,omitempty"`
}

func (m *queryModel) query() map[string]any {
	text := new(queryText)
	utils.Convert(m, text)
	text.Query = asJSON(m.Query, "Query")
	return map[string]any{
		"DatasetName": text.DatasetName, "MaxResults": text.MaxResults, "Order": text.Order,
		"ProjectName": text.ProjectName, "Query": text.Query, "Sort": text.Sort,
	}
}
