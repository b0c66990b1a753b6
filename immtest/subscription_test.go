package immtest

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/imm-go/imm"
)

func TestASubscriptionThatMakesNoSenseIsRefused(t *testing.T) {
	t.Parallel()
	h := http.NotFoundHandler()
	for want, sub := range map[string]Subscription{
		"nowhere to go":                     {},
		"both a Queue and a URL":            {Queue: "q", URL: "http://localhost"},
		"both a Queue and a URL or Handler": {Queue: "q", Handler: h},
		"cannot be read":                    {URL: "http://local host\x7f/"},
		`"localhost:8080"`:                  {URL: "localhost:8080"},
		`"ftp://localhost"`:                 {URL: "ftp://localhost"},
		`"http:///path"`:                    {URL: "http:///path"},
		"a user or a fragment":              {URL: "http://user:s3cret@localhost"},
		"or a fragment":                     {URL: "http://localhost/#a", Handler: h},
		"Queue":                             {Queue: "a/b"},
		"Name":                              {URL: "http://localhost", Name: "a b"},
		"Format 3":                          {URL: "http://localhost", Format: 3},
		"Format -1":                         {URL: "http://localhost", Format: -1},
		"Strategy 2":                        {URL: "http://localhost", Strategy: 2},
		"Retries[1] is -1s":                 {URL: "http://localhost", Retries: []time.Duration{0, -time.Second}},
	} {
		s := newServer(t)
		err := s.Subscribe("test-topic", sub)
		require.ErrorContains(t, err, want)
		require.NotContains(t, err.Error(), "s3cret")
		require.Equal(t, err, sub.Validate())
		require.Empty(t, s.Subscriptions())
		require.Panics(t, func() { NewServer(WithSubscription("test-topic", sub)) })
	}
	s := newServer(t)
	for _, name := range []string{"", "a/b", "a b", "é", "a\n", strings.Repeat("a", 256)} {
		require.ErrorContains(t, s.Subscribe(name, Subscription{URL: "http://localhost"}), "topic")
		require.Panics(t, func() { NewServer(WithQueue(name, 0)) })
	}
	require.NoError(t, s.Subscribe("t", Subscription{Name: "a", URL: "http://localhost"}))
	require.ErrorContains(t, s.Subscribe("t", Subscription{Name: "a", Handler: h}), "has a subscription a already")
	require.NoError(t, s.Subscribe("other", Subscription{Name: "a", URL: "http://localhost"}), "another topic has other names")
}

func TestATargetThatMakesNoSenseIsRefused(t *testing.T) {
	t.Parallel()
	for want, target := range map[string]EventBridgeTarget{
		"nowhere to go":       {Token: "s3cret"},
		`"localhost"`:         {URL: "localhost"},
		"Token":               {URL: "http://localhost", Token: "s3cret\n"},
		"Token has":           {URL: "http://localhost", Token: "s3cret é"},
		"Region":              {URL: "http://localhost", Region: "cn.hangzhou/"},
		"Name":                {URL: "http://localhost", Name: "a b"},
		"Retries[0] is -1ns;": {URL: "http://localhost", Retries: []time.Duration{-1}},
	} {
		s := newServer(t)
		err := s.AddEventBridge(target)
		require.ErrorContains(t, err, want)
		require.NotContains(t, err.Error(), "s3cret")
		require.Equal(t, err, target.Validate())
		require.Panics(t, func() { NewServer(WithEventBridge(target)) })
	}
	s := newServer(t, WithEventBridge(EventBridgeTarget{Name: "a", URL: "http://localhost"}))
	require.ErrorContains(t, s.AddEventBridge(EventBridgeTarget{Name: "a", URL: "http://localhost"}), "target a already")
	require.NoError(t, s.AddEventBridge(EventBridgeTarget{URL: "http://localhost"}))
	require.Equal(t, "target-1", s.Subscriptions()[1].Name)
}

func TestASubscriptionToAQueuePutsMessagesIntoItInItsFormat(t *testing.T) {
	t.Parallel()
	for format, envelope := range map[NotifyFormat]imm.Envelope{NotifyXML: imm.EnvelopeMNSXML, NotifyJSON: imm.EnvelopeMNSJSON, NotifySimplified: ""} {
		s := newServer(t, WithIndexDelay(0), WithSubscription("test-topic", Subscription{Queue: "test-queue", Format: format}))
		ask(t, s, "IndexFileMeta", inDataset("File", `{"URI":"oss://test-bucket/a<b>&"}`, "Notification", `{"MNS":{"TopicName":"test-topic"}}`))
		require.NoError(t, s.WaitDelivered(t.Context()))
		body := receiveOne(t, s).MessageBody
		messages, err := imm.ParseIndexMessages(nil, []byte(body))
		require.NoError(t, err, body)
		require.Equal(t, "oss://test-bucket/a<b>&", messages[0].Files[0].URI)
		if envelope == "" {
			require.Empty(t, messages[0].Envelopes)
			require.Equal(t, string(s.Messages("test-topic")[0]), body)
		} else {
			require.Equal(t, []imm.Envelope{envelope}, messages[0].Envelopes)
		}
		require.Equal(t, []SubscriptionState{{Topic: "test-topic", Name: "subscription-1", Endpoint: "queue:test-queue", Delivered: 1, Attempts: 1}}, s.Subscriptions())
	}
}

func TestOnlyTheMessagesOfItsTopicOfMNSReachASubscription(t *testing.T) {
	t.Parallel()
	r := new(receiver)
	s := newServer(t, WithIndexDelay(0), WithSubscription("test-topic", simplified(r)), WithMessageFormat(MessageWrapped))
	for _, notification := range []string{
		`{"MNS":{"TopicName":"other"}}`, `{"RocketMQ":{"InstanceId":"i","TopicName":"test-topic"}}`, `{"MNS":{"TopicName":"test-topic"}}`,
	} {
		ask(t, s, "IndexFileMeta", inDataset("File", `{"URI":"oss://test-bucket/a"}`, "Notification", notification))
		require.NoError(t, s.WaitDelivered(t.Context()))
	}
	require.Len(t, s.Messages("test-topic"), 2)
	require.Equal(t, []string{string(s.Messages("test-topic")[1])}, r.bodies())
	messages, err := imm.ParseIndexMessages(r.all()[0].header, []byte(r.bodies()[0]))
	require.NoError(t, err)
	require.Equal(t, []imm.Envelope{imm.EnvelopeMNSSimplified, imm.EnvelopeIMM}, messages[0].Envelopes)
	require.Equal(t, r.all()[0].header.Get("x-mns-message-id"), messages[0].MessageID)
}
