package bulk_test

import (
	"context"
	"errors"
	"fmt"
	"log"

	"github.com/imm-go/imm"
	"github.com/imm-go/imm/bulk"
	"github.com/imm-go/imm/immtest"
)

func ExampleIndexer_Run() {
	server := immtest.NewServer() // the emulator, in place of the service
	defer server.Close()

	indexer, err := bulk.New(server.Client(), bulk.Config{
		ProjectName: "test-project", DatasetName: "test-dataset",
		OnResult: func(_ context.Context, r bulk.Result) {
			if r.Status == bulk.Failed {
				fmt.Println(r.File.URI, r.Err)
			}
		},
	})
	if err != nil {
		log.Fatal(err)
	}
	files := func(yield func(imm.InputFile, error) bool) {
		for i := range 1000 {
			file := imm.InputFile{URI: fmt.Sprintf("oss://test-bucket/%d.jpg", i)}
			if i == 500 {
				file.URI = "500.jpg"
			}
			if !yield(file, nil) {
				return
			}
		}
	}
	summary, err := indexer.Run(context.Background(), files)
	if err != nil {
		log.Fatal(err) // the run was stopped
	}
	fmt.Println(summary.Accepted, "accepted,", summary.Failed, "failed, in", summary.Batches, "batches")
	// Output:
	// 500.jpg imm: BatchIndexFileMeta: File.URI: "500.jpg" is not the URI of a file; want oss://bucket/object or pds://domains/{domain}/drives/{drive}/files/{file}/revisions/{revision}
	// 999 accepted, 1 failed, in 10 batches
}

func ExampleIndexer_Results() {
	server := immtest.NewServer()
	defer server.Close()
	server.PutObject("test-bucket", "cat.jpg", []byte("a cat"))

	indexer, err := bulk.New(server.Client(), bulk.Config{
		ProjectName: "test-project", DatasetName: "test-dataset",
		Confirm: bulk.ByPolling, // be sure that the file is indexed, not only accepted
	})
	if err != nil {
		log.Fatal(err)
	}
	files := func(yield func(imm.InputFile, error) bool) {
		yield(imm.InputFile{URI: "oss://test-bucket/cat.jpg"}, nil)
	}
	for result, err := range indexer.Results(context.Background(), files) {
		if err != nil {
			log.Fatal(err) // the run was stopped
		}
		fmt.Println(result.File.URI, result.Status)
	}
	// Output: oss://test-bucket/cat.jpg indexed
}

func ExampleIndexer_Add() {
	server := immtest.NewServer()
	defer server.Close()
	ctx := context.Background()

	indexer, err := bulk.New(server.Client(), bulk.Config{ProjectName: "test-project", DatasetName: "test-dataset"})
	if err != nil {
		log.Fatal(err)
	}
	for _, name := range []string{"cat.jpg", "dog.jpg"} {
		if err := indexer.Add(ctx, imm.InputFile{URI: "oss://test-bucket/" + name}); err != nil {
			log.Fatal(err)
		}
	}
	summary, err := indexer.Close(ctx)
	fmt.Println(summary.Accepted, "accepted,", err)
	err = indexer.Add(ctx, imm.InputFile{URI: "oss://test-bucket/late.jpg"})
	fmt.Println(errors.Is(err, bulk.ErrClosed))
	// Output:
	// 2 accepted, <nil>
	// true
}
