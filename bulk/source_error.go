package bulk

import "strconv"

// LineError says which line of a source is not a file, and why. It comes with the
// Position of the line, and whoever goes on with the loop gets the next line;
// without a Position, where nothing behind the line can be read either.
type LineError struct {
	Name   string // of the list, or of the file of an inventory report
	Line   int64  // from 1
	Column int    // the byte of the line, from 1; 0: unknown
	Reason string
}

// Error is one line, which starts as compilers write it: list.csv:12:5: and the
// reason.
func (e *LineError) Error() string {
	text := e.Name + ":" + strconv.FormatInt(e.Line, 10)
	if e.Column > 0 {
		text += ":" + strconv.Itoa(e.Column)
	}
	return text + ": " + e.Reason
}
