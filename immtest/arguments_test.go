package immtest

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// oneFile is the JSON of a batch of n files.
func oneFile(n int) string {
	return "[" + strings.TrimSuffix(strings.Repeat(`{"URI":"oss://test-bucket/a.png"},`, n), ",") + "]"
}

func TestArgumentsAreCheckedAsDocumented(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("n", 129)
	batch := func(files string, pairs ...string) url.Values {
		return inDataset(append([]string{"Files", files}, pairs...)...)
	}
	for _, c := range []struct {
		name, action string
		params       url.Values
		code, about  string // code "" is success
	}{
		{"no project", "CreateBinding", url.Values{"DatasetName": {"d"}, "URI": {"oss://test-bucket"}}, "MissingProjectName", "ProjectName"},
		{"no dataset", "CreateBinding", url.Values{"ProjectName": {"p"}, "URI": {"oss://test-bucket"}}, "MissingDatasetName", "DatasetName"},
		{"no URI", "CreateBinding", inDataset(), "MissingURI", "URI"},
		{"name of 128 characters", "CreateBinding", inDataset("URI", "oss://test-bucket", "ProjectName", long[1:]), "", ""},
		{"name of 129 characters", "CreateBinding", inDataset("URI", "oss://test-bucket", "ProjectName", long), "InvalidArgument", "ProjectName"},
		{"name starts with an underscore", "CreateBinding", inDataset("URI", "oss://test-bucket", "DatasetName", "_-9"), "", ""},
		{"name starts with a digit", "CreateBinding", inDataset("URI", "oss://test-bucket", "DatasetName", "9d"), "InvalidArgument", "DatasetName"},
		{"name starts with a hyphen", "CreateBinding", inDataset("URI", "oss://test-bucket", "DatasetName", "-d"), "InvalidArgument", "DatasetName"},
		{"name with a dot", "CreateBinding", inDataset("URI", "oss://test-bucket", "DatasetName", "d.d"), "InvalidArgument", "DatasetName"},
		{"name beyond ASCII", "CreateBinding", inDataset("URI", "oss://test-bucket", "DatasetName", "dé"), "InvalidArgument", "DatasetName"},
		{"name that is not UTF-8", "CreateBinding", inDataset("URI", "oss://test-bucket", "DatasetName", "d\xff"), "InvalidArgument", "UTF-8"},
		{"binding of an object", "CreateBinding", inDataset("URI", "oss://test-bucket/a.png"), "InvalidArgument", "oss://bucket"},
		{"binding with a slash", "CreateBinding", inDataset("URI", "oss://test-bucket/"), "InvalidArgument", "oss://bucket"},
		{"binding of nothing", "CreateBinding", inDataset("URI", "oss://"), "InvalidArgument", "oss://bucket"},
		{"binding by https", "CreateBinding", inDataset("URI", "https://test-bucket"), "InvalidArgument", "oss://bucket"},
		{"binding of an unknown bucket", "CreateBinding", inDataset("URI", "oss://another"), "ResourceNotFound", "another"},
		{"get without URI", "GetBinding", inDataset(), "MissingURI", "URI"},

		{"no file", "IndexFileMeta", inDataset(), "MissingFile", "File"},
		{"file that is not JSON", "IndexFileMeta", inDataset("File", "{"), "InvalidArgument", "File"},
		{"file without URI", "IndexFileMeta", inDataset("File", "{}"), "InvalidArgument", "File.URI"},
		{"file in a bucket", "IndexFileMeta", inDataset("File", `{"URI":"oss://b/k"}`), "", ""},
		{"bucket for a file", "IndexFileMeta", inDataset("File", `{"URI":"oss://b"}`), "InvalidArgument", "File.URI"},
		{"bucket and slash for a file", "IndexFileMeta", inDataset("File", `{"URI":"oss://b/"}`), "InvalidArgument", "File.URI"},
		{"no bucket", "IndexFileMeta", inDataset("File", `{"URI":"oss:///k"}`), "InvalidArgument", "File.URI"},
		{"pds file", "IndexFileMeta", inDataset("File", `{"URI":"pds://domains/a/drives/b/files/c/revisions/d","FileHash":"f"}`), "", ""},
		{"pds file without hash", "IndexFileMeta", inDataset("File", `{"URI":"pds://domains/a/drives/b/files/c/revisions/d"}`), "InvalidArgument", "File.FileHash"},
		{"pds file without revision", "IndexFileMeta", inDataset("File", `{"URI":"pds://domains/a/drives/b/files/c","FileHash":"f"}`), "InvalidArgument", "File.URI"},
		{"pds file with an empty revision", "IndexFileMeta", inDataset("File", `{"URI":"pds://domains/a/drives/b/files/c/revisions/","FileHash":"f"}`), "InvalidArgument", "File.URI"},
		{"pds file out of order", "IndexFileMeta", inDataset("File", `{"URI":"pds://drives/b/domains/a/files/c/revisions/d","FileHash":"f"}`), "InvalidArgument", "File.URI"},
		{"content of nowhere", "IndexFileMeta", inDataset("File", `{"URI":"pds://domains/a/drives/b/files/c/revisions/d","FileHash":"f","OSSURI":"oss://b"}`), "InvalidArgument", "File.OSSURI"},
		{"label that is a number", "IndexFileMeta", inDataset("File", `{"URI":"oss://b/k","CustomLabels":{"a":1}}`), "InvalidArgument", "File"},
		{"media type", "IndexFileMeta", inDataset("File", `{"URI":"oss://b/k","MediaType":"video"}`), "", ""},
		{"unknown media type", "IndexFileMeta", inDataset("File", `{"URI":"oss://b/k","MediaType":"movie"}`), "InvalidArgument", "File.MediaType"},

		{"no files", "BatchIndexFileMeta", inDataset(), "MissingFiles", "Files"},
		{"0 files", "BatchIndexFileMeta", batch("[]"), "InvalidArgument", "not 0"},
		{"100 files", "BatchIndexFileMeta", batch(oneFile(100)), "", ""},
		{"101 files", "BatchIndexFileMeta", batch(oneFile(101)), "InvalidArgument", "not 101"},
		{"files that are one", "BatchIndexFileMeta", batch(`{"URI":"oss://b/k"}`), "InvalidArgument", "Files"},
		{"second file is wrong", "BatchIndexFileMeta", batch(`[{"URI":"oss://b/k"},{"URI":"k"}]`), "InvalidArgument", "Files[1].URI"},
		{"2048 bytes of user data", "BatchIndexFileMeta", batch(oneFile(1), "UserData", strings.Repeat("é", 1024)), "", ""},
		{"2049 bytes of user data", "BatchIndexFileMeta", batch(oneFile(1), "UserData", strings.Repeat("é", 1024)+"x"), "InvalidArgument", "UserData"},
		{"no project for files", "BatchIndexFileMeta", url.Values{"DatasetName": {"d"}, "Files": {oneFile(1)}}, "MissingProjectName", "ProjectName"},
		{"notification that is not JSON", "BatchIndexFileMeta", batch(oneFile(1), "Notification", "topic"), "InvalidArgument", "Notification"},
		{"RocketMQ", "BatchIndexFileMeta", batch(oneFile(1), "Notification", `{"RocketMQ":{"InstanceId":"i","TopicName":"t"}}`), "", ""},
		{"RocketMQ without instance", "BatchIndexFileMeta", batch(oneFile(1), "Notification", `{"RocketMQ":{"TopicName":"t"}}`), "InvalidArgument", "RocketMQ"},
		{"RocketMQ without topic", "BatchIndexFileMeta", batch(oneFile(1), "Notification", `{"RocketMQ":{"InstanceId":"i"}}`), "InvalidArgument", "RocketMQ"},

		{"get nothing", "GetFileMeta", inDataset(), "MissingURI", "URI"},
		{"get a bucket", "GetFileMeta", inDataset("URI", "oss://b"), "InvalidArgument", "URI"},
		{"get no URIs", "BatchGetFileMeta", inDataset(), "MissingURIs", "URIs"},
		{"get 0 URIs", "BatchGetFileMeta", inDataset("URIs", "[]"), "InvalidArgument", "not 0"},
		{"get one that is wrong", "BatchGetFileMeta", inDataset("URIs", `["oss://b/k","k"]`), "InvalidArgument", "URIs[1]"},
		{"get from where nothing is", "BatchGetFileMeta", inDataset("URIs", `["oss://b/k"]`), "ResourceNotFound", "test-project"},
		{"get 101 URIs", "BatchGetFileMeta", inDataset("URIs", "["+strings.Repeat(`"oss://b/k",`, 100)+`"oss://b/k"]`), "InvalidArgument", "not 101"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			s := newServer(t, WithBucket("test-bucket", nil))
			req := unsigned(c.action, nil)
			setForm(req, c.params)
			r := send(t, s, sign(req, AccessKeyID, AccessKeySecret))
			require.Equal(t, c.code, r.code(), r.text)
			if c.code == "" {
				require.Equal(t, http.StatusOK, r.status)
				return
			}
			require.Contains(t, r.body["Message"], c.about)
			require.Empty(t, s.projects, "a refused call changes nothing")
			if c.code == "ResourceNotFound" {
				require.Equal(t, http.StatusNotFound, r.status)
			} else {
				require.Equal(t, http.StatusBadRequest, r.status)
			}
		})
	}
}

func TestReadingCreatesNothing(t *testing.T) {
	t.Parallel()
	s := newServer(t, WithBucket("test-bucket", nil))
	for action, params := range map[string]url.Values{
		"GetBinding":       inDataset("URI", "oss://test-bucket"),
		"GetFileMeta":      inDataset("URI", "oss://test-bucket/a.png"),
		"BatchGetFileMeta": inDataset("URIs", `["oss://test-bucket/a.png"]`),
	} {
		require.Equal(t, "ResourceNotFound", send(t, s, signed(action, params)).code(), action)
	}
	require.Empty(t, s.projects)
	require.Empty(t, s.Files("test-project", "test-dataset"))
	ask(t, s, "CreateBinding", inDataset("URI", "oss://test-bucket"))
	other := inDataset("URI", "oss://test-bucket", "DatasetName", "another")
	require.Equal(t, "ResourceNotFound", send(t, s, signed("GetBinding", other)).code())
	require.Len(t, s.projects["test-project"].datasets, 1)
}

func TestAnAnswerKeepsURIsReadable(t *testing.T) {
	t.Parallel()
	text := string(encodeJSON(map[string]string{"URI": "oss://b/<a>&b"}))
	require.Equal(t, `{"URI":"oss://b/<a>&b"}`, text)
	require.True(t, json.Valid([]byte(text)))
}
