package emulator

import (
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/imm-go/imm"
)

func TestMessagesGoWhereTheFlagsSay(t *testing.T) {
	t.Parallel()
	var mu sync.Mutex
	got := make(map[string]http.Header)
	receiver := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		body, _ := io.ReadAll(r.Body)
		messages, err := imm.ParseIndexMessages(r.Header, body)
		if err != nil {
			w.WriteHeader(http.StatusBadRequest)
			return
		}
		r.Header.Set("Envelope", string(messages[0].Envelopes[0]))
		got[r.URL.Path] = r.Header
		w.WriteHeader(http.StatusNoContent)
	}))
	t.Cleanup(receiver.Close)
	p := start(t, "-log", "json", "-queue", "slow=1m", "-queue", "other",
		"-subscription", "done="+receiver.URL+"/xml",
		"-subscription", "done="+receiver.URL+"/json,format=json,strategy=exponential",
		"-subscription", "done=queue:slow,format=simplified",
		"-subscription", "done=queue:new",
		"-eventbridge", receiver.URL+"/events,token=t0ken,region=cn-beijing")
	_, err := index(t, p, p.client(t), "oss://test-bucket/a")
	require.NoError(t, err)
	type subscription struct {
		Topic, Name, Endpoint      string
		Delivered, Failed, Pending int
	}
	require.Equal(t, []subscription{
		{"done", "subscription-1", receiver.URL + "/xml", 1, 0, 0},
		{"done", "subscription-2", receiver.URL + "/json", 1, 0, 0},
		{"done", "subscription-3", "queue:slow", 1, 0, 0},
		{"done", "subscription-4", "queue:new", 1, 0, 0},
		{"", "target-1", receiver.URL + "/events", 1, 0, 0},
	}, get[[]subscription](t, p, "subscriptions?wait=30"))
	mu.Lock()
	require.Equal(t, string(imm.EnvelopeMNSXML), got["/xml"].Get("Envelope"))
	require.Equal(t, string(imm.EnvelopeMNSJSON), got["/json"].Get("Envelope"))
	require.Equal(t, "t0ken", got["/events"].Get("X-Eventbridge-Signature-Token"))
	require.Len(t, got, 3)
	named, err := url.Parse(got["/events"].Get("X-Eventbridge-Signature-Url"))
	mu.Unlock()
	require.NoError(t, err)
	require.Equal(t, "cn-beijing-eventbridge.oss-accelerate.aliyuncs.com", named.Host)
	type queue struct {
		QueueName string
		Messages  int
	}
	require.Equal(t, []queue{{"new", 1}, {"other", 0}, {"slow", 1}}, get[struct{ Queues []queue }](t, p, "state").Queues)

	resp, err := p.http.Get(p.url + "/_emulator/certificate?url=" + url.QueryEscape(named.String()))
	require.NoError(t, err)
	text, err := io.ReadAll(resp.Body)
	require.NoError(t, err)
	require.NoError(t, resp.Body.Close())
	require.True(t, strings.HasPrefix(string(text), "-----BEGIN CERTIFICATE-----\n"))

	resp, err = p.http.Get(p.url + "/queues/slow/messages")
	require.NoError(t, err)
	require.NoError(t, resp.Body.Close())
	require.Zero(t, p.stop())
	log := p.stderr.String()
	require.Contains(t, log, `"method":"GET","path":"/queues/slow/messages","status":400,"code":"MissingVersionHeader"`)
	require.NotContains(t, log, "t0ken")
}
