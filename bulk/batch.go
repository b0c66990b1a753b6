package bulk

import (
	"fmt"
	"slices"
	"time"

	"github.com/imm-go/imm"
	"github.com/imm-go/imm/notify"
)

// batch is the files of one call, or of several where it has to be split. One
// goroutine has it at a time: the one that fills it, then the one that sends it.
// Once it was handed over to be reported, Indexer.mu guards it.
type batch struct {
	files  []imm.InputFile
	marks  []mark // what is known of each
	uris   map[string]struct{}
	cost   cost
	done   chan struct{} // closed when all of it is reported
	number int64         // in the order in which batches were begun
	aging  *time.Timer   // seals it
	slot   bool          // it counts as one of those in memory

	pieces  []piece   // that are still to be sent, the next one last
	due     time.Time // the earliest time for the next call
	resent  int
	tracked []tracked // calls that were accepted and are to be confirmed

	confirming bool // a goroutine of confirm has it
	queued     bool // to be reported
	telling    bool // OnResult is being called for some of it
	told       int  // files that were reported
}

// mark is what is known of one file of a batch.
type mark struct {
	position  string
	place     int64 // in the order of reading
	status    Status
	settled   bool // the status is final
	told      bool
	attempts  int
	err       error
	requestID string
	eventID   string
}

// piece is a part of a batch that one call sends: the files from lo to before hi.
type piece struct {
	lo, hi int
	// left says that the next piece is the other half of the one that was refused.
	// If this one is then accepted, what is wrong is in the other.
	left   bool
	guilty bool // so it need not be sent whole

	failures int       // calls in a row that the service could not take
	since    time.Time // the first of them; zero: there was none
	suspect  time.Time // when there were so many that something in it may be the reason
}

func (p piece) files() int { return p.hi - p.lo }

// tracked is a call that was accepted.
type tracked struct {
	piece
	messages *notify.Batch // nil with ByPolling
	time     time.Time     // it was made
}

func newBatch() *batch {
	return &batch{uris: make(map[string]struct{}), done: make(chan struct{})}
}

// takes reports whether a file fits.
func (b *batch) takes(f *imm.InputFile, m *mark, c cost, config *Config) bool {
	if len(b.files) == 0 {
		return true
	}
	if m.settled { // it is only to be reported
		return len(b.files) < config.BatchFiles
	}
	if len(b.files) >= config.BatchFiles || b.cost.request+c.request > config.BatchBytes {
		return false
	}
	if config.Notification != (imm.Notification{}) && b.cost.message+c.message > maxMessageBytes {
		return false
	}
	_, twice := b.uris[f.URI]
	return !twice
}

func (b *batch) add(f *imm.InputFile, m mark, c cost) {
	b.files = append(b.files, *f)
	b.marks = append(b.marks, m)
	if m.settled {
		return
	}
	b.cost.request += c.request
	b.cost.message += c.message
	b.uris[f.URI] = struct{}{}
}

// swap changes the places of two files.
func (b *batch) swap(i, j int) {
	b.files[i], b.files[j] = b.files[j], b.files[i]
	b.marks[i], b.marks[j] = b.marks[j], b.marks[i]
}

// arrange puts the files that are not settled before those that are, and makes one
// piece of them.
func (b *batch) arrange() {
	n := 0
	for i := range b.marks {
		if !b.marks[i].settled {
			b.swap(i, n)
			n++
		}
	}
	b.pieces = b.pieces[:0]
	if n > 0 {
		b.pieces = append(b.pieces, piece{hi: n})
	}
}

// settle gives the files of a piece that have no final status yet this one.
func (b *batch) settle(p piece, status Status, err error, requestID, eventID string) {
	for i := p.lo; i < p.hi; i++ {
		m := &b.marks[i]
		if m.settled {
			continue
		}
		m.status, m.settled, m.err = status, true, err
		if requestID != "" || eventID != "" {
			m.requestID, m.eventID = requestID, eventID
		}
	}
}

// giveUp settles a piece that is not sent any more. A file that was accepted before,
// and was to be sent again because no answer came, stays Accepted.
func (b *batch) giveUp(p piece, status Status, err error, requestID string) {
	unconfirmed := fmt.Errorf("bulk: %w: %w", ErrUnconfirmed, err)
	for i := p.lo; i < p.hi; i++ {
		at := piece{lo: i, hi: i + 1}
		if b.marks[i].status == Accepted {
			b.settle(at, Accepted, unconfirmed, "", "")
		} else {
			b.settle(at, status, err, requestID, "")
		}
	}
}

// untold reports whether there is something to report.
func (b *batch) untold() bool {
	return slices.ContainsFunc(b.marks, func(m mark) bool { return m.settled && !m.told })
}

// cut takes the files that are not settled out of a batch, and makes another one
// of them.
func (b *batch) cut() *batch {
	b.arrange()
	n := 0
	if len(b.pieces) > 0 {
		n = b.pieces[0].hi
	}
	rest := newBatch()
	rest.number, rest.resent = b.number, b.resent+1
	for i := range n {
		rest.add(&b.files[i], b.marks[i], cost{})
	}
	b.files, b.marks, b.pieces = b.files[n:], b.marks[n:], b.pieces[:0]
	return rest
}

// split replaces a piece that was refused by its halves.
func (b *batch) split(p piece) {
	middle := p.lo + p.files()/2
	b.pieces = append(b.pieces, piece{lo: middle, hi: p.hi}, piece{lo: p.lo, hi: middle, left: true})
}

// halve replaces a piece by its halves. If the service cannot take one of them
// either, it is suspect at once.
func (b *batch) halve(p piece) {
	middle := p.lo + p.files()/2
	b.pieces = append(b.pieces,
		piece{lo: middle, hi: p.hi, since: p.since, suspect: p.suspect},
		piece{lo: p.lo, hi: middle, since: p.since, suspect: p.suspect})
}

// accused tells the other half of an accepted piece that the fault is there.
func (b *batch) accused(p piece) {
	if p.left && len(b.pieces) > 0 {
		b.pieces[len(b.pieces)-1].guilty = true
	}
}

// reset makes an empty batch of one that is reported, to be filled again.
func (b *batch) reset() {
	clear(b.files) // what they hold can be collected
	clear(b.marks)
	clear(b.tracked)
	clear(b.uris)
	*b = batch{files: b.files[:0], marks: b.marks[:0], uris: b.uris, pieces: b.pieces[:0], tracked: b.tracked[:0], done: make(chan struct{})}
}
