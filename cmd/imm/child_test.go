package main

import (
	"os"
	"os/exec"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/imm-go/imm/immtest"
)

// child is the program as a process of its own, which reaches the emulator by its
// address.
func (f *fixture) child(t *testing.T, args ...string) *exec.Cmd {
	t.Helper()
	binary, err := os.Executable()
	require.NoError(t, err)
	cmd := exec.Command(binary, append(append(args, "--endpoint", f.server.URL()), testTarget...)...)
	cmd.Dir = t.TempDir()
	cmd.Env = []string{
		asProgram + "=yes", "HOME=" + cmd.Dir, "PATH=" + os.Getenv("PATH"), "TERM=xterm",
		"ALIBABA_CLOUD_ACCESS_KEY_ID=" + immtest.AccessKeyID, "ALIBABA_CLOUD_ACCESS_KEY_SECRET=" + immtest.AccessKeySecret,
	}
	kill := time.AfterFunc(childTime, func() { _ = cmd.Process.Kill() })
	t.Cleanup(func() { kill.Stop() })
	return cmd
}

// calls waits until so many batches came.
func (f *fixture) calls(t *testing.T, n int) {
	t.Helper()
	require.Eventually(t, func() bool { return f.batches() >= n }, childTime, time.Millisecond)
}

// batches is how many batches came.
func (f *fixture) batches() (n int) {
	for _, action := range f.requests() {
		if action == "BatchIndexFileMeta" {
			n++
		}
	}
	return n
}

func exitCode(t *testing.T, err error) int {
	t.Helper()
	var exit *exec.ExitError
	require.ErrorAs(t, err, &exit)
	return exit.ExitCode()
}
