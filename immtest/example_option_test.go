package immtest_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"time"

	"github.com/imm-go/imm"
	"github.com/imm-go/imm/immtest"
)

// Calls above the rate, here one in ten seconds, are told when to come back. A
// client with its usual RetryPolicy would wait.
func ExampleWithQPS() {
	server := immtest.NewServer(immtest.WithQPS(0.1))
	defer server.Close()
	client := server.Client(once)
	fmt.Println("first:", indexOne(client))
	if refused, ok := errors.AsType[*imm.APIError](indexOne(client)); ok {
		fmt.Println("second:", refused.Code, "hint:", refused.RetryAfter > time.Second)
	}
	// Output:
	// first: <nil>
	// second: Throttling.User hint: true
}

// The token of a temporary key ends by the server's clock.
func ExampleWithTemporaryCredentials() {
	server := immtest.NewServer(
		immtest.WithTemporaryCredentials("STS.old", "secret", "old-token", time.Now().Add(-time.Second)),
		immtest.WithTemporaryCredentials("STS.new", "secret", "new-token", time.Now().Add(time.Hour)),
	)
	defer server.Close()
	for _, token := range []string{"old", "new"} {
		client, err := imm.NewClient("cn-hangzhou", imm.StaticCredentials("STS."+token, "secret", token+"-token"),
			imm.WithEndpoint("http://localhost"), imm.WithHTTPClient(&http.Client{Transport: server.Transport()}))
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(token, "refused:", errors.Is(indexOne(client), imm.ErrUnauthenticated))
	}
	// Output:
	// old refused: true
	// new refused: false
}

// A strict server shows where code relies on a project that nobody created.
func ExampleWithStrict() {
	server := immtest.NewServer(immtest.WithStrict(), immtest.WithDataset("test-project", "another-dataset", ""))
	defer server.Close()
	fmt.Println(errors.Is(indexOne(server.Client()), imm.ErrNotFound))
	// Output: true
}

// A project that was created without a template collects nothing, as with the
// service; a dataset can have its own.
func ExampleWithProject() {
	server := immtest.NewServer(
		immtest.WithProject("test-project", ""),
		immtest.WithDataset("test-project", "empty", ""),
		immtest.WithDataset("test-project", "full", "Official:ImageManagement"),
		immtest.WithReadyTime(0), immtest.WithFullScanTime(0),
	)
	defer server.Close()
	server.PutObject("test-bucket", "photo.png", photo(640, 480))
	ctx, client := context.Background(), server.Client()
	for _, dataset := range []string{"empty", "full"} {
		_, err := client.CreateBinding(ctx, &imm.CreateBindingRequest{ProjectName: "test-project", DatasetName: dataset, URI: "oss://test-bucket"})
		if err != nil {
			log.Fatal(err)
		}
		_, err = client.WaitBinding(ctx, &imm.GetBindingRequest{
			ProjectName: "test-project", DatasetName: dataset, URI: "oss://test-bucket",
		}, imm.WithPollInterval(5*time.Millisecond))
		if err != nil {
			log.Fatal(err)
		}
		for _, file := range server.Files("test-project", dataset) {
			fmt.Println(dataset, file.URI, file.ImageWidth)
		}
	}
	// Output:
	// empty oss://test-bucket/photo.png 0
	// full oss://test-bucket/photo.png 640
}

// The newer form of messages is an event with the message as text in it.
func ExampleWithMessageFormat() {
	server := immtest.NewServer(immtest.WithMessageFormat(immtest.MessageWrapped), immtest.WithIndexDelay(0))
	defer server.Close()
	ctx := context.Background()
	_, err := server.Client().IndexFileMeta(ctx, &imm.IndexFileMetaRequest{
		ProjectName: "test-project", DatasetName: "test-dataset",
		File:         imm.InputFile{URI: "oss://test-bucket/photo.png"},
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
	fmt.Println(message.Envelopes, message.Files[0].Error)
	// Output: [IMM event] [InvalidArgument] File does not exist.
}

// A program that works on a folder sees files appear while it runs.
func ExampleWithRescanInterval() {
	folder, err := os.MkdirTemp("", "photos")
	if err != nil {
		log.Fatal(err)
	}
	defer func() { _ = os.RemoveAll(folder) }()
	server := immtest.NewServer(
		immtest.WithBucket("test-bucket", os.DirFS(folder)),
		immtest.WithReadyTime(0), immtest.WithFullScanTime(0),
		immtest.WithRescanInterval(5*time.Millisecond),
	)
	defer server.Close()
	ctx, client := context.Background(), server.Client()
	_, err = client.CreateBinding(ctx, &imm.CreateBindingRequest{ProjectName: "test-project", DatasetName: "test-dataset", URI: "oss://test-bucket"})
	if err != nil {
		log.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(folder, "photo.png"), photo(640, 480), 0o600); err != nil {
		log.Fatal(err)
	}
	for len(server.Files("test-project", "test-dataset")) == 0 {
		<-time.After(time.Millisecond)
	}
	fmt.Println(server.Files("test-project", "test-dataset")[0].URI)
	// Output: oss://test-bucket/photo.png
}

// A program with an http.Server of its own drops idle connections, too.
func ExampleServer_IdleTimeout() {
	server := immtest.NewServer()
	defer server.Close()
	own := httptest.NewUnstartedServer(server)
	own.Config.IdleTimeout = server.IdleTimeout()
	own.Start()
	defer own.Close()
	fmt.Println(own.Config.IdleTimeout)
	// Output: 10s
}
