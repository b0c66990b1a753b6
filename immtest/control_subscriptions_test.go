package immtest

import (
	"context"
	"net/http"
	"net/http/httptest"
	"net/url"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
)

func TestSubscriptionsAreMadeAndListedByControlEndpoints(t *testing.T) {
	t.Parallel()
	r := new(receiver)
	listener := httptest.NewServer(r)
	t.Cleanup(listener.Close)
	s := newServer(t, WithIndexDelay(0))
	require.Equal(t, "[]\n", control(s, http.MethodGet, "subscriptions", "").Body.String())
	list := decoded[[]SubscriptionState](t, control(s, http.MethodPost, "subscriptions",
		`{"Topic":"test-topic","Name":"mine","URL":"`+listener.URL+`/a","Format":"simplified","Strategy":"exponential","Retries":["1ms","2s"]}`))
	require.Equal(t, []SubscriptionState{{Topic: "test-topic", Name: "mine", Endpoint: listener.URL + "/a"}}, list)
	decoded[[]any](t, control(s, http.MethodPost, "subscriptions", `{"Topic":"test-topic","Queue":"test-queue"}`))
	list = decoded[[]SubscriptionState](t, control(s, http.MethodPost, "targets",
		`{"Name":"bus","URL":"`+listener.URL+`/b","Token":"s3cret","Region":"cn-beijing","Retries":[]}`))
	require.Len(t, list, 3)

	ask(t, s, "IndexFileMeta", inDataset("File", `{"URI":"oss://test-bucket/a"}`, "Notification", `{"MNS":{"TopicName":"test-topic"}}`))
	list = get[[]SubscriptionState](t, s, "subscriptions?wait=30")
	require.Equal(t, []SubscriptionState{
		{Topic: "test-topic", Name: "mine", Endpoint: listener.URL + "/a", Delivered: 1, Attempts: 1},
		{Topic: "test-topic", Name: "subscription-1", Endpoint: "queue:test-queue", Delivered: 1, Attempts: 1},
		{Name: "bus", Endpoint: listener.URL + "/b", Delivered: 1, Attempts: 1},
	}, list)
	require.NotContains(t, control(s, http.MethodGet, "subscriptions", "").Body.String(), "s3cret")
	require.Len(t, r.all(), 2)
	require.Equal(t, []stateQueue{{"test-queue", 1, 0}}, get[controlState](t, s, "state").Queues)
	for _, p := range r.all() {
		if p.uri == "/a" {
			require.NoError(t, p.verify(func(_ context.Context, location string) ([]byte, error) {
				w := control(s, http.MethodGet, "certificate?url="+url.QueryEscape(location), "")
				require.Equal(t, "application/x-pem-file", w.Header().Get("Content-Type"))
				return w.Body.Bytes(), nil
			}))
		}
	}
	s.Close()
}

func TestWaitingForDeliveriesByControlEndpointEndsWithItsTime(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newServer(t, WithSubscription("test-topic", Subscription{Handler: new(hanging)}))
		s.Publish("test-topic", "", []byte("text"))
		start := time.Now()
		require.Equal(t, 1, get[[]SubscriptionState](t, s, "subscriptions?wait=4")[0].Pending)
		require.Equal(t, 4*time.Second, time.Since(start))
		require.Contains(t, refused(t, control(s, http.MethodGet, "subscriptions?wait=51", ""), http.StatusBadRequest), "from 0 to 50")
	})
}

func TestASubscriptionByScriptThatMakesNoSenseIsRefused(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	for _, c := range []struct{ path, body, want string }{
		{"subscriptions", ``, "the body is empty"},
		{"subscriptions", `{`, "The subscription is JSON"},
		{"subscriptions", `[]`, "array"},
		{"subscriptions", `{"Topic":"t","URL":"http://localhost"} {}`, "something follows"},
		{"subscriptions", `{"Topics":"t"}`, "Topics"},
		{"subscriptions", `{"URL":"http://localhost"}`, `the topic "" cannot be subscribed to`},
		{"subscriptions", `{"Topic":"t"}`, "nowhere to go"},
		{"subscriptions", `{"Topic":"t","URL":"localhost"}`, `"localhost"`},
		{"subscriptions", `{"Topic":"t","Queue":"q","Format":"yaml"}`, `"yaml" is none of xml, json, simplified`},
		{"subscriptions", `{"Topic":"t","Queue":"q","Strategy":"never"}`, `"never" is none of backoff, exponential`},
		{"subscriptions", `{"Topic":"t","Queue":"q","Retries":[1]}`, `"250ms"`},
		{"subscriptions", `{"Topic":"t","Queue":"q","Retries":["-1s"]}`, "Retries[0]"},
		{"targets", ``, "the body is empty"},
		{"targets", `{}`, "nowhere to go"},
		{"targets", `{"URL":"http://localhost","Region":"x y"}`, "Region"},
		{"targets", `{"Topic":"t"}`, "Topic"},
	} {
		require.Contains(t, refused(t, control(s, http.MethodPost, c.path, c.body), http.StatusBadRequest), c.want, c.body)
	}
	require.Empty(t, s.Subscriptions())
	require.Empty(t, s.queues)
	require.Contains(t, refused(t, control(s, http.MethodGet, "certificate", ""), http.StatusNotFound), "mns-cert")
}

func TestADeliveryFaultByScriptIsTheSameAsOneByMethod(t *testing.T) {
	t.Parallel()
	require.Equal(t, fieldNames[DeliveryFault](), fieldNames[controlDeliveryFault](), "every field can be scripted")
	s := newServer(t)
	s.Inject(Throttle(1, 0))
	w := control(s, http.MethodPost, "deliveryfaults", `[
		{"Topic":"t","Subscription":"s","Times":-1,"Share":0.2,"Duplicate":true,"Delay":"250ms","Reorder":true,
		 "WrongSignature":true,"WrongBody":true,"DateOffset":"-1h","CertificateURL":"https://evil.example.com/"},
		{"Lose":true}
	]`)
	require.Equal(t, []DeliveryFault{
		{
			Topic: "t", Subscription: "s", Times: -1, Share: 0.2, Duplicate: true, Delay: 250 * time.Millisecond, Reorder: true,
			WrongSignature: true, WrongBody: true, DateOffset: -time.Hour, CertificateURL: "https://evil.example.com/",
		},
		{Lose: true, Times: 1},
	}, s.deliveries.faults)
	pending := decoded[[]controlDeliveryFault](t, w)
	require.Equal(t, pending, get[[]controlDeliveryFault](t, s, "deliveryfaults"))
	before := s.deliveries.faults
	require.Equal(t, "[]\n", control(s, http.MethodDelete, "deliveryfaults", "").Body.String())
	require.Empty(t, s.deliveries.faults)
	require.Len(t, s.faults, 1, "faults of requests stay")
	decoded[[]any](t, control(s, http.MethodPost, "deliveryfaults", w.Body.String()))
	require.Equal(t, before, s.deliveries.faults, "what is read can be sent again")
	decoded[[]any](t, control(s, http.MethodDelete, "faults", ""))
	require.Empty(t, s.deliveries.faults, "as ClearFaults does")
}

func TestADeliveryFaultThatMakesNoSenseIsRefusedByItsField(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	for body, want := range map[string]string{
		``:                                      "empty",
		`[]`:                                    "empty",
		`{}`:                                    "nothing in it fails",
		`{"Times":3}`:                           "nothing in it fails",
		`[{"Lose":true},{"Topic":"t"}]`:         "Fault 2 of 2",
		`{"Lose":true,"Delay":"1s"}`:            "nothing arrives",
		`{"Lose":true,"Times":-2}`:              "Times",
		`{"Lose":true,"Share":1.1}`:             "Share",
		`{"Lose":true,"Share":-0.1}`:            "Share",
		`{"Delay":"-1s"}`:                       "Delay is below zero",
		`{"Delay":1}`:                           `"250ms"`,
		`{"Loose":true}`:                        "Loose",
		`{"CertificateURL":"http://a b\u007f"}`: "CertificateURL",
	} {
		require.Contains(t, refused(t, control(s, http.MethodPost, "deliveryfaults", body), http.StatusBadRequest), want, body)
	}
	require.Empty(t, s.deliveries.faults)
}
