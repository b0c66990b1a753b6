package main

import (
	"encoding/xml"
	"errors"
	"io"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// output is two rounds, with what else go test prints among them.
const output = `goos: linux
goarch: amd64
pkg: github.com/imm-go/imm/bench
cpu: Some Processor
BenchmarkGetBinding/client=ours-2         	  100	      1000 ns/op	      2000 cpu-ns/op	    30 B/op	      3 allocs/op
BenchmarkGetBinding/client=published-2    	  100	     10000 ns/op	     30000 cpu-ns/op	   300 B/op	     30 allocs/op
BenchmarkGetBinding/client=plain-2        	  100	      4000 ns/op	      4000 cpu-ns/op	   100 B/op	     10 allocs/op
BenchmarkProgram/keys=none/client=plain-2 	  10	   1000000 ns/op	   2000000 cpu-ns/op	   1000 size-bytes
BenchmarkProgram/keys=fixed/client=ours-2 	  10	   1000000 ns/op	   2000000 cpu-ns/op	   1040 size-bytes
BenchmarkGrowthFiles/files=1/client=ours-2 	  10	   1000 ns/op	   1000 cpu-ns/op
BenchmarkGrowthFiles/files=100/client=ours-2 	  10	   1000 ns/op	   5000 cpu-ns/op
PASS
ok  	github.com/imm-go/imm/bench	5.316s
BenchmarkGetBinding/client=ours-2         	  100	      2000 ns/op	      2000 cpu-ns/op	    30 B/op	      3 allocs/op
BenchmarkGetBinding/client=published-2    	  100	     40000 ns/op	     30000 cpu-ns/op	   300 B/op	     30 allocs/op
BenchmarkGetBinding/client=plain-2        	  100	      4000 ns/op	      4000 cpu-ns/op	   100 B/op	     10 allocs/op
`

func TestRatiosAreMediansOverTheRounds(t *testing.T) {
	t.Parallel()
	r, err := parse(strings.NewReader(output))
	require.NoError(t, err)
	require.Equal(t, map[string]string{"goos": "linux", "goarch": "amd64", "cpu": "Some Processor"}, r.machine)
	require.Equal(t, "2", r.threads)
	require.Equal(t, 2, r.rounds())
	ratio, ok := r.ratio("GetBinding/client=published", "GetBinding/client=ours", wallTime)
	require.True(t, ok)
	require.InDelta(t, 15.0, ratio, 1e-9, "10 in one round and 20 in the other")
	_, ok = r.ratio("GetBinding/client=published", "GetBinding/client=nobody", wallTime)
	require.False(t, ok)

	text := tables(r)
	require.Contains(t, text, "| GetBinding | 15.00 (15.00) | 10 or more |  | 0.38 (0.50) | 0.8 or less | 3 |  |\n")
	require.Contains(t, text, "| GetBinding | ours | 1.5 | 2.0 | 30 | 3 | 0 % |\n")
	require.Contains(t, text, "| ours, fixed keys, one call | 1040 | +4.0 % | 1.00 | 2.00 | 0 % |\n")
	require.Contains(t, text, "From 1 to 100 files, a call of ours takes 5.00 times the processor time.\n")
	require.NotContains(t, text, "SimpleQuery", "what was not measured is not in the tables")
}

func TestAFigureThatVariesIsCalledNoisy(t *testing.T) {
	t.Parallel()
	r := &results{samples: map[string]map[string][]float64{
		"steady": {wallTime: {100, 101, 99, 100, 100}},
		"noisy":  {wallTime: {100, 150, 90, 130, 80}},
	}}
	require.Equal(t, "0 %", r.noise("steady"))
	require.Equal(t, "**40 %**", r.noise("noisy"))
}

func TestWhatIsNoOutputOfBenchmarksIsRefused(t *testing.T) {
	t.Parallel()
	for _, in := range []string{"", "PASS\nok x 1s\n", "Benchmark\n", "BenchmarkA-2 100 fast ns/op\n"} {
		_, err := parse(strings.NewReader(in))
		require.Error(t, err, "%q", in)
	}
}

func TestTheTablesTakeTheirPlaceInThePage(t *testing.T) {
	t.Parallel()
	page, err := replace("before\n"+begin+"old\n"+end+"after\n", "new\n")
	require.NoError(t, err)
	require.Equal(t, "before\n"+begin+"new\n"+end+"after\n", page)
	for _, page := range []string{"", begin, end, end + begin} {
		_, err := replace(page, "new\n")
		require.Error(t, err, "%q", page)
	}
}

func TestThePageOfTheRepositoryHasAPlaceForTheTables(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile("../../docs/performance.md")
	require.NoError(t, err)
	_, err = replace(string(page), "")
	require.NoError(t, err)
}

func TestThePictureIsXMLWithALineForEachClientThatWasMeasured(t *testing.T) {
	t.Parallel()
	r, err := parse(strings.NewReader(output))
	require.NoError(t, err)
	picture := draw(r)
	lines := 0
	for decoder := xml.NewDecoder(strings.NewReader(picture)); ; {
		token, err := decoder.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		require.NoError(t, err)
		if start, ok := token.(xml.StartElement); ok && start.Name.Local == "polyline" {
			lines++
		}
	}
	require.Equal(t, 2, lines, "ours and what would be proportional")
}
