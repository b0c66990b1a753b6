package notify_test

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/imm-go/imm"
	"github.com/imm-go/imm/notify"
)

// TestTwoHundredGoroutinesShareATracker has each of them do everything, with files
// that belong to it and one that all of them have.
func TestTwoHundredGoroutinesShareATracker(t *testing.T) {
	t.Parallel()
	const goroutines, rounds = 200, 20
	var mu sync.Mutex
	reported := make(map[string]int)
	var forgotten atomic.Int64
	tracker := newTracker(t, notify.WithOutcomes(func(o notify.Outcome) {
		mu.Lock()
		defer mu.Unlock()
		reported[o.UserData+" "+o.URI]++
	}))
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	messages := make(chan *imm.IndexMessage, goroutines)
	var work, hands sync.WaitGroup
	for range 8 {
		hands.Go(func() {
			for m := range messages {
				for range 2 { // each comes twice
					if err := tracker.Handle(t.Context(), m); err != nil {
						t.Error(err)
					}
				}
			}
		})
	}
	for g := range goroutines {
		work.Go(func() {
			for round := range rounds {
				name := fmt.Sprintf("%d-%d", g, round)
				b, err := tracker.Track(trackerProject, trackerDataset, name, trackerFiles(name+"a#g "+name+"b#g shared"))
				if err != nil {
					t.Error(err)
					return
				}
				m := trackerMessage(name + "a#g " + name + "b#g!why shared")
				m.RequestID = "of message " + name
				if round%3 != 0 {
					m.UserData = b.UserData()
				}
				if round%2 == 0 {
					messages <- m // before the call returns
					b.Accepted(name, "")
				} else {
					b.Accepted(name, "")
					messages <- m
				}
				switch round % 5 {
				case 0:
					b.Forget()
					for _, o := range b.Outcomes() {
						if o.Status == notify.StatusOpen {
							forgotten.Add(1)
						}
					}
				case 1:
					if _, err := b.Wait(t.Context()); err != nil {
						t.Error(err)
					}
				case 2:
					_, _ = b.Wait(gone)
					_ = tracker.Wait(gone)
				case 3:
					_ = tracker.Open()
					_ = tracker.Stats()
				}
			}
		})
	}
	work.Wait()
	close(messages)
	hands.Wait()
	require.NoError(t, tracker.Wait(t.Context()))
	stats := tracker.Stats()
	requireTrackerSum(t, stats)
	require.EqualValues(t, goroutines*rounds*3, stats.Tracked)
	require.Zero(t, stats.Open)
	require.Zero(t, stats.Kept)
	require.Equal(t, forgotten.Load(), stats.Forgotten)
	require.EqualValues(t, len(reported), stats.Indexed+stats.Failed)
	for file, times := range reported {
		require.Equal(t, 1, times, file)
	}
}
