package bulk

import (
	"bufio"
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"iter"
	"strings"

	"github.com/imm-go/imm"
)

// textFormat says how the lines of a text become files. Blank lines are left out in
// every format.
type textFormat struct {
	name    string // for fingerprints
	comment string // lines that start with it are left out; empty: none
	parse   parseLine
	// header makes a parseLine of the first line, where the format needs one.
	header func(line []byte) (parseLine, *LineError)
}

// parseLine makes a file of a line. The error is nil, or has a Column and a Reason.
type parseLine func(line []byte) (imm.InputFile, *LineError)

// textList is the Source of a text with one file a line.
type textList struct {
	name   string
	format textFormat
	seeker io.ReadSeeker // nil if the reader cannot seek
	in     *bufio.Reader

	// How far it has been read. A reader that cannot seek goes on from there.
	lines       *lineReader // nil: not at all
	begun       bool        // a line behind the header was read
	parse       parseLine
	fingerprint string
}

func newTextList(name string, r io.Reader, format textFormat) *textList {
	list := &textList{name: name, format: format, in: bufio.NewReaderSize(r, readSize)}
	if seeker, ok := r.(io.ReadSeeker); ok {
		// A pipe is an *os.File, too, and refuses.
		if _, err := seeker.Seek(0, io.SeekCurrent); err == nil {
			list.seeker = seeker
		}
	}
	return list
}

// Fingerprint is made of the format, the length and both ends of the text, so that
// a list can be moved and renamed, and one that grew is another one. Of a reader
// that cannot seek it is the beginning only, for which it may wait.
func (t *textList) Fingerprint(ctx context.Context) (string, error) {
	if err := ctx.Err(); err != nil {
		return "", err
	}
	if t.fingerprint == "" || t.seeker != nil {
		identify := t.identifyStream
		if t.seeker != nil {
			identify = t.identifyFile
		}
		var err error
		if t.fingerprint, err = identify(); err != nil {
			return "", fmt.Errorf("identify %s: %w", t.name, err)
		}
	}
	return t.fingerprint, nil
}

func (t *textList) identifyFile() (_ string, err error) {
	before, err := t.seeker.Seek(0, io.SeekCurrent)
	if err != nil {
		return "", err
	}
	defer func() {
		if _, failed := t.seeker.Seek(before, io.SeekStart); err == nil {
			err = failed
		}
	}()
	size, err := t.seeker.Seek(0, io.SeekEnd)
	if err != nil {
		return "", err
	}
	ends := sha256.New()
	for _, start := range [...]int64{0, max(0, size-readSize)} {
		if _, err := t.seeker.Seek(start, io.SeekStart); err != nil {
			return "", err
		}
		if _, err := io.CopyN(ends, t.seeker, readSize); err != nil && !errors.Is(err, io.EOF) {
			return "", err
		}
	}
	return fmt.Sprintf("%s of %d bytes, SHA-256 of both ends %x", t.format.name, size, ends.Sum(nil)[:16]), nil
}

func (t *textList) identifyStream() (string, error) {
	if t.lines != nil {
		return "", errors.New("its beginning was read already: ask for the fingerprint before the items")
	}
	start, err := t.in.Peek(readSize)
	if err != nil && !errors.Is(err, io.EOF) {
		return "", err
	}
	sum := sha256.Sum256(start)
	return fmt.Sprintf("%s from a stream, SHA-256 of its first %d bytes %x", t.format.name, len(start), sum[:16]), nil
}

// Items yields the files of the lines behind the position after.
func (t *textList) Items(ctx context.Context, after string) iter.Seq2[Item, error] {
	return func(yield func(Item, error) bool) {
		if err := t.start(after); err != nil {
			yield(Item{}, err)
			return
		}
		for {
			err := ctx.Err()
			var item Item
			if err == nil {
				item, err = t.next()
			}
			if errors.Is(err, io.EOF) && item.Position == "" {
				return
			}
			if !yield(item, err) || item.Position == "" {
				return
			}
		}
	}
}

// start goes to the place behind the position after.
func (t *textList) start(after string) error {
	var place linePosition
	if after != "" {
		var ok bool
		if place, ok = parseLinePosition(after); !ok || place.file > 0 {
			return fmt.Errorf("%q is no position in %s: want one that it has told, such as 12:834", after, t.name)
		}
	}
	if t.seeker != nil {
		if _, err := t.seeker.Seek(0, io.SeekStart); err != nil {
			return fmt.Errorf("go to the beginning of %s: %w", t.name, err)
		}
		t.in.Reset(t.seeker)
		t.lines, t.begun = nil, false
	}
	if t.lines == nil {
		if err := t.open(); err != nil {
			return err
		}
	}
	if after == "" {
		if t.begun {
			return fmt.Errorf("%s was read up to line %d and cannot be read again, because it cannot seek", t.name, t.lines.number)
		}
		return nil
	}
	if t.seeker != nil && !t.lines.gzipped && place.offset > t.lines.offset {
		if _, err := t.seeker.Seek(place.offset-1, io.SeekStart); err != nil {
			return fmt.Errorf("go to byte %d of %s: %w", place.offset, t.name, err)
		}
		t.in.Reset(t.seeker)
		t.lines.offset = place.offset - 1
	}
	t.begun = true
	return t.lines.skipTo(place)
}

// open reads what comes before the files.
func (t *textList) open() error {
	lines, err := newLineReader(t.name, t.in)
	if err != nil {
		return err
	}
	t.parse = t.format.parse
	for t.format.header != nil {
		line, err := lines.next()
		if errors.Is(err, io.EOF) {
			return &LineError{Name: t.name, Line: 1, Reason: "the list is empty; want a header that names the columns"}
		}
		if err != nil {
			return err
		}
		if blank(line) {
			continue
		}
		parse, bad := t.format.header(line)
		if bad != nil {
			bad.Name, bad.Line = t.name, lines.number
			return bad
		}
		t.parse = parse
		break
	}
	t.lines = lines
	return nil
}

// next is the next file, or what is wrong with the next line.
func (t *textList) next() (Item, error) {
	for {
		line, err := t.lines.next()
		t.begun = true
		if err == nil && (blank(line) || t.format.comment != "" && bytes.HasPrefix(line, []byte(t.format.comment))) {
			continue
		}
		place := Item{Position: linePosition{line: t.lines.number, offset: t.lines.offset}.String()}
		if _, ofLine := errors.AsType[*LineError](err); ofLine {
			return place, err
		}
		if err != nil {
			return Item{}, err
		}
		file, bad := t.parse(line)
		if bad == nil && !isFileURI(file.URI) {
			bad = &LineError{Column: 0, Reason: wantURI(file.URI)}
		}
		if bad != nil {
			return place, t.lines.fail(bad.Column, bad.Reason)
		}
		place.File = file
		return place, nil
	}
}

func blank(line []byte) bool { return len(bytes.TrimSpace(line)) == 0 }

// isFileURI tells files from lines of a text that is no list at all. What else a
// URI must be is checked when it is sent.
func isFileURI(uri string) bool {
	return strings.HasPrefix(uri, "oss://") || strings.HasPrefix(uri, "pds://")
}

func wantURI(uri string) string {
	const want = "want oss://bucket/object or pds://domains/…"
	if uri == "" {
		return "there is no URI; " + want
	}
	return fmt.Sprintf("%s is no URI of a file; %s", excerpt(uri), want)
}

// excerpt quotes a text that may be long.
func excerpt(text string) string {
	const most = 60
	if len(text) <= most {
		return fmt.Sprintf("%q", text)
	}
	return fmt.Sprintf("%q…", strings.ToValidUTF8(text[:most], ""))
}
