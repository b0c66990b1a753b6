package notify

import (
	"bytes"
	"context"
	"crypto/md5"
	"encoding/xml"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/imm-go/imm"
)

const (
	queueHost     = "https://1234567890123456.mns.cn-hangzhou.aliyuncs.com"
	queueName     = "index-messages"
	queueOwnVisib = 30 * time.Second // the VisibilityTimeout of the queue
)

var queueStatic = imm.StaticCredentials("testid", "testsecret", "")

// queueFake is a queue of MNS as a transport: in memory, so that it works in
// virtual time, and written from the documentation alone.
type queueFake struct {
	mu       sync.Mutex
	messages []*queueFakeMessage
	faults   []queueFault
	requests []queueFakeRequest
	handles  int
	changed  chan struct{} // closed when there may be something to receive
	ahead    time.Duration // of its clock
	log      bytes.Buffer
}

type queueFakeMessage struct {
	id, body, handle string
	digest           string // empty: that of the body
	visible, first   time.Time
	received         int
}

type queueFakeRequest struct {
	action string
	at     time.Time
	query  url.Values
	header http.Header
	body   string
}

// queueFault is what happens to the next request of an action instead.
type queueFault struct {
	action    string
	times     int // 0: one
	afterWork bool
	delay     time.Duration // of the real answer
	answer    queueAnswer
}

func newQueueFake() *queueFake { return &queueFake{changed: make(chan struct{})} }

func (f *queueFake) send(bodies ...string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, body := range bodies {
		f.messages = append(f.messages, &queueFakeMessage{id: "M-" + strconv.Itoa(len(f.messages)+1), body: body, visible: time.Now()})
	}
	f.wake()
}

func (f *queueFake) wake() { close(f.changed); f.changed = make(chan struct{}) }

func (f *queueFake) fail(faults ...queueFault) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.faults = append(f.faults, faults...)
}

func (f *queueFake) left() []string {
	f.mu.Lock()
	defer f.mu.Unlock()
	var bodies []string
	for _, m := range f.messages {
		bodies = append(bodies, m.body)
	}
	return bodies
}

// steal makes all messages visible to others, as if their time had passed.
func (f *queueFake) steal(received bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, m := range f.messages {
		f.handles++
		m.handle, m.visible = "stolen-"+strconv.Itoa(f.handles), time.Now()
		if received {
			m.visible = time.Now().Add(time.Hour)
		}
	}
	f.wake()
}

func (f *queueFake) asked(actions ...string) []queueFakeRequest {
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.DeleteFunc(slices.Clone(f.requests), func(r queueFakeRequest) bool { return !slices.Contains(actions, r.action) })
}

func (f *queueFake) RoundTrip(req *http.Request) (*http.Response, error) {
	var body []byte
	if req.Body != nil {
		var err error
		if body, err = io.ReadAll(req.Body); err != nil {
			return nil, err
		}
		_ = req.Body.Close()
	}
	r := queueFakeRequest{action: queueFakeAction(req), at: time.Now(), query: req.URL.Query(), header: req.Header, body: string(body)}
	f.mu.Lock()
	f.requests = append(f.requests, r)
	var fault *queueFault
	for i := range f.faults {
		if f.faults[i].action == r.action {
			found := f.faults[i]
			fault = &found
			if f.faults[i].times--; f.faults[i].times <= 0 {
				f.faults = slices.Delete(f.faults, i, i+1)
			}
			break
		}
	}
	f.mu.Unlock()
	if fault != nil && !fault.afterWork && fault.delay == 0 {
		return fault.answer(req)
	}
	resp := f.serve(req.Context(), r)
	if req.Context().Err() != nil {
		return nil, req.Context().Err()
	}
	if fault != nil && fault.afterWork {
		return fault.answer(req)
	}
	if fault != nil {
		<-time.After(fault.delay)
	}
	resp.Request = req
	resp.Header.Set("Date", time.Now().Add(f.ahead).UTC().Format(http.TimeFormat))
	return resp, nil
}

func queueFakeAction(req *http.Request) string {
	switch {
	case req.Method == http.MethodGet:
		return "BatchReceiveMessage"
	case req.Method == http.MethodPut:
		return "ChangeMessageVisibility"
	case req.URL.RawQuery != "":
		return "DeleteMessage"
	}
	return "BatchDeleteMessage"
}

func (f *queueFake) serve(ctx context.Context, r queueFakeRequest) *http.Response {
	date, err := http.ParseTime(r.header.Get("Date"))
	if err != nil || time.Now().Add(f.ahead).Sub(date).Abs() > 15*time.Minute {
		return queueRefusal(http.StatusRequestTimeout, "TimeExpired")
	}
	switch r.action {
	case "BatchReceiveMessage":
		return f.receive(ctx, r)
	case "ChangeMessageVisibility":
		f.mu.Lock()
		defer f.mu.Unlock()
		m := f.held(r.query.Get("ReceiptHandle"))
		if m == nil {
			return queueRefusal(http.StatusBadRequest, "ReceiptHandleError")
		}
		seconds, _ := strconv.Atoi(r.query.Get("VisibilityTimeout"))
		f.hand(m, time.Duration(seconds)*time.Second)
		f.wake()
		return queueReply(http.StatusOK, fmt.Sprintf(`<ChangeVisibility xmlns="http://mns.aliyuncs.com/doc/v1/"><ReceiptHandle>%s</ReceiptHandle><NextVisibleTime>%d</NextVisibleTime></ChangeVisibility>`,
			m.handle, m.visible.Add(f.ahead).UnixMilli()))
	case "DeleteMessage":
		f.mu.Lock()
		defer f.mu.Unlock()
		if !f.remove(r.query.Get("ReceiptHandle")) {
			return queueRefusal(http.StatusBadRequest, "ReceiptHandleError")
		}
		return queueReply(http.StatusNoContent, "")
	}
	var in struct {
		Handles []string `xml:"ReceiptHandle"`
	}
	_ = xml.Unmarshal([]byte(r.body), &in)
	f.mu.Lock()
	defer f.mu.Unlock()
	var failed []string
	for _, handle := range in.Handles {
		if !f.remove(handle) {
			failed = append(failed, handle, "ReceiptHandleError")
		}
	}
	if failed != nil {
		return queueReply(http.StatusNotFound, queueErrors(failed...))
	}
	return queueReply(http.StatusNoContent, "")
}

func (f *queueFake) receive(ctx context.Context, r queueFakeRequest) *http.Response {
	n, _ := strconv.Atoi(r.query.Get("numOfMessages"))
	wait, _ := strconv.Atoi(r.query.Get("waitseconds"))
	end := time.NewTimer(time.Duration(wait) * time.Second)
	defer end.Stop()
	for {
		f.mu.Lock()
		var b strings.Builder
		next := time.Hour
		for _, m := range f.messages {
			if until := time.Until(m.visible); until > 0 {
				next = min(next, until)
			} else if n > 0 {
				n--
				if f.hand(m, queueOwnVisib); m.received == 0 {
					m.first = time.Now()
				}
				m.received++
				b.WriteString(f.message(m))
			}
		}
		changed := f.changed
		f.mu.Unlock()
		if b.Len() > 0 {
			return queueReply(http.StatusOK, `<?xml version="1.0"?><Messages xmlns="http://mns.aliyuncs.com/doc/v1/">`+b.String()+`</Messages>`)
		}
		visible := time.NewTimer(next)
		select {
		case <-visible.C:
		case <-changed:
		case <-end.C:
			visible.Stop()
			return queueRefusal(http.StatusNotFound, "MessageNotExist")
		case <-ctx.Done():
			visible.Stop()
			return nil
		}
		visible.Stop()
	}
}

// hand gives a message a new handle.
func (f *queueFake) hand(m *queueFakeMessage, visibility time.Duration) {
	f.handles++
	m.handle = "1-" + strconv.Itoa(f.handles) + "+/="
	m.visible = time.Now().Add(visibility)
}

func (f *queueFake) held(handle string) *queueFakeMessage {
	for _, m := range f.messages {
		if m.handle == handle && time.Now().Before(m.visible) {
			return m
		}
	}
	return nil
}

func (f *queueFake) remove(handle string) bool {
	m := f.held(handle)
	f.messages = slices.DeleteFunc(f.messages, func(other *queueFakeMessage) bool { return other == m && m != nil })
	return m != nil
}

func (f *queueFake) message(m *queueFakeMessage) string {
	digest := m.digest
	if digest == "" {
		digest = fmt.Sprintf("%X", md5.Sum([]byte(m.body)))
	}
	var body strings.Builder
	_ = xml.EscapeText(&body, []byte(m.body))
	return fmt.Sprintf(`<Message><MessageId>%s</MessageId><ReceiptHandle>%s</ReceiptHandle><MessageBodyMD5>%s</MessageBodyMD5><MessageBody>%s</MessageBody>`+
		`<EnqueueTime>%d</EnqueueTime><NextVisibleTime>%d</NextVisibleTime><FirstDequeueTime>%d</FirstDequeueTime><DequeueCount>%d</DequeueCount><Priority>8</Priority></Message>`,
		m.id, m.handle, digest, body.String(), m.first.UnixMilli(), m.visible.Add(f.ahead).UnixMilli(), m.first.UnixMilli(), m.received)
}

// queueIndexed is the body of a message about one file.
func queueIndexed(userData string) string {
	return `{"ProjectName":"p","DatasetName":"d","RequestId":"R","Success":true,"UserData":"` + userData + `","Files":[{"URI":"oss://b/` + userData + `"}]}`
}

func queueBodies(n int) []string {
	bodies := make([]string, n)
	for i := range bodies {
		bodies[i] = queueIndexed(strconv.Itoa(i))
	}
	return bodies
}

// inQueue runs a test in a bubble of virtual time.
func inQueue(t *testing.T, test func(t *testing.T, f *queueFake)) {
	t.Helper()
	t.Parallel()
	synctest.Test(t, func(t *testing.T) { test(t, newQueueFake()) })
}

func (f *queueFake) receiver(t *testing.T, creds imm.CredentialsProvider, callback Callback, opts ...Option) *QueueReceiver {
	t.Helper()
	logger := slog.New(slog.NewTextHandler(&queueLockedWriter{&f.mu, &f.log}, &slog.HandlerOptions{Level: slog.LevelDebug}))
	opts = append([]Option{WithHTTPClient(&http.Client{Transport: f}), WithLogger(logger)}, opts...)
	r, err := NewQueueReceiver(queueHost, queueName, creds, callback, opts...)
	require.NoError(t, err)
	return r
}

type queueLockedWriter struct {
	mu *sync.Mutex
	w  io.Writer
}

func (l *queueLockedWriter) Write(data []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.w.Write(data)
}

func (f *queueFake) logged() string {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.log.String()
}

// run starts a receiver. The function that it returns ends it, and gives what Run
// returned.
func (f *queueFake) run(t *testing.T, callback Callback, opts ...Option) (stop func() error) {
	t.Helper()
	r := f.receiver(t, queueStatic, callback, opts...)
	return startQueue(t, r)
}

func startQueue(t *testing.T, r *QueueReceiver) (stop func() error) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- r.Run(ctx) }()
	return func() error {
		cancel()
		return <-done
	}
}

// queuePass lets virtual time pass.
func queuePass(d time.Duration) {
	<-time.After(d)
	synctest.Wait()
}
