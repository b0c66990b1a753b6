package transport

import (
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
)

func TestTheClockIsSetByWhatTheServiceSaysUnlessThatChangesNothing(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		at := func(ahead time.Duration) string { return time.Now().Add(ahead).UTC().Format(http.TimeFormat) }
		var c Clock
		now, ahead := c.At(time.Now())
		require.Equal(t, time.Now(), now)
		require.Zero(t, ahead)
		for _, date := range []string{"", "yesterday", at(0), at(time.Second), at(-time.Second)} {
			require.False(t, c.Correct(date, 0), date)
		}
		for _, by := range []time.Duration{2 * time.Second, time.Hour, -24 * time.Hour} {
			require.True(t, c.Correct(at(by), 0))
			now, ahead = c.At(time.Now())
			require.Equal(t, by, ahead)
			require.Equal(t, time.Now().Add(by), now)
			require.False(t, c.Correct(at(by), by), "the date was right already")
		}
	})
}
