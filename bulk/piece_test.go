package bulk

import (
	"errors"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestAPieceThatIsGivenUpHasFilesThatWereAccepted(t *testing.T) {
	t.Parallel()
	gone := errors.New("the service is gone")
	var b batch
	b.marks = []mark{
		{requestID: "1"},
		{status: Accepted, requestID: "2", eventID: "E"},
		{status: Indexed, settled: true, requestID: "3"},
		{}, // after an accepted one
		{status: Accepted},
		{}, // not of the piece
	}
	b.giveUp(piece{lo: 0, hi: 5}, Unsent, gone, "")
	for i, want := range []struct {
		status    Status
		requestID string
		err       error
		settled   bool
	}{
		{Unsent, "1", gone, true},
		{Accepted, "2", ErrUnconfirmed, true},
		{Indexed, "3", nil, true},
		{Unsent, "", gone, true},
		{Accepted, "", ErrUnconfirmed, true},
		{Unsent, "", nil, false},
	} {
		m := b.marks[i]
		require.Equal(t, want.status, m.status, i)
		require.Equal(t, want.settled, m.settled, i)
		require.Equal(t, want.requestID, m.requestID, i)
		require.ErrorIs(t, m.err, want.err, i)
		require.Equal(t, want.err == ErrUnconfirmed, errors.Is(m.err, ErrUnconfirmed), i) //nolint:errorlint // the sentinel itself
	}
}
