package bulk

import (
	"strconv"
	"strings"
)

// linePosition is the Position of a line: its number and the byte behind it, as
// 12:834, and before them the number of the file in an inventory report.
type linePosition struct {
	file   int // from 1; 0: the source is one file
	line   int64
	offset int64
}

func (p linePosition) String() string {
	buf := make([]byte, 0, 32)
	if p.file > 0 {
		buf = append(strconv.AppendInt(buf, int64(p.file), 10), ':')
	}
	buf = append(strconv.AppendInt(buf, p.line, 10), ':')
	return string(strconv.AppendInt(buf, p.offset, 10))
}

// parseLinePosition reads what String writes, and nothing else: a position of
// another kind of source would be taken for a place that means something else.
func parseLinePosition(text string) (p linePosition, ok bool) {
	line, offset, _ := strings.Cut(text, ":")
	if strings.Contains(offset, ":") {
		p.file, _ = strconv.Atoi(line)
		line, offset, _ = strings.Cut(offset, ":")
	}
	p.line, _ = strconv.ParseInt(line, 10, 64)
	p.offset, _ = strconv.ParseInt(offset, 10, 64)
	return p, p.file >= 0 && p.line > 0 && p.offset > 0 && p.String() == text
}
