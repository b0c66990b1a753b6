package natsbulk

import (
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

func TestSpansAreASetOfNumbers(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		var s spans
		plain := make(map[uint64]bool)
		for _, n := range rapid.SliceOf(rapid.Uint64Range(1, 60)).Draw(t, "numbers") {
			s = s.with(n)
			plain[n] = true
		}
		for n := range uint64(62) {
			require.Equal(t, plain[n], s.has(n), n)
		}
		require.EqualValues(t, len(plain), s.size())
		for i := 1; i < len(s); i++ {
			require.Greater(t, s[i].first, s[i-1].last+1, "two spans in a row are one")
		}
		again, err := parseSpans(s.bytes())
		require.NoError(t, err)
		require.Equal(t, s, again)
	})
}

func FuzzASetThatIsReadIsWrittenTheSame(f *testing.F) {
	for _, numbers := range [][]uint64{nil, {1}, {1, 2, 3}, {2, 5, 6, 900}, {^uint64(0) - 1}} {
		var s spans
		for _, n := range numbers {
			s = s.with(n)
		}
		f.Add(s.bytes())
	}
	f.Add([]byte{0, 0})
	f.Add([]byte{1, 0, 1, 0})
	f.Add([]byte{5, 255, 255, 255, 255, 255, 255, 255, 255, 255, 1})
	f.Fuzz(func(t *testing.T, data []byte) {
		s, err := parseSpans(data)
		if err != nil {
			return
		}
		for i, x := range s {
			require.LessOrEqual(t, x.first, x.last)
			require.Positive(t, x.first)
			if i > 0 {
				require.Greater(t, x.first, s[i-1].last+1)
			}
			require.True(t, s.has(x.first) && s.has(x.last) && !s.has(x.last+1))
		}
		again, err := parseSpans(s.bytes())
		require.NoError(t, err)
		require.Equal(t, s, again)
	})
}

func TestASetOfAThousandGapsIsSmall(t *testing.T) {
	t.Parallel()
	var s spans
	for n := uint64(1_000_000); n < 1_002_000; n += 2 {
		s = s.with(n)
	}
	require.Less(t, len(s.bytes()), 2100)
}
