package immtest

import (
	"bytes"
	"context"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
)

func once(h http.Handler) Subscription { return Subscription{Handler: h, Retries: []time.Duration{}} }

func TestWhatAcknowledgesAPushIsAStatusOf2xx(t *testing.T) {
	t.Parallel()
	for status, delivered := range map[int]int{200: 1, 201: 1, 204: 1, 299: 1, 300: 0, 302: 0, 304: 0, 400: 0, 403: 0, 500: 0, 503: 0} {
		t.Run(strconv.Itoa(status), func(t *testing.T) {
			t.Parallel()
			for _, overNetwork := range []bool{false, true} {
				var asked atomic.Int32
				h := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
					asked.Add(1)
					w.Header().Set("Location", "/elsewhere")
					w.WriteHeader(status)
				})
				sub := once(h)
				if overNetwork {
					listener := httptest.NewServer(h)
					t.Cleanup(listener.Close)
					sub.Handler, sub.URL = nil, listener.URL+"/notifications"
				}
				s := newServer(t, WithSubscription("test-topic", sub))
				s.Publish("test-topic", "", []byte("text"))
				require.NoError(t, s.WaitDelivered(t.Context()))
				require.Equal(t, delivered, s.Subscriptions()[0].Delivered)
				require.Equal(t, 1-delivered, s.Subscriptions()[0].Failed)
				require.EqualValues(t, 1, asked.Load(), "a redirect is not followed")
				s.Close()
			}
		})
	}
}

func TestAHandlerThatWritesNoStatusAnswers200(t *testing.T) {
	t.Parallel()
	for name, h := range map[string]http.HandlerFunc{
		"nothing": func(http.ResponseWriter, *http.Request) {},
		"a body":  func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "ok") },
		"two statuses": func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(http.StatusAccepted)
			w.WriteHeader(http.StatusBadGateway)
		},
		"informational": func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(http.StatusEarlyHints)
			w.WriteHeader(http.StatusNoContent)
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newServer(t, WithSubscription("test-topic", once(h)))
			s.Publish("test-topic", "", []byte("text"))
			require.NoError(t, s.WaitDelivered(t.Context()))
			require.Equal(t, 1, s.Subscriptions()[0].Delivered)
		})
	}
}

func TestAPushOverTheNetworkArrivesAsOneInTheProcessDoes(t *testing.T) {
	t.Parallel()
	near, far := new(receiver), new(receiver)
	listener := httptest.NewServer(far)
	t.Cleanup(listener.Close)
	s := newServer(t)
	require.NoError(t, s.Subscribe("test-topic", Subscription{Handler: near, URL: listener.URL + "/a%2Fb?c=d"}))
	require.NoError(t, s.Subscribe("test-topic", Subscription{URL: listener.URL + "/a%2Fb?c=d"}))
	s.Publish("test-topic", "tag", []byte("text"))
	require.NoError(t, s.WaitDelivered(t.Context()))
	a, b := near.all()[0], far.all()[0]
	require.NoError(t, a.verify(s.Certificate))
	require.NoError(t, b.verify(s.Certificate))
	require.Equal(t, []string{a.method, a.host, a.uri}, []string{b.method, b.host, b.uri})
	require.Equal(t, "/a%2Fb?c=d", b.uri)
	require.Equal(t, a.header.Get("X-Mns-Message-Id"), b.header.Get("X-Mns-Message-Id"), "a message has one id")
	for name := range a.header {
		require.Contains(t, b.header, name)
	}
	s.Close()
}

func TestAReceiverThatIsNotThereIsAFailedPush(t *testing.T) {
	t.Parallel()
	nobody, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	require.NoError(t, nobody.Close())
	s := newServer(t, WithSubscription("test-topic", Subscription{URL: "http://" + nobody.Addr().String(), Retries: []time.Duration{0, 0}}))
	s.Publish("test-topic", "", []byte("text"))
	require.NoError(t, s.WaitDelivered(t.Context()))
	require.Equal(t, 1, s.Subscriptions()[0].Failed)
	require.Equal(t, 3, s.Subscriptions()[0].Attempts)
	require.Zero(t, s.Subscriptions()[0].LastStatus)
	require.Contains(t, s.Subscriptions()[0].LastError, "connection refused")
}

func TestASubscriptionSaysHowItsLastAttemptFailed(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		answer http.HandlerFunc
		status int
		want   string
	}{
		"none":       {func(http.ResponseWriter, *http.Request) {}, 0, ""},
		"refused":    {func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusForbidden) }, 403, "the receiver answered 403 Forbidden"},
		"redirected": {func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusFound) }, 302, "the receiver answered 302, and redirects are not followed"},
		"too late":   {func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }, 0, "no answer came within 5s"},
		"a panic":    {func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }, 0, "the handler panicked: net/http: abort Handler"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				first := true
				s := newServer(t, WithSubscription("test-topic", Subscription{Retries: []time.Duration{0}, Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
					if first {
						first = false
						w.WriteHeader(http.StatusServiceUnavailable)
						return
					}
					c.answer(w, r)
				})}))
				s.Publish("test-topic", "", []byte("text"))
				require.NoError(t, s.WaitDelivered(t.Context()))
				state := get[[]SubscriptionState](t, s, "subscriptions")[0]
				if name == "none" { // later attempts that do not fail leave it
					c.status, c.want = 503, "the receiver answered 503 Service Unavailable"
				}
				require.Equal(t, c.status, state.LastStatus)
				require.Equal(t, c.want, state.LastError)
			})
		})
	}
	s := newServer(t, WithSubscription("test-topic", Subscription{Queue: "q"}))
	s.Publish("test-topic", "", []byte("text"))
	require.NotContains(t, control(s, http.MethodGet, "subscriptions", "").Body.String(), "Last", "nothing failed")
}

func TestAnAnswerAfterFiveSecondsComesTooLate(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		takes     time.Duration
		ignores   bool // the end of the request's context
		delivered int
	}{
		"in time":                     {4999 * time.Millisecond, false, 1},
		"too late":                    {time.Minute, false, 0},
		"too late, and does not stop": {time.Minute, true, 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				var mu sync.Mutex
				var began []time.Time
				s := newServer(t, WithSubscription("test-topic", Subscription{
					Retries: []time.Duration{time.Second},
					Handler: http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
						mu.Lock()
						began = append(began, time.Now())
						mu.Unlock()
						ctx := r.Context()
						if c.ignores {
							ctx = context.WithoutCancel(ctx)
						}
						select {
						case <-time.After(c.takes):
						case <-ctx.Done(): // what it answers now is 200, and too late
						}
					}),
				}))
				s.Publish("test-topic", "", []byte("text"))
				require.NoError(t, s.WaitDelivered(t.Context()))
				require.Equal(t, c.delivered, s.Subscriptions()[0].Delivered)
				mu.Lock()
				defer mu.Unlock()
				if c.delivered == 0 {
					require.Equal(t, 6*time.Second, began[1].Sub(began[0]), "the repeat counts from the end of the 5 s")
				}
			})
		})
	}
}

func TestAHandlerThatPanicsIsAFailedPush(t *testing.T) {
	// Not parallel: it looks at the log of the process.
	var text bytes.Buffer
	old := log.Writer()
	log.SetOutput(&text)
	defer log.SetOutput(old)
	for _, problem := range []any{http.ErrAbortHandler, "a mistake"} {
		s := newServer(t, WithSubscription("test-topic", once(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic(problem) }))))
		s.Publish("test-topic", "", []byte("text"))
		require.NoError(t, s.WaitDelivered(t.Context()))
		require.Equal(t, 1, s.Subscriptions()[0].Failed)
	}
	require.Contains(t, text.String(), "a mistake")
	require.NotContains(t, text.String(), "abort")
}

// hanging gets pushes that never end by themselves, and counts them.
type hanging struct{ now, most, all atomic.Int32 }

func (h *hanging) ServeHTTP(_ http.ResponseWriter, r *http.Request) {
	_, _ = io.Copy(io.Discard, r.Body) // net/http looks whether the client is still there only after that
	h.all.Add(1)
	n := h.now.Add(1)
	defer h.now.Add(-1)
	for {
		most := h.most.Load()
		if n <= most || h.most.CompareAndSwap(most, n) {
			break
		}
	}
	<-r.Context().Done()
}

func TestAReceiverThatHangsHoldsUpNoOtherAndNoMoreThan64Pushes(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		slow, fast := new(hanging), new(receiver)
		s := newServer(t, WithSubscription("test-topic", once(slow)), WithSubscription("test-topic", once(fast)))
		for i := range 200 {
			s.Publish("test-topic", "", []byte(strconv.Itoa(i)))
		}
		synctest.Wait()
		require.Len(t, fast.all(), 200)
		require.EqualValues(t, 64, slow.now.Load())
		require.Equal(t, 200, s.Subscriptions()[0].Pending)
		start := time.Now()
		require.NoError(t, s.WaitDelivered(t.Context()))
		require.Equal(t, 20*time.Second, time.Since(start), "200 of 64 at a time are four rounds")
		require.EqualValues(t, 64, slow.most.Load())
		require.EqualValues(t, 200, slow.all.Load())
		require.Equal(t, 200, s.Subscriptions()[0].Failed)
	})
}

func TestWhatIsPendingForOneReceiverHasALimit(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newServer(t, WithSubscription("test-topic", Subscription{Handler: new(hanging), Strategy: ExponentialDecayRetry}))
		message := make([]byte, maxMNSMessage)
		const fit = maxPendingBytes / (maxMNSMessage + deliveryOverhead)
		for range fit + 10 {
			s.Publish("test-topic", "", message)
		}
		state := s.Subscriptions()[0]
		require.Equal(t, []int{fit, 10}, []int{state.Pending, state.Failed})
		s.Close()
		require.ErrorIs(t, s.WaitDelivered(t.Context()), ErrServerClosed)
	})
}

func TestACloseEndsPushesAndRepeats(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		slow, refuses := new(hanging), new(refusing)
		s := newServer(t, WithSubscription("test-topic", Subscription{Handler: slow}), WithSubscription("test-topic", Subscription{Handler: refuses}))
		for range 100 {
			s.Publish("test-topic", "", []byte("text"))
		}
		synctest.Wait()
		waited := make(chan error, 1)
		go func() { waited <- s.WaitDelivered(context.Background()) }()
		start := time.Now()
		s.Close()
		require.ErrorIs(t, <-waited, ErrServerClosed)
		require.Zero(t, time.Since(start))
		require.Zero(t, slow.now.Load())
		s.Publish("test-topic", "", []byte("too late"))
		sleep(t, time.Hour)
		require.EqualValues(t, 64, slow.all.Load())
		require.Len(t, refuses.all(), 100)
	})
}

func TestACloseEndsAPushOverTheNetwork(t *testing.T) {
	t.Parallel()
	slow := new(hanging)
	listener := httptest.NewServer(slow)
	t.Cleanup(listener.Close)
	s := newServer(t, WithSubscription("test-topic", Subscription{URL: listener.URL}))
	s.Publish("test-topic", "", []byte("text"))
	require.Eventually(t, func() bool { return slow.now.Load() == 1 }, 10*time.Second, time.Millisecond)
	start := time.Now()
	s.Close()
	require.Less(t, time.Since(start), pushTimeout)
}

func TestAResetDropsWhatIsPendingAndKeepsTheSubscriptionsOfTheOptions(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		slow, refuses, r := new(hanging), new(refusing), new(receiver)
		s := newServer(t, WithSubscription("test-topic", Subscription{Handler: slow}), WithSubscription("test-topic", once(r)))
		require.NoError(t, s.Subscribe("test-topic", Subscription{Handler: refuses}))
		for range 100 {
			s.Publish("test-topic", "", []byte("text"))
		}
		s.SendToQueue("test-queue", []byte("text"))
		s.InjectDelivery(DeliveryFault{Lose: true, Times: -1})
		synctest.Wait()
		certificate, err := s.Certificate(t.Context(), mnsCertificateURL)
		require.NoError(t, err)
		waited := make(chan error, 1)
		go func() { waited <- s.WaitDelivered(context.Background()) }()
		synctest.Wait()
		start := time.Now()
		s.Reset()
		require.Zero(t, time.Since(start), "a push that is under way ends")
		require.NoError(t, <-waited)
		sleep(t, time.Hour)
		require.EqualValues(t, 64, slow.all.Load())
		require.Len(t, refuses.all(), 100)

		require.Equal(t, []SubscriptionState{
			{Topic: "test-topic", Name: "subscription-1", Endpoint: "http://localhost/notifications"},
			{Topic: "test-topic", Name: "subscription-2", Endpoint: "http://localhost/notifications"},
		}, s.Subscriptions())
		require.Empty(t, s.queues)
		s.Publish("test-topic", "", []byte("new"))
		synctest.Wait()
		require.Contains(t, r.bodies()[100], "new")
		newest := r.all()[100]
		require.NoError(t, newest.verify(s.Certificate))
		again, err := s.Certificate(t.Context(), mnsCertificateURL)
		require.NoError(t, err)
		require.Equal(t, certificate, again, "receivers have cached it")
	})
}
