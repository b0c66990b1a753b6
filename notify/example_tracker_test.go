package notify_test

import (
	"context"
	"fmt"
	"log"

	"github.com/imm-go/imm"
	"github.com/imm-go/imm/immtest"
	"github.com/imm-go/imm/notify"
)

// The outcome of each file of a call. In place of the loop that reads the topic, a
// program gives Tracker.Handle to a handler or a receiver of this package.
func ExampleTracker() {
	server := immtest.NewServer()
	defer server.Close()
	server.PutObject("test-bucket", "hello.txt", []byte("hello"))
	tracker, err := notify.NewTracker()
	if err != nil {
		log.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	go func() {
		for {
			data, err := server.WaitMessage(ctx, "test-topic")
			if err != nil {
				return
			}
			if message, err := imm.ParseIndexMessage(data); err == nil {
				_ = tracker.Handle(ctx, message)
			}
		}
	}()

	batch, err := tracker.BatchIndexFileMeta(ctx, server.Client(), &imm.BatchIndexFileMetaRequest{
		ProjectName:  "test-project",
		DatasetName:  "test-dataset",
		Files:        []imm.InputFile{{URI: "oss://test-bucket/hello.txt"}, {URI: "oss://test-bucket/missing.jpg"}},
		Notification: imm.Notification{MNS: imm.MNS{TopicName: "test-topic"}},
		UserData:     "import of Monday",
	})
	if err != nil {
		log.Fatal(err)
	}
	outcomes, err := batch.Wait(ctx)
	if err != nil {
		log.Fatal(err)
	}
	for _, o := range outcomes {
		fmt.Printf("%s: %s %s %q\n", o.UserData, o.URI, o.Status, o.Reason)
	}
	// Output:
	// import of Monday: oss://test-bucket/hello.txt indexed ""
	// import of Monday: oss://test-bucket/missing.jpg failed "[InvalidArgument] File does not exist."
}

// A program that makes the calls itself tells the tracker of each before and after.
func ExampleTracker_Track() {
	tracker, err := notify.NewTracker(notify.WithOutcomes(func(o notify.Outcome) {
		fmt.Println(o.URI, o.Status)
	}))
	if err != nil {
		log.Fatal(err)
	}
	batch, err := tracker.Track("test-project", "test-dataset", "", []imm.InputFile{{URI: "oss://test-bucket/a.jpg"}})
	if err != nil {
		log.Fatal(err)
	}
	// The call would send batch.UserData() here, and be followed by batch.Forget if
	// it fails.
	batch.Accepted("0D4CB096-EB44-02D6-A4E9-****", "16C-1KoeYbdckkiOObpyzc****")

	err = tracker.Handle(context.Background(), &imm.IndexMessage{
		UserData: batch.UserData(), Success: true, Files: []imm.IndexedFile{{URI: "oss://test-bucket/a.jpg"}},
	})
	fmt.Println(err, tracker.Stats().Indexed)
	// Output:
	// oss://test-bucket/a.jpg indexed
	// <nil> 1
}
