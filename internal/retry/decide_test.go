package retry

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestWhatIsRepeatedDependsOnTheOutcomeAndTheOperation(t *testing.T) {
	t.Parallel()
	table := map[Class]struct{ unknown, repeatable, creating Action }{
		OK:              {Stop, Stop, Stop},
		Invalid:         {Stop, Stop, Stop},
		NotFound:        {Stop, Stop, Stop},
		Exists:          {Stop, Stop, Stop},
		LimitExceeded:   {Stop, Stop, Stop},
		Unauthenticated: {Stop, Stop, Stop},
		Denied:          {Stop, Stop, Stop},
		BadAnswer:       {Stop, Stop, Stop},
		Refused:         {Stop, Stop, Stop},
		Unsent:          {Stop, Stop, Stop},
		Unreachable:     {Stop, Stop, Stop},

		// The service did not begin: safe for all.
		TokenExpired: {Correct, Correct, Correct},
		ClockSkewed:  {Correct, Correct, Correct},
		URITooLong:   {Correct, Correct, Correct},
		Throttled:    {RepeatPaced, RepeatPaced, RepeatPaced},
		NotSent:      {Repeat, Repeat, Repeat},

		// It may have begun, or even finished.
		NonceUsed:   {Stop, Repeat, Repeat},
		Unavailable: {Stop, Repeat, Repeat},
		Stale:       {Stop, Fresh, Fresh},
		Lost:        {Stop, Repeat, Repeat},
		TimedOut:    {Stop, Repeat, Repeat},
	}
	require.Len(t, table, int(TimedOut)+1, "a row for every class")
	for class, want := range table {
		require.Equal(t, want.unknown, Decide(Unknown, class), "%s, unknown", class)
		require.Equal(t, want.repeatable, Decide(Repeatable, class), "%s, repeatable", class)
		require.Equal(t, want.creating, Decide(Creating, class), "%s, creating", class)
	}
}

func TestWhatIsNotRepeatedForUnknownOperationsIsWhatMayHaveBeenDone(t *testing.T) {
	t.Parallel()
	for class := OK; class <= TimedOut; class++ {
		differs := Decide(Unknown, class) != Decide(Creating, class)
		require.Equal(t, differs, uncertain(class), "%s", class)
	}
}
