package immtest_test

import (
	"context"
	"fmt"
	"io"
	"log"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/imm-go/imm"
	"github.com/imm-go/imm/immtest"
)

// Messages are pushed to a handler in this process. It refuses the first push, and
// gets the message with the repeat.
func ExampleWithSubscription() {
	var pushes atomic.Int32
	receiver := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if pushes.Add(1) == 1 {
			w.WriteHeader(http.StatusServiceUnavailable)
			return
		}
		body, err := io.ReadAll(r.Body)
		if err != nil {
			w.WriteHeader(http.StatusBadRequest)
			return
		}
		messages, err := imm.ParseIndexMessages(r.Header, body)
		if err != nil {
			w.WriteHeader(http.StatusBadRequest)
			return
		}
		fmt.Println(messages[0].Files[0].URI, messages[0].Envelopes[0])
		w.WriteHeader(http.StatusNoContent)
	})
	server := immtest.NewServer(immtest.WithSubscription("test-topic", immtest.Subscription{
		Handler: receiver, Format: immtest.NotifyJSON, Retries: []time.Duration{time.Millisecond},
	}))
	defer server.Close()
	ctx := context.Background()
	_, err := server.Client().IndexFileMeta(ctx, &imm.IndexFileMetaRequest{
		ProjectName: "test-project", DatasetName: "test-dataset", File: imm.InputFile{URI: "oss://test-bucket/photo.jpg"},
		Notification: imm.Notification{MNS: imm.MNS{TopicName: "test-topic"}},
	})
	if err != nil {
		log.Fatal(err)
	}
	if err := server.WaitDelivered(ctx); err != nil {
		log.Fatal(err)
	}
	state := server.Subscriptions()[0]
	fmt.Printf("%s: %d delivered in %d attempts\n", state.Name, state.Delivered, state.Attempts)
	// Output:
	// oss://test-bucket/photo.jpg MNS JSON
	// subscription-1: 1 delivered in 2 attempts
}

func ExampleServer_InjectDelivery() {
	server := immtest.NewServer(immtest.WithSubscription("test-topic", immtest.Subscription{Queue: "test-queue"}))
	defer server.Close()
	server.InjectDelivery(immtest.DeliveryFault{Lose: true}, immtest.DeliveryFault{Duplicate: true})
	for range 3 {
		server.Publish("test-topic", "", []byte("any message"))
	}
	state := server.Subscriptions()[0]
	fmt.Printf("%d in the queue, %d lost\n", state.Delivered, state.Failed)
	// Output: 3 in the queue, 1 lost
}
