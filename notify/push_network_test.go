package notify

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/imm-go/imm"
)

// serve puts a handler behind a server.
func serve(t *testing.T, handler http.Handler) *httptest.Server {
	t.Helper()
	s := httptest.NewServer(handler)
	t.Cleanup(s.Close)
	return s
}

// over sends a signed request through the network.
func over(t *testing.T, s *httptest.Server, r *http.Request, change func(r *http.Request)) *http.Response {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), r.Method, s.URL+r.RequestURI, r.Body)
	require.NoError(t, err)
	request.Header = r.Header
	request.ContentLength = r.ContentLength
	if change != nil {
		change(request)
	}
	answer, err := s.Client().Do(request)
	require.NoError(t, err)
	defer answer.Body.Close()
	_, err = io.ReadAll(answer.Body)
	require.NoError(t, err)
	return answer
}

func TestPushesOverTheNetworkAreTaken(t *testing.T) {
	t.Parallel()
	b := new(pushBench).mns(t)
	s := serve(t, b)
	encrypted := httptest.NewUnstartedServer(b)
	encrypted.EnableHTTP2 = true
	encrypted.StartTLS()
	t.Cleanup(encrypted.Close)
	for version, s := range map[int]*httptest.Server{1: s, 2: encrypted} {
		for name, change := range map[string]func(r *http.Request){
			"with a length": nil,
			"in chunks":     func(r *http.Request) { r.ContentLength = -1 },
			"after asking":  func(r *http.Request) { r.Header.Set("Expect", "100-continue") },
		} {
			before := b.calls.Load()
			answer := over(t, s, signedPush{target: "/a%2Fb?c"}.mns(), change)
			require.Equal(t, http.StatusNoContent, answer.StatusCode, name)
			require.Equal(t, version, answer.ProtoMajor)
			require.Equal(t, before+1, b.calls.Load())
		}
	}
	answer := over(t, s, signedPush{}.mns(), func(r *http.Request) { r.Header.Set("X-Mns-Tag", "x") })
	require.Equal(t, http.StatusForbidden, answer.StatusCode)
	large := signedPush{body: strings.Repeat(" ", maxBody+1)}.mns()
	require.Equal(t, http.StatusRequestEntityTooLarge, over(t, s, large, func(r *http.Request) { r.ContentLength = -1 }).StatusCode)
}

func TestAHundredPushesAtOnceOverTheNetwork(t *testing.T) {
	t.Parallel()
	b := new(pushBench).mns(t, WithTopicOwner(pushOwner))
	s := serve(t, b)
	s.Client().Transport.(*http.Transport).MaxIdleConnsPerHost = 100
	var pushes sync.WaitGroup
	for i := range 100 {
		pushes.Go(func() {
			good, want := i%2 == 0, http.StatusForbidden
			p := signedPush{key: otherMNSKey}
			if good {
				p.key, want = mnsKey, http.StatusNoContent
			}
			if status := over(t, s, p.mns(), nil).StatusCode; status != want {
				t.Errorf("%d, want %d", status, want)
			}
		})
	}
	pushes.Wait()
	require.EqualValues(t, 50, b.calls.Load())
	require.EqualValues(t, 1, b.fetches.Load())
}

// raw sends the beginning of a request and returns its connection.
func raw(t *testing.T, s *httptest.Server, r *http.Request, length int, body string) net.Conn {
	t.Helper()
	conn, err := new(net.Dialer).DialContext(t.Context(), "tcp", strings.TrimPrefix(s.URL, "http://"))
	require.NoError(t, err)
	t.Cleanup(func() { _ = conn.Close() })
	var head strings.Builder
	fmt.Fprintf(&head, "POST %s HTTP/1.1\r\nHost: example.com\r\nContent-Length: %d\r\n", r.RequestURI, length)
	require.NoError(t, r.Header.Write(&head))
	_, err = io.WriteString(conn, head.String()+"\r\n"+body)
	require.NoError(t, err)
	return conn
}

func TestABodyThatStopsHalfwayIsNotWaitedForLong(t *testing.T) {
	t.Parallel()
	b := new(pushBench).mns(t)
	s := serve(t, b)
	conn := raw(t, s, signedPush{}.mns(), len(pushMessage), pushMessage[:20])
	begin := time.Now()
	answer, err := io.ReadAll(conn)
	require.NoError(t, err)
	require.Contains(t, string(answer), "400 Bad Request")
	require.Less(t, time.Since(begin), 3*answerTime)
	require.Contains(t, b.logged(), "the body did not arrive")
	require.Zero(t, b.calls.Load()+b.fetches.Load())
}

func TestABodyThatIsCutOffIsNotTaken(t *testing.T) {
	t.Parallel()
	b := new(pushBench).mns(t)
	done := make(chan struct{})
	s := serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { b.ServeHTTP(w, r); close(done) }))
	conn := raw(t, s, signedPush{}.mns(), len(pushMessage), pushMessage[:20])
	require.NoError(t, conn.Close())
	<-done
	require.Contains(t, b.logged(), "the body did not arrive")
	require.Zero(t, b.calls.Load()+b.fetches.Load())
}

// The deadline for the body must not end what comes after it.
func TestTheDeadlineOfTheBodyDoesNotEndTheCallback(t *testing.T) {
	t.Parallel()
	b := &pushBench{callback: func(ctx context.Context, _ *imm.IndexMessage) error {
		<-ctx.Done()
		return context.Cause(ctx)
	}}
	b.mns(t)
	s := serve(t, b)
	require.Equal(t, http.StatusInternalServerError, over(t, s, signedPush{}.mns(), nil).StatusCode)
	require.Contains(t, b.logged(), "deadline exceeded", "and not cancelled because a read failed")
	require.Equal(t, http.StatusForbidden, over(t, s, signedPush{key: otherMNSKey}.mns(), nil).StatusCode, "the connection is still good")
}
