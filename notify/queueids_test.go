package notify

import (
	"context"
	"errors"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/imm-go/imm"
)

// queueEnvelope is a message as a subscription with the format JSON puts it into a
// queue.
func queueEnvelope(id, userData string) string {
	escaped := strings.ReplaceAll(queueIndexed(userData), `"`, `\"`)
	return `{"TopicOwner":"1","TopicName":"t","Subscriber":"1","SubscriptionName":"s","MessageId":"` + id + `","MessageMD5":"x","Message":"` + escaped + `","PublishTime":"946684798000"}`
}

func TestAMessageOfAQueueHasAnIDAndATimeInEveryFormat(t *testing.T) {
	inQueue(t, func(t *testing.T, f *queueFake) {
		sent := time.Now().UTC()
		f.send(queueIndexed("bare"), queueEnvelope("T-1", "wrapped"), `{"id":"I-1","source":"acs.imm","type":"imm:FileMeta:Index","content":"{\"Success\":true,\"UserData\":\"event\",\"Files\":[]}"}`)
		type seen struct {
			id string
			at time.Time
		}
		got := make(chan [2]any, 3)
		stop := f.run(t, func(_ context.Context, m *imm.IndexMessage) error {
			got <- [2]any{m.UserData, seen{m.MessageID, m.PublishTime}}
			return nil
		})
		synctest.Wait()
		require.NoError(t, stop())
		close(got)
		all := make(map[any]any)
		for g := range got {
			all[g[0]] = g[1]
		}
		require.Equal(t, map[any]any{
			"bare":    seen{"M-1", sent}, // what the queue says
			"wrapped": seen{"T-1", time.UnixMilli(946684798000).UTC()},
			"event":   seen{"I-1", sent},
		}, all)
	})
}

func TestABareMessageOfAQueueThatComesAgainIsHandledOnce(t *testing.T) {
	inQueue(t, func(t *testing.T, f *queueFake) {
		f.send(queueIndexed("a"))
		memory, err := NewMemoryDeduplicator(10)
		require.NoError(t, err)
		var calls atomic.Int32
		callback := func(context.Context, *imm.IndexMessage) error {
			if calls.Add(1) == 1 {
				return errors.New("not yet")
			}
			f.steal(true) // so that it cannot be deleted
			return nil
		}
		stop := f.run(t, callback, WithDeduplication(memory))
		queuePass(3 * time.Hour)
		require.NoError(t, stop())
		require.EqualValues(t, 2, calls.Load(), "what failed is no duplicate, and what was handled is one")
		require.Empty(t, f.left())
	})
}

func TestTheLogNamesAMessageOfAQueueByBothIDs(t *testing.T) {
	inQueue(t, func(t *testing.T, f *queueFake) {
		f.send(queueEnvelope("T-1", "a"), queueIndexed("b"), "text",
			"["+pushEvent+","+strings.Replace(pushEvent, "event-1", "event-2", 1)+"]", queueEnvelope("T-5", "panics"))
		stop := f.run(t, func(_ context.Context, m *imm.IndexMessage) error {
			if m.UserData == "panics" {
				panic("of the callback")
			}
			return errors.New("the database is down")
		})
		synctest.Wait()
		require.NoError(t, stop())
		for _, want := range []string{
			"message=M-1 message_id=T-1 received=1", "message=M-2 received=1", "message=M-3 received=1",
			`message=M-4 message_id="event-1 and 1 more" received=1 error="the database is down; the database is down"`,
			"message=M-5 message_id=T-5 received=1",
		} {
			require.Contains(t, f.logged(), want)
		}
	})
}

func TestAMessageWithoutAnIDIsSaidOnceToADeduplicator(t *testing.T) {
	t.Parallel()
	memory, err := NewMemoryDeduplicator(10)
	require.NoError(t, err)
	withoutID := func() signedPush { return signedPush{headers: map[string]string{"x-mns-message-id": ""}} }
	b := new(pushBench).mns(t, WithDeduplication(memory))
	b.send(signedPush{}.mns())
	require.Empty(t, b.logged())
	for range 3 {
		b.send(withoutID().mns())
	}
	require.EqualValues(t, 4, b.calls.Load())
	require.Equal(t, 1, strings.Count(b.logged(), "a message has no id"))
	b = new(pushBench).mns(t)
	b.send(withoutID().mns())
	require.Empty(t, b.logged(), "there is no deduplicator")
}
