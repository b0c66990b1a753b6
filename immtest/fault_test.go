package immtest

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
)

// eachWay runs a test over the in-process transport and over the listener.
func eachWay(t *testing.T, test func(t *testing.T, s *Server, by http.RoundTripper, base string)) {
	t.Helper()
	t.Run("in process", func(t *testing.T) {
		t.Parallel()
		s := newServer(t, WithBucket("test-bucket", nil))
		test(t, s, s.Transport(), "http://localhost/")
	})
	t.Run("listener", func(t *testing.T) {
		t.Parallel()
		s := newServer(t, WithBucket("test-bucket", nil))
		network := &http.Transport{}
		t.Cleanup(network.CloseIdleConnections)
		test(t, s, network, s.URL()+"/")
	})
}

func createBinding(base string) *http.Request {
	return sign(unsignedTo(base, "CreateBinding", bindTestBucket), AccessKeyID, AccessKeySecret)
}

func TestAFaultAnswersInPlaceOfTheOperation(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		fault       Fault
		status      int
		code, text  string // text where there is no code
		header, has string
	}{
		"throttled with a hint":    {Throttle(0, 1500*time.Millisecond), 400, "Throttling.User", "", "X-Acs-Retry-After", "1500"},
		"throttled without a hint": {Throttle(1, 0), 400, "Throttling.User", "", "X-Acs-Retry-After", ""},
		"500":                      {ServerError(1, 500), 500, "InternalError", "", "Content-Type", "application/json;charset=utf-8"},
		"503":                      {ServerError(1, 503), 503, "ServiceUnavailable", "", "Content-Type", "application/json;charset=utf-8"},
		"503 HTML":                 {HTMLPage(1, 503), 503, "", htmlPage(503), "Content-Type", "text/html"},
		"504 HTML":                 {HTMLPage(1, 504), 504, "", htmlPage(504), "Server", "Tengine"},
		"414 HTML":                 {HTMLPage(1, 414), 414, "", htmlPage(414), "Content-Type", "text/html"},
		"expired token":            {ExpiredToken(1), 400, "InvalidSecurityToken.Expired", "", "Content-Type", "application/json;charset=utf-8"},
		"code alone":               {Fault{Code: "NoPermission", Message: "m"}, 400, "NoPermission", "", "", ""},
		"body alone":               {Fault{Body: "[1]"}, 200, "", "[1]", "Content-Type", "text/plain; charset=utf-8"},
		"XML":                      {Fault{Status: 403, Body: "<?xml version=\"1.0\"?><Error/>"}, 403, "", "<?xml version=\"1.0\"?><Error/>", "Content-Type", "text/xml; charset=utf-8"},
		"status alone":             {Fault{Status: 502}, 502, "", "", "Content-Length", "0"},
		"redirect":                 {Fault{Status: 302, Header: http.Header{"location": {"https://example.com"}}}, 302, "", "", "Location", "https://example.com"},
		"status that is none":      {Fault{Status: 42}, 500, "", "", "", ""},
		"informational status":     {Fault{Status: 100}, 500, "", "", "", ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			eachWay(t, func(t *testing.T, s *Server, by http.RoundTripper, base string) {
				s.Inject(c.fault)
				r := sendBy(t, by, createBinding(base))
				require.Equal(t, c.status, r.status)
				require.Equal(t, c.code, r.code())
				if c.code == "" {
					require.Equal(t, c.text, r.text)
				}
				require.Equal(t, c.has, r.header.Get(c.header))
				require.Empty(t, s.Bindings())
				require.Equal(t, []any{c.status, c.code}, []any{s.Requests()[0].Status, s.Requests()[0].Code})
				require.Equal(t, http.StatusOK, sendBy(t, by, createBinding(base)).status, "one fault meets one request")
			})
		})
	}
}

func TestAnAnswerAfterTheWorkIsLost(t *testing.T) {
	t.Parallel()
	eachWay(t, func(t *testing.T, s *Server, by http.RoundTripper, base string) {
		fault := ServerError(1, 500)
		fault.AfterWork = true
		s.Inject(fault)
		require.Equal(t, "InternalError", sendBy(t, by, createBinding(base)).code())
		require.Len(t, s.Bindings(), 1)
		require.Equal(t, "ResourceAlreadyExists", sendBy(t, by, createBinding(base)).code())
	})
}

func TestAResetCutsTheConnection(t *testing.T) {
	t.Parallel()
	for name, afterWork := range map[string]bool{"before the work": false, "after the work": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			eachWay(t, func(t *testing.T, s *Server, by http.RoundTripper, base string) {
				s.Inject(Fault{Reset: true, AfterWork: afterWork})
				_, err := by.RoundTrip(createBinding(base))
				require.ErrorIs(t, err, syscall.ECONNRESET)
				require.Equal(t, afterWork, len(s.Bindings()) == 1)
				require.Zero(t, s.Requests()[0].Status)

				require.Contains(t, sendBy(t, by, createBinding(base)).body, "RequestId")
				s.Inject(Fault{Reset: true})
				_, err = by.RoundTrip(createBinding(base))
				if !errors.Is(err, io.EOF) { // net/http's own race on a connection used before
					require.ErrorIs(t, err, syscall.ECONNRESET)
				}
			})
		})
	}
}

func TestAHangEndsWithTheRequest(t *testing.T) {
	t.Parallel()
	eachWay(t, func(t *testing.T, s *Server, by http.RoundTripper, base string) {
		s.Inject(Fault{Hang: true})
		ctx, cancel := context.WithCancel(t.Context())
		result := make(chan error, 1)
		go func() {
			_, err := by.RoundTrip(createBinding(base).WithContext(ctx))
			result <- err
		}()
		require.Eventually(t, func() bool { return len(s.Requests()) == 1 }, 10*time.Second, time.Millisecond)
		require.Zero(t, s.Requests()[0].Status)
		cancel()
		require.ErrorIs(t, <-result, context.Canceled)
		require.Empty(t, s.Bindings())
	})
}

func TestAHangEndsWithTheServer(t *testing.T) {
	t.Parallel()
	eachWay(t, func(t *testing.T, s *Server, by http.RoundTripper, base string) {
		s.Inject(Fault{Hang: true, AfterWork: true})
		result := make(chan error, 1)
		go func() {
			_, err := by.RoundTrip(createBinding(base))
			result <- err
		}()
		require.Eventually(t, func() bool { return len(s.Bindings()) == 1 }, 10*time.Second, time.Millisecond)
		s.Close()
		require.Error(t, <-result)
	})
}

func TestHalfABodyEndsUnexpectedly(t *testing.T) {
	t.Parallel()
	for name, fault := range map[string]Fault{
		"the real answer":     {HalfBody: true},
		"the lost answer":     {HalfBody: true, AfterWork: true},
		"an answer by script": {HalfBody: true, Status: 500, Code: "InternalError", Message: "m"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			eachWay(t, func(t *testing.T, s *Server, by http.RoundTripper, base string) {
				s.Inject(fault)
				resp, err := by.RoundTrip(createBinding(base))
				require.NoError(t, err)
				half, err := io.ReadAll(resp.Body)
				require.ErrorIs(t, err, io.ErrUnexpectedEOF)
				require.NoError(t, resp.Body.Close())
				require.Equal(t, resp.ContentLength/2, int64(len(half)))
				require.False(t, json.Valid(half))
				require.Equal(t, fault.Code == "", len(s.Bindings()) == 1)
				if fault.Code == "" {
					require.Equal(t, http.StatusOK, resp.StatusCode)
				}
			})
		})
	}
}

func TestABodyThatHangsEndsWithTheRequest(t *testing.T) {
	t.Parallel()
	eachWay(t, func(t *testing.T, s *Server, by http.RoundTripper, base string) {
		s.Inject(Fault{HalfBody: true, Hang: true})
		ctx, cancel := context.WithCancel(t.Context())
		resp, err := by.RoundTrip(createBinding(base).WithContext(ctx))
		require.NoError(t, err)
		half := make([]byte, resp.ContentLength/2)
		_, err = io.ReadFull(resp.Body, half)
		require.NoError(t, err)
		result := make(chan error, 1)
		go func() {
			_, err := resp.Body.Read(make([]byte, 1))
			result <- err
		}()
		cancel()
		require.ErrorIs(t, <-result, context.Canceled)
		require.NoError(t, resp.Body.Close())
	})
}

func TestASlowBodyArrivesWhole(t *testing.T) {
	t.Parallel()
	eachWay(t, func(t *testing.T, s *Server, by http.RoundTripper, base string) {
		s.Inject(Fault{BodyDelay: time.Millisecond}, Fault{BodyDelay: time.Hour})
		r := sendBy(t, by, createBinding(base))
		require.Equal(t, http.StatusOK, r.status)
		require.Contains(t, r.body, "Binding")

		ctx, cancel := context.WithCancel(t.Context())
		resp, err := by.RoundTrip(createBinding(base).WithContext(ctx))
		require.NoError(t, err)
		_, err = io.ReadFull(resp.Body, make([]byte, resp.ContentLength/2))
		require.NoError(t, err)
		cancel()
		_, err = io.ReadAll(resp.Body)
		require.ErrorIs(t, err, context.Canceled)
		require.NoError(t, resp.Body.Close())
	})
}

func TestTheSecondHalfOfASlowBodyComesAtItsTime(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newServer(t, WithBucket("test-bucket", nil))
		s.Inject(Fault{BodyDelay: time.Minute})
		start := time.Now()
		resp, err := s.Transport().RoundTrip(createBinding("http://localhost/"))
		require.NoError(t, err)
		half := make([]byte, resp.ContentLength/2)
		_, err = io.ReadFull(resp.Body, half)
		require.NoError(t, err)
		require.Zero(t, time.Since(start))
		rest, err := io.ReadAll(resp.Body)
		require.NoError(t, err)
		require.Equal(t, time.Minute, time.Since(start))
		require.True(t, json.Valid(slices.Concat(half, rest)))
		require.NoError(t, resp.Body.Close())
	})
}

func TestFaultsMeetTheirActionInTheirOrderAndTheirNumber(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	faults := []Fault{
		{Action: "GetBinding", Times: 2, Code: "A"},
		{Code: "B"},
		{Action: "GetBinding", Code: "C", Header: http.Header{"X-More": {"1"}}},
		{Action: "CreateBinding", Times: -1, Code: "D"},
	}
	s.Inject(faults...)
	faults[2].Header.Set("X-More", "2") // the server has its own copy
	var codes []string
	for _, action := range []string{"CreateBinding", "GetBinding", "CreateBinding", "GetBinding", "CreateBinding", "GetBinding", "GetBinding"} {
		r := send(t, s, signed(action, nil))
		codes = append(codes, r.code())
		if r.code() == "C" {
			require.Equal(t, "1", r.header.Get("X-More"))
		}
	}
	require.Equal(t, []string{"B", "A", "D", "A", "D", "C", "MissingProjectName"}, codes)
	s.ClearFaults()
	require.Equal(t, "MissingProjectName", send(t, s, signed("CreateBinding", nil)).code())
}

func TestAFaultComesBeforeTheSignatureIsChecked(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	s.Inject(Throttle(2, 0))
	req := sign(unsigned("GetBinding", nil), AccessKeyID, "wrong")
	require.Equal(t, "Throttling.User", send(t, s, req).code())
	require.Equal(t, "Throttling.User", send(t, s, req).code())
	require.Equal(t, "SignatureDoesNotMatch", send(t, s, req).code())
}

func TestADelayIsFollowedByTheRealAnswer(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newServer(t, WithBucket("test-bucket", nil))
		s.Inject(Fault{Delay: time.Minute, Header: http.Header{"X-More": {"1"}}})
		start := time.Now()
		r := send(t, s, createBinding("http://localhost/"))
		require.Equal(t, time.Minute, time.Since(start))
		require.Equal(t, http.StatusOK, r.status)
		require.Equal(t, "1", r.header.Get("X-More"))

		s.Inject(Fault{Delay: time.Minute})
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		_, err := s.Transport().RoundTrip(createBinding("http://localhost/").WithContext(ctx))
		require.ErrorIs(t, err, context.DeadlineExceeded)
		require.Equal(t, time.Minute+time.Second, time.Since(start))
	})
}

func TestAConnectionThatCannotBeHijackedIsAborted(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	s.Inject(Fault{Reset: true})
	require.PanicsWithValue(t, http.ErrAbortHandler, func() {
		s.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest(http.MethodPost, "/", nil))
	})
}
