package bulk

import "time"

// Summary counts what became of the files. Once a run is over, Added is the sum
// of Accepted, Indexed, Failed and Unsent.
type Summary struct {
	Added    int64 // files that went in; each gets one of the four outcomes
	Accepted int64 // by the service, and not more is known
	Indexed  int64
	Failed   int64
	Unsent   int64
	Skipped  int64 // items that an earlier run had done; they are not among Added

	Batches   int64         // calls of BatchIndexFileMeta, parts of split batches and batches sent again included
	Requests  int64         // that these calls sent, with the repeats of the client
	Throttled int64         // calls that were throttled even after the repeats of the client
	Duration  time.Duration // since the first file, or since the run began
}

// Stats is how a run is going.
type Stats struct {
	Summary             // so far
	Open        int64   // files that were added and have no outcome yet
	Rate        float64 // calls that were accepted in the last second, questions of ByPolling included
	RateAllowed float64 // calls a second that are allowed now, with a Pacer to all who share it; 0: no limit is known
	InFlight    int     // calls that are being made, or wait for their time
	Width       int     // calls that may be made at once now

	// LastError is of the last call, and FailingSince the time of the first of those
	// in a row that the service could not take. Both are zero while it answers.
	LastError    error
	FailingSince time.Time

	// Awaited are the files that were accepted and are not confirmed yet, and
	// AwaitedUntil is when the first of them are given up. Both are zero if there are
	// none.
	Awaited      int64
	AwaitedUntil time.Time
}

// Stats returns a snapshot, for a progress bar. It is safe for concurrent use.
func (x *Indexer) Stats() Stats {
	accepted, allowed := x.rates()
	x.mu.Lock()
	defer x.mu.Unlock()
	s := Stats{Summary: x.summary, Open: int64(x.unreported), InFlight: x.working, Width: x.width.limit}
	s.LastError, s.FailingSince = x.breaker.err, x.breaker.since
	s.Duration = x.duration()
	s.Rate, s.RateAllowed = accepted, allowed
	for b := range x.live {
		if b.confirming {
			s.await(b, x.config.ConfirmWithin)
		}
	}
	return s
}

// await counts the files of a batch that wait for a confirmation.
func (s *Stats) await(b *batch, within time.Duration) {
	for _, t := range b.tracked {
		open := int64(0)
		for i := t.lo; i < t.hi; i++ {
			if !b.marks[i].settled {
				open++
			}
		}
		s.Awaited += open
		if end := t.time.Add(within); open > 0 && (s.AwaitedUntil.IsZero() || end.Before(s.AwaitedUntil)) {
			s.AwaitedUntil = end
		}
	}
}

// duration is how long the run has taken, or took. The caller holds x.mu.
func (x *Indexer) duration() time.Duration {
	switch {
	case x.begun.IsZero():
		return 0
	case x.phase == phaseOver:
		return x.summary.Duration
	}
	return time.Since(x.begun)
}
