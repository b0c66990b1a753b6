package notify

import (
	"context"
	"io"
	"net/http"
	"net/http/httptrace"
	"net/http/httputil"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/imm-go/imm"
	"github.com/imm-go/imm/internal/transport"
)

// queueWire answers each request from a file, and keeps the bytes that were sent.
type queueWire struct {
	t       *testing.T
	sent    strings.Builder
	answers map[string]string // the file for each action
}

func (w *queueWire) RoundTrip(req *http.Request) (*http.Response, error) {
	bytes, err := httputil.DumpRequestOut(req, true)
	require.NoError(w.t, err)
	w.sent.Write(bytes)
	w.sent.WriteString("\n----\n")
	status := http.StatusNoContent
	var body []byte
	if file := w.answers[queueFakeAction(req)]; file != "" {
		status = http.StatusOK
		body = queueTestdata(w.t, file)
	}
	return queueReply(status, string(body)), nil
}

func queueTestdata(t *testing.T, file string) []byte {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("testdata", file))
	require.NoError(t, err)
	return data
}

// TestTheBytesOnTheWireAreTheDocumentedOnes compares all four requests, whose
// signatures were computed with another program.
func TestTheBytesOnTheWireAreTheDocumentedOnes(t *testing.T) {
	t.Parallel()
	golden := string(queueTestdata(t, "queue_requests.txt"))
	synctest.Test(t, func(t *testing.T) {
		wire := &queueWire{t: t, answers: map[string]string{"BatchReceiveMessage": "queue_messages.xml", "ChangeMessageVisibility": "queue_visibility.xml"}}
		r, err := NewQueueReceiver(queueHost, queueName, queueStatic, handled, WithHTTPClient(&http.Client{Transport: wire}))
		require.NoError(t, err)
		ctx := t.Context()
		got, res := r.api.receive(ctx, 16, 30*time.Second)
		require.NoError(t, res.Err)
		require.Equal(t, []queueMessage{
			{id: "5F290C926D472878-2-14D9529A8FA-200000001", handle: "1-a+b/=", body: []byte(`{"Success":true,"UserData":"a <b> & \"c\""}`), attempts: 1, enqueued: time.UnixMilli(946684799000).UTC(), visible: time.UnixMilli(946684830000).UTC()},
			{id: "5F290C926D472878-2-14D9529A8FA-200000002", handle: "1-c", body: []byte("aGVsbG8="), attempts: 7, enqueued: time.UnixMilli(946684799000).UTC(), visible: time.UnixMilli(946684830000).UTC(), damaged: true},
		}, got.messages)
		require.Empty(t, r.api.remove(ctx, []string{"1-a+b/="}))
		require.Empty(t, r.api.remove(ctx, []string{"1-a+b/=", "1-<c>&"}))
		handle, res := r.api.extend(ctx, "1-a+b/=", time.Minute)
		require.NoError(t, res.Err)
		require.Equal(t, "1-ODU4OTkzNDU5NC0xNDMyNzI5OTU3LTItOA==", handle)
		agent := transport.UserAgent()
		require.Contains(t, agent, runtime.GOOS)
		require.Equal(t, golden, strings.ReplaceAll(strings.ReplaceAll(wire.sent.String(), agent, "{user agent}"), "\r\n", "\n"))
	})
}

func TestTheSignatureCoversWhatDecidesTheRequest(t *testing.T) {
	t.Parallel()
	header := func() http.Header {
		return http.Header{"Date": {"Sat, 01 Jan 2000 00:00:00 GMT"}, "Content-Type": {"text/xml;charset=utf-8"}, "X-Mns-Version": {"2015-06-06"}}
	}
	const resource = "/queues/index-messages/messages?numOfMessages=16&waitseconds=30"
	const want = "jDQBfTPkbbbDJDCZetem6RnGLXo="
	require.Equal(t, want, queueSignature("testsecret", "GET", resource, header()))
	for name, change := range map[string]func(h http.Header){
		"the date":        func(h http.Header) { h.Set("Date", "Sat, 01 Jan 2000 00:00:01 GMT") },
		"the type":        func(h http.Header) { h.Del("Content-Type") },
		"the MD5":         func(h http.Header) { h.Set("Content-MD5", "x") },
		"another version": func(h http.Header) { h.Set("X-Mns-Version", "2014-07-08") },
		"another header":  func(h http.Header) { h.Set("X-Mns-Other", "1") },
	} {
		h := header()
		change(h)
		require.NotEqual(t, want, queueSignature("testsecret", "GET", resource, h), name)
	}
	h := header()
	h.Set("Security-Token", "not signed")
	h.Set("User-Agent", "not signed")
	require.Equal(t, want, queueSignature("testsecret", "GET", resource, h))
	require.NotEqual(t, want, queueSignature("testsecre", "GET", resource, header()))
	require.NotEqual(t, want, queueSignature("testsecret", "PUT", resource, header()))
	require.NotEqual(t, want, queueSignature("testsecret", "GET", resource+"0", header()))
}

// TestEachAttemptIsSignedAnew shows that a repeat is another request.
func TestEachAttemptIsSignedAnew(t *testing.T) {
	inQueue(t, func(t *testing.T, f *queueFake) {
		f.fail(queueFault{action: "BatchReceiveMessage", times: 2, answer: queueAnswers(500, "InternalError")})
		r := f.receiver(t, queueStatic, handled, WithRetry(imm.RetryPolicy{BaseDelay: time.Hour, MaxDelay: time.Hour}))
		_, res := r.api.receive(context.Background(), 1, 0)
		require.NoError(t, res.Err)
		require.Equal(t, 3, res.Attempts)
		asked := f.asked("BatchReceiveMessage")
		for i, r := range asked {
			date, err := http.ParseTime(r.header.Get("Date"))
			require.NoError(t, err)
			require.Equal(t, r.at.Unix(), date.Unix())
			if i > 0 {
				before := asked[i-1].header
				require.Equal(t, before.Get("Date") == r.header.Get("Date"), before.Get("Authorization") == r.header.Get("Authorization"))
			}
		}
	})
}

func TestTheEndOfTheContextIsNamedWithTheLastAnswer(t *testing.T) {
	inQueue(t, func(t *testing.T, f *queueFake) {
		f.fail(queueFault{action: "BatchReceiveMessage", times: 9, answer: queueAnswers(500, "InternalError")})
		r := f.receiver(t, queueStatic, handled, WithRetry(imm.RetryPolicy{BaseDelay: time.Hour, MaxDelay: time.Hour}))
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		_, res := r.api.receive(ctx, 1, 0)
		require.ErrorIs(t, res.Err, context.DeadlineExceeded)
		require.ErrorIs(t, res.Err, imm.ErrUnavailable)
		require.ErrorContains(t, res.Err, "InternalError")
		cancel()
		_, res = r.api.receive(ctx, 1, 0)
		require.Equal(t, context.Canceled, res.Err)
	})
}

// queueIdle is a transport whose idle connections have broken.
type queueIdle struct {
	*queueFake
	closed int
}

func (q *queueIdle) RoundTrip(req *http.Request) (*http.Response, error) {
	hooks := httptrace.ContextClientTrace(req.Context())
	hooks.GetConn("host:443")
	hooks.GotConn(httptrace.GotConnInfo{Reused: q.closed == 0})
	if q.closed == 0 {
		return nil, io.EOF
	}
	return q.queueFake.RoundTrip(req)
}

func (q *queueIdle) CloseIdleConnections() { q.closed++ }

func TestAnIdleConnectionThatBrokeIsReplacedAtOnce(t *testing.T) {
	inQueue(t, func(t *testing.T, f *queueFake) {
		idle := &queueIdle{queueFake: f}
		f.send(queueIndexed("a"))
		begin := time.Now()
		stop := f.run(t, handled, WithHTTPClient(&http.Client{Transport: idle}))
		synctest.Wait()
		require.Empty(t, f.left())
		require.Equal(t, begin, time.Now())
		require.NoError(t, stop())
		require.Equal(t, 1, idle.closed, "and the user's connections stay when Run ends")
	})
}
