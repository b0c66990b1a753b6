package immtest

import (
	"cmp"
	"fmt"
	"reflect"
	"slices"
	"strings"
)

// maxSortFields is how many fields a query may be sorted by.
const maxSortFields = 5

// sortField is one field that files are sorted by.
type sortField struct {
	path       fieldPath
	kind       scalarKind
	descending bool
}

// sortKey is the value of a sort field in one file.
type sortKey struct {
	present bool
	whole   int64 // a whole number, or the seconds of a time
	nanos   int64 // of a time
	float   float64
	text    string
}

// hit is a file that was found, with its place in the order.
type hit struct {
	record *record
	uri    string
	keys   []sortKey
}

// sortFields reads Sort and Order. Fields are sorted in descending order where
// Order is absent, and in ascending order beyond those that it names. A list has no
// place in an order, and is refused (inferred).
func (a *arguments) sortFields() []sortField {
	sort, order := a.text("Sort"), a.text("Order")
	var names, orders []string
	if sort != "" {
		names = strings.Split(sort, ",")
	}
	if order != "" {
		orders = strings.Split(order, ",")
	}
	if len(names) > maxSortFields {
		a.refuse(invalidArgument("Sort", fmt.Sprintf("there are at most %d fields", maxSortFields)))
	}
	if len(orders) > len(names) {
		a.refuse(invalidArgument("Order", "it is for more fields than Sort has"))
		return nil
	}
	fields := make([]sortField, 0, len(names))
	for i, name := range names {
		path, ok := findField(fileType, strings.TrimSpace(name))
		if !ok || path.many || kindOf(path.leaf) == notScalar {
			a.refuse(invalidArgument("Sort", "there is no field of the name "+strings.TrimSpace(name)+" that has one value"))
			return nil
		}
		field := sortField{path: path, kind: kindOf(path.leaf), descending: len(orders) == 0}
		if i < len(orders) {
			field.descending = strings.TrimSpace(orders[i]) == "desc"
			if !field.descending && strings.TrimSpace(orders[i]) != "asc" {
				a.refuse(invalidArgument("Order", "it is asc or desc for each field, joined by commas"))
			}
		}
		fields = append(fields, field)
	}
	return fields
}

// appendKeys adds the place of a file in the order.
func appendKeys(keys []sortKey, fields []sortField, v reflect.Value) []sortKey {
	for i := range fields {
		keys = append(keys, fields[i].key(v))
	}
	return keys
}

func (f *sortField) key(v reflect.Value) sortKey {
	value, found := f.path.first(v)
	if !found {
		return sortKey{}
	}
	key := sortKey{present: true}
	switch f.kind {
	case textKind:
		key.text = value.String()
	case integerKind:
		key.whole = value.Int()
	case floatKind:
		key.float = value.Float()
	case timeKind:
		at := timeOf(value)
		key.whole, key.nanos = at.Unix(), int64(at.Nanosecond())
	case booleanKind:
		if value.Bool() {
			key.whole = 1
		}
	}
	return key
}

// compareHits is the order of two files: by the fields, with files that miss one
// behind those that have it in either order, and then by URI.
func compareHits(fields []sortField, a, b *hit) int {
	for i := range fields {
		x, y := &a.keys[i], &b.keys[i]
		if x.present != y.present {
			if x.present {
				return -1
			}
			return 1
		}
		order := cmp.Or(cmp.Compare(x.whole, y.whole), cmp.Compare(x.nanos, y.nanos), cmp.Compare(x.float, y.float), cmp.Compare(x.text, y.text))
		if order != 0 {
			if fields[i].descending {
				return -order
			}
			return order
		}
	}
	return cmp.Compare(a.uri, b.uri)
}

// selection keeps the first files of an order from any number of them, in memory
// for those few.
type selection struct {
	fields []sortField
	after  *hit // only files behind this one count; nil: all
	most   int
	hits   []hit
	full   bool // the first most of hits are sorted, and what comes behind them is out
}

// offer takes a file into account. keys is copied where it is kept.
func (s *selection) offer(r *record, keys []sortKey) {
	candidate := hit{record: r, uri: r.uri, keys: keys}
	if s.after != nil && compareHits(s.fields, &candidate, s.after) <= 0 {
		return
	}
	if s.full && compareHits(s.fields, &candidate, &s.hits[s.most-1]) > 0 {
		return
	}
	candidate.keys = slices.Clone(keys)
	s.hits = append(s.hits, candidate)
	if len(s.hits) >= 4*s.most+1024 {
		s.trim()
	}
}

// trim sorts what was kept and lets go of what is too much.
func (s *selection) trim() []hit {
	slices.SortFunc(s.hits, func(a, b hit) int { return compareHits(s.fields, &a, &b) })
	if len(s.hits) > s.most {
		clear(s.hits[s.most:])
		s.hits = s.hits[:s.most]
	}
	s.full = len(s.hits) == s.most
	return s.hits
}
