package immtest

import (
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
)

func TestQueuesSayWhatIsInThem(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newServer(t)
		require.Empty(t, s.Queues())
		s = newServer(t, WithQueue("b", time.Minute), WithSubscription("test-topic", Subscription{Queue: "a"}))
		for range 3 {
			s.SendToQueue("b", []byte("text"))
		}
		received := decodeXML[queueMessage](t, callQueue(t, s, http.MethodGet, "b/messages", ""), http.StatusOK)
		require.Equal(t, []QueueState{{Name: "a"}, {Name: "b", Visible: 2, Invisible: 1}}, s.Queues())
		require.Equal(t, []stateQueue{{"a", 0, 0}, {"b", 3, 1}}, get[controlState](t, s, "state").Queues)
		sleep(t, time.Minute)
		require.Equal(t, []QueueState{{Name: "a"}, {Name: "b", Visible: 3}}, s.Queues())
		require.NotEmpty(t, received.MessageBody)
	})
}
