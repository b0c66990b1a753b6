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
