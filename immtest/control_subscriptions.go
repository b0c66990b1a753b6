package immtest

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strings"
	"time"
)

// controlSubscription is a Subscription of a topic in JSON, without a Handler.
type controlSubscription struct {
	Topic    string
	Name     string
	URL      string
	Queue    string
	Format   NotifyFormat
	Strategy RetryStrategy
	Retries  []controlDuration
}

// controlTarget is an EventBridgeTarget in JSON, without a Handler.
type controlTarget struct {
	Name    string
	URL     string
	Token   string
	Region  string
	Retries []controlDuration
}

// controlSubscriptions lists subscriptions and targets. With wait it answers once
// nothing is pending any more, or when the time is over.
func (s *Server) controlSubscriptions(r *http.Request) controlAnswer {
	query, refusal := controlQuery(r, "wait")
	if refusal != nil {
		return *refusal
	}
	wait, refusal := controlWait(query)
	if refusal != nil {
		return *refusal
	}
	ctx, cancel := context.WithTimeout(r.Context(), wait)
	defer cancel()
	_ = s.WaitDelivered(ctx) // what is pending then is in the answer
	return controlOK(s.Subscriptions())
}

// controlSubscribe does what Subscribe does.
func (s *Server) controlSubscribe(r *http.Request) controlAnswer {
	var c controlSubscription
	if refusal := controlDecode(r, &c, "The subscription is JSON with Topic, Name, URL or Queue, Format, Strategy and Retries"); refusal != nil {
		return *refusal
	}
	err := s.Subscribe(c.Topic, Subscription{
		Name: c.Name, URL: c.URL, Queue: c.Queue, Format: c.Format, Strategy: c.Strategy, Retries: durations(c.Retries),
	})
	return s.controlAdded(err)
}

// controlAddTarget does what AddEventBridge does.
func (s *Server) controlAddTarget(r *http.Request) controlAnswer {
	var c controlTarget
	if refusal := controlDecode(r, &c, "The target is JSON with Name, URL, Token, Region and Retries"); refusal != nil {
		return *refusal
	}
	err := s.AddEventBridge(EventBridgeTarget{Name: c.Name, URL: c.URL, Token: c.Token, Region: c.Region, Retries: durations(c.Retries)})
	return s.controlAdded(err)
}

func (s *Server) controlAdded(err error) controlAnswer {
	if err != nil {
		return controlRefusal(http.StatusBadRequest, "It is not accepted: "+strings.TrimPrefix(err.Error(), "immtest: ")+".")
	}
	return controlOK(s.Subscriptions())
}

// controlDecode reads one JSON object without unknown fields.
func controlDecode(r *http.Request, into any, about string) *controlAnswer {
	if _, refusal := controlQuery(r); refusal != nil {
		return refusal
	}
	body, refusal := controlBody(r, maxControlBody)
	if refusal != nil {
		return refusal
	}
	decoder := json.NewDecoder(bytes.NewReader(body))
	decoder.DisallowUnknownFields()
	err := decoder.Decode(into)
	if err == nil && len(bytes.TrimSpace(body[decoder.InputOffset():])) > 0 {
		err = errors.New("something follows the JSON")
	}
	if errors.Is(err, io.EOF) {
		err = errors.New("the body is empty")
	}
	if err != nil {
		a := controlRefusal(http.StatusBadRequest, about+": "+strings.TrimPrefix(err.Error(), "json: ")+".")
		return &a
	}
	return nil
}

// durations keeps nil apart from what is empty.
func durations(all []controlDuration) []time.Duration {
	if all == nil {
		return nil
	}
	out := make([]time.Duration, len(all))
	for i, d := range all {
		out[i] = time.Duration(d)
	}
	return out
}
