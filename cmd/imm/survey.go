package main

import (
	"context"
	"fmt"
	"iter"
	"strconv"
	"strings"

	"github.com/imm-go/imm"
	"github.com/imm-go/imm/bulk"
)

// someBad is how many bad lines are shown where there may be any number.
const someBad = 20

// survey is what is left of a list.
type survey struct {
	files, bad int64
	firstBad   []badItem // at most someBad
	blanks     blanks
}

// badItem is an item of a list that is no file, or that cannot be sent.
type badItem struct {
	Line     int64  `json:"Line,omitzero"`
	Position string `json:"Position"`
	URI      string `json:"URI,omitzero"`
	Error    string `json:"Error"`
}

// surveyor counts what is behind a position and not done.
type surveyor struct {
	after string
	done  map[string]bool
	name  string                    // of the list
	check func(imm.InputFile) error // what else makes an item bad; nil: nothing
	tell  func(badItem) error       // gets each bad item; nil: nobody does
}

// count reads a list. An error ends it.
func (s *surveyor) count(ctx context.Context, source bulk.Source) (survey, error) {
	var found survey
	for item, err := range source.Items(ctx, s.after) {
		if err != nil && item.Position == "" {
			return found, err
		}
		if s.done[item.Position] {
			continue
		}
		if err == nil && s.check != nil {
			if wrong := s.check(item.File); wrong != nil {
				err = &bulk.LineError{Name: s.name, Line: lineAt(item.Position), Reason: wrong.Error()}
			}
		}
		if err == nil {
			found.files++
			found.blanks.see(item.File.URI)
			continue
		}
		found.bad++
		bad := badItem{Line: lineAt(item.Position), Position: item.Position, URI: item.File.URI, Error: err.Error()}
		if len(found.firstBad) < someBad {
			found.firstBad = append(found.firstBad, bad)
		}
		if s.tell != nil {
			if err := s.tell(bad); err != nil {
				return found, err
			}
		}
	}
	return found, ctx.Err()
}

// badLines is a sentence about lines that are no files; empty if there are none.
func (s survey) badLines() string {
	if s.bad == 0 {
		return ""
	}
	return fmt.Sprintf("%s left out, such as %s.", lines(s.bad, "is", "are"), s.firstBad[0].Error)
}

// lines is a number of lines with its verb.
func lines(n int64, one, several string) string {
	return count(n, "line") + " " + plural(n, one, several)
}

// lineAt is the number of the line in a position of a list of lines; 0 if it is
// another one. Before the line may be the number of a file, and behind it are bytes.
func lineAt(position string) int64 {
	parts := strings.Split(position, ":")
	if len(parts) < 2 {
		return 0
	}
	line, _ := strconv.ParseInt(parts[len(parts)-2], 10, 64)
	return line
}

// blanks counts URIs that end in a blank, which is hardly meant: an object of that
// name is another one.
type blanks struct {
	files int64
	first string
}

// see reports whether the URI is the first of them.
func (b *blanks) see(uri string) (first bool) {
	if strings.TrimSpace(uri) == uri {
		return false
	}
	if b.files++; b.files > 1 {
		return false
	}
	b.first = uri
	return true
}

// sentence says how many there are; it is empty for none.
func (b *blanks) sentence() string {
	if b.files == 0 {
		return ""
	}
	verb := plural(b.files, "ends with a blank, which belongs to it", "end with a blank, which belongs to them")
	return fmt.Sprintf("%s %s, such as %s.", count(b.files, "URI"), verb, quote(b.first))
}

// passive is a list whose items are counted and not handed in. It runs where a run
// would, behind what its journal has as done.
type passive struct {
	bulk.Source

	journal  *noted
	surveyor surveyor
	found    survey
}

// Items yields nothing, and the error of the counting.
func (l *passive) Items(ctx context.Context, after string) iter.Seq2[bulk.Item, error] {
	return func(yield func(bulk.Item, error) bool) {
		l.surveyor.after, l.surveyor.done = after, l.journal.done
		var err error
		if l.found, err = l.surveyor.count(ctx, l.Source); err != nil {
			yield(bulk.Item{}, err)
		}
	}
}

// countRest counts what a run would do, with what its journal says.
func (x *indexing) countRest(ctx context.Context, work *workList, s surveyor) (survey, error) {
	if work.journal == nil || x.retryFailed {
		return s.count(ctx, work.source)
	}
	c, err := newChecker()
	if err != nil {
		return survey{}, err
	}
	indexer, err := bulk.New(c.client, bulk.Config{ProjectName: x.at.project, DatasetName: x.at.dataset, Journal: work.journal})
	if err != nil {
		return survey{}, err
	}
	list := &passive{Source: work.source, journal: work.journal, surveyor: s}
	_, err = indexer.RunSource(ctx, list)
	return list.found, asMistake(err)
}
