package bulk_test

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/imm-go/imm"
	"github.com/imm-go/imm/bulk"
)

// inWeather is a client whose calls of BatchIndexFileMeta meet mishaps.
func inWeather(t *testing.T, latency time.Duration, happens func(n int, since time.Duration) mishap) *imm.Client {
	server := newServer(t)
	w := &weather{RoundTripper: far{server.Transport(), latency}, begin: time.Now(), happens: happens}
	return server.Client(imm.WithHTTPClient(&http.Client{Transport: w}))
}

// between is a mishap from one time to before another.
func between(from, to time.Duration, m mishap) func(int, time.Duration) mishap {
	return func(_ int, since time.Duration) mishap { return either(since >= from && since < to, m) }
}

var unavailable = mishap{status: http.StatusServiceUnavailable, body: "<html>"}

type noKeys struct{}

func (noKeys) Credentials(context.Context) (imm.Credentials, error) {
	return imm.Credentials{}, errors.New("no keys in the environment")
}

func TestAServiceThatIsDownForGoodStopsTheRun(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		files    int
		happens  func(int, time.Duration) mishap
		keyless  bool
		accepted int64
		text     string
	}{
		"from the beginning":     {files: 1000, happens: from(1, unavailable), text: "HTTP 503"},
		"for a single file":      {files: 1, happens: from(1, unavailable), text: "HTTP 503"},
		"after some files":       {files: 1000, happens: from(21, unavailable), accepted: 200, text: "HTTP 503"},
		"before the last batch":  {files: 1000, happens: from(100, unavailable), accepted: 990, text: "HTTP 503"},
		"by throttling":          {files: 1000, happens: from(21, mishap{status: 400, code: "Throttling.User"}), accepted: 200, text: "Throttling.User"},
		"by a login page":        {files: 1000, happens: from(21, mishap{status: 200, body: "<html>Please log in."}), accepted: 200, text: "Please log in."},
		"by a redirection to it": {files: 1000, happens: from(21, mishap{status: 302, body: "<html>"}), accepted: 200, text: "redirects are not followed"},
		"by a lack of keys":      {files: 1000, keyless: true, text: "no keys in the environment"},
	} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, func(t *testing.T) {
				client := inWeather(t, 50*time.Millisecond, test.happens)
				if test.keyless {
					var err error
					client, err = imm.NewClient("cn-hangzhou", noKeys{}, imm.WithEndpoint("http://localhost"))
					require.NoError(t, err)
				}
				c := config()
				c.BatchFiles = 10
				l := newLedger(&c)
				summary, err := newIndexer(t, client, c).Run(t.Context(), files(test.files))
				require.ErrorContains(t, err, "bulk: the run was stopped: nothing was accepted for 15m")
				require.ErrorContains(t, err, test.text)
				l.balance(t, summary)
				require.Equal(t, test.accepted, summary.Accepted)
				require.Zero(t, summary.Failed)
				for _, r := range l.results {
					if r.Status == bulk.Unsent {
						require.ErrorContains(t, r.Err, test.text)
					}
				}
				require.Less(t, summary.Duration, 17*time.Minute)
				require.Less(t, summary.Batches, int64(400))
			})
		})
	}
}

// poison lets the service fail at certain files from some time on.
type poison struct {
	http.RoundTripper
	files []int
	from  time.Time
}

func (p poison) RoundTrip(req *http.Request) (*http.Response, error) {
	resp, err := p.RoundTripper.RoundTrip(req)
	for _, i := range p.files {
		if err == nil && !time.Now().Before(p.from) && strings.Contains(req.URL.RawQuery, uri(i)[len("oss://test-bucket/photos/"):]) {
			resp.StatusCode = http.StatusInternalServerError
		}
	}
	return resp, err
}

func TestAFileThatTheServiceCannotTakeFailsAlone(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		n      int
		poison []int
	}{
		"in the middle":     {1000, []int{523}},
		"two in a batch":    {1000, []int{523, 530}},
		"two neighbours":    {1000, []int{538, 539}},
		"in three batches":  {1000, []int{3, 523, 999}},
		"in the last batch": {1000, []int{995}},
		"the last one":      {1000, []int{999}},
		"in the only batch": {20, []int{0}},
	} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, func(t *testing.T) {
				server := newServer(t)
				client := server.Client(imm.WithHTTPClient(&http.Client{Transport: poison{far{server.Transport(), 100 * time.Millisecond}, test.poison, time.Now()}}))
				c := config()
				c.BatchFiles, c.Rate = 20, 10
				l := newLedger(&c)
				x := newIndexer(t, client, c)
				time.AfterFunc(time.Minute, func() {
					if open := x.Stats().Open; open > int64(20*len(test.poison)) {
						t.Error("others wait for what is retried:", open)
					}
				})
				summary, err := x.Run(t.Context(), files(test.n))
				require.NoError(t, err)
				l.balance(t, summary)
				require.EqualValues(t, len(test.poison), summary.Failed)
				for _, i := range test.poison {
					require.ErrorContains(t, l.results[uri(i)].Err, "bulk: given up after 1")
					require.ErrorIs(t, l.results[uri(i)].Err, imm.ErrUnavailable)
				}
				require.Greater(t, summary.Duration, 15*time.Minute)
				require.Less(t, summary.Duration, 18*time.Minute)
				require.LessOrEqual(t, summary.Batches, int64(test.n/20+100*len(test.poison)))
			})
		})
	}
}

func TestALoginPageInMidRunFailsNoFile(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		client := inWeather(t, 50*time.Millisecond, between(time.Second, 5*time.Minute, mishap{status: 200, body: "<html>Please log in.</html>"}))
		c := config()
		c.Rate, c.BatchFiles = 10, 10
		l := newLedger(&c)
		summary, err := newIndexer(t, client, c).Run(t.Context(), files(1000))
		require.NoError(t, err)
		l.balance(t, summary)
		require.EqualValues(t, 1000, summary.Accepted)
	})
}

func TestABlipCostsLittleMoreThanItsTime(t *testing.T) {
	t.Parallel()
	for _, blip := range []time.Duration{2 * time.Second, 10 * time.Second} {
		t.Run(blip.String(), func(t *testing.T) {
			inBubble(t, func(t *testing.T) {
				run := func(happens func(int, time.Duration) mishap) time.Duration {
					c := config()
					c.Rate, c.BatchFiles = 100, 10
					summary, err := newIndexer(t, inWeather(t, time.Second, happens), c).Run(t.Context(), files(60_000))
					require.NoError(t, err)
					require.EqualValues(t, 60_000, summary.Accepted)
					return summary.Duration
				}
				without := run(nil)
				with := run(between(30*time.Second, 30*time.Second+blip, unavailable))
				require.Less(t, with-without, 2*blip+5*time.Second)
			})
		})
	}
}
