// Command indexfile has one file indexed and prints the outcome. It runs against
// the emulator. With the service, each file that is indexed costs money.
package main

import (
	"context"
	"fmt"
	"log"

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

	accepted, err := client.IndexFileMeta(ctx, &imm.IndexFileMetaRequest{
		ProjectName:  "test-project",
		DatasetName:  "test-dataset",
		File:         imm.InputFile{URI: "oss://test-bucket/photos/animals/cat.jpg", CustomLabels: map[string]string{"category": "Pets"}},
		Notification: imm.Notification{MNS: imm.MNS{TopicName: "test-topic"}},
	})
	if err != nil {
		return err
	}
	fmt.Printf("RequestId %s\nEventId %s\n", accepted.RequestID, accepted.EventID)

	// The answer only says that the file was accepted. Its outcome is in the
	// message, which with the service comes from your own queue or web hook.
	data, err := server.WaitMessage(ctx, "test-topic")
	if err != nil {
		return err
	}
	message, err := imm.ParseIndexMessage(data)
	if err != nil {
		return err
	}
	fmt.Printf("Success %t\n", message.Success)
	for _, file := range message.Files {
		fmt.Printf("URI %s  CustomLabels %v  Error %q\n", file.URI, file.CustomLabels, file.Error)
	}
	return message.Err() // nil only if every file is indexed
}
