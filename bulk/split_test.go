package bulk_test

import (
	"fmt"
	"math/bits"
	"math/rand/v2"
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/imm-go/imm"
	"github.com/imm-go/imm/bulk"
	"github.com/imm-go/imm/immtest"
)

func TestBadFilesCostAboutTheLogarithmOfABatchEach(t *testing.T) {
	t.Parallel()
	for _, n := range []int{100, 10_000} {
		for k := range 11 {
			t.Run(fmt.Sprintf("%d of %d", k, n), func(t *testing.T) {
				inBubble(t, func(t *testing.T) {
					server := newServer(t)
					c := config()
					l := newLedger(&c)
					badOnes := rand.New(rand.NewPCG(uint64(k), uint64(n))).Perm(n)[:k]
					summary, err := newIndexer(t, server.Client(), c).Run(t.Context(), files(n, badOnes...))
					require.NoError(t, err)
					l.balance(t, summary)
					require.EqualValues(t, k, summary.Failed)
					require.EqualValues(t, n-k, summary.Accepted)
					for _, i := range badOnes {
						require.ErrorIs(t, l.results[uri(i)].Err, imm.ErrInvalidArgument)
						require.NotEmpty(t, l.results[uri(i)].RequestID)
						require.Greater(t, l.results[uri(i)].Attempts, 1)
					}
					clean, most := n/100, 2*k*bits.Len(99)
					require.LessOrEqual(t, int(summary.Batches), clean+most)
					t.Logf("%d requests, %d without bad files", summary.Batches, clean)
				})
			})
		}
	}
}

func TestAFileThatTheClientRefusesCostsNoRequest(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		server := newServer(t)
		c := config()
		l := newLedger(&c)
		list := func(yield func(imm.InputFile, error) bool) {
			for i := range 300 {
				f := file(i)
				switch i {
				case 7, 8, 150:
					f.URI = fmt.Sprintf("photos/%d.jpg", i)
				case 299:
					f.URI = ""
				}
				if !yield(f, nil) {
					return
				}
			}
		}
		summary, err := newIndexer(t, server.Client(), c).Run(t.Context(), list)
		require.NoError(t, err)
		l.balance(t, summary)
		require.EqualValues(t, 4, summary.Failed)
		require.EqualValues(t, 3, summary.Batches)
		require.EqualError(t, l.results["photos/150.jpg"].Err, `imm: BatchIndexFileMeta: File.URI: "photos/150.jpg" is not the URI of a file; want oss://bucket/object or pds://domains/{domain}/drives/{drive}/files/{file}/revisions/{revision}`)
		require.Zero(t, l.results["photos/150.jpg"].Attempts, "it was in no call")
		require.Equal(t, 1, l.results[uri(149)].Attempts)
	})
}

func TestARefusalOfEverythingStopsTheRunEarly(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		fault    immtest.Fault
		calls    int // at most, with which that is known
		failed   int64
		sentinel error
		text     string
	}{
		"permission":     {immtest.PermissionDenied(-1), 1, 0, imm.ErrPermissionDenied, "NoPermission"},
		"project":        {immtest.Fault{Times: -1, Status: 404, Code: "ResourceNotFound", Message: "Project does not exist."}, 1, 0, imm.ErrNotFound, "Project does not exist."},
		"arrears":        {immtest.Fault{Times: -1, Code: "Account.Arrearage", Message: "Your account has an overdue payment."}, 1, 0, imm.ErrPermissionDenied, "overdue"},
		"limit":          {immtest.Fault{Times: -1, Code: "LimitExceededError", Message: "Too many files."}, 1, 0, imm.ErrLimitExceeded, "Too many files."},
		"key":            {immtest.Fault{Times: -1, Status: 404, Code: "InvalidAccessKeyId.NotFound"}, 1, 0, imm.ErrUnauthenticated, "InvalidAccessKeyId"},
		"one reason":     {immtest.Fault{Times: -1, Code: "InvalidParameter.DatasetName", Message: "No."}, 200, 100, imm.ErrInvalidArgument, "the first 100 files were refused one by one for one and the same reason"},
		"a captive page": {immtest.Fault{Times: -1, Status: 200, Body: "<html>Please log in.</html>"}, 1, 0, nil, "Please log in."},
	} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, func(t *testing.T) {
				server := newServer(t)
				test.fault.Action = batched
				server.Inject(test.fault)
				c := config()
				l := newLedger(&c)
				summary, err := newIndexer(t, server.Client(), c).Run(t.Context(), files(100_000))
				require.ErrorContains(t, err, test.text)
				if test.sentinel != nil {
					require.ErrorIs(t, err, test.sentinel)
				}
				l.balance(t, summary)
				require.LessOrEqual(t, int(summary.Batches), test.calls)
				require.Equal(t, test.failed, summary.Failed)
				require.Equal(t, summary.Added-test.failed, summary.Unsent)
				require.Less(t, summary.Added, int64(20_000), "the rest of the list is not read")
				require.ErrorContains(t, l.results[uri(100)].Err, test.text)
			})
		})
	}
}

func TestARequestThatIsNotAboutFilesStopsTheRun(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		server := newServer(t)
		c := config()
		c.DatasetName = "no dataset"
		l := newLedger(&c)
		summary, err := newIndexer(t, server.Client(), c).Run(t.Context(), files(1000))
		require.ErrorIs(t, err, imm.ErrInvalidArgument)
		require.ErrorContains(t, err, `DatasetName: "no dataset" is not a name`)
		l.balance(t, summary)
		require.Equal(t, summary.Added, summary.Unsent)
		require.Zero(t, summary.Requests)
		require.Empty(t, calls(server, batched))
	})
}

func TestDifferentReasonsDoNotStopTheRun(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		server := newServer(t)
		c := config()
		c.BatchFiles = 1
		l := newLedger(&c)
		for i := range 150 {
			server.Inject(immtest.Fault{Action: batched, Status: http.StatusBadRequest, Code: "InvalidArgument", Message: fmt.Sprintf("File %d is odd.", i)})
		}
		summary, err := newIndexer(t, server.Client(), c).Run(t.Context(), files(200))
		require.NoError(t, err)
		l.balance(t, summary)
		require.EqualValues(t, 150, summary.Failed)
		require.EqualValues(t, 50, summary.Accepted)
		require.Equal(t, int64(0), l.count(bulk.Unsent))
	})
}
