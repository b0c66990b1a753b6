package imm_test

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/jarcoal/httpmock"
	"github.com/stretchr/testify/require"

	"github.com/imm-go/imm"
)

const dog = "oss://test-bucket/dog.jpg"

// exchangeOf is a client that gets one answer, whatever it asks, and what it asked
// with.
func exchangeOf(t *testing.T, answer string) (client *imm.Client, action *string, params *url.Values) {
	t.Helper()
	action, params = new(""), new(url.Values{})
	client, _ = mocked(t, func(r *http.Request) (*http.Response, error) {
		*action = r.Header.Get("X-Acs-Action")
		encoded := r.URL.RawQuery
		if r.Body != nil {
			form, err := io.ReadAll(r.Body)
			if err != nil {
				return nil, err
			}
			encoded += string(form)
		}
		var err error
		*params, err = url.ParseQuery(encoded)
		return httpmock.NewStringResponse(200, answer), err
	}, imm.WithRetry(imm.RetryPolicy{MaxAttempts: 1}))
	return client, action, params
}

// with is what a request says besides the project and the dataset.
func with(params url.Values) url.Values {
	params.Set("ProjectName", project)
	params.Set("DatasetName", dataset)
	return params
}

func TestTheOperationsOnMetadataGoOverTheWireAsDocumented(t *testing.T) {
	t.Parallel()
	const files = `{"RequestId":"R","Files":[{"URI":"oss://test-bucket/photo.jpg","ObjectStatus":"Indexed","Size":1000,"CustomLabels":{"category":"Pets"},` +
		`"UpdateTime":"2021-06-29T14:50:13.011643661+08:00","Undocumented":[1]}]}`
	file := imm.File{
		URI: photo, ObjectStatus: imm.ObjectIndexed, Size: 1000, CustomLabels: map[string]string{"category": "Pets"},
		UpdateTime: time.Date(2021, 6, 29, 14, 50, 13, 11643661, time.FixedZone("", 8*60*60)),
	}
	update := imm.FileUpdate{
		URI: photo, CustomID: new("7"), CustomLabels: map[string]string{"b": "2", "a": "1"},
		Figures: []imm.InputFileFigure{{FigureID: "f", FigureClusterID: "c", FigureType: "face"}},
	}
	const updateJSON = `{"URI":"oss://test-bucket/photo.jpg","CustomId":"7","CustomLabels":{"a":"1","b":"2"},"Figures":[{"FigureId":"f","FigureClusterId":"c","FigureType":"face"}]}`
	for _, test := range []struct {
		action string
		params url.Values
		answer string
		call   func(ctx context.Context, c *imm.Client) (any, error)
		want   any
	}{
		{
			"GetFileMeta", url.Values{"URI": {photo}, "WithFields": {`["URI","Size"]`}}, files,
			func(ctx context.Context, c *imm.Client) (any, error) {
				return c.GetFileMeta(ctx, &imm.GetFileMetaRequest{ProjectName: project, DatasetName: dataset, URI: photo, WithFields: []string{"URI", "Size"}})
			},
			&imm.GetFileMetaResponse{RequestID: "R", Files: []imm.File{file}},
		},
		{
			"BatchGetFileMeta", url.Values{"URIs": {`["oss://test-bucket/photo.jpg","oss://test-bucket/dog.jpg"]`}}, files,
			func(ctx context.Context, c *imm.Client) (any, error) {
				return c.BatchGetFileMeta(ctx, &imm.BatchGetFileMetaRequest{ProjectName: project, DatasetName: dataset, URIs: []string{photo, dog}})
			},
			&imm.BatchGetFileMetaResponse{RequestID: "R", Files: []imm.File{file}},
		},
		{
			"UpdateFileMeta", url.Values{"File": {updateJSON}}, `{"RequestId":"R"}`,
			func(ctx context.Context, c *imm.Client) (any, error) {
				return c.UpdateFileMeta(ctx, &imm.UpdateFileMetaRequest{ProjectName: project, DatasetName: dataset, File: update})
			},
			&imm.UpdateFileMetaResponse{RequestID: "R"},
		},
		{
			"UpdateFileMeta", url.Values{"File": {`{"URI":"oss://test-bucket/photo.jpg","CustomId":"","CustomLabels":{},"Figures":[]}`}}, `{"RequestId":"R"}`,
			func(ctx context.Context, c *imm.Client) (any, error) {
				return c.UpdateFileMeta(ctx, &imm.UpdateFileMetaRequest{ProjectName: project, DatasetName: dataset, File: imm.FileUpdate{
					URI: photo, CustomID: new(""), CustomLabels: map[string]string{}, Figures: []imm.InputFileFigure{},
				}})
			},
			&imm.UpdateFileMetaResponse{RequestID: "R"},
		},
		{
			"BatchUpdateFileMeta", url.Values{"Files": {`[` + updateJSON + `,{"URI":"oss://test-bucket/dog.jpg"}]`}},
			`{"RequestId":"R","Files":[{"URI":"oss://test-bucket/photo.jpg","Success":true,"Message":""},{"URI":"oss://test-bucket/dog.jpg","Success":false,"Message":"no"}]}`,
			func(ctx context.Context, c *imm.Client) (any, error) {
				return c.BatchUpdateFileMeta(ctx, &imm.BatchUpdateFileMetaRequest{ProjectName: project, DatasetName: dataset, Files: []imm.FileUpdate{update, {URI: dog}}})
			},
			&imm.BatchUpdateFileMetaResponse{RequestID: "R", Files: []imm.UpdatedFile{{URI: photo, Success: true}, {URI: dog, Message: "no"}}},
		},
		{
			"DeleteFileMeta", url.Values{"URI": {photo}}, `{"RequestId":"R"}`,
			func(ctx context.Context, c *imm.Client) (any, error) {
				return c.DeleteFileMeta(ctx, &imm.DeleteFileMetaRequest{ProjectName: project, DatasetName: dataset, URI: photo})
			},
			&imm.DeleteFileMetaResponse{RequestID: "R"},
		},
		{
			"BatchDeleteFileMeta", url.Values{"URIs": {`["oss://test-bucket/photo.jpg"]`}}, `{"RequestId":"R"}`,
			func(ctx context.Context, c *imm.Client) (any, error) {
				return c.BatchDeleteFileMeta(ctx, &imm.BatchDeleteFileMetaRequest{ProjectName: project, DatasetName: dataset, URIs: []string{photo}})
			},
			&imm.BatchDeleteFileMetaResponse{RequestID: "R"},
		},
	} {
		t.Run(test.action, func(t *testing.T) {
			t.Parallel()
			client, action, params := exchangeOf(t, test.answer)
			got, err := test.call(t.Context(), client)
			require.NoError(t, err)
			require.Equal(t, test.action, *action)
			require.Equal(t, with(test.params), *params)
			requireSameJSON(t, test.want, got)
		})
	}
}

// requireSameJSON compares what values say: equal times may name their zones
// differently.
func requireSameJSON(t *testing.T, want, got any) {
	t.Helper()
	require.IsType(t, want, got)
	a, err := json.Marshal(want)
	require.NoError(t, err)
	b, err := json.Marshal(got)
	require.NoError(t, err)
	require.Equal(t, string(a), string(b))
}

func TestAFileThatIsNotInTheDatasetIsLeftOut(t *testing.T) {
	t.Parallel()
	for _, answer := range []string{`{"RequestId":"R","Files":[]}`, `{"RequestId":"R"}`, `{"RequestId":"R","Files":null}`, `{"Files":[]}`} {
		client, _, _ := exchangeOf(t, answer)
		got, err := client.BatchGetFileMeta(t.Context(), &imm.BatchGetFileMetaRequest{ProjectName: project, DatasetName: dataset, URIs: []string{photo}})
		require.NoError(t, err, answer)
		require.Empty(t, got.Files)
	}
}

func TestAnErrorInsideA200IsNoSuccess(t *testing.T) {
	t.Parallel()
	calls := []func(c *imm.Client) error{
		func(c *imm.Client) error {
			_, err := c.GetFileMeta(context.Background(), &imm.GetFileMetaRequest{ProjectName: project, DatasetName: dataset, URI: photo})
			return err
		},
		func(c *imm.Client) error {
			_, err := c.DeleteFileMeta(context.Background(), &imm.DeleteFileMetaRequest{ProjectName: project, DatasetName: dataset, URI: photo})
			return err
		},
		func(c *imm.Client) error {
			_, err := c.SimpleQuery(context.Background(), &imm.SimpleQueryRequest{ProjectName: project, DatasetName: dataset})
			return err
		},
	}
	for _, answer := range []string{`{"RequestId":"R","Code":"ResourceNotFound","Message":"gone"}`, `{}`, `{"Message":"x"}`, `[]`, `null`, ``, `<html></html>`, `{"RequestId":""}`} {
		for _, call := range calls {
			client, _, _ := exchangeOf(t, answer)
			var refused *imm.APIError
			require.ErrorAs(t, call(client), &refused, answer)
		}
	}
	client, _, _ := exchangeOf(t, `{"RequestId":"R","Code":"ResourceNotFound","Message":"gone"}`)
	require.ErrorIs(t, calls[0](client), imm.ErrNotFound)
}

func TestWrongURIsAreRefusedBeforeAnythingIsSent(t *testing.T) {
	t.Parallel()
	const pds = "pds://domains/d/drives/1/files/f/revisions/r"
	many := slices.Repeat([]string{photo}, 101)
	client, transport := mocked(t, httpmock.NewStringResponder(200, `{"RequestId":"R"}`))
	sent := 0
	for _, test := range []struct {
		uris  []string
		field string
		says  string
	}{
		{[]string{photo}, "", ""},
		{[]string{photo, pds}, "", ""},
		{many[:100], "", ""},
		{many, "URIs", "at most 100 URIs, not 101"},
		{nil, "URIs", "want 1 to 100 URIs"},
		{[]string{photo, ""}, "URIs[1]", "it is empty"},
		{[]string{bucket}, "URIs[0]", "not the URI of a file"},
		{[]string{bucket + "/"}, "URIs[0]", "not the URI of a file"},
		{[]string{photo, pds + "/more"}, "URIs[1]", "not the URI of a file"},
		{[]string{"https://b/o"}, "URIs[0]", "not the URI of a file"},
		{[]string{photo, photo + "\xff"}, "URIs[1]", "UTF-8"},
	} {
		_, getErr := client.BatchGetFileMeta(t.Context(), &imm.BatchGetFileMetaRequest{ProjectName: project, DatasetName: dataset, URIs: test.uris})
		_, deleteErr := client.BatchDeleteFileMeta(t.Context(), &imm.BatchDeleteFileMetaRequest{ProjectName: project, DatasetName: dataset, URIs: test.uris})
		if test.field == "" {
			require.NoError(t, getErr)
			require.NoError(t, deleteErr)
			sent += 2
			continue
		}
		requireInvalid(t, getErr, "BatchGetFileMeta", test.field, test.says)
		requireInvalid(t, deleteErr, "BatchDeleteFileMeta", test.field, test.says)
		if len(test.uris) == 1 {
			_, getErr = client.GetFileMeta(t.Context(), &imm.GetFileMetaRequest{ProjectName: project, DatasetName: dataset, URI: test.uris[0]})
			_, deleteErr = client.DeleteFileMeta(t.Context(), &imm.DeleteFileMetaRequest{ProjectName: project, DatasetName: dataset, URI: test.uris[0]})
			requireInvalid(t, getErr, "GetFileMeta", "URI", test.says)
			requireInvalid(t, deleteErr, "DeleteFileMeta", "URI", test.says)
		}
	}
	require.Equal(t, sent, transport.GetTotalCallCount())
}

func requireInvalid(t *testing.T, err error, action, field, says string) {
	t.Helper()
	var invalid *imm.ValidationError
	require.ErrorAs(t, err, &invalid)
	require.ErrorIs(t, err, imm.ErrInvalidArgument)
	require.Equal(t, action, invalid.Action)
	require.Equal(t, field, invalid.Field)
	require.Contains(t, invalid.Reason, says)
}

func TestOtherWrongPartsOfARequestForMetadataAreRefused(t *testing.T) {
	t.Parallel()
	client, transport := mocked(t, httpmock.NewStringResponder(200, `{"RequestId":"R"}`))
	ctx := t.Context()
	_, err := client.GetFileMeta(ctx, nil)
	requireInvalid(t, err, "GetFileMeta", "req", "nil")
	_, err = client.BatchGetFileMeta(ctx, nil)
	requireInvalid(t, err, "BatchGetFileMeta", "req", "nil")
	_, err = client.DeleteFileMeta(ctx, nil)
	requireInvalid(t, err, "DeleteFileMeta", "req", "nil")
	_, err = client.BatchDeleteFileMeta(ctx, nil)
	requireInvalid(t, err, "BatchDeleteFileMeta", "req", "nil")
	_, err = client.GetFileMeta(ctx, &imm.GetFileMetaRequest{DatasetName: dataset, URI: photo})
	requireInvalid(t, err, "GetFileMeta", "ProjectName", "it is empty")
	_, err = client.BatchGetFileMeta(ctx, &imm.BatchGetFileMetaRequest{ProjectName: project, DatasetName: "9", URIs: []string{photo}})
	requireInvalid(t, err, "BatchGetFileMeta", "DatasetName", "not a name")
	_, err = client.GetFileMeta(ctx, &imm.GetFileMetaRequest{ProjectName: project, DatasetName: dataset, URI: photo, WithFields: []string{"Size", ""}})
	requireInvalid(t, err, "GetFileMeta", "WithFields[1]", "it is empty")
	_, err = client.GetFileMeta(ctx, &imm.GetFileMetaRequest{ProjectName: project, DatasetName: dataset, URI: photo, WithFields: []string{"\xff"}})
	requireInvalid(t, err, "GetFileMeta", "WithFields[0]", "UTF-8")
	require.Zero(t, transport.GetTotalCallCount())
}

func TestAHundredLongURIsGoIntoAForm(t *testing.T) {
	t.Parallel()
	uris := make([]string, 100)
	for i := range uris {
		uris[i] = photo + strings.Repeat("x", 100+i)
	}
	client, _, params := exchangeOf(t, `{"RequestId":"R"}`)
	_, err := client.BatchDeleteFileMeta(t.Context(), &imm.BatchDeleteFileMetaRequest{ProjectName: project, DatasetName: dataset, URIs: uris})
	require.NoError(t, err)
	var got []string
	require.NoError(t, json.Unmarshal([]byte(params.Get("URIs")), &got))
	require.Equal(t, uris, got)
}
