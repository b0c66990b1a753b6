package notify

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/imm-go/imm"
)

func TestWhatIsAnswered(t *testing.T) {
	t.Parallel()
	fails := func(context.Context, *imm.IndexMessage) error { return errors.New("the database is down") }
	other := `{"id":"e","source":"acs.imm","specversion":"1.0","type":"imm:Binding:Task","data":{}}`
	batch := "[" + pushEvent + "," + other + "]"
	letGo := WithUnreadable(func(_ context.Context, _ []byte, err error) error {
		if _, is := errors.AsType[*imm.OtherEventError](err); is {
			return nil
		}
		return err
	})
	lost := WithUnreadable(func(context.Context, []byte, error) error { return errors.New("no place to keep it") })
	for name, c := range map[string]struct {
		body     string
		callback Callback
		opts     []Option
		status   int
		calls    int
		reason   string
	}{
		"a message":                            {pushMessage, nil, nil, 204, 1, ""},
		"the callback fails":                   {pushMessage, fails, nil, 500, 1, "the database is down"},
		"no index message":                     {`{"hello":"world"}`, nil, nil, 400, 0, "not an index message"},
		"an empty body":                        {" ", nil, nil, 400, 0, "the envelope is empty"},
		"no index message that is not let go":  {`{"hello":"world"}`, nil, []Option{letGo}, 400, 0, "not an index message"},
		"an event of another type":             {other, nil, nil, 400, 0, "imm:Binding:Task"},
		"an event of another type, let go":     {other, nil, []Option{letGo}, 204, 0, ""},
		"what cannot be read nor kept":         {other, nil, []Option{lost}, 400, 0, "no place to keep it"},
		"a batch with another type":            {batch, nil, nil, 400, 1, "1 of 2 events"},
		"a batch with another type, let go":    {batch, nil, []Option{letGo}, 204, 1, ""},
		"a batch, and the callback fails":      {batch, fails, nil, 500, 1, "the database is down"},
		"a batch let go, and the callback not": {batch, fails, []Option{letGo}, 500, 1, "the database is down"},
		"the deduplicator fails to look":       {pushMessage, nil, []Option{WithDeduplication(brokenDeduplicator{look: io.ErrUnexpectedEOF})}, 500, 0, "unexpected EOF"},
		"the deduplicator fails to mark":       {pushMessage, nil, []Option{WithDeduplication(brokenDeduplicator{mark: io.ErrUnexpectedEOF})}, 500, 1, "unexpected EOF"},
		"a body of as many bytes as are taken": {pushMessage, nil, []Option{WithMaxBody(int64(len(pushMessage)))}, 204, 1, ""},
		"a body of one byte more":              {pushMessage, nil, []Option{WithMaxBody(int64(len(pushMessage)) - 1)}, 413, 0, "more than"},
		"a body of the default limit":          {pushMessage + strings.Repeat(" ", maxBody-len(pushMessage)), nil, nil, 204, 1, ""},
		"a body of one byte above the default": {pushMessage + strings.Repeat(" ", maxBody-len(pushMessage)+1), nil, nil, 413, 0, "more than"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for _, isChunked := range []bool{false, true} {
				b := &pushBench{callback: c.callback}
				b.mns(t, c.opts...)
				r := signedPush{body: c.body}.mns()
				if isChunked {
					r.ContentLength = -1
				}
				w := b.answer(r)
				require.Equal(t, c.status, w.Code, b.logged())
				require.EqualValues(t, c.calls, b.calls.Load())
				if c.reason == "" {
					require.Empty(t, b.logged())
					require.Empty(t, w.Body.String())
					continue
				}
				require.Contains(t, b.logged(), c.reason)
				require.Contains(t, b.logged(), fmt.Sprintf("receiver=NewMNSHandler status=%d", c.status))
				require.Equal(t, http.StatusText(c.status)+"\n", w.Body.String(), "the sender does not learn why")
			}
		})
	}
}

type brokenDeduplicator struct{ look, mark error }

func (d brokenDeduplicator) Handled(context.Context, string) (bool, error) { return false, d.look }

func (d brokenDeduplicator) MarkHandled(context.Context, string) error { return d.mark }

func TestOnlyPOSTIsAllowed(t *testing.T) {
	t.Parallel()
	for _, method := range []string{"GET", "HEAD", "PUT", "PATCH", "DELETE", "OPTIONS", "CONNECT", "TRACE", "post", "POST ", "X"} {
		for _, b := range []*pushBench{new(pushBench).mns(t), new(pushBench).bridge(t)} {
			r := signedPush{}.mns()
			r.Method = method
			w := b.answer(r)
			require.Equal(t, http.StatusMethodNotAllowed, w.Code, method)
			require.Equal(t, "POST", w.Header().Get("Allow"))
			require.Zero(t, b.calls.Load()+b.fetches.Load())
		}
	}
}

func TestAPackedBodyIsRefused(t *testing.T) {
	t.Parallel()
	for value, status := range map[string]int{"gzip": 400, "identity, gzip": 400, "br": 400, "identity": 204, "Identity": 204, "": 204} {
		b := new(pushBench).mns(t)
		r := signedPush{}.mns()
		r.Header.Set("Content-Encoding", value)
		require.Equal(t, status, b.send(r), value)
	}
	b := new(pushBench).mns(t)
	r := signedPush{}.mns()
	r.Header["Content-Encoding"] = []string{"identity", "gzip"}
	b.requireRefused(t, r, http.StatusBadRequest, 0, "Content-Encoding")
}

// untouched fails the test if it is read.
type untouched struct{ t *testing.T }

func (u untouched) Read([]byte) (int, error) {
	u.t.Error("the body was read")
	return 0, io.EOF
}

func (u untouched) Close() error { return nil }

func TestTheBodyIsNotReadBeforeTheHeadersAreRight(t *testing.T) {
	t.Parallel()
	b := new(pushBench).mns(t, WithTopicOwner(pushOwner), WithMaxBody(10_000))
	for name, change := range map[string]func(r *http.Request){
		"the method":   func(r *http.Request) { r.Method = http.MethodGet },
		"the length":   func(r *http.Request) { r.ContentLength = 10_001 },
		"the encoding": func(r *http.Request) { r.Header.Set("Content-Encoding", "gzip") },
		"a header":     func(r *http.Request) { r.Header.Del("Content-Md5") },
		"the owner":    func(r *http.Request) { r.Header.Set("X-Mns-Topic-Owner", "1") },
		"the date":     func(r *http.Request) { r.Header.Set("Date", "Wed, 29 Mar 2023 08:41:27 GMT") },
		"the URL":      func(r *http.Request) { r.Header.Set("X-Mns-Signing-Cert-Url", "aHR0cDovL2V2aWwuZXhhbXBsZS8=") },
	} {
		r := signedPush{}.mns()
		r.Body = untouched{t}
		change(r)
		require.GreaterOrEqual(t, b.send(r), 400, name)
	}
	require.Zero(t, b.fetches.Load())
}

func TestTheCallbackHasFourSecondsFromTheArrival(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := &source{pem: mnsKey.pem, takes: 2 * time.Second}
		b := &pushBench{fetch: s.fetch, callback: func(ctx context.Context, _ *imm.IndexMessage) error {
			<-ctx.Done()
			return ctx.Err()
		}}
		b.mns(t)
		begin := time.Now()
		require.Equal(t, http.StatusInternalServerError, b.send(signedPush{}.mns()))
		require.Equal(t, 4*time.Second, time.Since(begin), "the fetch counts")
		require.Contains(t, b.logged(), "deadline exceeded")
	})
}

func TestTheCallbackEndsWithTheRequest(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := &pushBench{callback: func(ctx context.Context, _ *imm.IndexMessage) error {
			<-ctx.Done()
			return ctx.Err()
		}}
		b.mns(t)
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		begin := time.Now()
		require.Equal(t, http.StatusInternalServerError, b.send(signedPush{}.mns().WithContext(ctx)))
		require.Equal(t, time.Second, time.Since(begin))
	})
}

func TestWhatIsLeftOfABatchIsNotBegunAfterTheTime(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := &pushBench{callback: func(ctx context.Context, _ *imm.IndexMessage) error { <-ctx.Done(); return nil }}
		b.mns(t)
		require.Equal(t, http.StatusInternalServerError, b.send(signedPush{body: "[" + pushEvent + "," + pushEvent + "]"}.mns()))
		require.EqualValues(t, 1, b.calls.Load())
	})
}

func TestAHandlerWorksUnderAnyMux(t *testing.T) {
	t.Parallel()
	strip := func(b *pushBench) http.Handler { return http.StripPrefix("/api/v1", b) }
	mux := func(b *pushBench) http.Handler {
		m := http.NewServeMux()
		m.Handle("POST /api/v1/{rest...}", b)
		return m
	}
	for name, c := range map[string]struct {
		around func(b *pushBench) http.Handler
		change func(r *http.Request)
	}{
		"alone":                      {func(b *pushBench) http.Handler { return b }, nil},
		"StripPrefix":                {strip, nil},
		"ServeMux":                   {mux, nil},
		"StripPrefix in a ServeMux":  {func(b *pushBench) http.Handler { m := http.NewServeMux(); m.Handle("/api/", strip(b)); return m }, nil},
		"MaxBytesHandler":            {func(b *pushBench) http.Handler { return http.MaxBytesHandler(b, 10_000) }, nil},
		"TimeoutHandler":             {func(b *pushBench) http.Handler { return http.TimeoutHandler(b, time.Minute, "") }, nil},
		"without a RequestURI":       {func(b *pushBench) http.Handler { return b }, func(r *http.Request) { r.RequestURI = "" }},
		"the absolute form":          {mux, func(r *http.Request) { r.RequestURI = "http://example.com" + r.RequestURI }},
		"the absolute form by https": {mux, func(r *http.Request) { r.RequestURI = "HTTPS://example.com:8443" + r.RequestURI }},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for _, path := range []string{"/api/v1/notifications", "/api/v1/a%20b/%2f?x=%41&y=http://e.example/", "/api/v1/x?"} {
				b := new(pushBench).mns(t)
				r := signedPush{target: path}.mns()
				if c.change != nil {
					c.change(r)
				}
				w := httptest.NewRecorder()
				c.around(b).ServeHTTP(w, r)
				require.Equal(t, http.StatusNoContent, w.Code, b.logged())
				require.EqualValues(t, 1, b.calls.Load())
			}
		})
	}
	b := new(pushBench).mns(t)
	w := httptest.NewRecorder()
	http.MaxBytesHandler(b, 10).ServeHTTP(w, signedPush{}.mns())
	require.Equal(t, http.StatusRequestEntityTooLarge, w.Code)
	require.Contains(t, b.logged(), "another handler around")
}

func TestTheTargetIsWhatTheSenderWrote(t *testing.T) {
	t.Parallel()
	for uri, want := range map[string]string{
		"/":                        "/",
		"/a?b=c":                   "/a?b=c",
		"//a":                      "//a",
		"/a/../b":                  "/a/../b",
		"/x?u=http://e.example/y":  "/x?u=http://e.example/y",
		"/http://e.example/y":      "/http://e.example/y",
		"http://e.example/y?z":     "/y?z",
		"https://e.example:1/y":    "/y",
		"http://e.example":         "/",
		"http://e.example?q=/r":    "/?q=/r",
		"http://u@e.example/y://z": "/y://z",
		"*":                        "",
		"a/b":                      "",
		"?a":                       "",
		"example.com:443":          "",
		"/a b":                     "",
		"/a\tb":                    "",
		"/\u00e4":                  "",
		"://e.example/":            "",
	} {
		got, err := target(&http.Request{RequestURI: uri})
		if want == "" {
			require.Error(t, err, uri)
			continue
		}
		require.NoError(t, err, uri)
		require.Equal(t, want, got)
	}
	_, err := target(&http.Request{})
	require.Error(t, err)
	_, err = target(&http.Request{URL: new(url.URL)})
	require.NoError(t, err, "it is /")
}

func TestTheLogDoesNotRepeatWhatASenderMadeUp(t *testing.T) {
	t.Parallel()
	b := new(pushBench).mns(t)
	r := signedPush{headers: map[string]string{"date": strings.Repeat("x", 100_000)}}.mns()
	b.requireRefused(t, r, http.StatusForbidden, 0, "is none of HTTP")
	require.Less(t, len(b.logged()), 500)
	b = new(pushBench).mns(t)
	r = signedPush{headers: map[string]string{"date": "\x1b[2J\u202e"}}.mns()
	b.send(r)
	require.NotContains(t, b.logged(), "\x1b")
	require.NotContains(t, b.logged(), "\u202e")
}
