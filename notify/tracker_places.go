package notify

import "github.com/imm-go/imm"

// nowhere is the place of a file that a batch does not have, or that could be in
// more than one place.
const nowhere = -1

// filePlaces says which files of a batch the files of a message are.
type filePlaces struct {
	of    []int  // for each file of the message, its index in the batch, or nowhere
	taken []bool // for each file of the batch, whether it has one of the message
}

// find looks for the files of a message in a batch. If it is sure that the message
// is of this batch, a URI says enough where the batch has it once, and what it has
// not is nowhere. Otherwise nothing may speak against it: the ids of files must
// not differ, and no file may come more often than in the batch.
func (p *filePlaces) find(b *Batch, files []imm.IndexedFile, sure bool) {
	p.of = p.of[:0]
	p.taken = append(p.taken[:0], make([]bool, len(b.files))...)
	for i := range files {
		p.take(p.byURI(b, &files[i], i, sure))
	}
	// What a URI names is not to be taken by an id before.
	for i, at := range p.of {
		if at == nowhere {
			p.of[i] = p.byCustomID(b, &files[i], sure)
			if p.of[i] != nowhere {
				p.taken[p.of[i]] = true
			}
		}
	}
}

func (p *filePlaces) take(at int) {
	p.of = append(p.of, at)
	if at != nowhere {
		p.taken[at] = true
	}
}

// byURI begins at the place that the file has in the message, because messages
// have the order of the call as a rule.
func (p *filePlaces) byURI(b *Batch, f *imm.IndexedFile, hint int, sure bool) int {
	if f.URI == "" {
		return nowhere
	}
	at := nowhere
	if hint < len(b.files) && b.files[hint].uri == f.URI {
		at = hint
	} else {
		for i := range b.files {
			if b.files[i].uri == f.URI {
				at = i
				break
			}
		}
	}
	switch {
	case at == nowhere:
		return nowhere
	case b.files[at].twin:
		return p.byBoth(b, f, sure)
	case !sure && (p.taken[at] || differ(b.files[at].customID, f.CustomID)):
		return nowhere
	}
	return at
}

// byBoth is for a URI that the batch has more than once. The same file with the
// same id is found as often as the batch has it.
func (p *filePlaces) byBoth(b *Batch, f *imm.IndexedFile, sure bool) int {
	first := nowhere
	for i := range b.files {
		if b.files[i].uri != f.URI || b.files[i].customID != f.CustomID {
			continue
		}
		if !p.taken[i] {
			return i
		}
		if first == nowhere {
			first = i
		}
	}
	if !sure {
		return nowhere
	}
	return first
}

// byCustomID wants an id that the batch has once. A message that may be of another
// batch can mean another file with it, if it names a URI that the batch has not.
func (p *filePlaces) byCustomID(b *Batch, f *imm.IndexedFile, sure bool) int {
	if f.CustomID == "" || !sure && f.URI != "" {
		return nowhere
	}
	at := nowhere
	for i := range b.files {
		if b.files[i].customID != f.CustomID {
			continue
		}
		if at != nowhere {
			return nowhere
		}
		at = i
	}
	if at != nowhere && p.taken[at] {
		return nowhere
	}
	return at
}

// differ reports whether two ids cannot be of one file. One that is not there can
// be any.
func differ(a, b string) bool { return a != "" && b != "" && a != b }
