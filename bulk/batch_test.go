package bulk_test

import (
	"encoding/json"
	"fmt"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/imm-go/imm"
	"github.com/imm-go/imm/bulk"
	"github.com/imm-go/imm/immtest"
)

// labelled are n files, each with a label of some length that is hard to encode.
func labelled(n, length int) func(yield func(imm.InputFile, error) bool) {
	return func(yield func(imm.InputFile, error) bool) {
		for i := range n {
			f := file(i)
			f.CustomLabels = map[string]string{"note": strings.Repeat(`a"ü`, length/4)}
			if !yield(f, nil) {
				return
			}
		}
	}
}

func TestABatchIsBoundedBySize(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ length, bytes, atLeast int }{
		{0, 0, 100}, {400, 0, 45}, {4000, 0, 4}, {40_000, 0, 1}, {400, 10_000, 6}, {400, 1, 1},
	} {
		t.Run(fmt.Sprint(test.length, " of ", test.bytes), func(t *testing.T) {
			inBubble(t, func(t *testing.T) {
				n := 200
				if test.length > 1000 {
					n = 20
				}
				server := newServer(t)
				c := config()
				c.BatchBytes = test.bytes
				l := newLedger(&c)
				summary, err := newIndexer(t, server.Client(), c).Run(t.Context(), labelled(n, test.length))
				require.NoError(t, err)
				l.balance(t, summary)
				require.EqualValues(t, n, summary.Accepted)
				most := test.bytes
				if most == 0 {
					most = 64 << 10
				}
				for i, r := range calls(server, batched) {
					var sent []imm.InputFile
					require.NoError(t, json.Unmarshal([]byte(r.Form.Get("Files")), &sent))
					size := len(strings.ReplaceAll(url.QueryEscape(r.Form.Get("Files")), "+", "%20"))
					require.True(t, size <= most || len(sent) == 1, "%d files of %d bytes", len(sent), size)
					if i == 0 {
						require.GreaterOrEqual(t, len(sent), test.atLeast)
					}
				}
			})
		})
	}
}

func TestNoMessageIsDiscardedForItsSize(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		server := newServer(t, immtest.WithMessageFormat(immtest.MessageWrapped))
		put(server, 0, 500)
		c := withMessages(t, server, all)
		c.BatchBytes = 1 << 20
		l := newLedger(&c)
		summary, err := newIndexer(t, server.Client(), c).Run(t.Context(), labelled(500, 600))
		require.NoError(t, err)
		l.balance(t, summary)
		require.EqualValues(t, 500, summary.Indexed)
		require.Less(t, summary.Batches, int64(20), "batches are not smaller than need be")
		for _, message := range server.Messages(topic) {
			bare, err := imm.ParseIndexMessage(message)
			require.NoError(t, err)
			text, err := json.Marshal(bare)
			require.NoError(t, err)
			require.LessOrEqual(t, len(text), 40<<10)
		}
		require.Equal(t, int64(0), l.count(bulk.Accepted))
	})
}
