package main

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/imm-go/imm"
)

const indexed = "indexed"

// row is one line of the table: a file, and what became of it.
type row struct {
	file

	outcome string // "indexed", or why it is not
}

// rows has one row for each URI. What the message says of a file counts; of the
// others, which the binding found, the dataset says how they ended. The message
// is nil if it could not be read.
func rows(uris []string, found map[string]file, message *imm.IndexMessage) []row {
	var all []row
	for _, uri := range uris {
		f, exists := found[uri]
		f.URI = uri
		r := row{f, indexed}
		switch {
		case !exists:
			r.outcome = "not in the dataset"
		case f.ObjectStatus != imm.ObjectIndexed:
			r.outcome = "ObjectStatus " + string(f.ObjectStatus) + " " + f.Reason
		}
		all = append(all, r)
	}
	if message == nil {
		return all
	}
	for _, failed := range message.Failed() {
		if i := slices.IndexFunc(all, func(r row) bool { return r.URI == failed.URI }); i >= 0 {
			all[i].outcome = failed.Error
		}
	}
	return all
}

func printTable(out io.Writer, all []row) {
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "URI\tSize\tDimensions\tCustomLabels\tOutcome")
	for _, r := range all {
		fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%s\n", r.URI, r.size(), r.dimensions(), r.labels(), r.outcome)
	}
	_ = table.Flush() // to where every other line goes, whose errors are not looked at either
}

func (f file) size() string {
	if f.Size == 0 {
		return "-"
	}
	return fmt.Sprintf("%6d B", f.Size)
}

func (f file) dimensions() string {
	if f.ImageWidth == 0 {
		return "-" // not an image, or one that cannot be read
	}
	return fmt.Sprintf("%dx%d", f.ImageWidth, f.ImageHeight)
}

func (f file) labels() string {
	var texts []string
	for _, name := range slices.Sorted(maps.Keys(f.CustomLabels)) {
		texts = append(texts, fmt.Sprintf("%s=%s", name, f.CustomLabels[name]))
	}
	if len(texts) == 0 {
		return "-"
	}
	return strings.Join(texts, " ")
}
