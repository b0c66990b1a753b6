package immtest

import (
	"io/fs"
	"net/http"
	"reflect"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/fstest"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
)

// fieldNames are the names of the fields of a structure, in their order.
func fieldNames[T any]() string {
	var names []string
	for field := range reflect.TypeFor[T]().Fields() {
		names = append(names, field.Name)
	}
	return strings.Join(names, " ")
}

func TestAResetPutsEverythingBack(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newServer(t,
			WithBucket("test-bucket", fstest.MapFS{"a.txt": {Data: []byte("a")}}), WithProject("kept", ""), WithQPS(1),
			WithRescanInterval(time.Second),
		)
		before := get[controlState](t, s, "state")
		nonce := signed("CreateBinding", bindTestBucket)
		require.Equal(t, http.StatusOK, send(t, s, nonce).status)
		sleep(t, 2*time.Second)
		index := inDataset("File", `{"URI":"oss://test-bucket/a.txt"}`, "Notification", `{"MNS":{"TopicName":"t"}}`)
		ask(t, s, "IndexFileMeta", index)
		s.PutObject("test-bucket", "b.txt", nil)
		s.PutObject("other-bucket", "c.txt", nil)
		s.DeleteObject("test-bucket", "a.txt")
		s.FailBinding("test-bucket", "reason")
		s.FailObject("test-bucket", "a.txt", "reason")
		s.Inject(Throttle(-1, 0))
		decoded[map[string]any](t, control(s, http.MethodPost, "reset", ""))

		require.Equal(t, before, get[controlState](t, s, "state"))
		require.Empty(t, s.Requests())
		require.Empty(t, s.faults)
		require.Equal(t, http.StatusOK, send(t, s, nonce).status, "neither fault nor nonce nor rate is remembered")
		synctest.Wait()
		sleep(t, time.Minute)
		require.Empty(t, s.Messages("t"), "pending work is dropped")
		require.Len(t, s.Files("test-project", "test-dataset"), 1)
		require.Empty(t, s.Files("test-project", "test-dataset")[0].Reason)
		s.Close()
		s.Reset()
	})
}

// This fails for a new field of Server, which is either put back in restart or
// named here.
func TestAResetKnowsEveryFieldOfAServer(t *testing.T) {
	t.Parallel()
	stays := "config done running mu closed timers working settled listener tokenKey signing pushes"
	back := "buckets projects topics queues deliveries attachments nonces limit faults requests recorded failingBuckets failingObjects"
	require.ElementsMatch(t, strings.Fields(stays+" "+back), strings.Fields(fieldNames[Server]()))
}

func TestAResetWaitsForWorkThatIsBeingDone(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		files := &stoppedFS{reading: make(chan struct{}), release: make(chan struct{})}
		s := newServer(t, WithBucket("test-bucket", files), WithReadyTime(0))
		ask(t, s, "CreateBinding", bindTestBucket)
		<-files.reading
		done := make(chan struct{})
		go func() {
			defer close(done)
			s.Reset()
		}()
		synctest.Wait()
		select {
		case <-done:
			require.Fail(t, "the scan is not over")
		default:
		}
		close(files.release)
		<-done
		require.Empty(t, s.Bindings())
		require.Empty(t, s.projects)
	})
}

func TestAResetGivesWayToTheEndOfTheServer(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		files := &stoppedFS{reading: make(chan struct{}), release: make(chan struct{})}
		s := newServer(t, WithBucket("test-bucket", files), WithReadyTime(0))
		ask(t, s, "CreateBinding", bindTestBucket)
		<-files.reading
		done := make(chan struct{})
		go func() {
			defer close(done)
			s.Reset()
		}()
		synctest.Wait()
		go s.Close()
		<-done
		close(files.release)
	})
}

// stoppedFS has no file that can be read. Its first opening says so and then waits.
type stoppedFS struct {
	once             sync.Once
	reading, release chan struct{}
}

func (f *stoppedFS) Open(name string) (fs.File, error) {
	f.once.Do(func() { close(f.reading) })
	<-f.release
	return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrNotExist}
}

func TestAWaiterForMessagesOutlivesAReset(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newServer(t, WithBucket("test-bucket", nil))
		got := make(chan int, 2)
		go func() { got <- len(s.messagesAfter(t.Context(), "t", 0, time.Minute)) }()
		go func() {
			_, err := s.WaitMessage(t.Context(), "t")
			if err == nil {
				got <- 1
			}
		}()
		synctest.Wait()
		s.Reset()
		ask(t, s, "IndexFileMeta", inDataset("File", `{"URI":"oss://test-bucket/a"}`, "Notification", `{"MNS":{"TopicName":"t"}}`))
		require.Equal(t, []int{1, 1}, []int{<-got, <-got})
	})
}

func TestAResetIsSafeWhileCallsAreUnderWay(t *testing.T) {
	t.Parallel()
	s := newServer(t,
		WithBucket("test-bucket", fstest.MapFS{"a.txt": {Data: []byte("a")}, "b.txt": {Data: []byte("b")}}),
		WithReadyTime(0), WithFullScanTime(0), WithIndexDelay(0), WithRescanInterval(time.Microsecond),
	)
	by := s.Transport()
	const rounds = 40
	calls := []func(i int){
		func(int) { sendBy(t, by, signed("CreateBinding", bindTestBucket)) },
		func(int) { sendBy(t, by, signed("GetBinding", bindTestBucket)) },
		func(i int) {
			file := `{"URI":"oss://test-bucket/a.txt","CustomId":"` + strconv.Itoa(i) + `"}`
			sendBy(t, by, signed("IndexFileMeta", inDataset("File", file, "Notification", `{"MNS":{"TopicName":"t"}}`)))
		},
		func(i int) { s.PutObject("test-bucket", strconv.Itoa(i), nil) },
		func(i int) { s.DeleteObject("test-bucket", strconv.Itoa(i)) },
		func(int) { control(s, http.MethodGet, "state", "") },
		func(int) { control(s, http.MethodGet, "requests", "") },
		func(int) { control(s, http.MethodGet, "messages?topic=t", "") },
		func(int) { control(s, http.MethodPost, "failures", `{"Bucket":"test-bucket","Reason":"r"}`) },
		func(int) { control(s, http.MethodPost, "reset", "") },
		func(int) { s.Reset() },
	}
	var group sync.WaitGroup
	for _, call := range calls {
		group.Go(func() {
			for i := range rounds {
				call(i)
			}
		})
	}
	group.Wait()
	s.Reset()
	require.Empty(t, get[controlState](t, s, "state").Projects)
}
