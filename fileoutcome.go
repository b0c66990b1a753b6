package imm

import (
	"errors"
	"fmt"
	"strings"
	"time"
)

// OutcomeStatus is how it ended for a file that was waited for.
type OutcomeStatus string

// The outcomes of WaitIndexed.
const (
	OutcomeIndexed OutcomeStatus = "indexed"
	OutcomeFailed  OutcomeStatus = "failed"
	OutcomeOverdue OutcomeStatus = "overdue" // neither, within the limit
	OutcomeUnknown OutcomeStatus = "unknown" // the wait ended before
)

// FileOutcome is what WaitIndexed learned of one file.
type FileOutcome struct {
	URI    string
	Status OutcomeStatus
	// Reason is why the file is not indexed: what the service says of one that
	// failed, and what was last seen of others. It is empty if it is indexed.
	Reason string
	// UpdateTime is when the entry of the file in the dataset was last changed, by
	// the clock of the service; zero if there is none.
	UpdateTime time.Time
}

// FileOutcomes are the outcomes of all files that were waited for.
type FileOutcomes []FileOutcome

// NotIndexed returns the files that failed, are overdue, or of which nothing is
// known. It is nil if there are none.
func (o FileOutcomes) NotIndexed() FileOutcomes {
	var not FileOutcomes
	for _, f := range o {
		if f.Status != OutcomeIndexed {
			not = append(not, f)
		}
	}
	return not
}

// Err returns nil only if every file is indexed. Otherwise the error names the
// first files that are not, and why.
func (o FileOutcomes) Err() error {
	not := o.NotIndexed()
	if len(not) == 0 {
		return nil
	}
	const shown = 3
	var b strings.Builder
	fmt.Fprintf(&b, "imm: %d of %d files not indexed: ", len(not), len(o))
	for i, f := range not[:min(shown, len(not))] {
		if i > 0 {
			b.WriteString("; ")
		}
		b.WriteString(quote(f.URI) + ": " + oneLine(string(f.Status)+": "+f.Reason))
	}
	if more := len(not) - shown; more > 0 {
		fmt.Fprintf(&b, "; and %d more", more)
	}
	return errors.New(b.String())
}
