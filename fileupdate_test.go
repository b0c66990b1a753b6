package imm_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/jarcoal/httpmock"
	"github.com/stretchr/testify/require"

	"github.com/imm-go/imm"
)

func batchUpdate(uris ...string) *imm.BatchUpdateFileMetaRequest {
	req := &imm.BatchUpdateFileMetaRequest{ProjectName: project, DatasetName: dataset}
	for _, uri := range uris {
		req.Files = append(req.Files, imm.FileUpdate{URI: uri, CustomLabels: map[string]string{"a": "b"}})
	}
	return req
}

func TestAFailureInsideABatchIsNeverTakenForASuccess(t *testing.T) {
	t.Parallel()
	result := func(uri, success string) string {
		return fmt.Sprintf(`{"URI":%q,"Success":%s,"Message":"*error.OpError : InvalidArgument | Index KV count exceeded,\nshould be no more than 100."}`, uri, success)
	}
	const why = "*error.OpError : InvalidArgument | Index KV count exceeded, should be no more than 100."
	const silent = "the answer says nothing of this file, so whether it was updated is not known"
	for name, test := range map[string]struct {
		files string
		want  string // the error; empty: none
	}{
		"both updated":              {`[` + result(photo, "true") + `,` + result(dog, "true") + `]`, ""},
		"the other way round":       {`[` + result(dog, "true") + `,` + result(photo, "true") + `]`, ""},
		"one failed":                {`[` + result(photo, "true") + `,` + result(dog, "false") + `]`, `imm: 1 of 2 files not updated: "oss://test-bucket/dog.jpg": ` + why},
		"a success as text":         {`[` + result(photo, "true") + `,` + result(dog, `"true"`) + `]`, `imm: 1 of 2 files not updated: "oss://test-bucket/dog.jpg": ` + why},
		"a success as a number":     {`[` + result(photo, "1") + `,` + result(dog, "true") + `]`, `imm: 1 of 2 files not updated: "oss://test-bucket/photo.jpg": ` + why},
		"no reason":                 {`[` + result(photo, "true") + `,{"URI":"oss://test-bucket/dog.jpg","Success":false}]`, `imm: 1 of 2 files not updated: "oss://test-bucket/dog.jpg": the answer does not say why`},
		"no success":                {`[` + result(photo, "true") + `,{"URI":"oss://test-bucket/dog.jpg"}]`, `imm: 1 of 2 files not updated: "oss://test-bucket/dog.jpg": the answer does not say why`},
		"one left out":              {`[` + result(photo, "true") + `]`, `imm: 1 of 2 files not updated: "oss://test-bucket/dog.jpg": ` + silent},
		"all left out":              {`[]`, `imm: 2 of 2 files not updated: "oss://test-bucket/photo.jpg": ` + silent + `; "oss://test-bucket/dog.jpg": ` + silent},
		"no list":                   {`null`, `imm: 2 of 2 files not updated: "oss://test-bucket/photo.jpg": ` + silent + `; "oss://test-bucket/dog.jpg": ` + silent},
		"another file instead":      {`[` + result(photo, "true") + `,` + result(dog+"x", "true") + `]`, `imm: 1 of 3 files not updated: "oss://test-bucket/dog.jpg": ` + silent},
		"something that is no file": {`[` + result(photo, "true") + `,` + result(dog, "true") + `,"x"]`, `imm: 1 of 3 files not updated: "": the answer does not say why`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			client, _, _ := exchangeOf(t, `{"RequestId":"R","Files":`+test.files+`}`)
			resp, err := client.BatchUpdateFileMeta(t.Context(), batchUpdate(photo, dog))
			require.NoError(t, err)
			for _, uri := range []string{photo, dog} {
				n := 0
				for _, f := range resp.Files {
					if f.URI == uri {
						n++
					}
				}
				require.Equal(t, 1, n, "every file has one result")
			}
			if test.want == "" {
				require.NoError(t, resp.Err())
				require.Nil(t, resp.Failed())
				return
			}
			require.EqualError(t, resp.Err(), test.want)
			require.NotEmpty(t, resp.Failed())
		})
	}
}

func TestAnErrorOfManyUpdatesNamesTheFirst(t *testing.T) {
	t.Parallel()
	client, _, _ := exchangeOf(t, `{"RequestId":"R"}`)
	uris := make([]string, 100)
	for i := range uris {
		uris[i] = fmt.Sprintf("oss://test-bucket/%d", i)
	}
	resp, err := client.BatchUpdateFileMeta(t.Context(), batchUpdate(uris...))
	require.NoError(t, err)
	require.Len(t, resp.Failed(), 100)
	text := resp.Err().Error()
	require.Contains(t, text, "100 of 100 files not updated")
	require.Contains(t, text, `"oss://test-bucket/2"`)
	require.NotContains(t, text, `"oss://test-bucket/3"`)
	require.True(t, strings.HasSuffix(text, "; and 97 more"), text)
	require.Error(t, new(imm.BatchUpdateFileMetaResponse).Err(), "a response of nothing says nothing of any file")
}

func TestWrongUpdatesAreRefusedBeforeAnythingIsSent(t *testing.T) {
	t.Parallel()
	client, transport := mocked(t, httpmock.NewStringResponder(200, `{"RequestId":"R"}`))
	for _, test := range []struct {
		file  imm.FileUpdate
		field string // empty: it is right
		says  string
	}{
		{imm.FileUpdate{URI: photo}, "", ""},
		{imm.FileUpdate{URI: "pds://domains/d/drives/1/files/f/revisions/r", FileHash: "h", OSSURI: photo}, "", ""},
		{imm.FileUpdate{}, "URI", "it is empty"},
		{imm.FileUpdate{URI: bucket}, "URI", "not the URI of a file"},
		{imm.FileUpdate{URI: photo, OSSURI: bucket}, "OSSURI", "not the URI of an object"},
		{imm.FileUpdate{URI: photo, OSSURI: photo + "\xff"}, "OSSURI", "UTF-8"},
		{imm.FileUpdate{URI: photo, FileHash: "\xff"}, "FileHash", "UTF-8"},
		{imm.FileUpdate{URI: photo, CustomID: new("\xff")}, "CustomID", "UTF-8"},
		{imm.FileUpdate{URI: photo, CustomLabels: map[string]string{"b": "\xff", "a": "\xff"}}, `CustomLabels["a"]`, "UTF-8"},
		{imm.FileUpdate{URI: photo, CustomLabels: map[string]string{"\xff": "a"}}, `CustomLabels["�"]`, "UTF-8"},
		{imm.FileUpdate{URI: photo, Figures: []imm.InputFileFigure{{FigureID: "f"}, {FigureClusterID: "\xff"}}}, "Figures[1]", "UTF-8"},
	} {
		_, one := client.UpdateFileMeta(t.Context(), &imm.UpdateFileMetaRequest{ProjectName: project, DatasetName: dataset, File: test.file})
		_, many := client.BatchUpdateFileMeta(t.Context(), &imm.BatchUpdateFileMetaRequest{ProjectName: project, DatasetName: dataset, Files: []imm.FileUpdate{{URI: dog}, test.file}})
		if test.field == "" {
			require.NoError(t, one)
			require.NoError(t, many)
			continue
		}
		requireInvalid(t, one, "UpdateFileMeta", "File."+test.field, test.says)
		requireInvalid(t, many, "BatchUpdateFileMeta", "Files[1]."+test.field, test.says)
	}
	require.Equal(t, 4, transport.GetTotalCallCount())

	uris := strings.Split(strings.Repeat(photo+",", 101), ",")[:101]
	_, err := client.BatchUpdateFileMeta(t.Context(), batchUpdate(uris...))
	requireInvalid(t, err, "BatchUpdateFileMeta", "Files", "at most 100 files, not 101")
	_, err = client.BatchUpdateFileMeta(t.Context(), batchUpdate())
	requireInvalid(t, err, "BatchUpdateFileMeta", "Files", "want 1 to 100 files")
	_, err = client.BatchUpdateFileMeta(t.Context(), batchUpdate(uris[:100]...))
	require.NoError(t, err)
	_, err = client.UpdateFileMeta(t.Context(), nil)
	requireInvalid(t, err, "UpdateFileMeta", "req", "nil")
	_, err = client.BatchUpdateFileMeta(t.Context(), nil)
	requireInvalid(t, err, "BatchUpdateFileMeta", "req", "nil")
}
