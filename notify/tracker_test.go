package notify_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/imm-go/imm"
	"github.com/imm-go/imm/notify"
)

const (
	trackerProject = "test-project"
	trackerDataset = "test-dataset"
)

func newTracker(tb testing.TB, opts ...notify.TrackerOption) *notify.Tracker {
	tb.Helper()
	tracker, err := notify.NewTracker(opts...)
	require.NoError(tb, err)
	return tracker
}

// trackerFiles reads "a#1 b" as two files: a with the CustomID 1, and b.
func trackerFiles(text string) []imm.InputFile {
	var files []imm.InputFile
	for word := range strings.FieldsSeq(text) {
		uri, id, _ := strings.Cut(word, "#")
		files = append(files, imm.InputFile{URI: trackerURI(uri), CustomID: id})
	}
	return files
}

func trackerURI(name string) string {
	if name == "" {
		return ""
	}
	return "oss://test-bucket/" + name
}

// trackerMessage reads "a#1 b!why" as the message that a is indexed and b is not.
func trackerMessage(text string) *imm.IndexMessage {
	m := &imm.IndexMessage{Success: true}
	for word := range strings.FieldsSeq(text) {
		word, reason, _ := strings.Cut(word, "!")
		uri, id, _ := strings.Cut(word, "#")
		m.Files = append(m.Files, imm.IndexedFile{URI: trackerURI(uri), CustomID: id, Error: reason})
	}
	return m
}

func trackBatch(tb testing.TB, tracker *notify.Tracker, files string) *notify.Batch {
	tb.Helper()
	b, err := tracker.Track(trackerProject, trackerDataset, "", trackerFiles(files))
	require.NoError(tb, err)
	return b
}

// batchStatus is "+" for a file that is indexed, "?" for one that is open, and the
// reason of one that failed.
func batchStatus(b *notify.Batch) string {
	var words []string
	for _, o := range b.Outcomes() {
		words = append(words, map[notify.Status]string{notify.StatusIndexed: "+", notify.StatusOpen: "?", notify.StatusFailed: o.Reason}[o.Status])
	}
	return strings.Join(words, " ")
}

func requireTrackerSum(tb require.TestingT, s notify.TrackerStats) {
	require.Equal(tb, s.Tracked, s.Indexed+s.Failed+s.Open+s.Forgotten)
	require.GreaterOrEqual(tb, s.Open, int64(0))
	require.GreaterOrEqual(tb, s.Kept, int64(0))
}

func TestTheOutcomeHasAllThatTheCallSaid(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var reported []notify.Outcome
		tracker := newTracker(t, notify.WithOutcomes(func(o notify.Outcome) { reported = append(reported, o) }))
		start := time.Now()
		b, err := tracker.Track(trackerProject, trackerDataset, "mine", trackerFiles("a#1 b"))
		require.NoError(t, err)
		time.AfterFunc(time.Minute, func() {
			b.Accepted("R", "E")
			m := trackerMessage("a#1 b!why")
			m.UserData = b.UserData()
			if err := tracker.Handle(t.Context(), m); err != nil {
				t.Error(err)
			}
		})
		outcomes, err := b.Wait(t.Context())
		require.NoError(t, err)
		want := notify.Outcome{
			ProjectName: trackerProject, DatasetName: trackerDataset, URI: trackerURI("a"), CustomID: "1",
			Status: notify.StatusIndexed, Since: start, UserData: "mine", RequestID: "R", EventID: "E",
		}
		failed := want
		failed.URI, failed.CustomID, failed.Status, failed.Reason = trackerURI("b"), "", notify.StatusFailed, "why"
		require.Equal(t, []notify.Outcome{want, failed}, outcomes)
		require.Equal(t, outcomes, reported)
		require.Equal(t, notify.TrackerStats{Tracked: 2, Indexed: 1, Failed: 1}, tracker.Stats())
	})
}

func TestOpenListsWhatWaitsLongestFirst(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		tracker := newTracker(t)
		require.Empty(t, tracker.Open())
		start := time.Now()
		var batches []*notify.Batch
		for _, files := range []string{"a b", "c", "d"} {
			batches = append(batches, trackBatch(t, tracker, files))
			<-time.After(time.Second)
		}
		require.NoError(t, tracker.Handle(t.Context(), trackerMessage("a")))
		batches[1].Forget()
		open := tracker.Open()
		require.Len(t, open, 2)
		require.Equal(t, trackerURI("b"), open[0].URI)
		require.Equal(t, start, open[0].Since)
		require.Equal(t, trackerURI("d"), open[1].URI)
		require.Equal(t, start.Add(2*time.Second), open[1].Since)
		require.Equal(t, notify.StatusOpen, open[1].Status)
	})
}

func TestAWaitEndsWhenTheContextDoes(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		tracker := newTracker(t)
		b := trackBatch(t, tracker, "a b")
		require.NoError(t, tracker.Handle(t.Context(), trackerMessage("a")))
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		start := time.Now()
		outcomes, err := b.Wait(ctx)
		require.ErrorIs(t, err, context.DeadlineExceeded)
		require.EqualError(t, err, `notify: Batch.Wait: context deadline exceeded while 1 of 2 files are open, such as "oss://test-bucket/b"`)
		require.Len(t, outcomes, 2)
		require.Equal(t, notify.StatusIndexed, outcomes[0].Status)
		require.Equal(t, time.Minute, time.Since(start))
		require.EqualError(t, tracker.Wait(ctx), "notify: Tracker.Wait: context deadline exceeded while 1 files are open")

		gone, cancel := context.WithCancel(t.Context())
		cancel()
		require.ErrorIs(t, tracker.Wait(gone), context.Canceled)
		require.NoError(t, tracker.Handle(t.Context(), trackerMessage("b")))
		require.NoError(t, tracker.Wait(gone), "there is nothing to wait for")
		for range 100 { // and that is not left to chance
			_, err = b.Wait(gone)
			require.NoError(t, err)
		}
	})
}

func TestAForgottenBatchReportsNothing(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		tracker := newTracker(t, notify.WithOutcomes(func(o notify.Outcome) {
			if o.URI != trackerURI("a") {
				t.Errorf("%s was reported", o.URI)
			}
		}), notify.WithUnknown(func(context.Context, *imm.IndexMessage) error { return errors.New("unknown") }))
		b := trackBatch(t, tracker, "a b")
		m := trackerMessage("a")
		m.UserData = b.UserData()
		require.NoError(t, tracker.Handle(t.Context(), m))
		time.AfterFunc(time.Second, b.Forget)
		outcomes, err := b.Wait(t.Context())
		require.ErrorIs(t, err, notify.ErrForgotten)
		require.EqualError(t, err, `notify: Batch.Wait: the batch was forgotten while 1 of 2 files are open, such as "oss://test-bucket/b"`)
		require.Len(t, outcomes, 2)
		require.NoError(t, tracker.Wait(t.Context()))
		require.Empty(t, tracker.Open())

		b.Forget()
		m = trackerMessage("b")
		m.UserData = b.UserData()
		require.NoError(t, tracker.Handle(t.Context(), m), "it is late, and not unknown")
		require.Equal(t, "+ ?", batchStatus(b))
		require.Equal(t, notify.TrackerStats{Tracked: 2, Indexed: 1, Forgotten: 1, Duplicates: 1}, tracker.Stats())
	})
}

func TestForgettingAFinishedBatchDoesNothing(t *testing.T) {
	t.Parallel()
	tracker := newTracker(t)
	b := trackBatch(t, tracker, "a")
	require.NoError(t, tracker.Handle(t.Context(), trackerMessage("a")))
	b.Forget()
	_, err := b.Wait(t.Context())
	require.NoError(t, err)
	require.Zero(t, tracker.Stats().Forgotten)
}

func TestATrackerThatIsFullRefusesMore(t *testing.T) {
	t.Parallel()
	tracker := newTracker(t, notify.WithFileLimit(3))
	first := trackBatch(t, tracker, "a b")
	_, err := tracker.Track(trackerProject, trackerDataset, "", trackerFiles("c d"))
	require.ErrorIs(t, err, notify.ErrTrackerFull)
	require.ErrorContains(t, err, "its batches have 2 files, and with 2 more it would be above its limit of 3")
	trackBatch(t, tracker, "c")
	_, err = tracker.Track(trackerProject, trackerDataset, "", trackerFiles("d"))
	require.ErrorIs(t, err, notify.ErrTrackerFull)
	first.Forget()
	trackBatch(t, tracker, "d e")
	requireTrackerSum(t, tracker.Stats())
	require.EqualValues(t, 5, tracker.Stats().Tracked)
}

func TestWhatNoCallCanHaveIsRefused(t *testing.T) {
	t.Parallel()
	tracker := newTracker(t)
	for name, c := range map[string]struct {
		userData, files, want string
	}{
		"no files":      {"", "", "imm: Tracker.Track: Files: a call has 1 to 100 files, not 0"},
		"101 files":     {"", strings.Repeat("a ", 101), "imm: Tracker.Track: Files: a call has 1 to 100 files, not 101"},
		"100 files":     {"", strings.Repeat("a ", 100), ""},
		"all that fits": {strings.Repeat("u", 2017), "a", ""},
		"one byte more": {strings.Repeat("u", 2018), "a", "imm: Tracker.Track: UserData: it has 2018 bytes; want at most the 2017 that are left of 2048 beside the 31 by which the tracker finds the call again"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b, err := tracker.Track(trackerProject, trackerDataset, c.userData, trackerFiles(c.files))
			if c.want == "" {
				require.NoError(t, err)
				require.LessOrEqual(t, len(b.UserData()), 2048)
				require.True(t, strings.HasSuffix(b.UserData(), c.userData))
				return
			}
			require.EqualError(t, err, c.want)
			require.ErrorIs(t, err, imm.ErrInvalidArgument)
		})
	}
}

func TestOptionsThatCannotBeAreRefused(t *testing.T) {
	t.Parallel()
	for want, opt := range map[string]notify.TrackerOption{
		"imm: NewTracker: opts[0]: it is nil; leave it out":                                                      nil,
		"imm: NewTracker: WithFileLimit: 0 is not a limit; want a number of files above zero":                    notify.WithFileLimit(0),
		"imm: NewTracker: WithFileLimit: -1 is not a limit; want a number of files above zero":                   notify.WithFileLimit(-1),
		"imm: NewTracker: WithOutcomes: the function is nil; leave the option out to be told nothing":            notify.WithOutcomes(nil),
		"imm: NewTracker: WithUnknown: the function is nil; leave the option out to acknowledge what is unknown": notify.WithUnknown(nil),
	} {
		_, err := notify.NewTracker(opt)
		require.EqualError(t, err, want)
		require.ErrorIs(t, err, imm.ErrInvalidArgument)
	}
}

func TestANilMessageIsAnError(t *testing.T) {
	t.Parallel()
	require.ErrorIs(t, newTracker(t).Handle(t.Context(), nil), imm.ErrInvalidArgument)
}
