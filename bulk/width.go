package bulk

import "time"

// The numbers of the width.
const (
	firstWidth = 4
	worthwhile = 1.15 // times the throughput, for twice the calls at once
	widthHold  = 30 * time.Second
)

// width is how many calls there may be at once. It is one until a call was
// accepted, so that a run which cannot succeed ends after one call. Then it is
// doubled as long as that helps: while batches wait for nothing but a call to end,
// the throughput is measured over some rounds of calls, before and after. If there
// is not clearly more of it, the width goes back and stays so for a while, since
// more calls at once would only wait at the service.
type width struct {
	limit, most int
	before      float64 // calls a second with half the limit; 0: not known
	begun       time.Time
	calls       int
	hold        time.Time
	proven      bool // a call was accepted
}

func newWidth(most int) width { return width{limit: 1, most: most} }

// accepted notes a call that was accepted. Full says that batches wait only
// because the width does not let them be sent.
func (w *width) accepted(now time.Time, full bool) {
	w.proven = true
	if w.limit < min(firstWidth, w.most) {
		w.limit = min(firstWidth, w.most)
		return
	}
	if !full || w.limit == w.most || now.Before(w.hold) {
		w.begun, w.calls = time.Time{}, 0
		return
	}
	if w.begun.IsZero() {
		w.begun = now
		return
	}
	w.calls++
	elapsed := now.Sub(w.begun)
	if w.calls < 4*w.limit || elapsed < step {
		return
	}
	throughput := float64(w.calls) / elapsed.Seconds()
	w.begun, w.calls = time.Time{}, 0
	if throughput >= worthwhile*w.before {
		w.before = throughput
		w.limit = min(2*w.limit, w.most)
		return
	}
	w.before = 0
	w.limit = max(w.limit/2, min(firstWidth, w.most))
	w.hold = now.Add(widthHold)
}
