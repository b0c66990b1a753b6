package main

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestTheEmulatorServesOtherCommandsUntilItIsStopped(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan int)
	served := newFixture(t)
	go func() { ended <- served.run(ctx, []string{"emulator", "-addr", "127.0.0.1:0", "-project", "photos"}) }()
	require.Eventually(t, func() bool { return strings.HasSuffix(served.out.String(), "\n") }, childTime, time.Millisecond)
	address := strings.TrimPrefix(strings.TrimSpace(served.out.String()), "listening on ")
	f.options = nil
	require.Contains(t, f.must(t, "project", "list", "--endpoint", address), "photos ")
	stop()
	require.Equal(t, exitDone, <-ended)
	require.Contains(t, served.err.String(), "action=ListProjects status=200")
}

func TestFlagsOfTheEmulatorThatMakeNoSenseAreUsageErrors(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	for want, args := range map[string][]string{
		"imm emulator: -qps is from 0 to 1000000\n":                    {"-qps", "-1"},
		"imm emulator: flag provided but not defined: -nope; -h lists": {"-nope"},
	} {
		code, _, errs := f.call(t, append([]string{"emulator"}, args...)...)
		require.Equal(t, exitUsage, code)
		require.True(t, strings.HasPrefix(errs, want), errs)
	}
	require.Contains(t, f.must(t, "emulator", "-h"), "-index-delay time")
}
