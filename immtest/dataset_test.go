package immtest

import (
	"fmt"
	"net/http"
	"strconv"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
)

func TestADatasetIsShownWithAllItsDefaults(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newServer(t, WithProject("test-project", "Official:AllFunction"))
		at := time.Now().In(location).Format(time.RFC3339Nano)
		created := ask(t, s, "CreateDataset", inDataset())
		require.Len(t, created, 2)
		require.Equal(t, map[string]any{
			"ProjectName": "test-project", "DatasetName": "test-dataset", "Description": "", "TemplateId": "",
			"WorkflowParameters": []any{}, "CreateTime": at, "UpdateTime": at,
			"DatasetMaxBindCount": 10.0, "DatasetMaxEntityCount": 1e10, "DatasetMaxFileCount": 1e8,
			"DatasetMaxRelationCount": 1e11, "DatasetMaxTotalFileSize": 9e16,
			"BindCount": 0.0, "FileCount": 0.0, "TotalFileSize": 0.0,
		}, created["Dataset"])
		require.Equal(t, created["Dataset"], ask(t, s, "GetDataset", inDataset())["Dataset"])
		failsWith(t, s, "ResourceAlreadyExists", "CreateDataset", inDataset())
	})
}

func TestAnUpdateOfADatasetChangesWhatWasSentAtOnce(t *testing.T) {
	t.Parallel()
	s := newServer(t, WithProject("test-project", ""))
	ask(t, s, "CreateDataset", inDataset(
		"Description", "d", "TemplateId", "t", "DatasetMaxBindCount", "3", "WorkflowParameters", `[{"Name":"n","Value":"v"}]`,
	))
	before := the("Dataset", ask(t, s, "GetDataset", inDataset()))
	require.Equal(t, []any{map[string]any{"Name": "n", "Value": "v"}}, before["WorkflowParameters"])
	after := the("Dataset", ask(t, s, "UpdateDataset", inDataset("DatasetMaxFileCount", "7")))
	before["UpdateTime"], before["DatasetMaxFileCount"] = after["UpdateTime"], 7.0
	require.Equal(t, before, after)

	after = the("Dataset", ask(t, s, "UpdateDataset", inDataset(
		"Description", "", "TemplateId", "", "DatasetMaxBindCount", "0", "WorkflowParameters", `[]`,
	)))
	for field, empty := range map[string]any{"Description": "", "TemplateId": "", "DatasetMaxBindCount": 0.0, "WorkflowParameters": []any{}} {
		require.Equal(t, empty, after[field], field)
	}
	require.Equal(t, after, the("Dataset", ask(t, s, "GetDataset", inDataset())))
}

func TestALimitOfTheProjectIsThatOfItsDatasets(t *testing.T) {
	t.Parallel()
	s := newServer(t, WithProject("test-project", ""))
	ask(t, s, "CreateDataset", inDataset())
	ask(t, s, "CreateDataset", inDataset("DatasetName", "own", "DatasetMaxBindCount", "5"))
	ask(t, s, "UpdateProject", inProject("DatasetMaxBindCount", "2"))
	require.EqualValues(t, 2, the("Dataset", ask(t, s, "GetDataset", inDataset()))["DatasetMaxBindCount"])
	require.EqualValues(t, 5, the("Dataset", ask(t, s, "GetDataset", inDataset("DatasetName", "own")))["DatasetMaxBindCount"])
}

func TestBindingsAndDatasetsHaveLimits(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	for i := range 11 {
		s.PutObject(fmt.Sprintf("bucket-%d", i), "k", nil)
	}
	bind := func(dataset string, i int) string {
		uri := fmt.Sprintf("oss://bucket-%d", i)
		return send(t, s, signed("CreateBinding", inDataset("DatasetName", dataset, "URI", uri))).code()
	}
	for i := range 10 {
		require.Empty(t, bind("usual", i))
	}
	require.Equal(t, "LimitExceededError", bind("usual", 10))
	ask(t, s, "DeleteBinding", inDataset("DatasetName", "usual", "URI", "oss://bucket-3"))
	require.Empty(t, bind("usual", 10))
	ask(t, s, "UpdateDataset", inDataset("DatasetName", "usual", "DatasetMaxBindCount", "1"))
	require.Equal(t, "LimitExceededError", bind("usual", 3), "those that are there stay")

	ask(t, s, "CreateDataset", inDataset("DatasetName", "one", "DatasetMaxBindCount", "1"))
	require.Empty(t, bind("one", 0))
	require.Equal(t, "ResourceAlreadyExists", bind("one", 0))
	require.Equal(t, "LimitExceededError", bind("one", 1))
	ask(t, s, "UpdateDataset", inDataset("DatasetName", "one", "DatasetMaxBindCount", "0"))
	require.Empty(t, bind("one", 1))

	ask(t, s, "UpdateProject", inProject("ProjectMaxDatasetCount", "2"))
	failsWith(t, s, "LimitExceededError", "CreateDataset", inDataset("DatasetName", "third"))
	ask(t, s, "UpdateProject", inProject("ProjectMaxDatasetCount", "0"))
	ask(t, s, "CreateDataset", inDataset("DatasetName", "third"))
}

func TestStatisticsOfADatasetAreThereOnRequest(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newServer(t)
		s.PutObject("test-bucket", "a.txt", []byte("hello"))
		s.PutObject("test-bucket", "b.txt", []byte("world!"))
		ask(t, s, "CreateBinding", bindTestBucket)
		sleep(t, time.Second)
		d := the("Dataset", ask(t, s, "GetDataset", inDataset("WithStatistics", "true")))
		require.Equal(t, []any{1.0, 2.0, 11.0}, []any{d["BindCount"], d["FileCount"], d["TotalFileSize"]})
		d = the("Dataset", ask(t, s, "GetDataset", inDataset()))
		require.Equal(t, []any{0.0, 0.0, 0.0}, []any{d["BindCount"], d["FileCount"], d["TotalFileSize"]})
	})
}

func TestDatasetsAreListedByPrefix(t *testing.T) {
	t.Parallel()
	s := newServer(t, WithDataset("test-project", "b", ""), WithDataset("test-project", "a2", ""), WithDataset("test-project", "a1", ""), WithDataset("another", "a3", ""))
	require.Equal(t, []string{"a1", "a2", "b"}, names("DatasetName", "Datasets", ask(t, s, "ListDatasets", inProject())))
	require.Equal(t, []string{"a1", "a2"}, names("DatasetName", "Datasets", ask(t, s, "ListDatasets", inProject("Prefix", "a"))))
	failsWith(t, s, "ResourceNotFound", "ListDatasets", inProject("ProjectName", "none"))
}

func TestADatasetIsDeletedOnceItHasNeitherFilesNorBindings(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newServer(t)
		s.PutObject("test-bucket", "a.txt", []byte("hello"))
		ask(t, s, "CreateBinding", bindTestBucket)
		require.Contains(t, failsWith(t, s, "InvalidArgument", "DeleteDataset", inDataset()), "0 files and 1 bindings")
		sleep(t, time.Second)
		ask(t, s, "DeleteBinding", bindTestBucket)
		require.Contains(t, failsWith(t, s, "InvalidArgument", "DeleteDataset", inDataset()), "1 files and 0 bindings")
		ask(t, s, "DeleteFileMeta", inDataset("URI", "oss://test-bucket/a.txt"))
		require.Len(t, ask(t, s, "DeleteDataset", inDataset()), 1)
		for _, action := range []string{"DeleteDataset", "GetDataset", "UpdateDataset", "ListBindings"} {
			require.Contains(t, failsWith(t, s, "ResourceNotFound", action, inDataset()), "Dataset test-dataset")
		}
		ask(t, s, "CreateDataset", inDataset())
		require.Empty(t, s.Files("test-project", "test-dataset"))
	})
}

func TestWorkForADatasetThatWasDeletedComesToNothing(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newServer(t)
		s.PutObject("test-bucket", "a.txt", []byte("hello"))
		ask(t, s, "IndexFileMeta", inDataset("File", `{"URI":"oss://test-bucket/a.txt"}`, "Notification", `{"MNS":{"TopicName":"t"}}`))
		ask(t, s, "DeleteDataset", inDataset())
		ask(t, s, "CreateDataset", inDataset())
		message, err := s.WaitMessage(t.Context(), "t")
		require.NoError(t, err)
		require.Contains(t, string(message), "[ResourceNotFound] Dataset does not exist.")
		require.Empty(t, s.Files("test-project", "test-dataset"))
	})
}

// Whatever comes first, a binding is never left in a dataset that is gone.
func TestADatasetIsNotDeletedUnderABinding(t *testing.T) {
	t.Parallel()
	s := newServer(t, WithStrict(), WithProject("test-project", ""), WithBucket("test-bucket", nil), WithReadyTime(0), WithFullScanTime(0))
	for range 100 {
		ask(t, s, "CreateDataset", inDataset())
		var bound, deleted reply
		bind, remove := signed("CreateBinding", bindTestBucket), signed("DeleteDataset", inDataset())
		by := s.Transport()
		var group sync.WaitGroup
		group.Go(func() { bound = sendBy(t, by, bind) })
		group.Go(func() { deleted = sendBy(t, by, remove) })
		group.Wait()
		if bound.status == http.StatusOK {
			require.Equal(t, "InvalidArgument", deleted.code(), deleted.text)
			require.Len(t, s.Bindings(), 1)
			ask(t, s, "DeleteBinding", bindTestBucket)
			ask(t, s, "DeleteDataset", inDataset())
		} else {
			require.Equal(t, "ResourceNotFound", bound.code(), bound.text)
			require.Equal(t, http.StatusOK, deleted.status, deleted.text)
		}
		require.Empty(t, s.Bindings())
		s.mu.Lock()
		require.Empty(t, s.buckets["test-bucket"].bindings)
		s.mu.Unlock()
	}
}

func TestProjectsDatasetsAndBindingsComeAndGoInParallel(t *testing.T) {
	t.Parallel()
	s := newServer(t, WithBucket("test-bucket", nil), WithReadyTime(0), WithFullScanTime(0), WithIndexDelay(0))
	s.PutObject("test-bucket", "a.txt", []byte("a"))
	calls := []struct{ action, field, value string }{
		{"CreateProject", "Tag", `[{"Key":"k","Value":"v"}]`}, {"GetProject", "WithStatistics", "true"}, {"ListProjects", "", ""},
		{"UpdateProject", "Tag", `[{"Key":"k","Value":"w"}]`}, {"DeleteProject", "", ""},
		{"CreateDataset", "", ""}, {"GetDataset", "WithStatistics", "true"}, {"ListDatasets", "", ""},
		{"UpdateDataset", "WorkflowParameters", `[{"Name":"n"}]`}, {"DeleteDataset", "", ""},
		{"CreateBinding", "URI", "oss://test-bucket"}, {"ListBindings", "", ""}, {"DeleteBinding", "URI", "oss://test-bucket"},
		{"IndexFileMeta", "File", `{"URI":"oss://test-bucket/a.txt"}`}, {"BatchDeleteFileMeta", "URIs", `["oss://test-bucket/a.txt"]`},
		{"BatchUpdateFileMeta", "Files", `[{"URI":"oss://test-bucket/a.txt","CustomLabels":{"a":"b"},"Figures":[{"FigureId":"f"}]}]`},
		{"AttachOSSBucket", "OSSBucket", "test-bucket"}, {"DetachOSSBucket", "OSSBucket", "test-bucket"}, {"ListAttachedOSSBuckets", "", ""},
		{"ListTasks", "", ""},
	}
	by := s.Transport()
	var group sync.WaitGroup
	for _, c := range calls {
		group.Go(func() {
			for range 30 {
				r := sendBy(t, by, signed(c.action, inDataset(c.field, c.value)))
				if r.status != http.StatusOK {
					known := map[string]bool{"ResourceNotFound": true, "ResourceAlreadyExists": true, "InvalidArgument": true}
					require.True(t, known[r.code()], r.text)
				}
			}
		})
	}
	group.Go(func() {
		for i := range 30 {
			s.PutTask(Task{ProjectName: "test-project", TaskID: strconv.Itoa(i)})
			control(s, http.MethodGet, "state", "")
		}
	})
	group.Wait()
}
