package main

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/imm-go/imm/immtest"
)

func TestABindingIsWaitedForUntilItsFirstScanIsDone(t *testing.T) {
	t.Parallel()
	bind := append([]string{"bind", "oss://test-bucket", "--yes"}, testTarget...)
	wait := append([]string{"binding", "wait", "oss://test-bucket"}, testTarget...)
	t.Run("at once", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			f := newFixture(t, immtest.WithBucket(testBucket, nil), immtest.WithFullScanTime(time.Hour))
			start := time.Now()
			code, out, errs := f.call(t, append(bind, "--wait", "--interval", "1m")...)
			require.Equal(t, exitDone, code, errs)
			require.Contains(t, out, "Phase    IncrementalScanning (the objects that were there are indexed")
			require.Equal(t, 61*time.Minute, time.Since(start))
		})
	})
	t.Run("not for ever", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			f := newFixture(t, immtest.WithBucket(testBucket, nil), immtest.WithFullScanTime(time.Hour))
			f.must(t, bind...)
			start := time.Now()
			code, out, errs := f.call(t, append(wait, "--timeout", "10m")...)
			require.Equal(t, exitFailed, code, "nobody stopped it")
			require.Contains(t, out, "Phase    FullScanning (the objects that were there are being indexed)")
			require.Contains(t, errs, "deadline exceeded")
			require.LessOrEqual(t, time.Since(start), 10*time.Minute)
		})
	})
	t.Run("not once it has failed", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			f := newFixture(t, immtest.WithBucket(testBucket, nil), immtest.WithFullScanTime(time.Hour))
			f.must(t, bind...)
			f.server.FailBinding(testBucket, "the role may not read the bucket")
			code, out, errs := f.call(t, wait...)
			require.Equal(t, exitFailed, code)
			require.Contains(t, out, "State    Failed\n")
			require.Contains(t, errs, "the role may not read the bucket")
		})
	})
}
