package main

import (
	"bufio"
	"bytes"
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
	path string // empty: there is no file yet, and it gets a name by the time
	file *os.File
	used bool // something is in the file, so that it stays
}

// newFailureList makes the file, if it has a name, so that one that cannot be
// written is told before anything is charged. A file that exists is refused: it may
// be the list of other work. Only a run that goes on writes behind what the one
// before it wrote.
func newFailureList(path string, goesOn bool) (*failureList, error) {
	f := new(failureList)
	if path == "" {
		return f, nil
	}
	err := f.create(path, goesOn)
	if errors.Is(err, fs.ErrExist) {
		return nil, usagef("--failed: %s exists; name another file, or remove it", path)
	}
	if err != nil {
		return nil, usagef("--failed: %w", err)
	}
	return f, nil
}

// create makes the file, and does not write over one that exists.
func (f *failureList) create(path string, goesOn bool) error {
	flags := os.O_WRONLY | os.O_CREATE | os.O_EXCL
	if goesOn {
		flags = os.O_WRONLY | os.O_CREATE | os.O_APPEND
	}
	file, err := os.OpenFile(path, flags, 0o666)
	if err != nil {
		return err
	}
	info, err := file.Stat()
	if err != nil {
		return errors.Join(err, file.Close())
	}
	f.path, f.file, f.used = path, file, info.Size() > 0 || !info.Mode().IsRegular()
	return nil
}

// createByTime makes a file for a list that has no name. Another run may have made
// one in the same second.
func (f *failureList) createByTime() (err error) {
	name := time.Now().Format("imm-20060102-150405")
	for n := 1; ; n++ {
		path := name + ".failed.jsonl"
		if n > 1 {
			path = fmt.Sprintf("%s-%d.failed.jsonl", name, n)
		}
		if err = f.create(path, false); !errors.Is(err, fs.ErrExist) {
			return err
		}
	}
}

// failedLine is one line of the list.
type failedLine struct {
	imm.InputFile

	Error string `json:"Error"`
}

func failureOf(r bulk.Result) ([]byte, error) {
	line := failedLine{InputFile: r.File}
	if r.Err != nil {
		line.Error = r.Err.Error()
	}
	return json.Marshal(line)
}

func (f *failureList) add(r bulk.Result) error {
	if f.file == nil {
		if err := f.createByTime(); err != nil {
			return err
		}
	}
	data, err := failureOf(r)
	if err != nil {
		return err
	}
	n, err := f.file.Write(append(data, '\n'))
	f.used = f.used || n > 0
	return err
}

// end closes the file, and removes one that nothing is in. A second end does
// nothing.
func (f *failureList) end() error {
	if f.file == nil {
		return nil
	}
	err := f.file.Close()
	f.file = nil
	if !f.used {
		err = errors.Join(err, os.Remove(f.path))
		f.path = ""
	}
	return err
}

// withoutErrors is a list of failures as the list of files that it was made of. A
// line without a URI was no file, and is none now.
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
	clean, err := json.Marshal(members)
	if err != nil {
		return line
	}
	if bytes.HasSuffix(line, []byte("\n")) {
		clean = append(clean, '\n')
	}
	return clean
}
