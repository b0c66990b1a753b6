package immtest

import (
	"net/http"
	"net/url"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
)

// indexIn indexes one photo in a dataset, with all that a caller may say, and
// returns what the dataset keeps.
func indexIn(t *testing.T, s *Server, project, dataset string) File {
	t.Helper()
	ask(t, s, "IndexFileMeta", url.Values{"ProjectName": {project}, "DatasetName": {dataset}, "File": {
		`{"URI":"oss://test-bucket/a.png","CustomId":"c","CustomLabels":{"k":"v"},"Title":"T","MediaType":"image"}`,
	}})
	sleep(t, time.Second)
	files := s.Files(project, dataset)
	require.Len(t, files, 1)
	return files[0]
}

func TestTheTemplateDecidesWhatIsCollected(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		opts     []Option
		collects bool
	}{
		"made on first use":                         {nil, true},
		"dataset made on first use in a project":    {[]Option{WithProject("p", "Official:DefaultEmptyId")}, true},
		"project without one":                       {[]Option{WithProject("p", ""), WithDataset("p", "d", "")}, false},
		"project that is not named":                 {[]Option{WithDataset("p", "d", "")}, false},
		"empty one of the project":                  {[]Option{WithProject("p", "Official:DefaultEmptyId"), WithDataset("p", "d", "")}, false},
		"project's":                                 {[]Option{WithProject("p", "Official:OSSBasicMeta"), WithDataset("p", "d", "")}, true},
		"project's, named later":                    {[]Option{WithDataset("p", "d", ""), WithProject("p", "Official:ImageManagement")}, true},
		"dataset's over the project's":              {[]Option{WithProject("p", ""), WithDataset("p", "d", "Official:FaceManagement")}, true},
		"empty one of the dataset":                  {[]Option{WithProject("p", "Official:AllFunction"), WithDataset("p", "d", "Official:DefaultEmptyId")}, false},
		"later one of two with one name":            {[]Option{WithDataset("p", "d", "Official:AllFunction"), WithDataset("p", "d", "")}, false},
		"one of the user's own":                     {[]Option{WithDataset("p", "d", "My-Template")}, true},
		"dataset of the same name in another place": {[]Option{WithDataset("q", "d", ""), WithDataset("p", "d", "Official:AllFunction")}, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				s := newServer(t, c.opts...)
				s.PutObject("test-bucket", "a.png", pngImage(3, 4))
				start := time.Now().In(location)
				f := indexIn(t, s, "p", "d")
				if c.collects {
					require.Equal(t, []any{int64(3), "image/png", "T"}, []any{f.ImageWidth, f.ContentType, f.Title})
					return
				}
				at := start.Add(100 * time.Millisecond)
				require.Equal(t, File{
					ProjectName: "p", DatasetName: "d", URI: "oss://test-bucket/a.png",
					CustomID: "c", CustomLabels: map[string]string{"k": "v"}, ObjectType: "file", ObjectStatus: "Indexed",
					CreateTime: at, UpdateTime: at,
				}, f)
			})
		})
	}
}

func TestWithTheEmptyTemplateAMissingObjectStillFails(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newServer(t, WithDataset("test-project", "test-dataset", ""), WithBucket("test-bucket", nil))
		ask(t, s, "IndexFileMeta", inDataset("File", `{"URI":"oss://test-bucket/a.png"}`, "Notification", toTestTopic))
		m := nextMessage(t, s, "test-topic")
		require.Equal(t, []any{map[string]any{"URI": "oss://test-bucket/a.png", "Error": "[InvalidArgument] File does not exist."}}, m["Files"])
		require.Empty(t, s.Files("test-project", "test-dataset"))
	})
}

func TestAStrictServerKnowsOnlyWhatWasCreated(t *testing.T) {
	t.Parallel()
	calls := map[string][2]string{
		"CreateBinding":      {"URI", "oss://test-bucket"},
		"IndexFileMeta":      {"File", `{"URI":"oss://test-bucket/a.png"}`},
		"BatchIndexFileMeta": {"Files", `[{"URI":"oss://test-bucket/a.png"}]`},
		"GetFileMeta":        {"URI", "oss://test-bucket/a.png"},
		"BatchGetFileMeta":   {"URIs", `["oss://test-bucket/a.png"]`},
	}
	s := newServer(t, WithStrict(), WithBucket("test-bucket", nil), WithProject("half", ""), WithDataset("test-project", "test-dataset", ""))
	for action, param := range calls {
		for _, place := range [][2]string{{"nothing", "test-dataset"}, {"half", "test-dataset"}, {"test-project", "nothing"}} {
			r := send(t, s, signed(action, inDataset(param[0], param[1], "ProjectName", place[0], "DatasetName", place[1])))
			require.Equal(t, "ResourceNotFound", r.code(), "%s in %v", action, place)
			require.Equal(t, http.StatusNotFound, r.status)
		}
		ask(t, s, action, inDataset(param[0], param[1]))
	}
	require.Len(t, s.projects, 2)
	require.Empty(t, s.projects["half"].datasets)
}
