package natsbulk

import (
	"encoding/binary"
	"errors"
	"slices"
)

// spans is a set of numbers above zero, kept as spans of numbers in a row. Its size is
// that of its gaps.
type spans []span

// span is the numbers from first to last.
type span struct{ first, last uint64 }

func (s spans) has(n uint64) bool {
	_, found := s.find(n)
	return found
}

// find is the span that has n, or where one would have to be put.
func (s spans) find(n uint64) (index int, found bool) {
	return slices.BinarySearchFunc(s, n, func(x span, n uint64) int {
		switch {
		case x.last < n:
			return -1
		case x.first > n:
			return 1
		}
		return 0
	})
}

// with is the set with one more number. It may be the same memory.
func (s spans) with(n uint64) spans {
	i, found := s.find(n)
	joinsBefore := i > 0 && s[i-1].last == n-1
	joinsAfter := i < len(s) && s[i].first == n+1
	switch {
	case found:
	case joinsBefore && joinsAfter:
		s[i-1].last = s[i].last
		return slices.Delete(s, i, i+1)
	case joinsBefore:
		s[i-1].last = n
	case joinsAfter:
		s[i].first = n
	default:
		return slices.Insert(s, i, span{n, n})
	}
	return s
}

// size is how many numbers there are.
func (s spans) size() (n uint64) {
	for _, x := range s {
		n += x.last - x.first + 1
	}
	return n
}

// bytes writes the distances between the ends, which are small numbers.
func (s spans) bytes() (b []byte) {
	end := uint64(0)
	for _, x := range s {
		b = binary.AppendUvarint(b, x.first-end)
		b = binary.AppendUvarint(b, x.last-x.first)
		end = x.last
	}
	return b
}

var errSpans = errors.New("the set of numbers is damaged")

// parseSpans reads what bytes writes, and nothing else.
func parseSpans(b []byte) (s spans, err error) {
	end := uint64(0)
	for len(b) > 0 {
		gap, n := binary.Uvarint(b)
		length, m := binary.Uvarint(b[max(n, 0):])
		first := end + gap
		last := first + length
		// Two spans without a gap would be one.
		if n <= 0 || m <= 0 || gap == 0 || gap == 1 && end > 0 || first < end || last < first || last == ^uint64(0) {
			return nil, errSpans
		}
		s = append(s, span{first, last})
		b, end = b[n+m:], last
	}
	return s, nil
}
