// Command lifecycle goes through the whole life of an index: it makes a project
// and a dataset, has a bucket indexed, queries, updates labels, and deletes
// everything again. It runs against the emulator. With the service, indexing and
// queries cost money, and a run that ends early leaves what it has made.
//
// The SDK deletes nothing recursively. What is in a dataset has cost money to
// index, and it is gone for every program that uses the dataset; so each of the
// things in it is deleted by a call that names it, and the service refuses to
// delete what is not empty.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"os"
	"slices"
	"time"

	"github.com/imm-go/imm"
	"github.com/imm-go/imm/examples"
	"github.com/imm-go/imm/immtest"
	"github.com/imm-go/imm/query"
)

const (
	project = "test-project"
	dataset = "test-dataset"
	bucket  = "oss://test-bucket"
)

func main() {
	if err := run(context.Background(), os.Stdout); err != nil {
		log.Fatal(err)
	}
}

func run(ctx context.Context, out io.Writer) error {
	// As with the service, a strict emulator has no project that was not created.
	server := immtest.NewServer(immtest.WithBucket("test-bucket", examples.Photos), immtest.WithStrict())
	defer server.Close()
	client := server.Client() // for the service: imm.NewClient("cn-hangzhou", imm.EnvCredentials())

	for _, step := range []func(context.Context, *imm.Client, io.Writer) error{create, index, update, refused, remove} {
		if err := step(ctx, client, out); err != nil {
			return err
		}
	}
	return nil
}

func create(ctx context.Context, client *imm.Client, out io.Writer) error {
	// Without a template, neither of the project nor of the dataset, no metadata
	// would be extracted.
	_, err := client.CreateProject(ctx, &imm.CreateProjectRequest{ProjectName: project, TemplateID: "Official:ImageManagement"})
	if err != nil {
		return err
	}
	_, err = client.CreateDataset(ctx, &imm.CreateDatasetRequest{ProjectName: project, DatasetName: dataset, Description: "sample files"})
	fmt.Fprintf(out, "created %s and in it %s\n", project, dataset)
	return err
}

// index binds the bucket and waits for the first scan.
func index(ctx context.Context, client *imm.Client, out io.Writer) error {
	_, err := client.CreateBinding(ctx, &imm.CreateBindingRequest{ProjectName: project, DatasetName: dataset, URI: bucket})
	if err != nil {
		return err
	}
	binding := &imm.GetBindingRequest{ProjectName: project, DatasetName: dataset, URI: bucket}
	// The service takes longer than the emulator: leave the option out there.
	if _, err := client.WaitBinding(ctx, binding, imm.WithPollInterval(50*time.Millisecond)); err != nil {
		return err
	}
	got, err := client.GetDataset(ctx, &imm.GetDatasetRequest{ProjectName: project, DatasetName: dataset, WithStatistics: true})
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "indexed %d files\n", got.Dataset.FileCount)
	return nil
}

// update finds the photos of animals and gives them a label.
func update(ctx context.Context, client *imm.Client, out io.Writer) error {
	uris, err := find(ctx, client, query.And(query.Prefix("URI", bucket+"/photos/animals/"), query.Eq("MediaType", imm.MediaImage)))
	if err != nil {
		return err
	}
	var updates []imm.FileUpdate // up to 100
	for _, uri := range uris {
		updates = append(updates, imm.FileUpdate{URI: uri, CustomLabels: map[string]string{"category": "Pets"}})
	}
	updated, err := client.BatchUpdateFileMeta(ctx, &imm.BatchUpdateFileMetaRequest{ProjectName: project, DatasetName: dataset, Files: updates})
	if err != nil {
		return err
	}
	if err := updated.Err(); err != nil { // the call succeeds even if single files fail
		return err
	}
	condition := query.Eq("CustomLabels.category", "Pets")
	labelled, err := find(ctx, client, condition)
	fmt.Fprintf(out, "labelled %d files, found %d: %v\n", len(updates), len(labelled), condition)
	return err
}

// find returns the URIs of the files that meet a condition; the zero one is met by
// all.
func find(ctx context.Context, client *imm.Client, condition imm.QueryCondition) ([]string, error) {
	var uris []string
	for file, err := range client.SimpleQueryFiles(ctx, &imm.SimpleQueryRequest{
		ProjectName: project, DatasetName: dataset, Query: condition, WithFields: []string{"URI"},
	}) {
		if err != nil {
			return nil, err
		}
		uris = append(uris, file.URI)
	}
	return uris, nil
}

// refused shows that the service keeps what is not empty.
func refused(ctx context.Context, client *imm.Client, out io.Writer) error {
	_, ofDataset := client.DeleteDataset(ctx, &imm.DeleteDatasetRequest{ProjectName: project, DatasetName: dataset})
	_, ofProject := client.DeleteProject(ctx, &imm.DeleteProjectRequest{ProjectName: project})
	for _, err := range []error{ofDataset, ofProject} {
		refusal, ok := errors.AsType[*imm.APIError](err)
		if !ok {
			return errors.Join(errors.New("want a refusal by the service"), err)
		}
		fmt.Fprintf(out, "%s is refused: %s: %s\n", refusal.Action, refusal.Code, refusal.Message)
	}
	return nil
}

// remove deletes everything, from the inside out. The bindings go first, because
// they would bring back files that change in their buckets. The objects stay.
func remove(ctx context.Context, client *imm.Client, out io.Writer) error {
	// A list is read to its end before anything of it is deleted: pages can miss
	// what is in a list that changes meanwhile.
	var bound []string
	for binding, err := range client.Bindings(ctx, &imm.ListBindingsRequest{ProjectName: project, DatasetName: dataset}) {
		if err != nil {
			return err
		}
		bound = append(bound, binding.URI)
	}
	for _, uri := range bound {
		if _, err := client.DeleteBinding(ctx, &imm.DeleteBindingRequest{ProjectName: project, DatasetName: dataset, URI: uri}); err != nil {
			return err
		}
	}
	uris, err := find(ctx, client, imm.QueryCondition{})
	if err != nil {
		return err
	}
	for some := range slices.Chunk(uris, 100) {
		if _, err := client.BatchDeleteFileMeta(ctx, &imm.BatchDeleteFileMetaRequest{ProjectName: project, DatasetName: dataset, URIs: some}); err != nil {
			return err
		}
	}
	if _, err := client.DeleteDataset(ctx, &imm.DeleteDatasetRequest{ProjectName: project, DatasetName: dataset}); err != nil {
		return err
	}
	if _, err := client.DeleteProject(ctx, &imm.DeleteProjectRequest{ProjectName: project}); err != nil {
		return err
	}
	_, err = client.GetProject(ctx, &imm.GetProjectRequest{ProjectName: project})
	if !errors.Is(err, imm.ErrNotFound) {
		return errors.Join(errors.New("want a project that is not there any more"), err)
	}
	fmt.Fprintf(out, "deleted %d binding, %d files, %s and %s\n", len(bound), len(uris), dataset, project)
	return nil
}
