package immtest

import (
	"context"
	"encoding/xml"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// The limits of the queue API.
const (
	maxQueueBatch      = 16
	maxWaitSeconds     = 30
	maxVisibilityRange = 43_200 // seconds
)

const queuePath = "/queues/"

// The operations of the queue API, as faults and Requests name them.
const (
	actionReceive          = "ReceiveMessage"
	actionBatchReceive     = "BatchReceiveMessage"
	actionDelete           = "DeleteMessage"
	actionBatchDelete      = "BatchDeleteMessage"
	actionChangeVisibility = "ChangeMessageVisibility"
)

// LongPollLimit answers the next requests of ReceiveMessage or BatchReceiveMessage,
// whichever the action names, as an empty queue does, and at once whatever their
// waitseconds: as MNS does for an account that has too many long polls open. Times 0 is one.
func LongPollLimit(action string, times int) Fault {
	f := messageNotExist()
	return Fault{Action: action, Times: times, Status: f.status, Code: f.code, Message: f.message}
}

// isQueue reports whether a request is for the queue API.
func (in *received) isQueue() bool { return strings.HasPrefix(in.url.Path, queuePath) }

// queueAction is the operation that a request to the queue API asks for, empty
// where it is none of those that are known.
func (in *received) queueAction() string {
	if !strings.HasSuffix(in.url.Path, "/messages") {
		return ""
	}
	query := in.url.Query()
	switch in.method {
	case http.MethodGet:
		switch {
		case queryHas(query, "peekonly"):
			return ""
		case queryHas(query, "numOfMessages"):
			return actionBatchReceive
		}
		return actionReceive
	case http.MethodDelete:
		if queryHas(query, "ReceiptHandle") {
			return actionDelete
		}
		return actionBatchDelete
	case http.MethodPut:
		return actionChangeVisibility
	}
	return ""
}

// queueGateway answers a request to the queue API in earnest.
func (s *Server) queueGateway(ctx context.Context, in *received) answer {
	requestID := newMNSRequestID()
	body, status, f := s.queueAnswer(ctx, in)
	if f == pollEnded {
		return cut()
	}
	if f != nil {
		return queueError(s.now(), requestID, in.host, f)
	}
	return xmlAnswer(s.now(), requestID, status, body)
}

func (s *Server) queueAnswer(ctx context.Context, in *received) (body []byte, status int, f *failure) {
	if f := s.authenticateQueue(in, s.now()); f != nil {
		return nil, 0, f
	}
	query, err := url.ParseQuery(in.url.RawQuery)
	if err != nil {
		return nil, 0, &failure{status: http.StatusBadRequest, code: "InvalidQueryString", message: "Http request contains invalid querystring item."}
	}
	name := strings.TrimSuffix(strings.TrimPrefix(in.url.Path, queuePath), "/messages")
	switch in.queueAction() {
	case actionReceive:
		return s.receiveMessages(ctx, name, 1, query, false)
	case actionBatchReceive:
		n, f := wholeNumber(query, "numOfMessages", 1, maxQueueBatch)
		if f != nil {
			return nil, 0, f
		}
		return s.receiveMessages(ctx, name, n, query, true)
	case actionDelete:
		return s.deleteMessage(name, queryValue(query, "ReceiptHandle"))
	case actionBatchDelete:
		return s.deleteMessages(name, in.body)
	case actionChangeVisibility:
		return s.changeVisibility(name, query)
	}
	return nil, 0, &failure{
		status: http.StatusBadRequest, code: "InvalidRequestURL",
		message: "Http request URL format invalid. The emulator knows GET, DELETE and PUT of /queues/QUEUE/messages.",
	}
}

// receiveMessages is a long poll: it answers as soon as there is a message.
func (s *Server) receiveMessages(ctx context.Context, name string, n int, query url.Values, batch bool) ([]byte, int, *failure) {
	seconds := 0
	if queryHas(query, "waitseconds") {
		var f *failure
		if seconds, f = wholeNumber(query, "waitseconds", 0, maxWaitSeconds); f != nil {
			return nil, 0, f
		}
	}
	messages, f := s.poll(ctx, name, n, time.Duration(seconds)*time.Second)
	switch {
	case f != nil:
		return nil, 0, f
	case len(messages) == 0:
		return nil, 0, messageNotExist()
	case !batch:
		w := newXML("Message")
		messages[0].write(w)
		return w.end("Message"), http.StatusOK, nil
	}
	w := newXML("Messages")
	for i := range messages {
		w.open("Message")
		messages[i].write(w)
		w.close("Message")
	}
	return w.end("Messages"), http.StatusOK, nil
}

// pollEnded is no answer: the request or the server ended before there was one.
var pollEnded = &failure{}

// poll returns up to n messages, and none once the time is over.
func (s *Server) poll(ctx context.Context, name string, n int, wait time.Duration) ([]queued, *failure) {
	deadline := s.now().Add(wait)
	for {
		s.mu.Lock()
		q := s.queues[name]
		if q == nil {
			s.mu.Unlock()
			return nil, queueNotExist()
		}
		now := s.now()
		messages, arrived := q.take(now, n), q.arrived
		until := deadline
		if visible, ok := q.nextVisible(); ok && visible.Before(until) {
			until = visible
		}
		s.mu.Unlock()
		if len(messages) > 0 || !now.Before(deadline) {
			return messages, nil
		}
		if !s.waitFor(ctx, arrived, until.Sub(now)) {
			return nil, pollEnded
		}
	}
}

// waitFor returns true once something arrived or d is over, and false as soon as
// ctx or the server ends.
func (s *Server) waitFor(ctx context.Context, arrived <-chan struct{}, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-arrived:
		return true
	case <-ctx.Done():
	case <-s.done:
	}
	return false
}

func (s *Server) deleteMessage(name, handle string) ([]byte, int, *failure) {
	if handle == "" {
		return nil, 0, missingReceiptHandle()
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	q := s.queues[name]
	if q == nil {
		return nil, 0, queueNotExist()
	}
	m, f := q.held(handle, s.now())
	if f != nil {
		return nil, 0, f
	}
	q.remove(m)
	return nil, http.StatusNoContent, nil
}

// deleteMessages deletes those that can be deleted, and answers with the others.
func (s *Server) deleteMessages(name string, body []byte) ([]byte, int, *failure) {
	var asked struct {
		XMLName xml.Name `xml:"ReceiptHandles"`
		Handles []string `xml:"ReceiptHandle"`
	}
	if err := xml.Unmarshal(body, &asked); err != nil {
		return nil, 0, &failure{status: http.StatusBadRequest, code: "MalformedXML", message: "The XML you provided was not well-formed."}
	}
	if n := len(asked.Handles); n == 0 || n > maxQueueBatch {
		return nil, 0, outOfRange("ReceiptHandles", 1, maxQueueBatch)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	q := s.queues[name]
	if q == nil {
		return nil, 0, queueNotExist()
	}
	w, failed := newXML("Errors"), false
	for _, handle := range asked.Handles {
		m, f := q.held(handle, s.now())
		if f == nil {
			q.remove(m)
			continue
		}
		failed = true
		w.open("Error")
		w.element("ErrorCode", f.code)
		w.element("ErrorMessage", f.message)
		w.element("ReceiptHandle", handle)
		w.close("Error")
	}
	if failed {
		return w.end("Errors"), http.StatusNotFound, nil
	}
	return nil, http.StatusNoContent, nil
}

func (s *Server) changeVisibility(name string, query url.Values) ([]byte, int, *failure) {
	handle := queryValue(query, "ReceiptHandle")
	switch {
	case handle == "":
		return nil, 0, missingReceiptHandle()
	case !queryHas(query, "VisibilityTimeout"):
		return nil, 0, &failure{status: http.StatusBadRequest, code: "MissingVisibilityTimeout", message: "VisibilityTimeout is required."}
	}
	seconds, f := wholeNumber(query, "VisibilityTimeout", 1, maxVisibilityRange)
	if f != nil {
		return nil, 0, f
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	q := s.queues[name]
	if q == nil {
		return nil, 0, queueNotExist()
	}
	now := s.now()
	m, f := q.held(handle, now)
	if f != nil {
		return nil, 0, f
	}
	q.hide(m, now.Add(time.Duration(seconds)*time.Second))
	q.signal() // it may be earlier than those who wait expect
	w := newXML("ChangeVisibility")
	w.element("ReceiptHandle", m.handle)
	w.element("NextVisibleTime", epochMillis(m.visible))
	return w.end("ChangeVisibility"), http.StatusOK, nil
}

// write writes what is in the element of a message.
func (m *queued) write(w *xmlWriter) {
	w.element("MessageId", m.id)
	w.element("ReceiptHandle", m.handle)
	w.element("MessageBodyMD5", upperMD5(m.body))
	w.element("MessageBody", string(m.body))
	w.element("EnqueueTime", epochMillis(m.enqueued))
	w.element("NextVisibleTime", epochMillis(m.visible))
	w.element("FirstDequeueTime", epochMillis(m.first))
	w.element("DequeueCount", strconv.Itoa(m.received))
	w.element("Priority", "8")
}

func epochMillis(t time.Time) string { return strconv.FormatInt(t.UnixMilli(), 10) }

// queryHas and queryValue find a parameter whatever its case: the documentation
// writes receiptHandle and ReceiptHandle.
func queryHas(query url.Values, name string) bool {
	for key := range query {
		if strings.EqualFold(key, name) {
			return true
		}
	}
	return false
}

func queryValue(query url.Values, name string) string {
	for key, values := range query {
		if strings.EqualFold(key, name) {
			return values[0]
		}
	}
	return ""
}

func wholeNumber(query url.Values, name string, low, high int) (int, *failure) {
	n, err := strconv.Atoi(queryValue(query, name))
	if err != nil || n < low || n > high {
		return 0, outOfRange(name, low, high)
	}
	return n, nil
}

func outOfRange(name string, low, high int) *failure {
	return &failure{
		status: http.StatusBadRequest, code: "InvalidArgument",
		message: fmt.Sprintf("The value of %s should between %d and %d.", name, low, high),
	}
}
