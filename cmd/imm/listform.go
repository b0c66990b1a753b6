package main

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"encoding/json"
	"io"
	"path/filepath"
	"strings"
)

// The forms of lists that are not forms of package bulk.
const (
	auto         = "auto"   // as the list begins
	failedFormat = "failed" // what a failureList writes
)

func listForms() choice { return newChoice(auto, "uris", "jsonl", "csv", "inventory", failedFormat) }

// headSize is how much of a list is looked at to tell its form.
const headSize = 64 << 10

// formOf tells the form of a list by its beginning, and by its name where that does
// not say.
func formOf(path string, head []byte) string {
	byName := formByName(path)
	line, whole := firstLine(head)
	var members map[string]json.RawMessage
	switch {
	case bytes.HasPrefix(line, []byte("{")):
		isObject := json.Unmarshal(line, &members) == nil
		_, isFailure := members["Error"]
		_, isManifest := members["sourceBucket"]
		switch {
		case isManifest, !isObject && bytes.Contains(head, []byte(`"sourceBucket"`)):
			return "inventory"
		case isFailure || byName == failedFormat:
			return failedFormat
		case isObject || byName != "inventory":
			return "jsonl"
		}
	case whole && isHeader(string(line)):
		return "csv"
	case isFileURI(line) && byName != "csv": // a CSV without a header is told what it lacks
		return "uris"
	}
	return byName
}

// formByName tells the form of a list that says nothing by itself.
func formByName(path string) string {
	name := strings.TrimSuffix(strings.ToLower(filepath.Base(path)), ".gz")
	switch {
	case strings.HasSuffix(name, ".failed.jsonl"):
		return failedFormat
	case strings.HasSuffix(name, ".jsonl"), strings.HasSuffix(name, ".ndjson"):
		return "jsonl"
	case strings.HasSuffix(name, ".csv"):
		return "csv"
	case name == "manifest.json":
		return "inventory"
	}
	return "uris"
}

// firstLine is the first line that has something in it and is no comment. The whole
// of it may be longer than what was read.
func firstLine(head []byte) (line []byte, whole bool) {
	head = bytes.TrimPrefix(head, []byte("\ufeff"))
	for len(head) > 0 {
		line, head, whole = bytes.Cut(head, []byte("\n"))
		if line = bytes.TrimSpace(line); len(line) > 0 && line[0] != '#' {
			return line, whole || len(line) < headSize
		}
	}
	return nil, false
}

// isHeader reports whether a line names columns of a CSV, among them URI.
func isHeader(line string) bool {
	for name := range strings.SplitSeq(line, ",") {
		if strings.EqualFold(strings.Trim(strings.TrimSpace(name), `"`), "URI") {
			return !strings.Contains(line, "://")
		}
	}
	return false
}

func isFileURI(line []byte) bool {
	return bytes.HasPrefix(line, []byte("oss://")) || bytes.HasPrefix(line, []byte("pds://"))
}

// headOf reads the beginning of a list and takes nothing away from it. What comes
// by a pipe is looked at up to the end of a line, for which it may wait.
func headOf(r *bufio.Reader) []byte {
	for n := 1; ; n = r.Buffered() + 1 {
		head, err := r.Peek(min(n, headSize))
		head, _ = r.Peek(max(len(head), r.Buffered()))
		if line, whole := firstLine(unzipped(head)); err != nil || n >= headSize || line != nil && whole && bytes.Contains(unzipped(head), []byte("\n")) {
			return unzipped(head)
		}
	}
}

// unzipped is the beginning of a text that may be compressed.
func unzipped(head []byte) []byte {
	r, err := gzip.NewReader(bytes.NewReader(head))
	if err != nil {
		return head
	}
	text, _ := io.ReadAll(io.LimitReader(r, headSize)) // it breaks off
	return text
}
