package boltjournal_test

import (
	"context"
	"fmt"
	"log"
	"os"
	"path/filepath"
	"strings"

	"github.com/imm-go/imm/bulk"
	"github.com/imm-go/imm/bulk/boltjournal"
	"github.com/imm-go/imm/immtest"
)

func Example() {
	server := immtest.NewServer() // the emulator, in place of the service
	defer server.Close()
	folder, err := os.MkdirTemp("", "journal")
	if err != nil {
		log.Fatal(err)
	}
	defer func() { _ = os.RemoveAll(folder) }()

	journal, err := boltjournal.Open(filepath.Join(folder, "photos.journal"))
	if err != nil {
		log.Fatal(err)
	}
	defer func() { _ = journal.Close() }()

	const list = "oss://test-bucket/cat.jpg\noss://test-bucket/\noss://test-bucket/dog.jpg\n"
	for range 2 { // the second run finds that everything is done
		indexer, err := bulk.New(server.Client(), bulk.Config{
			ProjectName: "test-project", DatasetName: "test-dataset", Journal: journal,
		})
		if err != nil {
			log.Fatal(err)
		}
		summary, err := indexer.RunSource(context.Background(), bulk.URIs("photos.txt", strings.NewReader(list)))
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(summary.Accepted, "accepted,", summary.Failed, "failed")
	}
	for failure, err := range journal.Failed() {
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println("failed:", failure.File.URI)
	}
	// Output:
	// 2 accepted, 1 failed
	// 0 accepted, 0 failed
	// failed: oss://test-bucket/
}
