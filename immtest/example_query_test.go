package immtest_test

import (
	"bytes"
	"context"
	"fmt"
	"image"
	"image/png"
	"strings"
	"time"

	"github.com/imm-go/imm"
	"github.com/imm-go/imm/immtest"
	"github.com/imm-go/imm/query"
)

// indexAll indexes what is in a bucket and returns once it is in the dataset.
func indexAll(ctx context.Context, client *imm.Client) error {
	binding := imm.GetBindingRequest{ProjectName: "test-project", DatasetName: "test-dataset", URI: "oss://test-bucket"}
	create := imm.CreateBindingRequest(binding)
	if _, err := client.CreateBinding(ctx, &create); err != nil {
		return err
	}
	_, err := client.WaitBinding(ctx, &binding, imm.WithPollInterval(time.Millisecond))
	return err
}

// blank is an image of a width.
func blank(width int) []byte {
	var buf bytes.Buffer
	_ = png.Encode(&buf, image.NewGray(image.Rect(0, 0, width, 10))) // a buffer takes everything
	return buf.Bytes()
}

// The emulator evaluates the conditions of SimpleQuery over what it has read.
func ExampleServer_query() {
	server := immtest.NewServer(immtest.WithReadyTime(0), immtest.WithFullScanTime(0))
	defer server.Close()
	for key, width := range map[string]int{"small.png": 50, "large.png": 200, "larger.png": 1000} {
		server.PutObject("test-bucket", key, blank(width))
	}
	server.PutObject("test-bucket", "notes.txt", []byte("hello"))
	client, ctx := server.Client(), context.Background()
	if err := indexAll(ctx, client); err != nil {
		fmt.Println(err)
		return
	}
	for file, err := range client.SimpleQueryFiles(ctx, &imm.SimpleQueryRequest{
		ProjectName: "test-project", DatasetName: "test-dataset",
		Query: query.Gt("ImageWidth", 100), Sort: "ImageWidth",
		WithFields: []string{"Filename", "ImageWidth"},
	}) {
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Println(file.Filename, file.ImageWidth)
	}
	counts, err := client.SimpleQuery(ctx, &imm.SimpleQueryRequest{
		ProjectName: "test-project", DatasetName: "test-dataset",
		Aggregations: []imm.Aggregation{{Field: "ContentType", Operation: imm.AggregateGroup}},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, group := range counts.Aggregations[0].Groups {
		fmt.Println(group.Value, group.Count)
	}
	// Output:
	// larger.png 1000
	// large.png 200
	// image/png 3
	// text/plain 1
}

// An extractor stands in for what the service finds with its models.
func ExampleWithExtractor() {
	server := immtest.NewServer(immtest.WithReadyTime(0), immtest.WithFullScanTime(0),
		immtest.WithExtractor(func(_ context.Context, object immtest.Object) (imm.File, error) {
			var found imm.File
			if strings.HasPrefix(object.Key, "pets/") {
				found.Labels = []imm.Label{{LabelName: "cat", LabelConfidence: 0.9}}
			}
			return found, nil
		}))
	defer server.Close()
	server.PutObject("test-bucket", "pets/tom.png", blank(10))
	server.PutObject("test-bucket", "cars/red.png", blank(10))
	client, ctx := server.Client(), context.Background()
	if err := indexAll(ctx, client); err != nil {
		fmt.Println(err)
		return
	}
	resp, err := client.SimpleQuery(ctx, &imm.SimpleQueryRequest{
		ProjectName: "test-project", DatasetName: "test-dataset",
		Query: query.Nested("Labels", query.Eq("Labels.LabelName", "cat"), query.Gt("Labels.LabelConfidence", 0.5)),
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, file := range resp.Files {
		fmt.Println(file.Filename, file.Labels[0].LabelName)
	}
	// Output: pets/tom.png cat
}
