package imm

import (
	"errors"
	"iter"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
)

// book is a list for tests: the pages by the token that asks for them.
type book struct {
	pages map[string]page[int]
	fails map[string]error
	mu    sync.Mutex
	asked []string // tokens, in their order
}

func (b *book) fetch(token string) (page[int], error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.asked = append(b.asked, token)
	if err := b.fails[token]; err != nil {
		return page[int]{}, err
	}
	return b.pages[token], nil
}

// gather goes through a list, and no further than most items.
func gather(list iter.Seq2[int, error], most int) (items []int, err error) {
	for item, err := range list {
		if err != nil {
			return items, err
		}
		if items = append(items, item); len(items) == most {
			break
		}
	}
	return items, nil
}

const everything = 1000

func TestAListIsReadPageByPage(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		start string
		pages map[string]page[int]
		want  []int
		asked []string
	}{
		"nothing":                  {"", map[string]page[int]{}, nil, []string{""}},
		"one page":                 {"", map[string]page[int]{"": {[]int{1, 2}, ""}}, []int{1, 2}, []string{""}},
		"three pages":              {"", map[string]page[int]{"": {[]int{1}, "a"}, "a": {[]int{2, 3}, "b"}, "b": {[]int{4}, ""}}, []int{1, 2, 3, 4}, []string{"", "a", "b"}},
		"from a token on":          {"a", map[string]page[int]{"": {[]int{1}, "a"}, "a": {[]int{2, 3}, "b"}, "b": {[]int{4}, ""}}, []int{2, 3, 4}, []string{"a", "b"}},
		"an empty page at first":   {"", map[string]page[int]{"": {nil, "a"}, "a": {[]int{1}, ""}}, []int{1}, []string{"", "a"}},
		"empty pages in between":   {"", map[string]page[int]{"": {[]int{1}, "a"}, "a": {nil, "b"}, "b": {[]int{}, "c"}, "c": {[]int{2}, ""}}, []int{1, 2}, []string{"", "a", "b", "c"}},
		"an empty page at the end": {"", map[string]page[int]{"": {[]int{1}, "a"}, "a": {nil, ""}}, []int{1}, []string{"", "a"}},
		"no item at all":           {"", map[string]page[int]{"": {nil, "a"}, "a": {nil, ""}}, nil, []string{"", "a"}},
		"tokens that begin alike":  {"", map[string]page[int]{"": {[]int{1}, "a"}, "a": {[]int{2}, "aa"}, "aa": {[]int{3}, "A"}, "A": {[]int{4}, " "}, " ": {[]int{5}, ""}}, []int{1, 2, 3, 4, 5}, []string{"", "a", "aa", "A", " "}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := &book{pages: tt.pages}
			list := pages("ListThings", tt.start, b.fetch)
			require.Empty(t, b.asked, "nothing is asked before the loop")
			for range 2 { // it can be used twice
				b.asked = nil
				got, err := gather(list, everything)
				require.NoError(t, err)
				require.Equal(t, tt.want, got)
				require.Equal(t, tt.asked, b.asked)
			}
		})
	}
}

func TestABreakStopsWithoutAnotherRequest(t *testing.T) {
	t.Parallel()
	for most, asked := range map[int][]string{1: {""}, 2: {""}, 3: {"", "a"}, 4: {"", "a"}} {
		b := &book{pages: map[string]page[int]{"": {[]int{1, 2}, "a"}, "a": {[]int{3, 4}, "b"}}, fails: map[string]error{"b": errors.New("asked for too much")}}
		got, err := gather(pages("ListThings", "", b.fetch), most)
		require.NoError(t, err)
		require.Equal(t, []int{1, 2, 3, 4}[:most], got)
		require.Equal(t, asked, b.asked)
	}
}

func TestAnErrorEndsTheListAndComesAlone(t *testing.T) {
	t.Parallel()
	broken := errors.New("broken")
	b := &book{pages: map[string]page[int]{"": {[]int{1}, "a"}, "a": {[]int{2}, "b"}}, fails: map[string]error{"b": broken}}
	var items []int
	var errs []error
	for item, err := range pages("ListThings", "", b.fetch) { // without a break at the error
		items, errs = append(items, item), append(errs, err)
	}
	require.Equal(t, []int{1, 2, 0}, items)
	require.Equal(t, []error{nil, nil, broken}, errs)
	require.Equal(t, []string{"", "a", "b"}, b.asked)

	delete(b.fails, "b") // a later loop begins anew
	got, err := gather(pages("ListThings", "", b.fetch), everything)
	require.NoError(t, err)
	require.Equal(t, []int{1, 2}, got)
}

func TestAPageTokenThatCameBeforeIsAnError(t *testing.T) {
	t.Parallel()
	circle := func(tail, period int) map[string]page[int] {
		all := map[string]page[int]{"": {[]int{0}, "1"}}
		for i := 1; i < tail+period; i++ {
			all[strconv.Itoa(i)] = page[int]{[]int{i}, strconv.Itoa(i + 1)}
		}
		all[strconv.Itoa(tail+period)] = page[int]{[]int{tail + period}, strconv.Itoa(tail + 1)}
		return all
	}
	for name, tt := range map[string]struct {
		start    string
		pages    map[string]page[int]
		repeated string
		requests int
	}{
		"the first page's own":     {"", map[string]page[int]{"": {[]int{1}, "a"}, "a": {[]int{2}, "a"}}, "a", 2},
		"the token it began with":  {"a", map[string]page[int]{"a": {[]int{1}, "a"}}, "a", 1},
		"the caller's, later":      {"a", map[string]page[int]{"a": {[]int{1}, "b"}, "b": {[]int{2}, "a"}}, "a", 2},
		"a circle of empty pages":  {"", map[string]page[int]{"": {nil, "a"}, "a": {nil, "b"}, "b": {nil, "a"}}, "a", 3},
		"a circle of two":          {"", circle(0, 2), "1", 3},
		"a circle of two, later":   {"", circle(100, 2), "101", 103},
		"a circle of seventeen":    {"", circle(5, 17), "6", 23},
		"a long token":             {"", map[string]page[int]{"": {nil, strings.Repeat("é", 5000)}, strings.Repeat("é", 5000): {nil, strings.Repeat("é", 5000)}}, "éé", 2},
		"a token that steers text": {"", map[string]page[int]{"": {nil, "\n\u202e"}, "\n\u202e": {nil, "\n\u202e"}}, `\n\u202e`, 2},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := &book{pages: tt.pages}
			_, err := gather(pages("ListThings", tt.start, b.fetch), everything)
			require.ErrorContains(t, err, "imm: ListThings: the service gave the page token ")
			require.ErrorContains(t, err, tt.repeated)
			require.Len(t, b.asked, tt.requests, "no page comes twice")
			require.Less(t, len(err.Error()), 1000)
			requireOneLine(t, err.Error())
		})
	}
}

func TestLoopsOverOneListDoNotDisturbEachOther(t *testing.T) {
	t.Parallel()
	b := &book{pages: map[string]page[int]{}}
	var want []int
	for i := range 100 {
		b.pages[strconv.Itoa(i)] = page[int]{[]int{2 * i, 2*i + 1}, strconv.Itoa(i + 1)}
		want = append(want, 2*i, 2*i+1)
	}
	list := pages("ListThings", "0", b.fetch)
	results := make([][]int, 20)
	errs := make([]error, len(results))
	var all sync.WaitGroup
	for i := range results {
		all.Go(func() { results[i], errs[i] = gather(list, everything) })
	}
	all.Wait()
	for i, got := range results {
		require.NoError(t, errs[i])
		require.Equal(t, want, got)
	}

	var nested []int
	for outer, err := range list { // one within the other
		require.NoError(t, err)
		for inner, err := range list {
			require.NoError(t, err)
			nested = append(nested, inner)
			break
		}
		if outer == 3 {
			break
		}
	}
	require.Equal(t, []int{0, 0, 0, 0}, nested)
}
