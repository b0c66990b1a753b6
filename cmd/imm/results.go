package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/imm-go/imm/bulk"
)

// resultWriter takes the results of a run.
type resultWriter struct {
	p        *program
	screen   *screen
	failures *failureList
	failed   error // of the writing itself; the first one
	again    bool  // some of what failed can be sent again, unlike a line that is no file
	unlisted int64 // failures that are shown, because they cannot be listed
}

// resultLine is a result as -o jsonl shows it.
type resultLine struct {
	URI       string `json:"URI"`
	CustomID  string `json:"CustomId,omitzero"`
	Line      int64  `json:"Line,omitzero"`     // of the list
	Position  string `json:"Position,omitzero"` // in the list, or the number of a failure in the journal
	Status    string `json:"Status"`
	Error     string `json:"Error,omitzero"`
	RequestID string `json:"RequestId,omitzero"`
	EventID   string `json:"EventId,omitzero"`
}

// note keeps the first failure to write.
func (w *resultWriter) note(what string, err error) {
	if err != nil && w.failed == nil {
		w.failed = fmt.Errorf("%s cannot be written: %w", what, err)
	}
}

// write is called by one goroutine at a time.
func (w *resultWriter) write(_ context.Context, r bulk.Result) {
	if r.Status == bulk.Failed || r.Status == bulk.Accepted && r.Err != nil {
		w.list(r)
	}
	if w.p.output.value != "jsonl" || w.p.outputGone() {
		return
	}
	line := resultLine{
		URI: r.File.URI, CustomID: r.File.CustomID, Line: lineAt(r.Position), Position: r.Position,
		Status: r.Status.String(), RequestID: r.RequestID, EventID: r.EventID,
	}
	if r.Err != nil {
		line.Error = r.Err.Error()
	}
	data, err := w.p.marshal(line)
	if err == nil {
		_, err = fmt.Fprintf(w.p.out, "%s\n", data)
	}
	if !errors.Is(err, errReaderGone) { // who reads may leave; the run goes on
		w.note("the standard output", err)
	}
}

// list puts a failure on the list. One that cannot be listed is shown, since it is
// known nowhere else.
func (w *resultWriter) list(r bulk.Result) {
	w.again = w.again || r.File.URI != ""
	err := w.failures.add(r)
	if err == nil {
		return
	}
	if w.unlisted++; w.unlisted == 1 {
		w.screen.line("The list of files that failed cannot be written. These lines belong in it, and --from takes them:")
	}
	if line, failed := failureOf(r); failed == nil {
		w.screen.line(string(escapeControls(line)))
	}
	w.note("the list of files that failed", err)
}
