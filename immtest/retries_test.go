package immtest

import (
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
)

// refusing answers every push with 500.
type refusing struct{ receiver }

func (r *refusing) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	r.receiver.ServeHTTP(discardStatus{w}, req)
	w.WriteHeader(http.StatusInternalServerError)
}

// discardStatus leaves the status to the one behind it.
type discardStatus struct{ http.ResponseWriter }

func (discardStatus) WriteHeader(int) {}

// gaps are the times between the pushes that a receiver got.
func (r *receiver) gaps() []time.Duration {
	var all []time.Duration
	got := r.all()
	for i := 1; i < len(got); i++ {
		all = append(all, got[i].at.Sub(got[i-1].at))
	}
	return all
}

func TestThreeRepeatsComeTenToTwentySecondsApart(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := new(refusing)
		s := newServer(t, WithSubscription("test-topic", Subscription{Handler: r}))
		s.Publish("test-topic", "", []byte("text"))
		require.NoError(t, s.WaitDelivered(t.Context()))
		gaps := r.gaps()
		require.Len(t, gaps, 3)
		for _, gap := range gaps {
			require.GreaterOrEqual(t, gap, 10*time.Second)
			require.LessOrEqual(t, gap, 20*time.Second)
		}
		require.NotEqual(t, gaps[0], gaps[1], "the pauses are random")
		require.Equal(t, []SubscriptionState{{
			Topic: "test-topic", Name: "subscription-1", Endpoint: "http://localhost/notifications", Failed: 1, Attempts: 4,
			LastStatus: 500, LastError: "the receiver answered 500 Internal Server Error",
		}}, s.Subscriptions())
		sleep(t, 48*time.Hour)
		require.Len(t, r.all(), 4)
	})
}

func TestThePausesOfAnExponentialDecayDoubleUpTo512SecondsForADay(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := new(refusing)
		s := newServer(t, WithSubscription("test-topic", Subscription{Handler: r, Strategy: ExponentialDecayRetry}))
		start := time.Now()
		s.Publish("test-topic", "", []byte("text"))
		require.NoError(t, s.WaitDelivered(t.Context()))
		gaps := r.gaps()
		require.Len(t, gaps, 176)
		for i, gap := range gaps {
			want := 512 * time.Second
			if i < 9 {
				want = time.Second << i
			}
			require.Equal(t, want, gap, i)
		}
		require.Equal(t, 86_015*time.Second, time.Since(start))
		require.Equal(t, 177, s.Subscriptions()[0].Attempts)
		sleep(t, 48*time.Hour)
		require.Len(t, r.all(), 177)
	})
}

func TestPausesOfOneSOwnTakeThePlaceOfTheStrategy(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r, once := new(refusing), new(refusing)
		pauses := []time.Duration{time.Second, 0, time.Hour}
		s := newServer(t,
			WithSubscription("test-topic", Subscription{Handler: r, Retries: pauses, Strategy: ExponentialDecayRetry}),
			WithSubscription("test-topic", Subscription{Handler: once, Retries: []time.Duration{}}),
		)
		pauses[0] = time.Minute // the server has its own copy
		s.Publish("test-topic", "", []byte("text"))
		require.NoError(t, s.WaitDelivered(t.Context()))
		require.Equal(t, []time.Duration{time.Second, 0, time.Hour}, r.gaps())
		require.Len(t, once.all(), 1)
	})
}
