package notify

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/imm-go/imm"
)

func TestAPushThatComesAgainIsHandledOnce(t *testing.T) {
	t.Parallel()
	memory, err := NewMemoryDeduplicator(10)
	require.NoError(t, err)
	b := &pushBench{callback: func(context.Context, *imm.IndexMessage) error { return errors.New("not yet") }}
	b.mns(t, WithDeduplication(memory))
	for range 3 {
		require.Equal(t, http.StatusInternalServerError, b.send(signedPush{}.mns()), "what failed is no duplicate")
	}
	b.callback = nil
	for range 3 {
		require.Equal(t, http.StatusNoContent, b.send(signedPush{}.mns()))
	}
	require.EqualValues(t, 4, b.calls.Load())
	require.Equal(t, http.StatusNoContent, b.send(signedPush{headers: map[string]string{"x-mns-message-id": "another"}}.mns()))
	require.EqualValues(t, 5, b.calls.Load())
	for range 2 {
		require.Equal(t, http.StatusNoContent, b.send(signedPush{headers: map[string]string{"x-mns-message-id": ""}}.mns()))
	}
	require.EqualValues(t, 7, b.calls.Load(), "without an id nobody can tell")
}

func TestOfABatchOnlyWhatFailedIsHandledAgain(t *testing.T) {
	t.Parallel()
	memory, err := NewMemoryDeduplicator(10)
	require.NoError(t, err)
	fails := true
	b := new(pushBench)
	b.callback = func(context.Context, *imm.IndexMessage) error {
		if b.calls.Load() == 2 && fails {
			return errors.New("not yet")
		}
		return nil
	}
	b.mns(t, WithDeduplication(memory))
	batch := "[" + pushEvent + "," + strings.Replace(pushEvent, "event-1", "event-2", 1) + "," + pushEvent + "]"
	require.Equal(t, http.StatusInternalServerError, b.send(signedPush{body: batch}.mns()))
	require.EqualValues(t, 3, b.calls.Load(), "one that fails does not keep the others from the callback")
	fails = false
	require.Equal(t, http.StatusNoContent, b.send(signedPush{body: batch}.mns()))
	require.EqualValues(t, 4, b.calls.Load())
}

// recorder is a deduplicator that looks at the contexts that it gets.
type recorder struct {
	*MemoryDeduplicator
	marked func(ctx context.Context)
}

func (r recorder) MarkHandled(ctx context.Context, id string) error {
	r.marked(ctx)
	return r.MemoryDeduplicator.MarkHandled(ctx, id)
}

func TestWhatWasHandledInTheLastMomentIsStillMarked(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		memory, err := NewMemoryDeduplicator(10)
		require.NoError(t, err)
		var left time.Duration
		r := recorder{memory, func(ctx context.Context) {
			deadline, _ := ctx.Deadline()
			left = time.Until(deadline)
		}}
		b := &pushBench{callback: func(ctx context.Context, _ *imm.IndexMessage) error { <-ctx.Done(); return nil }}
		b.mns(t, WithDeduplication(r))
		require.Equal(t, http.StatusNoContent, b.send(signedPush{}.mns()))
		require.Equal(t, markTimeout, left)
		require.Equal(t, http.StatusNoContent, b.send(signedPush{}.mns()))
		require.EqualValues(t, 1, b.calls.Load())
	})
}

func TestADuplicateWaitsForTheFirst(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		fails bool
		calls int
	}{
		"that succeeds": {false, 1},
		"that fails":    {true, 2},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				memory, err := NewMemoryDeduplicator(10)
				require.NoError(t, err)
				b := new(pushBench)
				b.callback = func(context.Context, *imm.IndexMessage) error {
					isFirst := b.calls.Load() == 1
					later(time.Second)
					if isFirst && c.fails {
						return errors.New("not yet")
					}
					return nil
				}
				b.mns(t, WithDeduplication(memory))
				var statuses sync.Map
				var pushes sync.WaitGroup
				for range 100 {
					pushes.Go(func() { statuses.Store(b.send(signedPush{}.mns()), true) })
				}
				synctest.Wait()
				pushes.Go(func() {
					ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
					defer cancel()
					require.Equal(t, http.StatusInternalServerError, b.send(signedPush{}.mns().WithContext(ctx)), "or only as long as it may")
				})
				pushes.Wait()
				require.EqualValues(t, c.calls, b.calls.Load())
				_, hasFailed := statuses.Load(http.StatusInternalServerError)
				require.Equal(t, c.fails, hasFailed)
				require.Empty(t, b.Handler.(*pushHandler).turns.taken)
			})
		})
	}
}

func TestACallbackThatPanicsLetsTheNextOneIn(t *testing.T) {
	t.Parallel()
	memory, err := NewMemoryDeduplicator(10)
	require.NoError(t, err)
	b := &pushBench{callback: func(context.Context, *imm.IndexMessage) error { panic("the map is nil") }}
	b.mns(t, WithDeduplication(memory))
	require.PanicsWithValue(t, "the map is nil", func() { b.send(signedPush{}.mns()) }, "it is left to the server")
	b.callback = nil
	require.Equal(t, http.StatusNoContent, b.send(signedPush{}.mns()))
	require.EqualValues(t, 2, b.calls.Load())
}

func TestTheOldestIdsAreForgottenFirst(t *testing.T) {
	t.Parallel()
	d, err := NewMemoryDeduplicator(3)
	require.NoError(t, err)
	ids := []string{"", "a", strings.Repeat("b", 1<<20), "c", "a", "d", "e", "f"}
	var order []string // the plain reference
	for _, id := range ids {
		require.NoError(t, d.MarkHandled(t.Context(), id))
		isThere := false
		for _, known := range order {
			isThere = isThere || known == id
		}
		if !isThere {
			order = append(order, id)
		}
		if len(order) > 3 {
			order = order[1:]
		}
		for _, one := range ids {
			want := false
			for _, known := range order {
				want = want || known == one
			}
			got, err := d.Handled(t.Context(), one)
			require.NoError(t, err)
			require.Equal(t, want, got, "%.10q after %.10q", one, id)
		}
	}
	require.Len(t, d.marked, 3)
	require.Len(t, d.ring, 3)
}

func TestAMemoryOfNothingIsAnError(t *testing.T) {
	t.Parallel()
	for _, limit := range []int{0, -1} {
		d, err := NewMemoryDeduplicator(limit)
		require.ErrorIs(t, err, imm.ErrInvalidArgument)
		require.Nil(t, d)
	}
}

func TestManyMarkIdsAtOnce(t *testing.T) {
	t.Parallel()
	d, err := NewMemoryDeduplicator(500)
	require.NoError(t, err)
	var all sync.WaitGroup
	for i := range 100 {
		all.Go(func() {
			for j := range 100 {
				id := fmt.Sprint(i*j%1000, "-", j)
				_, _ = d.Handled(t.Context(), id)
				_ = d.MarkHandled(t.Context(), id)
			}
		})
	}
	all.Wait()
	require.Len(t, d.marked, 500)
}
