// Package wire puts parameters on the wire: as a query or as a form, from one
// encoding that is also the canonical query of the signature.
package wire

import (
	"errors"
	"io"
	"sync"
	"sync/atomic"
)

// maxPooled is the capacity above which a buffer is left to the garbage
// collector, so that one giant request does not stay in memory for good.
const maxPooled = 256 << 10

// Params are the encoded parameters of one call. The keys must be added in
// ascending byte order: then the encoding is sorted as the signature wants it.
//
// The memory is pooled. It goes back when Release was called and every reader
// that Body returned is closed: net/http may read a body after the call ended.
type Params struct {
	out  Writer // percent-encoded, key=value joined by &
	json []byte // one value before it is encoded
	refs atomic.Int32
}

var pool = sync.Pool{New: func() any { return new(Params) }}

// Get returns empty parameters. Call Release when the call is over.
func Get() *Params {
	p := pool.Get().(*Params)
	p.out.reset()
	p.refs.Store(1)
	return p
}

// Release gives up the parameters; they must not be used afterwards.
func (p *Params) Release() {
	if p.refs.Add(-1) == 0 && cap(p.out.buf) <= maxPooled && cap(p.json) <= maxPooled {
		pool.Put(p)
	}
}

// Text adds a parameter.
func (p *Params) Text(key, value string) {
	p.key(key)
	p.out.set(appendEscaped(p.out.written(), value))
}

// OptionalText adds a parameter unless its value is empty.
func (p *Params) OptionalText(key, value string) {
	if value != "" {
		p.Text(key, value)
	}
}

// OptionalInt adds a whole number unless it is zero.
func (p *Params) OptionalInt(key string, value int64) {
	if value != 0 {
		p.Int(key, value)
	}
}

// Int adds a whole number.
func (p *Params) Int(key string, value int64) {
	p.key(key)
	p.out.Number(value)
}

// SetText adds a text unless there is none; an empty one is added.
func (p *Params) SetText(key string, value *string) {
	if value != nil {
		p.Text(key, *value)
	}
}

// SetInt adds a whole number unless there is none; zero is added.
func (p *Params) SetInt(key string, value *int64) {
	if value != nil {
		p.Int(key, *value)
	}
}

// OptionalBool adds a truth value unless it is false.
func (p *Params) OptionalBool(key string, value bool) {
	if value {
		p.Text(key, "true")
	}
}

// OptionalStrings adds a JSON array of texts unless it is nil.
func (p *Params) OptionalStrings(key string, values []string) {
	if values != nil {
		p.JSON(key, func(dst []byte) []byte {
			return AppendArray(dst, values, func(dst []byte, s *string) []byte { return AppendString(dst, *s) })
		})
	}
}

// JSON adds a parameter whose value is the JSON text that encode appends.
func (p *Params) JSON(key string, encode func(dst []byte) []byte) {
	p.key(key)
	p.json = encode(p.json[:0])
	p.out.set(appendEscaped(p.out.written(), p.json))
}

// Write adds a parameter whose value is the JSON that the caller writes before it
// adds the next one. It is JSON without the step between.
func (p *Params) Write(key string) *Writer {
	p.key(key)
	return &p.out
}

func (p *Params) key(key string) {
	dst := p.out.written()
	if len(dst) > 0 {
		dst = append(dst, '&')
	}
	dst = appendEscaped(dst, key)
	p.out.set(append(dst, '='))
	p.out.comma = false
}

// Encoded returns the encoding, which is valid until Release.
func (p *Params) Encoded() []byte { return p.out.written() }

// Body returns the encoding as the body of a request. Each body must be closed.
func (p *Params) Body() io.ReadCloser {
	p.refs.Add(1)
	return &body{params: p, rest: p.out.written()}
}

// body may be closed while another goroutine reads it, as net/http does when a
// request is cancelled, so the memory is only given back under the lock.
type body struct {
	mu     sync.Mutex
	params *Params // nil once closed
	rest   []byte
}

// errClosed is not io.EOF, so that a body that was cut short never looks complete.
var errClosed = errors.New("the request body was read after it was closed")

func (b *body) Read(dst []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.params == nil {
		return 0, errClosed
	}
	if len(b.rest) == 0 {
		return 0, io.EOF
	}
	n := copy(dst, b.rest)
	b.rest = b.rest[n:]
	return n, nil
}

func (b *body) Close() error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.params != nil {
		b.params.Release()
		b.params, b.rest = nil, nil
	}
	return nil
}

const upperHex = "0123456789ABCDEF"

// unreserved are the bytes that RFC 3986 never escapes.
var unreserved = func() (table [256]bool) {
	for c := range table {
		table[c] = 'A' <= c && c <= 'Z' || 'a' <= c && c <= 'z' || '0' <= c && c <= '9' ||
			c == '-' || c == '_' || c == '.' || c == '~'
	}
	return table
}()

func appendEscaped[T string | []byte](dst []byte, s T) []byte {
	for i := range len(s) {
		if c := s[i]; unreserved[c] {
			dst = append(dst, c)
		} else {
			dst = append(dst, '%', upperHex[c>>4], upperHex[c&15])
		}
	}
	return dst
}
