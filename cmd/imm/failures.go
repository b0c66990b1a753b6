package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"time"

	"github.com/imm-go/imm"
	"github.com/imm-go/imm/bulk"
)

// failureList writes the files that failed as JSON Lines, with the reason of each.
type failureList struct {
	path  string // empty: there is no file yet, and it gets a name by the time
	file  *os.File
	lines int
}

// newFailureList makes the file, if it has a name, so that one that cannot be
// written is told before anything is charged. A file that exists is refused: it may
// be the list of an earlier run.
func newFailureList(path string) (*failureList, error) {
	f := new(failureList)
	if path == "" {
		return f, nil
	}
	err := f.create(path)
	if errors.Is(err, fs.ErrExist) {
		return nil, usagef("--failed: %s exists; name another file, or remove it", path)
	}
	if err != nil {
		return nil, usagef("--failed: %w", err)
	}
	return f, nil
}

// create makes the file, and does not write over one that exists.
func (f *failureList) create(path string) (err error) {
	f.path = path
	f.file, err = os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o666)
	return err
}

// failedLine is one line of the list.
type failedLine struct {
	imm.InputFile

	Error string `json:"Error"`
}

func (f *failureList) add(r bulk.Result) error {
	if f.file == nil {
		if err := f.create(time.Now().Format("imm-20060102-150405.failed.jsonl")); err != nil {
			return err
		}
	}
	line := failedLine{InputFile: r.File}
	if r.Err != nil {
		line.Error = r.Err.Error()
	}
	data, err := json.Marshal(line)
	if err != nil {
		return err
	}
	_, err = f.file.Write(append(data, '\n'))
	f.lines++
	return err
}

// end closes the file, and removes one that nothing was written to. A second end
// does nothing.
func (f *failureList) end() error {
	if f.file == nil {
		return nil
	}
	err := f.file.Close()
	f.file = nil
	if f.lines == 0 {
		err = errors.Join(err, os.Remove(f.path))
		f.path = ""
	}
	return err
}

// withoutErrors is a list of failures as the list of files that it was made of. A
// line without a URI was no file, and becomes a blank one.
func withoutErrors(in io.Reader) io.Reader { return &errorRemover{in: bufio.NewReader(in)} }

type errorRemover struct {
	in   *bufio.Reader
	rest []byte
}

func (e *errorRemover) Read(p []byte) (int, error) {
	for len(e.rest) == 0 {
		line, err := e.in.ReadBytes('\n')
		if len(line) == 0 {
			return 0, err
		}
		if err != nil && !errors.Is(err, io.EOF) {
			return 0, err
		}
		e.rest = withoutError(line)
	}
	n := copy(p, e.rest)
	e.rest = e.rest[n:]
	return n, nil
}

// withoutError leaves a line that is no failure as it is; the list says then what
// is wrong with it.
func withoutError(line []byte) []byte {
	var members map[string]json.RawMessage
	if json.Unmarshal(line, &members) != nil {
		return line
	}
	delete(members, "Error")
	if len(members) == 0 {
		return []byte("\n")
	}
	clean, err := json.Marshal(members)
	if err != nil {
		return line
	}
	if bytes.HasSuffix(line, []byte("\n")) {
		clean = append(clean, '\n')
	}
	return clean
}

// resultWriter takes the results of a run.
type resultWriter struct {
	p        *program
	failures *failureList
	failed   error // of the writing itself; the first one
	again    bool  // some of what failed can be sent again, unlike a line that is no file
}

// resultLine is a result as -o jsonl shows it.
type resultLine struct {
	URI       string `json:"URI"`
	CustomID  string `json:"CustomId,omitzero"`
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
		w.note("the list of files that failed", w.failures.add(r))
		w.again = w.again || r.File.URI != ""
	}
	if w.p.output.value != "jsonl" {
		return
	}
	line := resultLine{URI: r.File.URI, CustomID: r.File.CustomID, Status: r.Status.String(), RequestID: r.RequestID, EventID: r.EventID}
	if r.Err != nil {
		line.Error = r.Err.Error()
	}
	data, err := w.p.marshal(line)
	if err == nil {
		_, err = fmt.Fprintf(w.p.out, "%s\n", data)
	}
	w.note("the standard output", err)
}
