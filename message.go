package imm

import (
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/imm-go/imm/internal/wire"
)

const (
	maxMessage      = 1 << 20 // bytes, well above the 64 KB at which the queue discards a message
	maxMessageFiles = 1000    // of a message, which is about the 100 of a batch at most; an empty one takes 3 bytes of JSON and many more in memory
)

// IndexMessage is the message in which the service reports the outcome of
// IndexFileMeta and BatchIndexFileMeta.
//
// https://www.alibabacloud.com/help/en/imm/developer-reference/asynchronous-notification-message-format
type IndexMessage struct {
	ProjectName string    `json:"ProjectName"`
	DatasetName string    `json:"DatasetName"`
	RequestID   string    `json:"RequestId"` // need not be the one of the answer to the call
	EventID     string    `json:"EventId,omitzero"`
	UserData    string    `json:"UserData,omitzero"` // what the call gave; comes back not in all cases
	StartTime   time.Time `json:"StartTime,omitzero"`
	EndTime     time.Time `json:"EndTime,omitzero"`
	// Success says whether the index was made. It can be true while files of a
	// batch failed: use Err or Failed.
	Success bool          `json:"Success"`
	Message string        `json:"Message"` // why Success is false
	Files   []IndexedFile `json:"Files"`

	// Envelopes are what the message came in, outermost first; there is none
	// around a bare message. They and the fields below are no part of the JSON.
	Envelopes []Envelope `json:"-"`
	// MessageID, MessageTag and PublishTime are each what the outermost envelope
	// that has it says, and zero if none does. The id of a message that is
	// delivered again is the same. PublishTime is the time of the event, if all
	// that there is around the message is an event.
	// A receiver of package notify puts the id and the time of the queue here where
	// no envelope has them.
	MessageID   string    `json:"-"`
	MessageTag  string    `json:"-"` // by which subscriptions to a topic of MNS can choose
	PublishTime time.Time `json:"-"`
}

// IndexedFile is the outcome of one file.
type IndexedFile struct {
	URI          string            `json:"URI"`
	CustomID     string            `json:"CustomId,omitzero"`
	CustomLabels map[string]string `json:"CustomLabels,omitzero"` // labels that are not text are shown as JSON
	Error        string            `json:"Error"`                 // empty if the file is indexed, provided that the message's Success is true
}

// parseBare reads the JSON of the message itself. It reports whether text is a
// JSON object and whether that has a Success, because only what has none can be
// an envelope.
func parseBare(text []byte) (m *IndexMessage, isObject, hasSuccess bool, err error) {
	m = new(IndexMessage)
	isBoolean := false
	isObject = wire.Members(text, func(name, value []byte) {
		s, isText := wire.Text(value)
		switch string(name) {
		case "ProjectName":
			m.ProjectName = s
		case "DatasetName":
			m.DatasetName = s
		case "RequestId":
			m.RequestID = s
		case "EventId":
			m.EventID = s
		case "UserData":
			m.UserData = s
		case "StartTime":
			m.StartTime = wire.Time(s)
		case "EndTime":
			m.EndTime = wire.Time(s)
		case "Success":
			m.Success = string(value) == "true"
			hasSuccess, isBoolean = true, m.Success || string(value) == "false"
		case "Message":
			if m.Message = s; !isText {
				m.Message = wire.LooseText(value)
			}
		case "Files":
			m.Files, err = indexedFiles(value)
		}
	})
	if hasSuccess && !isBoolean {
		err = errors.New("the JSON object has no Success that is true or false: " + excerpt(text))
	}
	return m, isObject, hasSuccess, err
}

// decodeBase64 takes both alphabets, with and without padding and line ends.
func decodeBase64(text []byte) ([]byte, bool) {
	packed := make([]byte, 0, len(text))
	for _, c := range text {
		switch c {
		case '\r', '\n', '=':
		case '-':
			packed = append(packed, '+')
		case '_':
			packed = append(packed, '/')
		default:
			packed = append(packed, c)
		}
	}
	decoded, err := base64.RawStdEncoding.AppendDecode(nil, packed)
	return trimMessage(decoded), err == nil
}

// trimMessage takes away white space and the byte order mark that some writers
// put before UTF-8.
func trimMessage(data []byte) []byte {
	return bytes.TrimSpace(bytes.TrimPrefix(bytes.TrimSpace(data), []byte("\uFEFF")))
}

// indexedFiles reads the files. One that is not an object would be an outcome
// that nobody learns of, so it is an error.
func indexedFiles(value []byte) ([]IndexedFile, error) {
	var files []IndexedFile
	var malformed error
	isArray := wire.Elements(value, func(element []byte) {
		if malformed != nil {
			return
		}
		if len(files) == maxMessageFiles {
			malformed = fmt.Errorf("it has more than %d files, and a batch has 100 at most", maxMessageFiles)
			return
		}
		var f IndexedFile
		isObject := wire.Members(element, func(name, value []byte) {
			s, _ := wire.Text(value)
			switch string(name) {
			case "URI":
				f.URI = s
			case "CustomId":
				f.CustomID = s
			case "CustomLabels":
				f.CustomLabels = lenientLabels(value)
			case "Error":
				f.Error = wire.LooseText(value)
			}
		})
		if !isObject {
			malformed = fmt.Errorf("its Files has an element that is not a JSON object: %s", excerpt(element))
		}
		files = append(files, f)
	})
	if !isArray && string(value) != "null" {
		return nil, fmt.Errorf("its Files is not a JSON array: %s", excerpt(value))
	}
	return files, malformed
}

func lenientLabels(value []byte) map[string]string {
	var labels map[string]string
	wire.Members(value, func(name, value []byte) {
		if labels == nil {
			labels = make(map[string]string)
		}
		labels[string(name)] = wire.LooseText(value)
	})
	return labels
}

// Failed returns the files that are not indexed, each with an Error that is not
// empty: those with an error of their own, and all of them if Success is false.
// It is nil if there are none.
func (m *IndexMessage) Failed() []IndexedFile {
	var failed []IndexedFile
	for _, f := range m.Files {
		if f.Error == "" && !m.Success {
			f.Error = m.reason()
		}
		if f.Error != "" {
			failed = append(failed, f)
		}
	}
	return failed
}

func (m *IndexMessage) reason() string {
	if m.Message != "" {
		return m.Message
	}
	return "the message says that indexing failed, and not why"
}

// Err returns nil only if every file is indexed: if Success is true, the message
// names at least one file, and none of its files has an error. Otherwise the
// error names the first files that failed and why.
func (m *IndexMessage) Err() error {
	failed := m.Failed()
	switch {
	case len(failed) == 0 && !m.Success:
		return errors.New("imm: indexing failed: " + oneLine(m.reason()))
	case len(m.Files) == 0:
		return errors.New("imm: the index message names no file, so the outcome of none is known")
	case len(failed) == 0:
		return nil
	}
	const shown = 3
	var b strings.Builder
	fmt.Fprintf(&b, "imm: %d of %d files not indexed: ", len(failed), len(m.Files))
	for i, f := range failed[:min(shown, len(failed))] {
		if i > 0 {
			b.WriteString("; ")
		}
		b.WriteString(quote(f.URI) + ": " + oneLine(f.Error))
	}
	if more := len(failed) - shown; more > 0 {
		fmt.Fprintf(&b, "; and %d more", more)
	}
	return errors.New(b.String())
}
