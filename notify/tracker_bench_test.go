package notify_test

import (
	"fmt"
	"runtime"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/imm-go/imm"
	"github.com/imm-go/imm/notify"
)

// trackerLoad makes batches of 100 files, and the messages about them.
type trackerLoad struct{ made int }

func (l *trackerLoad) batch(customIDs bool) ([]imm.InputFile, *imm.IndexMessage) {
	files := make([]imm.InputFile, 100)
	m := &imm.IndexMessage{Success: true, ProjectName: trackerProject, DatasetName: trackerDataset, Files: make([]imm.IndexedFile, len(files))}
	for i := range files {
		files[i].URI = fmt.Sprintf("oss://test-bucket/photos/2026/11/%09d.jpg", l.made)
		if customIDs {
			files[i].CustomID = fmt.Sprint(l.made)
		}
		l.made++
		m.Files[i] = imm.IndexedFile{URI: files[i].URI, CustomID: files[i].CustomID}
	}
	return files, m
}

func (l *trackerLoad) fill(tb testing.TB, tracker *notify.Tracker, files int, customIDs bool) {
	tb.Helper()
	for range files / 100 {
		batch, _ := l.batch(customIDs)
		b, err := tracker.Track(trackerProject, trackerDataset, "", batch)
		require.NoError(tb, err)
		b.Accepted(fmt.Sprint("R", l.made), fmt.Sprint("E", l.made))
	}
}

// BenchmarkTracker is Track, Accepted and Handle of a batch of 100 files while
// 100,000 are open: with the UserData in the message, and without, when it is found
// by its files.
func BenchmarkTracker(b *testing.B) {
	for _, withUserData := range []bool{true, false} {
		b.Run(map[bool]string{true: "UserData", false: "files"}[withUserData], func(b *testing.B) {
			tracker, load := newTracker(b), new(trackerLoad)
			load.fill(b, tracker, 100_000, true)
			type prepared struct {
				files   []imm.InputFile
				message *imm.IndexMessage
			}
			all := make([]prepared, 1000)
			for i := range all {
				all[i].files, all[i].message = load.batch(true)
			}
			b.ReportAllocs()
			b.ResetTimer()
			for i := range b.N {
				p := all[i%len(all)]
				batch, err := tracker.Track(trackerProject, trackerDataset, "", p.files)
				if err != nil {
					b.Fatal(err)
				}
				if p.message.UserData = ""; withUserData {
					p.message.UserData = batch.UserData()
				}
				batch.Accepted("R", "E")
				if err := tracker.Handle(b.Context(), p.message); err != nil {
					b.Fatal(err)
				}
			}
			b.StopTimer()
			require.EqualValues(b, 100*b.N, tracker.Stats().Indexed)
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/100, "ns/file")
		})
	}
}

func heapNow() int64 {
	var now runtime.MemStats
	runtime.GC()
	runtime.GC()
	runtime.ReadMemStats(&now)
	return int64(now.HeapAlloc)
}

// TestAnOpenFileIsSmallAndAFinishedOneIsGone is not parallel, because the heap
// belongs to all tests. The texts of the files are the caller's and not counted.
func TestAnOpenFileIsSmallAndAFinishedOneIsGone(t *testing.T) {
	const files, most, mostLeft = 200_000, 180, 3 << 20
	for _, customIDs := range []bool{false, true} {
		load := new(trackerLoad)
		var batches [][]imm.InputFile
		var messages []*imm.IndexMessage
		for range files / 100 {
			batch, m := load.batch(customIDs)
			batches, messages = append(batches, batch), append(messages, m)
		}
		tracker := newTracker(t)
		empty := heapNow()
		for i, batch := range batches {
			b, err := tracker.Track(trackerProject, trackerDataset, "", batch)
			require.NoError(t, err)
			b.Accepted(fmt.Sprint("R", i), fmt.Sprint("E", i))
			messages[i].UserData = b.UserData()
		}
		each := float64(heapNow()-empty) / files
		t.Logf("%.0f bytes an open file, with CustomIDs: %v", each, customIDs)
		require.Less(t, each, float64(most))
		for _, m := range messages {
			require.NoError(t, tracker.Handle(t.Context(), m))
		}
		require.Zero(t, tracker.Stats().Open)
		left := heapNow() - empty
		t.Logf("%d bytes are left of %d files", left, files)
		require.Less(t, left, int64(mostLeft))
		runtime.KeepAlive(batches)
		runtime.KeepAlive(messages)
		runtime.KeepAlive(tracker)
	}
}

// TestForgedMessagesTakeNoMemory is not parallel, because the heap belongs to all
// tests.
func TestForgedMessagesTakeNoMemory(t *testing.T) {
	const messages, most = 1000, 1 << 20
	tracker := newTracker(t)
	b := trackBatch(t, tracker, "a#1 b")
	hundred := new(trackerLoad)
	hundred.fill(t, tracker, 10_000, true)
	forge := func(i int) {
		m := &imm.IndexMessage{RequestID: fmt.Sprint(i), EventID: fmt.Sprint(i)}
		switch i % 5 {
		case 0:
			m.UserData = b.UserData()
		case 1:
			m.UserData = b.UserData()[:22] + fmt.Sprintf("%08d.", i)
		case 2:
			m.UserData = fmt.Sprint("theirs", i)
		case 3:
			m.Files = append(m.Files, imm.IndexedFile{URI: trackerURI("a"), CustomID: "1"})
		}
		for j := range 1000 {
			m.Files = append(m.Files, imm.IndexedFile{URI: fmt.Sprint("oss://b/", i, "/", j), CustomID: fmt.Sprint(i), Error: "forged"})
		}
		require.NoError(t, tracker.Handle(t.Context(), m))
	}
	forge(0)
	before := heapNow()
	for i := range messages {
		forge(i)
	}
	grown := heapNow() - before
	t.Logf("the heap grew by %d bytes", grown)
	require.Less(t, grown, int64(most))
	require.Equal(t, "? ?", batchStatus(b))
	requireTrackerSum(t, tracker.Stats())
	require.EqualValues(t, 10_002, tracker.Stats().Open)
}
