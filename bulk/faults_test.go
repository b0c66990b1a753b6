package bulk_test

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/imm-go/imm"
	"github.com/imm-go/imm/bulk"
	"github.com/imm-go/imm/immtest"
)

var update = flag.Bool("update", false, "write ../docs/bulk-faults.md anew")

// weather lets calls of BatchIndexFileMeta fail by what happens on the way.
type weather struct {
	http.RoundTripper
	begin   time.Time
	happens func(n int, since time.Duration) mishap

	mu sync.Mutex
	n  int // requests
}

type mishap struct {
	status           int // of an answer in place of the real one
	code, body       string
	hangs, lost, cut bool // no answer; after the work; before it
	err              error
}

func (w *weather) RoundTrip(req *http.Request) (*http.Response, error) {
	if req.Header.Get("X-Acs-Action") != batched { //nolint:canonicalheader // as it is sent
		return w.RoundTripper.RoundTrip(req)
	}
	w.mu.Lock()
	w.n++
	m := mishap{}
	if w.happens != nil {
		m = w.happens(w.n, time.Since(w.begin))
	}
	w.mu.Unlock()
	reset := &net.OpError{Op: "read", Net: "tcp", Err: errors.New("connection reset by peer")}
	switch {
	case m.err != nil:
		return nil, m.err
	case m.hangs:
		<-req.Context().Done()
		return nil, context.Cause(req.Context())
	case m.cut:
		return nil, reset
	case m.status != 0:
		body := cmp.Or(m.body, fmt.Sprintf(`{"RequestId":"42","Code":%q,"Message":"So it is."}`, m.code))
		return &http.Response{StatusCode: m.status, Header: http.Header{}, Body: io.NopCloser(strings.NewReader(body)), Request: req}, nil
	}
	resp, err := w.RoundTripper.RoundTrip(req)
	if m.lost && err == nil {
		return nil, errors.Join(reset, resp.Body.Close())
	}
	return resp, err
}

// chance is true for so many of a hundred requests.
func chance(percent int) func() bool {
	dice := rand.New(rand.NewPCG(1, uint64(percent)))
	return func() bool { return dice.IntN(100) < percent }
}

// keys are credentials that can be renewed.
type keys struct{ expired func() bool }

func (k keys) Credentials(context.Context) (imm.Credentials, error) {
	if k.expired() {
		return imm.Credentials{AccessKeyID: "second", AccessKeySecret: "secret"}, nil
	}
	return imm.Credentials{AccessKeyID: "first", AccessKeySecret: "secret"}, nil
}

// scenario is a run of 5,000 files in batches of 25 over a connection of 50 ms, at 100 requests a
// second: without a fault it takes two seconds.
type scenario struct {
	name    string
	happens func(n int, since time.Duration) mishap
	bad     int   // files that the service refuses
	poison  []int // files that it fails at
	renew   bool
	failAt  int // Record that fails

	want  string // accepted, failed; the rest is unsent
	err   error
	least time.Duration // of virtual time
	most  time.Duration
}

func scenarios() []scenario {
	throttling := mishap{status: 400, code: "Throttling.User"}
	return []scenario{
		{name: "nothing", want: "5000 0", least: 1900 * time.Millisecond, most: 4 * time.Second},
		{
			name: "every request is throttled for a minute",
			happens: func(_ int, since time.Duration) mishap {
				return either(since > time.Second && since < 61*time.Second, throttling)
			},
			want: "5000 0", least: time.Minute, most: 110 * time.Second,
		},
		{
			name:    "half of the requests are throttled, whatever the rate",
			happens: randomly(50, throttling),
			want:    "5000 0", most: 10 * time.Minute,
		},
		{name: "one in five answers is a 500", happens: randomly(20, mishap{status: 500, code: "InternalError"}), want: "5000 0", most: 60 * time.Second},
		{
			name: "the service answers 503 for five minutes",
			happens: func(_ int, since time.Duration) mishap {
				return either(since > time.Second && since < 301*time.Second, mishap{status: 503, body: "<html>"})
			},
			want: "5000 0", least: 5 * time.Minute, most: 6 * time.Minute,
		},
		{
			name: "it does so for an hour",
			happens: func(_ int, since time.Duration) mishap {
				return either(since > time.Second && since < 3601*time.Second, mishap{status: 503, body: "<html>"})
			},
			want: "*", err: imm.ErrUnavailable, least: 15 * time.Minute, most: 17 * time.Minute,
		},
		{name: "one file makes the service fail", poison: []int{523}, want: "4999 1", least: 15 * time.Minute, most: 17 * time.Minute},
		{
			name: "a login page answers for five minutes",
			happens: func(_ int, since time.Duration) mishap {
				return either(since > time.Second && since < 301*time.Second, mishap{status: 200, body: "<html>Please log in.</html>"})
			},
			want: "5000 0", least: 5 * time.Minute, most: 6 * time.Minute,
		},
		{name: "one in ten connections breaks before the work", happens: randomly(10, mishap{cut: true}), want: "5000 0", most: 30 * time.Second},
		{name: "one in ten connections breaks after the work", happens: randomly(10, mishap{lost: true}), want: "5000 0", most: 30 * time.Second},
		{name: "one in fifty requests gets no answer", happens: randomly(2, mishap{hangs: true}), want: "5000 0", most: 4 * time.Minute},
		{name: "the first requests get an HTML page with 414", happens: func(n int, _ time.Duration) mishap { return either(n <= 6, mishap{status: 414, body: "<html>"}) }, want: "5000 0", most: 5 * time.Second},
		{name: "the token expires and can be renewed", renew: true, want: "5000 0", most: 5 * time.Second},
		{name: "the token expires and cannot be renewed", happens: from(50, mishap{status: 400, code: "InvalidSecurityToken.Expired"}), want: "1225 0", err: imm.ErrUnauthenticated, most: 3 * time.Second},
		{name: "one in a hundred files is bad", bad: 50, want: "4950 50", most: 30 * time.Second},
		{name: "the permission is lost", happens: from(50, mishap{status: 403, code: "NoPermission"}), want: "1225 0", err: imm.ErrPermissionDenied, most: 3 * time.Second},
		{name: "the dataset is deleted", happens: from(50, mishap{status: 404, code: "ResourceNotFound"}), want: "1225 0", err: imm.ErrNotFound, most: 3 * time.Second},
		{name: "the host does not exist", happens: from(1, mishap{err: &net.DNSError{Err: "no such host", Name: "imm.cn-hangzhu.aliyuncs.com", IsNotFound: true}}), want: "0 0", err: imm.ErrUnavailable, most: time.Second},
		{name: "the disk of the journal is full", failAt: 50, want: "*", err: errDiskFull, most: 3 * time.Second},
	}
}

func either(is bool, m mishap) mishap {
	if is {
		return m
	}
	return mishap{}
}

func randomly(percent int, m mishap) func(int, time.Duration) mishap {
	meets := chance(percent)
	return func(int, time.Duration) mishap { return either(meets(), m) }
}

func from(first int, m mishap) func(int, time.Duration) mishap {
	return func(n int, _ time.Duration) mishap { return either(n >= first, m) }
}

func TestEachFaultCostsWhatTheTableSays(t *testing.T) { //nolint:tparallel // the subtests in the group are
	t.Parallel()
	rows := make([]string, len(scenarios()))
	t.Run("faults", func(t *testing.T) { // returns when all of them are done
		for i, s := range scenarios() {
			t.Run(s.name, func(t *testing.T) {
				inBubble(t, func(t *testing.T) { rows[i] = s.run(t) })
			})
		}
	})
	var table bytes.Buffer
	table.WriteString(faultsHead)
	for _, row := range rows {
		table.WriteString(row)
	}
	const name = "../docs/bulk-faults.md"
	if *update {
		require.NoError(t, os.WriteFile(name, table.Bytes(), 0o644)) //nolint:gosec // documentation is for all
	}
	written, err := os.ReadFile(name)
	require.NoError(t, err)
	require.Equal(t, lasting(string(written)), lasting(table.String()), "run the test with -update, and read what changed")
}

const faultsHead = `# What faults cost a bulk run

5,000 files in batches of 25, at 100 requests a second, over a connection that takes 50 ms: without a fault it takes two
seconds. Package bulk's test makes this table (` + "`go test ./bulk -run TestEachFault -update`" + `). Time is virtual; time and
requests vary a little from run to run, because pauses are random in part. Where files are unsent, the run was stopped, and
the error is what Run returned; otherwise Run returned none.

| what happens | accepted | failed | unsent | error | requests | time |
|---|---|---|---|---|---|---|
`

// lasting leaves out the columns that vary.
func lasting(table string) string {
	var b strings.Builder
	for line := range strings.Lines(table) {
		if cells := strings.Split(line, "|"); len(cells) == 9 {
			line = strings.Join(cells[:6], "|")
		}
		b.WriteString(strings.TrimSpace(line) + "\n")
	}
	return b.String()
}

func (s scenario) run(t *testing.T) string {
	server := newServer(t, immtest.WithQPS(1000), immtest.WithCredentials("first", "secret", ""), immtest.WithCredentials("second", "secret", ""))
	w := &weather{RoundTripper: poison{far{server.Transport(), 50 * time.Millisecond}, s.poison, time.Now()}, begin: time.Now(), happens: s.happens}
	provider := keys{expired: func() bool { return false }}
	if s.renew {
		expired := func() bool { return time.Since(w.begin) > time.Second }
		provider.expired = expired
		told := false
		w.happens = func(int, time.Duration) mishap {
			tell := expired() && !told
			told = told || tell
			return either(tell, mishap{status: 400, code: "InvalidSecurityToken.Expired"})
		}
	}
	client, err := imm.NewClient("cn-hangzhou", provider, imm.WithEndpoint("http://localhost"), imm.WithHTTPClient(&http.Client{Transport: w}))
	require.NoError(t, err)
	c := config()
	c.Rate, c.BatchFiles = 100, 25
	l := newLedger(&c)
	var summary bulk.Summary
	if s.failAt > 0 {
		journal := newMemory(t)
		journal.failAt, c.Journal = s.failAt, journal
		summary, err = newIndexer(t, client, c).RunSource(t.Context(), numbered{n: 5000})
	} else {
		var badOnes []int
		for i := range s.bad {
			badOnes = append(badOnes, 101*i%5000)
		}
		summary, err = newIndexer(t, client, c).Run(t.Context(), files(5000, badOnes...))
	}
	l.balance(t, summary)
	told := ""
	if s.err == nil {
		require.NoError(t, err)
		require.EqualValues(t, 5000, summary.Added)
		require.Zero(t, summary.Unsent)
	} else {
		require.ErrorIs(t, err, s.err)
		require.Positive(t, summary.Unsent)
		for _, r := range l.results {
			if r.Status == bulk.Unsent {
				require.ErrorIs(t, r.Err, s.err)
			}
		}
		told, _, _ = strings.Cut(err.Error(), " [")
	}
	require.GreaterOrEqual(t, summary.Duration, s.least)
	require.LessOrEqual(t, summary.Duration, s.most)
	accepted, failed, unsent := fmt.Sprint(summary.Accepted), fmt.Sprint(summary.Failed), ""
	if s.want != "*" {
		require.Equal(t, s.want, accepted+" "+failed)
	} else {
		accepted, failed = "some", ifSo(summary.Failed > 0, "some")
	}
	if failed == "0" {
		failed = ""
	}
	if summary.Unsent > 0 {
		unsent = "the rest"
	}
	return fmt.Sprintf("| %s | %s | %s | %s | %s | %d | %v |\n", s.name, accepted, failed, unsent, told, w.n, summary.Duration.Round(100*time.Millisecond))
}

func ifSo(is bool, text string) string {
	if is {
		return text
	}
	return ""
}
