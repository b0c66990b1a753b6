package notify_test

import (
	"context"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/imm-go/imm/notify"
)

func TestAWaitEndsAfterTheLastReportHasReturned(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		const slow = time.Second
		var reported atomic.Int32
		tracker := newTracker(t, notify.WithOutcomes(func(notify.Outcome) {
			<-time.After(slow)
			reported.Add(1)
		}))
		b := trackBatch(t, tracker, "a b c")
		start := time.Now()
		for _, text := range []string{"a", "b c"} { // at the same time
			go func() {
				m := trackerMessage(text)
				m.UserData = b.UserData()
				if err := tracker.Handle(t.Context(), m); err != nil {
					t.Error(err)
				}
			}()
		}
		synctest.Wait()
		require.Equal(t, "+ + +", batchStatus(b), "what is known does not wait")
		require.Zero(t, tracker.Stats().Open)
		_, err := b.Wait(t.Context())
		require.NoError(t, err)
		require.EqualValues(t, 3, reported.Load())
		require.Equal(t, 2*slow, time.Since(start))
		require.NoError(t, tracker.Wait(t.Context()))
	})
}

func TestForgetWaitsForReportsThatAreUnderWay(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		tracker := newTracker(t, notify.WithOutcomes(func(notify.Outcome) { <-time.After(time.Second) }))
		b := trackBatch(t, tracker, "a b")
		start := time.Now()
		go func() {
			if err := tracker.Handle(t.Context(), trackerMessage("a")); err != nil {
				t.Error(err)
			}
		}()
		synctest.Wait()
		b.Forget()
		require.NoError(t, tracker.Wait(t.Context()))
		require.Equal(t, time.Second, time.Since(start))
		<-b.Done()
	})
}

func TestAReportMayCallTheTracker(t *testing.T) {
	t.Parallel()
	var tracker *notify.Tracker
	var next *notify.Batch
	tracker = newTracker(t, notify.WithOutcomes(func(o notify.Outcome) {
		if o.URI == trackerURI("a") {
			next = trackBatch(t, tracker, "b")
			require.NoError(t, tracker.Handle(t.Context(), trackerMessage("b")))
			require.Empty(t, tracker.Open())
			require.Zero(t, tracker.Stats().Open)
		}
	}))
	trackBatch(t, tracker, "a")
	require.NoError(t, tracker.Handle(t.Context(), trackerMessage("a")))
	_, err := next.Wait(t.Context())
	require.NoError(t, err)
	require.NoError(t, tracker.Wait(t.Context()))
}

func TestAReportThatPanicsHoldsNobodyUp(t *testing.T) {
	t.Parallel()
	tracker := newTracker(t, notify.WithOutcomes(func(notify.Outcome) { panic("of the caller") }))
	b := trackBatch(t, tracker, "a b")
	require.PanicsWithValue(t, "of the caller", func() { _ = tracker.Handle(t.Context(), trackerMessage("a b")) })
	_, err := b.Wait(t.Context())
	require.NoError(t, err)
	require.NoError(t, tracker.Wait(t.Context()))
}

func TestATrackerCanBeWaitedForAgainAndAgain(t *testing.T) {
	t.Parallel()
	tracker := newTracker(t)
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	for range 3 {
		require.NoError(t, tracker.Wait(gone))
		trackBatch(t, tracker, "a")
		require.ErrorIs(t, tracker.Wait(gone), context.Canceled)
		require.NoError(t, tracker.Handle(t.Context(), trackerMessage("a")))
	}
}
