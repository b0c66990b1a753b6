package bench

import (
	"context"
	"fmt"
	"strconv"

	"github.com/imm-go/imm"
)

const (
	region          = "cn-hangzhou"
	host            = "imm.cn-hangzhou.aliyuncs.com"
	accessKeyID     = "test-access-key-id"
	accessKeySecret = "test-access-key-secret"
)

// operation is one call in a form that every client can make of it. T is what the
// answer is decoded into by the clients that use encoding/json.
type operation[T any] struct {
	action string
	params map[string]any // text as it is, everything else as JSON
	answer []byte         // what the service says
	ours   func(ctx context.Context, client *imm.Client) (any, error)
	// published is what the published SDK makes of its request for the core.
	published func() map[string]any
}

// batch is BatchIndexFileMeta of n files with as many labels each.
func batch(n, labels int) operation[imm.BatchIndexFileMetaResponse] {
	files := make([]imm.InputFile, n)
	for i := range files {
		files[i] = imm.InputFile{URI: fmt.Sprintf("oss://test-bucket/photos/2024/IMG_%04d.jpg", i)}
		if labels > 0 {
			files[i].CustomLabels = make(map[string]string, labels)
		}
		for label := range labels {
			files[i].CustomLabels[fmt.Sprintf("category%d", label)] = "Pets"
		}
	}
	req := &imm.BatchIndexFileMetaRequest{
		ProjectName: "test-project", DatasetName: "test-dataset", Files: files,
		Notification: imm.Notification{MNS: imm.MNS{TopicName: "test-topic"}},
	}
	return operation[imm.BatchIndexFileMetaResponse]{
		action: "BatchIndexFileMeta",
		params: map[string]any{
			"ProjectName": req.ProjectName, "DatasetName": req.DatasetName, "Files": req.Files, "Notification": req.Notification,
		},
		answer: []byte(`{"RequestId":"0D4CB096-EB44-02D6-A4E9-****","EventId":"16C-1KoeYbdckkiOObpyzc****"}`),
		ours: func(ctx context.Context, client *imm.Client) (any, error) {
			return client.BatchIndexFileMeta(ctx, req)
		},
		published: newBatchModel(req).query,
	}
}

// plainBinding and plainFile have the fields of the SDK's types and not their
// methods: encoding/json decodes them as it decodes any structure.
type (
	plainBinding imm.Binding
	plainFile    imm.File
)

// bindingAnswer is the answer to GetBinding.
type bindingAnswer struct {
	Binding   plainBinding `json:"Binding"`
	RequestID string       `json:"RequestId"`
}

// getBinding is the documented exchange of GetBinding.
func getBinding() operation[bindingAnswer] {
	req := &imm.GetBindingRequest{ProjectName: "test-project", DatasetName: "test-dataset", URI: "oss://test-bucket"}
	return operation[bindingAnswer]{
		action: "GetBinding",
		params: map[string]any{"ProjectName": req.ProjectName, "DatasetName": req.DatasetName, "URI": req.URI},
		answer: []byte(`{"RequestId":"B5A9F54B-6C54-03C9-B011-****","Binding":{"ProjectName":"test-project",` +
			`"DatasetName":"test-dataset","URI":"oss://test-bucket","Phase":"IncrementalScanning","State":"Running",` +
			`"CreateTime":"2022-07-06T07:04:05.105182822+08:00","UpdateTime":"2022-07-06T07:04:13.302084076+08:00"}}`),
		ours:      func(ctx context.Context, client *imm.Client) (any, error) { return client.GetBinding(ctx, req) },
		published: (&bindingModel{DatasetName: new(req.DatasetName), ProjectName: new(req.ProjectName), URI: new(req.URI)}).query,
	}
}

// pageAnswer is the answer to SimpleQuery.
type pageAnswer struct {
	Files     []plainFile `json:"Files"`
	TotalHits int64       `json:"TotalHits"`
	NextToken string      `json:"NextToken"`
	RequestID string      `json:"RequestId"`
}

// simpleQuery is a SimpleQuery whose answer is a full page.
func simpleQuery() operation[pageAnswer] {
	req := &imm.SimpleQueryRequest{
		ProjectName: "test-project", DatasetName: "test-dataset",
		Query: imm.QueryCondition{Field: "Size", Operation: imm.QueryGt, Value: "1024"},
		Sort:  "Size,Filename", Order: "desc,asc", MaxResults: 100,
	}
	return operation[pageAnswer]{
		action: "SimpleQuery",
		params: map[string]any{
			"ProjectName": req.ProjectName, "DatasetName": req.DatasetName, "Query": req.Query, "Sort": req.Sort, "Order": req.Order,
			"MaxResults": strconv.FormatInt(req.MaxResults, 10),
		},
		answer: richPage(int(req.MaxResults)),
		ours:   func(ctx context.Context, client *imm.Client) (any, error) { return client.SimpleQuery(ctx, req) },
		published: (&queryModel{
			DatasetName: new(req.DatasetName), ProjectName: new(req.ProjectName), MaxResults: new(int32(req.MaxResults)),
			Sort: new(req.Sort), Order: new(req.Order),
			Query: &conditionModel{Field: new(req.Query.Field), Operation: new(string(req.Query.Operation)), Value: new(req.Query.Value)},
		}).query,
	}
}
