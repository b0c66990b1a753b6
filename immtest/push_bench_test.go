package immtest

import (
	"net/http"
	"strings"
	"testing"
)

// How many messages a second are delivered to a handler in this process, one after
// another and 64 at a time, signature included; and how many into a queue.
func BenchmarkDelivery(b *testing.B) {
	acknowledge := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) })
	message := []byte(`{"ProjectName":"test-project","Files":[{"URI":"oss://test-bucket/` + strings.Repeat("a", 200) + `"}],"Success":true}`)
	for name, sub := range map[string]Subscription{
		"to=XML":        {Handler: acknowledge},
		"to=JSON":       {Handler: acknowledge, Format: NotifyJSON},
		"to=SIMPLIFIED": {Handler: acknowledge, Format: NotifySimplified},
		"to=queue":      {Queue: "test-queue"},
	} {
		b.Run(name, func(b *testing.B) {
			s := NewServer(WithSubscription("test-topic", sub))
			defer s.Close()
			s.signing.mnsKey()
			b.ReportAllocs()
			b.ResetTimer()
			for i := range b.N {
				s.Publish("test-topic", "", message)
				if i%10_000 == 0 { // what is pending has a limit
					if err := s.WaitDelivered(b.Context()); err != nil {
						b.Fatal(err)
					}
				}
			}
			if err := s.WaitDelivered(b.Context()); err != nil {
				b.Fatal(err)
			}
			b.StopTimer()
			if got := s.Subscriptions()[0].Delivered; got != b.N {
				b.Fatalf("%d of %d delivered", got, b.N)
			}
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "messages/s")
		})
	}
}

func BenchmarkEventBridge(b *testing.B) {
	acknowledge := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) })
	s := NewServer(WithEventBridge(EventBridgeTarget{Handler: acknowledge}))
	defer s.Close()
	s.signing.eventBridgeKey()
	to := s.targets()[0]
	d := &delivery{message: newEvent(&indexMessage{ProjectName: "test-project"}, false, to.region)}
	b.ReportAllocs()
	for b.Loop() {
		to.request(s, d)
	}
}
