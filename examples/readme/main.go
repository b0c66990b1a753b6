package main

import (
	"context"
	"fmt"
	"log"

	"github.com/imm-go/imm"
	"github.com/imm-go/imm/immtest"
)

func main() {
	server := immtest.NewServer()
	defer server.Close()
	server.PutObject("test-bucket", "hello.txt", []byte("hello"))

	ctx := context.Background()
	_, err := server.Client().BatchIndexFileMeta(ctx, &imm.BatchIndexFileMetaRequest{
		ProjectName:  "test-project",
		DatasetName:  "test-dataset",
		Files:        []imm.InputFile{{URI: "oss://test-bucket/hello.txt"}, {URI: "oss://test-bucket/missing.jpg"}},
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
		fmt.Printf("%s: %q\n", file.URI, file.Error)
	}
}
