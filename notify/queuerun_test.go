package notify

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/imm-go/imm"
	"github.com/imm-go/imm/internal/retry"
)

func handled(context.Context, *imm.IndexMessage) error { return nil }

func TestARefusalForGoodEndsRun(t *testing.T) {
	t.Parallel()
	for code, tt := range map[string]struct {
		status int
		want   error
	}{
		"QueueNotExist":         {404, imm.ErrNotFound},
		"AccessDenied":          {403, imm.ErrPermissionDenied},
		"SignatureDoesNotMatch": {403, imm.ErrUnauthenticated},
		"InvalidAccessKeyId":    {403, imm.ErrUnauthenticated},
		"InvalidQueueName":      {400, imm.ErrInvalidArgument},
		"TimeExpired":           {408, imm.ErrUnauthenticated}, // without a Date to correct the clock by
		"SomethingNew":          {400, nil},
	} {
		for _, answered := range []bool{false, true} {
			t.Run(code, func(t *testing.T) {
				inQueue(t, func(t *testing.T, f *queueFake) {
					if answered {
						f.fail(queueFault{action: "BatchReceiveMessage", afterWork: true, answer: queueAnswers(404, "MessageNotExist")})
					}
					f.fail(queueFault{action: "BatchReceiveMessage", times: 99, answer: queueAnswers(tt.status, code)})
					err := f.receiver(t, queueStatic, handled).Run(t.Context())
					answer, ok := errors.AsType[*imm.APIError](err)
					require.True(t, ok, "%v", err)
					require.Equal(t, imm.APIError{
						Action: "BatchReceiveMessage", StatusCode: tt.status, Code: code, Message: "because of " + code, RequestID: "R-1", HostID: "h", Attempts: 1,
					}, *answer)
					if tt.want != nil {
						require.ErrorIs(t, err, tt.want)
					}
				})
			})
		}
	}
}

func TestARefusalForGoodEndsTheCallbacksToo(t *testing.T) {
	inQueue(t, func(t *testing.T, f *queueFake) {
		f.send(queueIndexed("a"))
		r := f.receiver(t, queueStatic, func(ctx context.Context, _ *imm.IndexMessage) error {
			f.fail(queueFault{action: "BatchReceiveMessage", answer: queueAnswers(403, "AccessDenied")})
			<-ctx.Done()
			return nil // which still counts
		})
		require.ErrorIs(t, r.Run(t.Context()), imm.ErrPermissionDenied)
		require.Empty(t, f.left())
	})
}

func TestAnOutageIsWaitedOut(t *testing.T) {
	t.Parallel()
	for name, answer := range map[string]queueAnswer{
		"throttled":          queueAnswers(503, "QpsLimitExceeded"),
		"throttled with 400": queueAnswers(400, "QpsLimitExceeded"),
		"an internal error":  queueAnswers(500, "InternalError"),
		"HTML":               queueSays(502, "<html><head><title>502 Bad Gateway</title></head></html>"),
		"text":               queueSays(503, "no healthy upstream"),
		"nothing":            queueSays(500, ""),
		"a reset":            queueBreaks(errQueueReset),
		"an end":             queueBreaks(io.EOF),
		"no connection":      queueBreaks(&net.OpError{Op: "dial", Err: errors.New("connection refused")}),
		"no name server":     queueBreaks(&net.DNSError{IsTemporary: true}),
		"a hang":             queueHangs,
		"half an answer":     queueBreaksOff,
	} {
		t.Run(name, func(t *testing.T) {
			inQueue(t, func(t *testing.T, f *queueFake) {
				f.send(queueIndexed("a"))
				f.fail(queueFault{action: "BatchReceiveMessage", times: 60, answer: answer})
				stop := f.run(t, handled)
				queuePass(3 * time.Minute)
				asked := len(f.asked("BatchReceiveMessage"))
				require.LessOrEqual(t, asked, 60, "it asks less and less often")
				queuePass(2 * time.Hour)
				require.Empty(t, f.left(), "it goes on when the outage is over")
				require.Contains(t, f.logged(), "cannot receive from the queue")
				require.NoError(t, stop())
			})
		})
	}
}

func TestWhatAProxyMayHaveSaidIsBelievedBeforeTheFirstAnswerOnly(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		answer queueAnswer
		want   string
	}{
		"no such host":        {queueBreaks(&net.DNSError{Err: "no such host", Name: "h", IsNotFound: true}), "no such host"},
		"a wrong certificate": {queueBreaks(&tls.CertificateVerificationError{Err: errors.New("for another host")}), "for another host"},
		"a login page":        {queueSays(200, "<html><title>Log in</title></html>"), "the answer is not the one that BatchReceiveMessage documents: Log in"},
		"a page not found":    {queueSays(404, "<title>Not Found</title>"), "(HTTP 404): Not Found"},
		"a blocked page":      {queueSays(403, "blocked"), "(HTTP 403): blocked"},
		"a query too long":    {queueSays(414, "<title>Request-URI Too Large</title>"), "(HTTP 414): Request-URI Too Large"},
		"a redirect": {func(*http.Request) (*http.Response, error) {
			resp := queueReply(302, "")
			resp.Header.Set("Location", "https://elsewhere.example/?token=x")
			return resp, nil
		}, "redirects are not followed: the request is signed for this host; check the endpoint, which sends to https://elsewhere.example ["},
		"too much": {queueSays(200, "<Messages>"+strings.Repeat(" ", queueMaxAnswer)), "the answer is larger than 8 MiB"},
	} {
		t.Run(name, func(t *testing.T) {
			inQueue(t, func(t *testing.T, f *queueFake) {
				f.fail(queueFault{action: "BatchReceiveMessage", times: 4, answer: queueAnswers(500, "InternalError")}, // which is no answer yet
					queueFault{action: "BatchReceiveMessage", answer: tt.answer})
				require.ErrorContains(t, f.receiver(t, queueStatic, handled).Run(t.Context()), tt.want)
				require.Len(t, f.asked("BatchReceiveMessage"), 5)

				stop := f.run(t, handled)
				queuePass(time.Second)
				f.fail(queueFault{action: "BatchReceiveMessage", times: 3, answer: tt.answer})
				queuePass(time.Minute)
				f.send(queueIndexed("a"))
				queuePass(time.Minute)
				require.Empty(t, f.left())
				require.Contains(t, f.logged(), "cannot receive from the queue")
				require.NoError(t, stop())
			})
		})
	}
}

func TestAnEmptyAnswerAfterItsTimeIsFollowedAtOnce(t *testing.T) {
	inQueue(t, func(t *testing.T, f *queueFake) {
		stop := f.run(t, handled, WithLongPolling(20*time.Second))
		queuePass(100*time.Second + 1)
		asked := f.asked("BatchReceiveMessage")
		require.Len(t, asked, 6)
		for i := range asked {
			require.Equal(t, "20", asked[i].query.Get("waitseconds"))
			require.Equal(t, time.Duration(i)*20*time.Second, asked[i].at.Sub(asked[0].at))
		}
		require.NoError(t, stop())
	})
}

func TestAnEmptyAnswerBeforeItsTimeIsPausedFor(t *testing.T) {
	t.Parallel()
	for wait, most := range map[time.Duration]time.Duration{30 * time.Second: 30 * time.Second, 5 * time.Second: 5 * time.Second, 0: 30 * time.Second} {
		t.Run(wait.String(), func(t *testing.T) {
			inQueue(t, func(t *testing.T, f *queueFake) {
				f.fail(queueFault{action: "BatchReceiveMessage", times: 10, answer: queueAnswers(404, "MessageNotExist")})
				stop := f.run(t, handled, WithLongPolling(wait))
				queuePass(10 * time.Minute)
				asked := f.asked("BatchReceiveMessage")
				for i := range 10 {
					pause, ceiling := asked[i+1].at.Sub(asked[i].at), min(time.Second<<i, most)
					require.GreaterOrEqual(t, pause, ceiling/2, "pause %d", i)
					require.LessOrEqual(t, pause, ceiling, "pause %d", i)
				}
				// After a message it asks again at once, and pauses begin anew.
				begin := time.Now()
				if wait > 0 {
					f.fail(queueFault{action: "BatchReceiveMessage", answer: queueAnswers(404, "MessageNotExist")})
				}
				f.send(queueIndexed("a"))
				queuePass(most + 2*time.Second)
				require.Empty(t, f.left())
				after := slices.DeleteFunc(f.asked("BatchReceiveMessage"), func(r queueFakeRequest) bool { return r.at.Before(begin) })
				if wait > 0 {
					require.Equal(t, begin, after[0].at, "the long poll that was under way got it")
				} else {
					require.Equal(t, after[0].at, after[1].at)
					after = after[1:]
				}
				require.LessOrEqual(t, after[1].at.Sub(after[0].at), time.Second)
				require.NoError(t, stop())
			})
		})
	}
}

func TestTheEndOfTheContextEndsEveryWait(t *testing.T) {
	t.Parallel()
	for name, fault := range map[string]queueFault{
		"long polling": {},
		"a hang":       {action: "BatchReceiveMessage", answer: queueHangs},
		"a pause":      {action: "BatchReceiveMessage", times: 99, answer: queueAnswers(404, "MessageNotExist")},
		"an outage":    {action: "BatchReceiveMessage", times: 999, answer: queueAnswers(500, "")},
		"throttling":   {action: "BatchReceiveMessage", times: 999, answer: queueAnswers(503, "QpsLimitExceeded")},
	} {
		t.Run(name, func(t *testing.T) {
			inQueue(t, func(t *testing.T, f *queueFake) {
				f.fail(fault)
				stop := f.run(t, handled)
				queuePass(17 * time.Second)
				begin := time.Now()
				require.NoError(t, stop())
				require.Zero(t, time.Since(begin))
			})
		})
	}
}

func TestADeadlineIsAWantedEndToo(t *testing.T) {
	inQueue(t, func(t *testing.T, f *queueFake) {
		for _, fault := range []queueFault{{}, {action: "BatchReceiveMessage", times: 999, answer: queueAnswers(500, "")}, {action: "BatchReceiveMessage", times: 999, answer: queueAnswers(503, "QpsLimitExceeded")}} {
			f.fail(fault)
			ctx, cancel := context.WithTimeout(t.Context(), 45*time.Second)
			begin := time.Now()
			require.NoError(t, f.receiver(t, queueStatic, handled).Run(ctx))
			require.LessOrEqual(t, time.Since(begin), 45*time.Second)
			require.Less(t, len(f.asked("BatchReceiveMessage")), 60, "it does not ask all the time")
			cancel()
			require.NoError(t, f.receiver(t, queueStatic, handled).Run(ctx))
			f.mu.Lock()
			f.faults, f.requests = nil, nil
			f.mu.Unlock()
		}
	})
}

func TestACallbackThatWaitsForARoomEndsWithTheContext(t *testing.T) {
	inQueue(t, func(t *testing.T, f *queueFake) {
		f.send(queueBodies(3)...)
		stop := f.run(t, func(ctx context.Context, _ *imm.IndexMessage) error {
			<-ctx.Done()
			return ctx.Err()
		}, WithConcurrency(1))
		queuePass(time.Second)
		require.Len(t, f.asked("BatchReceiveMessage"), 1)
		require.NoError(t, stop())
		require.Len(t, f.left(), 3)
	})
}

func TestPausesAreRandomAndGrowUpToTheMost(t *testing.T) {
	t.Parallel()
	for n := range 100 {
		ceiling := min(time.Second<<min(n, 20), 30*time.Second)
		for range 50 {
			pause := queuePause(n, 30*time.Second)
			require.GreaterOrEqual(t, pause, ceiling/2)
			require.LessOrEqual(t, pause, ceiling)
		}
	}
}

func TestAnAnswerIsEarlyByMoreThanTheTolerance(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		after, wait time.Duration
		want        bool
	}{
		{0, 30 * time.Second, true}, {28999 * time.Millisecond, 30 * time.Second, true}, {29 * time.Second, 30 * time.Second, false},
		{30 * time.Second, 30 * time.Second, false}, {time.Minute, 30 * time.Second, false},
		{0, time.Second, true}, {499 * time.Millisecond, time.Second, true}, {500 * time.Millisecond, time.Second, false},
		{0, 0, true}, {time.Second, 0, true},
	} {
		require.Equal(t, tt.want, isQueueEarly(tt.after, tt.wait), "%v of %v", tt.after, tt.wait)
	}
}

func TestOnlyWhatAskingAgainCannotChangeEndsRun(t *testing.T) {
	t.Parallel()
	coded, bare := &imm.APIError{Code: "X"}, &imm.APIError{}
	for class := retry.Invalid; class <= retry.TimedOut; class++ {
		passes := class == retry.Throttled || class == retry.Unavailable || class == retry.NotSent || class == retry.Stale || class == retry.Lost ||
			class == retry.TimedOut || class == retry.Unsent
		for _, answered := range []bool{false, true} {
			require.Equal(t, !passes, isQueueRefusal(retry.Result{Outcome: retry.Outcome{Class: class, Err: coded}}, answered), "%s", class)
			require.Equal(t, !passes && !answered, isQueueRefusal(retry.Result{Outcome: retry.Outcome{Class: class, Err: bare}}, answered), "%s", class)
		}
	}
	for _, err := range []error{&imm.ValidationError{}, &imm.RequestError{Err: imm.ErrUnauthenticated}} {
		require.True(t, isQueueRefusal(retry.Result{Outcome: retry.Outcome{Class: retry.Unsent, Err: err}}, true))
	}
}
