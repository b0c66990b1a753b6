// Command query has the sample files indexed, and then finds, counts and groups
// images by their width, the year they were taken in and a label. It runs against
// the emulator. With the service, each file that is indexed costs money, and so
// does each query.
package main

import (
	"context"
	"fmt"
	"io"
	"io/fs"
	"log"
	"os"
	"strings"
	"time"

	"github.com/imm-go/imm"
	"github.com/imm-go/imm/examples"
	"github.com/imm-go/imm/immtest"
	"github.com/imm-go/imm/query"
)

func main() {
	if err := run(context.Background(), os.Stdout); err != nil {
		log.Fatal(err)
	}
}

func run(ctx context.Context, out io.Writer) error {
	server := immtest.NewServer(immtest.WithBucket("test-bucket", examples.Photos))
	defer server.Close()
	client := server.Client() // for the service: imm.NewClient("cn-hangzhou", imm.EnvCredentials())

	if err := index(ctx, client, out); err != nil {
		return err
	}

	// Images wider than 100 pixels, taken in 2025, with the label source=camera.
	condition := query.And(
		query.Eq("MediaType", imm.MediaImage),
		query.Gt("ImageWidth", 100),
		query.Gte("ProduceTime", time.Date(2025, 1, 1, 0, 0, 0, 0, time.UTC)),
		query.Lt("ProduceTime", time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)),
		query.Eq("CustomLabels.source", "camera"),
	)
	fmt.Fprintf(out, "\n%v\n", condition)
	for file, err := range client.SimpleQueryFiles(ctx, &imm.SimpleQueryRequest{
		ProjectName: "test-project",
		DatasetName: "test-dataset",
		Query:       condition,
		Sort:        "ImageWidth", // the widest first: without an Order it is desc
		WithFields:  []string{"URI", "ImageWidth", "ImageHeight", "ProduceTime"},
		MaxResults:  2, // of a page; the loop asks for the next one
	}) {
		if err != nil {
			return err
		}
		fmt.Fprintf(out, "  %s  %dx%d  %s\n", file.URI, file.ImageWidth, file.ImageHeight, file.ProduceTime.Format(time.DateOnly))
	}

	// With aggregations the answer has numbers about all of these files in place
	// of the files.
	numbers, err := client.SimpleQuery(ctx, &imm.SimpleQueryRequest{
		ProjectName: "test-project",
		DatasetName: "test-dataset",
		Query:       condition,
		Aggregations: []imm.Aggregation{
			{Field: "URI", Operation: imm.AggregateCount},
			{Field: "ImageWidth", Operation: imm.AggregateAverage},
			{Field: "ContentType", Operation: imm.AggregateGroup},
		},
	})
	if err != nil {
		return err
	}
	for _, result := range numbers.Aggregations {
		if result.Operation != imm.AggregateGroup {
			fmt.Fprintf(out, "%s of %s: %.0f\n", result.Operation, result.Field, result.Value)
			continue
		}
		for _, group := range result.Groups {
			fmt.Fprintf(out, "%s of %s: %s %d\n", result.Operation, result.Field, group.Value, group.Count)
		}
	}
	return nil
}

// index hands the sample files in and waits until each of them is indexed.
func index(ctx context.Context, client *imm.Client, out io.Writer) error {
	var files []imm.InputFile
	var uris []string
	err := fs.WalkDir(examples.Photos, "photos", func(name string, entry fs.DirEntry, err error) error {
		if err == nil && !entry.IsDir() {
			files = append(files, input(name))
			uris = append(uris, "oss://test-bucket/"+name)
		}
		return err
	})
	if err != nil {
		return err
	}
	since := time.Now().Add(-time.Minute) // by the clock of the service, which may be behind
	_, err = client.BatchIndexFileMeta(ctx, &imm.BatchIndexFileMetaRequest{
		ProjectName: "test-project", DatasetName: "test-dataset", Files: files, // up to 100
	})
	if err != nil {
		return err
	}
	// No topic was named, so WaitIndexed asks the dataset. The service takes longer
	// than the emulator: leave the option out there.
	outcomes, err := client.WaitIndexed(ctx, &imm.WaitIndexedRequest{
		ProjectName: "test-project", DatasetName: "test-dataset", URIs: uris, Since: since,
	}, imm.WithPollInterval(50*time.Millisecond))
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "%d files handed in, %d not indexed\n", len(outcomes), len(outcomes.NotIndexed()))
	return outcomes.Err() // nil only if every file is indexed
}

// input is a sample file with what its name tells: the files carry no capture
// time, so that of a folder named after a year is the middle of the year.
func input(name string) imm.InputFile {
	file := imm.InputFile{URI: "oss://test-bucket/" + name}
	folder, rest, _ := strings.Cut(strings.TrimPrefix(name, "photos/"), "/")
	if year, err := time.Parse("2006", folder); err == nil {
		file.ProduceTime = year.AddDate(0, 6, 0)
	}
	switch {
	case strings.HasPrefix(rest, "IMG_"):
		file.CustomLabels = map[string]string{"source": "camera"}
	case strings.HasPrefix(rest, "scan "):
		file.CustomLabels = map[string]string{"source": "scanner"}
	}
	return file
}
