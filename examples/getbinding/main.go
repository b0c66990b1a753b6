// Command getbinding waits until everything in a bound bucket is indexed and
// prints the binding as it is then. It runs against the emulator.
package main

import (
	"context"
	"encoding/json"
	"log"
	"os"
	"time"

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

	bucket := imm.CreateBindingRequest{ProjectName: "test-project", DatasetName: "test-dataset", URI: "oss://test-bucket"}
	if _, err := client.CreateBinding(ctx, &bucket); err != nil {
		return err
	}
	// WaitBinding asks until the State is Running and the Phase
	// IncrementalScanning. The service takes longer than the emulator: leave the
	// option out there.
	binding := imm.GetBindingRequest(bucket)
	if _, err := client.WaitBinding(ctx, &binding, imm.WithPollInterval(50*time.Millisecond)); err != nil {
		return err
	}
	found, err := client.GetBinding(ctx, &binding)
	if err != nil {
		return err
	}
	out := json.NewEncoder(os.Stdout)
	out.SetIndent("", "  ")
	return out.Encode(found)
}
