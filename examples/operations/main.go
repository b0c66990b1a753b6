// Command operations calls, one after the other, the operations that the other
// example programs do not show. It runs against the emulator. With the service,
// indexing and queries cost money.
package main

import (
	"context"
	"fmt"
	"io"
	"log"
	"os"
	"time"

	"github.com/imm-go/imm"
	"github.com/imm-go/imm/examples"
	"github.com/imm-go/imm/immtest"
)

const (
	project = "test-project"
	dataset = "test-dataset"
	cat     = "oss://test-bucket/photos/animals/cat.jpg"
)

func main() {
	if err := run(context.Background(), os.Stdout); err != nil {
		log.Fatal(err)
	}
}

func run(ctx context.Context, out io.Writer) error {
	server := immtest.NewServer(immtest.WithBucket("test-bucket", examples.Photos))
	defer server.Close()
	// No operation of this SDK begins a task, so the emulator is told of one.
	taskID := server.PutTask(immtest.Task{ProjectName: project, TaskType: "FigureClustering", TaskID: "test-task", Progress: 50})
	client := server.Client() // for the service: imm.NewClient("cn-hangzhou", imm.EnvCredentials())

	if err := index(ctx, client); err != nil {
		return err
	}
	if err := updates(ctx, client, out); err != nil {
		return err
	}
	if err := metadata(ctx, client, out); err != nil {
		return err
	}
	if err := tasks(ctx, client, taskID, out); err != nil {
		return err
	}
	return attachment(ctx, client, out)
}

func index(ctx context.Context, client *imm.Client) error {
	_, err := client.IndexFileMeta(ctx, &imm.IndexFileMetaRequest{ProjectName: project, DatasetName: dataset, File: imm.InputFile{URI: cat}})
	if err != nil {
		return err
	}
	outcomes, err := client.WaitIndexed(ctx, &imm.WaitIndexedRequest{ProjectName: project, DatasetName: dataset, URIs: []string{cat}},
		imm.WithPollInterval(50*time.Millisecond)) // the service takes longer
	if err != nil {
		return err
	}
	return outcomes.Err()
}

// updates changes a project and a dataset, and lists both kinds. What an update
// leaves nil stays as it is.
func updates(ctx context.Context, client *imm.Client, out io.Writer) error {
	_, err := client.UpdateProject(ctx, &imm.UpdateProjectRequest{
		ProjectName: project, Description: new("photos"), Tags: map[string]string{"team": "search"},
	})
	if err != nil {
		return err
	}
	_, err = client.UpdateDataset(ctx, &imm.UpdateDatasetRequest{ProjectName: project, DatasetName: dataset, Description: new("animals")})
	if err != nil {
		return err
	}
	for p, err := range client.Projects(ctx, &imm.ListProjectsRequest{Tags: map[string]string{"team": "search"}}) {
		if err != nil {
			return err
		}
		for d, err := range client.Datasets(ctx, &imm.ListDatasetsRequest{ProjectName: p.ProjectName}) {
			if err != nil {
				return err
			}
			fmt.Fprintf(out, "%s (%s): %s (%s)\n", p.ProjectName, p.Description, d.DatasetName, d.Description)
		}
	}
	return nil
}

// metadata updates, reads, finds and deletes what the dataset has of one file.
func metadata(ctx context.Context, client *imm.Client, out io.Writer) error {
	_, err := client.UpdateFileMeta(ctx, &imm.UpdateFileMetaRequest{
		ProjectName: project, DatasetName: dataset,
		File: imm.FileUpdate{URI: cat, CustomID: new("cat-1"), CustomLabels: map[string]string{"category": "Pets"}},
	})
	if err != nil {
		return err
	}
	got, err := client.GetFileMeta(ctx, &imm.GetFileMetaRequest{ProjectName: project, DatasetName: dataset, URI: cat})
	if err != nil {
		return err
	}
	for _, file := range got.Files { // one, or none if the file is not in the dataset
		fmt.Fprintf(out, "%s %s %v %dx%d %d bytes\n", file.URI, file.CustomID, file.CustomLabels, file.ImageWidth, file.ImageHeight, file.Size)
	}
	for file, err := range client.FuzzyQueryFiles(ctx, &imm.FuzzyQueryRequest{ProjectName: project, DatasetName: dataset, Query: "pets"}) {
		if err != nil {
			return err
		}
		fmt.Fprintln(out, "fuzzy:", file.URI)
	}
	// The emulator ranks by shared words; the service understands what it reads.
	similar, err := client.SemanticQuery(ctx, &imm.SemanticQueryRequest{ProjectName: project, DatasetName: dataset, Query: "a cat"})
	if err != nil {
		return err
	}
	for _, file := range similar.Files {
		fmt.Fprintln(out, "semantic:", file.URI)
	}
	_, err = client.DeleteFileMeta(ctx, &imm.DeleteFileMetaRequest{ProjectName: project, DatasetName: dataset, URI: cat})
	return err
}

func tasks(ctx context.Context, client *imm.Client, taskID string, out io.Writer) error {
	for task, err := range client.Tasks(ctx, &imm.ListTasksRequest{ProjectName: project, Status: imm.TaskRunning}) {
		if err != nil {
			return err
		}
		fmt.Fprintln(out, task.TaskType, task.TaskID, task.Status)
	}
	task, err := client.GetTask(ctx, &imm.GetTaskRequest{ProjectName: project, TaskType: "FigureClustering", TaskID: taskID})
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "%s %d %%\n", task.TaskID, task.Progress)
	return nil
}

// attachment attaches a bucket to the project, lists, looks and detaches it.
func attachment(ctx context.Context, client *imm.Client, out io.Writer) error {
	if _, err := client.AttachOSSBucket(ctx, &imm.AttachOSSBucketRequest{ProjectName: project, OSSBucket: "test-bucket"}); err != nil {
		return err
	}
	for bucket, err := range client.AttachedOSSBuckets(ctx, &imm.ListAttachedOSSBucketsRequest{ProjectName: project}) {
		if err != nil {
			return err
		}
		fmt.Fprintf(out, "%s is attached to %s\n", bucket.OSSBucket, bucket.ProjectName)
	}
	if _, err := client.GetOSSBucketAttachment(ctx, &imm.GetOSSBucketAttachmentRequest{OSSBucket: "test-bucket"}); err != nil {
		return err
	}
	if _, err := client.DetachOSSBucket(ctx, &imm.DetachOSSBucketRequest{OSSBucket: "test-bucket"}); err != nil {
		return err
	}
	regions, err := client.ListRegions(ctx, &imm.ListRegionsRequest{AcceptLanguage: "en-US"})
	if err != nil {
		return err
	}
	for _, region := range regions.Regions {
		if region.RegionID == "cn-hangzhou" {
			fmt.Fprintf(out, "one of %d regions: %s\n", len(regions.Regions), region.LocalName)
		}
	}
	return nil
}
