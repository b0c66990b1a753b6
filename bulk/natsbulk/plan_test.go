package natsbulk_test

import (
	"context"
	"encoding/json"
	"errors"
	"iter"
	"math"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/nats-io/nats.go/jetstream"
	"github.com/stretchr/testify/require"

	"github.com/imm-go/imm"
	"github.com/imm-go/imm/bulk"
	"github.com/imm-go/imm/bulk/natsbulk"
)

// planned are the positions of the items in the stream of work, in its order.
func (f *fixture) planned(t testing.TB) (positions []string) {
	t.Helper()
	stream, err := f.js.Stream(t.Context(), "imm-imm-work")
	require.NoError(t, err)
	info, err := stream.Info(t.Context())
	require.NoError(t, err)
	for sequence := uint64(1); sequence <= info.State.LastSeq; sequence++ {
		msg, err := stream.GetMsg(t.Context(), sequence)
		require.NoError(t, err)
		var batch struct{ Items []struct{ Position string } }
		require.NoError(t, json.Unmarshal(msg.Data, &batch))
		for _, item := range batch.Items {
			positions = append(positions, item.Position)
		}
	}
	return positions
}

func positions(n int) (all []string) {
	for i := range n {
		all = append(all, strconv.Itoa(i+1))
	}
	return all
}

func TestAListIsPlannedOnceHoweverOftenThePlannerStops(t *testing.T) {
	t.Parallel()
	f := newFixture(t, natsbulk.Config{})
	const files = 12_345
	stops := 0
	for {
		ctx, stop := context.WithCancel(t.Context())
		left := 1 + rand.IntN(2000)
		source := numbered{n: files, read: func(int) {
			if left--; left == 0 {
				stop()
			}
		}}
		err := f.cluster.Plan(ctx, source, target(100), false)
		stop()
		if err == nil {
			break
		}
		require.ErrorIs(t, err, context.Canceled)
		stops++
	}
	require.Positive(t, stops)
	require.Equal(t, positions(files), f.planned(t))
	require.NoError(t, f.cluster.Plan(t.Context(), numbered{n: files}, target(100), false), "nothing is left to plan")
	require.Len(t, f.planned(t), files)
}

func TestPlannersAtTheSameTimePublishEachFileOnce(t *testing.T) {
	t.Parallel()
	f := newFixture(t, natsbulk.Config{})
	const files, planners = 5000, 3
	errs := make(chan error)
	for range planners {
		go func() { errs <- f.cluster.Plan(t.Context(), numbered{n: files}, target(100), false) }()
	}
	for range planners {
		require.NoError(t, <-errs)
	}
	require.Equal(t, positions(files), f.planned(t))
}

func TestThePlannerStopsWhileTheStreamIsFullAndGoesOnWhenItDrains(t *testing.T) {
	t.Parallel()
	f := newFixture(t, natsbulk.Config{WorkBatches: 5})
	var read atomic.Int64
	ended := make(chan error, 1)
	go func() {
		ended <- f.cluster.Plan(t.Context(), numbered{n: 10_000, read: func(i int) { read.Store(int64(i)) }}, target(1000), false)
	}()
	status := func() natsbulk.Status {
		s, err := f.cluster.Status(t.Context())
		require.NoError(t, err)
		return s
	}
	require.Eventually(t, func() bool { return status().Waiting == 5 }, 30*time.Second, 20*time.Millisecond)
	<-time.After(time.Second) // it might go on
	require.EqualValues(t, 5, status().Waiting)
	require.Less(t, read.Load(), int64(1000), "five batches and what is read ahead")
	select {
	case err := <-ended:
		t.Fatalf("the planning ended with %v", err)
	default:
	}
	f.work(t, 1)
	require.NoError(t, <-ended)
	require.EqualValues(t, 10_000, f.collect(t).Accepted)
}

func TestOtherWorkIsRefused(t *testing.T) {
	t.Parallel()
	f := newFixture(t, natsbulk.Config{})
	require.NoError(t, f.cluster.Plan(t.Context(), numbered{n: 5}, target(100), false))
	err := f.cluster.Plan(t.Context(), numbered{n: 5, name: "of others"}, target(100), false)
	require.ErrorIs(t, err, natsbulk.ErrOtherWork)
	require.ErrorContains(t, err, "numbers of others")
	elsewhere := target(100)
	elsewhere.DatasetName = "another"
	require.ErrorIs(t, f.cluster.Plan(t.Context(), numbered{n: 5}, elsewhere, false), natsbulk.ErrOtherWork)
	require.Equal(t, positions(5), f.planned(t))

	other := open(t, f.js, natsbulk.Config{Name: "other"})
	require.NoError(t, other.Plan(t.Context(), numbered{n: 5, name: "of others"}, target(100), false))
}

func TestAPlanThatWasDeletedAloneIsNotTakenForDone(t *testing.T) {
	t.Parallel()
	f := newFixture(t, natsbulk.Config{})
	require.NoError(t, f.cluster.Plan(t.Context(), numbered{n: 500}, target(1000), false))
	f.work(t, 1)
	require.NoError(t, f.js.DeleteKeyValue(t.Context(), "imm-imm"))
	again := open(t, f.js, natsbulk.Config{})
	err := again.Plan(t.Context(), numbered{n: 500, name: "of others"}, target(1000), false)
	require.ErrorContains(t, err, "remove it to start over")
}

func TestAMessageThatIsNotOfThePlanIsNotTakenForABatch(t *testing.T) {
	t.Parallel()
	f := newFixture(t, natsbulk.Config{})
	intruded := numbered{n: 2000, read: func(i int) {
		if i == 1500 {
			_, err := f.js.Publish(t.Context(), "imm.imm.work", []byte("<html>"))
			require.NoError(t, err)
		}
	}}
	err := f.cluster.Plan(t.Context(), intruded, target(1000), false)
	require.ErrorContains(t, err, "has another message in its place")
	require.False(t, f.status(t).Complete)
}

func TestANewRateIsTaken(t *testing.T) {
	t.Parallel()
	f := newFixture(t, natsbulk.Config{})
	require.NoError(t, f.cluster.Plan(t.Context(), numbered{n: 500}, target(50), false))
	f.work(t, 1)
	require.NoError(t, f.cluster.Plan(t.Context(), numbered{n: 500}, target(70), false))
	s, err := f.cluster.Status(t.Context())
	require.NoError(t, err)
	require.InDelta(t, 70, s.Rate, 0)
	require.InDelta(t, 70, s.RateNow, 0)
}

func TestAListThatBreaksOffIsPlannedUpToThere(t *testing.T) {
	t.Parallel()
	broken := errors.New("line 150 is no file")
	for name, source := range map[string]numbered{
		"an item":  {n: 300, broken: map[int]error{150: broken}},
		"the rest": {n: 149, ends: broken},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := newFixture(t, natsbulk.Config{})
			require.ErrorIs(t, f.cluster.Plan(t.Context(), source, target(100), false), broken)
			require.Equal(t, positions(149), f.planned(t))
			s, err := f.cluster.Status(t.Context())
			require.NoError(t, err)
			require.False(t, s.Complete)
		})
	}
}

// labelled is a source of files with labels of a size.
type labelled struct {
	numbered
	bytes int
}

func (l labelled) Items(ctx context.Context, after string) iter.Seq2[bulk.Item, error] {
	return func(yield func(bulk.Item, error) bool) {
		for item, err := range l.numbered.Items(ctx, after) {
			item.File.CustomLabels = map[string]string{"label": strings.Repeat("x", l.bytes)}
			if !yield(item, err) {
				return
			}
		}
	}
}

func TestLongFilesGoInSmallBatchesAndTooLongOnesFail(t *testing.T) {
	t.Parallel()
	f := newFixture(t, natsbulk.Config{})
	require.NoError(t, f.cluster.Plan(t.Context(), labelled{numbered{n: 40}, 10 << 10}, target(1000), false))
	stream, err := f.js.Stream(t.Context(), "imm-imm-work")
	require.NoError(t, err)
	require.EqualValues(t, 7, info(t, stream).State.Msgs, "six files of 10 KiB in a batch of 64 KiB")
	require.Equal(t, positions(40), f.planned(t))

	long := open(t, f.js, natsbulk.Config{Name: "long"})
	require.NoError(t, long.Plan(t.Context(), labelled{numbered{n: 2}, 2 << 20}, target(1000), false))
	_, err = long.Work(t.Context(), f.client(), natsbulk.Worker{})
	require.NoError(t, err)
	p, err := long.Collect(t.Context(), nil)
	require.NoError(t, err)
	require.EqualValues(t, 2, p.Failed)
	for r, err := range long.Failed(t.Context()) {
		require.NoError(t, err)
		require.ErrorContains(t, r.Err, "raise their max_payload")
	}
}

func TestALongFileBehindShortOnesIsPlanned(t *testing.T) {
	t.Parallel()
	f := newFixture(t, natsbulk.Config{})
	source := listed(300)
	for i := range source {
		source[i].File.CustomLabels = map[string]string{"label": strings.Repeat("x", 1000)}
	}
	source[290].File.CustomLabels["label"] = strings.Repeat("x", 1_000_000)
	require.NoError(t, f.cluster.Plan(t.Context(), source, target(1000), false))
	require.Equal(t, positions(300), f.planned(t))
}

// list is a source of items.
type list []bulk.Item

// listed is a list of n files.
func listed(n int) (l list) {
	for i := range n {
		l = append(l, bulk.Item{File: imm.InputFile{URI: uri(i + 1)}, Position: strconv.Itoa(i + 1)})
	}
	return l
}

func (l list) Fingerprint(context.Context) (string, error) { return "a list", nil }

func (l list) Items(_ context.Context, after string) iter.Seq2[bulk.Item, error] {
	return func(yield func(bulk.Item, error) bool) {
		first := 0
		if after != "" {
			first = 1 + slices.IndexFunc(l, func(item bulk.Item) bool { return item.Position == after })
		}
		for _, item := range l[first:] {
			if !yield(item, nil) {
				return
			}
		}
	}
}

func TestAFileThatJSONCannotHoldFailsAndIsNotSentAsAnother(t *testing.T) {
	t.Parallel()
	f := newFixture(t, natsbulk.Config{})
	source := listed(4)
	source[1].File.URI = "oss://test-bucket/caf\xe9.jpg"
	source[2].File.URI = "oss://test-bucket/a\ufffd\\ufffd.jpg" // is what it seems
	source[3].Position = "caf\xe9.jpg"
	require.NoError(t, f.cluster.Plan(t.Context(), source, target(1000), true))
	f.work(t, 1)
	p := f.collect(t)
	require.Equal(t, natsbulk.Counts{Accepted: 3, Failed: 1}, p.Counts)
	require.Equal(t, map[string]int{uri(1): 1, source[2].File.URI: 1, uri(4): 1}, f.sent(t))
	for r, err := range f.cluster.Failed(t.Context()) {
		require.NoError(t, err)
		require.ErrorContains(t, r.Err, `the file "oss://test-bucket/caf\xe9.jpg" has text that is not valid UTF-8`)
	}
	journal := new(keptAfter)
	require.NoError(t, f.cluster.Export(t.Context(), journal))
	require.Equal(t, source[3].Position, journal.after)
}

// keptAfter is a new journal.
type keptAfter struct{ after string }

func (j *keptAfter) Resume(context.Context, string) (string, []string, error) { return "", nil, nil }

func (j *keptAfter) Record(_ context.Context, p bulk.Progress) error {
	j.after = p.After
	return nil
}

func TestAPlanGoesOnBehindAPositionThatIsNotUTF8(t *testing.T) {
	t.Parallel()
	f := newFixture(t, natsbulk.Config{})
	source := listed(1000)
	for i := range source {
		source[i].Position = "\xe9" + source[i].Position
	}
	broken := append(slices.Clone(source[:950]), bulk.Item{})
	require.ErrorContains(t, f.cluster.Plan(t.Context(), broken, target(1000), false), "without a position")
	require.NoError(t, f.cluster.Plan(t.Context(), source, target(1000), false))
	require.Len(t, f.planned(t), 1000)
}

func info(t testing.TB, stream jetstream.Stream) *jetstream.StreamInfo {
	t.Helper()
	found, err := stream.Info(t.Context())
	require.NoError(t, err)
	return found
}

func TestAnEmptyListIsDoneAtOnce(t *testing.T) {
	t.Parallel()
	f := newFixture(t, natsbulk.Config{})
	require.NoError(t, f.cluster.Plan(t.Context(), numbered{}, target(100), false))
	f.work(t, 1)
	require.Equal(t, natsbulk.Progress{Complete: true}, f.collect(t))
}

func TestWhatMakesNoSenseIsRefusedBeforeAnythingIsMade(t *testing.T) {
	t.Parallel()
	f := newFixture(t, natsbulk.Config{})
	refused := func(field string, err error) {
		var refused *imm.ValidationError
		require.ErrorAs(t, err, &refused, field)
		require.Equal(t, field, refused.Field)
	}
	for field, config := range map[string]natsbulk.Config{
		"Config.Name":        {Name: "a.b"},
		"Config.Replicas":    {Replicas: 6},
		"Config.WorkBatches": {WorkBatches: -1},
		"Config.WorkBytes":   {WorkBytes: -1},
		"Config.ResultBytes": {ResultBytes: -1},
		"Config.AckWait":     {AckWait: time.Millisecond},
	} {
		_, err := natsbulk.Open(t.Context(), f.js, config)
		refused(field, err)
	}
	for _, name := range []string{"a b", "*", ">", "ä", "a/b", strings.Repeat("a", 33)} {
		_, err := natsbulk.Open(t.Context(), f.js, natsbulk.Config{Name: name})
		refused("Config.Name", err)
	}
	_, err := natsbulk.Open(t.Context(), nil, natsbulk.Config{})
	refused("js", err)

	refused("source", f.cluster.Plan(t.Context(), nil, target(1), false))
	for field, change := range map[string]func(*natsbulk.Target){
		"Target.ProjectName": func(t *natsbulk.Target) { t.ProjectName = "" },
		"Target.DatasetName": func(t *natsbulk.Target) { t.DatasetName = "" },
		"Target.Rate":        func(t *natsbulk.Target) { t.Rate = 0 },
	} {
		where := target(1)
		change(&where)
		refused(field, f.cluster.Plan(t.Context(), numbered{}, where, false))
	}
	for _, rate := range []float64{-1, math.NaN(), math.Inf(1)} {
		refused("Target.Rate", f.cluster.Plan(t.Context(), numbered{}, target(rate), false))
	}
	for field, config := range map[string]natsbulk.Worker{
		"Worker.Bulk":          {Bulk: bulk.Config{ProjectName: "p"}},
		"Worker.Bulk.Rate":     {Bulk: bulk.Config{Rate: 1}},
		"Worker.Bulk.Journal":  {Bulk: bulk.Config{Journal: noJournal{}}},
		"Worker.MaxDeliveries": {MaxDeliveries: -1},
	} {
		_, err := f.cluster.Work(t.Context(), f.client(), config)
		refused(field, err)
	}
}

type noJournal struct{ bulk.Journal }

func TestAWaitForServersEndsWithItsContext(t *testing.T) {
	t.Parallel()
	f := newFixture(t, natsbulk.Config{})
	require.NoError(t, f.cluster.Plan(t.Context(), numbered{n: 100}, target(100), false))
	f.server.Close()
	ctx, cancel := context.WithTimeout(t.Context(), time.Second)
	defer cancel()
	for what, do := range map[string]func() error{
		"plan":    func() error { return f.cluster.Plan(ctx, numbered{n: 100}, target(100), false) },
		"work":    func() error { _, err := f.cluster.Work(ctx, f.client(), natsbulk.Worker{}); return err },
		"collect": func() error { _, err := f.cluster.Collect(ctx, nil); return err },
		"status":  func() error { _, err := f.cluster.Status(ctx); return err },
		"retry":   func() error { _, err := f.cluster.RetryDead(ctx); return err },
		"export":  func() error { return f.cluster.Export(ctx, noJournal{}) },
		"open":    func() error { _, err := natsbulk.Open(ctx, f.js, natsbulk.Config{}); return err },
	} {
		require.ErrorIs(t, do(), context.DeadlineExceeded, what)
	}
}
