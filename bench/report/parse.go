package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
)

// The units of the metrics that benchmarks report.
const (
	wallTime    = "ns/op"
	cpuTime     = "cpu-ns/op"
	bytesOf     = "B/op"
	allocations = "allocs/op"
	size        = "size-bytes"
)

// results are what the benchmarks of all rounds printed.
type results struct {
	machine map[string]string               // goos, goarch and cpu
	threads string                          // GOMAXPROCS
	samples map[string]map[string][]float64 // by benchmark and unit, in the order of the rounds
}

// parse reads the output of `go test -bench`. Other lines than those of results
// and of the machine are passed over.
func parse(in io.Reader) (*results, error) {
	r := &results{machine: make(map[string]string), samples: make(map[string]map[string][]float64)}
	lines := bufio.NewScanner(in)
	for lines.Scan() {
		line := lines.Text()
		if name, value, found := strings.Cut(line, ": "); found && slices.Contains([]string{"goos", "goarch", "cpu"}, name) {
			r.machine[name] = strings.TrimSpace(value)
		}
		fields := strings.Fields(line)
		if len(fields) < 4 || !strings.HasPrefix(fields[0], "Benchmark") {
			continue
		}
		if err := r.add(fields[0], fields[2:]); err != nil {
			return nil, fmt.Errorf("%q: %w", line, err)
		}
	}
	if err := lines.Err(); err != nil {
		return nil, err
	}
	if len(r.samples) == 0 {
		return nil, errors.New("there is no result of a benchmark on standard input; want the output of go test -bench")
	}
	return r, nil
}

// add takes one result: values and their units in turn.
func (r *results) add(name string, metrics []string) error {
	if i := strings.LastIndexByte(name, '-'); i > 0 {
		name, r.threads = name[:i], name[i+1:]
	}
	name = strings.TrimPrefix(name, "Benchmark")
	if r.samples[name] == nil {
		r.samples[name] = make(map[string][]float64)
	}
	for i := 0; i+1 < len(metrics); i += 2 {
		value, err := strconv.ParseFloat(metrics[i], 64)
		if err != nil {
			return err
		}
		unit := metrics[i+1]
		r.samples[name][unit] = append(r.samples[name][unit], value)
	}
	return nil
}

// median is that of one metric of a benchmark, and false if there is none.
func (r *results) median(name, unit string) (float64, bool) {
	return median(r.samples[name][unit])
}

// ratio is the median of the ratios within each round, in which the machine was
// as busy for the one as for the other.
func (r *results) ratio(above, below, unit string) (float64, bool) {
	a, b := r.samples[above][unit], r.samples[below][unit]
	var ratios []float64
	for i := range min(len(a), len(b)) {
		if b[i] != 0 {
			ratios = append(ratios, a[i]/b[i])
		}
	}
	return median(ratios)
}

// spread is how far the middle half of the samples is apart, as a part of the
// median.
func (r *results) spread(name, unit string) float64 {
	sorted := slices.Sorted(slices.Values(r.samples[name][unit]))
	middle, ok := median(sorted)
	if !ok || middle == 0 {
		return 0
	}
	return (sorted[3*(len(sorted)-1)/4] - sorted[(len(sorted)-1)/4]) / middle
}

func median(values []float64) (float64, bool) {
	if len(values) == 0 {
		return 0, false
	}
	sorted := slices.Sorted(slices.Values(values))
	n := len(sorted)
	return (sorted[(n-1)/2] + sorted[n/2]) / 2, true
}
