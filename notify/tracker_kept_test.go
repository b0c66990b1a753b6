package notify_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/imm-go/imm/notify"
)

func TestAMessageBeforeItsCallReturned(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		returned bool // the older call with the same file has
		act      func(older, younger *notify.Batch)
		kept     int64
		want     string // of the older and the younger
	}{
		"is kept":                        {true, func(_, _ *notify.Batch) {}, 1, "? ?"},
		"is of the call with its id":     {true, func(_, younger *notify.Batch) { younger.Accepted("M", "") }, 0, "? +"},
		"is of the call with its event":  {true, func(_, younger *notify.Batch) { younger.Accepted("R", "ME") }, 0, "? +"},
		"is of the oldest":               {true, func(_, younger *notify.Batch) { younger.Accepted("R", "E") }, 0, "+ ?"},
		"is of the call that was made":   {true, func(_, younger *notify.Batch) { younger.Forget() }, 0, "+ ?"},
		"is of the other one":            {true, func(older, younger *notify.Batch) { older.Forget(); younger.Accepted("", "") }, 0, "? +"},
		"is of none":                     {true, func(older, younger *notify.Batch) { older.Forget(); younger.Forget() }, 0, "? ?"},
		"waits for all":                  {false, func(older, _ *notify.Batch) { older.Accepted("R", "E") }, 1, "? ?"},
		"waits for all, and is of one":   {false, func(older, younger *notify.Batch) { older.Accepted("R", "E"); younger.Accepted("M", "") }, 0, "? +"},
		"waits for all, and is of none":  {false, func(older, younger *notify.Batch) { older.Accepted("R", "E"); younger.Accepted("S", "") }, 0, "+ ?"},
		"need not wait for a failed one": {false, func(older, _ *notify.Batch) { older.Forget() }, 0, "? +"},
		"waits in any order":             {false, func(older, younger *notify.Batch) { younger.Accepted("S", ""); older.Accepted("M", "") }, 0, "+ ?"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			tracker := newTracker(t)
			older, younger := trackBatch(t, tracker, "a"), trackBatch(t, tracker, "a")
			if c.returned {
				older.Accepted("R0", "E0")
			}
			m := trackerMessage("a")
			m.RequestID, m.EventID = "M", "ME"
			require.NoError(t, tracker.Handle(t.Context(), m))
			require.EqualValues(t, 1, tracker.Stats().Kept)
			m.Files[0].URI, m.RequestID = "changed by its owner", "changed"
			latest := trackBatch(t, tracker, "a")
			latest.Accepted("S", "S")
			c.act(older, younger)
			require.Equal(t, c.want+" ?", batchStatus(older)+" "+batchStatus(younger)+" "+batchStatus(latest), "the latest came after the message")
			require.Equal(t, c.kept, tracker.Stats().Kept)
			requireTrackerSum(t, tracker.Stats())
		})
	}
}

func TestAMessageThatCanBeOfOneCallDoesNotWaitForItToReturn(t *testing.T) {
	t.Parallel()
	for name, text := range map[string]string{"by its file": "a", "by its id": "a#1", "by the number of its files": "b c"} {
		tracker := newTracker(t)
		trackBatch(t, tracker, "b#2 c d").Accepted("R", "")
		trackBatch(t, tracker, "a#2").Accepted("R", "")
		var pending *notify.Batch
		switch name {
		case "by its file":
			pending = trackBatch(t, tracker, "a")
		case "by its id":
			pending = trackBatch(t, tracker, "a#1")
		default:
			pending = trackBatch(t, tracker, "b c")
		}
		require.NoError(t, tracker.Handle(t.Context(), trackerMessage(text)))
		require.NotContains(t, batchStatus(pending), "?", name)
		require.Zero(t, tracker.Stats().Kept)
	}
}

// What a batch that is over kept is handled again, too.
func TestAKeptMessageOutlivesTheBatchThatItWaitsFor(t *testing.T) {
	t.Parallel()
	tracker := newTracker(t)
	pending, later := trackBatch(t, tracker, "a"), trackBatch(t, tracker, "a")
	require.NoError(t, tracker.Handle(t.Context(), trackerMessage("a!kept")))
	m := trackerMessage("a!early")
	m.UserData = pending.UserData()
	require.NoError(t, tracker.Handle(t.Context(), m))
	require.Equal(t, "early kept", batchStatus(pending)+" "+batchStatus(later))
	pending.Accepted("R", "E")

	trackBatch(t, tracker, "a")
	again := trackerMessage("a!again")
	again.RequestID = "R"
	require.NoError(t, tracker.Handle(t.Context(), again))
	require.EqualValues(t, 1, tracker.Stats().Open, "the answer came after the messages, and is remembered all the same")
}

func TestWhatIsKeptIsBounded(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		reason string
		most   int64
	}{"messages": {"", 1000}, "bytes": {strings.Repeat("x", 1<<20), 15}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			tracker := newTracker(t)
			for round := range 2 { // what is resolved makes room
				older, pending := trackBatch(t, tracker, "a"), trackBatch(t, tracker, "a")
				older.Accepted("", "")
				refused := 0
				for i := range int(c.most) + 10 {
					m := trackerMessage("a!" + c.reason)
					m.RequestID = fmt.Sprint(round, i)
					if err := tracker.Handle(t.Context(), m); err != nil {
						require.ErrorIs(t, err, notify.ErrTrackerFull)
						refused++
					}
				}
				require.Equal(t, 10, refused)
				require.Equal(t, c.most, tracker.Stats().Kept)
				pending.Forget()
				require.Zero(t, tracker.Stats().Kept)
				require.NoError(t, tracker.Handle(t.Context(), trackerMessage("a")))
			}
			requireTrackerSum(t, tracker.Stats())
		})
	}
}
