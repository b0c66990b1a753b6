//go:build interop

package queue

import (
	"context"
	"crypto/md5"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/imm-go/imm"
	"github.com/imm-go/imm/immtest"
	"github.com/imm-go/imm/notify"
)

// newServer has the queue of the tests, whose messages stay invisible for as long
// as any test takes.
func newServer(t *testing.T, opts ...immtest.Option) *immtest.Server {
	t.Helper()
	server := immtest.NewServer(append([]immtest.Option{immtest.WithQueue(queueName, time.Hour)}, opts...)...)
	t.Cleanup(server.Close)
	return server
}

func send(server *immtest.Server, n int) {
	for i := range n {
		server.SendToQueue(queueName, []byte(strconv.Itoa(i)))
	}
}

// requireLeft counts what nobody deleted, visible or not.
func requireLeft(t *testing.T, server *immtest.Server, n int) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, server.URL()+"/_emulator/state", nil)
	require.NoError(t, err)
	resp, err := http.DefaultClient.Do(req)
	require.NoError(t, err)
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	require.NoError(t, err)
	var state struct{ Queues []struct{ Messages int } }
	require.NoError(t, json.Unmarshal(text, &state))
	require.Len(t, state.Queues, 1)
	require.Equal(t, n, state.Queues[0].Messages)
}

func TestThePublishedClientReceivesAMessageAsItWasSent(t *testing.T) {
	t.Parallel()
	server := newServer(t)
	c := newClient(t, server)
	const body = "a <b> & \"c\" ]]>\r\n\té  "
	before := time.Now().UnixMilli()
	server.SendToQueue(queueName, []byte(body))
	m := c.receive(t, 1)[0]
	after := time.Now().UnixMilli()
	require.Equal(t, body, m.MessageBody)
	require.Equal(t, fmt.Sprintf("%X", md5.Sum([]byte(body))), m.MessageBodyMD5)
	require.NotEmpty(t, m.MessageID)
	require.Equal(t, []int{1, 8}, []int{m.DequeueCount, m.Priority})
	for _, at := range []int64{m.EnqueueTime, m.FirstDequeueTime, m.NextVisibleTime - time.Hour.Milliseconds()} {
		require.True(t, before <= at && at <= after, "%d is not from %d to %d", at, before, after)
	}

	server.SendToQueue(queueName, []byte(base64.StdEncoding.EncodeToString([]byte(body))))
	require.Equal(t, body, c.do(t, job{Do: "receive", N: 1, Base64: true}).Answer.Message.MessageBody, "as the client itself would send it")

	require.Equal(t, http.StatusNoContent, c.do(t, job{Do: "delete", Handles: handles([]message{m})}).Status)
	require.Equal(t, "MessageNotExist", c.refused(t, job{Do: "delete", Handles: handles([]message{m})}), "it is deleted")
	requireLeft(t, server, 1)
}

func TestThePublishedClientReceivesWhatATopicPutsIntoAQueue(t *testing.T) {
	t.Parallel()
	const topic, uri = "test-topic", "oss://test-bucket/a<b>&é.jpg"
	wants := map[string][]imm.Envelope{
		"xml": {imm.EnvelopeMNSXML}, "json": {imm.EnvelopeMNSJSON}, "simplified": nil,
	}
	server := newServer(t,
		immtest.WithSubscription(topic, immtest.Subscription{Name: "xml", Queue: queueName}),
		immtest.WithSubscription(topic, immtest.Subscription{Name: "json", Queue: queueName, Format: immtest.NotifyJSON}),
		immtest.WithSubscription(topic, immtest.Subscription{Name: "simplified", Queue: queueName, Format: immtest.NotifySimplified}))
	_, err := server.Client().IndexFileMeta(t.Context(), &imm.IndexFileMetaRequest{
		ProjectName: "test-project", DatasetName: "test-dataset", File: imm.InputFile{URI: uri},
		Notification: imm.Notification{MNS: imm.MNS{TopicName: topic}},
	})
	require.NoError(t, err)
	require.NoError(t, server.WaitDelivered(t.Context()))
	got := newClient(t, server).receive(t, 16)
	require.Len(t, got, len(wants))
	for i, name := range []string{"xml", "json", "simplified"} {
		messages, err := imm.ParseIndexMessages(nil, []byte(got[i].MessageBody))
		require.NoError(t, err, name)
		require.Equal(t, uri, messages[0].Files[0].URI, name)
		require.Equal(t, wants[name], messages[0].Envelopes, name)
	}
}

func TestThePublishedClientWaitsForAMessage(t *testing.T) {
	t.Parallel()
	server := newServer(t)
	c := newClient(t, server)
	for _, n := range []int{1, 16} {
		require.Equal(t, "MessageNotExist", c.refused(t, job{Do: "receive", N: n}))
		start := time.Now()
		require.Equal(t, "MessageNotExist", c.refused(t, job{Do: "receive", N: n, Wait: 1}))
		require.GreaterOrEqual(t, time.Since(start), time.Second)

		start = time.Now()
		time.AfterFunc(100*time.Millisecond, func() { send(server, 1) })
		require.True(t, c.do(t, job{Do: "receive", N: n, Wait: 30}).Resolved)
		require.Less(t, time.Since(start), 25*time.Second, "it was answered when the message came")
	}
	server.Inject(immtest.LongPollLimit("BatchReceiveMessage", 1))
	start := time.Now()
	require.Equal(t, "MessageNotExist", c.refused(t, job{Do: "receive", N: 16, Wait: 30}))
	require.Less(t, time.Since(start), 25*time.Second, "there are too many long polls")
}

func TestThePublishedClientReceivesAndDeletesBatches(t *testing.T) {
	t.Parallel()
	server := newServer(t)
	c := newClient(t, server)
	send(server, 20)
	all := c.receive(t, 16)
	require.Len(t, all, 16)
	rest := c.receive(t, 16)
	require.Len(t, rest, 4)
	for i, m := range append(all[:16:16], rest...) {
		require.Equal(t, strconv.Itoa(i), m.MessageBody)
	}
	require.Equal(t, "MessageNotExist", c.refused(t, job{Do: "receive", N: 16}))

	r := c.do(t, job{Do: "deleteBatch", Handles: handles(all[:14])})
	require.True(t, r.Resolved)
	require.Equal(t, http.StatusNoContent, r.Status)
	requireLeft(t, server, 6)

	r = c.do(t, job{Do: "deleteBatch", Handles: []string{all[14].ReceiptHandle, "wrong", all[0].ReceiptHandle, all[15].ReceiptHandle}})
	require.False(t, r.Resolved, "a part of it failed")
	failed := r.Answer.Errors.Error
	require.Len(t, failed, 2)
	require.Equal(t, []string{"ReceiptHandleError", "wrong", "MessageNotExist", all[0].ReceiptHandle},
		[]string{failed[0].ErrorCode, failed[0].ReceiptHandle, failed[1].ErrorCode, failed[1].ReceiptHandle})
	require.NotEmpty(t, failed[0].ErrorMessage)
	requireLeft(t, server, 4)
}

func TestThePublishedClientChangesTheVisibility(t *testing.T) {
	t.Parallel()
	server := newServer(t)
	c := newClient(t, server)
	send(server, 1)
	first := handles(c.receive(t, 1))
	before := time.Now()
	changed := c.do(t, job{Do: "extend", Handles: first, Seconds: 1}).Answer.ChangeVisibility
	require.GreaterOrEqual(t, changed.NextVisibleTime, before.Add(time.Second).UnixMilli())
	require.NotEqual(t, first[0], changed.ReceiptHandle)
	require.Equal(t, "ReceiptHandleError", c.refused(t, job{Do: "delete", Handles: first}), "there is a newer one")

	again := c.do(t, job{Do: "receive", N: 1, Wait: 30}).Answer.Message
	require.Equal(t, 2, again.DequeueCount, "it became visible")
	require.GreaterOrEqual(t, time.Now().UnixMilli(), changed.NextVisibleTime)
	longer := c.do(t, job{Do: "extend", Handles: handles([]message{again}), Seconds: 43_200}).Answer.ChangeVisibility
	require.Equal(t, http.StatusNoContent, c.do(t, job{Do: "delete", Handles: []string{longer.ReceiptHandle}}).Status)
	requireLeft(t, server, 0)
}

func TestTheQueueRefusesWhatThePublishedClientSendsWrong(t *testing.T) {
	t.Parallel()
	server := newServer(t)
	send(server, 1)
	c := newClient(t, server)
	at := func(d time.Duration) map[string]string {
		return map[string]string{"Date": time.Now().Add(d).UTC().Format(http.TimeFormat)}
	}
	many := strings.Split(strings.Repeat("8-x ", 16)+"8-x", " ")
	one := many[:1]
	for _, test := range []struct {
		name string
		job  job
		want string
	}{
		{"unknown key", job{Do: "receive", N: 1, ID: "other"}, "InvalidAccessKeyId"},
		{"wrong secret", job{Do: "receive", N: 1, Secret: "other"}, "SignatureDoesNotMatch"},
		{"a query changed after signing", job{Do: "receive", N: 16, AddQuery: "&waitseconds=1"}, "SignatureDoesNotMatch"},
		{"a date changed after signing", job{Do: "receive", N: 1, Set: at(-time.Minute)}, "SignatureDoesNotMatch"},
		{"a header added after signing", job{Do: "receive", N: 1, Set: map[string]string{"x-mns-meta": "a"}}, "SignatureDoesNotMatch"},
		{"an MD5 changed after signing", job{Do: "deleteBatch", Handles: one, Set: map[string]string{"Content-MD5": "XXXXXXXXXXXXXXXXXXXXXX=="}}, "SignatureDoesNotMatch"},
		{"date 16 minutes behind", job{Do: "receive", N: 1, Set: at(-16 * time.Minute)}, "TimeExpired"},
		{"date 16 minutes ahead", job{Do: "receive", N: 1, Set: at(16 * time.Minute)}, "TimeExpired"},
		{"no date", job{Do: "receive", N: 1, Set: map[string]string{"Date": ""}}, "MissingDateHeader"},
		{"date in another form", job{Do: "receive", N: 1, Set: map[string]string{"Date": "2026-11-25T00:00:00Z"}}, "InvalidDateHeader"},
		{"no version", job{Do: "receive", N: 1, Set: map[string]string{"x-mns-version": ""}}, "MissingVersionHeader"},
		{"another version", job{Do: "receive", N: 1, Set: map[string]string{"x-mns-version": "2014-01-01"}}, "InvalidVersionHeader"},
		{"no authorization", job{Do: "receive", N: 1, Set: map[string]string{"Authorization": ""}}, "MissingAuthorizationHeader"},
		{"another scheme", job{Do: "receive", N: 1, Set: map[string]string{"Authorization": "MQS a:b"}}, "InvalidAuthorizationHeader"},
		{"a token that nobody gave", job{Do: "receive", N: 1, Set: map[string]string{"security-token": "a"}}, "InvalidSecurityToken"},
		{"receive from no queue", job{Do: "receive", N: 1, Queue: "other"}, "QueueNotExist"},
		{"receive a batch from no queue", job{Do: "receive", N: 16, Wait: 30, Queue: "other"}, "QueueNotExist"},
		{"delete in no queue", job{Do: "delete", Handles: one, Queue: "other"}, "QueueNotExist"},
		{"delete a batch in no queue", job{Do: "deleteBatch", Handles: one, Queue: "other"}, "QueueNotExist"},
		{"change visibility in no queue", job{Do: "extend", Handles: one, Seconds: 1, Queue: "other"}, "QueueNotExist"},
		{"wait 31 seconds", job{Do: "receive", N: 1, Wait: 31}, "InvalidArgument"},
		{"receive 17", job{Do: "receive", N: 17}, "InvalidArgument"},
		{"delete 17", job{Do: "deleteBatch", Handles: many}, "InvalidArgument"},
		{"invisible for no time", job{Do: "extend", Handles: one}, "InvalidArgument"},
		{"invisible for more than 12 hours", job{Do: "extend", Handles: one, Seconds: 43_201}, "InvalidArgument"},
		{"delete without a handle", job{Do: "delete", Handles: []string{""}}, "MissingReceiptHandle"},
		{"change visibility without a handle", job{Do: "extend", Handles: []string{""}, Seconds: 1}, "MissingReceiptHandle"},
		{"delete by a wrong handle", job{Do: "delete", Handles: one}, "ReceiptHandleError"},
		{"change visibility by a wrong handle", job{Do: "extend", Handles: one, Seconds: 43_200}, "ReceiptHandleError"},
		{"peek", job{Do: "peek", N: 1}, "InvalidRequestURL"},
		{"peek at a batch", job{Do: "peek", N: 16}, "InvalidRequestURL"},
		{"send", job{Do: "send"}, "InvalidRequestURL"},
	} {
		require.Equal(t, test.want, c.refused(t, test.job), test.name)
	}
	require.Equal(t, "0", c.receive(t, 1)[0].MessageBody, "nothing was received before")
}

func TestThePublishedClientTakesAnOutageForOne(t *testing.T) {
	t.Parallel()
	server := newServer(t)
	c := newClient(t, server)
	send(server, 1)
	server.Inject(immtest.Fault{Action: "ReceiveMessage", Status: http.StatusInternalServerError, Code: "InternalError", Message: "Internal error."})
	require.Equal(t, "InternalError", c.refused(t, job{Do: "receive", N: 1}))
	server.Inject(immtest.HTMLPage(1, http.StatusBadGateway))
	r, err := c.call(job{Do: "receive", N: 1})
	require.NoError(t, err)
	require.False(t, r.Resolved)
	require.Contains(t, r.Failure, "<html>")
	server.Inject(immtest.Fault{Action: "ReceiveMessage", Reset: true})
	r, err = c.call(job{Do: "receive", N: 1})
	require.NoError(t, err)
	require.Contains(t, r.Failure, "Error: ") // which of several, depends on the moment
	require.Len(t, c.receive(t, 1), 1)
}

func TestTheLoopOfThePublishedClientEmptiesAQueue(t *testing.T) {
	t.Parallel()
	const n = 50
	server := newServer(t)
	c := newClient(t, server)
	// The loop finds the queue empty before, so it has to take that for what it is.
	time.AfterFunc(1500*time.Millisecond, func() { send(server, n) })
	r := c.do(t, job{Do: "consume", N: n, Wait: 1})
	require.True(t, r.Resolved, "%+v", r.Answer.Error)
	seen := make(map[string]bool)
	for _, m := range r.Answer.Messages.Message {
		seen[m.MessageBody] = true
	}
	require.Len(t, r.Answer.Messages.Message, n)
	require.Len(t, seen, n)
	requireLeft(t, server, 0)
}

// tally counts what was handled, and by whom.
type tally struct {
	mu        sync.Mutex
	times     map[string]int
	published int
	ours      int
	bothTook  chan struct{} // closed once each has something
	all       chan struct{} // closed once there were n
	n         int
}

// add counts messages that the published client, or our receiver, handled.
func (a *tally) add(by *int, ids ...string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	waited := a.published > 0 && a.ours > 0
	*by += len(ids)
	for _, id := range ids {
		a.times[id]++
	}
	if !waited && a.published > 0 && a.ours > 0 {
		close(a.bothTook)
	}
	if a.published+a.ours == a.n {
		close(a.all)
	}
}

func TestThePublishedClientAndOurReceiverHandleEachMessageOnce(t *testing.T) {
	t.Parallel()
	const n = 1000
	server := newServer(t)
	c := newClient(t, server)
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	handled := &tally{times: make(map[string]int), bothTook: make(chan struct{}), all: make(chan struct{}), n: n}
	receiver, err := notify.NewQueueReceiver(server.URL(), queueName, imm.StaticCredentials(immtest.AccessKeyID, immtest.AccessKeySecret, ""),
		func(ctx context.Context, m *imm.IndexMessage) error {
			handled.add(&handled.ours, m.UserData)
			select { // otherwise the faster one could have all of them
			case <-handled.bothTook:
				return nil
			case <-ctx.Done():
				return ctx.Err()
			}
		})
	require.NoError(t, err)
	for i := range n {
		server.SendToQueue(queueName, fmt.Appendf(nil, `{"Success":true,"UserData":"%d","Files":[{"URI":"oss://b/%d"}]}`, i, i))
	}
	running, stop := context.WithCancel(ctx)
	defer stop()
	var both sync.WaitGroup
	both.Go(func() {
		if err := receiver.Run(running); err != nil {
			t.Error(err)
		}
	})
	both.Go(func() {
		defer stop()
		if err := takeTurns(ctx, c, handled); err != nil {
			t.Error(err)
		}
	})
	both.Wait()
	require.Len(t, handled.times, n)
	for id, times := range handled.times {
		require.Equal(t, 1, times, "message %s", id)
	}
	require.Positive(t, handled.published)
	require.Positive(t, handled.ours)
	requireLeft(t, server, 0)
	t.Logf("the published client handled %d, our receiver %d", handled.published, handled.ours)
}

// takeTurns receives and deletes with the published client until all is handled.
func takeTurns(ctx context.Context, c *client, handled *tally) error {
	for {
		select {
		case <-handled.all:
			return nil
		case <-ctx.Done():
			return ctx.Err()
		default:
		}
		r, err := c.call(job{Do: "receive", N: 16, Wait: 1})
		if err != nil {
			return err
		}
		if !r.Resolved {
			if r.Answer.Error.Code == "MessageNotExist" {
				continue
			}
			return fmt.Errorf("receive: %s %+v", r.Failure, r.Answer.Error)
		}
		got := r.Answer.Messages.Message
		ids := make([]string, len(got))
		for i, m := range got {
			messages, err := imm.ParseIndexMessages(nil, []byte(m.MessageBody))
			if err != nil {
				return err
			}
			ids[i] = messages[0].UserData
		}
		handled.add(&handled.published, ids...)
		if r, err = c.call(job{Do: "deleteBatch", Handles: handles(got)}); err != nil {
			return err
		}
		if !r.Resolved {
			return fmt.Errorf("delete: %s %+v %+v", r.Failure, r.Answer.Error, r.Answer.Errors)
		}
		select {
		case <-handled.bothTook:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}
