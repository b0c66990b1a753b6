package main

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"os"

	"github.com/imm-go/imm/bulk"
	"github.com/imm-go/imm/bulk/boltjournal"
)

// workList is the list of a run, and the journal that remembers what is done.
type workList struct {
	source  bulk.Source
	journal *noted // nil: none
	// again opens the list another time, to count it; nil: it can be read only once.
	again  func() (bulk.Source, io.Closer, error)
	closer []io.Closer
	goesOn bool // a run before began with the same journal
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
	if !x.retryFailed {
		var closer io.Closer
		if work.source, closer, err = x.openList(); err != nil {
			return nil, err
		}
		work.closer = append(work.closer, closer)
		if x.readableAgain() {
			work.again = x.openList
		}
	}
	journal, existed, err := x.openJournal()
	if err != nil || journal == nil {
		return work, err
	}
	work.closer = append(work.closer, journal)
	if x.before, err = backlogOf(journal); err != nil {
		return nil, err
	}
	work.journal, work.goesOn = &noted{Journal: journal}, existed && !x.retryFailed
	if x.retryFailed {
		retry := journal.RetryFailed()
		work.source, work.journal = input{bulk.WithLabels(retry, x.labels)}, &noted{Journal: retry}
		work.again = func() (bulk.Source, io.Closer, error) { return work.source, io.NopCloser(nil), nil }
	}
	return work, nil
}

// openJournal opens the journal, if one is named, and makes it where a run begins.
// What is wrong with it is a mistake of its flag.
func (x *indexing) openJournal() (journal *boltjournal.Journal, existed bool, err error) {
	if x.journalPath == "" {
		return nil, false, nil
	}
	info, err := os.Stat(x.journalPath)
	existed = err == nil && info.Size() > 0
	isNew := errors.Is(err, fs.ErrNotExist) || err == nil && info.Size() == 0
	switch {
	case isNew && x.retryFailed:
		return nil, false, usagef("--journal: %s does not exist, or nothing is in it, so it has no files that failed; name the journal of the run that they failed in", x.journalPath)
	case isNew && x.dryRun:
		return nil, false, nil // nothing is done yet
	}
	if journal, err = boltjournal.Open(x.journalPath); err != nil {
		return nil, existed, usagef("--journal: %w", err)
	}
	return journal, existed, nil
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
