package imm_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/imm-go/imm"
	"github.com/imm-go/imm/immtest"
)

// hanging is a provider that never answers.
type hanging struct{}

func (hanging) Credentials(ctx context.Context) (imm.Credentials, error) {
	<-ctx.Done()
	return imm.Credentials{}, ctx.Err()
}

func getBinding(ctx context.Context, c *imm.Client) error {
	_, err := c.GetBinding(ctx, &imm.GetBindingRequest{ProjectName: project, DatasetName: dataset, URI: bucket})
	return err
}

func TestADeadlineHoldsInEveryWait(t *testing.T) {
	t.Parallel()
	const deadline = 200 * time.Millisecond
	for _, test := range []struct {
		name   string
		client func(s *immtest.Server) *imm.Client
		fault  immtest.Fault
		first  bool // a call before uses up what can be had at once
		took   time.Duration
		sent   int
		also   error // what the error matches besides
		random bool  // the waits are, so the budget may be used up before the deadline
	}{
		{name: "throttling with a hint of 20 s", fault: immtest.Throttle(-1, 20*time.Second), took: 0, sent: 1, also: imm.ErrThrottled},
		{name: "an answer that hangs", fault: immtest.Fault{Hang: true, Times: -1}, took: deadline, sent: 1},
		{name: "a body that hangs", fault: immtest.Fault{Hang: true, HalfBody: true, Times: -1}, took: deadline, sent: 1},
		{name: "an error's body that hangs", fault: immtest.Fault{Hang: true, HalfBody: true, Times: -1, Status: 500, Code: "InternalError"}, took: deadline, sent: 1},
		{name: "a slow answer", fault: immtest.Fault{Delay: time.Second, Times: -1}, took: deadline, sent: 1},
		{name: "an outage", fault: immtest.ServerError(-1, 500), took: deadline, sent: 4, also: imm.ErrUnavailable, random: true},
		{name: "a fetch of credentials that hangs", client: func(s *immtest.Server) *imm.Client { return clientOf(s, hanging{}) }, took: deadline, sent: 0},
		{name: "the wait for a rate limit", first: true, client: func(s *immtest.Server) *imm.Client { return s.Client(imm.WithRateLimit(0.1)) }, took: 0, sent: 0},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				server := immtest.NewServer()
				defer server.Close()
				client := server.Client()
				if test.client != nil {
					client = test.client(server)
				}
				if test.first {
					require.ErrorIs(t, getBinding(t.Context(), client), imm.ErrNotFound)
				}
				server.Inject(test.fault)
				before, start := len(server.Requests()), time.Now()
				ctx, cancel := context.WithTimeout(t.Context(), deadline)
				defer cancel()
				err := getBinding(ctx, client)
				took := time.Since(start)

				if !test.random {
					require.ErrorIs(t, err, context.DeadlineExceeded)
					require.Equal(t, test.took, took)
					require.NotErrorIs(t, err, imm.ErrUnavailable)
					var failed *imm.RequestError
					require.ErrorAs(t, err, &failed)
					require.Equal(t, test.sent, failed.Attempts)
				}
				require.LessOrEqual(t, took, deadline)
				require.LessOrEqual(t, len(server.Requests())-before, test.sent)
				if test.also != nil {
					require.ErrorIs(t, err, test.also)
				}
				require.NotContains(t, err.Error(), "\n")
				<-time.After(time.Minute) // until the fetch of credentials has ended
			})
		})
	}
}

func TestACancelledCallSaysSo(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		server := immtest.NewServer()
		defer server.Close()
		client := server.Client()
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		err := getBinding(ctx, client)
		require.ErrorIs(t, err, context.Canceled)
		require.Empty(t, server.Requests(), "nothing is sent for a context that has ended")
		require.EqualError(t, err, "imm: GetBinding: no answer: context canceled before the call began [nothing was sent]")

		server.Inject(immtest.ServerError(1, 500), immtest.Fault{Hang: true})
		ctx, cancel = context.WithCancel(t.Context())
		time.AfterFunc(time.Second, cancel)
		err = getBinding(ctx, client)
		require.ErrorIs(t, err, context.Canceled)
		require.ErrorContains(t, err, "InternalError", "what the last attempt that ended by itself had said is kept")
		require.NotErrorIs(t, err, context.DeadlineExceeded)
	})
}

func TestATimeoutOfOneAttemptIsNotTheEndOfTheContext(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		server := immtest.NewServer()
		defer server.Close()
		server.Inject(immtest.Fault{Hang: true, Times: -1})
		client := server.Client(imm.WithRetry(imm.RetryPolicy{AttemptTimeout: time.Second, MaxAttempts: 2}))
		start := time.Now()
		err := getBinding(t.Context(), client)
		require.ErrorIs(t, err, imm.ErrUnavailable)
		require.ErrorContains(t, err, "within 1s, the time of one attempt")
		require.Len(t, server.Requests(), 2)
		require.Less(t, time.Since(start), 2*time.Second+200*time.Millisecond)
	})
}
