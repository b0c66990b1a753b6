package notify_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/require"

	"github.com/imm-go/imm"
	"github.com/imm-go/imm/immtest"
	"github.com/imm-go/imm/notify"
)

// TestTenThousandBatchesThroughPushesThatGoWrongGiveEachFileOneOutcome has
// batches of three files, of which one does not exist. Of the pushes 10 %
// come twice and 5 % out of order, and 20 % of the callbacks fail.
func TestTenThousandBatchesThroughPushesThatGoWrongGiveEachFileOneOutcome(t *testing.T) {
	t.Parallel()
	const batches, filesOfBatch = 10_000, 3
	synctest.Test(t, func(t *testing.T) {
		var mu sync.Mutex
		outcomes := make(map[string][]notify.Outcome)
		failures := 0
		random := rand.New(rand.NewPCG(1, 2))
		tracker, err := notify.NewTracker(notify.WithOutcomes(func(o notify.Outcome) {
			mu.Lock()
			defer mu.Unlock()
			outcomes[o.URI] = append(outcomes[o.URI], o)
		}))
		require.NoError(t, err)

		server := immtest.NewServer()
		defer server.Close()
		handler, err := notify.NewMNSHandler(func(ctx context.Context, m *imm.IndexMessage) error {
			mu.Lock()
			fails := random.Float64() < 0.2
			if fails {
				failures++
			}
			mu.Unlock()
			if fails {
				return errors.New("the database is away")
			}
			return tracker.Handle(ctx, m)
		}, notify.WithCertificates(server.Certificate), notify.WithTopicOwner(immtest.AccountID))
		require.NoError(t, err)
		require.NoError(t, server.Subscribe("test-topic", immtest.Subscription{Handler: handler, Strategy: immtest.ExponentialDecayRetry}))
		server.InjectDelivery(
			immtest.DeliveryFault{Times: -1, Share: 0.10, Duplicate: true},
			immtest.DeliveryFault{Times: -1, Share: 0.05, Reorder: true},
		)

		client := server.Client()
		numbers := make(chan int)
		var senders sync.WaitGroup
		for range 50 {
			senders.Go(func() {
				for n := range numbers {
					files := make([]imm.InputFile, filesOfBatch)
					for i := range files {
						files[i].URI = fmt.Sprintf("oss://test-bucket/%d-%d", n, i)
						if i > 0 {
							server.PutObject("test-bucket", fmt.Sprintf("%d-%d", n, i), []byte("x"))
						}
					}
					_, err := tracker.BatchIndexFileMeta(t.Context(), client, &imm.BatchIndexFileMetaRequest{
						ProjectName: "test-project", DatasetName: "test-dataset", Files: files,
						Notification: imm.Notification{MNS: imm.MNS{TopicName: "test-topic"}},
					})
					if err != nil {
						t.Error(err)
					}
				}
			})
		}
		for n := range batches {
			numbers <- n
		}
		close(numbers)
		senders.Wait()
		require.NoError(t, tracker.Wait(t.Context()))
		require.NoError(t, server.WaitDelivered(t.Context())) // what was repeated although it had been handled

		require.Len(t, outcomes, batches*filesOfBatch)
		for n := range batches {
			for i := range filesOfBatch {
				uri := fmt.Sprintf("oss://test-bucket/%d-%d", n, i)
				want := notify.StatusIndexed
				if i == 0 {
					want = notify.StatusFailed
				}
				if got := outcomes[uri]; len(got) != 1 || got[0].Status != want {
					t.Fatalf("%s: %v, want one outcome, %s", uri, got, want)
				}
			}
		}
		stats := tracker.Stats()
		require.Equal(t, int64(batches*filesOfBatch), stats.Indexed+stats.Failed)
		require.Zero(t, stats.Open)
		require.Empty(t, tracker.Open())
		// The faults were really there.
		require.Greater(t, failures, batches/10)
		require.Greater(t, stats.Duplicates, int64(batches*filesOfBatch/20))
	})
}
