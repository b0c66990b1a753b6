package natsbulk_test

import (
	"context"
	"encoding/json"
	"fmt"
	"iter"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"github.com/stretchr/testify/require"

	"github.com/imm-go/imm"
	"github.com/imm-go/imm/bulk"
	"github.com/imm-go/imm/bulk/natsbulk"
)

// numbered is a source of n files whose positions are their numbers from 1 on.
type numbered struct {
	n      int
	name   string
	broken map[int]error // items that cannot be read
	ends   error         // what comes after the last item
	read   func(i int)   // is told of each item
}

func (s numbered) Fingerprint(context.Context) (string, error) { return "numbers " + s.name, nil }

func (s numbered) Items(_ context.Context, after string) iter.Seq2[bulk.Item, error] {
	return func(yield func(bulk.Item, error) bool) {
		first, _ := strconv.Atoi(after)
		for i := first + 1; i <= s.n; i++ {
			if s.read != nil {
				s.read(i)
			}
			if !yield(bulk.Item{File: imm.InputFile{URI: uri(i)}, Position: strconv.Itoa(i)}, s.broken[i]) {
				return
			}
		}
		if s.ends != nil {
			yield(bulk.Item{}, s.ends)
		}
	}
}

func uri(i int) string { return fmt.Sprintf("oss://test-bucket/photos/%07d.jpg", i) }

// sent is how often each file was accepted by the service.
func (f *fixture) sent(t testing.TB) map[string]int {
	t.Helper()
	times := make(map[string]int)
	for _, r := range f.service.Requests() {
		if r.Action != batched || r.Code != "" {
			continue
		}
		var files []imm.InputFile
		require.NoError(t, json.Unmarshal([]byte(r.Form.Get("Files")), &files))
		for _, file := range files {
			times[file.URI]++
		}
	}
	return times
}

// work has n workers work until all is done.
func (f *fixture) work(t testing.TB, n int) {
	t.Helper()
	var working sync.WaitGroup
	for range n {
		working.Go(func() {
			_, err := f.cluster.Work(t.Context(), f.client(), natsbulk.Worker{})
			if err != nil {
				t.Errorf("a worker ended with %v", err)
			}
		})
	}
	working.Wait()
}

func (f *fixture) collect(t testing.TB) natsbulk.Progress {
	t.Helper()
	progress, err := f.cluster.Collect(t.Context(), nil)
	require.NoError(t, err)
	return progress
}

func TestEveryFileOfAListGetsOneOutcome(t *testing.T) {
	t.Parallel()
	f := newFixture(t, natsbulk.Config{})
	source := numbered{n: 2050, broken: map[int]error{7: fmt.Errorf("line 7 is no file")}}
	require.NoError(t, f.cluster.Plan(t.Context(), source, target(1000), true))
	f.work(t, 3)
	progress := f.collect(t)
	require.Equal(t, natsbulk.Progress{
		Counts:  natsbulk.Counts{Accepted: 2049, Failed: 1},
		Planned: 2050, Bad: 1, Complete: true,
	}, progress)
	sent := f.sent(t)
	require.Len(t, sent, 2049)
	for uri, times := range sent {
		require.Equal(t, 1, times, uri)
	}
	var failed []bulk.Result
	for r, err := range f.cluster.Failed(t.Context()) {
		require.NoError(t, err)
		failed = append(failed, r)
	}
	require.Len(t, failed, 1)
	require.Equal(t, uri(7), failed[0].File.URI)
	require.Equal(t, "7", failed[0].Position)
	require.ErrorContains(t, failed[0].Err, "line 7 is no file")

	status, err := f.cluster.Status(t.Context())
	require.NoError(t, err)
	require.Equal(t, progress, status.Progress)
	require.Zero(t, status.Waiting+status.UnderWay+status.Uncounted)
	require.InDelta(t, 1000, status.RateNow, 0)
}

func TestStreamsForWhichThereIsNoRoomAreSaid(t *testing.T) {
	t.Parallel()
	s, err := server.NewServer(&server.Options{
		DontListen: true, JetStream: true, StoreDir: t.TempDir(), JetStreamMaxStore: 1 << 30, NoSigs: true, NoLog: true,
	})
	require.NoError(t, err)
	s.Start()
	t.Cleanup(func() { s.Shutdown(); s.WaitForShutdown() })
	require.True(t, s.ReadyForConnections(30*time.Second))
	conn, err := nats.Connect("", nats.InProcessServer(s))
	require.NoError(t, err)
	defer conn.Close()
	js, err := jetstream.New(conn)
	require.NoError(t, err)
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	_, err = natsbulk.Open(ctx, js, natsbulk.Config{})
	require.ErrorContains(t, err, "have no room for the streams of \"imm\"")
	require.NotErrorIs(t, err, context.DeadlineExceeded)
	for name := range js.StreamNames(t.Context()).Name() {
		require.Fail(t, "what was made before is taken back", name)
	}
}

func TestOnlyOpenMakesWorkAndRemoveLeavesNothingOfIt(t *testing.T) {
	t.Parallel()
	f := newFixture(t, natsbulk.Config{Name: "kept"})
	streams := func() (names []string) {
		for name := range f.js.StreamNames(t.Context()).Name() {
			names = append(names, name)
		}
		return names
	}
	before := streams()
	for _, name := range []string{"", "none", "kep", "kept2"} {
		_, err := natsbulk.Find(t.Context(), f.js, name)
		require.ErrorIs(t, err, natsbulk.ErrNoWork, name)
	}
	require.Equal(t, before, streams())
	_, err := natsbulk.Find(t.Context(), f.js, "a b")
	require.ErrorContains(t, err, "is no name of work")

	require.NoError(t, f.cluster.Plan(t.Context(), numbered{n: 10}, target(1000), false))
	found, err := natsbulk.Find(t.Context(), f.js, "kept")
	require.NoError(t, err)
	status, err := found.Status(t.Context())
	require.NoError(t, err)
	require.EqualValues(t, 10, status.Planned)

	require.NoError(t, f.js.DeleteStream(t.Context(), "imm-kept-dead"))
	_, err = natsbulk.Find(t.Context(), f.js, "kept")
	require.ErrorIs(t, err, natsbulk.ErrNoWork, "it is not all there")
	for range 2 { // one that was interrupted is repeated
		require.NoError(t, found.Remove(t.Context()))
		require.Empty(t, streams())
	}
	f.cluster = open(t, f.js, natsbulk.Config{Name: "kept"})
	require.NoError(t, f.cluster.Plan(t.Context(), numbered{n: 20}, target(1000), false), "another list is no other work now")
	f.work(t, 1)
	require.EqualValues(t, 20, f.collect(t).Accepted)
}
