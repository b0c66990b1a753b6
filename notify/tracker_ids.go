package notify

import "hash/maphash"

// idKind keeps the ids of requests and of events apart.
type idKind uint64

const (
	requestKind idKind = iota
	eventKind
)

// maxIDsOver is how many ids of batches that are over are remembered. They take
// about 2 MB.
const maxIDsOver = 1 << 16

// batchIDs knows batches by the ids that messages can have: those of the answers
// to their calls, and those of messages that were matched by their files. Only
// hashes are kept, with a seed that nobody outside knows.
type batchIDs struct {
	seed  maphash.Seed
	known map[uint64]batchID
	over  idMemory
}

// batchID says which batch an id is of.
type batchID struct {
	batch *Batch
	sure  bool // it is of the answer to the call, and not learned from a message
}

func newBatchIDs() batchIDs {
	return batchIDs{seed: maphash.MakeSeed(), known: make(map[uint64]batchID), over: idMemory{known: make(map[uint64]struct{})}}
}

func (ids *batchIDs) key(kind idKind, id string) uint64 {
	return maphash.String(ids.seed, id) + uint64(kind)
}

// add notes an id. What the answer to a call says goes before what was learned,
// and of two that say the same the first stays.
func (ids *batchIDs) add(b *Batch, kind idKind, id string, sure bool) {
	if id == "" {
		return
	}
	key := ids.key(kind, id)
	if before, found := ids.known[key]; found && (before.sure || !sure) {
		return
	}
	if b.open == 0 { // its messages came before the answer
		delete(ids.known, key)
		ids.over.add(key)
		return
	}
	ids.known[key] = batchID{b, sure}
	b.ids = append(b.ids, key)
}

// find returns the batch of an id, without one if it is over.
func (ids *batchIDs) find(kind idKind, id string) (found batchID, over bool) {
	if id == "" {
		return batchID{}, false
	}
	key := ids.key(kind, id)
	if found, ok := ids.known[key]; ok {
		return found, false
	}
	return batchID{}, ids.over.has(key)
}

// end moves the ids of a batch to those that are over.
func (ids *batchIDs) end(b *Batch) {
	for _, key := range b.ids {
		if ids.known[key].batch == b {
			delete(ids.known, key)
			ids.over.add(key)
		}
	}
	b.ids = nil
	if len(ids.known) == 0 {
		ids.known = make(map[uint64]batchID) // a map that was large stays so
	}
}

// idMemory remembers the last maxIDsOver keys.
type idMemory struct {
	known map[uint64]struct{}
	ring  []uint64
	next  int // where the oldest is, once the ring is full
}

func (m *idMemory) has(key uint64) bool {
	_, found := m.known[key]
	return found
}

func (m *idMemory) add(key uint64) {
	if m.has(key) {
		return
	}
	m.known[key] = struct{}{}
	if len(m.ring) < maxIDsOver {
		m.ring = append(m.ring, key)
		return
	}
	delete(m.known, m.ring[m.next])
	m.ring[m.next] = key
	m.next = (m.next + 1) % maxIDsOver
}
