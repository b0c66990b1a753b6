package immtest

import (
	"context"
	"encoding/json"
	"fmt"
	"math"
	"net/http"
	"net/url"
	"strconv"
	"time"
)

// maxControlWait is the longest time that a request for messages may wait. It is
// below the minute after which proxies and clients like to give up.
const maxControlWait = 50 * time.Second

// controlMessages answers with the messages of a topic as JSON values, so that a
// test reads message[0]["Files"] at once. With wait it is a long poll: it answers
// as soon as there is a message behind the first that after leaves out, and with
// an empty array when the time is over.
func (s *Server) controlMessages(r *http.Request) controlAnswer {
	query, refusal := controlQuery(r, "topic", "after", "wait")
	if refusal != nil {
		return *refusal
	}
	topicName := query.Get("topic")
	if topicName == "" {
		return controlRefusal(http.StatusBadRequest, "The parameter topic is missing: it names the topic whose messages are asked for.")
	}
	after := 0
	if text := query.Get("after"); text != "" {
		n, err := strconv.Atoi(text)
		if err != nil || n < 0 {
			return controlRefusal(http.StatusBadRequest, "The parameter after is how many of the first messages to leave out: a whole number from 0.")
		}
		after = n
	}
	wait, refusal := controlWait(query)
	if refusal != nil {
		return *refusal
	}
	values := []json.RawMessage{}
	for _, message := range s.messagesAfter(r.Context(), topicName, after, wait) {
		values = append(values, jsonValue(message))
	}
	return controlOK(values)
}

// controlWait is how long a request may wait, zero where it does not say.
func controlWait(query url.Values) (time.Duration, *controlAnswer) {
	text := query.Get("wait")
	if text == "" {
		return 0, nil
	}
	seconds, err := strconv.ParseFloat(text, 64)
	if err != nil || math.IsNaN(seconds) || seconds < 0 || seconds > maxControlWait.Seconds() {
		a := controlRefusal(http.StatusBadRequest, fmt.Sprintf("The parameter wait is a number of seconds from 0 to %v.", maxControlWait.Seconds()))
		return 0, &a
	}
	return time.Duration(seconds * float64(time.Second)), nil
}

// jsonValue is a message as a JSON value: the object that it is, or text where it
// is not JSON.
func jsonValue(message []byte) json.RawMessage {
	if json.Valid(message) {
		return message
	}
	return encodeJSON(string(message))
}

// messagesAfter returns the messages behind the first n, and waits for one where
// there is none.
func (s *Server) messagesAfter(ctx context.Context, topicName string, n int, wait time.Duration) [][]byte {
	ctx, cancel := context.WithTimeout(ctx, wait)
	defer cancel()
	for {
		s.mu.Lock()
		t := s.topic(topicName)
		if messages := t.after(n); len(messages) > 0 {
			s.mu.Unlock()
			return messages
		}
		arrived := t.arrived
		s.mu.Unlock()
		select {
		case <-arrived:
		case <-ctx.Done():
			return nil
		case <-s.done:
			return nil
		}
	}
}
