//go:build unix

package emulator

import (
	"context"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestASecondSignalEndsTheProgramAtOnce(t *testing.T) {
	t.Parallel()
	p, command, _ := launch(t, build(t))
	fault(t, p, `{"Hang":true}`)
	result := make(chan error, 1)
	client := p.client(t)
	go func() {
		_, err := getBinding(context.Background(), client)
		result <- err
	}()
	require.Eventually(t, func() bool { return len(get[[]any](t, p, "requests")) == 1 }, patience, time.Millisecond)
	start := time.Now()
	ended := make(chan error, 1)
	go func() { ended <- command.Wait() }()
	end(t, command)
	require.Eventually(t, func() bool {
		_ = command.Process.Signal(syscall.SIGTERM)
		return len(ended) == 1
	}, patience, 10*time.Millisecond)
	require.ErrorContains(t, <-ended, "signal: terminated")
	require.Less(t, time.Since(start), grace)
	require.Error(t, <-result)
}
