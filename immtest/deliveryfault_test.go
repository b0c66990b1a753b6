package immtest

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
)

// simplified is a subscription whose bodies are the messages.
func simplified(h http.Handler) Subscription {
	return Subscription{Handler: h, Format: NotifySimplified}
}

// publish puts numbered messages onto the topic, each when the one before is
// through or waits.
func publish(s *Server, count int) {
	for i := range count {
		s.Publish("test-topic", "", []byte(strconv.Itoa(i+1)))
		synctest.Wait()
	}
}

func TestWhatEachDeliveryFaultDoes(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		faults []DeliveryFault
		want   string // the messages 1 to 4 as they arrive
		after  time.Duration
	}{
		"none":                          {nil, "1 2 3 4", 0},
		"lost":                          {[]DeliveryFault{{Lose: true}}, "2 3 4", 0},
		"two lost":                      {[]DeliveryFault{{Lose: true, Times: 2}}, "3 4", 0},
		"all lost":                      {[]DeliveryFault{{Lose: true, Times: -1}}, "", 0},
		"lost, with what is no more":    {[]DeliveryFault{{Lose: true, Duplicate: true, Delay: time.Hour, Reorder: true}}, "2 3 4", 0},
		"twice":                         {[]DeliveryFault{{Duplicate: true}}, "1 1 2 3 4", 0},
		"late":                          {[]DeliveryFault{{Delay: time.Minute}}, "2 3 4 1", time.Minute},
		"twice, the second one late":    {[]DeliveryFault{{Duplicate: true, Delay: time.Minute}}, "1 2 3 4 1", time.Minute},
		"overtaken":                     {[]DeliveryFault{{Reorder: true}}, "2 1 3 4", 0},
		"two overtaken":                 {[]DeliveryFault{{Reorder: true, Times: 2}}, "3 2 1 4", 0},
		"overtaken, after its delay":    {[]DeliveryFault{{Reorder: true, Delay: time.Minute}}, "2 3 4 1", time.Minute + time.Second},
		"one after another":             {[]DeliveryFault{{Lose: true}, {Duplicate: true}}, "2 2 3 4", 0},
		"of this subscription":          {[]DeliveryFault{{Subscription: "mine", Topic: "test-topic", Lose: true}}, "2 3 4", 0},
		"of another subscription":       {[]DeliveryFault{{Subscription: "other", Lose: true}}, "1 2 3 4", 0},
		"of another topic":              {[]DeliveryFault{{Topic: "other", Lose: true}}, "1 2 3 4", 0},
		"of another topic, then of any": {[]DeliveryFault{{Topic: "other", Lose: true}, {Lose: true}}, "2 3 4", 0},
	} {
		for _, queue := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s, by queue %t", name, queue), func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, func(t *testing.T) {
					r := new(receiver)
					sub := simplified(r)
					if queue {
						sub = Subscription{Queue: "test-queue", Format: NotifySimplified}
					}
					sub.Name = "mine"
					s := newServer(t, WithSubscription("test-topic", sub))
					s.InjectDelivery(c.faults...)
					start := time.Now()
					publish(s, 4)
					require.NoError(t, s.WaitDelivered(t.Context()))
					require.Equal(t, c.after, time.Since(start))
					got := strings.Join(r.bodies(), " ")
					if queue {
						got = queued4(t, s)
					}
					require.Equal(t, c.want, got)
					require.Len(t, s.Messages("test-topic"), 4, "the topic itself meets no fault")
					state := s.Subscriptions()[0]
					require.Equal(t, len(strings.Fields(c.want)), state.Delivered)
					require.Zero(t, state.Pending)
					require.Equal(t, state.Delivered+state.Failed, state.Attempts, "none was repeated")
					require.Equal(t, state.Failed > 0, state.LastError == "it was lost by a DeliveryFault")
				})
			})
		}
	}
}

// queued4 receives all that is in the queue.
func queued4(t *testing.T, s *Server) string {
	t.Helper()
	var all []string
	for {
		r := callQueue(t, s, http.MethodGet, "test-queue/messages", "")
		if r.status == http.StatusNotFound {
			return strings.Join(all, " ")
		}
		all = append(all, decodeXML[queueMessage](t, r, http.StatusOK).MessageBody)
	}
}

func TestRepeatsOfADuplicateDoNotDoubleAgain(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := new(refusing)
		s := newServer(t, WithSubscription("test-topic", Subscription{Handler: r}))
		s.InjectDelivery(DeliveryFault{Duplicate: true, Times: -1})
		publish(s, 1)
		require.NoError(t, s.WaitDelivered(t.Context()))
		require.Len(t, r.all(), 2*4)
		require.Equal(t, 2, s.Subscriptions()[0].Failed)
		require.Equal(t, 2*4, s.Subscriptions()[0].Attempts)
	})
}

func TestWhatNothingOvertakesArrivesAfterASecond(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := new(receiver)
		s := newServer(t, WithSubscription("test-topic", simplified(r)))
		s.InjectDelivery(DeliveryFault{Reorder: true, Times: -1})
		start := time.Now()
		publish(s, 4)
		require.NoError(t, s.WaitDelivered(t.Context()))
		require.Equal(t, time.Second, time.Since(start))
		require.ElementsMatch(t, []string{"1", "2", "3", "4"}, r.bodies())
	})
}

func TestAForgedPushIsForgedOnceAndItsRepeatIsRight(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		fault DeliveryFault
		want  string // the error of the verification; empty: none
		check func(t *testing.T, p *gotPush)
	}{
		"wrong signature": {DeliveryFault{WrongSignature: true}, "signature is wrong", nil},
		"wrong body":      {DeliveryFault{WrongBody: true}, "body is another", nil},
		"another certificate": {DeliveryFault{CertificateURL: "https://evil.example.com/x.pem"}, "no certificate is at", func(t *testing.T, p *gotPush) {
			require.Equal(t, "aHR0cHM6Ly9ldmlsLmV4YW1wbGUuY29tL3gucGVt", p.header.Get("x-mns-signing-cert-url"))
		}},
		"old date": {DeliveryFault{DateOffset: -time.Hour}, "", func(t *testing.T, p *gotPush) {
			require.Equal(t, p.at.Add(-time.Hour).UTC().Format(http.TimeFormat), p.header.Get("Date"))
		}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				r := &receiver{statuses: []int{http.StatusForbidden}}
				s := newServer(t, WithSubscription("test-topic", Subscription{Handler: r}))
				s.InjectDelivery(c.fault)
				publish(s, 1)
				require.NoError(t, s.WaitDelivered(t.Context()))
				got := r.all()
				require.Len(t, got, 2)
				if c.want == "" {
					require.NoError(t, got[0].verify(s.Certificate))
				} else {
					require.ErrorContains(t, got[0].verify(s.Certificate), c.want)
				}
				if c.check != nil {
					c.check(t, &got[0])
				}
				require.NoError(t, got[1].verify(s.Certificate))
				require.Equal(t, got[1].at.UTC().Format(http.TimeFormat), got[1].header.Get("Date"))
			})
		})
	}
}

func TestAForgedEventFailsItsVerification(t *testing.T) {
	t.Parallel()
	r := new(receiver)
	s := newServer(t, WithIndexDelay(0), WithEventBridge(EventBridgeTarget{Handler: r, Name: "mine"}))
	faults := []DeliveryFault{{WrongSignature: true}, {WrongBody: true}, {CertificateURL: "https://evil.example.com/x.pem"}, {DateOffset: -time.Hour}}
	for i, f := range faults {
		f.Subscription = "mine"
		s.InjectDelivery(f)
		ask(t, s, "IndexFileMeta", inDataset("File", `{"URI":"oss://test-bucket/a"}`))
		require.NoError(t, s.WaitDelivered(t.Context()))
		p := r.all()[i]
		if f.DateOffset == 0 {
			require.Error(t, verifyEvent(&p, defaultPushURL, s.Certificate))
			continue
		}
		require.NoError(t, verifyEvent(&p, defaultPushURL, s.Certificate))
		at, err := strconv.ParseInt(p.header.Get("x-eventbridge-signature-timestamp"), 10, 64)
		require.NoError(t, err)
		require.WithinDuration(t, time.Now().Add(-time.Hour), time.UnixMilli(at), time.Minute)
	}
}

func TestAShareOfTheDeliveriesIsTheSameInEveryRun(t *testing.T) {
	t.Parallel()
	run := func(share float64) []string {
		r := new(receiver)
		s := newServer(t, WithSubscription("test-topic", simplified(r)))
		s.InjectDelivery(DeliveryFault{Lose: true, Share: share, Times: -1})
		for i := range 1000 {
			s.Publish("test-topic", "", []byte(strconv.Itoa(i)))
			require.NoError(t, s.WaitDelivered(t.Context()))
		}
		return r.bodies()
	}
	first := run(0.2)
	require.InDelta(t, 800, len(first), 40)
	require.Equal(t, first, run(0.2))
	require.Empty(t, run(0))
	require.Empty(t, run(1))
}

func TestClearedFaultsMeetNoDelivery(t *testing.T) {
	t.Parallel()
	r := new(receiver)
	s := newServer(t, WithSubscription("test-topic", simplified(r)))
	s.InjectDelivery(DeliveryFault{Lose: true, Times: -1})
	s.ClearFaults()
	s.Publish("test-topic", "", []byte("1"))
	require.NoError(t, s.WaitDelivered(t.Context()))
	require.Equal(t, []string{"1"}, r.bodies())
}

func TestMessagesAbove64KBAreDiscardedAndCounted(t *testing.T) {
	t.Parallel()
	r, e := new(receiver), new(receiver)
	s := newServer(t, WithIndexDelay(0), WithSubscription("test-topic", simplified(r)), WithEventBridge(EventBridgeTarget{Handler: e}))
	s.Publish("test-topic", "", make([]byte, 64<<10))
	s.Publish("test-topic", "", make([]byte, 64<<10+1))
	var files []map[string]any
	for i := range 100 {
		files = append(files, map[string]any{"URI": fmt.Sprint("oss://b/", i), "CustomLabels": map[string]string{"a": strings.Repeat("x", 700)}})
	}
	encoded, err := json.Marshal(files)
	require.NoError(t, err)
	req := unsigned("BatchIndexFileMeta", nil)
	setForm(req, inDataset("Files", string(encoded), "Notification", `{"MNS":{"TopicName":"test-topic"}}`))
	require.Equal(t, http.StatusOK, send(t, s, sign(req, AccessKeyID, AccessKeySecret)).status)
	require.NoError(t, s.WaitDelivered(t.Context()))
	require.Equal(t, 2, s.Discarded("test-topic"))
	require.Zero(t, s.Discarded("other"))
	require.Len(t, s.Messages("test-topic"), 1)
	require.Len(t, r.all(), 1)
	require.Len(t, e.all(), 1, "the limit is that of MNS")
	require.Equal(t, []stateTopic{{TopicName: "test-topic", Messages: 1, Discarded: 2}}, get[controlState](t, s, "state").Topics)
}

func TestWaitingForDeliveriesEndsWithTheContext(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newServer(t, WithIndexDelay(time.Hour))
		require.NoError(t, s.WaitDelivered(t.Context()), "nothing is pending")
		ask(t, s, "IndexFileMeta", inDataset("File", `{"URI":"oss://test-bucket/a"}`))
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		require.ErrorIs(t, s.WaitDelivered(ctx), context.DeadlineExceeded)
		start := time.Now()
		require.NoError(t, s.WaitDelivered(t.Context()))
		require.Equal(t, time.Hour-time.Minute, time.Since(start), "an index call is pending until it is done")
	})
}
