package imm_test

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/imm-go/imm"
	"github.com/imm-go/imm/immtest"
)

// span is what a tracing library would keep.
type span struct {
	name   string
	parent string
	events []string
	took   time.Duration
	failed bool
}

type spanKey struct{}

// tracer makes a span of each call, with an event for each attempt.
type tracer struct{ spans []*span }

func (r *tracer) observer() imm.Observer {
	current := func(ctx context.Context) *span { return ctx.Value(spanKey{}).(*span) }
	return imm.Observer{
		CallStart: func(ctx context.Context, call imm.CallInfo) context.Context {
			s := &span{name: call.Action + " " + call.Region + " " + call.Host}
			if parent, ok := ctx.Value(spanKey{}).(*span); ok {
				s.parent = parent.name
			}
			r.spans = append(r.spans, s)
			return context.WithValue(ctx, spanKey{}, s)
		},
		AttemptDone: func(ctx context.Context, a imm.AttemptInfo) {
			s := current(ctx)
			s.events = append(s.events, fmt.Sprintf("attempt %d: %s, status %d, reused %t", a.Attempt, a.Outcome, a.StatusCode, a.Reused))
		},
		RetryScheduled: func(ctx context.Context, i imm.RetryInfo) {
			s := current(ctx)
			s.events = append(s.events, fmt.Sprintf("repeat after attempt %d: %s, in %v", i.Attempt, i.Outcome, i.Delay))
		},
		CallDone: func(ctx context.Context, result imm.CallResult) {
			s := current(ctx)
			s.took, s.failed = result.Duration, result.Err != nil
			s.events = append(s.events, fmt.Sprintf("done after %d attempts, request id %t", result.Attempts, result.RequestID != ""))
		},
	}
}

func TestAnObserverCanBuildATrace(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		server := immtest.NewServer(immtest.WithBucket("test-bucket", nil))
		defer server.Close()
		var trace tracer
		client := server.Client(imm.WithObserver(trace.observer()))
		server.Inject(immtest.Throttle(1, 2*time.Second), immtest.Fault{Reset: true}, immtest.HTMLPage(1, 414))
		outer := context.WithValue(t.Context(), spanKey{}, &span{name: "nightly run"})
		_, err := client.IndexFileMeta(outer, &imm.IndexFileMetaRequest{ProjectName: project, DatasetName: dataset, File: imm.InputFile{URI: photo}})
		require.NoError(t, err)
		require.ErrorIs(t, getBinding(outer, client), imm.ErrNotFound)
		_, err = client.GetBinding(outer, nil)
		require.Error(t, err)

		require.Len(t, trace.spans, 2, "what is refused before anything is sent is not observed")
		first := trace.spans[0]
		require.Equal(t, "IndexFileMeta cn-hangzhou localhost", first.name)
		require.Equal(t, "nightly run", first.parent)
		require.False(t, first.failed)
		require.GreaterOrEqual(t, first.took, 2*time.Second)
		require.Equal(t, []string{
			"attempt 1: throttled, status 400, reused false",
			"repeat after attempt 1: throttled, in 2s",
			"attempt 2: stale connection, status 0, reused true",
			"repeat after attempt 2: stale connection, in 0s",
			"attempt 3: URI too long, status 414, reused false",
			"repeat after attempt 3: URI too long, in 0s",
			"attempt 4: ok, status 200, reused true",
			"done after 4 attempts, request id true",
		}, first.events)
		require.True(t, trace.spans[1].failed)
		require.Equal(t, "attempt 1: not found, status 404, reused true", trace.spans[1].events[0])
	})
}

func TestAnObserverMayBeIncompleteOrReturnNothing(t *testing.T) {
	t.Parallel()
	server := immtest.NewServer()
	defer server.Close()
	require.ErrorIs(t, getBinding(t.Context(), server.Client(imm.WithObserver(imm.Observer{}))), imm.ErrNotFound)
	none := imm.Observer{CallStart: func(context.Context, imm.CallInfo) context.Context { return nil }}
	require.ErrorIs(t, getBinding(t.Context(), server.Client(imm.WithObserver(none))), imm.ErrNotFound)
}

func TestTheLogHasARecordForEachAttemptAndAWarningForEachRepeat(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		server := immtest.NewServer()
		defer server.Close()
		var log bytes.Buffer
		options := &slog.HandlerOptions{Level: slog.LevelDebug, ReplaceAttr: func(_ []string, a slog.Attr) slog.Attr {
			switch a.Key {
			case slog.TimeKey, "delay", "request_id", "duration", "error":
				return slog.Attr{}
			}
			return a
		}}
		server.Inject(immtest.ServerError(1, 500))
		client := server.Client(imm.WithLogger(slog.New(slog.NewTextHandler(&log, options))))
		_, err := client.IndexFileMeta(t.Context(), &imm.IndexFileMetaRequest{
			ProjectName: project, DatasetName: dataset, File: imm.InputFile{URI: photo}, UserData: "the body",
		})
		require.NoError(t, err)
		require.Equal(t, strings.Join([]string{
			`level=DEBUG msg="imm attempt" action=IndexFileMeta attempt=1 outcome=unavailable status=500`,
			`level=WARN msg="imm repeat" action=IndexFileMeta attempt=1 outcome=unavailable`,
			`level=DEBUG msg="imm attempt" action=IndexFileMeta attempt=2 outcome=ok status=200`,
		}, "\n")+"\n", log.String())
		require.NotContains(t, log.String(), "the body")
	})
}

func TestSeveralObserversAreAllCalledInTheirOrder(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		server := immtest.NewServer()
		defer server.Close()
		server.Inject(immtest.Throttle(1, 0))
		var events []string
		named := func(name string) imm.Observer {
			say := func(ctx context.Context, event string) {
				outer, _ := ctx.Value(spanKey{}).(string)
				events = append(events, name+" "+event+" in"+outer)
			}
			return imm.Observer{
				CallStart: func(ctx context.Context, _ imm.CallInfo) context.Context {
					say(ctx, "start")
					outer, _ := ctx.Value(spanKey{}).(string)
					return context.WithValue(ctx, spanKey{}, outer+" "+name)
				},
				AttemptDone:    func(ctx context.Context, _ imm.AttemptInfo) { say(ctx, "attempt") },
				RetryScheduled: func(ctx context.Context, _ imm.RetryInfo) { say(ctx, "retry") },
				CallDone:       func(ctx context.Context, _ imm.CallResult) { say(ctx, "done") },
			}
		}
		started := 0
		keeps := imm.Observer{CallStart: func(context.Context, imm.CallInfo) context.Context { started++; return nil }}
		client := server.Client(imm.WithObserver(imm.Observer{}), imm.WithObserver(named("first")), imm.WithObserver(keeps), imm.WithObserver(named("second")), imm.WithObserver(imm.Observer{}))
		require.ErrorIs(t, getBinding(t.Context(), client), imm.ErrNotFound)
		require.Equal(t, 1, started)
		require.Equal(t, []string{
			"first start in", "second start in first",
			"first attempt in first second", "second attempt in first second", "first retry in first second", "second retry in first second",
			"first attempt in first second", "second attempt in first second", "first done in first second", "second done in first second",
		}, events)
	})
}
