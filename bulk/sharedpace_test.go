package bulk_test

import (
	"context"
	"errors"
	"net/http"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/imm-go/imm"
	"github.com/imm-go/imm/bulk"
	"github.com/imm-go/imm/immtest"
)

// turnstile is a pacer that lets one call go each interval, until one is refused.
type turnstile struct {
	calls     <-chan time.Time
	refusal   error
	waits     atomic.Int64
	throttled atomic.Int64
}

func (t *turnstile) Wait(ctx context.Context) error {
	t.waits.Add(1)
	select {
	case <-t.calls:
		return t.refusal
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (t *turnstile) Throttled(time.Time) { t.throttled.Add(1) }

func (t *turnstile) Rate() float64 { return 7 }

func TestASharedPacerSpacesTheCallsAndLearnsOfThrottling(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		server := newServer(t, immtest.WithQPS(1000))
		server.Inject(immtest.Fault{Action: batched, Times: 4, Status: http.StatusTooManyRequests, Code: "Throttling.User"})
		ticker := time.NewTicker(time.Second)
		defer ticker.Stop()
		pacer := &turnstile{calls: ticker.C}
		c := config()
		c.Pacer = pacer
		l := newLedger(&c)
		indexer := newIndexer(t, server.Client(), c)
		summary, err := indexer.Run(t.Context(), files(2000))
		require.NoError(t, err)
		l.balance(t, summary)
		require.EqualValues(t, 2000, summary.Accepted)
		require.InDelta(t, 7, indexer.Stats().RateAllowed, 0)
		require.EqualValues(t, 1, pacer.throttled.Load(), "the client gave up once, after four requests")
		require.GreaterOrEqual(t, summary.Duration, 20*time.Second, "21 calls, one a second")
		require.Less(t, summary.Duration, 30*time.Second)
		require.Empty(t, calls(server, "GetProject"), "the limit is the pacer's")
	})
}

func TestAPacerThatGivesUpStopsTheRun(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		server := newServer(t)
		now := make(chan time.Time, 1)
		now <- time.Now()
		c := config()
		c.Pacer = &turnstile{calls: now, refusal: errors.New("the quota is gone")}
		l := newLedger(&c)
		summary, err := newIndexer(t, server.Client(), c).Run(t.Context(), files(250))
		require.EqualError(t, err, "bulk: the run was stopped: the pacer gave up: the quota is gone")
		l.balance(t, summary)
		require.Equal(t, summary.Added, summary.Unsent)
		require.Empty(t, calls(server, batched))
	})
}

func TestACanceledRunDoesNotWaitForItsPacer(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		server := newServer(t)
		c := config()
		c.Pacer = new(turnstile) // lets nobody go
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		summary, err := newIndexer(t, server.Client(), c).Run(ctx, files(250))
		require.ErrorIs(t, err, context.DeadlineExceeded)
		require.NotContains(t, err.Error(), "pacer")
		require.Equal(t, time.Minute, summary.Duration)
	})
}

func TestARateBesideAPacerIsRefused(t *testing.T) {
	t.Parallel()
	c := config()
	c.Rate, c.Pacer = 1, new(turnstile)
	_, err := bulk.New(newServer(t).Client(), c)
	var refused *imm.ValidationError
	require.ErrorAs(t, err, &refused)
	require.Equal(t, "Config.Rate", refused.Field)
}
