package natsbulk_test

import (
	"context"
	"fmt"
	"log"
	"os"
	"strings"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/imm-go/imm"
	"github.com/imm-go/imm/bulk"
	"github.com/imm-go/imm/bulk/natsbulk"
	"github.com/imm-go/imm/bulk/natsbulk/embedded"
	"github.com/imm-go/imm/immtest"
)

// This program plans, works and collects in one process, with a server in itself. Each
// of the three can as well be a process of its own, on another machine.
func Example() {
	folder, err := os.MkdirTemp("", "natsbulk")
	if err != nil {
		log.Fatal(err)
	}
	defer func() { _ = os.RemoveAll(folder) }()
	server, err := embedded.Start(folder, "")
	if err != nil {
		log.Fatal(err)
	}
	defer server.Close()
	conn, err := server.Connect(nats.MaxReconnects(-1))
	if err != nil {
		log.Fatal(err)
	}
	defer conn.Close()
	js, err := jetstream.New(conn)
	if err != nil {
		log.Fatal(err)
	}

	ctx := context.Background()
	cluster, err := natsbulk.Open(ctx, js, natsbulk.Config{Name: "photos"})
	if err != nil {
		log.Fatal(err)
	}
	list := bulk.URIs("photos.txt", strings.NewReader("oss://test-bucket/1.jpg\noss://test-bucket/2.jpg\nno file\n"))
	target := natsbulk.Target{ProjectName: "test-project", DatasetName: "test-dataset", Rate: 100}
	if err := cluster.Plan(ctx, list, target, true); err != nil {
		log.Fatal(err)
	}

	service := immtest.NewServer() // in place of the service
	defer service.Close()
	client := service.Client(imm.WithObserver(cluster.Throttling()))
	if _, err := cluster.Work(ctx, client, natsbulk.Worker{}); err != nil {
		log.Fatal(err)
	}
	progress, err := cluster.Collect(ctx, nil)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(progress.Accepted, "accepted,", progress.Failed, "failed")
	for result, err := range cluster.Failed(ctx) {
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(result.Err)
	}
	// Output:
	// 2 accepted, 1 failed
	// bulk: reading the source: photos.txt:3: "no file" is no URI of a file; want oss://bucket/object or pds://domains/…
}
