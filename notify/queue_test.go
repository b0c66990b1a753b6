package notify

import (
	"context"
	"errors"
	"runtime"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/imm-go/imm"
)

func TestAMessageIsDeletedOnlyAfterItsCallbackReturnedNil(t *testing.T) {
	inQueue(t, func(t *testing.T, f *queueFake) {
		f.send(queueIndexed("a"))
		returns := make(chan struct{})
		stop := f.run(t, func(_ context.Context, m *imm.IndexMessage) error {
			require.Equal(t, "a", m.UserData)
			<-returns
			return nil
		})
		queuePass(10 * time.Second)
		require.Len(t, f.left(), 1)
		require.Empty(t, f.asked("DeleteMessage", "BatchDeleteMessage"))
		close(returns)
		synctest.Wait()
		require.Empty(t, f.left())
		require.NoError(t, stop())
		require.Empty(t, f.logged())
	})
}

func TestAMessageWhoseCallbackFailsComesAgainLessAndLessOften(t *testing.T) {
	inQueue(t, func(t *testing.T, f *queueFake) {
		f.send(queueIndexed("a"))
		var mu sync.Mutex
		var at []time.Time
		stop := f.run(t, func(context.Context, *imm.IndexMessage) error {
			mu.Lock()
			defer mu.Unlock()
			at = append(at, time.Now())
			if len(at) < 14 {
				return errors.New("the database is down")
			}
			return nil
		})
		queuePass(time.Hour)
		require.Len(t, at, 14)
		for i, seconds := range []int{1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300, 300, 300} {
			require.InDelta(t, seconds, at[i+1].Sub(at[i]).Seconds(), 0, "repeat %d", i+1)
		}
		require.Empty(t, f.left())
		require.NoError(t, stop())
		require.Contains(t, f.logged(), "the database is down")
		require.Contains(t, f.logged(), "message=M-1 received=13")
	})
}

func TestAMessageIsKeptForAsLongAsItsCallbackWorks(t *testing.T) {
	inQueue(t, func(t *testing.T, f *queueFake) {
		f.send(queueIndexed("a"))
		var calls atomic.Int32
		stop := f.run(t, func(ctx context.Context, _ *imm.IndexMessage) error {
			calls.Add(1)
			<-time.After(10 * time.Minute)
			return ctx.Err()
		}, WithVisibility(40*time.Second))
		begin := time.Now()
		queuePass(11 * time.Minute)
		require.EqualValues(t, 1, calls.Load())
		require.Empty(t, f.left(), "it was deleted with its last handle")
		extensions := f.asked("ChangeMessageVisibility")
		require.Len(t, extensions, 30)
		require.Equal(t, 14500*time.Millisecond, extensions[0].at.Sub(begin), "half of what the queue gave, without the second that a Date may lack")
		seen := make(map[string]bool)
		for i, r := range extensions {
			require.Equal(t, "40", r.query.Get("VisibilityTimeout"))
			require.False(t, seen[r.query.Get("ReceiptHandle")], "each with the handle of the one before")
			seen[r.query.Get("ReceiptHandle")] = true
			if i > 0 {
				require.Equal(t, 20*time.Second, r.at.Sub(extensions[i-1].at))
			}
		}
		require.NoError(t, stop())
		require.Empty(t, f.logged())
	})
}

func TestTheCallbacksContextEndsWhenSomebodyElseHasTheMessage(t *testing.T) {
	inQueue(t, func(t *testing.T, f *queueFake) {
		f.send(queueIndexed("a"))
		var cause error
		stop := f.run(t, func(ctx context.Context, _ *imm.IndexMessage) error {
			<-ctx.Done()
			cause = context.Cause(ctx)
			return nil // which does not count any more
		})
		queuePass(time.Second)
		f.steal(true)
		queuePass(20 * time.Second)
		answered, ok := errors.AsType[*imm.APIError](cause)
		require.True(t, ok, "%v", cause)
		require.Equal(t, "ReceiptHandleError", answered.Code)
		require.Equal(t, "ChangeMessageVisibility", answered.Action)
		require.Empty(t, f.asked("DeleteMessage", "BatchDeleteMessage"))
		require.Contains(t, f.logged(), "somebody else may have it")
		require.NoError(t, stop())
	})
}

func TestAnOutageOfExtensionsDoesNotEndTheCallback(t *testing.T) {
	inQueue(t, func(t *testing.T, f *queueFake) {
		f.send(queueIndexed("a"))
		f.fail(queueFault{action: "ChangeMessageVisibility", times: 6, answer: queueAnswers(500, "InternalError")})
		stop := f.run(t, func(ctx context.Context, _ *imm.IndexMessage) error {
			<-time.After(2 * time.Minute)
			return ctx.Err()
		})
		queuePass(3 * time.Minute)
		require.Empty(t, f.left())
		require.Contains(t, f.logged(), "cannot keep a message")
		require.NoError(t, stop())
	})
}

func TestAnExtensionThatIsUnderWayIsWaitedFor(t *testing.T) {
	inQueue(t, func(t *testing.T, f *queueFake) {
		f.send(queueIndexed("a"))
		f.fail(queueFault{action: "ChangeMessageVisibility", delay: 5 * time.Second})
		stop := f.run(t, func(context.Context, *imm.IndexMessage) error {
			<-time.After(16 * time.Second)
			return nil
		})
		queuePass(29 * time.Second)
		require.Empty(t, f.left(), "it was deleted with the handle that came late")
		require.Empty(t, f.logged())
		require.NoError(t, stop())
	})
}

// queueDone remembers the ids of messages in memory.
type queueDone struct {
	mu  sync.Mutex
	ids map[string]bool
}

func (d *queueDone) Handled(_ context.Context, id string) (bool, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.ids[id], nil
}

func (d *queueDone) MarkHandled(_ context.Context, id string) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.ids[id] = true
	return nil
}

func TestAMessageThatComesTwiceIsHandledOnceWithDeduplication(t *testing.T) {
	inQueue(t, func(t *testing.T, f *queueFake) {
		const wrapped = `{"id":"25E-1","source":"acs.imm","type":"imm:FileMeta:Index","content":"{\"Success\":true}"}`
		f.send(wrapped, wrapped)
		f.fail(queueFault{action: "DeleteMessage", times: 4, answer: queueAnswers(500, "InternalError")})
		calls := 0
		stop := f.run(t, func(_ context.Context, m *imm.IndexMessage) error {
			require.Equal(t, "25E-1", m.MessageID)
			calls++
			return nil
		}, WithDeduplication(&queueDone{ids: make(map[string]bool)}), WithConcurrency(1))
		queuePass(5 * time.Minute)
		require.Equal(t, 1, calls)
		require.Empty(t, f.left(), "the copies are deleted as well")
		require.NoError(t, stop())
	})
}

func TestWhereItIsUnknownHowLongAMessageIsKeptItIsExtendedAtOnce(t *testing.T) {
	t.Parallel()
	for next, isAtOnce := range map[string]bool{
		"": true, "soon": true, "0": true, "946684799000": true, // a second ago
		"946684830000000":                true, // microseconds, of which the documentation has samples
		"946728001001":                   true, // more than 12 hours from the answer, which has no Date
		"946728000000":                   false,
		"946684830000":                   false,
		strconv.FormatInt(1<<62, 10):     true,
		"99999999999999999999999999999 ": true,
	} {
		t.Run(next, func(t *testing.T) {
			inQueue(t, func(t *testing.T, f *queueFake) {
				f.fail(queueFault{action: "BatchReceiveMessage", answer: queueSays(200, `<Messages><Message><MessageId>M</MessageId><ReceiptHandle>H</ReceiptHandle><MessageBody>{"Success":true}</MessageBody><NextVisibleTime>`+next+`</NextVisibleTime></Message></Messages>`)})
				stop := f.run(t, func(ctx context.Context, _ *imm.IndexMessage) error {
					<-ctx.Done() // the fake does not know this handle
					return nil
				})
				synctest.Wait()
				require.Equal(t, isAtOnce, len(f.asked("ChangeMessageVisibility")) == 1)
				require.NoError(t, stop())
			})
		})
	}
}

func TestWhenTheContextEndsResultsStillCount(t *testing.T) {
	inQueue(t, func(t *testing.T, f *queueFake) {
		f.send(queueIndexed("good"), queueIndexed("bad"))
		var ended atomic.Int32
		stop := f.run(t, func(ctx context.Context, m *imm.IndexMessage) error {
			<-ctx.Done()
			ended.Add(1)
			<-time.After(3 * time.Second) // it takes a while to stop
			if m.UserData == "bad" {
				return ctx.Err()
			}
			return nil
		})
		queuePass(time.Second)
		begin := time.Now()
		require.NoError(t, stop(), "the end of the context is the wanted end")
		require.Equal(t, 3*time.Second, time.Since(begin))
		require.EqualValues(t, 2, ended.Load())
		require.Equal(t, []string{queueIndexed("bad")}, f.left())
		require.Equal(t, time.Now().Add(time.Second), f.messages[0].visible, "the other can be received again at once")
		require.Len(t, f.asked("BatchReceiveMessage"), 2, "nothing new is received")
	})
}

func TestAMessageThatComesInTheMomentOfTheEndIsGivenBack(t *testing.T) {
	inQueue(t, func(t *testing.T, f *queueFake) {
		ctx, cancel := context.WithCancel(t.Context())
		f.send(queueIndexed("a"))
		f.messages[0].received = 6 // so that it would come again late
		r := f.receiver(t, queueStatic, func(context.Context, *imm.IndexMessage) error {
			t.Error("the callback was called after the end")
			return nil
		})
		run := &queueRun{QueueReceiver: r, deletions: make(chan queueDeletion)}
		got, res := r.api.receive(ctx, 16, 0)
		require.NoError(t, res.Err)
		cancel()
		run.work(ctx, got.messages[0], got)
		require.Equal(t, time.Now().Add(time.Second), f.messages[0].visible)
	})
}

func TestTheLastDeletionsHaveFiveSeconds(t *testing.T) {
	inQueue(t, func(t *testing.T, f *queueFake) {
		f.send(queueIndexed("a"))
		f.fail(queueFault{action: "DeleteMessage", times: 99, answer: queueHangs})
		stop := f.run(t, func(ctx context.Context, _ *imm.IndexMessage) error {
			<-ctx.Done()
			return nil
		})
		queuePass(time.Second)
		begin := time.Now()
		require.NoError(t, stop())
		require.Equal(t, 5*time.Second, time.Since(begin))
		require.Len(t, f.left(), 1)
		require.Contains(t, f.logged(), "cannot be deleted")
	})
}

func TestOneMessageThatPanicsDoesNotStopTheOthers(t *testing.T) {
	inQueue(t, func(t *testing.T, f *queueFake) {
		f.send(queueIndexed("panics"), queueIndexed("exits"), queueIndexed("works"))
		var worked atomic.Int32
		stop := f.run(t, func(_ context.Context, m *imm.IndexMessage) error {
			switch m.UserData {
			case "panics":
				panic("a bug")
			case "exits":
				runtime.Goexit()
			}
			worked.Add(1)
			return nil
		}, WithConcurrency(1))
		queuePass(10 * time.Second)
		require.EqualValues(t, 1, worked.Load())
		require.ElementsMatch(t, []string{queueIndexed("panics"), queueIndexed("exits")}, f.left())
		require.Contains(t, f.logged(), "level=ERROR")
		require.Contains(t, f.logged(), "the callback panicked: a bug")
		require.Contains(t, f.logged(), "queue_test.go", "the stack is logged")
		require.Contains(t, f.logged(), "the callback ended its goroutine")
		require.NoError(t, stop())
	})
}

func TestAMessageThatDoesNotMatchItsMD5IsLeft(t *testing.T) {
	inQueue(t, func(t *testing.T, f *queueFake) {
		f.send(queueIndexed("a"))
		f.messages[0].digest = "0123456789ABCDEF0123456789ABCDEF"
		stop := f.run(t, func(context.Context, *imm.IndexMessage) error {
			t.Error("the callback got a damaged message")
			return nil
		})
		queuePass(10 * time.Second)
		require.Len(t, f.left(), 1)
		require.Contains(t, f.logged(), "does not match its MD5")
		require.Len(t, f.asked("ChangeMessageVisibility"), 4, "after 0, 1, 3 and 7 seconds")
		require.NoError(t, stop())
	})
}

func TestWhatCannotBeReadStaysUnlessTheOptionTakesIt(t *testing.T) {
	inQueue(t, func(t *testing.T, f *queueFake) {
		callback := func(context.Context, *imm.IndexMessage) error { return nil }
		f.send("hello")
		stop := f.run(t, callback)
		queuePass(time.Second / 2)
		require.NoError(t, stop())
		require.Len(t, f.left(), 1)
		require.Contains(t, f.logged(), "not an index message")

		var body string
		stop = f.run(t, callback, WithUnreadable(func(_ context.Context, data []byte, _ error) error {
			body = string(data)
			return nil
		}))
		queuePass(2 * time.Second)
		require.Equal(t, "hello", body)
		require.Empty(t, f.left())
		require.NoError(t, stop())
	})
}

func TestAReceiverRunsOnceAtATime(t *testing.T) {
	inQueue(t, func(t *testing.T, f *queueFake) {
		r := f.receiver(t, queueStatic, func(context.Context, *imm.IndexMessage) error { return nil })
		stop := startQueue(t, r)
		synctest.Wait()
		err := r.Run(t.Context())
		require.ErrorIs(t, err, imm.ErrInvalidArgument)
		require.ErrorContains(t, err, "it runs already")
		require.NoError(t, stop())
		f.send(queueIndexed("a"))
		stop = startQueue(t, r)
		synctest.Wait()
		require.Empty(t, f.left(), "after its end it runs again")
		require.NoError(t, stop())
		var none context.Context
		require.ErrorContains(t, r.Run(none), "the context is nil")
	})
}

func TestNoMessageIsFetchedBeforeThereIsRoomForIt(t *testing.T) {
	inQueue(t, func(t *testing.T, f *queueFake) {
		f.send(queueBodies(200)...)
		var now, most atomic.Int32
		stop := f.run(t, func(context.Context, *imm.IndexMessage) error {
			if n := now.Add(1); n > most.Load() {
				most.Store(n)
			}
			<-time.After(time.Second)
			now.Add(-1)
			return nil
		}, WithConcurrency(20))
		synctest.Wait()
		requests := f.asked("BatchReceiveMessage")
		require.Len(t, requests, 2)
		require.Equal(t, "16", requests[0].query.Get("numOfMessages"))
		require.Equal(t, "4", requests[1].query.Get("numOfMessages"))
		queuePass(15 * time.Second)
		require.EqualValues(t, 20, most.Load())
		require.Empty(t, f.left())
		require.NoError(t, stop())
	})
}
