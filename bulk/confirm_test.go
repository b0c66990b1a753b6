package bulk_test

import (
	"context"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/imm-go/imm"
	"github.com/imm-go/imm/bulk"
	"github.com/imm-go/imm/immtest"
	"github.com/imm-go/imm/notify"
)

const topic = "test-topic"

// withMessages makes a config whose tracker gets the messages that keep lets
// through. The numbers of the messages begin with 1.
func withMessages(t *testing.T, server *immtest.Server, keep func(n int) bool, opts ...notify.TrackerOption) bulk.Config {
	tracker, err := notify.NewTracker(opts...)
	require.NoError(t, err)
	ctx, cancel := context.WithCancel(t.Context())
	stopped := make(chan struct{})
	t.Cleanup(func() { cancel(); <-stopped })
	go func() {
		defer close(stopped)
		for n := 1; ; n++ {
			data, err := server.WaitMessage(ctx, topic)
			if err != nil {
				return
			}
			message, err := imm.ParseIndexMessage(data)
			if err != nil {
				t.Error(err)
				return
			}
			if keep(n) {
				if err := tracker.Handle(ctx, message); err != nil {
					t.Error(err)
				}
			}
		}
	}()
	c := config()
	c.Notification.MNS.TopicName = topic
	c.Confirm, c.Tracker = bulk.ByMessages, tracker
	return c
}

// put puts the objects of files from one number to before another into the bucket.
func put(server *immtest.Server, from, to int) {
	for i := from; i < to; i++ {
		server.PutObject("test-bucket", uri(i)[len("oss://test-bucket/"):], []byte("a photo"))
	}
}

func all(int) bool { return true }

func TestMessagesTellWhichFilesAreIndexed(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		server := newServer(t)
		put(server, 0, 950)
		c := withMessages(t, server, all)
		l := newLedger(&c)
		summary, err := newIndexer(t, server.Client(), c).Run(t.Context(), files(1000, 17))
		require.NoError(t, err)
		l.balance(t, summary)
		require.EqualValues(t, 949, summary.Indexed)
		require.EqualValues(t, 51, summary.Failed)
		require.ErrorIs(t, l.results[uri(990)].Err, bulk.ErrNotIndexed)
		require.EqualError(t, l.results[uri(990)].Err, "bulk: not indexed: [InvalidArgument] File does not exist.")
		require.NotEmpty(t, l.results[uri(990)].EventID)
		require.ErrorIs(t, l.results[uri(17)].Err, imm.ErrInvalidArgument)
		require.Less(t, summary.Duration, 3*time.Second)
		require.Empty(t, calls(server, "BatchGetFileMeta"))
	})
}

func TestFilesWhoseMessageIsLostAreAskedForOnce(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		server := newServer(t)
		put(server, 0, 450)
		c := withMessages(t, server, func(int) bool { return false })
		c.ConfirmWithin = 10 * time.Minute
		l := newLedger(&c)
		x := newIndexer(t, server.Client(), c)
		summary, err := x.Run(t.Context(), files(500))
		require.NoError(t, err)
		l.balance(t, summary)
		require.EqualValues(t, 450, summary.Indexed)
		require.EqualValues(t, 50, summary.Accepted)
		require.ErrorIs(t, l.results[uri(499)].Err, bulk.ErrUnconfirmed)
		require.ErrorContains(t, l.results[uri(499)].Err, "bulk: not confirmed within 10m0s: it is not in the dataset")
		require.Len(t, calls(server, "BatchGetFileMeta"), 5)
		require.GreaterOrEqual(t, summary.Duration, 10*time.Minute)
		require.Zero(t, c.Tracker.Stats().Open, "nothing stays behind")
	})
}

func TestFilesWithoutAnAnswerAreSentAgain(t *testing.T) {
	t.Parallel()
	for name, confirm := range map[string]bulk.Confirmation{"messages": bulk.ByMessages, "polling": bulk.ByPolling} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, func(t *testing.T) {
				server := newServer(t)
				put(server, 0, 200)
				c := config()
				if confirm == bulk.ByMessages {
					c = withMessages(t, server, func(n int) bool { return n > 3 })
				}
				c.Confirm, c.ConfirmWithin, c.Resend = confirm, time.Minute, 2
				l := newLedger(&c)
				// What was not there at first comes while files are waited for.
				time.AfterFunc(30*time.Second, func() { put(server, 200, 250) })
				x := newIndexer(t, server.Client(), c)
				for i := range 300 {
					require.NoError(t, x.Add(t.Context(), file(i)))
				}
				require.NoError(t, x.Flush(t.Context()))
				require.Len(t, l.results, 300, "Flush waits for what is sent again")
				summary, err := x.Close(t.Context())
				require.NoError(t, err)
				l.balance(t, summary)
				require.EqualValues(t, 250, summary.Indexed)
				require.Equal(t, 2, l.results[uri(220)].Attempts)
				require.EqualValues(t, 50, summary.Accepted+summary.Failed)
			})
		})
	}
}

func TestTheDatasetIsAskedWithoutATopic(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		server := newServer(t)
		put(server, 0, 450)
		server.FailObject("test-bucket", uri(3)[len("oss://test-bucket/"):], "The object is not an image.")
		server.Inject(immtest.Fault{Action: "BatchGetFileMeta", Times: 12, Status: 503})
		c := config()
		c.Confirm, c.ConfirmWithin = bulk.ByPolling, 5*time.Minute
		l := newLedger(&c)
		summary, err := newIndexer(t, server.Client(), c).Run(t.Context(), files(500))
		require.NoError(t, err)
		l.balance(t, summary)
		require.EqualValues(t, 449, summary.Indexed)
		require.EqualValues(t, 1, summary.Failed)
		require.EqualError(t, l.results[uri(3)].Err, "bulk: not indexed: The object is not an image.")
		require.EqualValues(t, 50, summary.Accepted)
		require.ErrorIs(t, l.results[uri(499)].Err, bulk.ErrUnconfirmed)
		require.InDelta(t, 5*time.Minute, summary.Duration, float64(15*time.Second))
	})
}

func TestAHaltEndsTheWaitForConfirmations(t *testing.T) {
	t.Parallel()
	for name, confirm := range map[string]bulk.Confirmation{"messages": bulk.ByMessages, "polling": bulk.ByPolling} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, func(t *testing.T) {
				server := newServer(t)
				c := withMessages(t, server, func(int) bool { return false })
				if c.Confirm = confirm; confirm != bulk.ByMessages {
					c.Tracker = nil
				}
				l := newLedger(&c)
				ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
				defer cancel()
				summary, err := newIndexer(t, server.Client(), c).Run(ctx, files(700))
				require.ErrorIs(t, err, context.DeadlineExceeded)
				l.balance(t, summary)
				require.EqualValues(t, 700, summary.Accepted)
				require.Equal(t, 5*time.Minute, summary.Duration)
				require.ErrorIs(t, l.results[uri(1)].Err, bulk.ErrUnconfirmed)
				require.ErrorIs(t, l.results[uri(1)].Err, context.DeadlineExceeded)
			})
		})
	}
}

func TestATrackerThatIsFullHoldsCallsBackForAsLongAsItTakes(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		limit int // of files in the tracker
		lost  bool
	}{
		"with room for two batches":         {limit: 200},
		"with room for less than one":       {limit: 30},
		"with room for one file":            {limit: 1},
		"and the messages are lost":         {limit: 200, lost: true},
		"and those of a batch in pieces":    {limit: 30, lost: true},
		"and there is room for one of them": {limit: 1, lost: true},
	} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, func(t *testing.T) {
				server := newServer(t, immtest.WithIndexDelay(time.Minute))
				put(server, 0, 300)
				c := withMessages(t, server, func(int) bool { return !test.lost }, notify.WithFileLimit(test.limit))
				c.RetryFor, c.ConfirmWithin = 5*time.Second, 2*time.Minute
				l := newLedger(&c)
				summary, err := newIndexer(t, server.Client(), c).Run(t.Context(), files(300))
				require.NoError(t, err)
				l.balance(t, summary)
				require.EqualValues(t, 300, summary.Indexed)
				require.Greater(t, summary.Duration, time.Duration(300/test.limit)*time.Minute)
				require.Zero(t, c.Tracker.Stats().Open, "nothing stays behind")
			})
		})
	}
}

func TestAConfirmationThatWaitsEndsWithTheRun(t *testing.T) {
	t.Parallel()
	for name, confirm := range map[string]bulk.Confirmation{"messages": bulk.ByMessages, "polling": bulk.ByPolling} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, func(t *testing.T) {
				server := newServer(t)
				c := withMessages(t, server, func(int) bool { return false })
				if c.Confirm = confirm; confirm != bulk.ByMessages {
					c.Tracker = nil
				}
				c.ConfirmWithin, c.Resend = time.Minute, 1
				l := newLedger(&c)
				client := server.Client(imm.WithHTTPClient(&http.Client{Transport: far{server.Transport(), 5 * time.Second}}))
				// The bad file has the batch sent in pieces. The first ones are set aside to
				// be sent again when the context ends, and the last ones wait for an answer.
				ctx, cancel := context.WithTimeout(t.Context(), 95*time.Second)
				defer cancel()
				summary, err := newIndexer(t, client, c).Run(ctx, files(20, 3))
				require.ErrorIs(t, err, context.DeadlineExceeded)
				l.balance(t, summary)
				require.EqualValues(t, 19, summary.Accepted)
				require.ErrorIs(t, l.results[uri(0)].Err, bulk.ErrUnconfirmed)
				require.Equal(t, 95*time.Second, summary.Duration)
			})
		})
	}
}

func TestPollingKeepsToTheRate(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		server := newServer(t)
		c := config()
		c.Rate, c.BatchFiles, c.Confirm, c.ConfirmWithin = 10, 10, bulk.ByPolling, 5*time.Minute
		l := newLedger(&c)
		summary, err := newIndexer(t, server.Client(), c).Run(t.Context(), files(1500))
		require.NoError(t, err)
		l.balance(t, summary)
		perSecond := make(map[int64]int)
		for _, r := range server.Requests() {
			perSecond[r.Time.Unix()]++
			require.LessOrEqual(t, perSecond[r.Time.Unix()], 11)
		}
		require.Greater(t, len(calls(server, "BatchGetFileMeta")), 2*len(calls(server, batched)))
	})
}

func TestWhoMayNotAskIsNotMadeToPollAndPaysForNoSecondIndexing(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		server := newServer(t)
		server.Inject(immtest.Fault{Action: "BatchGetFileMeta", Times: -1, Status: http.StatusForbidden, Code: "NoPermission"})
		c := config()
		c.Confirm, c.Resend = bulk.ByPolling, 2
		l := newLedger(&c)
		summary, err := newIndexer(t, server.Client(), c).Run(t.Context(), files(1000))
		require.NoError(t, err)
		l.balance(t, summary)
		require.EqualValues(t, 1000, summary.Accepted)
		require.ErrorIs(t, l.results[uri(7)].Err, bulk.ErrUnconfirmed)
		require.ErrorIs(t, l.results[uri(7)].Err, imm.ErrPermissionDenied)
		require.EqualValues(t, 10, summary.Batches)
		require.Len(t, calls(server, "BatchGetFileMeta"), 10)
		require.Less(t, summary.Duration, time.Minute)
	})
}

func TestAFileThatCannotBeSentAgainStaysAccepted(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		spoil func(way http.RoundTripper) http.RoundTripper
		stops error
	}{
		"because the service is down": {func(way http.RoundTripper) http.RoundTripper {
			return &weather{RoundTripper: way, begin: time.Now(), happens: between(30*time.Second, time.Hour, unavailable)}
		}, imm.ErrUnavailable},
		"because of the file": {func(way http.RoundTripper) http.RoundTripper {
			return poison{way, []int{3}, time.Now().Add(30 * time.Second)}
		}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, func(t *testing.T) {
				server := newServer(t)
				c := config()
				c.Confirm, c.ConfirmWithin, c.Resend, c.RetryFor = bulk.ByPolling, time.Minute, 1, time.Minute
				l := newLedger(&c)
				client := server.Client(imm.WithHTTPClient(&http.Client{Transport: test.spoil(server.Transport())}))
				summary, err := newIndexer(t, client, c).Run(t.Context(), files(10))
				require.ErrorIs(t, err, test.stops)
				l.balance(t, summary)
				require.EqualValues(t, 10, summary.Accepted)
				require.ErrorIs(t, l.results[uri(3)].Err, bulk.ErrUnconfirmed)
				require.ErrorIs(t, l.results[uri(3)].Err, imm.ErrUnavailable)
				require.NotEmpty(t, l.results[uri(3)].EventID, "of the call that was accepted")
			})
		})
	}
}

func TestUserDataThatDoesNotFitStopsTheRun(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		server := newServer(t)
		c := withMessages(t, server, all)
		c.UserData = string(make([]byte, 2048))
		summary, err := newIndexer(t, server.Client(), c).Run(t.Context(), files(300))
		require.ErrorIs(t, err, imm.ErrInvalidArgument)
		require.ErrorContains(t, err, "UserData")
		require.Equal(t, summary.Added, summary.Unsent)
	})
}
