package immtest

import (
	"fmt"
	"net/http"
	"net/url"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
)

// inProject are the parameters of a call, with pairs of further ones.
func inProject(pairs ...string) url.Values {
	params := inDataset(pairs...)
	params.Del("DatasetName")
	return params
}

// failsWith makes a call that has to fail with a code.
func failsWith(t *testing.T, s *Server, code, action string, params url.Values) string {
	t.Helper()
	r := send(t, s, signed(action, params))
	require.Equal(t, code, r.code(), r.text)
	switch code {
	case "ResourceNotFound":
		require.Equal(t, http.StatusNotFound, r.status)
	case "ResourceAlreadyExists":
		require.Equal(t, http.StatusConflict, r.status)
	default:
		require.Equal(t, http.StatusBadRequest, r.status)
	}
	return r.body["Message"].(string)
}

// the takes one object out of an answer.
func the(noun string, answer map[string]any) map[string]any { return answer[noun].(map[string]any) }

// names takes one field of each item in a list of an answer.
func names(field, list string, answer map[string]any) []string {
	all := []string{}
	for _, item := range answer[list].([]any) {
		all = append(all, item.(map[string]any)[field].(string))
	}
	return all
}

func TestAProjectIsShownWithAllItsDefaults(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newServer(t)
		at := time.Now().In(location).Format(time.RFC3339Nano)
		created := ask(t, s, "CreateProject", inProject())
		require.Len(t, created, 2)
		require.Equal(t, map[string]any{
			"ProjectName": "test-project", "Description": "", "ServiceRole": "AliyunIMMDefaultRole",
			"TemplateId": "Official:DefaultEmptyId", "Tags": []any{}, "CreateTime": at, "UpdateTime": at,
			"ProjectQueriesPerSecond": 0.0, "EngineConcurrency": 100.0, "ProjectMaxDatasetCount": 1e9,
			"DatasetMaxBindCount": 10.0, "DatasetMaxEntityCount": 1e10, "DatasetMaxFileCount": 1e8,
			"DatasetMaxRelationCount": 1e11, "DatasetMaxTotalFileSize": 9e16,
			"DatasetCount": 0.0, "FileCount": 0.0, "TotalFileSize": 0.0,
		}, created["Project"])
		require.Equal(t, created["Project"], ask(t, s, "GetProject", inProject())["Project"])
	})
}

func TestAProjectKeepsWhatItWasCreatedWith(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	ask(t, s, "CreateProject", inProject(
		"Description", "d", "ServiceRole", "r", "TemplateId", "Official:AllFunction", "DatasetMaxBindCount", "3",
		"ProjectMaxDatasetCount", "2", "DatasetMaxFileCount", "0", "Tag", `[{"Key":"b","Value":"2"},{"Key":"a"}]`,
	))
	p := the("Project", ask(t, s, "GetProject", inProject()))
	require.Equal(t, "d", p["Description"])
	require.Equal(t, "r", p["ServiceRole"])
	require.Equal(t, "Official:AllFunction", p["TemplateId"])
	require.EqualValues(t, 3, p["DatasetMaxBindCount"])
	require.EqualValues(t, 2, p["ProjectMaxDatasetCount"])
	require.EqualValues(t, 100_000_000, p["DatasetMaxFileCount"], "zero leaves a limit to the service")
	require.Equal(t, []any{
		map[string]any{"TagKey": "a", "TagValue": ""}, map[string]any{"TagKey": "b", "TagValue": "2"},
	}, p["Tags"])
}

func TestASecondProjectOfThatNameIsRefused(t *testing.T) {
	t.Parallel()
	s := newServer(t, WithStrict())
	ask(t, s, "CreateProject", inProject("Description", "first"))
	failsWith(t, s, "ResourceAlreadyExists", "CreateProject", inProject("Description", "second"))
	require.Equal(t, "first", the("Project", ask(t, s, "GetProject", inProject()))["Description"])
}

func TestAnAccountHasAHundredProjects(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	for i := range 100 {
		ask(t, s, "CreateProject", inProject("ProjectName", fmt.Sprintf("p%d", i)))
	}
	failsWith(t, s, "LimitExceededError", "CreateProject", inProject())
	failsWith(t, s, "ResourceAlreadyExists", "CreateProject", inProject("ProjectName", "p7"))
	ask(t, s, "DeleteProject", inProject("ProjectName", "p7"))
	ask(t, s, "CreateProject", inProject())
}

func TestAProjectTellsTheRateOfTheServer(t *testing.T) {
	t.Parallel()
	for rate, want := range map[float64]float64{0: 0, -1: 0, 0.5: 1, 1: 1, 7.9: 7, 250: 250, 1e300: 1<<31 - 1} {
		s := newServer(t, WithProject("test-project", ""), WithQPS(rate))
		require.InDelta(t, want, the("Project", ask(t, s, "GetProject", inProject()))["ProjectQueriesPerSecond"], 0, rate)
	}
}

func TestStatisticsOfAProjectAreThereOnRequest(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newServer(t)
		s.PutObject("test-bucket", "a.txt", []byte("hello"))
		ask(t, s, "CreateBinding", bindTestBucket)
		index := inDataset("DatasetName", "another", "File", `{"URI":"oss://test-bucket/a.txt"}`)
		ask(t, s, "IndexFileMeta", index)
		sleep(t, time.Second)
		for _, yes := range []string{"true", "True"} {
			p := the("Project", ask(t, s, "GetProject", inProject("WithStatistics", yes)))
			require.Equal(t, []any{2.0, 2.0, 10.0}, []any{p["DatasetCount"], p["FileCount"], p["TotalFileSize"]})
		}
		for _, no := range []string{"false", "False", ""} {
			p := the("Project", ask(t, s, "GetProject", inProject("WithStatistics", no)))
			require.Equal(t, []any{0.0, 0.0, 0.0}, []any{p["DatasetCount"], p["FileCount"], p["TotalFileSize"]})
		}
		require.Contains(t, failsWith(t, s, "InvalidArgument", "GetProject", inProject("WithStatistics", "1")), "true or false")
	})
}

func TestProjectsAreListedByPrefixAndTags(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	for name, tags := range map[string]string{
		"b-one": `[{"Key":"env","Value":"test"}]`, "a-two": `[{"Key":"env","Value":"test"},{"Key":"team","Value":""}]`,
		"a-one": `[{"Key":"env","Value":"live"}]`, "c": `[]`,
	} {
		ask(t, s, "CreateProject", inProject("ProjectName", name, "Tag", tags))
	}
	for _, c := range []struct {
		prefix, tags string
		want         []string
	}{
		{"", "", []string{"a-one", "a-two", "b-one", "c"}},
		{"a", "", []string{"a-one", "a-two"}},
		{"a-one-and-more", "", []string{}},
		{"", `[]`, []string{"a-one", "a-two", "b-one", "c"}},
		{"", `[{"Key":"env","Value":"test"}]`, []string{"a-two", "b-one"}},
		{"", `[{"Key":"env"}]`, []string{"a-one", "a-two", "b-one"}},
		{"", `[{"Key":"team","Value":""}]`, []string{"a-two"}},
		{"", `[{"Key":"env","Value":""}]`, []string{}},
		{"", `[{"Key":"env","Value":"test"},{"Key":"team"}]`, []string{"a-two"}},
		{"b", `[{"Key":"env","Value":"test"}]`, []string{"b-one"}},
	} {
		body := ask(t, s, "ListProjects", url.Values{"Prefix": {c.prefix}, "Tag": {c.tags}})
		require.Equal(t, c.want, names("ProjectName", "Projects", body), c)
		require.Empty(t, body["NextToken"])
	}
}

func TestAnUpdateOfAProjectChangesWhatWasSent(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newServer(t, WithStrict())
		ask(t, s, "CreateProject", inProject(
			"Description", "d", "ServiceRole", "r", "TemplateId", "t", "DatasetMaxBindCount", "3", "Tag", `[{"Key":"k","Value":"v"}]`,
		))
		before := the("Project", ask(t, s, "GetProject", inProject()))
		sleep(t, time.Second)
		after := the("Project", ask(t, s, "UpdateProject", inProject()))
		require.NotEqual(t, before["UpdateTime"], after["UpdateTime"])
		before["UpdateTime"] = after["UpdateTime"]
		require.Equal(t, before, after, "what is not sent stays")

		after = the("Project", ask(t, s, "UpdateProject", inProject(
			"Description", "", "ServiceRole", "", "TemplateId", "", "DatasetMaxBindCount", "0", "Tag", `[]`,
		)))
		for field, empty := range map[string]any{"Description": "", "ServiceRole": "", "TemplateId": "", "DatasetMaxBindCount": 0.0, "Tags": []any{}} {
			require.Equal(t, empty, after[field], field)
		}
		after = the("Project", ask(t, s, "UpdateProject", inProject("Description", "new", "Tag", `[{"Key":"a","Value":"b"}]`, "DatasetMaxFileCount", "5")))
		require.Equal(t, "new", after["Description"])
		require.Equal(t, []any{map[string]any{"TagKey": "a", "TagValue": "b"}}, after["Tags"])
		require.EqualValues(t, 5, after["DatasetMaxFileCount"])
		require.Equal(t, after, the("Project", ask(t, s, "GetProject", inProject())))
	})
}

func TestAnUpdateOfATemplateCountsForWhatIsIndexedNext(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newServer(t)
		s.PutObject("test-bucket", "a.txt", []byte("hello"))
		indexed := func() int64 {
			ask(t, s, "IndexFileMeta", inDataset("File", `{"URI":"oss://test-bucket/a.txt"}`))
			sleep(t, time.Second)
			return s.Files("test-project", "test-dataset")[0].Size
		}
		ask(t, s, "CreateProject", inProject())
		ask(t, s, "CreateDataset", inDataset())
		require.Zero(t, indexed())
		ask(t, s, "UpdateProject", inProject("TemplateId", "Official:ImageManagement"))
		require.EqualValues(t, 5, indexed())
		ask(t, s, "UpdateDataset", inDataset("TemplateId", "Official:DefaultEmptyId"))
		s.PutObject("test-bucket", "a.txt", []byte("changed"))
		require.EqualValues(t, 5, indexed(), "the dataset's template wins, and collects nothing")
		ask(t, s, "UpdateDataset", inDataset("TemplateId", ""))
		require.EqualValues(t, 7, indexed())
		ask(t, s, "UpdateProject", inProject("TemplateId", ""))
		s.PutObject("test-bucket", "a.txt", nil)
		require.EqualValues(t, 7, indexed(), "no template is the empty one")
	})
}

func TestAProjectIsDeletedOnceItIsEmpty(t *testing.T) {
	t.Parallel()
	s := newServer(t, WithStrict(), WithBucket("test-bucket", nil))
	ask(t, s, "CreateProject", inProject())
	ask(t, s, "CreateDataset", inDataset())
	ask(t, s, "AttachOSSBucket", inProject("OSSBucket", "test-bucket"))
	require.Contains(t, failsWith(t, s, "InvalidArgument", "DeleteProject", inProject()), "not empty")
	ask(t, s, "DeleteDataset", inDataset())
	require.Len(t, ask(t, s, "DeleteProject", inProject()), 1)
	failsWith(t, s, "ResourceNotFound", "DeleteProject", inProject())
	failsWith(t, s, "ResourceNotFound", "GetProject", inProject())
	failsWith(t, s, "ResourceNotFound", "UpdateProject", inProject())
	failsWith(t, s, "ResourceNotFound", "GetOSSBucketAttachment", url.Values{"OSSBucket": {"test-bucket"}})
	ask(t, s, "CreateProject", inProject())
}

func TestArgumentsOfProjectsAndDatasetsAreChecked(t *testing.T) {
	t.Parallel()
	s := newServer(t, WithDataset("test-project", "test-dataset", ""))
	for _, c := range []struct {
		action, name, value, about string
	}{
		{"CreateProject", "ProjectName", "9", "ProjectName"},
		{"CreateProject", "DatasetMaxBindCount", "11", "0 to 10"},
		{"CreateProject", "DatasetMaxBindCount", "-1", "0 to 10"},
		{"CreateProject", "DatasetMaxBindCount", "", "whole number"},
		{"CreateProject", "DatasetMaxBindCount", "3.5", "whole number"},
		{"CreateProject", "DatasetMaxFileCount", "100000001", "DatasetMaxFileCount"},
		{"CreateProject", "DatasetMaxTotalFileSize", "99999999999999999999", "DatasetMaxTotalFileSize"},
		{"CreateProject", "ProjectMaxDatasetCount", "1000000001", "ProjectMaxDatasetCount"},
		{"CreateProject", "Description", "\xff", "UTF-8"},
		{"CreateProject", "Tag", "{}", "Tag"},
		{"CreateProject", "Tag", `[{"Value":"v"}]`, "Tag[0].Key"},
		{"CreateProject", "Tag", `[{"Key":"k"},{"Key":"k"}]`, "Tag[1].Key"},
		{"UpdateProject", "TemplateId", "\xff", "UTF-8"},
		{"UpdateProject", "DatasetMaxRelationCount", "many", "whole number"},
		{"ListProjects", "MaxResults", "201", "0 to 200"},
		{"ListProjects", "MaxResults", "-1", "0 to 200"},
		{"ListProjects", "NextToken", "2", "NextToken"},
		{"ListProjects", "Tag", `[{"Key":""}]`, "Tag[0].Key"},
		{"CreateDataset", "DatasetName", "d d", "DatasetName"},
		{"CreateDataset", "WorkflowParameters", `{"Name":"n"}`, "WorkflowParameters"},
		{"UpdateDataset", "DatasetMaxBindCount", "11", "0 to 10"},
		{"UpdateDataset", "Description", "\xff", "UTF-8"},
		{"GetDataset", "WithStatistics", "yes", "true or false"},
		{"ListDatasets", "MaxResults", "201", "0 to 200"},
		{"ListBindings", "MaxResults", "201", "0 to 200"},
		{"ListBindings", "NextToken", "oss://b", "NextToken"},
		{"ListAttachedOSSBuckets", "MaxResults", "201", "0 to 200"},
	} {
		message := failsWith(t, s, "InvalidArgument", c.action, inDataset(c.name, c.value))
		require.Contains(t, message, c.about, c)
	}
	for _, action := range []string{"CreateProject", "GetProject", "UpdateProject", "DeleteProject", "ListDatasets", "ListTasks", "ListAttachedOSSBuckets"} {
		failsWith(t, s, "MissingProjectName", action, nil)
	}
	for _, action := range []string{"CreateDataset", "GetDataset", "UpdateDataset", "DeleteDataset", "ListBindings", "DeleteBinding"} {
		failsWith(t, s, "MissingDatasetName", action, inProject("URI", "oss://test-bucket"))
	}
	failsWith(t, s, "MissingURI", "DeleteBinding", inDataset())
}
