package notify

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/imm-go/imm"
)

// deliveryWatch keeps what an observer is told, each with what its context is of.
type deliveryWatch struct {
	mu       sync.Mutex
	events   []string
	results  []DeliveryResult
	messages []MessageResult
	receives []ReceiveResult
}

type deliveryKey struct{}

func (w *deliveryWatch) add(ctx context.Context, event string) {
	of, _ := ctx.Value(deliveryKey{}).(string)
	w.events = append(w.events, event+of)
}

func (w *deliveryWatch) observer() Observer {
	return Observer{
		DeliveryStart: func(ctx context.Context, info DeliveryInfo) context.Context {
			w.mu.Lock()
			defer w.mu.Unlock()
			w.events = append(w.events, "start "+info.Receiver+" "+strconv.Itoa(info.Attempt))
			return context.WithValue(ctx, deliveryKey{}, " of "+info.Receiver)
		},
		MessageDone: func(ctx context.Context, r MessageResult) {
			w.mu.Lock()
			defer w.mu.Unlock()
			w.add(ctx, "message")
			w.messages = append(w.messages, r)
		},
		DeliveryDone: func(ctx context.Context, r DeliveryResult) {
			w.mu.Lock()
			defer w.mu.Unlock()
			w.add(ctx, "done "+r.Outcome)
			w.results = append(w.results, r)
		},
		ReceiveDone: func(_ context.Context, r ReceiveResult) {
			w.mu.Lock()
			defer w.mu.Unlock()
			w.receives = append(w.receives, r)
		},
	}
}

func TestAnObserverSeesHowEachPushEnds(t *testing.T) {
	t.Parallel()
	fails := func(context.Context, *imm.IndexMessage) error { return errors.New("the database is down") }
	for name, c := range map[string]struct {
		push     signedPush
		callback Callback
		opts     []Option
		events   []string
	}{
		"a message":             {signedPush{}, nil, nil, []string{"start mns 0", "message of mns", "done acknowledged of mns"}},
		"a callback that fails": {signedPush{}, fails, nil, []string{"start mns 0", "message of mns", "done failed of mns"}},
		"a forgery":             {signedPush{key: otherMNSKey}, nil, nil, []string{"start mns 0", "done refused of mns"}},
		"a wrong method":        {signedPush{method: http.MethodPut}, nil, nil, []string{"start mns 0", "done refused of mns"}},
		"no index message":      {signedPush{body: "{}"}, nil, nil, []string{"start mns 0", "done unreadable of mns"}},
		"a broken deduplicator": {signedPush{}, nil, []Option{WithDeduplication(brokenDeduplicator{look: errors.New("x")})}, []string{"start mns 0", "done failed of mns"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var w deliveryWatch
			b := &pushBench{callback: c.callback}
			b.mns(t, append(c.opts, WithObserver(w.observer()))...)
			status := b.send(c.push.mns())
			require.Equal(t, c.events, w.events)
			require.Len(t, w.results, 1)
			require.Equal(t, status == http.StatusNoContent, w.results[0].Err == nil)
			require.Equal(t, "mns", w.results[0].Receiver)
		})
	}
	var w deliveryWatch
	b := new(pushBench).bridge(t, WithObserver(w.observer()))
	b.send(signedPush{}.bridge(""))
	require.Equal(t, []string{"start eventbridge 0", "message of eventbridge", "done acknowledged of eventbridge"}, w.events)
}

func TestTheCallbackGetsTheContextOfTheObserver(t *testing.T) {
	t.Parallel()
	var w deliveryWatch
	of := ""
	b := &pushBench{callback: func(ctx context.Context, _ *imm.IndexMessage) error {
		of, _ = ctx.Value(deliveryKey{}).(string)
		return nil
	}}
	b.mns(t, WithObserver(w.observer()))
	b.send(signedPush{}.mns())
	require.Equal(t, " of mns", of)
	require.Equal(t, b.message(), w.messages[0].Message)

	nothing := new(pushBench).mns(t, WithObserver(Observer{DeliveryStart: func(context.Context, DeliveryInfo) context.Context { return nil }}))
	require.Equal(t, http.StatusNoContent, nothing.send(signedPush{}.mns()), "nil keeps the context")
}

func TestAnObserverSeesAMessageThatTheCallbackWasSpared(t *testing.T) {
	t.Parallel()
	memory, err := NewMemoryDeduplicator(10)
	require.NoError(t, err)
	var w deliveryWatch
	b := new(pushBench).mns(t, WithDeduplication(memory), WithObserver(w.observer()))
	for range 3 {
		b.send(signedPush{}.mns())
	}
	require.Len(t, w.messages, 3)
	require.Equal(t, []bool{false, true, true}, []bool{w.messages[0].Duplicate, w.messages[1].Duplicate, w.messages[2].Duplicate})
	require.EqualValues(t, 1, b.calls.Load())
}

func TestAnObserverSeesTheEndOfACallbackThatPanics(t *testing.T) {
	t.Parallel()
	var w deliveryWatch
	b := &pushBench{callback: func(context.Context, *imm.IndexMessage) error { panic("at the disco") }}
	b.mns(t, WithObserver(w.observer()))
	require.PanicsWithValue(t, "at the disco", func() { b.send(signedPush{}.mns()) }, "which is the server's")
	require.Equal(t, []string{"start mns 0", "message of mns", "done failed of mns"}, w.events)
	require.ErrorIs(t, w.messages[0].Err, errNotReturned)
}

func TestAnObserverSeesAPooledCallbackAfterItsPush(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var l losses
		pool, err := NewPool(1, 1, l.add)
		require.NoError(t, err)
		var w deliveryWatch
		b := &pushBench{callback: func(context.Context, *imm.IndexMessage) error { later(time.Minute); return errors.New("in vain") }}
		b.mns(t, WithPool(pool), WithObserver(w.observer()))
		b.send(signedPush{}.mns())
		synctest.Wait()
		require.Equal(t, []string{"start mns 0", "done acknowledged of mns"}, w.copy())
		require.NoError(t, pool.Close(t.Context()))
		require.Equal(t, []string{"start mns 0", "done acknowledged of mns", "message of mns"}, w.events)
		require.Equal(t, time.Minute, w.messages[0].Duration)
		require.ErrorContains(t, w.messages[0].Err, "in vain")
	})
}

func TestAnObserverSeesHowEachMessageOfAQueueEnds(t *testing.T) {
	inQueue(t, func(t *testing.T, f *queueFake) {
		f.send(queueIndexed("a"), "nonsense")
		f.fail(queueFault{action: "BatchReceiveMessage", times: 4, answer: queueAnswers(500, "InternalError")})
		var w deliveryWatch
		var mu sync.Mutex
		calls := 0
		stop := f.run(t, func(context.Context, *imm.IndexMessage) error {
			mu.Lock()
			defer mu.Unlock()
			switch calls++; calls {
			case 1:
				return errors.New("not yet")
			case 2:
				panic("at the disco")
			}
			return nil
		}, WithObserver(w.observer()), WithUnreadable(func(_ context.Context, _ []byte, err error) error {
			if strings.Count(strings.Join(w.copy(), "\n"), "unreadable") > 0 {
				return nil
			}
			return err
		}))
		queuePass(2 * time.Minute)
		require.NoError(t, stop())
		require.Empty(t, f.left())
		events := w.copy()
		for _, want := range []string{"start queue 1", "start queue 2", "start queue 3", "done failed of queue", "done unreadable of queue", "done acknowledged of queue", "message of queue"} {
			require.Contains(t, events, want)
		}
		require.Equal(t, 2, count(events, "done failed of queue"))
		require.Equal(t, 2, count(events, "done acknowledged of queue"))
		require.Equal(t, 1, count(events, "done unreadable of queue"))
		require.Equal(t, 3, count(events, "message of queue"))
		require.ErrorIs(t, w.receives[0].Err, imm.ErrUnavailable)
		require.NoError(t, w.receives[1].Err)
		require.Equal(t, 2, w.receives[1].Messages)
		last := w.receives[len(w.receives)-1]
		require.Equal(t, ReceiveResult{Duration: 30 * time.Second}, last, "an empty queue is no error")
	})
}

func TestAnObserverSeesAMessageThatSomebodyElseGot(t *testing.T) {
	inQueue(t, func(t *testing.T, f *queueFake) {
		f.send(queueIndexed("a"))
		var w deliveryWatch
		stop := f.run(t, func(ctx context.Context, _ *imm.IndexMessage) error { <-ctx.Done(); return nil }, WithObserver(w.observer()))
		queuePass(time.Second)
		f.steal(true)
		queuePass(20 * time.Second)
		require.NoError(t, stop())
		require.Equal(t, []string{"start queue 1", "message of queue", "done lost of queue"}, w.copy())
	})
}

func TestAnObserverSeesABodyThatIsDamaged(t *testing.T) {
	inQueue(t, func(t *testing.T, f *queueFake) {
		f.send(queueIndexed("a"))
		f.messages[0].digest = strings.Repeat("0", 32)
		var w deliveryWatch
		stop := f.run(t, func(context.Context, *imm.IndexMessage) error { return nil }, WithObserver(w.observer()))
		queuePass(500 * time.Millisecond)
		require.NoError(t, stop())
		require.Equal(t, []string{"start queue 1", "done unreadable of queue"}, w.copy())
	})
}

func (w *deliveryWatch) copy() []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return slices.Clone(w.events)
}

func count(events []string, event string) int {
	return len(slices.DeleteFunc(slices.Clone(events), func(e string) bool { return e != event }))
}
