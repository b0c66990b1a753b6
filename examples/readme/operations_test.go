package main

import (
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/imm-go/imm"
)

// operationRow is one row of the README's table of operations.
type operationRow struct {
	methods, iterator string
	example           string // a path
}

func operationRows(t *testing.T) []operationRow {
	t.Helper()
	_, section, found := strings.Cut(read(t, filepath.Join(root, "README.md")), "\n## Operations\n")
	require.True(t, found)
	section, _, _ = strings.Cut(section, "\n## ")
	var rows []operationRow
	for line := range strings.Lines(section) {
		cells := strings.Split(line, "|")
		if len(cells) != 5 || !strings.Contains(line, "`") {
			continue
		}
		_, link, _ := strings.Cut(cells[3], "](")
		link, _, linked := strings.Cut(link, ")")
		require.True(t, linked, line)
		rows = append(rows, operationRow{cells[1], strings.Trim(cells[2], " `"), link})
	}
	return rows
}

// names are those in backquotes.
func (r operationRow) names() []string {
	var names []string
	for i, part := range strings.Split(r.methods, "`") {
		if i%2 == 1 {
			names = append(names, part)
		}
	}
	return names
}

func TestTheTableOfOperationsHasEveryMethodAndIteratorAndAnExampleThatCallsIt(t *testing.T) {
	t.Parallel()
	methods, iterators := map[string]bool{}, map[string]bool{}
	for _, row := range operationRows(t) {
		example := read(t, filepath.Join(root, filepath.FromSlash(row.example)))
		calls := func(name string) bool { return strings.Contains(example, "."+name+"(") }
		for _, name := range row.names() {
			methods[name] = true
			require.True(t, calls(name) || row.iterator != "" && calls(row.iterator), "%s does not call %s", row.example, name)
		}
		if row.iterator != "" {
			iterators[row.iterator] = true
			require.True(t, calls(row.iterator), "%s does not call %s", row.example, row.iterator)
		}
	}
	for method := range reflect.TypeFor[*imm.Client]().Methods() {
		switch f := method.Type; {
		case f.NumIn() == 3 && f.NumOut() == 2 && f.In(2).Kind() == reflect.Pointer && f.In(2).Elem().Name() == method.Name+"Request":
			require.True(t, methods[method.Name], method.Name)
			delete(methods, method.Name)
		case f.NumOut() == 1 && strings.HasPrefix(f.Out(0).Name(), "Seq2["):
			require.True(t, iterators[method.Name], method.Name)
			delete(iterators, method.Name)
		}
	}
	require.Equal(t, map[string]bool{"WaitBinding": true, "WaitIndexed": true}, methods)
	require.Empty(t, iterators)
}
