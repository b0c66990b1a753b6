package bulk

import (
	"errors"

	"github.com/imm-go/imm"
)

// Errors for errors.Is.
var (
	// ErrClosed: the Indexer was closed, or has had its run.
	ErrClosed = errors.New("the indexer is closed")
	// ErrNotIndexed: the service accepted the file, and could not index it. The
	// text has the service's reason.
	ErrNotIndexed = errors.New("not indexed")
	// ErrUnconfirmed: the service accepted the file, and whether it is indexed did
	// not become known. The text says what was last seen.
	ErrUnconfirmed = errors.New("not confirmed")
)

// Status is what became of a file.
type Status uint8

// The outcomes of a file.
const (
	// Unsent: the run ended before the file was accepted, as far as is known. A
	// file whose outcome the Journal could not record is Unsent, too, because the
	// next run sends it again.
	Unsent   Status = iota
	Accepted        // the service has it; whether it is indexed was not asked, or did not become known
	Indexed         // the service has confirmed that it is indexed
	Failed          // it was refused, or could not be indexed; Err says why
)

// String is the status in lower case.
func (s Status) String() string {
	switch s {
	case Unsent:
		return "unsent"
	case Accepted:
		return "accepted"
	case Indexed:
		return "indexed"
	case Failed:
		return "failed"
	}
	return "unknown"
}

// Result is the outcome of one file. Each file that went in gets exactly one.
type Result struct {
	File     imm.InputFile
	Position string // of the item; empty for a file that Run or Add was given
	Status   Status
	// Err is why a file is Failed or Unsent. For one that is Accepted it matches
	// ErrUnconfirmed if a confirmation was asked for and did not come.
	Err error
	// RequestID and EventID are those of the call that was accepted, or of the one
	// that was refused, as far as there was an answer.
	RequestID, EventID string
	Attempts           int // calls that the file was part of, repeats of the client not counted
}
