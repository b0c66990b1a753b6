package immtest_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"net/http"
	"time"

	"github.com/imm-go/imm"
	"github.com/imm-go/imm/immtest"
)

// once lets a client show what a single request met.
var once = imm.WithRetry(imm.RetryPolicy{MaxAttempts: 1})

// A hint is obeyed: the client comes back when it was told to.
func ExampleThrottle() {
	server := immtest.NewServer()
	defer server.Close()
	server.Inject(immtest.Throttle(1, 50*time.Millisecond))
	start := time.Now()
	fmt.Println("error:", indexOne(server.Client()), "waited:", time.Since(start) >= 50*time.Millisecond)
	// Output: error: <nil> waited: true
}

// Keys that stay the same are not tried again.
func ExamplePermissionDenied() {
	server := immtest.NewServer()
	defer server.Close()
	server.Inject(immtest.PermissionDenied(1))
	err := indexOne(server.Client())
	fmt.Println("permission denied:", errors.Is(err, imm.ErrPermissionDenied), "requests:", len(server.Requests()))
	// Output: permission denied: true requests: 1
}

func ExampleExpiredToken() {
	server := immtest.NewServer()
	defer server.Close()
	server.Inject(immtest.ExpiredToken(1))
	err := indexOne(server.Client())
	fmt.Println("unauthenticated:", errors.Is(err, imm.ErrUnauthenticated), "requests:", len(server.Requests()))
	// Output: unauthenticated: true requests: 1
}

// Any error code that the service has can be an answer.
func ExampleFault_code() {
	server := immtest.NewServer()
	defer server.Close()
	server.Inject(immtest.Fault{
		Action: "IndexFileMeta", Status: http.StatusForbidden,
		Code: "NoPermission", Message: "You are not authorized to do this action.",
	})
	err := indexOne(server.Client())
	fmt.Println("permission denied:", errors.Is(err, imm.ErrPermissionDenied))
	// Output: permission denied: true
}

// A hanging service is what deadlines are for.
func ExampleFault_hang() {
	server := immtest.NewServer()
	defer server.Close()
	server.Inject(immtest.Fault{Hang: true, Times: -1})
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Millisecond)
	defer cancel()
	_, err := server.Client().GetBinding(ctx, &imm.GetBindingRequest{
		ProjectName: "test-project", DatasetName: "test-dataset", URI: "oss://test-bucket",
	})
	fmt.Println(errors.Is(err, context.DeadlineExceeded))
	// Output: true
}

// An answer that takes longer than the caller waits is no answer.
func ExampleFault_delay() {
	server := immtest.NewServer()
	defer server.Close()
	server.Inject(immtest.Fault{Delay: time.Minute})
	client := server.Client(imm.WithRetry(imm.RetryPolicy{AttemptTimeout: 200 * time.Millisecond, BaseDelay: time.Millisecond}))
	fmt.Println("error:", indexOne(client), "repeated:", len(server.Requests()) > 1)
	// Output: error: <nil> repeated: true
}

// The connection is cut before the work is done.
func ExampleFault_reset() {
	server := immtest.NewServer()
	defer server.Close()
	server.Inject(immtest.Fault{Reset: true})
	err := indexOne(server.Client(once))
	_, unanswered := errors.AsType[*imm.RequestError](err)
	fmt.Println("no answer:", unanswered)
	_, err = server.Client().GetBinding(context.Background(), &imm.GetBindingRequest{
		ProjectName: "test-project", DatasetName: "test-dataset", URI: "oss://test-bucket",
	})
	fmt.Println("nothing was made:", errors.Is(err, imm.ErrNotFound))
	// Output:
	// no answer: true
	// nothing was made: true
}

// The connection is cut after the binding was made. The client asks again, is told
// that there is one, and returns it.
func ExampleFault_afterWork() {
	server := immtest.NewServer(immtest.WithBucket("test-bucket", nil))
	defer server.Close()
	server.Inject(immtest.Fault{Reset: true, AfterWork: true})
	made, err := server.Client().CreateBinding(context.Background(), &imm.CreateBindingRequest{
		ProjectName: "test-project", DatasetName: "test-dataset", URI: "oss://test-bucket",
	})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(made.Binding.URI, "bindings:", len(server.Bindings()))
	// Output: oss://test-bucket bindings: 1
}

// The connection is cut in the middle of the body.
func ExampleFault_halfBody() {
	server := immtest.NewServer()
	defer server.Close()
	server.Inject(immtest.Fault{HalfBody: true})
	fmt.Println("error:", indexOne(server.Client()), "requests:", len(server.Requests()))
	// Output: error: <nil> requests: 2
}

// A slow body arrives whole, for those who have the time.
func ExampleFault_bodyDelay() {
	server := immtest.NewServer()
	defer server.Close()
	server.Inject(immtest.Fault{BodyDelay: 20 * time.Millisecond})
	start := time.Now()
	fmt.Println("error:", indexOne(server.Client()), "slow:", time.Since(start) >= 20*time.Millisecond)
	// Output: error: <nil> slow: true
}

// Pages that a proxy puts in the way can be any text.
func ExampleFault_body() {
	server := immtest.NewServer()
	defer server.Close()
	server.Inject(immtest.Fault{Status: http.StatusForbidden, Body: "<?xml version=\"1.0\"?><Error><Code>AccessDenied</Code></Error>"})
	if refused, ok := errors.AsType[*imm.APIError](indexOne(server.Client())); ok {
		fmt.Println(refused.StatusCode, refused.Code)
	}
	// Output: 403 AccessDenied
}

// A client whose clock is wrong corrects it by the server's.
func ExampleWithClockOffset() {
	server := immtest.NewServer(immtest.WithClockOffset(time.Hour))
	defer server.Close()
	fmt.Println("error:", indexOne(server.Client()))
	for _, request := range server.Requests() {
		fmt.Printf("%d %q\n", request.Status, request.Code)
	}
	// Output:
	// error: <nil>
	// 400 "InvalidTimeStamp.Expired"
	// 200 ""
}

// A binding can fail, and says why.
func ExampleServer_FailBinding() {
	server := immtest.NewServer(immtest.WithBucket("test-bucket", nil), immtest.WithReadyTime(0))
	defer server.Close()
	server.FailBinding("test-bucket", "IMM is not allowed to read the bucket.")
	ctx, client := context.Background(), server.Client()
	_, err := client.CreateBinding(ctx, &imm.CreateBindingRequest{
		ProjectName: "test-project", DatasetName: "test-dataset", URI: "oss://test-bucket",
	})
	if err != nil {
		log.Fatal(err)
	}
	_, err = client.WaitBinding(ctx, &imm.GetBindingRequest{
		ProjectName: "test-project", DatasetName: "test-dataset", URI: "oss://test-bucket",
	}, imm.WithPollInterval(5*time.Millisecond))
	if failed, ok := errors.AsType[*imm.BindingError](err); ok {
		fmt.Println(failed.Binding.State, failed.Binding.Reason)
	}
	// Output: Failed IMM is not allowed to read the bucket.
}

// A call can succeed and one of its files fail.
func ExampleServer_FailObject() {
	server := immtest.NewServer(immtest.WithIndexDelay(0))
	defer server.Close()
	server.PutObject("test-bucket", "photo.png", photo(640, 480))
	server.FailObject("test-bucket", "photo.png", "The image is damaged.")
	ctx := context.Background()
	_, err := server.Client().IndexFileMeta(ctx, &imm.IndexFileMetaRequest{
		ProjectName: "test-project", DatasetName: "test-dataset",
		File:         imm.InputFile{URI: "oss://test-bucket/photo.png"},
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
	fmt.Println(message.Success, message.Files[0].Error)
	fmt.Println(server.Files("test-project", "test-dataset")[0].Reason)
	// Output:
	// true [InternalError] The image is damaged.
	// The image is damaged.
}
