package immtest_test

import (
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/imm-go/imm"
	"github.com/imm-go/imm/immtest"
)

// callFor lets 8 goroutines call as fast as the client lets them, and counts the
// calls that succeeded.
func callFor(client *imm.Client, d time.Duration) int64 {
	end := time.Now().Add(d)
	var succeeded atomic.Int64
	var group sync.WaitGroup
	for range 8 {
		group.Go(func() {
			for time.Now().Before(end) {
				if indexOne(client) == nil {
					succeeded.Add(1)
				}
			}
		})
	}
	group.Wait()
	return succeeded.Load()
}

func TestAClientWithARateLimitOfItsOwnIsNeverThrottled(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		server := immtest.NewServer(immtest.WithQPS(100))
		defer server.Close()
		succeeded := callFor(server.Client(imm.WithRateLimit(100)), 20*time.Second)
		require.GreaterOrEqual(t, succeeded, int64(1990))
		for _, r := range server.Requests() {
			require.Empty(t, r.Code)
		}
	})
}

func TestAClientWithoutALimitFindsTheRate(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		server := immtest.NewServer(immtest.WithQPS(100))
		defer server.Close()
		succeeded := callFor(server.Client(), 60*time.Second)
		require.GreaterOrEqual(t, succeeded, int64(60*95))
		require.LessOrEqual(t, succeeded, int64(60*100+100+8), "a second's worth comes at once, and the last calls end later")
	})
}
