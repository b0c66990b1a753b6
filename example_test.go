package imm_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"time"

	"github.com/imm-go/imm"
	"github.com/imm-go/imm/immtest"
)

// A client for the service itself is made like this. The examples below use one
// of the emulator, which needs no keys and no network.
func ExampleNewClient() {
	client, err := imm.NewClient("cn-hangzhou",
		imm.StaticCredentials("access-key-id", "access-key-secret", ""),
		imm.WithRateLimit(50),
		imm.WithUserAgent("photo-indexer/1.2"))
	fmt.Println(client, err)

	_, err = imm.NewClient("hangzhou", imm.EnvCredentials(), imm.WithRateLimit(0))
	fmt.Println(err)
	// Output:
	// imm.Client(https://imm.cn-hangzhou.aliyuncs.com) <nil>
	// imm: NewClient: region: "hangzhou" is not a region id; want a region id such as "cn-hangzhou", "ap-southeast-1" or "eu-central-1"; imm: NewClient: WithRateLimit: 0 is not a rate; want a number of requests a second above zero, or leave the option out for no limit
}

// emulator has two objects in a bucket.
func emulator() *immtest.Server {
	server := immtest.NewServer()
	server.PutObject("test-bucket", "cat.jpg", []byte("…"))
	server.PutObject("test-bucket", "dog.jpg", []byte("…"))
	return server
}

// Binding a bucket has all of its objects indexed, and those that come later.
func ExampleClient_CreateBinding() {
	server := emulator()
	defer server.Close()
	client, ctx := server.Client(), context.Background()

	bound, err := client.CreateBinding(ctx, &imm.CreateBindingRequest{
		ProjectName: "test-project", DatasetName: "test-dataset", URI: "oss://test-bucket",
	})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("%s %q\n", bound.Binding.State, bound.Binding.Phase)

	binding, err := client.WaitBinding(ctx, &imm.GetBindingRequest{
		ProjectName: "test-project", DatasetName: "test-dataset", URI: "oss://test-bucket",
	}, imm.WithPollInterval(50*time.Millisecond))
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("%s %q\n", binding.State, binding.Phase)
	fmt.Println(len(server.Files("test-project", "test-dataset")), "files are indexed")
	// Output:
	// Ready ""
	// Running "IncrementalScanning"
	// 2 files are indexed
}

func ExampleClient_GetBinding() {
	server := emulator()
	defer server.Close()
	_, err := server.Client().GetBinding(context.Background(), &imm.GetBindingRequest{
		ProjectName: "test-project", DatasetName: "test-dataset", URI: "oss://test-bucket",
	})
	fmt.Println("not bound yet:", errors.Is(err, imm.ErrNotFound))
	// Output: not bound yet: true
}

// The answer says that the files were accepted. What became of each of them is
// in the message.
func ExampleClient_BatchIndexFileMeta() {
	server := emulator()
	defer server.Close()
	ctx := context.Background()

	_, err := server.Client().BatchIndexFileMeta(ctx, &imm.BatchIndexFileMetaRequest{
		ProjectName: "test-project",
		DatasetName: "test-dataset",
		Files: []imm.InputFile{
			{URI: "oss://test-bucket/cat.jpg", CustomLabels: map[string]string{"category": "Pets"}},
			{URI: "oss://test-bucket/cow.jpg"},
		},
		Notification: imm.Notification{MNS: imm.MNS{TopicName: "test-topic"}},
	})
	if err != nil {
		log.Fatal(err)
	}

	data, err := server.WaitMessage(ctx, "test-topic") // in a service, the body of a push
	if err != nil {
		log.Fatal(err)
	}
	message, err := imm.ParseIndexMessage(data)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(message.Err())
	for _, file := range message.Failed() {
		fmt.Println("to be looked at:", file.URI)
	}
	// Output:
	// imm: 1 of 2 files not indexed: "oss://test-bucket/cow.jpg": [InvalidArgument] File does not exist.
	// to be looked at: oss://test-bucket/cow.jpg
}

func ExampleClient_IndexFileMeta() {
	server := emulator()
	defer server.Close()
	answer, err := server.Client().IndexFileMeta(context.Background(), &imm.IndexFileMetaRequest{
		ProjectName: "test-project",
		DatasetName: "test-dataset",
		File:        imm.InputFile{URI: "oss://test-bucket/cat.jpg", CustomID: "42"},
	})
	fmt.Println("accepted:", err == nil && answer.EventID != "")
	// Output: accepted: true
}

// Do calls what this package has no method for. The emulator does not know this
// operation either, so its answer is scripted here.
func ExampleClient_Do() {
	server := emulator()
	defer server.Close()
	server.Inject(immtest.Fault{Action: "DetectImageLabels", Body: `{"RequestId":"R","Labels":[{"LabelName":"cat"}]}`})
	var answer struct {
		Labels []imm.Label
	}
	err := server.Client().Do(context.Background(), "DetectImageLabels", map[string]any{
		"ProjectName": "test-project",
		"SourceURI":   "oss://test-bucket/cat.jpg",
		"Threshold":   0.7,
	}, &answer)
	fmt.Println(answer.Labels[0].LabelName, err)
	// Output: cat <nil>
}

// A list comes as an iterator, which asks for one page after the other.
func ExampleClient_Bindings() {
	server := emulator()
	defer server.Close()
	client, ctx := server.Client(), context.Background()
	for _, dataset := range []string{"cats", "dogs", "others"} {
		_, err := client.CreateBinding(ctx, &imm.CreateBindingRequest{ProjectName: "test-project", DatasetName: dataset, URI: "oss://test-bucket"})
		if err != nil {
			log.Fatal(err)
		}
	}
	for _, dataset := range []string{"cats", "others"} {
		for binding, err := range client.Bindings(ctx, &imm.ListBindingsRequest{ProjectName: "test-project", DatasetName: dataset, MaxResults: 1}) {
			if err != nil {
				log.Fatal(err)
			}
			fmt.Println(binding.DatasetName, binding.URI, binding.State)
		}
	}
	// Output:
	// cats oss://test-bucket Ready
	// others oss://test-bucket Ready
}

// Errors are told apart with errors.Is, and taken apart with errors.As.
func ExampleAPIError() {
	server := emulator()
	defer server.Close()
	server.Inject(immtest.Fault{Status: 403, Code: "NoPermission", Message: "You are not allowed to do this."})
	_, err := server.Client().GetBinding(context.Background(), &imm.GetBindingRequest{ProjectName: "test-project"})

	if refused, ok := errors.AsType[*imm.APIError](err); ok {
		fmt.Println(refused.Action, refused.StatusCode, refused.Code, refused.Attempts)
	}
	switch {
	case errors.Is(err, imm.ErrNotFound):
		fmt.Println("create it")
	case errors.Is(err, imm.ErrPermissionDenied):
		fmt.Println("ask for the permission")
	case errors.Is(err, imm.ErrThrottled), errors.Is(err, imm.ErrUnavailable):
		fmt.Println("try again later")
	}
	// Output:
	// GetBinding 403 NoPermission 1
	// ask for the permission
}

// A wrong request is refused before anything is sent.
func ExampleValidationError() {
	server := emulator()
	defer server.Close()
	_, err := server.Client().BatchIndexFileMeta(context.Background(), &imm.BatchIndexFileMetaRequest{
		ProjectName: "test-project",
		DatasetName: "test-dataset",
		Files:       []imm.InputFile{{URI: "oss://test-bucket/cat.jpg"}, {URI: "test-bucket/dog.jpg"}},
	})
	if wrong, ok := errors.AsType[*imm.ValidationError](err); ok {
		fmt.Println(wrong.Action, wrong.Field)
		fmt.Println(wrong.Reason)
	}
	// Output:
	// BatchIndexFileMeta Files[1].URI
	// "test-bucket/dog.jpg" is not the URI of a file; want oss://bucket/object or pds://domains/{domain}/drives/{drive}/files/{file}/revisions/{revision}
}

// An observer counts attempts, as a metric would.
func ExampleWithObserver() {
	server := emulator()
	defer server.Close()
	server.Inject(immtest.Throttle(1, time.Millisecond))
	outcomes := make(map[string]int) // one call at a time, so it needs no lock here
	client := server.Client(imm.WithObserver(imm.Observer{
		AttemptDone: func(_ context.Context, attempt imm.AttemptInfo) { outcomes[attempt.Outcome]++ },
	}))
	_, err := client.IndexFileMeta(context.Background(), &imm.IndexFileMetaRequest{
		ProjectName: "test-project", DatasetName: "test-dataset", File: imm.InputFile{URI: "oss://test-bucket/cat.jpg"},
	})
	fmt.Println(outcomes, err)
	// Output: map[ok:1 throttled:1] <nil>
}

// The message that arrives on the topic, in the form that the documentation
// shows.
func ExampleParseIndexMessage() {
	message, err := imm.ParseIndexMessage([]byte(`{"ProjectName":"test-project","DatasetName":"test-dataset","Success":true,"Message":"",
		"Files":[{"URI":"oss://test-bucket/cat.jpg","CustomLabels":{"category":"Pets"},"Error":""}]}`))
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(message.Files[0].URI, message.Err())
	// Output: oss://test-bucket/cat.jpg <nil>
}

func ExampleStaticCredentials() {
	provider := imm.StaticCredentials("access-key-id", "access-key-secret", "")
	keys, err := provider.Credentials(context.Background())
	fmt.Println(provider, keys, err)
	// Output: imm.StaticCredentials imm.Credentials{AccessKeyID:"access-key-id", AccessKeySecret:"REDACTED", SecurityToken:"", Expires:""} <nil>
}
