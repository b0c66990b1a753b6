package bulk_test

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/imm-go/imm"
	"github.com/imm-go/imm/bulk"
	"github.com/imm-go/imm/immtest"
)

// numbered is a source of n files whose positions are their numbers from 1 on.
type numbered struct {
	n      int
	broken map[int]error // items that cannot be read
	ends   error         // what comes after the last item
	name   string
}

func (s numbered) Fingerprint(context.Context) (string, error) { return "numbers " + s.name, nil }

func (s numbered) Items(_ context.Context, after string) iter.Seq2[bulk.Item, error] {
	return func(yield func(bulk.Item, error) bool) {
		first, _ := strconv.Atoi(after)
		for i := first + 1; i <= s.n; i++ {
			if !yield(bulk.Item{File: file(i), Position: strconv.Itoa(i)}, s.broken[i]) {
				return
			}
		}
		if s.ends != nil {
			yield(bulk.Item{}, s.ends)
		}
	}
}

// memory is a journal without a file. It checks what the engine promises.
type memory struct {
	t           require.TestingT
	fingerprint string
	after       int
	done        map[string]bool // behind after
	outcomes    map[string]bulk.Status
	records     int
	most        int // of done
	failAt      int // the number of the Record that fails; 0: none
	delay       time.Duration
}

var errDiskFull = errors.New("write photos.journal: no space left on device")

func newMemory(t require.TestingT) *memory {
	return &memory{t: t, done: make(map[string]bool), outcomes: make(map[string]bulk.Status)}
}

func (m *memory) Resume(_ context.Context, fingerprint string) (string, []string, error) {
	if m.fingerprint != "" && m.fingerprint != fingerprint {
		return "", nil, fmt.Errorf("the journal is of %s, and not of %s", m.fingerprint, fingerprint)
	}
	m.fingerprint = fingerprint
	var done []string
	for position := range m.done {
		done = append(done, position)
	}
	if m.after == 0 {
		return "", done, nil
	}
	return strconv.Itoa(m.after), done, nil
}

func (m *memory) Record(ctx context.Context, p bulk.Progress) error {
	if m.records++; m.records == m.failAt {
		return errDiskFull
	}
	if m.delay > 0 {
		<-time.After(m.delay)
	}
	require.NoError(m.t, ctx.Err())
	for _, r := range p.Results {
		_, twice := m.outcomes[r.Position]
		if twice || r.Status == bulk.Unsent {
			m.t.Errorf("position %s is recorded twice, or as unsent", r.Position)
		}
		m.outcomes[r.Position] = r.Status
		m.done[r.Position] = true
	}
	if p.After != "" {
		after, err := strconv.Atoi(p.After)
		require.NoError(m.t, err)
		require.Greater(m.t, after, m.after)
		require.Len(m.t, p.Covered, after-m.after)
		m.after = after
	}
	for _, position := range p.Covered {
		if !m.done[position] {
			m.t.Errorf("position %s is covered, and was never recorded", position)
		}
		delete(m.done, position)
	}
	m.most = max(m.most, len(m.done))
	return nil
}

func TestASourceIsGoneThroughOnceOverManyRuns(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		n := rapid.IntRange(1, 900).Draw(rt, "files")
		source := numbered{n: n, broken: map[int]error{}}
		for _, i := range rapid.SliceOfN(rapid.IntRange(1, n), 0, 5).Draw(rt, "broken") {
			source.broken[i] = errors.New("a bad line")
		}
		server := newServer(t, immtest.WithIndexDelay(0))
		journal := newMemory(rt)
		reported := make(map[string]bulk.Status)
		for run := 0; ; run++ {
			c := config()
			c.Journal, c.SkipBad = journal, true
			c.BatchFiles = rapid.IntRange(1, 60).Draw(rt, "batch")
			c.Concurrency = rapid.IntRange(1, 8).Draw(rt, "concurrency")
			ctx, cancel := context.WithCancel(t.Context())
			last, results := rapid.IntRange(1, 300).Draw(rt, "results until the end"), 0
			ends := run < 8 && rapid.Bool().Draw(rt, "the run ends early")
			journal.failAt, journal.records = 0, 0
			if run < 8 {
				journal.failAt = rapid.IntRange(0, 6).Draw(rt, "the record that fails")
			}
			c.OnResult = func(_ context.Context, r bulk.Result) {
				if results++; ends && results == last {
					cancel()
				}
				if r.Status == bulk.Unsent {
					return
				}
				if _, has := reported[r.Position]; has {
					rt.Errorf("position %s is reported twice", r.Position)
				}
				reported[r.Position] = r.Status
			}
			summary, err := newIndexer(t, server.Client(), c).RunSource(ctx, source)
			cancel()
			require.EqualValues(rt, results, summary.Added)
			require.Equal(rt, summary.Added, summary.Accepted+summary.Failed+summary.Unsent)
			require.Equal(rt, journal.outcomes, reported, "what is recorded is reported, and nothing else")
			if err == nil {
				break
			}
		}
		require.Len(rt, reported, n)
		require.Equal(rt, n, journal.after)
		require.Empty(rt, journal.done)
		for position, status := range reported {
			i, _ := strconv.Atoi(position)
			require.Equal(rt, source.broken[i] != nil, status == bulk.Failed)
		}
	})
}

func TestARecordThatFailsStopsTheRun(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		server := newServer(t)
		journal := newMemory(t)
		journal.failAt = 3
		c := config()
		c.Journal = journal
		l := newLedger(&c)
		summary, err := newIndexer(t, server.Client(), c).RunSource(t.Context(), numbered{n: 100_000})
		require.ErrorIs(t, err, errDiskFull)
		require.EqualError(t, err, "bulk: the run was stopped: the journal could not record what was done: write photos.journal: no space left on device")
		l.balance(t, summary)
		require.EqualValues(t, len(journal.outcomes), summary.Accepted)
		accepted := 0
		for _, r := range l.results {
			if r.Status == bulk.Unsent && r.RequestID != "" {
				accepted++
				require.ErrorContains(t, r.Err, "bulk: it was accepted, but the journal could not record what was done")
			}
		}
		require.Positive(t, accepted)
	})
}

func TestTheJournalHoldsNoMoreThanTheWindow(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		server := newServer(t)
		journal := newMemory(t)
		journal.delay = 5 * time.Millisecond
		c := config()
		c.Journal = journal
		summary, err := newIndexer(t, server.Client(), c).RunSource(t.Context(), numbered{n: 50_000})
		require.NoError(t, err)
		require.EqualValues(t, 50_000, summary.Accepted)
		require.Equal(t, 50_000, journal.after)
		require.Empty(t, journal.done)
		require.LessOrEqual(t, journal.most, 130*100)
		require.LessOrEqual(t, journal.records, 500, "batches are recorded together")
	})
}

func TestAJournalIsOfOneSourceAndOneTarget(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		server := newServer(t)
		c := config()
		c.Journal = newMemory(t)
		_, err := newIndexer(t, server.Client(), c).RunSource(t.Context(), numbered{n: 5, name: "A"})
		require.NoError(t, err)
		for _, change := range []func(){func() {}, func() { c.DatasetName = "other" }, func() { c.ProjectName = "other" }} {
			change()
			_, err = newIndexer(t, server.Client(), c).RunSource(t.Context(), numbered{n: 5, name: "B"})
			require.EqualError(t, err, fmt.Sprintf("bulk: the journal does not resume: the journal is of project test-project, dataset test-dataset, source numbers A, and not of project %s, dataset %s, source numbers B", c.ProjectName, c.DatasetName))
		}
		require.Len(t, calls(server, batched), 1)

		x := newIndexer(t, server.Client(), c)
		require.ErrorIs(t, x.Add(t.Context(), file(1)), imm.ErrInvalidArgument)
		_, err = x.Run(t.Context(), files(1))
		require.ErrorContains(t, err, "use RunSource")
	})
}

func TestASourceThatBreaksOffEndsTheReading(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		server := newServer(t)
		ends := errors.New("the file is cut off")
		for _, test := range []struct {
			source numbered
			skip   bool
			want   int64
			text   string
		}{
			{numbered{n: 120, ends: ends}, false, 120, "bulk: reading the source: the file is cut off"},
			{numbered{n: 120, ends: ends}, true, 120, "bulk: reading the source: the file is cut off"},
			{numbered{n: 120, broken: map[int]error{51: ends}}, false, 50, "bulk: reading the source: the file is cut off"},
			{numbered{n: 120, broken: map[int]error{51: ends}}, true, 119, ""},
		} {
			c := config()
			c.SkipBad = test.skip
			l := newLedger(&c)
			summary, err := newIndexer(t, server.Client(), c).RunSource(t.Context(), test.source)
			if test.text == "" {
				require.NoError(t, err)
			} else {
				require.EqualError(t, err, test.text)
			}
			l.balance(t, summary)
			require.Equal(t, test.want, summary.Accepted)
		}
		_, err := newIndexer(t, server.Client(), config()).RunSource(t.Context(), nil)
		require.ErrorIs(t, err, imm.ErrInvalidArgument)
	})
}

func TestItemsThatAreAllDoneLeaveAnEmptyJournal(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		server := newServer(t)
		journal := newMemory(t)
		for i := 1; i <= 200; i++ {
			journal.done[strconv.Itoa(i)] = true
		}
		c := config()
		c.Journal = journal
		summary, err := newIndexer(t, server.Client(), c).RunSource(t.Context(), numbered{n: 200})
		require.NoError(t, err)
		require.EqualValues(t, 200, summary.Skipped)
		require.Zero(t, summary.Added)
		require.Equal(t, 200, journal.after)
		require.Empty(t, journal.done)
	})
}

// pausing is a source that waits before its last item.
type pausing struct{ numbered }

func (p pausing) Items(ctx context.Context, after string) iter.Seq2[bulk.Item, error] {
	return func(yield func(bulk.Item, error) bool) {
		for item, err := range p.numbered.Items(ctx, after) {
			if item.Position == strconv.Itoa(p.n) {
				<-time.After(time.Minute)
			}
			if !yield(item, err) {
				return
			}
		}
	}
}

// late is a journal that is slow to record the end of the list.
type late struct {
	*memory
	cancel func()
}

func (l late) Record(ctx context.Context, p bulk.Progress) error {
	if len(p.Results) == 0 {
		l.cancel()
		<-time.After(time.Second)
	}
	return l.memory.Record(ctx, p)
}

func TestWhatEndsAfterTheLastOutcomeStopsNothing(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		failAt int
		want   error
	}{"the context": {}, "the context, and the journal fails": {2, errDiskFull}} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, func(t *testing.T) {
				ctx, cancel := context.WithCancel(t.Context())
				defer cancel()
				journal := newMemory(t)
				journal.done["11"], journal.failAt = true, test.failAt
				c := config()
				c.Journal = late{journal, cancel}
				summary, err := newIndexer(t, newServer(t).Client(), c).RunSource(ctx, pausing{numbered{n: 11}})
				require.ErrorIs(t, err, test.want)
				require.NotErrorIs(t, err, context.Canceled)
				require.Error(t, ctx.Err())
				require.EqualValues(t, 10, summary.Accepted)
			})
		})
	}
}

func TestAnItemThatWasRecordedAsBadEndsNoLaterRun(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		journal := newMemory(t)
		journal.done["5"] = true
		c := config()
		c.Journal = journal // and no SkipBad
		summary, err := newIndexer(t, newServer(t).Client(), c).RunSource(t.Context(), numbered{n: 10, broken: map[int]error{5: errors.New("a bad line")}})
		require.NoError(t, err)
		require.EqualValues(t, 9, summary.Accepted)
		require.EqualValues(t, 1, summary.Skipped)
		require.Equal(t, 10, journal.after)
	})
}

func TestASourceWithoutAJournalWaitsForNoEarlierFile(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		const n = 106_000 // more than the window of a journal
		c := config()
		client := inWeather(t, 0, func(n int, _ time.Duration) mishap { return mishap{hangs: n == 50} })
		x := newIndexer(t, client, c)
		after30s := statsAfter(x, 30*time.Second)
		summary, err := x.RunSource(t.Context(), numbered{n: n})
		require.NoError(t, err)
		require.EqualValues(t, n, summary.Accepted)
		meanwhile := <-after30s
		require.EqualValues(t, n, meanwhile.Added)
		require.EqualValues(t, 100, meanwhile.Open, "one batch hangs")
	})
}

// stuck is a journal on a disk that does not answer.
type stuck struct{ memory }

func (*stuck) Record(ctx context.Context, _ bulk.Progress) error {
	<-ctx.Done()
	return ctx.Err()
}

func TestAJournalThatHangsHoldsTheRunNoLongerThanTheGracePeriods(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		c := config()
		c.Journal = &stuck{*newMemory(t)}
		l := newLedger(&c)
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		summary, err := newIndexer(t, newServer(t).Client(), c).RunSource(ctx, numbered{n: 100_000})
		require.ErrorIs(t, err, context.DeadlineExceeded)
		l.balance(t, summary)
		require.Equal(t, summary.Added, summary.Unsent)
		require.Equal(t, time.Minute+2*10*time.Second, summary.Duration)
		require.ErrorContains(t, l.results[uri(1)].Err, "bulk: it was accepted, but the journal could not record what was done")
	})
}
