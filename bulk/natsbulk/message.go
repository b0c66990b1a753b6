package natsbulk

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/imm-go/imm"
	"github.com/imm-go/imm/bulk"
)

// workBatch is a message of the streams of work and of dead batches.
type workBatch struct {
	// Number is the sequence of the batch in the stream of work, where it goes without
	// saying: there it is zero.
	Number uint64     `json:",omitzero"`
	Items  []workItem `json:"Items"`

	// Only in the stream of dead batches.
	Reason     string `json:",omitzero"`
	Deliveries uint64 `json:",omitzero"`
}

// workItem is a file, or a line of the list that is none.
type workItem struct {
	File     imm.InputFile
	Position exact  // in the source
	Error    string `json:",omitzero"`
}

// exact is text that comes back byte by byte: a string of JSON would lose what is not
// UTF-8, and a position can be the name of a file.
type exact string

// encoded is before the base64 of text that cannot stand for itself.
const encoded = "base64:"

// MarshalText is the text itself where that is possible.
func (e exact) MarshalText() ([]byte, error) {
	if utf8.ValidString(string(e)) && !strings.HasPrefix(string(e), encoded) {
		return []byte(e), nil
	}
	return base64.StdEncoding.AppendEncode([]byte(encoded), []byte(e)), nil
}

// UnmarshalText reads what MarshalText writes.
func (e *exact) UnmarshalText(text []byte) error {
	code, isEncoded := bytes.CutPrefix(text, []byte(encoded))
	if !isEncoded {
		*e = exact(text)
		return nil
	}
	data, err := base64.StdEncoding.AppendDecode(nil, code)
	*e = exact(data)
	return err
}

// fitsJSON reports whether JSON holds what it was made of. What is not UTF-8 becomes
// \ufffd there. The sign itself is written as it is, and a backslash as two.
func fitsJSON(text []byte) bool {
	lost := []byte(`\ufffd`)
	return !bytes.Contains(text, lost) || !bytes.Contains(bytes.ReplaceAll(text, []byte(`\\`), nil), lost)
}

// decodeWork reads a batch that came as the given sequence of its stream.
func decodeWork(data []byte, sequence uint64) (*workBatch, error) {
	b := new(workBatch)
	if err := json.Unmarshal(data, b); err != nil {
		return nil, fmt.Errorf("the message is no batch of files: %w", err)
	}
	if len(b.Items) == 0 {
		return nil, errors.New("the batch has no files")
	}
	if b.Number == 0 {
		b.Number = sequence
	}
	return b, nil
}

// outcomes is a message of the stream of results: what became of files of one batch
// that were in one call.
type outcomes struct {
	Batch     uint64
	Size      int    // files of the batch
	RequestID string `json:",omitzero"`
	EventID   string `json:",omitzero"`
	Files     []outcome
}

// outcome is what became of one file.
type outcome struct {
	Index    int    // in the batch
	URI      string `json:",omitzero"` // where there is no File
	Status   string
	Error    string         `json:",omitzero"`
	Attempts int            `json:",omitzero"`
	Position exact          `json:",omitzero"` // in the source; where there is an Error
	File     *imm.InputFile `json:",omitzero"` // likewise, so that it can be sent again
}

// decodeOutcomes reads a message, and checks what counting relies on.
func decodeOutcomes(data []byte) (*outcomes, error) {
	m := new(outcomes)
	if err := json.Unmarshal(data, m); err != nil {
		return nil, fmt.Errorf("the message has no outcomes: %w", err)
	}
	if m.Batch == 0 || m.Size <= 0 || m.Size > maxItems || len(m.Files) == 0 {
		return nil, fmt.Errorf("the outcomes are of batch %d with %d files, which there cannot be", m.Batch, m.Size)
	}
	for _, f := range m.Files {
		if f.Index < 0 || f.Index >= m.Size {
			return nil, fmt.Errorf("file %d is not one of the %d of batch %d", f.Index, m.Size, m.Batch)
		}
		if _, known := statusOf(f.Status); !known {
			return nil, fmt.Errorf("%q is not what can become of a file", f.Status)
		}
	}
	return m, nil
}

// statusOf reads what Status.String writes. A file whose outcome is unknown has none
// to be stored.
func statusOf(text string) (bulk.Status, bool) {
	for _, s := range []bulk.Status{bulk.Accepted, bulk.Indexed, bulk.Failed} {
		if s.String() == text {
			return s, true
		}
	}
	return bulk.Unsent, false
}

// storedError is the text of an error that was one in another process.
type storedError struct {
	text  string
	cause error
}

func (e *storedError) Error() string { return e.text }

// Unwrap is what errors.Is still finds of it.
func (e *storedError) Unwrap() error { return e.cause }

// result is the outcome as the worker had it.
func (m *outcomes) result(f *outcome) bulk.Result {
	status, _ := statusOf(f.Status)
	r := bulk.Result{
		File: imm.InputFile{URI: f.URI}, Position: string(f.Position), Status: status,
		RequestID: m.RequestID, EventID: m.EventID, Attempts: f.Attempts,
	}
	if f.File != nil {
		r.File = *f.File
	}
	if f.Error != "" {
		stored := &storedError{text: f.Error}
		if status == bulk.Accepted {
			stored.cause = bulk.ErrUnconfirmed
		}
		r.Err = stored
	}
	return r
}
