package immtest

import (
	"context"
	"net/http"
	"net/http/httptest"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
)

func TestMessagesAreJSONValuesOldestFirst(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	require.Equal(t, "[]\n", control(s, http.MethodGet, "messages?topic=t", "").Body.String())
	for _, text := range []string{`{"Success":true}`, `not JSON`, `{"Success":false}`} {
		s.Publish("t", "", []byte(text))
	}
	all := []any{map[string]any{"Success": true}, "not JSON", map[string]any{"Success": false}}
	require.Equal(t, all, get[[]any](t, s, "messages?topic=t"))
	require.Equal(t, all[1:], get[[]any](t, s, "messages?topic=t&after=1"))
	require.Empty(t, get[[]any](t, s, "messages?topic=t&after=99"))
	require.Empty(t, get[[]any](t, s, "messages?topic=other&wait=0"))
	require.Equal(t, []stateTopic{{TopicName: "t", Messages: 3}}, get[controlState](t, s, "state").Topics)
}

func TestALongPollEndsWithTheMessageOrTheTime(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newServer(t, WithIndexDelay(3*time.Second))
		start := time.Now()
		require.Empty(t, get[[]any](t, s, "messages?topic=t&wait=1.5"))
		require.Equal(t, 1500*time.Millisecond, time.Since(start))

		file := inDataset("File", `{"URI":"oss://b/k"}`, "Notification", `{"MNS":{"TopicName":"t"}}`)
		ask(t, s, "IndexFileMeta", file)
		start = time.Now()
		require.Len(t, get[[]any](t, s, "messages?topic=t&wait=50"), 1)
		require.Equal(t, 3*time.Second, time.Since(start))

		ask(t, s, "IndexFileMeta", file)
		require.Len(t, get[[]any](t, s, "messages?topic=t&wait=50"), 1, "there is one already")
		require.Equal(t, 3*time.Second, time.Since(start))
		require.Len(t, get[[]any](t, s, "messages?topic=t&wait=50&after=1"), 1)
		require.Equal(t, 6*time.Second, time.Since(start))
	})
}

func TestALongPollEndsWithTheRequestAndWithTheServer(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newServer(t)
		for _, end := range []func(cancel func()){func(cancel func()) { cancel() }, func(func()) { s.Close() }} {
			ctx, cancel := context.WithCancel(t.Context())
			done := make(chan struct{})
			go func() {
				defer close(done)
				r := httptest.NewRequest(http.MethodGet, "/_emulator/messages?topic=t&wait=50", nil)
				s.ServeHTTP(httptest.NewRecorder(), r.WithContext(ctx))
			}()
			synctest.Wait()
			start := time.Now()
			end(cancel)
			<-done
			require.Zero(t, time.Since(start))
			cancel()
		}
	})
}

func TestMessagesAreRefusedWhereTheQuestionMakesNoSense(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	for query, want := range map[string]string{
		"":                    "topic",
		"topic=":              "topic",
		"topic=t&after=-1":    "after",
		"topic=t&after=x":     "after",
		"topic=t&wait=-1":     "wait",
		"topic=t&wait=50.1":   "from 0 to 50",
		"topic=t&wait=NaN":    "wait",
		"topic=t&wait=5s":     "wait",
		"topic=t&wait=1e3000": "wait",
	} {
		require.Contains(t, refused(t, control(s, http.MethodGet, "messages?"+query, ""), http.StatusBadRequest), want)
	}
}
