package immtest

import (
	"cmp"
	"fmt"
	"math"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/imm-go/imm"
)

// sortedKeys are the keys of all files in an order, page by page.
func sortedKeys(t *testing.T, s *Server, size int, pairs ...string) []string {
	t.Helper()
	var all []string
	for token := ""; ; {
		body := ask(t, s, "SimpleQuery", inDataset(append(pairs, "MaxResults", strconv.Itoa(size), "NextToken", token)...))
		page := keysOf(t, body)
		all = append(all, page...)
		if token = body["NextToken"].(string); token == "" {
			return all
		}
		require.Len(t, page, size)
	}
}

func TestFilesAreSortedAsAskedFor(t *testing.T) {
	t.Parallel()
	early := time.Date(2024, 1, 1, 0, 0, 0, 0, time.UTC)
	s := newDataset(t, map[string]imm.File{
		"a": {Size: 9, Title: "x", ProduceTime: early.In(location)},
		"b": {Size: 10, Title: "y", Duration: 0.5},
		"c": {Size: 10, ProduceTime: early.Add(1), CustomLabels: map[string]string{"k": "2"}},
		"d": {Title: "x", Duration: 10, CustomLabels: map[string]string{"k": "10"}},
	})
	for _, c := range []struct{ sort, order, want string }{
		{"", "", "a b c d"},
		{"Size", "", "b c a d"},
		{"Size", "desc", "b c a d"},
		{"Size", "asc", "d a b c"},
		{"Title", "asc", "a d b c"}, // without the field: last
		{"Title", "desc", "b a d c"},
		{"Title,Size", "", "b a d c"},         // without Order all are desc
		{"Title,Size", "desc", "b d a c"},     // beyond what Order names: asc
		{"Title,Size", "asc,desc", "a d b c"}, //
		{"Size, Title", "desc, desc", "b c a d"},
		{"Duration", "asc", "b d a c"},
		{"ProduceTime", "asc", "a c b d"},
		{"CustomLabels.k", "asc", "d c a b"}, // as text
		{"Size,Title,Duration,URI,ETag", "desc,asc", "b c a d"},
		{"URI", "desc", "d c b a"},
	} {
		for size := 1; size <= 5; size++ {
			require.Equal(t, strings.Fields(c.want), sortedKeys(t, s, size, "Sort", c.sort, "Order", c.order), "%s %s by %d", c.sort, c.order, size)
		}
	}
}

// The reference sorts all files at once, by comparisons of its own.
func TestRandomFilesAreSortedAndPagedAsByAPlainSort(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		s := NewServer()
		defer s.Close()
		d := dataset{project: &project{name: "p"}, name: "d"}
		records := make([]*record, rapid.IntRange(0, 40).Draw(rt, "files"))
		for i := range records {
			file := drawFile().Draw(rt, "file")
			records[i] = &record{uri: fmt.Sprintf("oss://b/%02d", i), more: &file, labels: file.CustomLabels}
		}
		fields := rapid.SliceOfN(rapid.SampledFrom([]string{"Title", "ImageWidth", "Duration", "ProduceTime", "CustomLabels.k"}), 0, maxSortFields).Draw(rt, "fields")
		orders := rapid.SliceOfN(rapid.SampledFrom([]string{"asc", "desc"}), 0, len(fields)).Draw(rt, "orders")
		size := rapid.IntRange(1, 7).Draw(rt, "size")

		want := make([]string, 0, len(records))
		sorted := slices.SortedFunc(slices.Values(records), func(a, b *record) int {
			for i, field := range fields {
				descending := len(orders) == 0 || i < len(orders) && orders[i] == "desc"
				if order := plainOrder(field, a.more, b.more, descending); order != 0 {
					return order
				}
			}
			return strings.Compare(a.uri, b.uri)
		})
		for _, r := range sorted {
			want = append(want, r.uri)
		}

		c := &call{arguments: arguments{values: inDataset("Sort", strings.Join(fields, ","), "Order", strings.Join(orders, ","), "MaxResults", strconv.Itoa(size))}}
		meets, _ := compile(&queryNode{})
		got := []string{}
		for {
			run := search{meets: func(_ *File, v reflect.Value) bool { return meets(v) }, fields: c.sortFields(), pager: s.pager(c, 100, "q")}
			require.Nil(rt, c.failed)
			answer := run.page(&d, rapid.Permutation(records).Draw(rt, "order in the dataset"))
			require.Equal(rt, int64(len(records)), *answer.TotalHits)
			for _, file := range answer.Files {
				got = append(got, file.URI)
			}
			if answer.NextToken == "" {
				break
			}
			c.values.Set("NextToken", answer.NextToken)
		}
		require.Equal(rt, want, got)
	})
}

// plainOrder compares a field of two files; those without it come last.
func plainOrder(field string, a, b *imm.File, descending bool) int {
	missing := func(f *imm.File) bool {
		_, labelled := f.CustomLabels["k"]
		return map[string]bool{
			"Title": f.Title == "", "ImageWidth": f.ImageWidth == 0, "Duration": f.Duration == 0,
			"ProduceTime": f.ProduceTime.IsZero(), "CustomLabels.k": !labelled,
		}[field]
	}
	if missing(a) || missing(b) {
		switch {
		case missing(a) && missing(b):
			return 0
		case missing(a):
			return 1
		}
		return -1
	}
	order := map[string]int{
		"Title": cmp.Compare(a.Title, b.Title), "ImageWidth": cmp.Compare(a.ImageWidth, b.ImageWidth), "Duration": cmp.Compare(a.Duration, b.Duration),
		"ProduceTime": a.ProduceTime.Compare(b.ProduceTime), "CustomLabels.k": cmp.Compare(a.CustomLabels["k"], b.CustomLabels["k"]),
	}[field]
	if descending {
		return -order
	}
	return order
}

// Of many files only the first of the order are kept while the others are looked
// at; nothing may be lost by that.
func TestThePagesOfManyFilesAreTheWholeOrder(t *testing.T) {
	t.Parallel()
	const files = 5000
	s := newLargeDataset(t, files)
	_, records, failed := s.snapshot("test-project", "test-dataset")
	require.Nil(t, failed)
	want := make([]string, 0, files)
	for _, r := range slices.SortedFunc(slices.Values(records), func(a, b *record) int {
		return cmp.Or(cmp.Compare(b.labels["category"], a.labels["category"]), cmp.Compare(a.size, b.size), cmp.Compare(a.uri, b.uri))
	}) {
		want = append(want, strings.TrimPrefix(r.uri, "oss://test-bucket/"))
	}
	require.Equal(t, want, sortedKeys(t, s, 100, "Sort", "CustomLabels.category,Size", "WithFields", `["URI"]`, "Order", "desc,asc"))
}

func TestPagesStayAsTheyAreWhileFilesComeAndGo(t *testing.T) {
	t.Parallel()
	files := make(map[string]imm.File)
	for i := range 10 {
		files[fmt.Sprintf("%d", i)] = imm.File{Size: int64(i + 1)}
	}
	s := newDataset(t, files)
	params := inDataset("Sort", "Size", "Order", "asc", "MaxResults", "3")
	first := ask(t, s, "SimpleQuery", params)
	require.Equal(t, []string{"0", "1", "2"}, keysOf(t, first))
	ask(t, s, "BatchDeleteFileMeta", inDataset("URIs", `["oss://test-bucket/1","oss://test-bucket/2","oss://test-bucket/5"]`))
	s.PutObject("test-bucket", "new", []byte("."))
	s.mu.Lock()
	d, _ := s.dataset("test-project", "test-dataset")
	s.mu.Unlock()
	require.Empty(t, s.index(d, &inputFile{URI: "oss://test-bucket/new"}, nil))
	params.Set("NextToken", first["NextToken"].(string))
	second := ask(t, s, "SimpleQuery", params)
	require.Equal(t, []string{"3", "4", "6"}, keysOf(t, second))
	require.InEpsilon(t, 8.0, second["TotalHits"], 0)
}

func TestAPageTokenIsOfOneQuery(t *testing.T) {
	t.Parallel()
	files := make(map[string]imm.File)
	for i := range 5 {
		files[fmt.Sprintf("%d.txt", i)] = imm.File{Size: int64(i), Duration: math.Pi}
	}
	s := newDataset(t, files)
	has := `{"Field":"Size","Operation":"exist"}`
	page := func(action string, pairs ...string) string {
		token := ask(t, s, action, inDataset(append(pairs, "MaxResults", "2")...))["NextToken"].(string)
		require.NotEmpty(t, token)
		return token
	}
	token := page("SimpleQuery", "Query", has, "Sort", "Size")
	for name, params := range map[string][]string{
		"another condition": {"Query", `{"Field":"Duration","Operation":"exist"}`, "Sort", "Size", "NextToken", token},
		"no condition":      {"Sort", "Size", "NextToken", token},
		"another sort":      {"Query", has, "Sort", "Duration", "NextToken", token},
		"another order":     {"Query", has, "Sort", "Size", "Order", "asc", "NextToken", token},
		"text behind it":    {"Query", has, "Sort", "Size", "NextToken", token + "A"},
		"text":              {"Query", has, "Sort", "Size", "NextToken", "x"},
		"of a FuzzyQuery":   {"NextToken", page("FuzzyQuery", "Query", "txt")},
	} {
		code, message := refusedAs(t, s, "SimpleQuery", inDataset(params...))
		require.Equal(t, "InvalidArgument", code, name)
		require.Contains(t, message, "NextToken", name)
	}
	code, _ := refusedAs(t, s, "FuzzyQuery", inDataset("Query", "txt", "NextToken", token))
	require.Equal(t, "InvalidArgument", code)
	// How many files come, and which of their fields, may change on the way.
	body := ask(t, s, "SimpleQuery", inDataset("Query", has, "Sort", "Size", "NextToken", token, "MaxResults", "100", "WithFields", `["URI"]`))
	require.Equal(t, []string{"2.txt", "1.txt", "0.txt"}, keysOf(t, body))
	require.Empty(t, body["NextToken"])
}
