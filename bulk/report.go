package bulk

import (
	"fmt"
	"slices"
)

// groupSize is how many batches are recorded at once, at most.
const groupSize = 32

// reportRoom is what reporting needs again and again. The goroutine that reports
// has it.
type reportRoom struct {
	group   []*batch
	results []Result
	record  []Result // those that the journal gets
	covered []string
}

// handOver gives a batch to the goroutine that reports, if there is news of it.
// The caller holds x.mu.
func (x *Indexer) handOver(b *batch) {
	if b.queued || !b.untold() {
		return
	}
	b.queued = true
	x.news = append(x.news, b)
	if !x.reporting {
		x.reporting = true
		go x.tell()
	}
}

// tell reports the outcomes that are final. There is one goroutine of it at a time,
// as long as there is something to tell.
func (x *Indexer) tell() {
	room := &x.report
	x.mu.Lock()
	defer x.mu.Unlock()
	for len(x.news) > 0 {
		n := min(groupSize, len(x.news))
		room.group = append(room.group[:0], x.news[:n]...)
		x.news = slices.Delete(x.news, 0, n)
		room.results = x.collect(room.results[:0], room.group)
		results := room.results
		progress := Progress{Results: results}
		progress.After, room.covered = x.order.advance(room.covered[:0])
		progress.Covered = room.covered
		onResult := x.onResult
		x.mu.Unlock()

		x.record(progress)
		x.observeResults(results)
		if onResult != nil {
			for _, r := range results {
				onResult(x.records, r)
			}
		}

		x.mu.Lock()
		x.count(results)
		clear(results) // what they hold can be collected
		clear(x.report.record)
		for _, b := range room.group {
			b.telling = false
			x.finished(b)
		}
		if x.phase == phaseClosing {
			x.seal() // what OnResult added
		}
	}
	x.reporting = false
}

// collect appends the results of the batches that were not told yet. The caller
// holds x.mu.
func (x *Indexer) collect(results []Result, group []*batch) []Result {
	for _, b := range group {
		b.queued, b.telling = false, true
		for i := range b.marks {
			m := &b.marks[i]
			if !m.settled || m.told {
				continue
			}
			m.told = true
			b.told++
			if x.config.Journal != nil && m.status != Unsent {
				x.order.done(m.place)
			}
			results = append(results, Result{
				File: b.files[i], Position: m.position, Status: m.status, Err: m.err,
				RequestID: m.requestID, EventID: m.eventID, Attempts: m.attempts,
			})
		}
	}
	return results
}

// record makes progress durable before it is reported. What cannot be recorded
// will be sent again by the next run, and so it is Unsent in this one.
func (x *Indexer) record(progress Progress) {
	if x.config.Journal == nil {
		return
	}
	results := progress.Results
	if x.unrecorded == nil {
		// An Unsent file is none of the journal's business.
		x.report.record = append(x.report.record[:0], results...)
		progress.Results = slices.DeleteFunc(x.report.record, func(r Result) bool { return r.Status == Unsent })
		if len(progress.Results) == 0 && progress.After == "" {
			return
		}
		err := x.config.Journal.Record(x.records, progress)
		if err == nil {
			return
		}
		x.unrecorded = fmt.Errorf("the journal could not record what was done: %w", err)
		x.halt(x.unrecorded)
	}
	for i := range results {
		if r := &results[i]; r.Status != Unsent {
			r.Err = fmt.Errorf("bulk: it was %v, but %w", r.Status, x.unrecorded)
			r.Status = Unsent
		}
	}
}

// count takes results into the summary. The caller holds x.mu.
func (x *Indexer) count(results []Result) {
	for i := range results {
		switch results[i].Status {
		case Unsent:
			x.summary.Unsent++
		case Accepted:
			x.summary.Accepted++
		case Indexed:
			x.summary.Indexed++
		case Failed:
			x.summary.Failed++
		}
	}
	x.unreported -= len(results)
}

// finished ends a batch of which everything was told. The caller holds x.mu.
func (x *Indexer) finished(b *batch) {
	if b.told < len(b.files) || b.confirming || b.telling {
		return
	}
	delete(x.live, b)
	close(b.done)
	x.release(b)
	if len(x.free) < x.config.Concurrency+2 {
		b.reset()
		x.free = append(x.free, b)
	}
}

// recordRest records that the end of the list was done before.
func (x *Indexer) recordRest() {
	x.mu.Lock()
	after, covered := x.order.advance(nil)
	x.mu.Unlock()
	x.record(Progress{After: after, Covered: covered})
}
