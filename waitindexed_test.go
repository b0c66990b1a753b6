package imm_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/jarcoal/httpmock"
	"github.com/stretchr/testify/require"

	"github.com/imm-go/imm"
)

// library answers BatchGetFileMeta: at says what it has of a file after so much
// time, "" for nothing.
type library struct {
	start  time.Time
	asked  [][]string
	times  []time.Duration
	fields string
}

func newLibrary(t *testing.T, at func(uri string, after time.Duration) string, opts ...imm.Option) (*imm.Client, *library) {
	l := &library{start: time.Now()}
	client, _ := mocked(t, func(r *http.Request) (*http.Response, error) {
		encoded := r.URL.RawQuery
		if r.Body != nil {
			form, err := io.ReadAll(r.Body)
			if err != nil {
				return nil, err
			}
			encoded += string(form)
		}
		params, err := url.ParseQuery(encoded)
		if err != nil {
			return nil, err
		}
		var uris, files []string
		if err := json.Unmarshal([]byte(params.Get("URIs")), &uris); err != nil {
			return nil, err
		}
		after := time.Since(l.start)
		l.asked, l.times, l.fields = append(l.asked, uris), append(l.times, after), params.Get("WithFields")
		for _, uri := range uris {
			if file := at(uri, after); file != "" {
				files = append(files, file)
			}
		}
		return httpmock.NewStringResponse(200, `{"RequestId":"R","Files":[`+strings.Join(files, ",")+`]}`), nil
	}, opts...)
	return client, l
}

func entry(uri, status, reason string, updated time.Time) string {
	return fmt.Sprintf(`{"URI":%q,"ObjectStatus":%q,"Reason":%q,"UpdateTime":%q}`, uri, status, reason, updated.Format(time.RFC3339Nano))
}

func waitFor(uris ...string) *imm.WaitIndexedRequest {
	return &imm.WaitIndexedRequest{ProjectName: project, DatasetName: dataset, URIs: uris}
}

func statuses(outcomes imm.FileOutcomes) []imm.OutcomeStatus {
	var all []imm.OutcomeStatus
	for _, o := range outcomes {
		all = append(all, o.Status)
	}
	return all
}

func TestEveryFileThatIsWaitedForHasOneOutcomeInItsPlace(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		now := time.Now()
		client, library := newLibrary(t, func(uri string, after time.Duration) string {
			switch uri {
			case "oss://b/at-once":
				return entry(uri, "Indexed", "", now)
			case "oss://b/later":
				if after >= 10*time.Second {
					return entry(uri, "Indexed", "", now.Add(after))
				}
			case "oss://b/failed":
				if after >= 3*time.Second {
					return entry(uri, "", "[InvalidArgument] broken", now)
				}
			case "oss://b/half":
				return entry(uri, "Indexed", "one operator failed", now)
			case "oss://b/busy":
				return entry(uri, "Indexing", "", now)
			}
			return ""
		})
		outcomes, err := client.WaitIndexed(t.Context(), waitFor("oss://b/at-once", "oss://b/later", "oss://b/at-once", "oss://b/failed", "oss://b/half", "oss://b/busy", "oss://b/never", "oss://b/never"), imm.WithFileLimit(time.Minute))
		require.NoError(t, err)
		require.Equal(t, []imm.OutcomeStatus{"indexed", "indexed", "indexed", "failed", "failed", "overdue", "overdue", "overdue"}, statuses(outcomes))
		require.Equal(t, "oss://b/later", outcomes[1].URI)
		require.Empty(t, outcomes[1].Reason)
		require.False(t, outcomes[1].UpdateTime.IsZero())
		require.Equal(t, "[InvalidArgument] broken", outcomes[3].Reason)
		require.Equal(t, `not indexed within 1m0s: its status is "Indexing"`, outcomes[5].Reason)
		require.Equal(t, `not indexed within 1m0s: it is not in the dataset`, outcomes[7].Reason)
		require.Len(t, outcomes.NotIndexed(), 5)
		require.EqualError(t, outcomes.Err(), `imm: 5 of 8 files not indexed: "oss://b/failed": failed: [InvalidArgument] broken; "oss://b/half": failed: one operator failed; `+
			`"oss://b/busy": overdue: not indexed within 1m0s: its status is "Indexing"; and 2 more`)

		require.Equal(t, time.Minute, time.Since(now), "the last round is at the limit")
		require.Equal(t, []time.Duration{0, time.Second, 2500 * time.Millisecond, 4750 * time.Millisecond}, library.times[:4])
		require.Equal(t, []string{"oss://b/at-once", "oss://b/later", "oss://b/failed", "oss://b/half", "oss://b/busy", "oss://b/never"}, library.asked[0], "each is asked for once")
		require.Equal(t, []string{"oss://b/busy", "oss://b/never"}, library.asked[len(library.asked)-1], "only what is open is asked for again")
		require.Equal(t, `["URI","ObjectStatus","Reason","UpdateTime"]`, library.fields)
	})
}

func TestAnIndexOfYesterdayIsNotTakenForThatOfToday(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		since := time.Now()
		before, east := since.Add(-time.Nanosecond), time.FixedZone("", 8*60*60)
		client, _ := newLibrary(t, func(uri string, after time.Duration) string {
			switch {
			case uri == "oss://b/timeless":
				return `{"URI":"oss://b/timeless","ObjectStatus":"Indexed","UpdateTime":"soon"}`
			case uri == "oss://b/old":
				return entry(uri, "Indexed", "", before)
			case after < 10*time.Second && uri == "oss://b/again":
				return entry(uri, "Indexed", "", before)
			case after < 10*time.Second:
				return entry(uri, "Indexed", "failed yesterday", before)
			}
			return entry(uri, "Indexed", "", since.In(east))
		})
		req := waitFor("oss://b/again", "oss://b/failed-before", "oss://b/old", "oss://b/timeless")
		req.Since = since
		outcomes, err := client.WaitIndexed(t.Context(), req, imm.WithFileLimit(20*time.Second), imm.WithPollInterval(time.Second))
		require.NoError(t, err)
		require.Equal(t, []imm.OutcomeStatus{"indexed", "indexed", "overdue", "overdue"}, statuses(outcomes))
		require.Contains(t, outcomes[2].Reason, "which is before")
		require.Contains(t, outcomes[3].Reason, "does not say when")

		req.Since = time.Time{}
		outcomes, err = client.WaitIndexed(t.Context(), req)
		require.NoError(t, err)
		require.NoError(t, outcomes.Err(), "without Since, what is there counts")
	})
}

func TestTheEndOfTheContextLeavesWhatIsKnown(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		start := time.Now()
		client, library := newLibrary(t, func(uri string, _ time.Duration) string {
			if uri == photo {
				return entry(uri, "Indexed", "", start)
			}
			return ""
		})
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
		defer cancel()
		outcomes, err := client.WaitIndexed(ctx, waitFor(dog, photo), imm.WithPollInterval(2*time.Second))
		require.ErrorIs(t, err, context.DeadlineExceeded)
		require.NotErrorIs(t, err, imm.ErrUnavailable)
		require.Equal(t, 4*time.Second, time.Since(start), "a wait that cannot end in time is not begun")
		require.EqualError(t, err, `imm: WaitIndexed: no answer: context deadline exceeded while waiting for 1 of 2 files, such as "oss://test-bucket/dog.jpg": it is not in the dataset [3 attempts]`)
		require.Equal(t, []imm.OutcomeStatus{"unknown", "indexed"}, statuses(outcomes))
		require.Len(t, library.asked, 3)

		ctx, cancel = context.WithCancel(t.Context())
		time.AfterFunc(500*time.Millisecond, cancel)
		outcomes, err = client.WaitIndexed(ctx, waitFor(photo, dog))
		require.ErrorIs(t, err, context.Canceled)
		require.Equal(t, []imm.OutcomeStatus{"indexed", "unknown"}, statuses(outcomes))
		_, err = client.WaitIndexed(ctx, waitFor(photo))
		require.ErrorIs(t, err, context.Canceled)
	})
}

func TestAnErrorLeavesWhatIsKnown(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		n := 0
		client, _ := mocked(t, func(r *http.Request) (*http.Response, error) {
			if n++; n > 1 {
				return nil, errors.New("no route")
			}
			return httpmock.NewStringResponse(200, `{"RequestId":"R","Files":[`+entry(fmt.Sprintf("%s/%d", bucket, 0), "Indexed", "", time.Now())+`]}`), nil
		})
		uris := make([]string, 150)
		for i := range uris {
			uris[i] = fmt.Sprintf("%s/%d", bucket, i)
		}
		outcomes, err := client.WaitIndexed(t.Context(), waitFor(uris...))
		require.ErrorIs(t, err, imm.ErrUnavailable)
		require.Len(t, outcomes, 150)
		require.Equal(t, imm.OutcomeIndexed, outcomes[0].Status)
		require.Equal(t, "it is not in the dataset", outcomes[99].Reason)
		require.Equal(t, imm.FileOutcome{URI: uris[149], Status: imm.OutcomeUnknown, Reason: "it was not asked for yet"}, outcomes[149])
	})
}

func TestAHundredThousandFilesAreWaitedForWithinTheRateLimit(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		const all = 100_000
		start := time.Now()
		client, library := newLibrary(t, func(uri string, after time.Duration) string {
			if strings.HasSuffix(uri, "7") && after < time.Minute {
				return ""
			}
			return entry(uri, "Indexed", "", start)
		}, imm.WithRateLimit(50))
		uris := make([]string, all)
		for i := range uris {
			uris[i] = fmt.Sprintf("oss://test-bucket/%06d", i)
		}
		outcomes, err := client.WaitIndexed(t.Context(), waitFor(uris...))
		require.NoError(t, err)
		require.NoError(t, outcomes.Err())
		require.Len(t, outcomes, all)
		seen := 0
		for i, asked := range library.asked {
			seen += len(asked)
			require.LessOrEqual(t, len(asked), 100)
			require.LessOrEqual(t, float64(i), 50*library.times[i].Seconds()+5, "request %d", i)
		}
		require.Less(t, seen, 2*all)
		t.Logf("%d requests in %v", len(library.asked), time.Since(start))
	})
}

func TestAWaitForFilesThatMakesNoSenseIsRefused(t *testing.T) {
	t.Parallel()
	client, library := newLibrary(t, func(string, time.Duration) string { return "" })
	refused := func(req *imm.WaitIndexedRequest, opts ...imm.WaitOption) error {
		outcomes, err := client.WaitIndexed(t.Context(), req, opts...)
		require.Nil(t, outcomes)
		return err
	}
	requireInvalid(t, refused(nil), "WaitIndexed", "req", "nil")
	requireInvalid(t, refused(waitFor()), "WaitIndexed", "URIs", "it is empty")
	requireInvalid(t, refused(waitFor(photo, bucket)), "WaitIndexed", "URIs[1]", "not the URI of a file")
	requireInvalid(t, refused(&imm.WaitIndexedRequest{ProjectName: project, URIs: []string{photo}}), "WaitIndexed", "DatasetName", "it is empty")
	requireInvalid(t, refused(waitFor(photo), imm.WithPollInterval(0)), "WaitIndexed", "WithPollInterval", "above zero")
	requireInvalid(t, refused(waitFor(photo), imm.WithFileLimit(0)), "WaitIndexed", "WithFileLimit", "above zero")
	requireInvalid(t, refused(waitFor(photo), imm.WithFileLimit(time.Hour), nil), "WaitIndexed", "opts[1]", "nil")
	_, err := client.WaitBinding(t.Context(), theBinding, imm.WithFileLimit(time.Hour))
	requireInvalid(t, err, "WaitBinding", "WithFileLimit", "for WaitIndexed")
	require.Empty(t, library.asked)
}
