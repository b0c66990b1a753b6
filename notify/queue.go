package notify

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"reflect"
	"sync"
	"sync/atomic"

	"github.com/imm-go/imm"
	"github.com/imm-go/imm/internal/auth"
	"github.com/imm-go/imm/internal/retry"
	"github.com/imm-go/imm/internal/transport"
)

const (
	queueMostName   = 256 // characters
	queueDeleters   = 4   // requests to delete that run at once, each of up to 16 messages
	queueNameWanted = `want the name alone, such as "index-messages": letters, digits and hyphens, at most 256`
)

// QueueReceiver takes index messages out of a queue of MNS (Simple Message Queue)
// and hands them to a callback. It is safe for concurrent use.
type QueueReceiver struct {
	config  *config
	api     *queueAPI
	running atomic.Bool
}

// NewQueueReceiver returns a receiver for one queue, which signs with the
// credentials of the provider. It sends nothing; see [QueueReceiver.Run].
//
// The endpoint is that of MNS for the account that has the queue, such as
// "https://1000000000000000.mns.cn-hangzhou.aliyuncs.com", or with -internal behind
// the region inside of Alibaba Cloud, or, for an emulator,
// "http://localhost:8080". Credentials, repeats and connections follow the same
// rules as those of imm.NewClient.
//
// An endpoint, a name or an option that makes no sense, a provider or a callback
// that is nil, and static credentials that cannot sign are errors, each an
// *imm.ValidationError; the text names all of them.
//
// A RAM user needs the permissions mns:BatchReceiveMessage, mns:DeleteMessage,
// mns:BatchDeleteMessage and mns:ChangeMessageVisibility for
// acs:mns:{region}:{account}:/queues/{name}/messages.
//
// https://www.alibabacloud.com/help/en/mns/developer-reference/batchreceivemessage
func NewQueueReceiver(endpoint, queueName string, creds imm.CredentialsProvider, callback Callback, opts ...Option) (*QueueReceiver, error) {
	c, optionsErr := newConfig(mnsQueue, callback, opts)
	errs := []error{optionsErr, c.checkQueueTimeouts()}
	target, err := transport.ParseEndpoint(endpoint)
	if err == nil {
		err = target.Check(c.queue.insecureHTTP)
	}
	if err != nil {
		errs = append(errs, c.refuse("endpoint", err.Error()))
	}
	if !validQueueName(queueName) {
		errs = append(errs, c.refuse("queueName", fmt.Sprintf("%q is no name of a queue; %s", transport.OneLine(queueName), queueNameWanted)))
	}
	if err := checkQueueKeys(creds); err != nil {
		errs = append(errs, c.refuse("creds", err.Error()))
	}
	if err := joinLines(errs...); err != nil {
		return nil, err
	}
	return &QueueReceiver{config: c, api: &queueAPI{
		endpoint: target, path: "/queues/" + queueName + "/messages",
		http:    transport.NewClient(c.queue.httpClient, c.queue.wait),
		retrier: retry.New(c.queue.policy, retry.NewLimiter(0)), timeout: c.queue.policy.AttemptTimeout,
		keys: queueKeys(creds), userAgent: transport.UserAgent(),
	}}, nil
}

// validQueueName also takes names with an underscore, and those that do not begin
// with a letter, which MNS may allow one day. What it keeps out could change the
// path of a request.
func validQueueName(name string) bool {
	for i := range len(name) {
		c := name[i]
		isLetter := 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z'
		if !isLetter && (c < '0' || c > '9') && c != '-' && c != '_' {
			return false
		}
	}
	return name != "" && len(name) <= queueMostName
}

// checkQueueKeys asks static credentials, which answer at once, whether they can
// sign. Others are asked at the first request.
func checkQueueKeys(provider imm.CredentialsProvider) error {
	if err := auth.CheckProvider(provider); err != nil {
		return err
	}
	if reflect.TypeOf(provider) != reflect.TypeOf(imm.StaticCredentials("", "", "")) {
		return nil
	}
	creds, err := provider.Credentials(context.Background())
	if err == nil {
		err = auth.Keys(creds).Check()
	}
	return err
}

// String names the queue.
func (r *QueueReceiver) String() string {
	return "notify.QueueReceiver(" + r.api.endpoint.String() + r.api.path + ")"
}

// Format writes String whatever the verb, so that no verb walks through the
// receiver's state.
func (r *QueueReceiver) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, r.String()) }

// LogValue is the form in which slog shows the receiver.
func (r *QueueReceiver) LogValue() slog.Value { return slog.StringValue(r.String()) }

// Run receives messages and hands each to the callback until the context ends, and
// returns nil when all callbacks have returned then. What waits for outcomes waits in
// vain once Run has ended, so let its error end that as well: by a context of
// [context.WithCancelCause], whose cause the waits of a [Tracker] return.
//
// It ends before the context does, with an error,
// only if the service refuses for good: because the queue does not exist
// (imm.ErrNotFound), the key is wrong (imm.ErrUnauthenticated), a permission is
// missing (imm.ErrPermissionDenied), or a request is not accepted
// (imm.ErrInvalidArgument). Outages and throttling are logged, and Run goes on after
// a pause, which grows to 30 s. Until MNS has answered once, a host that does not
// exist and an answer that is not one of MNS end Run as well, because then the
// endpoint may be wrong.
//
// A message is deleted only after its callback returned nil. Until then it is kept
// from other receivers, for as long as that takes. If the service says that it no
// longer is, somebody else may have it: the callback's context ends, and its result
// does not count.
//
// After an error of the callback, and if it cannot be read, a message stays in the
// queue and comes again: 1 s later, then 2 s, and so on, doubling up to 5 minutes.
// The same becomes of a message whose body does not match its MD5, and of one whose
// callback panics: as net/http does for a handler, Run recovers and logs the stack,
// because one message must not stop all others. See WithLogger, without which
// nothing of all this is logged.
//
// When Run ends, nothing new is received, and the contexts of the callbacks end.
// Their results still count: messages are deleted for up to 5 s after that, and the
// others come again 1 s later. A message that the service was about to hand out in
// that moment comes again after the queue's own VisibilityTimeout.
//
// A message whose envelopes have no id or time, such as one of a subscription with
// the NotifyContentFormat SIMPLIFIED, has those of the queue as MessageID and
// PublishTime. The queue gives a message that the topic sends twice two ids, so XML
// and JSON, which bring the topic's own, tell a [Deduplicator] more.
//
// An empty queue costs one request in each time of long polling. If empty answers
// come before that time, which are charged as well, Run pauses before it asks again.
//
// A receiver that runs already returns an *imm.ValidationError. It can run again
// after it has ended. Several receivers, in one process or in many, can take turns
// at one queue, if each can handle every message. A Tracker knows the calls of its
// own process alone, so processes with trackers need a queue each.
func (r *QueueReceiver) Run(ctx context.Context) error {
	if ctx == nil {
		return &imm.ValidationError{Action: "Run", Field: "ctx", Reason: "the context is nil; use context.Background() where there is no other"}
	}
	if !r.running.CompareAndSwap(false, true) {
		return &imm.ValidationError{Action: "Run", Field: "receiver", Reason: "it runs already; make another receiver, or use WithConcurrency for more callbacks at once"}
	}
	defer r.running.Store(false)
	if r.config.queue.httpClient == nil { // others may share the connections of the user's
		defer r.api.http.CloseIdleConnections()
	}
	ctx, cancel := context.WithCancel(ctx)
	run := &queueRun{QueueReceiver: r, slots: make(chan struct{}, r.config.queue.concurrency), deletions: make(chan queueDeletion)}
	var deleters sync.WaitGroup
	for range queueDeleters {
		deleters.Go(func() { run.remove(ctx) })
	}
	err := run.receive(ctx)
	cancel()
	run.working.Wait()
	close(run.deletions)
	deleters.Wait()
	return err
}
