package notify_test

import (
	"context"
	"fmt"
	"log"
	"net/http"
	"net/http/httptest"

	"github.com/imm-go/imm"
	"github.com/imm-go/imm/immtest"
	"github.com/imm-go/imm/notify"
)

// indexTwoFiles makes a call whose outcome is then pushed.
func indexTwoFiles(server *immtest.Server, topic string) {
	server.PutObject("test-bucket", "hello.txt", []byte("hello"))
	_, err := server.Client().BatchIndexFileMeta(context.Background(), &imm.BatchIndexFileMetaRequest{
		ProjectName:  "test-project",
		DatasetName:  "test-dataset",
		Files:        []imm.InputFile{{URI: "oss://test-bucket/hello.txt"}, {URI: "oss://test-bucket/missing.jpg"}},
		Notification: imm.Notification{MNS: imm.MNS{TopicName: topic}},
	})
	if err != nil {
		log.Fatal(err)
	}
	if err := server.WaitDelivered(context.Background()); err != nil {
		log.Fatal(err)
	}
}

func printOutcomes(_ context.Context, m *imm.IndexMessage) error {
	for _, file := range m.Files {
		fmt.Printf("%s: %q\n", file.URI, file.Error)
	}
	return nil
}

// The emulator takes the place of MNS. With the real one, leave WithCertificates
// out, and take the id of your account and the secret from the configuration.
func ExampleNewMNSHandler() {
	const secret = "qXz2hTn6Lw0rVb9c" // such as crypto/rand.Text returns
	server := immtest.NewServer()
	defer server.Close()
	handler, err := notify.NewMNSHandler(printOutcomes,
		notify.WithTopicOwner(immtest.AccountID),
		notify.WithSecretPath(secret),
		notify.WithCertificates(server.Certificate))
	if err != nil {
		log.Fatal(err)
	}
	mux := http.NewServeMux()
	mux.Handle("POST /notifications/{secret}", handler)
	receiver := httptest.NewServer(mux)
	defer receiver.Close()

	err = server.Subscribe("test-topic", immtest.Subscription{URL: receiver.URL + "/notifications/" + secret})
	if err != nil {
		log.Fatal(err)
	}
	indexTwoFiles(server, "test-topic")
	// Output:
	// oss://test-bucket/hello.txt: ""
	// oss://test-bucket/missing.jpg: "[InvalidArgument] File does not exist."
}

// The emulator takes the place of EventBridge. With the real one, leave
// WithCertificates out.
func ExampleNewEventBridgeHandler() {
	const url, token = "https://example.com/events", "qXz2hTn6Lw0rVb9c"
	server := immtest.NewServer()
	defer server.Close()
	handler, err := notify.NewEventBridgeHandler(printOutcomes,
		notify.WithURL(url),
		notify.WithRegions("cn-hangzhou"),
		notify.WithToken(token),
		notify.WithCertificates(server.Certificate))
	if err != nil {
		log.Fatal(err)
	}
	err = server.AddEventBridge(immtest.EventBridgeTarget{URL: url, Token: token, Handler: handler})
	if err != nil {
		log.Fatal(err)
	}
	indexTwoFiles(server, "")
	// Output:
	// oss://test-bucket/hello.txt: ""
	// oss://test-bucket/missing.jpg: "[InvalidArgument] File does not exist."
}

// A callback that takes longer than the sender waits runs in a pool, after the
// answer. What it cannot do must be kept by the program.
func ExampleNewPool() {
	server := immtest.NewServer()
	defer server.Close()
	pool, err := notify.NewPool(4, 100, func(_ context.Context, m *imm.IndexMessage, err error) {
		log.Printf("message %s is lost: %v", m.MessageID, err)
	})
	if err != nil {
		log.Fatal(err)
	}
	handler, err := notify.NewMNSHandler(printOutcomes,
		notify.WithPool(pool),
		notify.WithTopicOwner(immtest.AccountID),
		notify.WithCertificates(server.Certificate))
	if err != nil {
		log.Fatal(err)
	}
	if err := server.Subscribe("test-topic", immtest.Subscription{Handler: handler}); err != nil {
		log.Fatal(err)
	}
	indexTwoFiles(server, "test-topic")
	if err := pool.Close(context.Background()); err != nil { // at the end of the program, after http.Server.Shutdown
		log.Fatal(err)
	}
	// Output:
	// oss://test-bucket/hello.txt: ""
	// oss://test-bucket/missing.jpg: "[InvalidArgument] File does not exist."
}
