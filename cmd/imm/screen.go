package main

import (
	"fmt"
	"io"
	"strings"
	"sync"
	"time"

	"github.com/vbauerster/mpb/v8"
	"github.com/vbauerster/mpb/v8/decor"
)

// lineTime is how often a run that nobody watches writes a line.
const lineTime = 10 * time.Second

// refreshTime is how often a bar is drawn.
const refreshTime = 200 * time.Millisecond

// screen shows how a run goes: by a bar at a terminal, and else by a line from time
// to time.
type screen struct {
	p     *program
	meter *meter

	mu     sync.Mutex
	begun  bool
	ended  chan struct{} // closed by end
	shown  sync.WaitGroup
	above  io.Writer // writes above the bar
	closed bool
}

func (p *program) follow(m *meter) *screen {
	return &screen{p: p, meter: m, ended: make(chan struct{}), above: p.err}
}

// begin shows something from now on. Before, somebody may be asked.
func (s *screen) begin() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.begun || s.closed {
		return
	}
	s.begun = true
	s.meter.read() // from where the speed is taken
	if s.p.errTerminal {
		s.bar()
	} else {
		s.shown.Go(s.lines)
	}
}

// say writes a sentence while the run is shown.
func (s *screen) say(sentence string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.begun && !s.closed {
		fmt.Fprintln(s.above, sentence)
	}
}

// line writes a line in any case: above the bar, if there is one.
func (s *screen) line(text string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.begun && !s.closed {
		fmt.Fprintln(s.above, text)
	} else {
		fmt.Fprintln(s.p.err, text)
	}
}

// end shows the run for the last time.
func (s *screen) end() {
	s.mu.Lock()
	if !s.closed {
		s.closed = true
		close(s.ended)
	}
	s.mu.Unlock()
	s.shown.Wait()
}

func (s *screen) lines() {
	ticker := time.NewTicker(lineTime)
	defer ticker.Stop()
	for {
		select {
		case <-s.ended:
			return
		case <-ticker.C:
			r := s.meter.read()
			fmt.Fprintln(s.p.err, strings.Join(append([]string{r.progress()}, r.details(lineReason)...), ", "))
		}
	}
}

// bar shows a bar, and below it what goes on. The caller holds s.mu.
func (s *screen) bar() {
	container := mpb.New(mpb.WithOutput(s.p.err), mpb.ForceTTY(), mpb.WithRefreshRate(refreshTime))
	var now reading // of the frame that is being drawn, which begins with progress
	bar := container.New(0, mpb.BarStyle().Filler("=").Tip(">").Padding(" "),
		mpb.PrependDecorators(decor.Any(func(decor.Statistics) string {
			now = s.meter.read()
			return now.progress()
		})),
		mpb.BarFillerMiddleware(func(filler mpb.BarFiller) mpb.BarFiller {
			return mpb.BarFillerFunc(func(w io.Writer, at decor.Statistics) error {
				at.Current, at.Total = now.done, max(now.expected, 1)
				if now.expected < 0 {
					at.Current = 0
				}
				return filler.Fill(w, at)
			})
		}),
		mpb.AppendDecorators(decor.Any(func(decor.Statistics) string { return now.percent() })),
		mpb.BarBtmExtender(mpb.BarFillerFunc(func(w io.Writer, at decor.Statistics) error {
			_, err := fmt.Fprintln(w, fitting(now.details(barReason), at.AvailableWidth))
			return err
		})))
	s.above = container
	s.shown.Go(func() {
		<-s.ended
		bar.Abort(false) // the last frame stays
		container.Wait()
	})
}

// fitting joins as many of the texts as there is room for. A line that is too long
// would break the bar.
func fitting(texts []string, width int) string {
	line := ""
	for i, next := range texts {
		if i > 0 {
			next = ", " + next
		}
		if len(line)+len(next) > width {
			break
		}
		line += next
	}
	return line
}

// progress is how far a run is.
func (r reading) progress() string {
	if r.expected < 0 {
		return count(r.done, "file")
	}
	return grouped(r.done) + " of " + count(r.expected, "file")
}

func (r reading) percent() string {
	switch {
	case r.expected < 0:
		return ""
	case r.expected == 0:
		return "100 %"
	}
	return fmt.Sprintf("%d %%", 100*min(r.done, r.expected)/r.expected)
}

// So much of the reason for an outage is shown, in characters: at a terminal of 80
// columns the rest of the sentence has to have room, too.
const (
	barReason  = 36
	lineReason = 300
)

// details are what else there is to say, what matters first: a terminal may be too
// narrow for all.
func (r reading) details(mostReason int) (details []string) {
	if r.outage.goesOn() {
		details = append(details, r.outage.sentence(mostReason))
	}
	if r.Awaited > 0 {
		details = append(details, fmt.Sprintf("%s indexed, %s awaited, gives up at %s", grouped(r.Indexed), grouped(r.Awaited), r.AwaitedUntil.Format("15:04")))
	}
	allowed := ""
	if r.RateAllowed > 0 {
		allowed = fmt.Sprintf(" of %.0f", r.RateAllowed)
	}
	details = append(details, grouped(int64(r.speed))+" files/s")
	if r.Batches > 0 || r.RateAllowed > 0 { // a collector and a planner send none
		details = append(details, fmt.Sprintf("%.0f%s requests/s", r.Rate, allowed), grouped(r.Throttled)+" throttled")
	}
	details = append(details, grouped(r.Failed)+" failed")
	if r.left >= 0 {
		details = append(details, r.left.Round(time.Second).String()+" left")
	}
	return append(details, grouped(r.Open)+" under way")
}
