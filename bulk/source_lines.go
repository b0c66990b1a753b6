package bulk

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"unicode/utf8"
)

const (
	maxLine  = 1 << 20  // bytes, without the end of the line
	readSize = 64 << 10 // bytes that are read at once
)

// lineReader gives the lines of a text one by one, and counts what it has read.
// It keeps one line, whatever the length of the text.
type lineReader struct {
	name    string
	in      *bufio.Reader // of the text, after decompression
	gzipped bool
	number  int64  // of the last line
	offset  int64  // of the byte behind it
	long    []byte // the last line that did not fit the buffer of in
}

// newLineReader reads a text from its beginning. It is decompressed if it starts
// as gzip does, whatever its name is.
func newLineReader(name string, in *bufio.Reader) (*lineReader, error) {
	l := &lineReader{name: name, in: in}
	start, err := in.Peek(2)
	if string(start) == "\x1f\x8b" {
		var text io.Reader
		if text, err = gzip.NewReader(in); err == nil {
			l.gzipped = true
			l.in = bufio.NewReaderSize(text, readSize)
			start, err = l.in.Peek(2)
		}
	}
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("read the beginning of %s: %w", name, err)
	}
	if text := string(start); text == "\xff\xfe" || text == "\xfe\xff" {
		return nil, &LineError{Name: name, Line: 1, Reason: "the text is UTF-16; save it as UTF-8"}
	}
	// Some editors mark UTF-8 with these three bytes, which are no part of the text.
	if mark, _ := l.in.Peek(3); string(mark) == "\xef\xbb\xbf" {
		_, _ = l.in.Discard(len(mark))
		l.offset = int64(len(mark))
	}
	return l, nil
}

// next returns the next line without its end, which is \n, \r\n or the end of the
// text. It is good until the next call. A *LineError concerns this line alone, and
// io.EOF is the end; after any other error nothing more can be read.
func (l *lineReader) next() ([]byte, error) {
	line, err := l.in.ReadSlice('\n')
	size := len(line)
	if errors.Is(err, bufio.ErrBufferFull) {
		l.long = append(l.long[:0], line...)
		for errors.Is(err, bufio.ErrBufferFull) {
			line, err = l.in.ReadSlice('\n')
			if size += len(line); size <= maxLine+len("\r\n") {
				l.long = append(l.long, line...)
			}
		}
		line = l.long
	}
	switch {
	case errors.Is(err, io.EOF) && size == 0:
		return nil, io.EOF
	case err != nil && !errors.Is(err, io.EOF):
		// What came before the error may be half a line, and so another file's name.
		return nil, fmt.Errorf("read line %d of %s: %w", l.number+1, l.name, err)
	}
	l.number++
	l.offset += int64(size)
	line = bytes.TrimSuffix(bytes.TrimSuffix(line, []byte("\n")), []byte("\r"))
	if size > maxLine+len("\r\n") || len(line) > maxLine {
		return nil, l.fail(0, fmt.Sprintf("the line has %d bytes; a line has at most %d", size, maxLine))
	}
	if !utf8.Valid(line) {
		return nil, l.fail(firstInvalid(line)+1, "the text is not UTF-8; save it as UTF-8")
	}
	return line, nil
}

// fail is an error of the line that was read last.
func (l *lineReader) fail(column int, reason string) *LineError {
	return &LineError{Name: l.name, Line: l.number, Column: column, Reason: reason}
}

func firstInvalid(line []byte) int {
	for i := 0; i < len(line); {
		r, size := utf8.DecodeRune(line[i:])
		if r == utf8.RuneError && size == 1 {
			return i
		}
		i += size
	}
	return len(line)
}

// skipTo goes on behind the line at p. A place that is not behind a line end is
// not one that this reader has told.
func (l *lineReader) skipTo(p linePosition) error {
	if p.offset == l.offset && p.line == l.number {
		return nil
	}
	wrong := fmt.Errorf("%s has no line %d that ends at byte %d: it is not the list that was read before", l.name, p.line, p.offset)
	if p.offset <= l.offset || p.line <= l.number {
		return wrong
	}
	if _, err := io.CopyN(io.Discard, l.in, p.offset-1-l.offset); err != nil {
		if errors.Is(err, io.EOF) {
			return wrong
		}
		return fmt.Errorf("read %s up to byte %d: %w", l.name, p.offset, err)
	}
	end, err := l.in.ReadByte()
	if err == nil && end != '\n' {
		// Only the last line may lack its end.
		if _, err = l.in.Peek(1); err == nil {
			return wrong
		}
		if errors.Is(err, io.EOF) {
			err = nil
		}
	}
	if errors.Is(err, io.EOF) {
		return wrong
	}
	if err != nil {
		return fmt.Errorf("read %s at byte %d: %w", l.name, p.offset, err)
	}
	l.number, l.offset = p.line, p.offset
	return nil
}
