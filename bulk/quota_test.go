package bulk_test

import (
	"cmp"
	"context"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/imm-go/imm"
	"github.com/imm-go/imm/immtest"
)

// far is a transport with a way to go.
type far struct {
	http.RoundTripper
	latency time.Duration
}

func (f far) RoundTrip(req *http.Request) (*http.Response, error) {
	timer := time.NewTimer(f.latency)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-req.Context().Done():
		return nil, context.Cause(req.Context())
	}
	return f.RoundTripper.RoundTrip(req)
}

func TestTheQuotaIsUsedAndHardlyExceeded(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		known   bool
		latency time.Duration
		rate    float64
		failing int // percent of the requests that get no proper answer
		least   float64
	}{
		"the ceiling is known":                  {known: true},
		"and the service is far":                {known: true, latency: 200 * time.Millisecond},
		"the ceiling is unknown":                {},
		"it is unknown and the service is near": {latency: 20 * time.Millisecond},
		"it is unknown and the service is far":  {latency: 200 * time.Millisecond},
		"the user is modest":                    {rate: 100, latency: 20 * time.Millisecond},
		"one answer of fifty is a 500":          {known: true, latency: 20 * time.Millisecond, failing: 2, least: 0.9},
		"and the ceiling is unknown":            {latency: 20 * time.Millisecond, failing: 2, least: 0.9},
	} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, func(t *testing.T) {
				const seconds, settle = 50, 10
				server := newServer(t, immtest.WithQPS(100))
				if !test.known {
					server.Inject(immtest.Fault{Action: "GetProject", Times: -1, Status: http.StatusForbidden, Code: "NoPermission"})
				}
				var way http.RoundTripper = far{server.Transport(), test.latency}
				if test.failing > 0 {
					way = &weather{RoundTripper: way, happens: randomly(test.failing, mishap{status: 500})}
				}
				client := server.Client(imm.WithHTTPClient(&http.Client{Transport: way}))
				c := config()
				c.BatchFiles, c.Rate = 2, test.rate
				ctx, cancel := context.WithCancel(t.Context())
				defer cancel()
				begin := time.Now()
				time.AfterFunc(seconds*time.Second, cancel)
				summary, err := newIndexer(t, client, c).Run(ctx, files(1_000_000))
				require.ErrorIs(t, err, context.Canceled)
				require.Equal(t, summary.Added, summary.Accepted+summary.Failed+summary.Unsent)
				var sent, throttled float64
				for _, r := range calls(server, batched) {
					if at := r.Time.Sub(begin); at >= settle*time.Second && at < seconds*time.Second {
						sent++
						if r.Code == "Throttling.User" {
							throttled++
						}
					}
				}
				accepted := sent - throttled
				t.Logf("used %.1f %%, throttled %.2f %%", accepted/(seconds-settle), 100*throttled/sent)
				require.GreaterOrEqual(t, accepted, cmp.Or(test.least, 0.95)*100*(seconds-settle))
				if test.failing == 0 {
					require.Less(t, throttled, 0.01*sent)
				}
			})
		})
	}
}
