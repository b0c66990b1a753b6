package immtest

import (
	"encoding/json"
	"net/http"
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/require"

	"github.com/imm-go/imm"
)

func TestTheStateShowsWhatTheServerHolds(t *testing.T) {
	t.Parallel()
	files := fstest.MapFS{"a.txt": {Data: []byte("a")}, "folder/b.txt": {Data: []byte("b")}, "c.txt": {Data: []byte("c")}}
	s := newServer(t,
		WithProject("first", "Official:ImageManagement"), WithDataset("first", "one", ""), WithDataset("first", "two", "Official:OSSBasicMeta"),
		WithProject("test-project", "Official:AllFunction"), WithDataset("test-project", "test-dataset", ""),
		WithBucket("folder", files), WithBucket("test-bucket", nil),
	)
	s.PutObject("folder", "a.txt", []byte("hides the file"))
	s.PutObject("folder", "d.txt", nil)
	s.DeleteObject("folder", "c.txt")
	ask(t, s, "CreateBinding", bindTestBucket)
	s.PutObject("test-bucket", "photo.png", pngImage(3, 2))
	indexFile(t, s, "oss://test-bucket/photo.png")

	state := get[controlState](t, s, "state")
	require.Len(t, state.Projects, 2)
	require.Equal(t, stateProject{
		ProjectName: "first", WorkflowTemplateID: "Official:ImageManagement",
		Datasets: []stateDataset{
			{DatasetName: "one", Bindings: []imm.Binding{}, Files: []File{}},
			{DatasetName: "two", WorkflowTemplateID: "Official:OSSBasicMeta", Bindings: []imm.Binding{}, Files: []File{}},
		},
	}, state.Projects[0])
	require.Equal(t, []stateBucket{{"folder", 3}, {"test-bucket", 1}}, state.Buckets)
	require.Equal(t, []stateTopic{{TopicName: "done", Messages: 1}}, state.Topics)
	d := state.Projects[1].Datasets[0]
	require.Len(t, d.Bindings, 1)
	require.Equal(t, "oss://test-bucket", d.Bindings[0].URI)
	require.EqualValues(t, 3, d.Files[0].ImageWidth)

	require.Equal(t, state.Projects[1:], get[controlState](t, s, "state?project=test-project").Projects)
	one := get[controlState](t, s, "state?project=first&dataset=two").Projects
	require.Len(t, one, 1)
	require.Equal(t, state.Projects[0].Datasets[1:], one[0].Datasets)
	require.Empty(t, get[controlState](t, s, "state?project=none").Projects)
}

func TestTheStateUsesTheWordsOfTheService(t *testing.T) {
	t.Parallel()
	s := newServer(t, WithBucket("test-bucket", nil))
	ask(t, s, "CreateBinding", bindTestBucket)
	var state map[string]any
	require.NoError(t, json.Unmarshal(control(s, http.MethodGet, "state", "").Body.Bytes(), &state))
	project := state["Projects"].([]any)[0].(map[string]any)
	require.Equal(t, "test-project", project["ProjectName"])
	require.Equal(t, "Official:AllFunction", project["WorkflowTemplateId"])
	dataset := project["Datasets"].([]any)[0].(map[string]any)
	binding := dataset["Bindings"].([]any)[0].(map[string]any)
	require.Equal(t, "Ready", binding["State"])
	require.Empty(t, binding["Phase"])
	require.Equal(t, []any{}, dataset["Files"])
	require.Equal(t, []any{}, state["Topics"])
}
