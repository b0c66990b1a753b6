package bench

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// programs are those in the folder of that name: what stands for a client, with
// fixed keys and with those that the default chain finds in the environment.
var programs = []struct{ keys, client, folder string }{
	{"none", plainName, "plain"},
	{"fixed", oursName, "ours"},
	{"all", oursName, "oursall"},
	{"fixed", publishedName, "published"},
	{"chain", oursName, "ourschain"},
	{"chain", publishedName, "publishedchain"},
}

// BenchmarkProgram measures the size of a program, stripped of its symbols, and
// how long it takes from its start over the first call to its end.
func BenchmarkProgram(b *testing.B) {
	dir := b.TempDir()
	for _, p := range programs {
		b.Run("keys="+p.keys+"/client="+p.client, func(b *testing.B) {
			binary := build(b, dir, p.folder)
			info, err := os.Stat(binary)
			require.NoError(b, err)
			var spent time.Duration
			for b.Loop() {
				spent += run(b, binary)
			}
			b.ReportMetric(float64(spent)/float64(b.N), "cpu-ns/op")
			b.ReportMetric(float64(info.Size()), "size-bytes")
		})
	}
}

func build(tb testing.TB, dir, folder string) string {
	tb.Helper()
	binary := filepath.Join(dir, folder)
	command := exec.CommandContext(tb.Context(), "go", "build", "-trimpath", "-buildvcs=false", "-ldflags=-s -w", "-o", binary, "./programs/"+folder)
	out, err := command.CombinedOutput()
	require.NoError(tb, err, string(out))
	return binary
}

// run runs a program and returns the time that processors spent on it.
func run(tb testing.TB, binary string) time.Duration {
	tb.Helper()
	command := exec.CommandContext(tb.Context(), binary)
	command.Env = append(os.Environ(), "ALIBABA_CLOUD_ACCESS_KEY_ID=id", "ALIBABA_CLOUD_ACCESS_KEY_SECRET=secret")
	out, err := command.CombinedOutput()
	require.NoError(tb, err, string(out))
	require.Contains(tb, string(out), " INFO call answer=")
	return command.ProcessState.UserTime() + command.ProcessState.SystemTime()
}
