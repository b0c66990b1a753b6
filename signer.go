package imm

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"hash"
	"sync"
	"sync/atomic"
	"time"
)

// algorithm is the only one that the service's current gateway documents for
// this kind of request.
//
// https://www.alibabacloud.com/help/en/sdk/product-overview/v3-request-structure-and-signature
const algorithm = "ACS3-HMAC-SHA256"

// signedHeader is a header that the signature covers.
type signedHeader struct {
	name  string // in lower case
	value string // without space at its ends
}

// signable is a request as the signature sees it. Date and nonce are among the
// headers, so a signature depends on nothing but this and the keys.
type signable struct {
	method   string
	path     string
	query    []byte // encoded, sorted by key
	bodyHash string // SHA-256 of the body in hex

	headers [mostHeaders]signedHeader // sorted by name; an array, to need no memory but the stack's
	count   int                       // of the headers
}

// add adds a header, whose name comes after those that were added before.
func (s *signable) add(name, value string) {
	s.headers[s.count] = signedHeader{name, value}
	s.count++
}

// appendAuthorization appends the value of the Authorization header.
func (s *signable) appendAuthorization(dst []byte, accessKeyID, accessKeySecret string) []byte {
	dst = appendTexts(dst, algorithm+" Credential=", accessKeyID, ",SignedHeaders=")
	dst = s.appendNames(dst)
	dst = appendTexts(dst, ",Signature=")
	h := hashers.Get().(*hasher)
	sum := s.canonicalHash(h) // which uses the buffer, too
	toSign := hex.AppendEncode(appendTexts(h.buf[:0], algorithm, "\n"), sum)
	mac := h.macWith(accessKeySecret)
	mac.Write(toSign)
	dst = hex.AppendEncode(dst, mac.Sum(h.sum[:0]))
	hashers.Put(h)
	return dst
}

// canonicalHash is the SHA-256 of the canonical request. The parts go into the
// hash as they are, the query above all, which can be many kilobytes. The result
// is valid until the hasher is used again.
func (s *signable) canonicalHash(h *hasher) []byte {
	h.sha.Reset()
	buf := appendTexts(h.buf[:0], s.method, "\n", s.path, "\n")
	h.sha.Write(buf)
	h.sha.Write(s.query)
	buf = appendTexts(buf[:0], "\n")
	for i := range s.count {
		buf = appendTexts(buf, s.headers[i].name, ":", s.headers[i].value, "\n")
	}
	buf = s.appendNames(appendTexts(buf, "\n"))
	buf = appendTexts(buf, "\n", s.bodyHash)
	h.sha.Write(buf)
	h.buf = buf
	return h.sha.Sum(h.sum[:0])
}

func (s *signable) appendNames(dst []byte) []byte {
	separator := ""
	for i := range s.count {
		dst = appendTexts(dst, separator, s.headers[i].name)
		separator = ";"
	}
	return dst
}

// appendTexts is kept out of line, because the size of users' programs counts.
//
//go:noinline
func appendTexts(dst []byte, texts ...string) []byte {
	for _, text := range texts {
		dst = append(dst, text...)
	}
	return dst
}

// hasher keeps the states and the memory of one signature for the next. What it
// holds of secrets never leaves this file.
type hasher struct {
	sha    hash.Hash
	mac    hash.Hash // keyed with the secret; nil at first
	secret string
	buf    []byte
	sum    [sha256.Size]byte
	nonce  [16]byte
}

// macWith returns the keyed hash, which is made anew only if the secret changed.
func (h *hasher) macWith(secret string) hash.Hash {
	if h.mac == nil || h.secret != secret {
		h.mac, h.secret = hmac.New(sha256.New, []byte(secret)), secret
	}
	h.mac.Reset()
	return h.mac
}

var hashers = sync.Pool{New: func() any {
	h := &hasher{sha: sha256.New()}
	_, _ = rand.Read(h.nonce[:]) // never fails: the process ends where there is no randomness
	return h
}}

// emptyHash is the SHA-256 of an empty body.
const emptyHash = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

// appendHash appends the SHA-256 of a body in hex.
func appendHash(dst, body []byte) []byte {
	sum := sha256.Sum256(body)
	return hex.AppendEncode(dst, sum[:])
}

// appendNonce appends 128 bits in hex that no other request has. They are a random
// number that the hasher began with, and those that follow it: a nonce may be
// guessed, since the signature covers it, and to ask the system for randomness
// each time would take as long as to sign.
func appendNonce(dst []byte) []byte {
	h := hashers.Get().(*hasher)
	low := h.nonce[8:]
	binary.BigEndian.PutUint64(low, binary.BigEndian.Uint64(low)+1)
	dst = hex.AppendEncode(dst, h.nonce[:])
	hashers.Put(h)
	return dst
}

// signingDate is the time in the only form that the service takes. It is the same
// text for a second.
func signingDate(t time.Time) string {
	if last := lastDate.Load(); last != nil && last.unix == t.Unix() {
		return last.text
	}
	date := &dateText{t.Unix(), t.UTC().Format("2006-01-02T15:04:05Z")}
	lastDate.Store(date)
	return date.text
}

type dateText struct {
	unix int64
	text string
}

var lastDate atomic.Pointer[dateText]
