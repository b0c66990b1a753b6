package natsbulk

import (
	"encoding/json"

	"github.com/imm-go/imm/bulk"
)

// Counts is what became of the files of which an outcome is stored.
type Counts struct {
	Accepted    int64 // by the service, and not more is known
	Indexed     int64
	Failed      int64
	Unconfirmed int64 // of those accepted: a confirmation was asked for, and did not come
	// Twice is how many more outcomes there were of files that had one: a worker died
	// between the call and its acknowledgement, and another one sent the files again.
	Twice int64
}

// tally counts outcomes, the first one of each file. It depends on nothing but the
// messages of the stream of results in their order, so that every collector that has
// read as far comes to the same.
type tally struct {
	UpTo    uint64 // sequence of the stream of results
	Done    []byte // spans
	Partial map[uint64]*partial
	// Stale are failures of files that had an outcome before, in the order of their
	// sequences. They are to be deleted, and count as deleted.
	Stale []uint64 `json:",omitempty"`
	Counts

	done spans
}

// partial is a batch of which some files have an outcome.
type partial struct {
	Size int
	Left int
	Seen []byte // a bit for each file
}

// readTally reads a tally that a collector has stored.
func readTally(data []byte) (*tally, error) {
	t := new(tally)
	if err := json.Unmarshal(data, t); err != nil {
		return nil, err
	}
	var err error
	t.done, err = parseSpans(t.Done)
	return t, err
}

func (t *tally) bytes() ([]byte, error) {
	t.Done = t.done.bytes()
	return json.Marshal(t)
}

// add counts the outcomes of a message that are the first ones of their files, and
// returns how many those are.
func (t *tally) add(sequence uint64, m *outcomes) (fresh int) {
	t.UpTo = sequence
	for i := range m.Files {
		if t.isFirst(m, m.Files[i].Index) {
			fresh++
			t.count(&m.Files[i])
		} else {
			t.Twice++
		}
	}
	return fresh
}

func (t *tally) isFirst(m *outcomes, index int) bool {
	if t.done.has(m.Batch) {
		return false
	}
	p := t.Partial[m.Batch]
	if p == nil {
		p = &partial{Size: m.Size, Left: m.Size, Seen: make([]byte, (m.Size+7)/8)}
		if t.Partial == nil {
			t.Partial = make(map[uint64]*partial)
		}
		t.Partial[m.Batch] = p
	}
	if index >= p.Size || p.Seen[index/8]&(1<<(index%8)) != 0 {
		return false
	}
	p.Seen[index/8] |= 1 << (index % 8)
	if p.Left--; p.Left == 0 {
		delete(t.Partial, m.Batch)
		t.done = t.done.with(m.Batch)
	}
	return true
}

func (t *tally) count(f *outcome) {
	switch status, _ := statusOf(f.Status); status {
	case bulk.Accepted:
		t.Accepted++
		if f.Error != "" {
			t.Unconfirmed++
		}
	case bulk.Indexed:
		t.Indexed++
	case bulk.Failed:
		t.Failed++
	}
}

// knows reports whether a file of a batch has an outcome.
func (t *tally) knows(batch uint64, index int) bool {
	if p := t.Partial[batch]; p != nil && index < p.Size {
		return p.Seen[index/8]&(1<<(index%8)) != 0
	}
	return t.done.has(batch)
}
