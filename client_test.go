package imm_test

import (
	"context"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/jarcoal/httpmock"
	"github.com/stretchr/testify/require"

	"github.com/imm-go/imm"
	"github.com/imm-go/imm/immtest"
)

// mocked is a client whose requests httpmock answers.
func mocked(t *testing.T, respond httpmock.Responder, opts ...imm.Option) (*imm.Client, *httpmock.MockTransport) {
	t.Helper()
	transport := httpmock.NewMockTransport()
	transport.RegisterResponder(http.MethodPost, "https://imm.cn-hangzhou.aliyuncs.com/", respond)
	client, err := imm.NewClient("cn-hangzhou", imm.StaticCredentials("test-id", "test-secret", ""),
		append([]imm.Option{imm.WithHTTPClient(&http.Client{Transport: transport})}, opts...)...)
	require.NoError(t, err)
	return client, transport
}

const accepted = `{"RequestId":"0D4CB096-EB44-02D6-A4E9-****","EventId":"16C-1KoeYbdckkiOObpyzc****"}`

func TestTheDocumentedExchangesGoOverTheWireAsDocumented(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	binding := `{"Phase":"%PHASE%","ProjectName":"test-project","DatasetName":"test-dataset","State":"%STATE%","Detail":"undocumented",` +
		`"CreateTime":"2022-07-06T07:03:28.054762739+08:00","UpdateTime":"2022-07-06T07:03:28.054762739+08:00","URI":"oss://test-bucket"}`
	for _, test := range []struct {
		action string
		query  url.Values
		answer string
		call   func(c *imm.Client) (any, error)
		want   any
	}{
		{
			"CreateBinding",
			url.Values{"ProjectName": {project}, "DatasetName": {dataset}, "URI": {bucket}},
			`{"Binding":` + strings.NewReplacer("%PHASE%", "", "%STATE%", "Ready").Replace(binding) + `,"RequestId":"090D2AC5-8450-0AA8-A1B1-****"}`,
			func(c *imm.Client) (any, error) {
				return c.CreateBinding(ctx, &imm.CreateBindingRequest{ProjectName: project, DatasetName: dataset, URI: bucket})
			},
			&imm.CreateBindingResponse{RequestID: "090D2AC5-8450-0AA8-A1B1-****", Binding: documentedBinding(imm.StateReady, imm.PhaseNone)},
		},
		{
			"GetBinding",
			url.Values{"ProjectName": {project}, "DatasetName": {dataset}, "URI": {bucket}},
			`{"Binding":` + strings.NewReplacer("%PHASE%", "IncrementalScanning", "%STATE%", "Running").Replace(binding) + `,"RequestId":"B5A9F54B-6C54-03C9-B011-****"}`,
			func(c *imm.Client) (any, error) {
				return c.GetBinding(ctx, &imm.GetBindingRequest{ProjectName: project, DatasetName: dataset, URI: bucket})
			},
			&imm.GetBindingResponse{RequestID: "B5A9F54B-6C54-03C9-B011-****", Binding: documentedBinding(imm.StateRunning, imm.PhaseIncrementalScanning)},
		},
		{
			"IndexFileMeta",
			url.Values{
				"ProjectName": {project}, "DatasetName": {dataset}, "Notification": {`{"MNS":{"TopicName":"test-topic"}}`},
				"File": {`{"URI":"oss://test-bucket/test-object1.jpg","CustomLabels":{"category":"Persons"}}`}, "UserData": {"a b&c=d+é"},
			},
			accepted,
			func(c *imm.Client) (any, error) {
				return c.IndexFileMeta(ctx, &imm.IndexFileMetaRequest{
					ProjectName: project, DatasetName: dataset, UserData: "a b&c=d+é",
					File:         imm.InputFile{URI: "oss://test-bucket/test-object1.jpg", CustomLabels: map[string]string{"category": "Persons"}},
					Notification: imm.Notification{MNS: imm.MNS{TopicName: topic}},
				})
			},
			&imm.IndexFileMetaResponse{RequestID: "0D4CB096-EB44-02D6-A4E9-****", EventID: "16C-1KoeYbdckkiOObpyzc****"},
		},
		{
			"BatchIndexFileMeta",
			url.Values{
				"ProjectName": {project}, "DatasetName": {dataset}, "Notification": {`{"MNS":{"TopicName":"test-topic"}}`},
				"Files": {`[{"URI":"oss://test-bucket/test-object1.jpg","CustomLabels":{"category":"Persons"}},` +
					`{"URI":"oss://test-bucket/test-object2.jpg","CustomLabels":{"category":"Pets"}}]`},
			},
			accepted,
			func(c *imm.Client) (any, error) {
				return c.BatchIndexFileMeta(ctx, &imm.BatchIndexFileMetaRequest{
					ProjectName: project, DatasetName: dataset,
					Files: []imm.InputFile{
						{URI: "oss://test-bucket/test-object1.jpg", CustomLabels: map[string]string{"category": "Persons"}},
						{URI: "oss://test-bucket/test-object2.jpg", CustomLabels: map[string]string{"category": "Pets"}},
					},
					Notification: imm.Notification{MNS: imm.MNS{TopicName: topic}},
				})
			},
			&imm.BatchIndexFileMetaResponse{RequestID: "0D4CB096-EB44-02D6-A4E9-****", EventID: "16C-1KoeYbdckkiOObpyzc****"},
		},
	} {
		t.Run(test.action, func(t *testing.T) {
			t.Parallel()
			var req *http.Request // looked at on this goroutine, which a failure can end
			client, _ := mocked(t, func(r *http.Request) (*http.Response, error) {
				req = r
				return httpmock.NewStringResponse(200, test.answer), nil
			})
			got, err := test.call(client)
			require.NoError(t, err)
			require.Equal(t, test.want, got)

			require.Equal(t, "imm.cn-hangzhou.aliyuncs.com", req.Host)
			require.Equal(t, "/", req.URL.Path)
			require.Nil(t, req.Body)
			query, err := url.ParseQuery(req.URL.RawQuery)
			require.NoError(t, err)
			require.Equal(t, test.query, query)
			require.NotContains(t, req.URL.RawQuery, "+", "a space is %20, as it is signed")
			h := req.Header
			require.Equal(t, []string{test.action}, h["X-Acs-Action"])
			require.Equal(t, []string{"2020-09-30"}, h["X-Acs-Version"])
			require.Equal(t, []string{"application/json"}, h["Accept"])
			require.Equal(t, []string{"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"}, h["X-Acs-Content-Sha256"])
			require.Len(t, h.Get("X-Acs-Signature-Nonce"), 32)
			require.NotContains(t, h, "X-Acs-Security-Token")
			date, err := time.Parse("2006-01-02T15:04:05Z", h.Get("X-Acs-Date"))
			require.NoError(t, err)
			require.WithinDuration(t, time.Now(), date, time.Minute)
			require.True(t, strings.HasPrefix(h.Get("User-Agent"), "imm-go/"))
			require.Contains(t, h.Get("Authorization"), "ACS3-HMAC-SHA256 Credential=test-id,SignedHeaders="+
				"host;x-acs-action;x-acs-content-sha256;x-acs-date;x-acs-signature-nonce;x-acs-version,Signature=")
		})
	}
}

func documentedBinding(state imm.BindingState, phase imm.BindingPhase) imm.Binding {
	at, err := time.Parse(time.RFC3339, "2022-07-06T07:03:28.054762739+08:00")
	if err != nil {
		panic(err)
	}
	return imm.Binding{ProjectName: project, DatasetName: dataset, URI: bucket, State: state, Phase: phase, CreateTime: at, UpdateTime: at}
}

func TestParametersGoIntoAFormWhenTheQueryWouldBeTooLong(t *testing.T) {
	t.Parallel()
	server := immtest.NewServer()
	t.Cleanup(server.Close)
	client := server.Client()
	length := func(userData string) int {
		return len("/?") + len(url.Values{"DatasetName": {dataset}, "File": {`{"URI":"` + photo + `"}`}, "ProjectName": {project}, "UserData": {userData}}.Encode())
	}
	// Each of these characters is nine bytes in the query and three in UserData.
	wide := strings.Repeat("好", 682)
	fill := 8000 - length(wide)
	for _, test := range []struct {
		padding int
		form    bool
	}{{fill - 1, false}, {fill, false}, {fill + 1, true}} {
		// CustomID takes what UserData has no room for.
		file := imm.InputFile{URI: photo, CustomID: strings.Repeat("x", test.padding-len(url.QueryEscape(`,"CustomId":""`)))}
		before := len(server.Requests())
		_, err := client.IndexFileMeta(t.Context(), &imm.IndexFileMetaRequest{ProjectName: project, DatasetName: dataset, File: file, UserData: wide})
		require.NoError(t, err)
		sent := server.Requests()[before:]
		require.Len(t, sent, 1)
		require.Equal(t, wide, sent[0].Form.Get("UserData"))
		if test.form {
			require.Equal(t, "application/x-www-form-urlencoded", sent[0].Header.Get("Content-Type"))
			require.Empty(t, sent[0].RawQuery)
			require.Len(t, sent[0].Body, 8001-len("/?"))
		} else {
			require.Empty(t, sent[0].Header.Get("Content-Type"))
			require.Empty(t, sent[0].Body)
			require.Len(t, sent[0].RawQuery, 8000-len("/?")+test.padding-fill)
		}
	}
}

func TestAfterA414TheFormIsSentOnce(t *testing.T) {
	t.Parallel()
	server := immtest.NewServer()
	t.Cleanup(server.Close)
	server.Inject(immtest.HTMLPage(1, 414))
	require.ErrorIs(t, getBinding(t.Context(), server.Client()), imm.ErrNotFound)
	sent := server.Requests()
	require.Len(t, sent, 2)
	require.NotEmpty(t, sent[0].RawQuery)
	require.Empty(t, sent[1].RawQuery)
	require.Equal(t, sent[0].Form, sent[1].Form)
	require.NotEqual(t, sent[0].Header.Get("X-Acs-Signature-Nonce"), sent[1].Header.Get("X-Acs-Signature-Nonce"))
}

func TestTheServicesClockIsLearntOnce(t *testing.T) {
	t.Parallel()
	for _, offset := range []time.Duration{20 * time.Minute, -20 * time.Minute, 1000 * time.Hour} {
		synctest.Test(t, func(t *testing.T) {
			server := immtest.NewServer(immtest.WithClockOffset(offset))
			defer server.Close()
			client := server.Client()
			for want := range 3 {
				require.ErrorIs(t, getBinding(t.Context(), client), imm.ErrNotFound)
				require.Len(t, server.Requests(), 2+want)
			}
			<-time.After(24 * time.Hour)
			require.ErrorIs(t, getBinding(t.Context(), client), imm.ErrNotFound)
			require.Len(t, server.Requests(), 5)
		})
	}
}

func TestADateThatIsRightIsNotCorrected(t *testing.T) {
	t.Parallel()
	for name, header := range map[string]http.Header{
		"no date": {"Date": {""}}, "malformed": {"Date": {"yesterday"}}, "the same": {"Date": {time.Now().UTC().Format(http.TimeFormat)}},
	} {
		server := immtest.NewServer()
		server.Inject(immtest.Fault{Code: "InvalidTimeStamp.Expired", Header: header, Times: -1})
		require.ErrorIs(t, getBinding(t.Context(), server.Client()), imm.ErrUnauthenticated, name)
		require.Len(t, server.Requests(), 1, name)
		server.Close()
	}
}

func TestAnAnswerIsReadUpToALimit(t *testing.T) {
	t.Parallel()
	endless := &endlessBody{}
	client, transport := mocked(t, func(*http.Request) (*http.Response, error) {
		return &http.Response{StatusCode: http.StatusOK, Body: endless, ContentLength: -1, Header: http.Header{}}, nil
	})
	err := getBinding(t.Context(), client)
	require.EqualError(t, err, "imm: GetBinding: (HTTP 200): the answer is larger than 32 MiB [1 attempt]")
	require.Less(t, endless.read, 33<<20)
	require.True(t, endless.closed)
	require.Equal(t, 1, transport.GetTotalCallCount())
}

type endlessBody struct {
	read   int
	closed bool
}

func (b *endlessBody) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = '{'
	}
	b.read += len(p)
	return len(p), nil
}

func (b *endlessBody) Close() error { b.closed = true; return nil }

func TestAnAnswerThatIsNotTheDocumentedSuccessIsAnError(t *testing.T) {
	t.Parallel()
	for name, answer := range map[string]string{
		"nothing": "", "null": "null", "a list": "[]", "a text": `"ok"`, "no ids": `{}`, "a page": "<html><title>Log in</title></html>",
		"a code": `{"RequestId":"R","Code":"InternalError","Message":"m"}`, "trailing data": accepted + "x", "cut": accepted[:40],
	} {
		client, transport := mocked(t, httpmock.NewStringResponder(200, answer), imm.WithRetry(imm.RetryPolicy{MaxAttempts: 1}))
		_, err := client.IndexFileMeta(t.Context(), &imm.IndexFileMetaRequest{ProjectName: project, DatasetName: dataset, File: imm.InputFile{URI: photo}})
		var answered *imm.APIError
		require.ErrorAs(t, err, &answered, name)
		require.Equal(t, 200, answered.StatusCode, name)
		require.Equal(t, 1, transport.GetTotalCallCount(), name)
		require.Less(t, len(err.Error()), 400, name)
		err = getBinding(t.Context(), client)
		require.ErrorAs(t, err, &answered, name)
	}
	// What nobody documents, and nothing that is documented but the ids, is fine.
	client, _ := mocked(t, httpmock.NewStringResponder(200, `{"EventId":"E","New":{"a":[1]},"RequestId":null}`))
	resp, err := client.IndexFileMeta(t.Context(), &imm.IndexFileMetaRequest{ProjectName: project, DatasetName: dataset, File: imm.InputFile{URI: photo}})
	require.NoError(t, err)
	require.Equal(t, "E", resp.EventID)
}

func TestDoSendsEveryKindOfParameter(t *testing.T) {
	t.Parallel()
	var got url.Values
	client, _ := mocked(t, func(req *http.Request) (*http.Response, error) {
		got = req.URL.Query()
		return httpmock.NewStringResponse(200, `{"RequestId":"R","Files":[{"URI":"u"}]}`), nil
	})
	var out struct {
		RequestID string `json:"RequestId"`
		Files     []struct{ URI string }
	}
	err := client.Do(t.Context(), "BatchGetFileMeta", map[string]any{
		"ProjectName": project, "URIs": []string{photo, "<&>"}, "Max": 5, "With": true, "Absent": nil, "Pointer": new("p"),
	}, &out)
	require.NoError(t, err)
	require.Equal(t, url.Values{
		"ProjectName": {project}, "URIs": {`["oss://test-bucket/photo.jpg","<&>"]`}, "Max": {"5"}, "With": {"true"}, "Pointer": {"p"},
	}, got)
	require.Equal(t, "R", out.RequestID)
	require.Equal(t, "u", out.Files[0].URI)

	require.NoError(t, client.Do(t.Context(), "GetProject", nil, nil))
	for name, call := range map[string]func() error{
		"action":  func() error { return client.Do(t.Context(), "Get Project", nil, nil) },
		"nothing": func() error { return client.Do(t.Context(), "", nil, nil) },
		"out":     func() error { return client.Do(t.Context(), "GetProject", nil, out) },
		"option":  func() error { return client.Do(t.Context(), "GetProject", nil, nil, nil) },
		"value":   func() error { return client.Do(t.Context(), "GetProject", map[string]any{"A": make(chan int)}, nil) },
		"name":    func() error { return client.Do(t.Context(), "GetProject", map[string]any{"": 1}, nil) },
	} {
		var invalid *imm.ValidationError
		require.ErrorAs(t, call(), &invalid, name)
	}
	var wrong struct{ RequestID int }
	var answered *imm.APIError
	require.ErrorAs(t, client.Do(t.Context(), "GetProject", nil, &wrong), &answered)
}

func TestANilContextIsAnErrorAndNoPanic(t *testing.T) {
	t.Parallel()
	client, transport := mocked(t, httpmock.NewStringResponder(200, accepted))
	var none context.Context
	require.ErrorIs(t, getBinding(none, client), imm.ErrInvalidArgument)
	require.Zero(t, transport.GetTotalCallCount())
}
