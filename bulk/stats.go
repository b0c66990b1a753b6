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
	Rate        float64 // calls that were accepted in the last second
	RateAllowed float64 // calls a second that are allowed now; 0: no limit is known
	InFlight    int     // calls that are being made, or wait for their time
	Width       int     // calls that may be made at once now
}

// Stats returns a snapshot, for a progress bar. It is safe for concurrent use.
func (x *Indexer) Stats() Stats {
	x.mu.Lock()
	defer x.mu.Unlock()
	s := Stats{Summary: x.summary, Open: int64(x.open), InFlight: x.working, Width: x.width.limit}
	s.Duration = x.duration()
	s.Rate, s.RateAllowed = x.pace.rates()
	return s
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
