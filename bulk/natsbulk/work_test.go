package natsbulk_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/stretchr/testify/require"

	"github.com/imm-go/imm"
	"github.com/imm-go/imm/bulk"
	"github.com/imm-go/imm/bulk/boltjournal"
	"github.com/imm-go/imm/bulk/natsbulk"
	"github.com/imm-go/imm/immtest"
)

func (f *fixture) status(t testing.TB) natsbulk.Status {
	t.Helper()
	s, err := f.cluster.Status(t.Context())
	require.NoError(t, err)
	return s
}

func TestABatchIsNotAcknowledgedBeforeItsOutcomesAreStored(t *testing.T) {
	t.Parallel()
	f := newFixture(t, natsbulk.Config{ResultBytes: 30 << 10, AckWait: time.Second})
	require.NoError(t, f.cluster.Plan(t.Context(), numbered{n: 2000}, target(1000), false))
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() {
		_, err := f.cluster.Work(ctx, f.client(), natsbulk.Worker{Bulk: bulk.Config{Grace: 100 * time.Millisecond}})
		ended <- err
	}()
	// All of it is sent soon, and the results have no room for it.
	require.Eventually(t, func() bool { return len(f.sent(t)) == 2000 }, 30*time.Second, 50*time.Millisecond)
	require.Eventually(t, func() bool { return f.status(t).Uncounted > 0 }, 30*time.Second, 50*time.Millisecond)
	<-time.After(3 * time.Second) // longer than others would wait for a worker that died
	s := f.status(t)
	require.Equal(t, 20-s.Uncounted, s.UnderWay+s.Waiting, "what has no stored outcome is held")
	stop()
	require.Error(t, <-ended)
	for uri, times := range f.sent(t) {
		require.Equal(t, 1, times, uri)
	}

	go func() {
		_, err := f.cluster.Work(t.Context(), f.client(), natsbulk.Worker{})
		ended <- err
	}()
	p := f.collect(t)
	require.NoError(t, <-ended)
	require.EqualValues(t, 2000, p.Accepted)
	require.Len(t, f.sent(t), 2000)
}

func TestABatchThatComesBackTooOftenIsDeadAndCanBeRetried(t *testing.T) {
	t.Parallel()
	f := newFixture(t, natsbulk.Config{AckWait: time.Second})
	require.NoError(t, f.cluster.Plan(t.Context(), numbered{n: 150}, target(1000), false))
	f.service.Inject(immtest.Fault{Action: batched, Times: -1, Status: http.StatusForbidden, Code: "NoPermission"})
	worker := natsbulk.Worker{MaxDeliveries: 2}
	for f.status(t).DeadCount < 2 { // one worker need not get both of the batches
		if _, err := f.cluster.Work(t.Context(), f.client(), worker); err != nil {
			require.ErrorIs(t, err, imm.ErrPermissionDenied, "it ends by itself, and does not wait for more files")
		}
	}
	require.Contains(t, f.status(t).Trouble.Error, "NoPermission")
	f.service.Reset()
	_, err := f.cluster.Work(t.Context(), f.client(), worker)
	require.NoError(t, err)
	p := f.collect(t)
	require.Equal(t, natsbulk.Progress{Planned: 150, Complete: true, Dead: 150}, p)
	require.Equal(t, 2, f.status(t).DeadCount)
	batches := 0
	for d, err := range f.cluster.Dead(t.Context()) {
		require.NoError(t, err)
		batches++
		require.EqualValues(t, batches, d.Number)
		require.EqualValues(t, 2, d.Deliveries)
		require.Contains(t, d.Reason, "2 workers had it, and none stored what became of it; the last worker that ended early said: ")
		require.Contains(t, d.Reason, "NoPermission")
	}
	require.Equal(t, 2, batches)
	failed := 0
	for r, err := range f.cluster.Failed(t.Context()) {
		require.NoError(t, err)
		failed++
		require.Equal(t, uri(failed), r.File.URI)
		require.Equal(t, bulk.Unsent, r.Status)
		require.ErrorIs(t, r.Err, natsbulk.ErrDead)
	}
	require.Equal(t, 150, failed)

	files, err := f.cluster.RetryDead(t.Context())
	require.NoError(t, err)
	require.Equal(t, 150, files)
	f.work(t, 1)
	require.Equal(t, natsbulk.Progress{Counts: natsbulk.Counts{Accepted: 150}, Planned: 150, Complete: true}, f.collect(t))
	files, err = f.cluster.RetryDead(t.Context())
	require.NoError(t, err)
	require.Zero(t, files)
}

func TestAMessageThatIsNoBatchIsDeadAtOnceAndHoldsNothingUp(t *testing.T) {
	t.Parallel()
	f := newFixture(t, natsbulk.Config{})
	require.NoError(t, f.cluster.Plan(t.Context(), numbered{n: 100}, target(1000), false))
	_, err := f.js.PublishMsg(t.Context(), &nats.Msg{Subject: "imm.imm.again", Data: []byte("<html>")})
	require.NoError(t, err)
	f.work(t, 1)
	require.Equal(t, natsbulk.Progress{Counts: natsbulk.Counts{Accepted: 100}, Planned: 100, Complete: true}, f.collect(t))
	for d, err := range f.cluster.Dead(t.Context()) {
		require.NoError(t, err)
		require.Contains(t, d.Reason, "the message is no batch of files")
	}
	files, err := f.cluster.RetryDead(t.Context())
	require.NoError(t, err)
	require.Zero(t, files)
}

func TestAWorkerWithoutASignOfLifeLosesItsBatches(t *testing.T) {
	t.Parallel()
	f := newFixture(t, natsbulk.Config{AckWait: time.Second})
	require.NoError(t, f.cluster.Plan(t.Context(), numbered{n: 100}, target(1000), false))
	stream, err := f.js.Stream(t.Context(), "imm-imm-work")
	require.NoError(t, err)
	consumer, err := stream.Consumer(t.Context(), "workers")
	require.NoError(t, err)
	_, err = consumer.Next()
	require.NoError(t, err) // and nothing comes of it
	f.work(t, 1)
	require.EqualValues(t, 100, f.collect(t).Accepted)
}

func TestASlowBatchStaysWithItsWorker(t *testing.T) {
	t.Parallel()
	f := newFixture(t, natsbulk.Config{AckWait: time.Second})
	require.NoError(t, f.cluster.Plan(t.Context(), numbered{n: 100}, target(1000), false))
	f.service.Inject(immtest.Fault{Action: batched, Delay: 4 * time.Second})
	f.work(t, 2)
	p := f.collect(t)
	require.EqualValues(t, 100, p.Accepted)
	require.Zero(t, p.Twice)
	require.Equal(t, 1, f.sent(t)[uri(1)])
}

func TestCollectorsAtTheSameTimeAndOneAfterTheOtherCountEachFileOnce(t *testing.T) {
	t.Parallel()
	f := newFixture(t, natsbulk.Config{})
	require.NoError(t, f.cluster.Plan(t.Context(), numbered{n: 30_000}, target(100), false))
	go func() { _, _ = f.cluster.Work(t.Context(), f.client(), natsbulk.Worker{}) }()
	ctx, stop := context.WithCancel(t.Context())
	told := 0
	_, err := f.cluster.Collect(ctx, func(natsbulk.Progress) {
		if told++; told == 2 {
			stop()
		}
	})
	require.ErrorIs(t, err, context.Canceled)
	ended := make(chan natsbulk.Progress)
	for range 3 {
		go func() {
			p, err := f.cluster.Collect(t.Context(), nil)
			if err != nil {
				t.Errorf("a collector ended with %v", err)
			}
			ended <- p
		}()
	}
	for range 3 {
		require.Equal(t, natsbulk.Progress{Counts: natsbulk.Counts{Accepted: 30_000}, Planned: 30_000, Complete: true}, <-ended)
	}
	require.Less(t, f.status(t).ResultSize, uint64(1000), "what is counted makes room")
}

func TestWhatIsCollectedBecomesAJournal(t *testing.T) {
	t.Parallel()
	f := newFixture(t, natsbulk.Config{})
	list := "oss://test-bucket/1\nno file\n" + strings.Repeat("oss://test-bucket/2\n", 3) + "oss://test-bucket/\n"
	source := func() bulk.Source { return bulk.URIs("list", strings.NewReader(list)) }
	path := filepath.Join(t.TempDir(), "journal")
	journal, err := boltjournal.Open(path)
	require.NoError(t, err)
	defer func() { require.NoError(t, journal.Close()) }()
	require.NoError(t, f.cluster.Plan(t.Context(), source(), target(1000), true))
	require.ErrorIs(t, f.cluster.Export(t.Context(), journal), natsbulk.ErrOpen)
	f.work(t, 1)
	p := f.collect(t)
	require.EqualValues(t, 4, p.Accepted)
	require.EqualValues(t, 2, p.Failed)
	for range 2 { // the second changes nothing
		require.NoError(t, f.cluster.Export(t.Context(), journal))
	}
	var failed []string
	for failure, err := range journal.Failed() {
		require.NoError(t, err)
		failed = append(failed, failure.Position+" "+failure.File.URI)
	}
	require.ElementsMatch(t, []string{"2:28 ", "6:107 oss://test-bucket/"}, failed)

	before := len(f.service.Requests())
	indexer, err := bulk.New(f.client(), bulk.Config{ProjectName: project, DatasetName: dataset, Journal: journal, SkipBad: true})
	require.NoError(t, err)
	summary, err := indexer.RunSource(t.Context(), source())
	require.NoError(t, err)
	require.Zero(t, summary.Added)
	require.Len(t, f.service.Requests(), before, "everything is done")
}

func TestWhyALongFileFailedIsStored(t *testing.T) {
	t.Parallel()
	f := newFixture(t, natsbulk.Config{})
	source := list{{File: imm.InputFile{URI: "oss://test-bucket/" + strings.Repeat("x", 700_000)}, Position: "1"}}
	require.NoError(t, f.cluster.Plan(t.Context(), source, target(1000), true))
	f.service.Inject(immtest.Fault{Action: batched, Times: -1, Status: http.StatusBadRequest, Code: "InvalidArgument", Message: strings.Repeat("long ", 10_000)})
	f.work(t, 1)
	require.EqualValues(t, 1, f.collect(t).Failed)
	for r, err := range f.cluster.Failed(t.Context()) {
		require.NoError(t, err)
		require.Equal(t, source[0].File, r.File)
		require.ErrorContains(t, r.Err, "InvalidArgument")
	}
}

func TestAWorkerEndsWhenItsConnectionIsClosed(t *testing.T) {
	t.Parallel()
	f := newFixture(t, natsbulk.Config{})
	unplanned := numbered{n: 100, ends: errors.New("the list breaks off")}
	require.ErrorIs(t, f.cluster.Plan(t.Context(), unplanned, target(1000), false), unplanned.ends)
	js := connect(t, f.server)
	worker := open(t, js, natsbulk.Config{})
	ended := make(chan error, 1)
	go func() {
		_, err := worker.Work(t.Context(), f.client(), natsbulk.Worker{})
		ended <- err
	}()
	require.Eventually(t, func() bool { return len(f.sent(t)) == 100 }, 30*time.Second, 20*time.Millisecond)
	js.Conn().Close()
	select {
	case err := <-ended:
		require.ErrorIs(t, err, nats.ErrConnectionClosed)
	case <-time.After(30 * time.Second):
		t.Fatal("it waits for ever")
	}
}

func TestAClockThatWasWrongHoldsNobodyUp(t *testing.T) {
	t.Parallel()
	f := newFixture(t, natsbulk.Config{})
	require.NoError(t, f.cluster.Plan(t.Context(), numbered{n: 1000}, target(1000), false))
	keys, err := f.js.KeyValue(t.Context(), "imm-imm")
	require.NoError(t, err)
	pace := fmt.Sprintf(`{"Limit":1000,"Next":%d}`, time.Now().Add(time.Hour).UnixNano())
	_, err = keys.Put(t.Context(), "quota", []byte(pace))
	require.NoError(t, err)
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	_, err = f.cluster.Work(ctx, f.client(), natsbulk.Worker{})
	require.NoError(t, err)
	require.EqualValues(t, 1000, f.collect(t).Accepted)
}

func TestDeadBatchesCanBeRetriedByManyAtOnce(t *testing.T) {
	t.Parallel()
	f := newFixture(t, natsbulk.Config{})
	for i := range 50 {
		batch := fmt.Sprintf(`{"Number":%d,"Items":[{"File":{"URI":"oss://b/o"},"Position":"1"}]}`, i+1)
		_, err := f.js.Publish(t.Context(), fmt.Sprintf("imm.imm.dead.%d.1", i+1), []byte(batch))
		require.NoError(t, err)
	}
	errs := make(chan error)
	for range 4 {
		go func() {
			_, err := f.cluster.RetryDead(t.Context())
			errs <- err
		}()
	}
	for range 4 {
		require.NoError(t, <-errs)
	}
	stream, err := f.js.Stream(t.Context(), "imm-imm-again")
	require.NoError(t, err)
	require.EqualValues(t, 50, info(t, stream).State.Msgs)
}

func TestADeadMessageThatWasNotPlannedEndsNothing(t *testing.T) {
	t.Parallel()
	f := newFixture(t, natsbulk.Config{})
	require.NoError(t, f.cluster.Plan(t.Context(), numbered{n: 100}, target(1000), false))
	_, err := f.js.Publish(t.Context(), "imm.imm.dead.2.0", []byte(`{"Number":2}`))
	require.NoError(t, err)
	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Second)
	defer cancel()
	_, err = f.cluster.Collect(ctx, nil)
	require.ErrorIs(t, err, context.DeadlineExceeded)
	f.work(t, 1)
	require.Equal(t, natsbulk.Progress{Counts: natsbulk.Counts{Accepted: 100}, Planned: 100, Complete: true}, f.collect(t))
}

func TestFilesOfADeadBatchThatCannotBeReadAreNotTakenForDone(t *testing.T) {
	t.Parallel()
	f := newFixture(t, natsbulk.Config{})
	require.NoError(t, f.cluster.Plan(t.Context(), numbered{n: 100}, target(1000), false))
	_, err := f.js.Publish(t.Context(), "imm.imm.dead.1.0", []byte(`{"Number":1}`))
	require.NoError(t, err)
	require.Equal(t, natsbulk.Progress{Planned: 100, Complete: true, Dead: 100}, f.collect(t))
	journal := new(keptAfter)
	require.ErrorContains(t, f.cluster.Export(t.Context(), journal), "100 files of the work \"imm\" are in dead batches that cannot be read")
	require.Empty(t, journal.after)
}
