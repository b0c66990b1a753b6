package immtest

import (
	"cmp"
	"fmt"
	"reflect"
	"slices"
	"strconv"
)

// aggregation is what a query asks about a field of all files that it finds.
type aggregation struct {
	Field, Operation string
}

// aggregator works out one aggregation.
type aggregator struct {
	aggregation

	path    fieldPath
	kind    scalarKind
	files   int64            // that have the field
	numbers []float64        // of min, max, sum and average
	groups  map[string]int64 // files by value
	seen    []string         // the values of one file
}

// aggregationBody is the answer to one aggregation.
type aggregationBody struct {
	Field, Operation string
	Value            *float64    `json:",omitzero"` // nil where there is none: the least of nothing
	Groups           []groupBody `json:",omitzero"`
}

type groupBody struct {
	Value string
	Count int64
}

func (a *arguments) aggregations() []*aggregator {
	var asked []aggregation
	a.json("Aggregations", &asked)
	all := make([]*aggregator, 0, len(asked))
	for i, ask := range asked {
		where := fmt.Sprintf("Aggregations[%d]", i)
		path, ok := findField(fileType, ask.Field)
		if !ok || kindOf(path.leaf) == notScalar {
			a.refuse(invalidArgument(where+".Field", "there is no field of that name that has values"))
			continue
		}
		one := &aggregator{aggregation: ask, path: path, kind: kindOf(path.leaf)}
		switch ask.Operation {
		case "min", "max", "average", "sum":
			// A result is a number, so only numbers have one (inferred for times).
			if one.kind != integerKind && one.kind != floatKind {
				a.refuse(invalidArgument(where+".Operation", ask.Operation+" is for fields that are numbers"))
			}
		case "count":
		case "distinct", "group":
			one.groups = make(map[string]int64)
		default:
			a.refuse(invalidArgument(where+".Operation", "it is one of min, max, average, sum, count, distinct and group"))
		}
		all = append(all, one)
	}
	return all
}

// add takes a file into account. Of a list every value counts in the numbers, and
// every different value once in the groups; count is of files (inferred).
func (a *aggregator) add(file reflect.Value) {
	a.seen = a.seen[:0]
	found := false
	a.path.any(file, func(v reflect.Value) bool {
		found = true
		switch {
		case a.groups != nil:
			if text := valueText(a.kind, v); !slices.Contains(a.seen, text) {
				a.seen = append(a.seen, text)
				a.groups[text]++
			}
		case a.Operation == "count":
			return true
		case a.kind == integerKind:
			a.numbers = append(a.numbers, float64(v.Int()))
		default:
			a.numbers = append(a.numbers, v.Float())
		}
		return false
	})
	if found {
		a.files++
	}
}

// result is the answer, with at most so many groups.
func (a *aggregator) result(mostGroups int) aggregationBody {
	body := aggregationBody{Field: a.Field, Operation: a.Operation}
	// Sorted numbers add up to the same sum in whatever order the files came.
	slices.Sort(a.numbers)
	var sum float64
	for _, n := range a.numbers {
		sum += n
	}
	switch n := len(a.numbers); {
	case a.Operation == "group":
		body.Groups = a.sortedGroups()
		body.Groups = body.Groups[:min(mostGroups, len(body.Groups))]
	case a.Operation == "count":
		body.Value = new(float64(a.files))
	case a.Operation == "distinct":
		body.Value = new(float64(len(a.groups)))
	case a.Operation == "sum":
		body.Value = &sum
	case n == 0:
	case a.Operation == "min":
		body.Value = &a.numbers[0]
	case a.Operation == "max":
		body.Value = &a.numbers[n-1]
	case a.Operation == "average":
		body.Value = new(sum / float64(n))
	}
	return body
}

// sortedGroups are the groups, the largest first and equal ones by value, which for
// numbers is their order as numbers.
func (a *aggregator) sortedGroups() []groupBody {
	groups := make([]groupBody, 0, len(a.groups))
	for value, count := range a.groups {
		groups = append(groups, groupBody{value, count})
	}
	numeric := a.kind == integerKind || a.kind == floatKind
	slices.SortFunc(groups, func(x, y groupBody) int {
		order := cmp.Compare(y.Count, x.Count)
		if order == 0 && numeric {
			m, _ := strconv.ParseFloat(x.Value, 64)
			n, _ := strconv.ParseFloat(y.Value, 64)
			order = cmp.Compare(m, n)
		}
		return cmp.Or(order, cmp.Compare(x.Value, y.Value))
	})
	return groups
}

// valueText is a value as it names a group.
func valueText(kind scalarKind, v reflect.Value) string {
	switch kind {
	case integerKind:
		return strconv.FormatInt(v.Int(), 10)
	case floatKind:
		return strconv.FormatFloat(v.Float(), 'f', -1, v.Type().Bits())
	case timeKind:
		return timeText(timeOf(v))
	case booleanKind:
		return strconv.FormatBool(v.Bool())
	default:
		return v.String()
	}
}
