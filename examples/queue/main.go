// Command queue learns from a queue of MNS what became of each file. It has photos
// indexed, receives the messages by long polling, and prints the outcomes. It
// runs against the emulator, which has the API of MNS for queues. With the service,
// each file that is indexed costs money, and so do requests to a queue.
package main

import (
	"context"
	"fmt"
	"io"
	"log"
	"os"
	"strings"
	"time"

	"github.com/imm-go/imm"
	"github.com/imm-go/imm/examples"
	"github.com/imm-go/imm/immtest"
	"github.com/imm-go/imm/notify"
)

func main() {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	if err := run(ctx, os.Stdout); err != nil {
		log.Fatal(err)
	}
}

func run(ctx context.Context, out io.Writer) error {
	emulator := immtest.NewServer(
		immtest.WithBucket("test-bucket", examples.Photos),
		immtest.WithSubscription("test-topic", immtest.Subscription{Queue: "test-queue"}),
	)
	defer emulator.Close()
	tracker, err := notify.NewTracker()
	if err != nil {
		return err
	}
	creds := imm.StaticCredentials(immtest.AccessKeyID, immtest.AccessKeySecret, "")
	// With the service the endpoint is https://{account}.mns.{region}.aliyuncs.com.
	receiver, err := notify.NewQueueReceiver(emulator.URL(), "test-queue", creds, tracker.Handle)
	if err != nil {
		return err
	}
	receiving, stop := context.WithCancelCause(ctx)
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		stop(receiver.Run(receiving)) // a receiver that fails ends the wait for outcomes, with its error
	}()
	defer func() {
		stop(nil)
		<-ended // messages that are being handled are still acknowledged
	}()

	batch, err := tracker.BatchIndexFileMeta(ctx, emulator.Client(), &imm.BatchIndexFileMetaRequest{
		ProjectName: "test-project",
		DatasetName: "test-dataset",
		Files: []imm.InputFile{
			{URI: "oss://test-bucket/photos/animals/cat.jpg"},
			{URI: "oss://test-bucket/photos/landscapes/西湖.jpg"},
			{URI: "oss://test-bucket/photos/missing.jpg"},
		},
		Notification: imm.Notification{MNS: imm.MNS{TopicName: "test-topic"}},
	})
	if err != nil {
		return err
	}
	outcomes, err := batch.Wait(receiving)
	for _, o := range outcomes {
		fmt.Fprintln(out, strings.TrimSpace(fmt.Sprintf("%s %v %s", o.URI, o.Status, o.Reason)))
	}
	return err
}
