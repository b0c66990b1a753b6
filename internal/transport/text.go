package transport

import "strings"

// maxShown is how much of a text from outside an error shows, in bytes.
const maxShown = 2000

// OneLine makes a text from outside fit into one line of a log: no control
// characters, no runs of white space, and not without end.
func OneLine(s string) string {
	clean := true
	for i := range len(s) {
		if s[i] < ' ' || s[i] >= 0x7f || s[i] == ' ' && (i == 0 || i == len(s)-1 || s[i-1] == ' ') {
			clean = false
			break
		}
	}
	if clean && len(s) <= maxShown {
		return s
	}
	if len(s) > 4*maxShown {
		s = s[:4*maxShown]
	}
	s = strings.Join(strings.FieldsFunc(strings.ToValidUTF8(s, "\uFFFD"), unprintable), " ")
	if len(s) > maxShown {
		s = strings.ToValidUTF8(s[:maxShown], "") + "…"
	}
	return s
}

// unprintable are the characters that could end a line or steer a terminal:
// control characters, and those that turn the direction of text.
func unprintable(r rune) bool {
	return r <= ' ' || r >= 0x7f && r < 0xa0 || r == '\u061c' || r == '\u2028' || r == '\u2029' ||
		r >= '\u200e' && r <= '\u200f' || r >= '\u202a' && r <= '\u202e' || r >= '\u2066' && r <= '\u2069'
}
