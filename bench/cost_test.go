package bench

import (
	"maps"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// cost is what a call of ours allocates.
type cost struct{ allocations, bytes int }

// costs are exact but for the version of Go and of the standard library: what
// makes a call cheaper or dearer shows here, on every machine. A batch costs the
// same number of allocations whatever is in it, and four more as a form.
var costs = map[string]cost{
	"BatchIndexFileMeta/files=1":   {20, 2797},
	"BatchIndexFileMeta/files=10":  {20, 4302},
	"BatchIndexFileMeta/files=100": {24, 4055},
	"GrowthFiles/files=2":          {20, 2930},
	"GrowthFiles/files=50":         {20, 10732},
	"GrowthLabels/labels=0":        {20, 3517},
	"GrowthLabels/labels=20":       {20, 10742},
	"GrowthLabels/labels=50":       {24, 4295},
	"GetBinding":                   {27, 2934},
	"SimpleQuery/files=100":        {10659, 1906578},
}

// The benchmarks run in a process of their own: the race detector, with which
// tests run, allocates itself. One processor and no collection make the figures
// the same in each run.
func TestACallAllocatesWhatItDidBefore(t *testing.T) {
	t.Parallel()
	measured := allocated(t, "^Benchmark(BatchIndexFileMeta|SimpleQuery|GrowthFiles|GrowthLabels)$/./client=ours")
	maps.Copy(measured, allocated(t, "^BenchmarkGetBinding$/client=ours"))
	for name, want := range costs {
		got := measured[name]
		require.Equal(t, want.allocations, got.allocations, name)
		require.InEpsilon(t, want.bytes, got.bytes, 0.01, name)
	}
}

// allocated runs benchmarks of ours.
func allocated(t *testing.T, benchmarks string) map[string]cost {
	t.Helper()
	command := exec.CommandContext(t.Context(), "go", "test", "-run", "^$", "-benchtime", "100x", "-cpu", "1", "-bench", benchmarks, ".")
	command.Env = append(os.Environ(), "GOGC=off")
	out, err := command.CombinedOutput()
	require.NoError(t, err, string(out))
	costs := make(map[string]cost)
	for line := range strings.Lines(string(out)) {
		fields := strings.Fields(line)
		name, isResult := strings.CutPrefix(line, "Benchmark")
		if !isResult {
			continue
		}
		name, _, found := strings.Cut(name, "/client=ours")
		require.True(t, found, line)
		n := len(fields)
		require.Equal(t, []string{"B/op", "allocs/op"}, []string{fields[n-3], fields[n-1]}, line)
		bytes, err := strconv.Atoi(fields[n-4])
		require.NoError(t, err)
		allocations, err := strconv.Atoi(fields[n-2])
		require.NoError(t, err)
		costs[name] = cost{allocations, bytes}
	}
	return costs
}
