package notify

import "github.com/imm-go/imm"

// What is kept of messages that wait for calls to return, at most. Those that are
// above it come again later.
const (
	maxKept      = 1000
	maxKeptBytes = 16 << 20
)

// keptMessage is a message that could be of several batches, and waits until the
// call of one of them returns.
type keptMessage struct {
	message *imm.IndexMessage
	before  uint64 // the number of the first batch that was tracked after it came
	size    int
}

// keep lets a message wait for a batch. It is copied, because it is the caller's.
func (t *Tracker) keep(b *Batch, m *imm.IndexMessage, before uint64) verdict {
	const each = 100 // bytes that a message and a file take beside their texts
	size := each + len(m.ProjectName) + len(m.DatasetName) + len(m.RequestID) + len(m.EventID) + len(m.Message)
	for i := range m.Files {
		size += each + len(m.Files[i].URI) + len(m.Files[i].CustomID) + len(m.Files[i].Error)
	}
	if t.stats.Kept == maxKept || t.keptBytes+size > maxKeptBytes {
		return messageRefused
	}
	own := &imm.IndexMessage{
		ProjectName: m.ProjectName, DatasetName: m.DatasetName, RequestID: m.RequestID, EventID: m.EventID,
		Success: m.Success, Message: m.Message, Files: make([]imm.IndexedFile, len(m.Files)),
	}
	for i := range m.Files {
		own.Files[i] = imm.IndexedFile{URI: m.Files[i].URI, CustomID: m.Files[i].CustomID, Error: m.Files[i].Error}
	}
	b.kept = append(b.kept, keptMessage{own, before, size})
	t.stats.Kept++
	t.keptBytes += size
	return messageKnown
}

// release has the messages that wait for a batch handled again. That is done when
// the lock is given back.
func (t *Tracker) release(b *Batch) {
	t.released = append(t.released, b.kept...)
	b.kept = nil
}

// takeReleased handles what was released, and what that releases. A message that
// turns out to be of no batch is acknowledged already, so it is only counted.
func (t *Tracker) takeReleased() {
	for len(t.released) > 0 {
		k := t.released[0]
		t.released = t.released[1:]
		t.stats.Kept--
		t.keptBytes -= k.size
		t.take(k.message, k.before)
	}
	t.released = nil
}
