package main

import (
	"errors"
	"fmt"
	"runtime"
	"strings"
)

// The marks between which the tables stand in the page.
const (
	begin = "<!-- begin of what bench/report writes -->\n"
	end   = "<!-- end of what bench/report writes -->\n"
)

// work is a row of the table of ratios, with what is wanted of it.
type work struct {
	name, benchmark string
	published       float64 // published ÷ ours, at least
	plain           float64 // ours ÷ plain, at most
	allocations     float64 // of ours, at most; 0: as many as it takes
}

var works = []work{
	{"BatchIndexFileMeta, 1 file", "BatchIndexFileMeta/files=1", 15, 0.65, 30},
	{"BatchIndexFileMeta, 10 files", "BatchIndexFileMeta/files=10", 0, 0, 0},
	{"BatchIndexFileMeta, 100 files", "BatchIndexFileMeta/files=100", 13, 0.4, 35},
	{"GetBinding", "GetBinding", 10, 0.8, 0},
	{"SimpleQuery, a page of 100 rich files", "SimpleQuery/files=100", 3, 0.6, 0},
	{"64 goroutines over loopback TLS", "LoopbackTLS/goroutines=64", 1.5, 1, 0},
	{"10,000 files by package bulk", "Bulk/files=10000", 0, 0, 0},
}

var clients = []string{"ours", "published", "core", "plain"}

// noisy is the spread from which on a figure is called so.
const noisy = 0.1

func tables(r *results) string {
	var b strings.Builder
	fmt.Fprintf(&b, "Measured on %s/%s, %s, GOMAXPROCS %s, %s, medians of %d rounds.\n\n",
		r.machine["goos"], r.machine["goarch"], r.machine["cpu"], r.threads, runtime.Version(), r.rounds())
	ratios(&b, r)
	figures(&b, r)
	programs(&b, r)
	growth(&b, r)
	return b.String()
}

func (r *results) rounds() int {
	most := 0
	for _, metrics := range r.samples {
		most = max(most, len(metrics[wallTime]))
	}
	return most
}

func ratios(b *strings.Builder, r *results) {
	b.WriteString("| work | published ÷ ours | wanted | core ÷ ours | ours ÷ plain | wanted | allocations | wanted |\n|---|---|---|---|---|---|---|---|\n")
	for _, w := range works {
		ours := w.benchmark + "/client=ours"
		if _, ok := r.median(ours, wallTime); !ok {
			continue
		}
		count, _ := r.median(ours, allocations)
		fmt.Fprintf(b, "| %s | %s | %s | %s | %s | %s | %.0f | %s |\n", w.name,
			r.both(w.benchmark+"/client=published", ours), wanted("%g or more", w.published),
			r.both(w.benchmark+"/client=core", ours),
			r.both(ours, w.benchmark+"/client=plain"), wanted("%g or less", w.plain),
			count, wanted("%g or fewer", w.allocations))
	}
	b.WriteString("\nRatios are of the time of a call and, in brackets, of the processor time.\n\n")
}

func (r *results) both(above, below string) string {
	wall, ok := r.ratio(above, below, wallTime)
	if !ok {
		return ""
	}
	cpu, ok := r.ratio(above, below, cpuTime)
	if !ok {
		return fmt.Sprintf("%.2f", wall)
	}
	return fmt.Sprintf("%.2f (%.2f)", wall, cpu)
}

func wanted(form string, value float64) string {
	if value == 0 {
		return ""
	}
	return fmt.Sprintf(form, value)
}

func figures(b *strings.Builder, r *results) {
	b.WriteString("| work | client | time, µs | processor, µs | bytes | allocations | noise |\n|---|---|---|---|---|---|---|\n")
	for _, w := range works {
		for _, client := range clients {
			name := w.benchmark + "/client=" + client
			wall, ok := r.median(name, wallTime)
			if !ok {
				continue
			}
			cpu, _ := r.median(name, cpuTime)
			memory, _ := r.median(name, bytesOf)
			count, _ := r.median(name, allocations)
			fmt.Fprintf(b, "| %s | %s | %.1f | %.1f | %.0f | %.0f | %s |\n", w.name, client, wall/1e3, cpu/1e3, memory, count, r.noise(name))
		}
	}
	fmt.Fprintf(b, "\nNoise is how far the middle half of the rounds is apart in time, and **bold** from %.0f %% on.\n\n", 100*noisy)
}

func (r *results) noise(name string) string {
	spread := r.spread(name, wallTime)
	if spread >= noisy {
		return fmt.Sprintf("**%.0f %%**", 100*spread)
	}
	return fmt.Sprintf("%.0f %%", 100*spread)
}

func programs(b *strings.Builder, r *results) {
	const base = "Program/keys=none/client=plain"
	plain, ok := r.median(base, size)
	if !ok {
		return
	}
	b.WriteString("| program | size, bytes | over plain | from start to end, ms | processor, ms | noise |\n|---|---|---|---|---|---|\n")
	for _, p := range []struct{ name, benchmark string }{
		{"net/http, encoding/json, log/slog", base},
		{"ours, fixed keys, one call", "Program/keys=fixed/client=ours"},
		{"ours, fixed keys, all calls around an index", "Program/keys=all/client=ours"},
		{"published core, fixed keys, one call", "Program/keys=fixed/client=published"},
		{"ours, default chain, one call", "Program/keys=chain/client=ours"},
		{"published core, default chain, one call", "Program/keys=chain/client=published"},
	} {
		bytes, ok := r.median(p.benchmark, size)
		if !ok {
			continue
		}
		wall, _ := r.median(p.benchmark, wallTime)
		cpu, _ := r.median(p.benchmark, cpuTime)
		fmt.Fprintf(b, "| %s | %.0f | %+.1f %% | %.2f | %.2f | %s |\n", p.name, bytes, 100*(bytes/plain-1), wall/1e6, cpu/1e6, r.noise(p.benchmark))
	}
	b.WriteString("\nWanted: +4 % or less for one call of ours.\n\n")
}

// growth says how cost grows from the least to the most.
func growth(b *strings.Builder, r *results) {
	for _, p := range panels {
		points := p.points(r, "ours")
		if len(points) < 2 {
			continue
		}
		first, last := points[0], points[len(points)-1]
		fmt.Fprintf(b, "- From %g to %g %s, a call of ours takes %.2f times the processor time.\n", first.x, last.x, p.unit, last.y/first.y)
	}
}

// replace puts the tables into the page.
func replace(page, text string) (string, error) {
	before, rest, ok := strings.Cut(page, begin)
	_, after, closed := strings.Cut(rest, end)
	if !ok || !closed {
		return "", errors.New("the lines between which the tables stand are not there: " + strings.TrimSpace(begin) + " and " + strings.TrimSpace(end))
	}
	return before + begin + text + end + after, nil
}
