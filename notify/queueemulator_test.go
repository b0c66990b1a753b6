package notify_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/imm-go/imm"
	"github.com/imm-go/imm/immtest"
	"github.com/imm-go/imm/notify"
)

const (
	queueOfTest = "index-messages"
	queueOnMNS  = "https://" + immtest.AccountID + ".mns.cn-hangzhou.aliyuncs.com"
)

var queueTestKeys = imm.StaticCredentials(immtest.AccessKeyID, immtest.AccessKeySecret, "")

// queueTally counts what the callback saw of each message.
type queueTally struct {
	mu   sync.Mutex
	seen map[string]int
}

func (q *queueTally) add(m *imm.IndexMessage) (times int) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.seen[m.UserData]++
	return q.seen[m.UserData]
}

func (q *queueTally) size() int {
	q.mu.Lock()
	defer q.mu.Unlock()
	return len(q.seen)
}

func sendToQueue(server *immtest.Server, n int) {
	for i := range n {
		server.SendToQueue(queueOfTest, fmt.Appendf(nil, `{"Success":true,"UserData":"%d","Files":[{"URI":"oss://b/%d"}]}`, i, i))
	}
}

// queueIsEmpty asks the emulator as a second receiver would, once all is visible.
func requireQueueEmpty(t *testing.T, server *immtest.Server) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
	defer cancel()
	var left atomic.Int32
	r, err := notify.NewQueueReceiver(queueOnMNS, queueOfTest, queueTestKeys, func(context.Context, *imm.IndexMessage) error {
		left.Add(1)
		return nil
	}, notify.WithHTTPClient(&http.Client{Transport: server.Transport()}))
	require.NoError(t, err)
	require.NoError(t, r.Run(ctx))
	require.Zero(t, left.Load())
}

// TestThousandsOfMessagesArriveOverTheNetwork has a hundred callbacks at once, two
// receivers, and a listener with real connections.
func TestThousandsOfMessagesArriveOverTheNetwork(t *testing.T) {
	t.Parallel()
	const n = 3000
	server := immtest.NewServer(immtest.WithQueue(queueOfTest, time.Minute))
	defer server.Close()
	server.Inject(
		immtest.Fault{Action: "BatchReceiveMessage", Reset: true, Times: 3},
		immtest.Fault{Action: "BatchReceiveMessage", Status: 503, Code: "InternalError", Times: 3},
		immtest.Fault{Action: "BatchDeleteMessage", Reset: true, AfterWork: true, Times: 3},
		immtest.Fault{Action: "BatchDeleteMessage", Status: 500, Code: "InternalError", Times: 3},
		immtest.Fault{Action: "DeleteMessage", Body: "<html>", Status: 502, Times: 3},
	)
	sendToQueue(server, n)
	tally := queueTally{seen: make(map[string]int)}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var receivers sync.WaitGroup
	for range 2 {
		r, err := notify.NewQueueReceiver(server.URL(), queueOfTest, queueTestKeys, func(_ context.Context, m *imm.IndexMessage) error {
			tally.add(m)
			if tally.size() == n {
				cancel()
			}
			return nil
		}, notify.WithConcurrency(100), notify.WithRetry(imm.RetryPolicy{BaseDelay: time.Millisecond}))
		require.NoError(t, err)
		receivers.Go(func() {
			if err := r.Run(ctx); err != nil {
				t.Error(err)
			}
		})
	}
	receivers.Wait()
	for id, times := range tally.seen {
		require.Equal(t, 1, times, "message %s", id)
	}
}

// TestNothingIsLostHoweverMuchGoesWrong has callbacks that fail, last long and
// panic, and a service that fails in every way, in virtual time.
func TestNothingIsLostHoweverMuchGoesWrong(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		const n = 2000
		server := immtest.NewServer(immtest.WithQueue(queueOfTest, 20*time.Second))
		defer server.Close()
		for _, action := range []string{"BatchReceiveMessage", "DeleteMessage", "BatchDeleteMessage", "ChangeMessageVisibility"} {
			server.Inject(
				immtest.Fault{Action: action, Hang: true, Times: 2},
				immtest.Fault{Action: action, Reset: true, Times: 5},
				immtest.Fault{Action: action, Reset: true, AfterWork: true, Times: 5},
				immtest.Fault{Action: action, HalfBody: true, Times: 5},
				immtest.Fault{Action: action, Status: 503, Code: "QpsLimitExceeded", Times: 5},
				immtest.Fault{Action: action, Status: 500, Code: "InternalError", Times: 5},
				immtest.Fault{Action: action, Status: 502, Body: "<html><title>502 Bad Gateway</title></html>", Times: 5},
				immtest.Fault{Action: action, Delay: 3 * time.Second, Times: 5},
			)
		}
		server.Inject(immtest.LongPollLimit("BatchReceiveMessage", 3))
		sendToQueue(server, n)
		tally := queueTally{seen: make(map[string]int)}
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		var log bytes.Buffer
		r, err := notify.NewQueueReceiver(queueOnMNS, queueOfTest, queueTestKeys, func(ctx context.Context, m *imm.IndexMessage) error {
			i, err := strconv.Atoi(m.UserData)
			if err != nil {
				return err
			}
			times := tally.add(m)
			switch {
			case i%10 == 1 && times == 1:
				return errors.New("not yet")
			case i%50 == 2 && times == 1:
				panic("a bug")
			case i%100 == 3:
				<-time.After(2 * time.Minute)
				return ctx.Err()
			}
			return nil
		}, notify.WithHTTPClient(&http.Client{Transport: server.Transport()}), notify.WithConcurrency(100), notify.WithVisibility(30*time.Second),
			notify.WithLogger(slog.New(slog.NewTextHandler(&log, nil))))
		require.NoError(t, err)
		done := make(chan error, 1)
		go func() { done <- r.Run(ctx) }()
		<-time.After(time.Hour)
		cancel()
		require.NoError(t, <-done)
		require.Len(t, tally.seen, n)
		requireQueueEmpty(t, server)
		for _, word := range []string{"not yet", "the callback panicked", "502 Bad Gateway"} {
			require.Contains(t, log.String(), word)
		}
	})
}

// TestTheOutcomeOfAnIndexingComesThroughAQueue goes the whole way: from the call
// over a topic with a subscribed queue to the callback, in each format.
func TestTheOutcomeOfAnIndexingComesThroughAQueue(t *testing.T) {
	t.Parallel()
	for _, format := range []immtest.NotifyFormat{immtest.NotifyXML, immtest.NotifyJSON, immtest.NotifySimplified} {
		t.Run(fmt.Sprint(format), func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				server := immtest.NewServer(immtest.WithQueue(queueOfTest, time.Minute),
					immtest.WithSubscription("test-topic", immtest.Subscription{Queue: queueOfTest, Format: format}))
				defer server.Close()
				server.PutObject("test-bucket", "hello.txt", []byte("hello"))
				ctx, cancel := context.WithCancel(t.Context())
				defer cancel()
				var got *imm.IndexMessage
				r, err := notify.NewQueueReceiver(queueOnMNS, queueOfTest, queueTestKeys, func(_ context.Context, m *imm.IndexMessage) error {
					got = m
					cancel()
					return nil
				}, notify.WithHTTPClient(&http.Client{Transport: server.Transport()}))
				require.NoError(t, err)
				_, err = server.Client().IndexFileMeta(ctx, &imm.IndexFileMetaRequest{
					ProjectName: "test-project", DatasetName: "test-dataset", File: imm.InputFile{URI: "oss://test-bucket/hello.txt"},
					Notification: imm.Notification{MNS: imm.MNS{TopicName: "test-topic"}}, UserData: "job 7",
				})
				require.NoError(t, err)
				require.NoError(t, r.Run(ctx))
				require.Equal(t, "job 7", got.UserData)
				require.NoError(t, got.Err())
				requireQueueEmpty(t, server)
			})
		})
	}
}

// TestTemporaryKeysWorkAtAQueue has the emulator check the token.
func TestTemporaryKeysWorkAtAQueue(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		server := immtest.NewServer(immtest.WithQueue(queueOfTest, time.Minute), immtest.WithCredentials("STS.id", "secret", "token+/="))
		defer server.Close()
		sendToQueue(server, 1)
		for _, tt := range []struct {
			keys imm.CredentialsProvider
			want error
		}{
			{imm.StaticCredentials("STS.id", "secret", "token+/="), nil},
			{imm.StaticCredentials("STS.id", "secret", "another"), imm.ErrUnauthenticated},
			{imm.StaticCredentials("STS.id", "another", "token+/="), imm.ErrUnauthenticated},
			{imm.StaticCredentials("STS.other", "secret", "token+/="), imm.ErrUnauthenticated},
		} {
			ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
			defer cancel()
			r, err := notify.NewQueueReceiver(queueOnMNS, queueOfTest, tt.keys, func(context.Context, *imm.IndexMessage) error {
				cancel()
				return nil
			}, notify.WithHTTPClient(&http.Client{Transport: server.Transport()}))
			require.NoError(t, err)
			require.ErrorIs(t, r.Run(ctx), tt.want)
			require.Equal(t, tt.want == nil, errors.Is(ctx.Err(), context.Canceled))
		}
	})
}
