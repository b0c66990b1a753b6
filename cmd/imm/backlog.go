package main

import (
	"fmt"
	"strings"

	"github.com/imm-go/imm/bulk/boltjournal"
)

// backlog is what earlier runs left in a journal as failed.
type backlog struct {
	files     int64 // that can be sent again
	lines     int64 // that are no files, and have to be corrected in their list
	firstLine string
}

func backlogOf(journal *boltjournal.Journal) (backlog, error) {
	var b backlog
	for failure, err := range journal.Failed() {
		switch {
		case err != nil:
			return b, err
		case failure.File.URI != "":
			b.files++
		default:
			if b.lines++; b.lines == 1 {
				b.firstLine = strings.TrimPrefix(failure.Reason, "bulk: reading the source: ")
			}
		}
	}
	return b, nil
}

func (b backlog) isEmpty() bool { return b == backlog{} }

// failure is the error of a run that did all that was left: what failed before is no
// success. A run that sends those files again has what became of them.
func (b backlog) failure(sentAgain bool) error {
	if b.files == 0 || sentAgain {
		return failedf("%s", b.toCorrect())
	}
	text := count(b.files, "file") + " failed in earlier runs; --retry-failed in place of the list sends " + plural(b.files, "it", "them") + " again"
	if b.lines > 0 {
		text += "\n" + b.toCorrect()
	}
	return failedf("%s", text)
}

// toCorrect is a sentence, without its end, about the lines that are no files; empty
// if there are none.
func (b backlog) toCorrect() string {
	if b.lines == 0 {
		return ""
	}
	return fmt.Sprintf("%s no files, and cannot be sent again, such as %s; correct them, in a list of their own", lines(b.lines, "of the list is", "of the list are"), b.firstLine)
}

// again says what --retry-failed does.
func (b backlog) again() string {
	switch {
	case b.files == 0:
		return "No file of the journal is left to be sent again."
	case b.lines == 0:
		return count(b.files, "file") + " can be sent again."
	}
	return count(b.files, "file") + " can be sent again.\n" + b.toCorrect() + "."
}
