package immtest

import (
	"fmt"
	"math"
	"net/http"
	"strconv"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
)

// reading is a call that is answered with success by a server that knows the
// dataset.
func reading() *http.Request {
	return signed("GetFileMeta", inDataset("URI", "oss://test-bucket/a.png"))
}

func withDataset() Option { return WithDataset("test-project", "test-dataset", "") }

func TestCallsAboveTheRateAreThrottledWithATruthfulHint(t *testing.T) {
	t.Parallel()
	for _, perSecond := range []float64{0.5, 1, 2.5, 3, 7, 100} {
		t.Run(fmt.Sprint(perSecond), func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				s := newServer(t, withDataset(), WithQPS(perSecond))
				accepted := 0
				var refused reply
				for refused.status == 0 {
					if r := send(t, s, reading()); r.status == http.StatusOK {
						accepted++
					} else {
						refused = r
					}
				}
				require.Equal(t, max(1, int(perSecond)), accepted, "a second's worth may come at once")
				require.Equal(t, "Throttling.User", refused.code())
				require.Equal(t, http.StatusBadRequest, refused.status)
				hint := refused.header.Get("X-Acs-Retry-After")
				ms, err := strconv.Atoi(hint)
				require.NoError(t, err)
				require.Regexp(t, fmt.Sprintf(`^Limit:%v,Remain:0,TimeLeft:%s,Reset:\d+$`, math.Ceil(perSecond), hint), refused.header.Get("X-Ratelimit-User"))

				sleep(t, time.Duration(ms-1)*time.Millisecond-time.Nanosecond)
				require.Equal(t, "Throttling.User", send(t, s, reading()).code(), "a moment too early")
				sleep(t, time.Millisecond+time.Nanosecond)
				require.Equal(t, http.StatusOK, send(t, s, reading()).status, "at the time that the hint said")
				require.Equal(t, "Throttling.User", send(t, s, reading()).code())
			})
		})
	}
}

func TestAPacedClientGetsTheWholeRate(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		const perSecond = 70
		s := newServer(t, withDataset(), WithQPS(perSecond))
		for i := range 10 * perSecond {
			// Neither evenly nor in order of a clock: up to five at once, then a pause.
			if i%5 == 0 {
				sleep(t, 5*time.Second/perSecond)
			}
			require.Equal(t, http.StatusOK, send(t, s, reading()).status, "call %d", i)
		}
	})
}

func TestARateIsNotExceededForLong(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		const perSecond, seconds = 20, 10
		s := newServer(t, withDataset(), WithQPS(perSecond))
		accepted := 0
		for range seconds * 100 {
			if send(t, s, reading()).status == http.StatusOK {
				accepted++
			}
			sleep(t, 10*time.Millisecond)
		}
		require.InDelta(t, perSecond*(seconds+1), accepted, 1)
	})
}

func TestAThrottledCallCostsNothing(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newServer(t, WithBucket("test-bucket", nil), WithQPS(1))
		for range 5 {
			wrong := sign(unsigned("GetBinding", nil), AccessKeyID, "wrong")
			require.Equal(t, "SignatureDoesNotMatch", send(t, s, wrong).code(), "who is not known is not counted")
		}
		require.Equal(t, "ResourceNotFound", send(t, s, reading()).code())
		req := createBinding("http://localhost/")
		for range 5 {
			require.Equal(t, "Throttling.User", send(t, s, req).code())
		}
		require.Empty(t, s.Bindings())
		sleep(t, time.Second)
		require.Equal(t, http.StatusOK, send(t, s, req).status, "neither a token nor the nonce was used up")
	})
}

func TestARateThatIsNoneThrottlesNothing(t *testing.T) {
	t.Parallel()
	for _, perSecond := range []float64{0, -1, math.NaN(), math.Inf(1), math.Inf(-1), 1e12} {
		s := newServer(t, withDataset(), WithQPS(perSecond))
		for range 50 {
			require.Equal(t, http.StatusOK, send(t, s, reading()).status, "%v", perSecond)
		}
	}
	s := newServer(t, withDataset(), WithQPS(math.SmallestNonzeroFloat64))
	require.Equal(t, http.StatusOK, send(t, s, reading()).status)
	require.Equal(t, "Throttling.User", send(t, s, reading()).code())
}
