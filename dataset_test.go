package imm_test

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/imm-go/imm"
)

const datasetJSON = `{"ProjectName":"test-project","DatasetName":"test-dataset","TemplateId":"Official:ImageManagement","Description":"photos",` +
	`"CreateTime":"2022-07-06T07:03:28.054762739+08:00","UpdateTime":"2022-07-06T07:03:28.054762739+08:00","DatasetMaxBindCount":10,` +
	`"DatasetMaxFileCount":100000000,"DatasetMaxEntityCount":10000000000,"DatasetMaxRelationCount":100000000000,` +
	`"DatasetMaxTotalFileSize":90000000000000000,"WorkflowParameters":[{"Name":"a","Value":"1"}],"Undocumented":[]}`

func theDataset() imm.Dataset {
	return imm.Dataset{
		ProjectName: project, DatasetName: dataset, TemplateID: "Official:ImageManagement", Description: "photos", CreateTime: at(), UpdateTime: at(),
		DatasetMaxBindCount: 10, DatasetMaxFileCount: 1e8, DatasetMaxEntityCount: 1e10, DatasetMaxRelationCount: 1e11, DatasetMaxTotalFileSize: 9e16,
		WorkflowParameters: []imm.WorkflowParameter{{Name: "a", Value: "1"}},
	}
}

func TestDatasetsGoOverTheWireAsDocumented(t *testing.T) {
	t.Parallel()
	const answer = `{"RequestId":"R","Dataset":` + datasetJSON + `}`
	counted := theDataset()
	counted.BindCount, counted.FileCount, counted.TotalFileSize = 1, 300, 4e9
	checkExchanges(t, map[string]exchange{
		"a dataset of a name": {
			"CreateDataset", `DatasetName=test-dataset&ProjectName=test-project`, answer,
			calling((*imm.Client).CreateDataset, &imm.CreateDatasetRequest{ProjectName: project, DatasetName: dataset}),
			&imm.CreateDatasetResponse{Dataset: theDataset(), RequestID: "R"},
		},
		"a dataset with everything": {
			"CreateDataset",
			`DatasetMaxBindCount=1&DatasetMaxEntityCount=2&DatasetMaxFileCount=3&DatasetMaxRelationCount=4&DatasetMaxTotalFileSize=5` +
				`&DatasetName=test-dataset&Description=d é&ProjectName=test-project&TemplateId=Official:ImageManagement` +
				`&WorkflowParameters=[{"Name":"a","Value":"1"},{"Name":"b"}]`,
			answer,
			calling((*imm.Client).CreateDataset, &imm.CreateDatasetRequest{
				ProjectName: project, DatasetName: dataset, Description: "d é", TemplateID: "Official:ImageManagement",
				WorkflowParameters:  []imm.WorkflowParameter{{Name: "a", Value: "1"}, {Name: "b"}},
				DatasetMaxBindCount: 1, DatasetMaxEntityCount: 2, DatasetMaxFileCount: 3, DatasetMaxRelationCount: 4, DatasetMaxTotalFileSize: 5,
			}),
			&imm.CreateDatasetResponse{Dataset: theDataset(), RequestID: "R"},
		},
		"a dataset as it is": {
			"GetDataset", `DatasetName=test-dataset&ProjectName=test-project`, answer,
			calling((*imm.Client).GetDataset, &imm.GetDatasetRequest{ProjectName: project, DatasetName: dataset}),
			&imm.GetDatasetResponse{Dataset: theDataset(), RequestID: "R"},
		},
		"a dataset with its statistics": {
			"GetDataset", `DatasetName=test-dataset&ProjectName=test-project&WithStatistics=true`,
			`{"RequestId":"R","Dataset":` + datasetJSON[:len(datasetJSON)-1] + `,"BindCount":1,"FileCount":300,"TotalFileSize":4000000000}}`,
			calling((*imm.Client).GetDataset, &imm.GetDatasetRequest{ProjectName: project, DatasetName: dataset, WithStatistics: true}),
			&imm.GetDatasetResponse{Dataset: counted, RequestID: "R"},
		},
		"all datasets": {
			"ListDatasets", `ProjectName=test-project`, `{"RequestId":"R","NextToken":"next","Datasets":[` + datasetJSON + `]}`,
			calling((*imm.Client).ListDatasets, &imm.ListDatasetsRequest{ProjectName: project}),
			&imm.ListDatasetsResponse{Datasets: []imm.Dataset{theDataset()}, NextToken: "next", RequestID: "R"},
		},
		"some datasets": {
			"ListDatasets", `MaxResults=1&NextToken=a/b=&Prefix=test-&ProjectName=test-project`, `{"RequestId":"R","Datasets":null}`,
			calling((*imm.Client).ListDatasets, &imm.ListDatasetsRequest{ProjectName: project, Prefix: "test-", MaxResults: 1, NextToken: "a/b="}),
			&imm.ListDatasetsResponse{RequestID: "R"},
		},
		"a change of nothing": {
			"UpdateDataset", `DatasetName=test-dataset&ProjectName=test-project`, answer,
			calling((*imm.Client).UpdateDataset, &imm.UpdateDatasetRequest{ProjectName: project, DatasetName: dataset}),
			&imm.UpdateDatasetResponse{Dataset: theDataset(), RequestID: "R"},
		},
		"a change to nothing": {
			"UpdateDataset",
			`DatasetMaxBindCount=0&DatasetMaxEntityCount=0&DatasetMaxFileCount=0&DatasetMaxRelationCount=0&DatasetMaxTotalFileSize=0` +
				`&DatasetName=test-dataset&Description=&ProjectName=test-project&TemplateId=&WorkflowParameters=[]`,
			answer,
			calling((*imm.Client).UpdateDataset, &imm.UpdateDatasetRequest{
				ProjectName: project, DatasetName: dataset, Description: new(""), TemplateID: new(""), WorkflowParameters: []imm.WorkflowParameter{},
				DatasetMaxBindCount: new(int64(0)), DatasetMaxEntityCount: new(int64(0)), DatasetMaxFileCount: new(int64(0)),
				DatasetMaxRelationCount: new(int64(0)), DatasetMaxTotalFileSize: new(int64(0)),
			}),
			&imm.UpdateDatasetResponse{Dataset: theDataset(), RequestID: "R"},
		},
		"the end of a dataset": {
			"DeleteDataset", `DatasetName=test-dataset&ProjectName=test-project`, `{"RequestId":"R"}`,
			calling((*imm.Client).DeleteDataset, &imm.DeleteDatasetRequest{ProjectName: project, DatasetName: dataset}),
			&imm.DeleteDatasetResponse{RequestID: "R"},
		},
	})
}

func TestADatasetIsReadLeniently(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		text string
		want imm.Dataset
	}{
		"nothing":         {`{}`, imm.Dataset{}},
		"null":            {`null`, imm.Dataset{}},
		"empty times":     {`{"CreateTime":"","UpdateTime":""}`, imm.Dataset{}},
		"malformed times": {`{"CreateTime":"yesterday","UpdateTime":17}`, imm.Dataset{}},
		"one good time":   {`{"CreateTime":[],"UpdateTime":"2022-07-06T07:03:28.054762739+08:00"}`, imm.Dataset{UpdateTime: at()}},
		"unknown fields":  {`{"Detail":{"a":[1,2]}}`, imm.Dataset{}},
	} {
		var got imm.Dataset
		require.NoError(t, json.Unmarshal([]byte(tt.text), &got), name)
		require.Equal(t, tt.want, got, name)
	}
	require.Error(t, json.Unmarshal([]byte(`"text"`), new(imm.Dataset)))
}
