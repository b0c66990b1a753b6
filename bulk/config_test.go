package bulk_test

import (
	"context"
	"math"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/imm-go/imm"
	"github.com/imm-go/imm/bulk"
	"github.com/imm-go/imm/notify"
)

func TestAConfigThatMakesNoSenseIsRefused(t *testing.T) {
	t.Parallel()
	server := newServer(t)
	tracker, err := notify.NewTracker()
	require.NoError(t, err)
	for field, change := range map[string]func(*bulk.Config){
		"Config.ProjectName":   func(c *bulk.Config) { c.ProjectName = "" },
		"Config.DatasetName":   func(c *bulk.Config) { c.DatasetName = "" },
		"Config.Rate":          func(c *bulk.Config) { c.Rate = -1 },
		"Config.Concurrency":   func(c *bulk.Config) { c.Concurrency = -1 },
		"Config.BatchFiles":    func(c *bulk.Config) { c.BatchFiles = 101 },
		"Config.BatchBytes":    func(c *bulk.Config) { c.BatchBytes = -1 },
		"Config.BatchAge":      func(c *bulk.Config) { c.BatchAge = -1 },
		"Config.RetryFor":      func(c *bulk.Config) { c.RetryFor = -1 },
		"Config.Grace":         func(c *bulk.Config) { c.Grace = -1 },
		"Config.Confirm":       func(c *bulk.Config) { c.Confirm = 3 },
		"Config.Tracker":       func(c *bulk.Config) { c.Confirm = bulk.ByMessages },
		"Config.Notification":  func(c *bulk.Config) { c.Confirm, c.Tracker = bulk.ByMessages, tracker },
		"Config.ConfirmWithin": func(c *bulk.Config) { c.ConfirmWithin = -1 },
		"Config.Resend":        func(c *bulk.Config) { c.Resend = 1 },
	} {
		c := config()
		change(&c)
		_, err := bulk.New(server.Client(), c)
		var refused *imm.ValidationError
		require.ErrorAs(t, err, &refused, field)
		require.Equal(t, field, refused.Field)
		require.Equal(t, "bulk.New", refused.Action)
	}
	_, err = bulk.New(nil, config())
	require.ErrorIs(t, err, imm.ErrInvalidArgument)
}

func TestNumbersAsLargeAsTheyCanBeDoNotOverflow(t *testing.T) {
	t.Parallel()
	c := config()
	c.Concurrency = math.MaxInt
	_, err := bulk.New(newServer(t).Client(), c)
	require.ErrorContains(t, err, "Concurrency: it is 9223372036854775807; want 1 to 100000 calls, or 0 for 128")

	t.Run("times", func(t *testing.T) {
		inBubble(t, func(t *testing.T) {
			server := newServer(t)
			client := server.Client(imm.WithHTTPClient(&http.Client{Transport: far{server.Transport(), 5 * time.Second}}))
			c := config()
			c.Journal = newMemory(t) // which wants a context that has not ended
			c.BatchBytes, c.BatchAge = math.MaxInt, math.MaxInt64
			c.RetryFor, c.Grace, c.ConfirmWithin = math.MaxInt64, math.MaxInt64, math.MaxInt64
			l := newLedger(&c)
			ctx, cancel := context.WithTimeout(t.Context(), 12*time.Second)
			defer cancel()
			summary, err := newIndexer(t, client, c).RunSource(ctx, numbered{n: 1000})
			require.ErrorIs(t, err, context.DeadlineExceeded)
			l.balance(t, summary)
			require.EqualValues(t, 500, summary.Accepted, "calls that are under way may end")
		})
	})
	t.Run("a rate that is hardly one", func(t *testing.T) {
		inBubble(t, func(t *testing.T) {
			c := config()
			c.Rate, c.BatchFiles = math.SmallestNonzeroFloat64, 1
			ctx, cancel := context.WithTimeout(t.Context(), 24*time.Hour)
			defer cancel()
			summary, err := newIndexer(t, newServer(t).Client(), c).Run(ctx, files(100))
			require.ErrorIs(t, err, context.DeadlineExceeded)
			require.EqualValues(t, 1, summary.Batches)
		})
	})
}
