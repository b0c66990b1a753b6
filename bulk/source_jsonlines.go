package bulk

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"

	"github.com/imm-go/imm"
	"github.com/imm-go/imm/internal/wire"
)

// JSONLines is a Source of a text with the JSON of one imm.InputFile a line.
// Names are those of the JSON, as CustomId, in upper and lower case as they stand
// there; one that is unknown or there twice is an error, and null is as if it was
// not there. Everything else is as for URIs, comments excepted.
func JSONLines(name string, r io.Reader) Source {
	return newTextList(name, r, textFormat{name: "JSON Lines", parse: parseJSONLine})
}

func parseJSONLine(line []byte) (file imm.InputFile, bad *LineError) {
	p := jsonFile{line: line, file: &file}
	if !wire.Members(line, p.member) {
		return file, notAnObject(line)
	}
	return file, p.bad
}

// notAnObject says where a line stops being a JSON object.
func notAnObject(line []byte) *LineError {
	var value json.RawMessage
	err := json.Unmarshal(line, &value)
	if syntax, ok := errors.AsType[*json.SyntaxError](err); ok {
		return &LineError{Column: int(syntax.Offset), Reason: "the line is not JSON: " + syntax.Error()}
	}
	return &LineError{Column: 1, Reason: `the line is not a JSON object; want one file a line, such as {"URI":"oss://bucket/object"}`}
}

// jsonFile reads the members of one line into a file, up to the first that is
// wrong.
type jsonFile struct {
	line []byte
	file *imm.InputFile
	seen []string
	bad  *LineError
}

func (p *jsonFile) member(name, value []byte) {
	if p.bad != nil {
		return
	}
	field, isText := textFields[string(name)]
	known := string(name)
	if slices.Contains(p.seen, known) {
		p.fail(value, fmt.Sprintf("field %s is there twice", excerpt(known)))
		return
	}
	p.seen = append(p.seen, known)
	if string(value) == "null" {
		value = nil
	}
	switch {
	case isText:
		p.text(known, value, field(p.file))
	case known == produceTime:
		p.time(known, value)
	case known == "CustomLabels":
		p.labels(value)
	case known == "Addresses":
		p.list(known, value, &p.file.Addresses)
	case known == "Labels":
		p.list(known, value, &p.file.Labels)
	case known == "Figures":
		p.list(known, value, &p.file.Figures)
	default:
		p.fail(value, fmt.Sprintf("unknown field %s; want %s, CustomLabels, Addresses, Labels or Figures", excerpt(known), textFieldNames))
	}
}

func (p *jsonFile) fail(value []byte, reason string) {
	p.bad = &LineError{Reason: reason}
	if value != nil {
		// A value is a part of the line, and ends where the line's memory ends.
		p.bad.Column = cap(p.line) - cap(value) + 1
	}
}

// text reports whether there is a text.
func (p *jsonFile) text(name string, value []byte, text *string) (ok bool) {
	if value == nil {
		return false
	}
	if *text, ok = wire.Text(value); !ok {
		p.fail(value, fmt.Sprintf("field %s: %s is no text", name, excerpt(string(value))))
	}
	return ok
}

func (p *jsonFile) time(name string, value []byte) {
	var text, reason string
	if !p.text(name, value, &text) {
		return
	}
	if p.file.ProduceTime, reason = parseProduceTime(text); reason != "" {
		p.fail(value, reason)
	}
}

func (p *jsonFile) labels(value []byte) {
	if value == nil {
		return
	}
	labels := make(map[string]string)
	isObject := wire.Members(value, func(name, label []byte) {
		key := string(name)
		text, isText := wire.Text(label)
		_, twice := labels[key]
		switch {
		case p.bad != nil:
		case !isText:
			p.fail(label, fmt.Sprintf("label %s: %s is no text", excerpt(key), excerpt(string(label))))
		case twice:
			p.fail(label, fmt.Sprintf("label %s is there twice", excerpt(key)))
		}
		labels[key] = text
	})
	if !isObject {
		p.fail(value, `field CustomLabels: want an object of texts, such as {"city":"Paris"}`)
	}
	p.file.CustomLabels = labels
}

// list reads an array of structures, whose fields must be known too.
func (p *jsonFile) list(name string, value []byte, into any) {
	if value == nil {
		return
	}
	decoder := json.NewDecoder(bytes.NewReader(value))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(into); err != nil {
		p.fail(value, fmt.Sprintf("field %s: %s", name, err))
	}
}
