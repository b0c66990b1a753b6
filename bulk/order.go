package bulk

// order knows the items of a source between the first that is not done and the
// last that was read, in the order of reading. What a journal holds beside one
// position is no more than that.
type order struct {
	places []place
	first  int64 // the number of places[head]
	head   int
}

type place struct {
	position string
	done     bool
}

// add takes an item that was read, and returns its number.
func (o *order) add(position string) int64 {
	o.places = append(o.places, place{position: position})
	return o.first + int64(len(o.places)-o.head-1)
}

// done notes that the outcome of an item is about to be recorded, or was by an
// earlier run.
func (o *order) done(number int64) {
	o.places[o.head+int(number-o.first)].done = true
}

// advance goes over what is done at the beginning, and returns the last position
// of it and all of them, appended to covered; both are empty if nothing moved.
func (o *order) advance(covered []string) (after string, _ []string) {
	for o.head < len(o.places) && o.places[o.head].done {
		after = o.places[o.head].position
		covered = append(covered, after)
		o.places[o.head] = place{}
		o.head++
		o.first++
	}
	if o.head > len(o.places)/2 { // so moving costs no more than adding did
		o.places = append(o.places[:0], o.places[o.head:]...)
		o.head = 0
	}
	return after, covered
}

func (o *order) len() int { return len(o.places) - o.head }
