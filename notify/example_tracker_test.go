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

// Outcomes that must not be lost are stored before the tracker learns of them: if
// storing fails, the message comes again. It can also come again when it was
// stored, so storing it twice must do no harm.
func ExampleTracker_Handle() {
	tracker, err := notify.NewTracker()
	if err != nil {
		log.Fatal(err)
	}
	stored := make(map[string]string) // in place of a database
	callback := func(ctx context.Context, m *imm.IndexMessage) error {
		if err := ctx.Err(); err != nil { // or what the database says
			return err
		}
		failed := make(map[string]string)
		for _, file := range m.Failed() {
			failed[file.URI] = file.Error
		}
		for _, file := range m.Files {
			stored[notify.OwnUserData(m.UserData)+" "+file.URI] = failed[file.URI]
		}
		return tracker.Handle(ctx, m)
	}

	batch, err := tracker.Track("test-project", "test-dataset", "order 1", []imm.InputFile{{URI: "oss://test-bucket/a.jpg"}})
	if err != nil {
		log.Fatal(err)
	}
	batch.Accepted("", "")
	message := &imm.IndexMessage{UserData: batch.UserData(), Success: true, Files: []imm.IndexedFile{{URI: "oss://test-bucket/a.jpg"}}}
	down, cancel := context.WithCancel(context.Background())
	cancel()
	fmt.Println(callback(down, message), len(tracker.Open()))
	fmt.Println(callback(context.Background(), message), len(tracker.Open()), stored)
	// Output:
	// context canceled 1
	// <nil> 0 map[order 1 oss://test-bucket/a.jpg:]
}

// The message was lost, so the dataset is asked.
func ExampleTracker_Resolve() {
	server := immtest.NewServer()
	defer server.Close()
	server.PutObject("test-bucket", "hello.txt", []byte("hello"))
	tracker, err := notify.NewTracker()
	if err != nil {
		log.Fatal(err)
	}
	ctx, client := context.Background(), server.Client()
	batch, err := tracker.BatchIndexFileMeta(ctx, client, &imm.BatchIndexFileMetaRequest{
		ProjectName: "test-project", DatasetName: "test-dataset", Files: []imm.InputFile{{URI: "oss://test-bucket/hello.txt"}},
	})
	if err != nil {
		log.Fatal(err)
	}
	open := tracker.Open()
	found, err := client.WaitIndexed(ctx, &imm.WaitIndexedRequest{
		ProjectName: "test-project", DatasetName: "test-dataset", URIs: []string{open[0].URI}, Since: open[0].Since.Add(-time.Minute),
	})
	if err != nil {
		log.Fatal(err)
	}
	if found[0].Status == imm.OutcomeIndexed {
		open[0].Status = notify.StatusIndexed
	}
	fmt.Println(tracker.Resolve(open...), "file resolved")
	outcomes, err := batch.Wait(ctx)
	fmt.Println(outcomes[0].Status, err)
	// Output:
	// 1 file resolved
	// indexed <nil>
}
