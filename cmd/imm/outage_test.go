package main

import (
	"errors"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/imm-go/imm"
	"github.com/imm-go/imm/bulk"
	"github.com/imm-go/imm/immtest"
)

func TestAnOutageIsShownWithItsReasonAndItsEnd(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		f := newFixture(t)
		f.server.Inject(immtest.Fault{Action: "BatchIndexFileMeta", Times: -1, Status: 503, Code: "ServiceUnavailable"})
		until := time.Now().Add(retryFor).Format("15:04")
		code, _, errs := f.index(t, "--yes", "--failed", filepath.Join(t.TempDir(), "failed"), "oss://b/1", "oss://b/2")
		require.NotEqual(t, exitDone, code)
		require.Contains(t, errs, ", nothing accepted for 20s: ServiceUnavailable; trying until "+until+", 0 files/s")
		require.NotContains(t, errs, " left", "nobody knows")
	})
}

func TestACallThatHangsIsShownBeforeItFails(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		f := newFixture(t)
		f.server.Inject(immtest.Fault{Action: "BatchIndexFileMeta", Times: 1, Hang: true})
		code, _, errs := f.index(t, "--yes", "oss://b/1")
		require.Equal(t, exitDone, code, errs)
		require.Contains(t, errs, "0 of 1 file, no answer for 20s, 0 files/s")
	})
}

func TestWhatIsNoOutageIsNotShownAsOne(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		f := newFixture(t)
		path := write(t, "list.txt", numbered(500))
		code, _, errs := f.index(t, "--yes", "--from", path, "--rate", "0.05")
		require.Equal(t, exitDone, code, errs)
		require.NotContains(t, errs, "no answer", "calls wait for their time")
		require.Contains(t, errs, " requests/s, ")
	})
}

func TestAnOutageHasRoomInALine(t *testing.T) {
	t.Parallel()
	until := time.Date(2026, 1, 2, 15, 4, 5, 0, time.UTC)
	dial := &imm.RequestError{Action: "BatchIndexFileMeta", Err: &url.Error{Op: "Post", URL: "https://imm.cn-hangzhou.aliyuncs.com/", Err: &net.OpError{
		Op: "dial", Net: "tcp", Err: os.NewSyscallError("connect", syscall.ECONNREFUSED),
	}}}
	for want, err := range map[string]error{
		"no answer for 10m10s: connect: connection refused; trying until 15:04":          dial,
		"nothing accepted for 10m10s: HTTP 502; trying until 15:04":                      &imm.APIError{StatusCode: 502},
		"no answer for 10m10s: a reason that takes more than a lin…; trying until 15:04": errors.New("a reason that takes more than a line has"),
		"no answer for 10m10s": nil,
	} {
		got := outage{lasts: 610 * time.Second, err: err, until: until}.sentence(barReason)
		require.Equal(t, want, got)
		require.LessOrEqual(t, len([]rune(got)), 80)
	}
}

func TestAnOutageBeginsAfterTenSecondsAndEndsWithAnAnswer(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		stats := bulk.Stats{InFlight: 1}
		m := newMeter(func() bulk.Stats { return stats })
		m.expect(10)
		after := func(d time.Duration) outage {
			<-time.After(d)
			return m.read().outage
		}
		require.Zero(t, after(0))
		require.Zero(t, after(9*time.Second))
		require.Equal(t, outage{lasts: 11 * time.Second}, after(2*time.Second))
		stats.Batches++
		require.Zero(t, after(time.Second))
		stats.LastError, stats.FailingSince = errors.New("no"), time.Now()
		require.Zero(t, after(9*time.Second))
		require.Equal(t, outage{10 * time.Second, stats.LastError, stats.FailingSince.Add(retryFor)}, after(time.Second))
		stats.LastError, stats.FailingSince, stats.Batches = nil, time.Time{}, 9
		require.Zero(t, after(time.Second))
		stats.InFlight = 0
		require.Zero(t, after(time.Hour), "nothing is asked")
	})
}
