package imm

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/imm-go/imm/internal/retry"
)

func projectAnswer() *jsonAnswer[GetProjectResponse] {
	return &jsonAnswer[GetProjectResponse]{whole: func(r *GetProjectResponse) (string, bool) { return r.RequestID, r.Project.ProjectName != "" }}
}

func TestOnlyTheDocumentedAnswerIsASuccess(t *testing.T) {
	t.Parallel()
	for body, good := range map[string]bool{
		`{"RequestId":"R","Project":{"ProjectName":"p"}}`:                   true,
		`{"Project":{"ProjectName":"p"}}`:                                   true,
		` {"Unknown":[1,{}],"Project":{"ProjectName":"p","Unknown":null}} `: true,
		`{"Project":{"ProjectName":"p"},"Code":""}`:                         true,
		`{"Project":{"ProjectName":"p"},"Code":null}`:                       true,
		`{"Project":{"ProjectName":"p"},"Message":"OK"}`:                    true,
		`{"Project":{"ProjectName":"p"},"Code":"InternalError"}`:            false,
		`{"Project":{"ProjectName":"p"},"Code":500}`:                        false,
		`{"Project":{"ProjectName":""}}`:                                    false,
		`{"Project":{}}`:                                                    false,
		`{"Project":null}`:                                                  false,
		`{"Project":[]}`:                                                    false,
		`{"Project":{"ProjectName":5}}`:                                     false,
		`{"RequestId":"R"}`:                                                 false,
		`{}`:                                                                false,
		`null`:                                                              false,
		`[{"Project":{"ProjectName":"p"}}]`:                                 false,
		`"{}"`:                                                              false,
		``:                                                                  false,
		`{"Project":{"ProjectName":"p"}`:                                    false,
		`{"Project":{"ProjectName":"p"}}{}`:                                 false,
		`<html>`:                                                            false,
		`{"Project":{"ProjectName":"` + strings.Repeat("p", 1<<20) + `"}}`:          true,
		`{"Project":{"ProjectName":"p"},"Code":"` + strings.Repeat("c", 100) + `"}`: false,
	} {
		require.Equal(t, good, projectAnswer().decode([]byte(body)), "%.100s", body)
	}
}

func TestAnAnswerKeepsNothingOfTheOneBefore(t *testing.T) {
	t.Parallel()
	answer := projectAnswer()
	require.False(t, answer.decode([]byte(`{"RequestId":"first","Project":{"Description":"first"}}`)))
	require.True(t, answer.decode([]byte(`{"Project":{"ProjectName":"second"}}`)))
	require.Equal(t, GetProjectResponse{Project: Project{ProjectName: "second"}}, *answer.resp)
	require.Empty(t, answer.id())
}

func TestATaskHasACodeOfItsOwn(t *testing.T) {
	t.Parallel()
	answer := &jsonAnswer[GetTaskResponse]{whole: func(r *GetTaskResponse) (string, bool) { return r.RequestID, r.Status != "" }}
	require.True(t, answer.decode([]byte(`{"RequestId":"R","Status":"Failed","Code":"ResourceNotFound","Message":"gone"}`)))
	require.Equal(t, "ResourceNotFound", answer.resp.Code)
	require.False(t, answer.decode([]byte(`{"RequestId":"R","Code":"ResourceNotFound","Message":"gone"}`)))
}

func TestAnErrorInsideASuccessIsAnError(t *testing.T) {
	t.Parallel()
	x := &exchange{action: "DeleteProject", answer: &jsonAnswer[DeleteProjectResponse]{
		whole: func(r *DeleteProjectResponse) (string, bool) { return r.RequestID, r.RequestID != "" },
	}}
	outcome := x.understand(&http.Response{StatusCode: http.StatusOK}, []byte(`{"RequestId":"R","Code":"ResourceNotFound","Message":"no"}`), nil)
	require.Equal(t, retry.NotFound, outcome.Class)
	require.ErrorIs(t, outcome.Err, ErrNotFound)
	require.Equal(t, "R", x.requestID)
	outcome = x.understand(&http.Response{StatusCode: http.StatusOK}, []byte(`{"RequestId":"R"}`), nil)
	require.Equal(t, retry.OK, outcome.Class)
}

func TestATimeThatIsNoneIsTheZeroTime(t *testing.T) {
	t.Parallel()
	at := time.Date(2022, 7, 6, 7, 3, 28, 54762739, time.FixedZone("", 8*60*60))
	for text, want := range map[string]time.Time{
		`"2022-07-06T07:03:28.054762739+08:00"`: at,
		`"2022-07-05T23:03:28.054762739Z"`:      at,
		`"2022-07-06"`:                          {},
		`"2022-07-06T07:03:28.054762739"`:       {},
		`"1657062208054"`:                       {},
		`1657062208054`:                         {},
		`""`:                                    {},
		`null`:                                  {},
		`{}`:                                    {},
		`[]`:                                    {},
		`true`:                                  {},
	} {
		got := looseTime{at.Add(time.Hour)}
		require.NoError(t, json.Unmarshal([]byte(text), &got), text)
		require.True(t, want.Equal(got.Time), text)
	}
}

func TestLabelsThatAreNotTextAreShownAsJSON(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]looseLabels{
		`{"a":"b"}`: {"a": "b"},
		`{"a":1.50,"b":true,"c":null,"d":{"e":[ 1 ]},"f":""}`: {"a": "1.50", "b": "true", "c": "", "d": `{"e":[ 1 ]}`, "f": ""},
		`null`: nil, `{}`: nil, `[]`: nil, `"a"`: nil, `5`: nil,
	} {
		got := looseLabels{"before": ""}
		require.NoError(t, json.Unmarshal([]byte(text), &got), text)
		require.Equal(t, want, got, text)
	}
}

func TestTagsAreReadInEveryForm(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]looseTags{
		`[{"TagKey":"a","TagValue":"b"},{"TagKey":"c"}]`:                {"a": "b", "c": ""},
		`[{"TagKey":"a","TagValue":1},{"TagKey":2,"TagValue":[]}]`:      {"a": "1", "2": "[]"},
		`[{"TagKey":"a","TagValue":"1","More":{}},5,{},null,[]]`:        {"a": "1"},
		`[{"TagKey":"a","TagValue":"1"},{"TagKey":"a","TagValue":"2"}]`: {"a": "2"},
		`{"a":"b","c":3}`: {"a": "b", "c": "3"},
		`[]`:              nil, `null`: nil, `{}`: nil, `"a"`: nil, `5`: nil,
	} {
		got := looseTags{"before": ""}
		require.NoError(t, json.Unmarshal([]byte(text), &got), text)
		require.Equal(t, want, got, text)
	}
}

func TestAProjectIsTheSameAfterGoingThroughJSON(t *testing.T) {
	t.Parallel()
	at := time.Date(2022, 7, 6, 7, 3, 28, 54762739, time.UTC)
	for name, want := range map[string]Project{
		"zero":    {},
		"tags":    {ProjectName: "p", Tags: map[string]string{"b": "2", "a": "\"1\u2028"}},
		"times":   {ProjectName: "p", CreateTime: at},
		"numbers": {ProjectName: "p", TotalFileSize: 1 << 62, EngineConcurrency: 100},
	} {
		data, err := json.Marshal(want)
		require.NoError(t, err, name)
		var got Project
		require.NoError(t, json.Unmarshal(data, &got), name)
		require.Equal(t, want, got, "%s: %s", name, data)
	}
	data, err := json.Marshal(Project{ProjectName: "p", Tags: map[string]string{"b": "2", "a": "1"}, CreateTime: at})
	require.NoError(t, err)
	require.Equal(t, `{"ProjectName":"p","CreateTime":"2022-07-06T07:03:28.054762739Z","Tags":[{"TagKey":"a","TagValue":"1"},{"TagKey":"b","TagValue":"2"}]}`, string(data))
}

func TestWhatJSONDoesNotMentionStays(t *testing.T) {
	t.Parallel()
	at := time.Date(2022, 7, 6, 7, 3, 28, 54762739, time.UTC)
	before := Project{ProjectName: "p", CreateTime: at, Tags: map[string]string{"a": "1"}}
	after := before
	require.NoError(t, json.Unmarshal([]byte(`{"Description":"d"}`), &after))
	before.Description = "d"
	require.Equal(t, before, after)
	require.NoError(t, json.Unmarshal([]byte(`null`), &after))
	require.Equal(t, before, after)
	task := TaskInfo{TaskID: "t", StartTime: at, Tags: map[string]string{"a": "1"}}
	require.NoError(t, json.Unmarshal([]byte(`{}`), &task))
	require.Equal(t, TaskInfo{TaskID: "t", StartTime: at, Tags: map[string]string{"a": "1"}}, task)
}
