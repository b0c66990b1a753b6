package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/imm-go/imm/bulk"
	"github.com/imm-go/imm/bulk/boltjournal"
)

// The forms of lists that are not forms of package bulk.
const (
	auto         = "auto"   // as the name of the file says
	failedFormat = "failed" // what a failureList writes
)

// workList is the list of a run, and the journal that remembers what is done.
type workList struct {
	source  bulk.Source
	journal *noted // nil: none
	// again opens the list another time, to count it; nil: it can be read only once.
	again  func() (bulk.Source, io.Closer, error)
	closer []io.Closer
}

// rememberer is the journal for the engine, which wants no nil in an interface.
func (w *workList) rememberer() bulk.Journal {
	if w.journal == nil {
		return nil
	}
	return w.journal
}

func (w *workList) close() {
	for _, c := range w.closer {
		_ = c.Close() // nothing is written through them; a journal is durable without it
	}
}

// open opens the list and the journal.
func (x *indexing) open() (_ *workList, err error) {
	work := new(workList)
	defer func() {
		if err != nil {
			work.close()
		}
	}()
	var journal *boltjournal.Journal
	if x.journalPath != "" {
		if journal, err = x.openJournal(); err != nil {
			return nil, err
		}
		work.closer = append(work.closer, journal)
		work.journal = &noted{Journal: journal}
	}
	if x.retryFailed {
		retry := journal.RetryFailed()
		work.source, work.journal = bulk.WithLabels(retry, x.labels), &noted{Journal: retry}
		work.again = func() (bulk.Source, io.Closer, error) { return retry, io.NopCloser(nil), nil }
		return work, nil
	}
	source, closer, err := x.openList()
	if err != nil {
		return nil, err
	}
	work.source = source
	work.closer = append(work.closer, closer)
	if x.readableAgain() {
		work.again = x.openList
	}
	return work, nil
}

// openList opens what the arguments or --from name.
func (x *indexing) openList() (bulk.Source, io.Closer, error) {
	source, closer, err := x.openPlain()
	if err != nil {
		return nil, nil, usagef("--from: %w", err)
	}
	return bulk.WithLabels(source, x.labels), closer, nil
}

func (x *indexing) openPlain() (bulk.Source, io.Closer, error) {
	none := io.NopCloser(nil)
	if x.from == "" {
		return bulk.URIs("the command line", strings.NewReader(strings.Join(x.uris, "\n"))), none, nil
	}
	format := x.format.value
	if format == auto {
		format = formatOf(x.from)
	}
	if format == "inventory" {
		return openInventory(x.from)
	}
	in := x.p.in
	name, closer := "the standard input", none
	if x.from != "-" {
		file, err := os.Open(x.from)
		if err != nil {
			return nil, nil, err
		}
		in, name, closer = file, x.from, file
	}
	switch format {
	case "jsonl":
		return bulk.JSONLines(name, in), closer, nil
	case "csv":
		return bulk.CSV(name, in), closer, nil
	case failedFormat:
		return bulk.JSONLines(name, withoutErrors(in)), closer, nil
	}
	return bulk.URIs(name, in), closer, nil
}

// openInventory opens an inventory report by its manifest. The list files are
// beside the folder of the manifest, so the folder above both is opened.
func openInventory(manifest string) (bulk.Source, io.Closer, error) {
	if _, err := os.Stat(manifest); err != nil {
		return nil, nil, err
	}
	path, err := filepath.Abs(manifest)
	if err != nil {
		return nil, nil, err
	}
	folder := filepath.Dir(path)
	root, err := os.OpenRoot(filepath.Dir(folder))
	if err != nil {
		return nil, nil, err
	}
	inside, err := filepath.Rel(root.Name(), path)
	if err != nil {
		return nil, nil, errors.Join(err, root.Close())
	}
	return bulk.Inventory(root.FS(), filepath.ToSlash(inside)), root, nil
}

// formatOf tells the form of a list by its name.
func formatOf(path string) string {
	name := strings.TrimSuffix(strings.ToLower(filepath.Base(path)), ".gz")
	switch {
	case strings.HasSuffix(name, ".failed.jsonl"):
		return failedFormat
	case strings.HasSuffix(name, ".jsonl"), strings.HasSuffix(name, ".ndjson"):
		return "jsonl"
	case strings.HasSuffix(name, ".csv"):
		return "csv"
	case name == "manifest.json":
		return "inventory"
	}
	return "uris"
}

// readableAgain reports whether the list can be read twice: a pipe cannot.
func (x *indexing) readableAgain() bool {
	if x.from == "" {
		return true
	}
	info, err := os.Stat(x.from)
	return err == nil && info.Mode().IsRegular() && x.from != "-"
}

// noted is a journal that keeps what it said of earlier runs.
type noted struct {
	bulk.Journal

	done map[string]bool // positions that need not be done again
}

// Resume is that of the journal.
func (n *noted) Resume(ctx context.Context, fingerprint string) (after string, done []string, err error) {
	after, done, err = n.Journal.Resume(ctx, fingerprint)
	n.done = make(map[string]bool, len(done))
	for _, position := range done {
		n.done[position] = true
	}
	return after, done, err
}

// survey is what is left of a list.
type survey struct {
	files, bad int64
	firstBad   error
}

// countList counts what is behind a position and not done. An error ends the list.
func countList(ctx context.Context, source bulk.Source, after string, done map[string]bool) (survey, error) {
	var s survey
	for item, err := range source.Items(ctx, after) {
		switch {
		case err != nil && item.Position == "":
			return s, err
		case done[item.Position]:
		case err != nil:
			if s.bad++; s.firstBad == nil {
				s.firstBad = err
			}
		default:
			s.files++
		}
	}
	return s, ctx.Err()
}

// badLines is a sentence about lines that are no files; empty if there are none.
func (s survey) badLines() string {
	if s.bad == 0 {
		return ""
	}
	verb := "are"
	if s.bad == 1 {
		verb = "is"
	}
	return fmt.Sprintf("%s %s left out, such as %s.", count(s.bad, "line"), verb, printable(s.firstBad.Error()))
}
