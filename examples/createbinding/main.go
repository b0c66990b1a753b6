// Command createbinding binds a bucket to a dataset and prints the answer. It
// runs against the emulator. With the service, binding a bucket costs money in
// proportion to the number of objects in it.
package main

import (
	"context"
	"encoding/json"
	"log"
	"os"

	"github.com/imm-go/imm"
	"github.com/imm-go/imm/examples"
	"github.com/imm-go/imm/immtest"
)

func main() {
	if err := run(context.Background()); err != nil {
		log.Fatal(err)
	}
}

func run(ctx context.Context) error {
	server := immtest.NewServer(immtest.WithBucket("test-bucket", examples.Photos))
	defer server.Close()
	client := server.Client() // for the service: imm.NewClient("cn-hangzhou", imm.EnvCredentials())

	created, err := client.CreateBinding(ctx, &imm.CreateBindingRequest{
		ProjectName: "test-project",
		DatasetName: "test-dataset",
		URI:         "oss://test-bucket",
	})
	if err != nil {
		return err
	}
	// The State is Ready and the Phase still empty: the scan has not begun. The
	// example getbinding shows what comes next.
	out := json.NewEncoder(os.Stdout)
	out.SetIndent("", "  ")
	return out.Encode(created)
}
