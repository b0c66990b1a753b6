// Command batchindex has two files indexed in one call and prints the outcome of
// each. It runs against the emulator. With the service, each file that is
// indexed costs money.
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

	accepted, err := client.BatchIndexFileMeta(ctx, &imm.BatchIndexFileMetaRequest{
		ProjectName: "test-project",
		DatasetName: "test-dataset",
		Files: []imm.InputFile{ // up to 100
			{URI: "oss://test-bucket/photos/animals/cat.jpg", CustomLabels: map[string]string{"category": "Pets"}},
			{URI: "oss://test-bucket/photos/landscapes/西湖.jpg", CustomLabels: map[string]string{"category": "Travel"}},
		},
		Notification: imm.Notification{MNS: imm.MNS{TopicName: "test-topic"}},
	})
	if err != nil {
		return err
	}
	fmt.Printf("RequestId %s\nEventId %s\n", accepted.RequestID, accepted.EventID)

	// One message tells the outcome of all files. With the service it comes from
	// your own queue or web hook.
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
