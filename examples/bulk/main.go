// Command bulk has a list of files indexed, of any length, and says what became of
// each. It runs against the emulator. With the service, each file that is indexed
// costs money. The command imm does the same with lists in files.
package main

import (
	"context"
	"fmt"
	"io"
	"log"
	"os"
	"time"

	"github.com/imm-go/imm/bulk"
	"github.com/imm-go/imm/examples"
	"github.com/imm-go/imm/immtest"
)

func main() {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	if err := run(ctx, os.Stdout); err != nil {
		log.Fatal(err)
	}
}

func run(ctx context.Context, out io.Writer) error {
	emulator := immtest.NewServer(immtest.WithBucket("test-bucket", examples.Photos))
	defer emulator.Close()

	indexer, err := bulk.New(emulator.Client(), bulk.Config{
		ProjectName: "test-project",
		DatasetName: "test-dataset",
		Confirm:     bulk.ByPolling, // to know that files are indexed; without it they are accepted
		OnResult: func(_ context.Context, r bulk.Result) {
			if r.Status != bulk.Indexed {
				fmt.Fprintf(out, "%s is %s: %v\n", r.File.URI, r.Status, r.Err)
			}
		},
	})
	if err != nil {
		return err
	}
	// Other sources are lists in files: bulk.URIs, bulk.JSONLines, bulk.CSV and
	// bulk.Inventory; osssource lists a bucket.
	source := bulk.WithLabels(bulk.Walk(examples.Photos, "oss://test-bucket"), map[string]string{"from": "examples"})
	summary, err := indexer.RunSource(ctx, source)
	fmt.Fprintf(out, "%d files: %d indexed, %d failed, %d unsent\n", summary.Added, summary.Indexed, summary.Failed, summary.Unsent)
	return err // not nil if the run was stopped before its end
}
