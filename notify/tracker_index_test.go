package notify

import (
	"fmt"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// TestTheIndexKeepsTheOrder compares the lists of an index with plain slices.
func TestTheIndexKeepsTheOrder(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		x := newTrackerIndex(byCustomID)
		plain := make(map[string][]*trackedFile)
		var all []*trackedFile
		for range rapid.IntRange(1, 50).Draw(t, "steps") {
			if len(all) > 0 && rapid.Bool().Draw(t, "remove") {
				i := rapid.IntRange(0, len(all)-1).Draw(t, "which")
				f := all[i]
				all = slices.Delete(all, i, i+1)
				x.remove(f)
				require.Zero(t, f.links)
				plain[f.customID] = slices.DeleteFunc(plain[f.customID], func(g *trackedFile) bool { return f == g })
			} else {
				f := &trackedFile{uri: "of no matter", customID: rapid.SampledFrom([]string{"", "a", "b"}).Draw(t, "text")}
				all = append(all, f)
				x.add(f)
				if f.customID != "" {
					plain[f.customID] = append(plain[f.customID], f)
				}
			}
			texts := 0
			for _, text := range []string{"", "a", "b", "c"} {
				got := slices.Collect(x.all(text))
				require.Len(t, got, len(plain[text]))
				for i := range got {
					require.Same(t, plain[text][i], got[i])
				}
				require.Equal(t, min(2, len(got)), x.count(text, 2))
				texts += min(1, len(got))
			}
			require.Len(t, x.first, texts)
		}
	})
}

func TestTheMemoryOfIDsIsBoundedAndForgetsTheOldest(t *testing.T) {
	t.Parallel()
	ids := newBatchIDs()
	for i := range maxIDsOver + 10 {
		b := &Batch{open: 1}
		ids.add(b, requestKind, fmt.Sprint(i), true)
		found, over := ids.find(requestKind, fmt.Sprint(i))
		require.True(t, found.batch == b && !over)
		b.open = 0
		ids.end(b)
		ids.add(b, requestKind, fmt.Sprint(i), true) // once more, and no other place is taken
	}
	require.Empty(t, ids.known)
	require.Len(t, ids.over.known, maxIDsOver)
	require.Len(t, ids.over.ring, maxIDsOver)
	for i := range maxIDsOver + 10 {
		_, over := ids.find(requestKind, fmt.Sprint(i))
		require.Equal(t, i >= 10, over, i)
		_, over = ids.find(eventKind, fmt.Sprint(i))
		require.False(t, over, "it is of another kind")
	}
}

func TestAnIDStaysWithWhoHadItFirst(t *testing.T) {
	t.Parallel()
	ids := newBatchIDs()
	first, second, third := &Batch{open: 1}, &Batch{open: 1}, &Batch{open: 1}
	ids.add(first, requestKind, "R", false)
	ids.add(second, requestKind, "R", false)
	found, _ := ids.find(requestKind, "R")
	require.Same(t, first, found.batch)
	ids.add(second, requestKind, "R", true)
	ids.add(third, requestKind, "R", true)
	found, _ = ids.find(requestKind, "R")
	require.Same(t, second, found.batch, "an answer goes before what was learned")
	ids.end(first)
	found, over := ids.find(requestKind, "R")
	require.True(t, found.batch == second && !over, "the id is not the first one's any more")
	ids.end(second)
	found, over = ids.find(requestKind, "R")
	require.True(t, found.batch == nil && over)

	ids.add(first, eventKind, "E", false)
	third.open = 0
	ids.add(third, eventKind, "E", true)
	found, over = ids.find(eventKind, "E")
	require.True(t, found.batch == nil && over, "also if its batch is over")
}
