// Command webhook is a web server that learns from the pushes of MNS what became
// of each file. It has photos indexed, trusts only pushes that are signed, and
// prints the outcomes. It runs against the emulator, which pushes and signs as MNS
// does. With the service, each file that is indexed costs money.
package main

import (
	"context"
	"crypto/rand"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
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
	emulator := immtest.NewServer(immtest.WithBucket("test-bucket", examples.Photos))
	defer emulator.Close()
	tracker, err := notify.NewTracker()
	if err != nil {
		return err
	}
	secret := rand.Text() // with the service: a fixed one, because the address of the subscription has it
	handler, err := notify.NewMNSHandler(tracker.Handle,
		notify.WithTopicOwner(immtest.AccountID), // with the service: your account
		notify.WithSecretPath(secret),
		notify.WithCertificates(emulator.Certificate), // with the service: leave it out
	)
	if err != nil {
		return err
	}
	address, stop, err := serve(ctx, handler)
	if err != nil {
		return err
	}
	defer stop()
	hook := address + "/notifications/" + secret
	if err := emulator.Subscribe("test-topic", immtest.Subscription{URL: hook}); err != nil {
		return err
	}

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
	outcomes, err := batch.Wait(ctx)
	if err != nil {
		return err
	}
	for _, o := range outcomes {
		fmt.Fprintln(out, strings.TrimSpace(fmt.Sprintf("%s %v %s", o.URI, o.Status, o.Reason)))
	}
	return forge(ctx, hook, out)
}

// serve answers on an address of this machine until stop is called.
func serve(ctx context.Context, handler http.Handler) (address string, stop func(), err error) {
	mux := http.NewServeMux()
	mux.Handle("POST /notifications/{secret}", handler)
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", "127.0.0.1:0") // with the service: https
	if err != nil {
		return "", nil, err
	}
	server := &http.Server{Handler: mux, ReadHeaderTimeout: 5 * time.Second}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_ = server.Serve(listener) // it returns when stop closes the server
	}()
	return "http://" + listener.Addr().String(), func() { _ = server.Close(); <-ended }, nil
}

// forge pushes a message that MNS has not signed.
func forge(ctx context.Context, hook string, out io.Writer) error {
	const message = `{"Success":true,"Files":[{"URI":"oss://test-bucket/photos/missing.jpg"}]}`
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, hook, strings.NewReader(message))
	if err != nil {
		return err
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	fmt.Fprintln(out, "a push without a signature:", resp.Status)
	return nil
}
