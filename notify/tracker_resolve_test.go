package notify_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/imm-go/imm"
	"github.com/imm-go/imm/immtest"
	"github.com/imm-go/imm/notify"
)

// resolved sets what was learned of files of Open: of the first file the first word,
// "+" for indexed, "?" for nothing, and otherwise the reason.
func resolved(open []notify.Outcome, words ...string) []notify.Outcome {
	for i, word := range words {
		switch word {
		case "?":
		case "+":
			open[i].Status = notify.StatusIndexed
		default:
			open[i].Status, open[i].Reason = notify.StatusFailed, word
		}
	}
	return open
}

func TestWhatIsResolvedHasItsOutcomeOnce(t *testing.T) {
	t.Parallel()
	var told []string
	tracker := newTracker(t, notify.WithOutcomes(func(o notify.Outcome) {
		told = append(told, fmt.Sprint(o.URI[len(o.URI)-1:], " ", o.Status, " ", o.Reason))
	}))
	b := trackBatch(t, tracker, "a#1 b c d")
	open := resolved(tracker.Open(), "+", "it is broken", "?", "+")
	require.Equal(t, 3, tracker.Resolve(open...))
	require.Equal(t, "+ it is broken ? +", batchStatus(b))
	require.Equal(t, []string{"a indexed ", "b failed it is broken", "d indexed "}, told)
	require.Zero(t, tracker.Resolve(open...), "the first outcome counts")
	require.Zero(t, tracker.Resolve(resolved(open, "another", "+")...))
	require.NoError(t, tracker.Handle(t.Context(), &imm.IndexMessage{UserData: b.UserData(), Success: false, Message: "late"}))
	require.Equal(t, "+ it is broken late +", batchStatus(b))
	require.Len(t, told, 4)
	require.NoError(t, tracker.Wait(t.Context()))
	require.Equal(t, notify.TrackerStats{Tracked: 4, Indexed: 2, Failed: 2, Duplicates: 3}, tracker.Stats())
	require.Zero(t, tracker.Resolve(open...), "the batch is over")
	require.Empty(t, tracker.Open())
}

func TestOnlyTheFileThatOpenMeantIsResolved(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(o *notify.Outcome){
		"another URI":       func(o *notify.Outcome) { o.URI += "x" },
		"no URI":            func(o *notify.Outcome) { o.URI = "" },
		"no names at all":   func(o *notify.Outcome) { o.URI, o.CustomID = "", "" },
		"another CustomID":  func(o *notify.Outcome) { o.CustomID = "2" },
		"another project":   func(o *notify.Outcome) { o.ProjectName = "p" },
		"another dataset":   func(o *notify.Outcome) { o.DatasetName = "d" },
		"another UserData":  func(o *notify.Outcome) { o.UserData = "u" },
		"another time":      func(o *notify.Outcome) { o.Since = o.Since.Add(time.Nanosecond) },
		"no time":           func(o *notify.Outcome) { o.Since = time.Time{} },
		"still open":        func(o *notify.Outcome) { o.Status = notify.StatusOpen },
		"no status":         func(o *notify.Outcome) { o.Status = "" },
		"a status unheard":  func(o *notify.Outcome) { o.Status = "Indexed" },
		"nothing of it all": func(o *notify.Outcome) { *o = notify.Outcome{} },
	} {
		tracker := newTracker(t)
		trackBatch(t, tracker, "a#1")
		open := resolved(tracker.Open(), "+")
		change(&open[0])
		require.Zero(t, tracker.Resolve(open...), name)
		require.EqualValues(t, 1, tracker.Stats().Open, name)
	}
	tracker, other := newTracker(t), newTracker(t)
	trackBatch(t, tracker, "a")
	trackBatch(t, other, "a")
	require.Zero(t, other.Resolve(resolved(tracker.Open(), "+")...), "it is of another tracker")

	// What is in a message only, or in a call twice, is found as well.
	trackBatch(t, tracker, "#7")
	trackBatch(t, tracker, "b b b#1")
	require.Equal(t, 5, tracker.Resolve(resolved(tracker.Open(), "+", "+", "+", "+", "")...))
	require.Equal(t, notify.TrackerStats{Tracked: 5, Indexed: 4, Failed: 1}, tracker.Stats())
	require.Zero(t, tracker.Resolve())
}

func TestAFailureWithoutAReasonGetsOne(t *testing.T) {
	t.Parallel()
	tracker := newTracker(t)
	b := trackBatch(t, tracker, "a")
	open := tracker.Open()
	open[0].Status = notify.StatusFailed
	require.Equal(t, 1, tracker.Resolve(open...))
	require.Equal(t, "it was resolved as failed, and not why", batchStatus(b))
}

func TestAWaitEndsWhenTheLastFileIsResolvedAndReported(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		tracker := newTracker(t, notify.WithOutcomes(func(notify.Outcome) { <-time.After(time.Second) }))
		b := trackBatch(t, tracker, "a")
		start := time.Now()
		go tracker.Resolve(resolved(tracker.Open(), "+")...)
		_, err := b.Wait(t.Context())
		require.NoError(t, err)
		require.NoError(t, tracker.Wait(t.Context()))
		require.Equal(t, time.Second, time.Since(start))
	})
}

// Messages and what the dataset says come at the same time, from everywhere.
func TestAFileThatIsResolvedByManyHasOneOutcome(t *testing.T) {
	t.Parallel()
	var told atomic.Int64
	tracker := newTracker(t, notify.WithOutcomes(func(notify.Outcome) { told.Add(1) }))
	const batches = 50
	var all []*notify.Batch
	for range batches {
		all = append(all, trackBatch(t, tracker, "a b c"))
	}
	var group sync.WaitGroup
	var byResolve atomic.Int64
	for i := range 200 {
		group.Go(func() {
			if i%2 == 0 {
				m := trackerMessage("a b c")
				m.UserData = all[i%batches].UserData()
				_ = tracker.Handle(t.Context(), m)
				return
			}
			open := tracker.Open()
			for j := range open {
				open[j].Status = notify.StatusIndexed
			}
			byResolve.Add(int64(tracker.Resolve(open...)))
		})
	}
	group.Wait()
	require.NoError(t, tracker.Wait(t.Context()))
	require.EqualValues(t, 3*batches, told.Load())
	require.EqualValues(t, 3*batches, tracker.Stats().Indexed)
	require.LessOrEqual(t, byResolve.Load(), told.Load())
}

// What the dataset knows closes off what a topic lost.
func TestFilesWhoseMessageIsLostAreResolvedByTheDataset(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		tracker := newTracker(t)
		server := immtest.NewServer(immtest.WithSubscription("test-topic", immtest.Subscription{Queue: "q"}))
		defer server.Close()
		server.InjectDelivery(immtest.DeliveryFault{Lose: true})
		server.PutObject("test-bucket", "a", []byte("a"))
		ctx, client := t.Context(), server.Client()
		b, err := tracker.BatchIndexFileMeta(ctx, client, &imm.BatchIndexFileMetaRequest{
			ProjectName: trackerProject, DatasetName: trackerDataset, Files: trackerFiles("a missing"),
			Notification: imm.Notification{MNS: imm.MNS{TopicName: "test-topic"}},
		})
		require.NoError(t, err)
		require.NoError(t, server.WaitDelivered(ctx))
		open := tracker.Open()
		found, err := client.WaitIndexed(ctx, &imm.WaitIndexedRequest{
			ProjectName: trackerProject, DatasetName: trackerDataset, URIs: []string{open[0].URI, open[1].URI}, Since: open[0].Since.Add(-time.Minute),
		}, imm.WithFileLimit(time.Minute))
		require.NoError(t, err)
		require.Equal(t, imm.OutcomeIndexed, found[0].Status)
		require.Equal(t, imm.OutcomeOverdue, found[1].Status)
		require.Equal(t, 2, tracker.Resolve(resolved(open, "+", found[1].Reason)...))
		outcomes, err := b.Wait(ctx)
		require.NoError(t, err)
		require.Contains(t, outcomes[1].Reason, "not indexed within 1m0s")
	})
}

func TestAWaitSaysWhyItsContextWasCancelled(t *testing.T) {
	t.Parallel()
	refused := errors.New("the queue does not exist")
	tracker := newTracker(t)
	b := trackBatch(t, tracker, "a")
	for _, wait := range []func(ctx context.Context) error{
		tracker.Wait,
		func(ctx context.Context) error { _, err := b.Wait(ctx); return err },
	} {
		ctx, cancel := context.WithCancelCause(t.Context())
		cancel(refused)
		err := wait(ctx)
		require.ErrorIs(t, err, refused)
		require.ErrorIs(t, err, context.Canceled)
		require.ErrorContains(t, err, "context canceled (the queue does not exist) while 1 ")

		ctx, cancel = context.WithCancelCause(t.Context())
		cancel(nil)
		require.ErrorContains(t, wait(ctx), "context canceled while 1 ")
		late, stop := context.WithTimeout(t.Context(), 0)
		require.ErrorContains(t, wait(late), "context deadline exceeded while 1 ")
		stop()
	}
}
