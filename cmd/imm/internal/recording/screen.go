package main

import (
	"slices"
	"strconv"
	"strings"
)

// screen is what is to be seen at a terminal that goes on without end. It knows
// what a bar needs: going up some lines, and clearing what is below.
type screen struct {
	lines   []string // the last one has no end yet
	escape  string   // that is not complete
	redrawn int      // the line from which on the bar was drawn last
}

func (s *screen) write(data []byte) {
	for _, r := range string(data) {
		s.put(r)
	}
}

func (s *screen) put(r rune) {
	if len(s.lines) == 0 {
		s.lines = []string{""}
	}
	last := len(s.lines) - 1
	switch {
	case s.escape != "" || r == '\x1b':
		s.escape += string(r)
		if r != '\x1b' && r != '[' && (r < '0' || r > '9') {
			s.command(s.escape)
			s.escape = ""
		}
	case r == '\n':
		s.lines = append(s.lines, "")
	case r == '\r':
	default:
		s.lines[last] += string(r)
	}
}

// command moves up by some lines, whose text the bar writes anew.
func (s *screen) command(escape string) {
	number, up := strings.CutSuffix(strings.TrimPrefix(escape, "\x1b["), "A")
	if n, err := strconv.Atoi(number); up && err == nil {
		keep := max(0, len(s.lines)-1-n)
		s.redrawn = keep
		s.lines = append(s.lines[:keep], "")
	}
}

func (s *screen) last() string {
	if len(s.lines) == 0 {
		return ""
	}
	return s.lines[len(s.lines)-1]
}

// keep leaves the bar as it is now, under a title. What is drawn anew is below it.
func (s *screen) keep(title string) {
	bar := slices.Clone(s.lines[s.redrawn : len(s.lines)-1]) // behind it the next line begins
	if s.redrawn == 0 || len(bar) == 0 || bar[0] == "" {
		return // there is no bar
	}
	s.above(append([]string{"", title}, bar...)...)
}

// above puts lines above the bar.
func (s *screen) above(lines ...string) {
	s.lines = slices.Insert(s.lines, s.redrawn, lines...)
	s.redrawn += len(lines)
}

func (s *screen) text() string {
	var lines []string
	for _, line := range s.lines {
		for len(line) > columns { // nothing here is wider than its bytes
			lines, line = append(lines, line[:columns]), line[columns:]
		}
		lines = append(lines, strings.TrimRight(line, " "))
	}
	return strings.TrimRight(strings.Join(lines, "\n"), "\n") + "\n"
}
