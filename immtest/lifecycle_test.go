package immtest_test

import (
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/imm-go/imm"
	"github.com/imm-go/imm/immtest"
)

// The client and the emulator were written apart. Here they speak about
// everything around an index, from the first call to the last.
func TestTheClientAndTheEmulatorAgreeAboutAWholeLife(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		server := immtest.NewServer(immtest.WithStrict(), immtest.WithQPS(1000))
		defer server.Close()
		server.PutObject("test-bucket", "a.txt", []byte("hello"))
		client, ctx := server.Client(), t.Context()

		created, err := client.CreateProject(ctx, &imm.CreateProjectRequest{
			ProjectName: "p", TemplateID: "Official:AllFunction", Tags: map[string]string{"k": "v", "empty": ""}, DatasetMaxBindCount: 1,
		})
		require.NoError(t, err)
		require.Equal(t, map[string]string{"k": "v", "empty": ""}, created.Project.Tags)
		require.EqualValues(t, 1000, created.Project.ProjectQueriesPerSecond)
		require.WithinDuration(t, time.Now(), created.Project.CreateTime, 0)
		_, err = client.CreateProject(ctx, &imm.CreateProjectRequest{ProjectName: "p"})
		require.ErrorIs(t, err, imm.ErrAlreadyExists)
		updated, err := client.UpdateProject(ctx, &imm.UpdateProjectRequest{ProjectName: "p", Tags: map[string]string{}, Description: new("d")})
		require.NoError(t, err)
		require.Empty(t, updated.Project.Tags)
		require.EqualValues(t, 1, updated.Project.DatasetMaxBindCount)

		for i := range 5 {
			_, err := client.CreateDataset(ctx, &imm.CreateDatasetRequest{
				ProjectName: "p", DatasetName: fmt.Sprintf("d%d", i), WorkflowParameters: []imm.WorkflowParameter{{Name: "n", Value: "v"}},
			})
			require.NoError(t, err)
		}
		var datasets []string
		for d, err := range client.Datasets(ctx, &imm.ListDatasetsRequest{ProjectName: "p", MaxResults: 2}) {
			require.NoError(t, err)
			require.Equal(t, []imm.WorkflowParameter{{Name: "n", Value: "v"}}, d.WorkflowParameters)
			datasets = append(datasets, d.DatasetName)
		}
		require.Equal(t, []string{"d0", "d1", "d2", "d3", "d4"}, datasets)

		binding := imm.CreateBindingRequest{ProjectName: "p", DatasetName: "d0", URI: "oss://test-bucket"}
		_, err = client.CreateBinding(ctx, &binding)
		require.NoError(t, err)
		server.PutObject("another", "k", nil)
		_, err = client.CreateBinding(ctx, &imm.CreateBindingRequest{ProjectName: "p", DatasetName: "d0", URI: "oss://another"})
		require.ErrorIs(t, err, imm.ErrLimitExceeded)
		<-time.After(time.Second)
		for b, err := range client.Bindings(ctx, &imm.ListBindingsRequest{ProjectName: "p", DatasetName: "d0"}) {
			require.NoError(t, err)
			require.Equal(t, imm.PhaseIncrementalScanning, b.Phase)
		}
		d, err := client.GetDataset(ctx, &imm.GetDatasetRequest{ProjectName: "p", DatasetName: "d0", WithStatistics: true})
		require.NoError(t, err)
		require.Equal(t, []int64{1, 1, 5}, []int64{d.Dataset.BindCount, d.Dataset.FileCount, d.Dataset.TotalFileSize})

		const uri = "oss://test-bucket/a.txt"
		_, err = client.UpdateFileMeta(ctx, &imm.UpdateFileMetaRequest{
			ProjectName: "p", DatasetName: "d0", File: imm.FileUpdate{URI: uri, CustomID: new("id"), CustomLabels: map[string]string{"a": "b"}},
		})
		require.NoError(t, err)
		batch, err := client.BatchUpdateFileMeta(ctx, &imm.BatchUpdateFileMetaRequest{ProjectName: "p", DatasetName: "d0", Files: []imm.FileUpdate{
			{URI: "oss://test-bucket/none"}, {URI: uri, CustomLabels: map[string]string{}, Figures: []imm.InputFileFigure{{FigureID: "f"}}},
		}})
		require.NoError(t, err)
		require.ErrorContains(t, batch.Err(), "1 of 2 files not updated")
		got, err := client.GetFileMeta(ctx, &imm.GetFileMetaRequest{ProjectName: "p", DatasetName: "d0", URI: uri})
		require.NoError(t, err)
		require.Equal(t, "id", got.Files[0].CustomID)
		require.Empty(t, got.Files[0].CustomLabels)
		require.Equal(t, []imm.Figure{{FigureID: "f"}}, got.Files[0].Figures)

		_, err = client.AttachOSSBucket(ctx, &imm.AttachOSSBucketRequest{ProjectName: "p", OSSBucket: "test-bucket", Description: "d"})
		require.NoError(t, err)
		for b, err := range client.AttachedOSSBuckets(ctx, &imm.ListAttachedOSSBucketsRequest{ProjectName: "p"}) {
			require.NoError(t, err)
			require.Equal(t, "d", b.Description)
		}
		_, err = client.DetachOSSBucket(ctx, &imm.DetachOSSBucketRequest{OSSBucket: "test-bucket"})
		require.NoError(t, err)
		id := server.PutTask(immtest.Task{ProjectName: "p", TaskType: "t", Status: imm.TaskSucceeded, Tags: map[string]string{"test": "val1"}})
		task, err := client.GetTask(ctx, &imm.GetTaskRequest{ProjectName: "p", TaskType: "t", TaskID: id})
		require.NoError(t, err)
		tasks := 0
		for listed, err := range client.Tasks(ctx, &imm.ListTasksRequest{ProjectName: "p", TagSelector: "test=val1", StartTimeRange: imm.TimeRange{Start: task.StartTime, End: task.StartTime}}) {
			require.NoError(t, err)
			require.Equal(t, task.Tags, listed.Tags)
			tasks++
		}
		require.Equal(t, 1, tasks)
		regions, err := client.ListRegions(ctx, &imm.ListRegionsRequest{AcceptLanguage: "en-US"})
		require.NoError(t, err)
		require.NotEmpty(t, regions.Regions)

		_, err = client.DeleteProject(ctx, &imm.DeleteProjectRequest{ProjectName: "p"})
		require.ErrorIs(t, err, imm.ErrInvalidArgument)
		_, err = client.DeleteBinding(ctx, (*imm.DeleteBindingRequest)(&binding))
		require.NoError(t, err)
		_, err = client.BatchDeleteFileMeta(ctx, &imm.BatchDeleteFileMetaRequest{ProjectName: "p", DatasetName: "d0", URIs: []string{uri}})
		require.NoError(t, err)
		for _, name := range datasets {
			_, err := client.DeleteDataset(ctx, &imm.DeleteDatasetRequest{ProjectName: "p", DatasetName: name})
			require.NoError(t, err)
		}
		_, err = client.DeleteProject(ctx, &imm.DeleteProjectRequest{ProjectName: "p"})
		require.NoError(t, err)
		_, err = client.GetProject(ctx, &imm.GetProjectRequest{ProjectName: "p"})
		require.ErrorIs(t, err, imm.ErrNotFound)
		for p, err := range client.Projects(ctx, &imm.ListProjectsRequest{}) {
			require.NoError(t, err)
			require.Fail(t, "nothing is left, yet there is "+p.ProjectName)
		}
	})
}
