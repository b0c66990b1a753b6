package imm

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"hash"
	"sync"
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
	query    []byte         // encoded, sorted by key
	headers  []signedHeader // sorted by name
	bodyHash string         // SHA-256 of the body in hex
}

// appendAuthorization appends the value of the Authorization header.
func (s *signable) appendAuthorization(dst []byte, accessKeyID, accessKeySecret string) []byte {
	dst = append(dst, algorithm+" Credential="...)
	dst = append(dst, accessKeyID...)
	dst = append(dst, ",SignedHeaders="...)
	dst = s.appendNames(dst)
	dst = append(dst, ",Signature="...)
	h := hashers.Get().(*hasher)
	defer hashers.Put(h)
	sum := s.canonicalHash(h) // which uses the buffer, too
	toSign := append(h.buf[:0], algorithm+"\n"...)
	toSign = hex.AppendEncode(toSign, sum)
	mac := h.macWith(accessKeySecret)
	mac.Write(toSign)
	return hex.AppendEncode(dst, mac.Sum(h.sum[:0]))
}

// canonicalHash is the SHA-256 of the canonical request. The parts go into the
// hash as they are, the query above all, which can be many kilobytes. The result
// is valid until the hasher is used again.
func (s *signable) canonicalHash(h *hasher) []byte {
	h.sha.Reset()
	buf := append(h.buf[:0], s.method...)
	buf = append(buf, '\n')
	buf = append(buf, s.path...)
	buf = append(buf, '\n')
	h.sha.Write(buf)
	h.sha.Write(s.query)
	buf = append(buf[:0], '\n')
	for _, header := range s.headers {
		buf = append(buf, header.name...)
		buf = append(buf, ':')
		buf = append(buf, header.value...)
		buf = append(buf, '\n')
	}
	buf = append(buf, '\n')
	buf = s.appendNames(buf)
	buf = append(buf, '\n')
	buf = append(buf, s.bodyHash...)
	h.sha.Write(buf)
	h.buf = buf
	return h.sha.Sum(h.sum[:0])
}

func (s *signable) appendNames(dst []byte) []byte {
	for i, header := range s.headers {
		if i > 0 {
			dst = append(dst, ';')
		}
		dst = append(dst, header.name...)
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
}

// macWith returns the keyed hash, which is made anew only if the secret changed.
func (h *hasher) macWith(secret string) hash.Hash {
	if h.mac == nil || h.secret != secret {
		h.mac, h.secret = hmac.New(sha256.New, []byte(secret)), secret
	}
	h.mac.Reset()
	return h.mac
}

var hashers = sync.Pool{New: func() any { return &hasher{sha: sha256.New()} }}

// emptyHash is the SHA-256 of an empty body.
const emptyHash = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

// hashBody is the SHA-256 of a body in hex.
func hashBody(body []byte) string {
	sum := sha256.Sum256(body)
	return hex.EncodeToString(sum[:])
}

// newNonce is 128 random bits in hex. No two requests may have the same.
func newNonce() string {
	var b [16]byte
	_, _ = rand.Read(b[:]) // never fails: the process ends where there is no randomness
	var text [2 * len(b)]byte
	hex.Encode(text[:], b[:])
	return string(text[:])
}

// signingDate is the time in the only form that the service takes.
func signingDate(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05Z") }
