package notify

import (
	"hash/maphash"
	"iter"
)

// The two texts by which a file is found.
const (
	byURI = iota
	byCustomID
)

// trackerIndex finds the files of all batches that are not over by one of their
// texts. Files of one text are a list in the order in which they were tracked; its
// links are in the files, because a million of them are to be small. Lists of two
// texts with one hash are one list, so who looks compares the texts.
type trackerIndex struct {
	by    int
	seed  maphash.Seed
	first map[uint64]*trackedFile
}

// fileLinks are the neighbours of a file in a list. The last file has no next; the
// prev of the first is the last.
type fileLinks struct{ prev, next *trackedFile }

func newTrackerIndex(by int) trackerIndex {
	return trackerIndex{by: by, seed: maphash.MakeSeed(), first: make(map[uint64]*trackedFile)}
}

func (x *trackerIndex) add(f *trackedFile) {
	if f.text(x.by) == "" {
		return
	}
	hash := maphash.String(x.seed, f.text(x.by))
	first := x.first[hash]
	if first == nil {
		f.links[x.by].prev = f
		x.first[hash] = f
		return
	}
	last := first.links[x.by].prev
	last.links[x.by].next = f
	f.links[x.by].prev = last
	first.links[x.by].prev = f
}

func (x *trackerIndex) remove(f *trackedFile) {
	if f.text(x.by) == "" {
		return
	}
	hash := maphash.String(x.seed, f.text(x.by))
	first, links := x.first[hash], f.links[x.by]
	switch {
	case f != first:
		links.prev.links[x.by].next = links.next
		if links.next == nil {
			first.links[x.by].prev = links.prev
		} else {
			links.next.links[x.by].prev = links.prev
		}
	case links.next == nil:
		delete(x.first, hash)
		if len(x.first) == 0 {
			x.first = make(map[uint64]*trackedFile) // a map that was large stays so
		}
	default:
		x.first[hash] = links.next
		links.next.links[x.by].prev = links.prev
	}
	f.links[x.by] = fileLinks{} // who holds a batch does not hold its neighbours
}

// all are the files that may have the text, those that were tracked first first.
func (x *trackerIndex) all(text string) iter.Seq[*trackedFile] {
	return func(yield func(*trackedFile) bool) {
		for f := x.first[maphash.String(x.seed, text)]; f != nil && yield(f); f = f.links[x.by].next {
		}
	}
}

// count is how many files may have the text, but not more than most.
func (x *trackerIndex) count(text string, most int) int {
	n := 0
	for range x.all(text) {
		if n++; n == most {
			break
		}
	}
	return n
}
