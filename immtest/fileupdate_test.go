package immtest

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/imm-go/imm"
)

// labels are so many labels as JSON.
func labels(n int) string {
	all := make(map[string]string, n)
	for i := range n {
		all[fmt.Sprintf("k%03d", i)] = "v"
	}
	text, err := json.Marshal(all)
	if err != nil {
		panic(err)
	}
	return string(text)
}

// withFile is a server that has a.txt in its dataset.
func withFile(t *testing.T) *Server {
	t.Helper()
	s := newServer(t)
	s.PutObject("test-bucket", "a.txt", []byte("hello"))
	ask(t, s, "IndexFileMeta", inDataset("File",
		`{"URI":"oss://test-bucket/a.txt","CustomId":"c","Title":"t","CustomLabels":{"a":"1","b":"2"}}`))
	sleep(t, time.Second)
	return s
}

func TestAnUpdateChangesOfAFileWhatIsDocumentedAtOnce(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := withFile(t)
		file := func() File { return s.Files("test-project", "test-dataset")[0] }
		update := func(members string) File {
			require.Len(t, ask(t, s, "UpdateFileMeta", inDataset("File", `{"URI":"oss://test-bucket/a.txt"`+members+`}`)), 1)
			return file()
		}
		before := file()
		after := update(`,"Title":"other","MediaType":"video","FileHash":"h"`)
		require.True(t, after.UpdateTime.After(before.UpdateTime))
		before.UpdateTime = after.UpdateTime
		require.Equal(t, before, after, "what an update does not change stays, and so does what it does not name")

		after = update(`,"CustomId":"d","CustomLabels":{"c":"3"},"Figures":[{"FigureId":"f","FigureClusterId":"g","FigureType":"face"}]`)
		require.Equal(t, "d", after.CustomID)
		require.Equal(t, map[string]string{"c": "3"}, after.CustomLabels, "labels replace those that were there")
		require.Equal(t, []imm.Figure{{FigureID: "f", FigureClusterID: "g", FigureType: "face"}}, after.Figures)
		require.EqualValues(t, 1, after.FigureCount)
		require.EqualValues(t, 5, after.Size)

		after = update(`,"Figures":[{"FigureId":"f","FigureClusterId":"h"},{"FigureId":"new"}]`)
		require.Equal(t, []imm.Figure{{FigureID: "f", FigureClusterID: "h", FigureType: "face"}, {FigureID: "new"}}, after.Figures)
		require.Equal(t, "d", after.CustomID)

		after = update(`,"CustomId":"","CustomLabels":{},"Figures":[]`)
		require.Empty(t, after.CustomID)
		require.Nil(t, after.CustomLabels)
		require.Nil(t, after.Figures)
		require.Zero(t, after.FigureCount)
		body := ask(t, s, "GetFileMeta", inDataset("URI", "oss://test-bucket/a.txt"))
		for _, gone := range []string{"CustomId", "CustomLabels", "Figures", "FigureCount"} {
			require.NotContains(t, body["Files"].([]any)[0], gone)
		}
	})
}

func TestFiguresOfAnUpdateOutliveAnIndexing(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := withFile(t)
		ask(t, s, "UpdateFileMeta", inDataset("File", `{"URI":"oss://test-bucket/a.txt","Figures":[{"FigureId":"f"}]}`))
		ask(t, s, "IndexFileMeta", inDataset("File", `{"URI":"oss://test-bucket/a.txt","Artist":"a","Figures":[{"FigureId":"ignored"}]}`))
		sleep(t, time.Second)
		file := s.Files("test-project", "test-dataset")[0]
		require.Equal(t, "a", file.Artist)
		require.Equal(t, []imm.Figure{{FigureID: "f"}}, file.Figures, "figures take effect only by an update")
	})
}

func TestAFileThatIsNotInTheDatasetIsNotUpdated(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := withFile(t)
		s.PutObject("test-bucket", "b.txt", nil)
		failsWith(t, s, "ResourceNotFound", "UpdateFileMeta", inDataset("File", `{"URI":"oss://test-bucket/b.txt","CustomId":"x"}`))
		require.Len(t, s.Files("test-project", "test-dataset"), 1)
		message := failsWith(t, s, "InvalidArgument", "UpdateFileMeta", inDataset("File", `{"URI":"oss://test-bucket/a.txt","CustomLabels":`+labels(101)+`}`))
		require.Contains(t, message, "Index KV count exceeded")
		ask(t, s, "UpdateFileMeta", inDataset("File", `{"URI":"oss://test-bucket/a.txt","CustomLabels":`+labels(100)+`}`))
		require.Len(t, s.Files("test-project", "test-dataset")[0].CustomLabels, 100)
	})
}

func TestABatchSaysOfEachFileWhetherItWasUpdated(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := withFile(t)
		body := ask(t, s, "BatchUpdateFileMeta", inDataset("Files", `[
			{"URI":"oss://test-bucket/none.txt","CustomId":"x"},
			{"URI":"oss://test-bucket/a.txt","CustomId":"first","CustomLabels":{"k":"v"}},
			{"URI":"oss://test-bucket/a.txt","CustomLabels":`+labels(101)+`},
			{"URI":"oss://test-bucket/a.txt","CustomId":"last"}]`))
		require.Len(t, body, 2)
		require.Equal(t, []any{
			map[string]any{"URI": "oss://test-bucket/none.txt", "Success": false, "Message": "*error.OpError : ResourceNotFound | File does not exist."},
			map[string]any{"URI": "oss://test-bucket/a.txt", "Success": true, "Message": ""},
			map[string]any{"URI": "oss://test-bucket/a.txt", "Success": false, "Message": "*error.OpError : InvalidArgument | Index KV count exceeded, should be no more than 100."},
			map[string]any{"URI": "oss://test-bucket/a.txt", "Success": true, "Message": ""},
		}, body["Files"])
		files := s.Files("test-project", "test-dataset")
		require.Len(t, files, 1)
		require.Equal(t, "last", files[0].CustomID, "files of a batch are updated in order")
		require.Equal(t, map[string]string{"k": "v"}, files[0].CustomLabels)
	})
}

func TestFilesAreDeletedWhetherTheyWereIndexedOrNot(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := withFile(t)
		a := inDataset("URI", "oss://test-bucket/a.txt")
		for range 2 {
			require.Len(t, ask(t, s, "DeleteFileMeta", a), 1)
			require.Empty(t, s.Files("test-project", "test-dataset"))
		}
		ask(t, s, "IndexFileMeta", inDataset("File", `{"URI":"oss://test-bucket/a.txt"}`))
		sleep(t, time.Second)
		file := s.Files("test-project", "test-dataset")[0]
		require.Empty(t, file.CustomID, "a file that was deleted begins anew")
		for range 2 {
			body := ask(t, s, "BatchDeleteFileMeta", inDataset("URIs", `["oss://test-bucket/none.txt","oss://test-bucket/a.txt"]`))
			require.Len(t, body, 1)
			require.Empty(t, s.Files("test-project", "test-dataset"))
		}
		failsWith(t, s, "ResourceNotFound", "DeleteFileMeta", inDataset("URI", "oss://test-bucket/a.txt", "DatasetName", "none"))
	})
}

func TestArgumentsOfFilesAreChecked(t *testing.T) {
	t.Parallel()
	s := newServer(t, WithDataset("test-project", "test-dataset", ""))
	const pds = `{"URI":"pds://domains/a/drives/b/files/c/revisions/d"}`
	many := func(n int) string { return "[" + strings.TrimSuffix(strings.Repeat(`"oss://b/k",`, n), ",") + "]" }
	for _, c := range []struct{ action, name, value, code, about string }{
		{"UpdateFileMeta", "", "", "MissingFile", "File"},
		{"UpdateFileMeta", "File", "{", "InvalidArgument", "File"},
		{"UpdateFileMeta", "File", "{}", "InvalidArgument", "File.URI"},
		{"UpdateFileMeta", "File", `{"URI":"oss://b"}`, "InvalidArgument", "File.URI"},
		{"UpdateFileMeta", "File", `{"URI":"oss://b/k","CustomLabels":{"a":1}}`, "InvalidArgument", "File"},
		{"UpdateFileMeta", "File", `{"URI":"oss://b/k","Figures":{}}`, "InvalidArgument", "File"},
		{"UpdateFileMeta", "File", pds, "ResourceNotFound", "File"},
		{"BatchUpdateFileMeta", "", "", "MissingFiles", "Files"},
		{"BatchUpdateFileMeta", "Files", "[]", "InvalidArgument", "not 0"},
		{"BatchUpdateFileMeta", "Files", oneFile(101), "InvalidArgument", "not 101"},
		{"BatchUpdateFileMeta", "Files", `[{"URI":"oss://b/k"},{"URI":"k"}]`, "InvalidArgument", "Files[1].URI"},
		{"DeleteFileMeta", "", "", "MissingURI", "URI"},
		{"DeleteFileMeta", "URI", "oss://b", "InvalidArgument", "URI"},
		{"BatchDeleteFileMeta", "", "", "MissingURIs", "URIs"},
		{"BatchDeleteFileMeta", "URIs", "[]", "InvalidArgument", "not 0"},
		{"BatchDeleteFileMeta", "URIs", many(101), "InvalidArgument", "not 101"},
		{"BatchDeleteFileMeta", "URIs", `["oss://b/k","k"]`, "InvalidArgument", "URIs[1]"},
	} {
		require.Contains(t, failsWith(t, s, c.code, c.action, inDataset(c.name, c.value)), c.about, c)
	}
	ask(t, s, "BatchUpdateFileMeta", inDataset("Files", oneFile(100)))
	ask(t, s, "BatchDeleteFileMeta", inDataset("URIs", many(100)))
}
