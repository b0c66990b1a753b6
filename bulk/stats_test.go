package bulk_test

import (
	"context"
	"errors"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/imm-go/imm"
	"github.com/imm-go/imm/bulk"
	"github.com/imm-go/imm/immtest"
)

func TestStatsShowHowARunIsGoing(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		server := newServer(t, immtest.WithQPS(20))
		client := server.Client(imm.WithHTTPClient(&http.Client{Transport: far{server.Transport(), 100 * time.Millisecond}}))
		c := config()
		c.BatchFiles = 10
		x := newIndexer(t, client, c)
		require.Zero(t, x.Stats().Duration, "it has not begun")
		ctx, cancel := context.WithCancelCause(t.Context())
		var s bulk.Stats
		time.AfterFunc(10*time.Second, func() {
			s = x.Stats()
			cancel(errors.New("the user pressed a key"))
		})
		summary, err := x.Run(ctx, files(1_000_000))
		require.ErrorIs(t, err, context.Canceled)
		require.ErrorContains(t, err, "the user pressed a key")
		require.Equal(t, 10*time.Second, s.Duration)
		require.InDelta(t, 20, s.Rate, 2)
		require.InDelta(t, 20, s.RateAllowed, 0.1, "as the project says")
		require.InDelta(t, 10*20*10, s.Accepted, 50)
		require.Equal(t, s.Added, s.Accepted+s.Open)
		require.Positive(t, s.InFlight)
		require.GreaterOrEqual(t, s.Width, s.InFlight)
		require.Equal(t, summary, x.Stats().Summary)
		require.Zero(t, x.Stats().Open)
		require.Zero(t, x.Stats().InFlight)
	})
}

func TestStatsTellHowManyFilesWaitForAConfirmationAndUntilWhen(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		server := newServer(t)
		server.PutObject("test-bucket", "there.txt", []byte("text"))
		c := config()
		c.Confirm, c.ConfirmWithin, c.BatchFiles = bulk.ByPolling, 10*time.Minute, 1
		x := newIndexer(t, server.Client(), c)
		begun := time.Now()
		require.Zero(t, x.Stats().Awaited)
		for _, name := range []string{"there.txt", "missing-1.txt", "missing-2.txt"} {
			require.NoError(t, x.Add(t.Context(), imm.InputFile{URI: "oss://test-bucket/" + name}))
		}
		<-time.After(time.Minute)
		s := x.Stats()
		require.Equal(t, int64(1), s.Indexed)
		require.Equal(t, int64(2), s.Awaited)
		require.WithinDuration(t, begun.Add(10*time.Minute), s.AwaitedUntil, 5*time.Second)
		_, err := x.Close(t.Context())
		require.NoError(t, err)
		require.Zero(t, x.Stats().Awaited)
		require.Zero(t, x.Stats().AwaitedUntil)
	})
}

// statsAfter is how a run is going after some time.
func statsAfter(x *bulk.Indexer, d time.Duration) <-chan bulk.Stats {
	stats := make(chan bulk.Stats, 1)
	time.AfterFunc(d, func() { stats <- x.Stats() })
	return stats
}

func TestStatsTellOfAnOutage(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		begin := time.Now()
		c := config()
		c.Rate, c.BatchFiles = 10, 1
		x := newIndexer(t, inWeather(t, 50*time.Millisecond, between(10*time.Second, 20*time.Second, unavailable)), c)
		before, during, after := statsAfter(x, 9*time.Second), statsAfter(x, 19*time.Second), statsAfter(x, 50*time.Second)
		_, err := x.Run(t.Context(), files(1000))
		require.NoError(t, err)
		for _, s := range []bulk.Stats{<-before, <-after} {
			require.NoError(t, s.LastError)
			require.Zero(t, s.FailingSince)
		}
		s := <-during
		require.ErrorIs(t, s.LastError, imm.ErrUnavailable)
		require.WithinDuration(t, begin.Add(10*time.Second), s.FailingSince, 3*time.Second, "the client repeats at first")
	})
}
