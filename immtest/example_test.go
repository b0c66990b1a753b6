package immtest_test

import (
	"bytes"
	"context"
	"fmt"
	"image"
	"image/png"
	"log"
	"net/http"
	"testing/fstest"
	"time"

	"github.com/imm-go/imm"
	"github.com/imm-go/imm/immtest"
)

// photo is a PNG image, as a test would read it from its testdata.
func photo(width, height int) []byte {
	var buf bytes.Buffer
	if err := png.Encode(&buf, image.NewGray(image.Rect(0, 0, width, height))); err != nil {
		log.Fatal(err)
	}
	return buf.Bytes()
}

// Files are indexed asynchronously: the outcome of each is in the message.
func Example() {
	server := immtest.NewServer()
	defer server.Close()
	server.PutObject("test-bucket", "photo.png", photo(640, 480))

	ctx := context.Background()
	_, err := server.Client().BatchIndexFileMeta(ctx, &imm.BatchIndexFileMetaRequest{
		ProjectName: "test-project",
		DatasetName: "test-dataset",
		Files: []imm.InputFile{
			{URI: "oss://test-bucket/photo.png", CustomLabels: map[string]string{"category": "Pets"}},
			{URI: "oss://test-bucket/missing.png"},
		},
		Notification: imm.Notification{MNS: imm.MNS{TopicName: "test-topic"}},
	})
	if err != nil {
		log.Fatal(err)
	}
	data, err := server.WaitMessage(ctx, "test-topic")
	if err != nil {
		log.Fatal(err)
	}
	message, err := imm.ParseIndexMessage(data)
	if err != nil {
		log.Fatal(err)
	}
	for _, file := range message.Files {
		fmt.Printf("%s %q\n", file.URI, file.Error)
	}
	for _, file := range server.Files("test-project", "test-dataset") {
		fmt.Println(file.URI, file.ImageWidth, file.ImageHeight, file.CustomLabels)
	}
	// Output:
	// oss://test-bucket/photo.png ""
	// oss://test-bucket/missing.png "[InvalidArgument] File does not exist."
	// oss://test-bucket/photo.png 640 480 map[category:Pets]
}

// A binding really scans the files that the bucket was made of.
func ExampleWithBucket() {
	photos := fstest.MapFS{
		"2024/beach.png": {Data: photo(800, 600)},
		"2025/snow.png":  {Data: photo(300, 400)},
	}
	server := immtest.NewServer(immtest.WithBucket("test-bucket", photos), immtest.WithReadyTime(0), immtest.WithFullScanTime(0))
	defer server.Close()

	ctx := context.Background()
	client := server.Client()
	_, err := client.CreateBinding(ctx, &imm.CreateBindingRequest{
		ProjectName: "test-project", DatasetName: "test-dataset", URI: "oss://test-bucket",
	})
	if err != nil {
		log.Fatal(err)
	}
	binding, err := client.WaitBinding(ctx, &imm.GetBindingRequest{
		ProjectName: "test-project", DatasetName: "test-dataset", URI: "oss://test-bucket",
	}, imm.WithPollInterval(10*time.Millisecond))
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(binding.State, binding.Phase)
	for _, file := range server.Files("test-project", "test-dataset") {
		fmt.Println(file.URI, file.ImageWidth, file.ImageHeight)
	}
	// Output:
	// Running IncrementalScanning
	// oss://test-bucket/2024/beach.png 800 600
	// oss://test-bucket/2025/snow.png 300 400
}

// indexOne is the code under test of the examples about faults.
func indexOne(client *imm.Client) error {
	_, err := client.IndexFileMeta(context.Background(), &imm.IndexFileMetaRequest{
		ProjectName: "test-project",
		DatasetName: "test-dataset",
		File:        imm.InputFile{URI: "oss://test-bucket/photo.png"},
	})
	return err
}

// Faults wait for the requests that they meet; the client repeats these.
func ExampleServer_Inject() {
	server := immtest.NewServer()
	defer server.Close()
	server.Inject(
		immtest.Throttle(1, 10*time.Millisecond),
		immtest.Fault{Action: "IndexFileMeta", Reset: true, AfterWork: true},
	)
	fmt.Println("error:", indexOne(server.Client()))
	for _, request := range server.Requests() {
		fmt.Printf("%s %d %q\n", request.Action, request.Status, request.Code)
	}
	// Output:
	// error: <nil>
	// IndexFileMeta 400 "Throttling.User"
	// IndexFileMeta 0 ""
	// IndexFileMeta 200 ""
}

func ExampleServerError() {
	server := immtest.NewServer()
	defer server.Close()
	server.Inject(immtest.ServerError(2, http.StatusServiceUnavailable))
	fmt.Println("error:", indexOne(server.Client()), "requests:", len(server.Requests()))
	// Output: error: <nil> requests: 3
}

func ExampleHTMLPage() {
	server := immtest.NewServer()
	defer server.Close()
	server.Inject(immtest.HTMLPage(1, http.StatusBadGateway))
	fmt.Println("error:", indexOne(server.Client()), "requests:", len(server.Requests()))
	// Output: error: <nil> requests: 2
}

// A program in another process, or one that needs a real connection, gets an
// address.
func ExampleServer_URL() {
	server := immtest.NewServer()
	defer server.Close()
	client, err := imm.NewClient("cn-hangzhou",
		imm.StaticCredentials(immtest.AccessKeyID, immtest.AccessKeySecret, ""),
		imm.WithEndpoint(server.URL()))
	if err != nil {
		log.Fatal(err)
	}
	defer client.CloseIdleConnections()
	fmt.Println("error:", indexOne(client), "requests:", len(server.Requests()))
	// Output: error: <nil> requests: 1
}
