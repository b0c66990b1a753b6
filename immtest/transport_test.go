package immtest

import (
	"context"
	"crypto/tls"
	"io"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
)

// watched is a request that writes the hooks that are called to a list.
func watched(req *http.Request, hooks *[]string) *http.Request {
	note := func(text string) { *hooks = append(*hooks, text) }
	return req.WithContext(httptrace.WithClientTrace(req.Context(), &httptrace.ClientTrace{
		GetConn: func(hostPort string) { note("GetConn " + hostPort) },
		GotConn: func(info httptrace.GotConnInfo) {
			if info.Conn.RemoteAddr() == nil {
				note("no address")
			}
			if info.Reused {
				note("GotConn reused")
			} else {
				note("GotConn")
			}
		},
		WroteHeaders: func() { note("WroteHeaders") },
		WroteRequest: func(info httptrace.WroteRequestInfo) {
			if info.Err != nil {
				note("WroteRequest " + info.Err.Error())
			} else {
				note("WroteRequest")
			}
		},
		GotFirstResponseByte: func() { note("GotFirstResponseByte") },
	}))
}

func TestTheHooksOfATraceAreCalledAsNetHTTPDoes(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	by := s.Transport()
	for _, conn := range []string{"GotConn", "GotConn reused", "GotConn reused"} {
		var hooks []string
		sendBy(t, by, watched(signed("GetBinding", nil), &hooks))
		require.Equal(t, []string{"GetConn localhost:80", conn, "WroteHeaders", "WroteRequest", "GotFirstResponseByte"}, hooks)
	}
	for address, want := range map[string]string{
		"https://imm.cn-hangzhou.aliyuncs.com/": "GetConn imm.cn-hangzhou.aliyuncs.com:443",
		"http://[::1]:8080/":                    "GetConn [::1]:8080",
	} {
		var hooks []string
		sendBy(t, by, watched(unsignedTo(address, "", nil), &hooks))
		require.Equal(t, want, hooks[0])
	}
}

func TestAConnectionIsReusedOnlyWhenItsLastAnswerWasReadToTheEnd(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	by := s.Transport()
	reused := func(req *http.Request, read bool) bool {
		var got bool
		ctx := httptrace.WithClientTrace(req.Context(), &httptrace.ClientTrace{
			GotConn: func(info httptrace.GotConnInfo) { got = info.Reused },
		})
		resp, err := by.RoundTrip(req.WithContext(ctx))
		if err == nil {
			if read {
				_, _ = io.Copy(io.Discard, resp.Body)
			}
			require.NoError(t, resp.Body.Close())
		}
		return got
	}
	call := func() *http.Request { return signed("GetBinding", nil) }
	require.False(t, reused(call(), true))
	require.True(t, reused(call(), false), "read to its end before")
	require.False(t, reused(call(), true), "only closed before")
	s.Inject(Fault{Reset: true})
	require.True(t, reused(call(), true))
	require.False(t, reused(call(), true), "reset before")
	s.Inject(Fault{HalfBody: true})
	require.True(t, reused(call(), true))
	require.False(t, reused(call(), true), "half a body before")
	closing := call()
	closing.Close = true
	require.True(t, reused(closing, true))
	require.False(t, reused(call(), true), "asked to close before")
	s.Inject(Fault{Status: 204})
	require.True(t, reused(call(), true))
	require.True(t, reused(call(), true), "no body before")
	(&http.Client{Transport: by}).CloseIdleConnections()
	require.False(t, reused(call(), true))
	require.False(t, httpReused(t, s), "another Transport has connections of its own")
}

func httpReused(t *testing.T, s *Server) bool {
	var hooks []string
	send(t, s, watched(signed("GetBinding", nil), &hooks))
	return hooks[1] != "GotConn"
}

func TestARequestIsNotModifiedAndNotShared(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	req := signed("GetBinding", inDataset("URI", "oss://b"))
	req.Header["X-Lower"] = []string{" spaced "}
	header, address := req.Header.Clone(), req.URL.String()
	send(t, s, req)
	require.Equal(t, header, req.Header)
	require.Equal(t, address, req.URL.String())
	req.URL.RawQuery = "changed=1"
	req.Header["X-Lower"][0] = "changed"
	got := s.Requests()[0]
	require.Equal(t, "oss://b", got.Form.Get("URI"))
	require.Equal(t, "spaced", got.Header.Get("X-Lower"))
}

func TestAResponseIsLikeOneOfNetHTTP(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	req := signed("GetBinding", nil)
	resp, err := s.Transport().RoundTrip(req)
	require.NoError(t, err)
	require.Equal(t, "400 Bad Request", resp.Status)
	require.Equal(t, "HTTP/1.1", resp.Proto)
	require.True(t, resp.ProtoAtLeast(1, 1))
	require.Same(t, req, resp.Request)
	first := make([]byte, 5)
	_, err = io.ReadFull(resp.Body, first)
	require.NoError(t, err)
	rest, err := io.ReadAll(resp.Body)
	require.NoError(t, err)
	require.Equal(t, resp.ContentLength, int64(len(first)+len(rest)))
	n, err := resp.Body.Read(first)
	require.Zero(t, n)
	require.Equal(t, io.EOF, err)
	require.NoError(t, resp.Body.Close())
	require.NoError(t, resp.Body.Close())
	_, err = resp.Body.Read(first)
	require.Equal(t, http.ErrBodyReadAfterClose, err)

	head := sign(func() *http.Request { r := unsigned("GetBinding", nil); r.Method = http.MethodHead; return r }(), AccessKeyID, AccessKeySecret)
	require.Empty(t, send(t, s, head).text)
	plain := &http.Request{URL: &url.URL{Scheme: "http", Host: "localhost"}}
	require.Equal(t, "MissingAction", send(t, s, plain).code())
	require.Equal(t, http.MethodGet, s.Requests()[2].Method)
}

func TestAClosedServerRefusesConnections(t *testing.T) {
	t.Parallel()
	s := NewServer()
	s.Close()
	body := newBody(strings.NewReader("x"))
	req := signed("GetBinding", nil)
	req.Body = body
	_, err := s.Transport().RoundTrip(req)
	require.ErrorIs(t, err, syscall.ECONNREFUSED)
	require.True(t, body.isClosed())
	require.Empty(t, s.Requests())
}

func TestAnHTTPClientsTimeoutHoldsInABubble(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newServer(t)
		s.Inject(Fault{Hang: true})
		client := &http.Client{Transport: s.Transport(), Timeout: 3 * time.Second}
		start := time.Now()
		_, err := client.Do(signed("GetBinding", nil))
		require.ErrorIs(t, err, context.DeadlineExceeded)
		require.Equal(t, 3*time.Second, time.Since(start))
	})
}

func TestManyGoroutinesShareOneServer(t *testing.T) {
	t.Parallel()
	eachWay(t, func(t *testing.T, s *Server, by http.RoundTripper, base string) {
		s.Inject(ServerError(5, 500))
		var failed atomic.Int64
		var group sync.WaitGroup
		for range 8 {
			group.Go(func() {
				for range 25 {
					resp, err := by.RoundTrip(sign(unsignedTo(base, "IndexFileMeta",
						inDataset("File", `{"URI":"oss://test-bucket/a.png"}`, "Notification", toTestTopic)), AccessKeyID, AccessKeySecret))
					if err != nil || resp.StatusCode != http.StatusOK {
						failed.Add(1)
					}
					if err == nil {
						_, _ = io.Copy(io.Discard, resp.Body)
						_ = resp.Body.Close()
					}
					s.PutObject("test-bucket", "a.png", nil)
					s.Requests()
					s.Files("test-project", "test-dataset")
				}
			})
		}
		group.Wait()
		require.Equal(t, int64(5), failed.Load())
		require.Len(t, s.Requests(), 200)
		for range 195 {
			_, err := s.WaitMessage(t.Context(), "test-topic")
			require.NoError(t, err)
		}
	})
}

func TestTheHandlerWorksBehindTLSAndHTTP2(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	server := newTLSServer(t, s)
	by := &http.Transport{ForceAttemptHTTP2: true, TLSClientConfig: &tls.Config{RootCAs: server.roots, MinVersion: tls.VersionTLS12}}
	t.Cleanup(by.CloseIdleConnections)
	r := sendBy(t, by, sign(unsignedTo(server.url+"/", "GetBinding", bindTestBucket), AccessKeyID, AccessKeySecret))
	require.Equal(t, "ResourceNotFound", r.code(), r.text)
	s.Inject(Fault{Reset: true})
	_, err := by.RoundTrip(unsignedTo(server.url+"/", "GetBinding", nil))
	require.Error(t, err)
}
