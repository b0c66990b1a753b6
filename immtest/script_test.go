package immtest

import (
	"fmt"
	"net/http"
	"testing"
	"testing/fstest"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/imm-go/imm"
)

func TestADatasetHasAtMostTenBindings(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	for i := range 11 {
		s.PutObject(fmt.Sprintf("bucket-%d", i), "k", nil)
	}
	uri := func(i int) string { return fmt.Sprintf("oss://bucket-%d", i) }
	for i := range 10 {
		ask(t, s, "CreateBinding", inDataset("URI", uri(i)))
	}
	r := send(t, s, signed("CreateBinding", inDataset("URI", uri(10))))
	require.Equal(t, "LimitExceededError", r.code())
	require.Equal(t, http.StatusBadRequest, r.status)
	require.Equal(t, "ResourceAlreadyExists", send(t, s, signed("CreateBinding", inDataset("URI", uri(9)))).code())
	ask(t, s, "CreateBinding", inDataset("URI", uri(10), "DatasetName", "another"))
	require.Len(t, s.Bindings(), 11)
}

func TestABindingFailsByScriptWhateverItsState(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		after time.Duration
		phase imm.BindingPhase
		files int
	}{
		"ready":       {0, "", 0},
		"scanning":    {300 * time.Millisecond, imm.PhaseFullScanning, 1},
		"incremental": {time.Second, imm.PhaseIncrementalScanning, 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				s := newServer(t)
				s.PutObject("test-bucket", "a.png", pngImage(1, 1))
				s.PutObject("another", "a.png", pngImage(1, 1))
				ask(t, s, "CreateBinding", inDataset("URI", "oss://another"))
				ask(t, s, "CreateBinding", bindTestBucket)
				sleep(t, c.after)
				s.FailBinding("test-bucket", "AccessDenied")
				failedAt := time.Now()
				sleep(t, time.Minute)
				s.PutObject("test-bucket", "later.png", pngImage(1, 1))
				s.DeleteObject("test-bucket", "a.png")
				s.FailBinding("test-bucket", "a second time")

				b := ask(t, s, "GetBinding", bindTestBucket)["Binding"].(map[string]any)
				require.Equal(t, []any{"Failed", string(c.phase), "AccessDenied"}, []any{b["State"], b["Phase"], b["Reason"]})
				require.Equal(t, failedAt.In(location).Format(time.RFC3339Nano), b["UpdateTime"])
				require.Len(t, s.Files("test-project", "test-dataset"), 1+c.files, "what was indexed stays, and nothing comes")
				require.Equal(t, imm.StateRunning, s.Bindings()[0].State, "the other bucket's binding goes on")
			})
		})
	}
}

func TestABindingMadeLaterFailsAfterItWasReady(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newServer(t)
		s.FailBinding("test-bucket", "AccessDenied")
		s.PutObject("test-bucket", "a.png", pngImage(1, 1))
		body := ask(t, s, "CreateBinding", bindTestBucket)["Binding"].(map[string]any)
		require.Equal(t, []any{"Ready", ""}, []any{body["State"], body["Reason"]})
		sleep(t, 200*time.Millisecond-1)
		require.Equal(t, "Ready/", stateOf(t, s))
		sleep(t, 1)
		require.Equal(t, "Failed/", stateOf(t, s))
		require.Equal(t, "AccessDenied", s.Bindings()[0].Reason)
		require.Empty(t, s.Files("test-project", "test-dataset"))

		s.FailBinding("test-bucket", "")
		ask(t, s, "CreateBinding", inDataset("URI", "oss://test-bucket", "DatasetName", "another"))
		sleep(t, time.Second)
		require.Equal(t, "Failed/", stateOf(t, s), "it does not come back to life")
		require.Len(t, s.Files("test-project", "another"), 1)
	})
}

func TestAScanStopsWhereItsBindingFails(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		slow := slowFS{fstest.MapFS{"a.png": {Data: pngImage(1, 1)}, "b.png": {Data: pngImage(1, 1)}}, make(chan struct{}), make(chan struct{})}
		s := newServer(t, WithBucket("test-bucket", slow))
		ask(t, s, "CreateBinding", bindTestBucket)
		<-slow.opened
		s.FailBinding("test-bucket", "AccessDenied")
		slow.proceed <- struct{}{}
		sleep(t, time.Minute)
		require.Equal(t, "Failed/FullScanning", stateOf(t, s))
		require.Empty(t, s.Files("test-project", "test-dataset"), "not even the object that was being read")
	})
}

func TestAnObjectFailsByScript(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newServer(t)
		s.FailObject("test-bucket", "a.png", "The image is damaged.")
		s.FailObject("test-bucket", "missing.png", "The image is damaged.")
		s.PutObject("test-bucket", "a.png", pngImage(3, 4))
		s.PutObject("test-bucket", "b.png", pngImage(3, 4))
		batch := inDataset("Notification", toTestTopic, "Files", `[
			{"URI":"oss://test-bucket/a.png","CustomId":"c"},{"URI":"oss://test-bucket/b.png"},{"URI":"oss://test-bucket/missing.png"}]`)
		ask(t, s, "BatchIndexFileMeta", batch)
		m := nextMessage(t, s, "test-topic")
		require.Equal(t, true, m["Success"])
		var failures []any
		for _, f := range m["Files"].([]any) {
			failures = append(failures, f.(map[string]any)["Error"])
		}
		require.Equal(t, []any{"[InternalError] The image is damaged.", "", "[InvalidArgument] File does not exist."}, failures)

		files := s.Files("test-project", "test-dataset")
		require.Equal(t, []string{"oss://test-bucket/a.png", "oss://test-bucket/b.png"}, uris(files))
		require.Equal(t, []any{"The image is damaged.", "c", int64(0), int64(0), ""},
			[]any{files[0].Reason, files[0].CustomID, files[0].ImageWidth, files[0].Size, files[0].ETag})
		require.Empty(t, files[1].Reason)

		s.FailObject("test-bucket", "a.png", "")
		ask(t, s, "BatchIndexFileMeta", batch)
		require.Empty(t, nextMessage(t, s, "test-topic")["Files"].([]any)[0].(map[string]any)["Error"])
		f := s.Files("test-project", "test-dataset")[0]
		require.Equal(t, []any{"", "c", int64(3)}, []any{f.Reason, f.CustomID, f.ImageWidth})
	})
}

func TestAScanGoesOnBehindAnObjectThatFails(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newServer(t)
		s.FailObject("test-bucket", "a.png", "The image is damaged.")
		s.PutObject("test-bucket", "a.png", pngImage(3, 4))
		s.PutObject("test-bucket", "b.png", pngImage(3, 4))
		ask(t, s, "CreateBinding", bindTestBucket)
		sleep(t, time.Second)
		files := s.Files("test-project", "test-dataset")
		require.Len(t, files, 2)
		require.Equal(t, "The image is damaged.", files[0].Reason)
		require.Equal(t, int64(3), files[1].ImageWidth)
	})
}
