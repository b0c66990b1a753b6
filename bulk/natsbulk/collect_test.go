package natsbulk

import (
	"context"
	"encoding/json"
	"testing"

	"github.com/nats-io/nats.go/jetstream"
	"github.com/stretchr/testify/require"

	"github.com/imm-go/imm/bulk"
	"github.com/imm-go/imm/bulk/natsbulk/embedded"
)

// inProcess is a cluster whose server is in this process.
func inProcess(t *testing.T) *Cluster {
	t.Helper()
	server, err := embedded.Start(t.TempDir(), "")
	require.NoError(t, err)
	t.Cleanup(server.Close)
	conn, err := server.Connect()
	require.NoError(t, err)
	t.Cleanup(conn.Close)
	js, err := jetstream.New(conn)
	require.NoError(t, err)
	c, err := Open(t.Context(), js, Config{})
	require.NoError(t, err)
	return c
}

func TestAFailureThatCameAfterAnotherOutcomeIsNotListedAlthoughTheCollectorDies(t *testing.T) {
	t.Parallel()
	c := inProcess(t)
	for _, m := range []struct {
		subject string
		outcome outcome
	}{
		{doneSubject, outcome{Status: "accepted"}},
		{failedSubject, outcome{Status: "failed", Error: "no"}},
		{failedSubject, outcome{Index: 1, Status: "failed", Error: "no"}},
	} {
		data, err := json.Marshal(outcomes{Batch: 1, Size: 3, Files: []outcome{m.outcome}})
		require.NoError(t, err)
		_, err = c.js.Publish(t.Context(), c.subject(m.subject), data)
		require.NoError(t, err)
	}
	listed := func() (n int) {
		for r, err := range c.Failed(t.Context()) {
			require.NoError(t, err)
			require.Equal(t, bulk.Failed, r.Status)
			n++
		}
		return n
	}
	counting := func(ctx context.Context) *counter {
		counted, err := c.loadTally(ctx)
		require.NoError(t, err)
		consumer, err := c.results.OrderedConsumer(ctx, jetstream.OrderedConsumerConfig{
			DeliverPolicy: jetstream.DeliverByStartSequencePolicy, OptStartSeq: counted.value.UpTo + 1,
		})
		require.NoError(t, err)
		incoming, err := consumer.Messages()
		require.NoError(t, err)
		defer incoming.Stop()
		x := &counter{cluster: c, entry: counted}
		for counted.value.UpTo < 3 {
			require.NoError(t, x.countFor(ctx, incoming))
		}
		return x
	}
	x := counting(t.Context())
	require.NoError(t, x.entry.save(t.Context())) // and there it dies
	require.Equal(t, 1, listed())
	require.NoError(t, counting(t.Context()).save(t.Context()))
	require.Equal(t, 1, listed())
	info, err := c.results.Info(t.Context())
	require.NoError(t, err)
	require.EqualValues(t, 1, info.State.Msgs, "what is stale is gone")
	require.NoError(t, counting(t.Context()).save(t.Context()), "also if it was gone before")
}
