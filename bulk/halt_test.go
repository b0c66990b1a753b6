package bulk_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// deaf is a pacer that lets calls go late, and does not hear of the end.
type deaf struct{}

func (deaf) Wait(context.Context) error {
	<-time.After(10 * time.Second)
	return nil
}

func (deaf) Throttled(time.Time) {}

func (deaf) Rate() float64 { return 0 }

func TestNoCallBeginsOnceTheRunHasStopped(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		server := newServer(t)
		c := config()
		c.Pacer, c.Grace = deaf{}, time.Minute
		l := newLedger(&c)
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
		defer cancel()
		summary, err := newIndexer(t, server.Client(), c).Run(ctx, files(1000))
		require.ErrorIs(t, err, context.DeadlineExceeded)
		l.balance(t, summary)
		require.Equal(t, summary.Added, summary.Unsent)
		require.Empty(t, calls(server, batched))
	})
}
