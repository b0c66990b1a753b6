package wire

import (
	"slices"
	"strconv"
	"time"
)

// Writer writes JSON as a parameter carries it, percent-encoded, in one step,
// because a batch of files is most of what a call costs. What it writes is the
// encoding of what Object would write. The names of members are letters and
// digits, never a user's text.
//
// It counts what it has written, and does not append to a slice: to store a slice
// in memory that is used again costs more than the bytes while the garbage
// collector runs.
type Writer struct {
	buf         []byte // of which the first n bytes are written
	n           int
	comma       bool // a value stands before the next one
	beyondASCII bool
	names       []string // memory for Texts
}

func (w *Writer) reset() { w.n, w.comma, w.beyondASCII = 0, false, false }

// BeyondASCII reports whether a text had other bytes than ASCII. Where none had,
// all of them were valid UTF-8.
func (w *Writer) BeyondASCII() bool { return w.beyondASCII }

func (w *Writer) written() []byte { return w.buf[:w.n] }

// room returns the memory behind what is written, n bytes of it at least.
func (w *Writer) room(n int) []byte {
	if len(w.buf)-w.n < n {
		w.grow(n)
	}
	return w.buf[w.n:]
}

//go:noinline
func (w *Writer) grow(n int) {
	w.buf = slices.Grow(w.buf[:w.n], n)
	w.buf = w.buf[:cap(w.buf)]
}

// set takes the memory back, with what was appended to written.
//
//go:noinline
func (w *Writer) set(written []byte) { w.buf, w.n = written[:cap(written)], len(written) }

// mark is a character of JSON's own, percent-encoded.
type mark [3]byte

var (
	beginObject = mark{'%', '7', 'B'}
	endObject   = mark{'%', '7', 'D'}
	beginArray  = mark{'%', '5', 'B'}
	endArray    = mark{'%', '5', 'D'}
	comma       = mark{'%', '2', 'C'}
	colon       = mark{'%', '3', 'A'}
	quotation   = mark{'%', '2', '2'}
)

// What stands behind the name of a member, and between that and a text.
var (
	afterName  = [2 * len(quotation)]byte{'%', '2', '2', '%', '3', 'A'}
	beforeText = [3 * len(quotation)]byte{'%', '2', '2', '%', '3', 'A', '%', '2', '2'}
)

// BeginObject begins an object, as an element or behind Name.
func (w *Writer) BeginObject() { w.begin(beginObject) }

// EndObject ends the object that was begun last.
func (w *Writer) EndObject() { w.end(endObject) }

// BeginArray begins an array, as an element or behind Name.
func (w *Writer) BeginArray() { w.begin(beginArray) }

// EndArray ends the array that was begun last.
func (w *Writer) EndArray() { w.end(endArray) }

// begin is kept out of line, and so are others here: the size of users' programs
// counts, and every field would carry a copy.
//
//go:noinline
func (w *Writer) begin(bracket mark) {
	room, n := w.next(len(bracket))
	*(*mark)(room[n:]) = bracket
	w.n += n + len(bracket)
	w.comma = false
}

//go:noinline
func (w *Writer) end(bracket mark) {
	w.put(bracket)
	w.comma = true
}

// next returns room for a value of n bytes, and how many of it the comma takes
// that stands before the value.
func (w *Writer) next(n int) (room []byte, used int) {
	room = w.room(len(comma) + n)
	if w.comma {
		*(*mark)(room) = comma
		used = len(comma)
	}
	return room, used
}

func (w *Writer) put(m mark) {
	*(*mark)(w.room(len(m))) = m
	w.n += len(m)
}

// Name begins a member, whose value must follow.
func (w *Writer) Name(name string) {
	room, n := w.next(len(quotation) + len(name) + len(afterName))
	*(*mark)(room[n:]) = quotation
	n += len(quotation)
	n += copy(room[n:], name)
	*(*[len(afterName)]byte)(room[n:]) = afterName
	w.n += n + len(afterName)
	w.comma = false
}

// Text adds a member that is a text, unless that is empty.
func (w *Writer) Text(name, value string) {
	if value != "" {
		w.pair(name, value)
	}
}

// Int adds a member that is a whole number, unless it is zero.
func (w *Writer) Int(name string, value int64) {
	if value != 0 {
		w.Name(name)
		w.Number(value)
	}
}

// Number adds a whole number as an element or behind Name.
func (w *Writer) Number(value int64) {
	_, comma := w.next(0)
	w.n += comma
	w.set(strconv.AppendInt(w.written(), value, 10))
	w.comma = true
}

// Float32 adds a member that is a number, which must be finite, unless it is zero.
func (w *Writer) Float32(name string, value float32) {
	if value != 0 {
		w.Name(name)
		var text [32]byte
		w.set(appendEscaped(w.written(), AppendFloat(text[:0], float64(value), 32))) // it may have a plus sign
		w.comma = true
	}
}

// Time adds a member that is a time in RFC 3339 with nanoseconds, unless it is
// zero.
func (w *Writer) Time(name string, value time.Time) {
	if !value.IsZero() {
		w.Name(name)
		var text [64]byte
		w.quote(string(value.AppendFormat(text[:0], time.RFC3339Nano)))
	}
}

// Texts adds a member that is an object of texts, unless that is nil. Its names
// are written in order, so that equal maps are equal bytes.
func (w *Writer) Texts(name string, texts map[string]string) {
	if texts == nil {
		return
	}
	w.Name(name)
	w.BeginObject()
	if len(texts) == 1 { // as most files have it, and needs no second look
		for name, value := range texts {
			w.pair(name, value)
		}
	} else {
		names := w.names[:0]
		for name := range texts {
			names = append(names, name)
		}
		slices.Sort(names)
		for _, name := range names {
			w.pair(name, texts[name])
		}
		clear(names) // the memory is kept, and must not keep the user's texts
		w.names = names
	}
	w.EndObject()
}

// pair adds a member that is a text.
func (w *Writer) pair(name, value string) {
	if len(name)+len(value) > piece {
		w.quote(name)
		w.put(colon)
		w.comma = false
		w.quote(value)
		return
	}
	room, n := w.next(2*len(quotation) + len(beforeText) + longest*(len(name)+len(value)))
	*(*mark)(room[n:]) = quotation
	n += len(quotation)
	var seen byte
	n += escape(room[n:], name, &seen)
	*(*[len(beforeText)]byte)(room[n:]) = beforeText
	n += len(beforeText)
	n += escape(room[n:], value, &seen)
	*(*mark)(room[n:]) = quotation
	w.n += n + len(quotation)
	w.comma = true
	if seen >= 0x80 {
		w.beyondASCII = true
	}
}

// piece is how much of a text is written at once. That makes room for no more than
// the text needs by much.
const piece = 1 << 10

// quote adds a text.
func (w *Writer) quote(text string) {
	room, n := w.next(2*len(quotation) + longest*min(len(text), piece))
	*(*mark)(room[n:]) = quotation
	n += len(quotation)
	var seen byte
	for len(text) > piece {
		w.n += n + escape(room[n:], text[:piece], &seen)
		text = text[piece:]
		room, n = w.room(len(quotation)+longest*min(len(text), piece)), 0
	}
	n += escape(room[n:], text, &seen)
	*(*mark)(room[n:]) = quotation
	w.n += n + len(quotation)
	w.comma = true
	if seen >= 0x80 {
		w.beyondASCII = true
	}
}

// escape writes the bytes of a text and returns how many they became. Those that
// need it are written as eight bytes, of which the next ones overwrite those that
// were too many: that is faster than to copy as many as there are.
func escape(room []byte, text string, seen *byte) int {
	n := 0
	var all byte
	for i := range len(text) {
		c := text[i]
		all |= c
		if unreserved[c] {
			room[n] = c
			n++
		} else {
			*(*[longest]byte)(room[n:]) = inText[c].bytes
			n += int(inText[c].n)
		}
	}
	*seen |= all
	return n
}

// longest is the length of a control character, as in %5Cu001F.
const longest = 8

// inText is each byte of a text as JSON has it, percent-encoded.
var inText = func() (table [256]struct {
	bytes [longest]byte
	n     uint8
}) {
	for c := range table {
		table[c].n = uint8(copy(table[c].bytes[:], appendEscaped(nil, appendInText(nil, byte(c)))))
	}
	return table
}()
