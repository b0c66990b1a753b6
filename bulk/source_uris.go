package bulk

import (
	"io"

	"github.com/imm-go/imm"
)

// URIs is a Source of a text with one URI a line, such as oss://bucket/object.
// The name is what errors call it. Blank lines and those that start with # are
// left out; everything else of a line belongs to the URI, blanks as well.
//
// The text is UTF-8, with or without a byte order mark, lines end with \n or \r\n,
// and a line has at most 1 MiB; gzip is recognized and decompressed. A line that is
// no URI comes as a *LineError, and the loop can go on.
//
// An r that can seek is read from its start, and goes on behind a position at
// once unless it is compressed. Any other is read once, and skips what is before
// the position; nothing interrupts it while it waits for input. The fingerprint
// is made of the length and the first and last 64 KiB, or of the first 64 KiB
// where r cannot seek. It does not see a change in between that keeps the length.
func URIs(name string, r io.Reader) Source {
	return newTextList(name, r, textFormat{name: "URIs", comment: "#", parse: parseURI})
}

func parseURI(line []byte) (imm.InputFile, *LineError) {
	return imm.InputFile{URI: string(line)}, nil
}
