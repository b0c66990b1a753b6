package notify_test

import (
	"context"
	"fmt"
	"log"
	"time"

	"github.com/imm-go/imm"
	"github.com/imm-go/imm/immtest"
	"github.com/imm-go/imm/notify"
)

// The emulator takes the place of the service, with a queue that has subscribed to
// the topic. With the service, the endpoint is such as
// "https://1000000000000000.mns.cn-hangzhou.aliyuncs.com".
func ExampleNewQueueReceiver() {
	server := immtest.NewServer(
		immtest.WithQueue("index-messages", time.Minute),
		immtest.WithSubscription("test-topic", immtest.Subscription{Queue: "index-messages"}),
	)
	defer server.Close()
	server.PutObject("test-bucket", "hello.txt", []byte("hello"))

	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	keys := imm.StaticCredentials(immtest.AccessKeyID, immtest.AccessKeySecret, "")
	receiver, err := notify.NewQueueReceiver(server.URL(), "index-messages", keys, func(_ context.Context, m *imm.IndexMessage) error {
		for _, file := range m.Files {
			fmt.Printf("%s: %q\n", file.URI, file.Error)
		}
		cancel() // a service goes on until it is told to end
		return nil
	})
	if err != nil {
		log.Fatal(err)
	}
	_, err = server.Client().BatchIndexFileMeta(ctx, &imm.BatchIndexFileMetaRequest{
		ProjectName:  "test-project",
		DatasetName:  "test-dataset",
		Files:        []imm.InputFile{{URI: "oss://test-bucket/hello.txt"}, {URI: "oss://test-bucket/missing.jpg"}},
		Notification: imm.Notification{MNS: imm.MNS{TopicName: "test-topic"}},
	})
	if err != nil {
		log.Fatal(err)
	}
	if err := receiver.Run(ctx); err != nil {
		log.Fatal(err)
	}
	// Output:
	// oss://test-bucket/hello.txt: ""
	// oss://test-bucket/missing.jpg: "[InvalidArgument] File does not exist."
}
