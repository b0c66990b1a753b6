package imm_test

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/imm-go/imm"
)

const projectJSON = `{"ProjectName":"test-project","ServiceRole":"AliyunIMMDefaultRole","TemplateId":"Official:AllFunction","Description":"photos",` +
	`"CreateTime":"2022-07-06T07:03:28.054762739+08:00","UpdateTime":"","ProjectQueriesPerSecond":100,"EngineConcurrency":99,` +
	`"ProjectMaxDatasetCount":1000000000,"DatasetMaxBindCount":10,"DatasetMaxFileCount":100000000,"DatasetMaxEntityCount":10000000000,` +
	`"DatasetMaxRelationCount":100000000000,"DatasetMaxTotalFileSize":90000000000000000,"Tags":[{"TagKey":"stage","TagValue":"test"}],"Undocumented":{}}`

func theProject() imm.Project {
	return imm.Project{
		ProjectName: project, ServiceRole: "AliyunIMMDefaultRole", TemplateID: "Official:AllFunction", Description: "photos", CreateTime: at(),
		ProjectQueriesPerSecond: 100, EngineConcurrency: 99, ProjectMaxDatasetCount: 1e9, DatasetMaxBindCount: 10, DatasetMaxFileCount: 1e8,
		DatasetMaxEntityCount: 1e10, DatasetMaxRelationCount: 1e11, DatasetMaxTotalFileSize: 9e16, Tags: map[string]string{"stage": "test"},
	}
}

func TestProjectsGoOverTheWireAsDocumented(t *testing.T) {
	t.Parallel()
	const answer = `{"RequestId":"R","Project":` + projectJSON + `}`
	counted := theProject()
	counted.DatasetCount, counted.FileCount, counted.TotalFileSize = 2, 300, 4e9
	checkExchanges(t, map[string]exchange{
		"a project of a name": {
			"CreateProject", `ProjectName=test-project`, answer,
			calling((*imm.Client).CreateProject, &imm.CreateProjectRequest{ProjectName: project}),
			&imm.CreateProjectResponse{Project: theProject(), RequestID: "R"},
		},
		"a project with everything": {
			"CreateProject",
			`DatasetMaxBindCount=1&DatasetMaxEntityCount=2&DatasetMaxFileCount=3&DatasetMaxRelationCount=4&DatasetMaxTotalFileSize=5` +
				`&Description=d é&ProjectMaxDatasetCount=6&ProjectName=test-project&ServiceRole=role` +
				`&Tag=[{"Key":"a","Value":""},{"Key":"b\"","Value":"2"}]&TemplateId=Official:ImageManagement`,
			answer,
			calling((*imm.Client).CreateProject, &imm.CreateProjectRequest{
				ProjectName: project, Description: "d é", ServiceRole: "role", TemplateID: "Official:ImageManagement",
				Tags: map[string]string{`b"`: "2", "a": ""}, ProjectMaxDatasetCount: 6, DatasetMaxBindCount: 1, DatasetMaxEntityCount: 2,
				DatasetMaxFileCount: 3, DatasetMaxRelationCount: 4, DatasetMaxTotalFileSize: 5,
			}),
			&imm.CreateProjectResponse{Project: theProject(), RequestID: "R"},
		},
		"a project as it is": {
			"GetProject", `ProjectName=test-project`, answer,
			calling((*imm.Client).GetProject, &imm.GetProjectRequest{ProjectName: project}),
			&imm.GetProjectResponse{Project: theProject(), RequestID: "R"},
		},
		"a project with its statistics": {
			"GetProject", `ProjectName=test-project&WithStatistics=true`,
			`{"RequestId":"R","Project":` + projectJSON[:len(projectJSON)-1] + `,"DatasetCount":2,"FileCount":300,"TotalFileSize":4000000000}}`,
			calling((*imm.Client).GetProject, &imm.GetProjectRequest{ProjectName: project, WithStatistics: true}),
			&imm.GetProjectResponse{Project: counted, RequestID: "R"},
		},
		"all projects": {
			"ListProjects", ``, `{"RequestId":"R","NextToken":"next","Projects":[` + projectJSON + `]}`,
			calling((*imm.Client).ListProjects, &imm.ListProjectsRequest{}),
			&imm.ListProjectsResponse{Projects: []imm.Project{theProject()}, NextToken: "next", RequestID: "R"},
		},
		"some projects": {
			"ListProjects", `MaxResults=200&NextToken=a+b&Prefix=test-&Tag=[{"Key":"stage","Value":"test"}]`, `{"RequestId":"R","Projects":[]}`,
			calling((*imm.Client).ListProjects, &imm.ListProjectsRequest{Prefix: "test-", MaxResults: 200, NextToken: "a+b", Tags: map[string]string{"stage": "test"}}),
			&imm.ListProjectsResponse{Projects: []imm.Project{}, RequestID: "R"},
		},
		"a change of nothing": {
			"UpdateProject", `ProjectName=test-project`, answer,
			calling((*imm.Client).UpdateProject, &imm.UpdateProjectRequest{ProjectName: project}),
			&imm.UpdateProjectResponse{Project: theProject(), RequestID: "R"},
		},
		"a change to nothing": {
			"UpdateProject",
			`DatasetMaxBindCount=0&DatasetMaxEntityCount=0&DatasetMaxFileCount=0&DatasetMaxRelationCount=0&DatasetMaxTotalFileSize=0` +
				`&Description=&ProjectMaxDatasetCount=0&ProjectName=test-project&ServiceRole=&Tag=[]&TemplateId=`,
			answer,
			calling((*imm.Client).UpdateProject, &imm.UpdateProjectRequest{
				ProjectName: project, Description: new(""), ServiceRole: new(""), TemplateID: new(""), Tags: map[string]string{},
				ProjectMaxDatasetCount: new(int64(0)), DatasetMaxBindCount: new(int64(0)), DatasetMaxEntityCount: new(int64(0)),
				DatasetMaxFileCount: new(int64(0)), DatasetMaxRelationCount: new(int64(0)), DatasetMaxTotalFileSize: new(int64(0)),
			}),
			&imm.UpdateProjectResponse{Project: theProject(), RequestID: "R"},
		},
		"a change of one thing": {
			"UpdateProject", `DatasetMaxFileCount=7&ProjectName=test-project`, answer,
			calling((*imm.Client).UpdateProject, &imm.UpdateProjectRequest{ProjectName: project, DatasetMaxFileCount: new(int64(7))}),
			&imm.UpdateProjectResponse{Project: theProject(), RequestID: "R"},
		},
		"the end of a project": {
			"DeleteProject", `ProjectName=test-project`, `{"RequestId":"R"}`,
			calling((*imm.Client).DeleteProject, &imm.DeleteProjectRequest{ProjectName: project}),
			&imm.DeleteProjectResponse{RequestID: "R"},
		},
	})
}

func TestAProjectIsReadLeniently(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		text string
		want imm.Project
	}{
		"nothing":           {`{}`, imm.Project{}},
		"null":              {`null`, imm.Project{}},
		"empty times":       {`{"CreateTime":"","UpdateTime":""}`, imm.Project{}},
		"null times":        {`{"CreateTime":null,"UpdateTime":null}`, imm.Project{}},
		"malformed times":   {`{"CreateTime":"yesterday","UpdateTime":17}`, imm.Project{}},
		"times of one kind": {`{"CreateTime":{},"UpdateTime":"2022-07-06T07:03:28.054762739+08:00"}`, imm.Project{UpdateTime: at()}},
		"tags of any kind":  {`{"Tags":[{"TagKey":"a","TagValue":5},{"TagKey":"b","TagValue":null}]}`, imm.Project{Tags: map[string]string{"a": "5", "b": ""}}},
		"tags of no kind":   {`{"Tags":"none"}`, imm.Project{}},
		"unknown fields":    {`{"Detail":{"a":[1,2]}}`, imm.Project{}},
	} {
		var got imm.Project
		require.NoError(t, json.Unmarshal([]byte(tt.text), &got), name)
		require.Equal(t, tt.want, got, name)
	}
	require.Error(t, json.Unmarshal([]byte(`[]`), new(imm.Project)))
}
