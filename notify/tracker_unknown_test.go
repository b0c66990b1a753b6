package notify_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/imm-go/imm"
	"github.com/imm-go/imm/notify"
)

func TestUserDataThatIsNotOursIsUnknown(t *testing.T) {
	t.Parallel()
	tracker, other := newTracker(t), newTracker(t)
	b := trackBatch(t, tracker, "a")
	b.Accepted("R", "E")
	ours, theirs := b.UserData(), trackBatch(t, other, "a").UserData()
	forgeries := []string{
		"x", "the caller's own", theirs, strings.ToUpper(ours), " " + ours, "imm2" + ours[4:],
		ours[:22] + "AAAAAAAB.", // a call that never was
		ours[:22] + "________.", // the last that can be
		ours[:22] + "AAAA\nAAA.", ours[:22] + "AAAA\r\nAA.", ours[:22] + "AAAAAAA=.", ours[:22] + "AAAA+/AA.", ours[:22] + "AAAAAAAA,",
		strings.Repeat("imm1.", 1000),
	}
	for i := 1; i < len(ours); i++ {
		forgeries = append(forgeries, ours[:i]) // shortened
		if i < 22 {
			forgeries = append(forgeries, ours[:i]+string(ours[i]^1)+ours[i+1:])
		}
	}
	for i, userData := range forgeries {
		m := trackerMessage("a!why")
		m.UserData = userData
		if strings.HasPrefix(userData, "imm1.") {
			m.RequestID, m.EventID = "R", "E" // which does not help
		}
		require.NoError(t, tracker.Handle(t.Context(), m))
		require.Equal(t, "?", batchStatus(b), "%d: %q", i, userData)
	}
	require.EqualValues(t, len(forgeries), tracker.Stats().UnknownMessages)
	require.Zero(t, tracker.Stats().Duplicates)
}

// The text behind the number is the caller's and is known, so a message that brings
// less of it back is still of its call.
func TestTheNumberAloneSaysWhichCallItIs(t *testing.T) {
	t.Parallel()
	tracker := newTracker(t)
	b, err := tracker.Track(trackerProject, trackerDataset, "\x00\"<猫>.imm1.", trackerFiles("a"))
	require.NoError(t, err)
	m := trackerMessage("a")
	m.UserData = b.UserData()[:31]
	require.NoError(t, tracker.Handle(t.Context(), m))
	require.Equal(t, "+", batchStatus(b))
	require.Equal(t, "\x00\"<猫>.imm1.", b.Outcomes()[0].UserData)
}

func TestAnUnknownMessageIsDecidedByWhoKnowsTheQueue(t *testing.T) {
	t.Parallel()
	leave := errors.New("another process waits for it")
	type key struct{}
	ctx := context.WithValue(t.Context(), key{}, "mine")
	var asked []*imm.IndexMessage
	tracker := newTracker(t, notify.WithUnknown(func(got context.Context, m *imm.IndexMessage) error {
		require.Equal(t, ctx, got)
		asked = append(asked, m)
		return leave
	}))
	b := trackBatch(t, tracker, "a b")
	b.Accepted("R", "")
	unknown := trackerMessage("x y")
	require.ErrorIs(t, tracker.Handle(ctx, unknown), leave)
	require.Equal(t, []*imm.IndexMessage{unknown}, asked)

	part := trackerMessage("a x")
	part.RequestID = "R"
	require.NoError(t, tracker.Handle(ctx, part), "one of its files is known")
	ours := trackerMessage("x")
	ours.UserData = b.UserData()
	require.NoError(t, tracker.Handle(ctx, ours), "no other process has this call")
	require.Len(t, asked, 1)
	require.EqualValues(t, 1, tracker.Stats().UnknownMessages)
	require.EqualValues(t, 4, tracker.Stats().UnknownFiles)
}
