package immtest

import (
	"context"
	"crypto/md5"
	"encoding/xml"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
)

func TestAMessageIsReceivedWithWhatTheDocumentationSays(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newServer(t, WithQueue("test-queue", time.Minute), WithClockOffset(time.Hour))
		call := func(method, target string) reply {
			req := queueRequest(method, target, "")
			req.Header.Set("Date", time.Now().Add(time.Hour).UTC().Format(http.TimeFormat))
			return send(t, s, signQueue(req, AccessKeyID, AccessKeySecret))
		}
		const body = "a <b> & \"c\"\r\n\té "
		enqueued := time.Now().Add(time.Hour)
		s.SendToQueue("test-queue", []byte(body))
		sleep(t, time.Second)
		first := decodeXML[queueMessage](t, call(http.MethodGet, "test-queue/messages"), http.StatusOK)
		require.Equal(t, queueMessage{
			XMLName: first.XMLName, MessageID: first.MessageID, ReceiptHandle: first.ReceiptHandle,
			MessageBodyMD5: strings.ToUpper(fmt.Sprintf("%x", md5.Sum([]byte(body)))), MessageBody: body,
			EnqueueTime: enqueued.UnixMilli(), FirstDequeueTime: enqueued.Add(time.Second).UnixMilli(),
			NextVisibleTime: enqueued.Add(61 * time.Second).UnixMilli(), DequeueCount: 1, Priority: 8,
		}, first)

		sleep(t, time.Minute-time.Millisecond)
		require.Equal(t, "MessageNotExist", queueCode(t, call(http.MethodGet, "test-queue/messages")))
		sleep(t, time.Millisecond)
		second := decodeXML[queueMessage](t, call(http.MethodGet, "test-queue/messages"), http.StatusOK)
		require.Equal(t, []any{first.MessageID, first.EnqueueTime, first.FirstDequeueTime, 2},
			[]any{second.MessageID, second.EnqueueTime, second.FirstDequeueTime, second.DequeueCount})
		require.Equal(t, enqueued.Add(121*time.Second).UnixMilli(), second.NextVisibleTime)
		require.NotEqual(t, first.ReceiptHandle, second.ReceiptHandle)
	})
}

func TestOnlyTheLatestHandleOfAnInvisibleMessageWorks(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newServer(t, WithQueue("test-queue", time.Minute))
		remove := func(handle string) reply {
			return callQueue(t, s, http.MethodDelete, "test-queue/messages?ReceiptHandle="+escaped(handle), "")
		}
		s.SendToQueue("test-queue", []byte("text"))
		first := receiveOne(t, s).ReceiptHandle
		sleep(t, time.Minute)
		require.Equal(t, "ReceiptHandleError", queueCode(t, remove(first)), "the message is visible again")
		require.Equal(t, "ReceiptHandleError", queueCode(t, callQueue(t, s, http.MethodPut, "test-queue/messages?ReceiptHandle="+escaped(first)+"&VisibilityTimeout=5", "")))
		second := receiveOne(t, s).ReceiptHandle
		require.Equal(t, "ReceiptHandleError", queueCode(t, remove(first)), "there is a newer one")
		for _, wrong := range []string{"x", "8-", "8-%%%", "1-" + second[2:], second + "A", newReceiptHandle(99)} {
			r := remove(wrong)
			require.Equal(t, http.StatusBadRequest, r.status)
			require.Equal(t, "ReceiptHandleError", queueCode(t, r), wrong)
		}
		r := remove(second)
		require.Equal(t, http.StatusNoContent, r.status)
		require.Empty(t, r.text)
		require.Regexp(t, `^[0-9A-F]{24}$`, r.header.Get("x-mns-request-id"))
		r = remove(second)
		require.Equal(t, http.StatusNotFound, r.status)
		require.Equal(t, "MessageNotExist", queueCode(t, r), "it is deleted")
	})
}

func TestAChangedVisibilityCountsFromNowAndHasANewHandle(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newServer(t, WithQueue("test-queue", time.Minute))
		s.SendToQueue("test-queue", []byte("text"))
		first := receiveOne(t, s).ReceiptHandle
		sleep(t, 50*time.Second)
		type changed struct {
			XMLName         xml.Name `xml:"http://mns.aliyuncs.com/doc/v1/ ChangeVisibility"`
			ReceiptHandle   string
			NextVisibleTime int64
		}
		// The documentation writes the names in both ways.
		got := decodeXML[changed](t, callQueue(t, s, http.MethodPut, "test-queue/messages?receiptHandle="+escaped(first)+"&visibilityTimeout=20", ""), http.StatusOK)
		require.Equal(t, time.Now().Add(20*time.Second).UnixMilli(), got.NextVisibleTime)
		require.NotEqual(t, first, got.ReceiptHandle)
		require.Equal(t, "ReceiptHandleError", queueCode(t, callQueue(t, s, http.MethodDelete, "test-queue/messages?ReceiptHandle="+escaped(first), "")))
		sleep(t, 20*time.Second-time.Millisecond)
		require.Equal(t, "MessageNotExist", queueCode(t, callQueue(t, s, http.MethodGet, "test-queue/messages", "")))
		sleep(t, time.Millisecond)
		require.Equal(t, 2, receiveOne(t, s).DequeueCount)
	})
}

func TestALongPollOfAQueueEndsWithTheMessageOrTheTime(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newServer(t, WithQueue("test-queue", 10*time.Second))
		start := time.Now()
		require.Equal(t, "MessageNotExist", queueCode(t, callQueue(t, s, http.MethodGet, "test-queue/messages?waitseconds=30", "")))
		require.Equal(t, 30*time.Second, time.Since(start))
		require.Equal(t, "MessageNotExist", queueCode(t, callQueue(t, s, http.MethodGet, "test-queue/messages?waitseconds=0", "")))
		require.Equal(t, 30*time.Second, time.Since(start))

		time.AfterFunc(7*time.Second, func() { s.SendToQueue("test-queue", []byte("text")) })
		start = time.Now()
		m := decodeXML[queueMessage](t, callQueue(t, s, http.MethodGet, "test-queue/messages?waitseconds=30", ""), http.StatusOK)
		require.Equal(t, []any{7 * time.Second, 1}, []any{time.Since(start), m.DequeueCount})

		start = time.Now()
		m = decodeXML[queueMessage](t, callQueue(t, s, http.MethodGet, "test-queue/messages?waitseconds=30", ""), http.StatusOK)
		require.Equal(t, 10*time.Second, time.Since(start), "the message becomes visible again")
		require.Equal(t, 2, m.DequeueCount)

		time.AfterFunc(time.Second, func() {
			callQueue(t, s, http.MethodPut, "test-queue/messages?ReceiptHandle="+escaped(m.ReceiptHandle)+"&VisibilityTimeout=3", "")
		})
		start = time.Now()
		decodeXML[queueMessage](t, callQueue(t, s, http.MethodGet, "test-queue/messages?waitseconds=30", ""), http.StatusOK)
		require.Equal(t, 4*time.Second, time.Since(start), "and earlier than it was to")
	})
}

func TestALongPollOfAQueueEndsWithTheRequestTheServerAndAReset(t *testing.T) {
	t.Parallel()
	for name, end := range map[string]func(s *Server, cancel func()){
		"request": func(_ *Server, cancel func()) { cancel() },
		"server":  func(s *Server, _ func()) { s.Close() },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				s := newServer(t, WithQueue("test-queue", 0))
				ctx, cancel := context.WithCancel(t.Context())
				defer cancel()
				req := signQueue(queueRequest(http.MethodGet, "test-queue/messages?waitseconds=30", ""), AccessKeyID, AccessKeySecret)
				failed := make(chan error, 1)
				go func() {
					_, err := s.Transport().RoundTrip(req.WithContext(ctx))
					failed <- err
				}()
				synctest.Wait()
				start := time.Now()
				end(s, cancel)
				require.Zero(t, time.Since(start))
				err := <-failed
				require.Error(t, err)
				require.Equal(t, name == "request", errors.Is(err, context.Canceled))
			})
		})
	}
	synctest.Test(t, func(t *testing.T) {
		s := newServer(t, WithQueue("test-queue", 0))
		s.SendToQueue("other", nil)
		callQueue(t, s, http.MethodGet, "other/messages", "")
		statuses := make(chan int, 2)
		for _, name := range []string{"test-queue", "other"} {
			req := signQueue(queueRequest(http.MethodGet, name+"/messages?waitseconds=30", ""), AccessKeyID, AccessKeySecret)
			go func() {
				resp, err := s.Transport().RoundTrip(req)
				if err != nil {
					statuses <- 0
					return
				}
				_ = resp.Body.Close()
				statuses <- resp.StatusCode
			}()
		}
		synctest.Wait()
		s.Reset()
		require.Equal(t, http.StatusNotFound, <-statuses, "no option made the other queue")
		s.SendToQueue("test-queue", []byte("text"))
		require.Equal(t, http.StatusOK, <-statuses)
	})
}

func TestABatchIsReceivedAndDeletedWithAResultForEachHandle(t *testing.T) {
	t.Parallel()
	s := newServer(t, WithQueue("test-queue", time.Hour))
	for i := range 20 {
		s.SendToQueue("test-queue", []byte(strconv.Itoa(i)))
	}
	type messages struct {
		XMLName xml.Name       `xml:"http://mns.aliyuncs.com/doc/v1/ Messages"`
		Message []queueMessage `xml:"Message"`
	}
	all := decodeXML[messages](t, callQueue(t, s, http.MethodGet, "test-queue/messages?numOfMessages=16", ""), http.StatusOK).Message
	require.Len(t, all, 16)
	for i, m := range all {
		require.Equal(t, strconv.Itoa(i), m.MessageBody, "what was sent first comes first")
	}
	require.Len(t, decodeXML[messages](t, callQueue(t, s, http.MethodGet, "test-queue/messages?numOfMessages=16&waitseconds=5", ""), http.StatusOK).Message, 4)
	require.Equal(t, "MessageNotExist", queueCode(t, callQueue(t, s, http.MethodGet, "test-queue/messages?numOfMessages=1", "")))

	handles := func(handles ...string) string {
		return `<?xml version="1.0"?><ReceiptHandles xmlns="http://mns.aliyuncs.com/doc/v1/"><ReceiptHandle>` +
			strings.Join(handles, "</ReceiptHandle><ReceiptHandle>") + `</ReceiptHandle></ReceiptHandles>`
	}
	r := callQueue(t, s, http.MethodDelete, "test-queue/messages", handles(all[0].ReceiptHandle, all[1].ReceiptHandle))
	require.Equal(t, http.StatusNoContent, r.status)
	type failures struct {
		XMLName xml.Name `xml:"http://mns.aliyuncs.com/doc/v1/ Errors"`
		Error   []struct{ ErrorCode, ErrorMessage, ReceiptHandle string }
	}
	failed := decodeXML[failures](t, callQueue(t, s, http.MethodDelete, "test-queue/messages",
		handles(all[2].ReceiptHandle, "wrong", all[3].ReceiptHandle, all[0].ReceiptHandle)), http.StatusNotFound).Error
	require.Len(t, failed, 2)
	require.Equal(t, []string{"ReceiptHandleError", "wrong", "MessageNotExist", all[0].ReceiptHandle},
		[]string{failed[0].ErrorCode, failed[0].ReceiptHandle, failed[1].ErrorCode, failed[1].ReceiptHandle})
	require.NotEmpty(t, failed[0].ErrorMessage)
	require.Len(t, s.queues["test-queue"].messages, 16, "the others are deleted")

	require.Equal(t, "InvalidArgument", queueCode(t, callQueue(t, s, http.MethodDelete, "test-queue/messages", handles(make([]string, 17)...))))
	require.Equal(t, "InvalidArgument", queueCode(t, callQueue(t, s, http.MethodDelete, "test-queue/messages", `<ReceiptHandles/>`)))
	for _, malformed := range []string{"", "{}", "<ReceiptHandles>", "<Other></Other>"} {
		require.Equal(t, "MalformedXML", queueCode(t, callQueue(t, s, http.MethodDelete, "test-queue/messages", malformed)), malformed)
	}
}

func TestWhatTheQueueAPIRefuses(t *testing.T) {
	t.Parallel()
	s := newServer(t, WithQueue("test-queue", 0))
	for target, want := range map[string]string{
		"GET other/messages":                                                "404 QueueNotExist",
		"GET other/messages?waitseconds=30":                                 "404 QueueNotExist",
		"GET other/messages?numOfMessages=1":                                "404 QueueNotExist",
		"DELETE other/messages?ReceiptHandle=8-x":                           "404 QueueNotExist",
		"PUT other/messages?ReceiptHandle=8-x&VisibilityTimeout=1":          "404 QueueNotExist",
		"GET test-queue/messages?waitseconds=31":                            "400 InvalidArgument",
		"GET test-queue/messages?waitseconds=-1":                            "400 InvalidArgument",
		"GET test-queue/messages?waitseconds=":                              "400 InvalidArgument",
		"GET test-queue/messages?waitseconds=1.5":                           "400 InvalidArgument",
		"GET test-queue/messages?numOfMessages=0":                           "400 InvalidArgument",
		"GET test-queue/messages?numOfMessages=17":                          "400 InvalidArgument",
		"GET test-queue/messages?numOfMessages=16":                          "404 MessageNotExist",
		"GET test-queue/messages?numOfMessages=x":                           "400 InvalidArgument",
		"GET test-queue/messages?a=%zz":                                     "400 InvalidQueryString",
		"GET test-queue/messages?peekonly=true":                             "400 InvalidRequestURL",
		"GET test-queue":                                                    "400 InvalidRequestURL",
		"POST test-queue/messages":                                          "400 InvalidRequestURL",
		"DELETE test-queue/messages?ReceiptHandle=":                         "400 MissingReceiptHandle",
		"PUT test-queue/messages?VisibilityTimeout=1":                       "400 MissingReceiptHandle",
		"PUT test-queue/messages?ReceiptHandle=8-x":                         "400 MissingVisibilityTimeout",
		"PUT test-queue/messages?ReceiptHandle=8-x&VisibilityTimeout=0":     "400 InvalidArgument",
		"PUT test-queue/messages?ReceiptHandle=8-x&VisibilityTimeout=43201": "400 InvalidArgument",
		"PUT test-queue/messages?ReceiptHandle=8-x&VisibilityTimeout=43200": "400 ReceiptHandleError",
		"PUT test-queue/messages?ReceiptHandle=8-x&VisibilityTimeout=3%2B":  "400 InvalidArgument",
		"GET test-queue/messages/":                                          "400 InvalidRequestURL",
	} {
		method, path, _ := strings.Cut(target, " ")
		r := callQueue(t, s, method, path, "")
		require.Equal(t, want, strconv.Itoa(r.status)+" "+queueCode(t, r), target)
	}
}

func TestManyReceiversGetEachMessageOnce(t *testing.T) {
	t.Parallel()
	s := newServer(t, WithQueue("test-queue", time.Hour))
	const count = 500
	var group sync.WaitGroup
	var mu sync.Mutex
	seen := make(map[string]int)
	for range 50 {
		group.Go(func() {
			for {
				r := callQueue(t, s, http.MethodGet, "test-queue/messages?waitseconds=30", "")
				var m queueMessage
				if r.status != http.StatusOK || xml.Unmarshal([]byte(r.text), &m) != nil {
					return
				}
				if m.MessageBody == "end" {
					return
				}
				callQueue(t, s, http.MethodDelete, "test-queue/messages?ReceiptHandle="+escaped(m.ReceiptHandle), "")
				mu.Lock()
				seen[m.MessageBody]++
				mu.Unlock()
			}
		})
	}
	for i := range count {
		s.SendToQueue("test-queue", []byte(strconv.Itoa(i)))
	}
	for range 50 {
		s.SendToQueue("test-queue", []byte("end"))
	}
	group.Wait()
	require.Len(t, seen, count)
	for body, times := range seen {
		require.Equal(t, 1, times, body)
	}
	require.Equal(t, []stateQueue{{"test-queue", 50, 50}}, get[controlState](t, s, "state").Queues)
}

func TestAQueueKeepsTheLastMessages(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	for i := range 100 {
		body := make([]byte, 1<<20-queuedOverhead)
		copy(body, strconv.Itoa(i)+" ")
		s.SendToQueue("test-queue", body)
	}
	q := s.queues["test-queue"]
	require.Len(t, q.messages, 64)
	require.LessOrEqual(t, q.bytes, maxQueueBytes)
	require.True(t, strings.HasPrefix(receiveOne(t, s).MessageBody, "36 "))
}
