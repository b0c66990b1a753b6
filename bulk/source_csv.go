package bulk

import (
	"fmt"
	"io"
	"strings"

	"github.com/imm-go/imm"
)

// CSV is a Source of a text with comma-separated values. The first line names the
// columns: URI, which must be there, other fields of imm.InputFile that hold a
// text or a time, by their names in JSON in upper or lower case, and label:NAME
// for a custom label. Any other name is an error, and nothing is read then. An
// empty value is left out.
//
// Values are quoted as RFC 4180 has it, but a line is a record: no value holds a
// line break, so that a quote that is missing costs one line and not the rest of
// the list. Everything else is as for URIs, comments excepted.
func CSV(name string, r io.Reader) Source {
	return newTextList(name, r, textFormat{name: "CSV", header: parseCSVHeader})
}

// csvValue is a value of a line, and the column that it starts in.
type csvValue struct {
	text   string
	column int
}

// csvColumn puts a value into a file. The reason why it cannot is empty if it can.
type csvColumn func(file *imm.InputFile, text string) (reason string)

func parseCSVHeader(line []byte) (parseLine, *LineError) {
	names, bad := splitCSV(string(line), nil)
	if bad != nil {
		return nil, bad
	}
	columns := make([]csvColumn, len(names))
	seen := make(map[string]bool)
	for i, name := range names {
		var key string
		if key, columns[i] = csvColumnOf(strings.TrimSpace(name.text)); columns[i] == nil {
			return nil, &LineError{Column: name.column, Reason: fmt.Sprintf(
				"unknown column %s; want %s, or label:NAME, with commas between them", excerpt(name.text), textFieldNames)}
		}
		if seen[key] {
			return nil, &LineError{Column: name.column, Reason: fmt.Sprintf("column %s is there twice", excerpt(key))}
		}
		seen[key] = true
	}
	if !seen["URI"] {
		return nil, &LineError{Reason: "there is no column URI; the first line names the columns, such as URI,CustomId,label:city"}
	}
	var values []csvValue
	return func(line []byte) (file imm.InputFile, bad *LineError) {
		if values, bad = splitCSV(string(line), values[:0]); bad != nil {
			return file, bad
		}
		if len(values) != len(columns) {
			return file, &LineError{Reason: fmt.Sprintf("%d values, and the header names %d", len(values), len(columns))}
		}
		for i, value := range values {
			if value.text == "" {
				continue
			}
			if reason := columns[i](&file, value.text); reason != "" {
				return file, &LineError{Column: value.column, Reason: reason}
			}
		}
		return file, nil
	}, nil
}

// csvColumnOf finds the column of a name; it is nil for a name of nothing.
func csvColumnOf(name string) (key string, column csvColumn) {
	if label, ok := strings.CutPrefix(name, "label:"); ok && label != "" {
		return name, func(file *imm.InputFile, text string) string {
			if file.CustomLabels == nil {
				file.CustomLabels = make(map[string]string)
			}
			file.CustomLabels[label] = text
			return ""
		}
	}
	if strings.EqualFold(name, produceTime) {
		return produceTime, func(file *imm.InputFile, text string) (reason string) {
			file.ProduceTime, reason = parseProduceTime(text)
			return reason
		}
	}
	for key, field := range textFields {
		if strings.EqualFold(name, key) {
			return key, func(file *imm.InputFile, text string) string {
				*field(file) = text
				return ""
			}
		}
	}
	return "", nil
}

// splitCSV appends the values of a line. Those that were not quoted, or have no
// quote in them, are parts of the line.
func splitCSV(line string, values []csvValue) ([]csvValue, *LineError) {
	for rest := line; ; {
		column := len(line) - len(rest) + 1
		if !strings.HasPrefix(rest, `"`) {
			text, after, more := strings.Cut(rest, ",")
			if quote := strings.IndexByte(text, '"'); quote >= 0 {
				return values, &LineError{Column: column + quote, Reason: `a quote inside a value; quote the whole value, and double the quotes in it`}
			}
			values = append(values, csvValue{text, column})
			if !more {
				return values, nil
			}
			rest = after
			continue
		}
		text, after, closed := cutQuoted(rest)
		if !closed {
			return values, &LineError{Column: column, Reason: "the quote is not closed in this line; a value cannot hold a line break"}
		}
		values = append(values, csvValue{text, column})
		if after == "" {
			return values, nil
		}
		if after[0] != ',' {
			return values, &LineError{Column: len(line) - len(after) + 1, Reason: "text behind a closing quote; want a comma or the end of the line"}
		}
		rest = after[1:]
	}
}

// cutQuoted cuts the quoted value that rest starts with. A doubled quote in it
// stands for one.
func cutQuoted(rest string) (text, after string, closed bool) {
	doubled := false
	for i := 1; i < len(rest); i++ {
		if rest[i] != '"' {
			continue
		}
		if i+1 < len(rest) && rest[i+1] == '"' {
			doubled = true
			i++
			continue
		}
		if text = rest[1:i]; doubled {
			text = strings.ReplaceAll(text, `""`, `"`)
		}
		return text, rest[i+1:], true
	}
	return "", "", false
}
