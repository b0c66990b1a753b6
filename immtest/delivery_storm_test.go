package immtest

import (
	"net/http"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// Everything that concerns deliveries at once, by hundreds of goroutines: nothing
// races, each message that is not lost arrives, and nothing stays pending.
func TestDeliveriesOfHundredsOfGoroutinesAllEnd(t *testing.T) {
	t.Parallel()
	var mu sync.Mutex
	seen := make(map[string]int)
	attempts := 0
	flaky := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		if attempts++; attempts%3 == 0 {
			w.WriteHeader(http.StatusInternalServerError)
			return
		}
		seen[r.Header.Get("X-Mns-Message-Id")]++
		w.WriteHeader(http.StatusNoContent)
	})
	retries := make([]time.Duration, 50)
	s := newServer(t,
		WithSubscription("test-topic", Subscription{Handler: flaky, Retries: retries, Format: NotifySimplified}),
		WithSubscription("test-topic", Subscription{Queue: "test-queue"}),
	)
	s.InjectDelivery(
		DeliveryFault{Subscription: "subscription-1", Duplicate: true, Share: 0.2, Times: -1},
		DeliveryFault{Subscription: "subscription-1", Delay: time.Millisecond, Share: 0.2, Times: -1},
		DeliveryFault{Subscription: "subscription-1", Reorder: true, Share: 0.1, Times: -1},
	)
	const goroutines, each = 300, 5
	var group sync.WaitGroup
	for i := range goroutines {
		group.Go(func() {
			for j := range each {
				s.Publish("test-topic", "", []byte(strconv.Itoa(i*each+j)))
			}
			_ = s.Subscribe("other-"+strconv.Itoa(i%10), Subscription{Queue: "other"})
			_ = s.Subscriptions()
			if i%100 == 0 {
				s.RotateCertificate()
			}
		})
	}
	group.Wait()
	require.NoError(t, s.WaitDelivered(t.Context()))
	states := s.Subscriptions()
	mu.Lock()
	defer mu.Unlock()
	require.Len(t, seen, goroutines*each)
	require.Zero(t, states[0].Failed)
	require.Zero(t, states[0].Pending)
	require.Equal(t, attempts, states[0].Attempts, "as many as the receiver saw")
	require.Greater(t, states[0].Delivered, goroutines*each, "some arrive twice")
	require.Equal(t, goroutines*each, states[1].Delivered)
	require.Len(t, states, 2+goroutines)
}

func TestAResetAndACloseMayComeInTheMiddleOfDeliveries(t *testing.T) {
	t.Parallel()
	r := new(refusing)
	s := newServer(t, WithSubscription("test-topic", Subscription{Handler: r, Strategy: ExponentialDecayRetry}),
		WithSubscription("test-topic", Subscription{Queue: "test-queue"}))
	var group sync.WaitGroup
	for i := range 100 {
		group.Go(func() {
			for range 10 {
				s.Publish("test-topic", "", []byte("text"))
				if i%10 == 0 {
					s.Reset()
				}
			}
			if i == 50 {
				s.Close()
			}
		})
	}
	group.Wait()
	s.Close()
	require.Error(t, s.deliveries.ctx.Err())
}
