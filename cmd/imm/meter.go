package main

import (
	"sync"
	"time"

	"github.com/imm-go/imm/bulk"
)

// speedTime is over how long the speed of a run is taken: long enough not to jump,
// and short enough to show that something changed.
const speedTime = 15 * time.Second

// meter reads how a run goes.
type meter struct {
	stats func() bulk.Stats

	mu       sync.Mutex
	expected int64 // files in all; below zero: not known
	marks    []mark
	batches  int64     // calls that had ended
	heard    time.Time // when one did for the last time, or none was made
}

// mark is how far a run was at a time.
type mark struct {
	at   time.Time
	done int64
}

func newMeter(stats func() bulk.Stats) *meter { return &meter{stats: stats, expected: -1} }

// expect says how many files there are in all.
func (m *meter) expect(files int64) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.expected = files
}

// reading is how a run goes.
type reading struct {
	bulk.Stats

	done     int64
	expected int64         // below zero: not known
	speed    float64       // files a second
	left     time.Duration // below zero: not known
	outage   outage
}

// read is for one goroutine at a time, and more than twice a second shows no more.
func (m *meter) read() reading {
	r := reading{Stats: m.stats(), left: -1}
	now := time.Now()
	r.done = r.Accepted + r.Indexed + r.Failed + r.Unsent
	m.mu.Lock()
	defer m.mu.Unlock()
	r.expected = m.expected
	if len(m.marks) == 0 {
		m.marks = append(m.marks, mark{now, r.done})
	}
	for len(m.marks) > 1 && now.Sub(m.marks[1].at) >= speedTime {
		m.marks = m.marks[1:]
	}
	if since := now.Sub(m.marks[0].at); since > 0 {
		r.speed = float64(r.done-m.marks[0].done) / since.Seconds()
	}
	if last := m.marks[len(m.marks)-1]; now.Sub(last.at) >= time.Second {
		m.marks = append(m.marks, mark{now, r.done})
	}
	r.outage = m.silence(r.Stats, now)
	// What is awaited has its own end, and an outage has none that is known.
	if r.expected >= 0 && r.speed > 0 && !r.outage.goesOn() && (r.Awaited == 0 || r.Awaited < r.Open) {
		seconds := float64(max(0, r.expected-r.done)) / r.speed
		if seconds < float64(100*365*24*time.Hour/time.Second) {
			r.left = time.Duration(seconds * float64(time.Second))
		}
	}
	return r
}
