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
	toSign := hex.AppendEncode([]byte(algorithm+"\n"), s.canonicalHash())
	mac := hmac.New(sha256.New, []byte(accessKeySecret))
	mac.Write(toSign)
	return hex.AppendEncode(dst, mac.Sum(nil))
}

// canonicalHash is the SHA-256 of the canonical request. The parts go into the
// hash as they are, the query above all, which can be many kilobytes.
func (s *signable) canonicalHash() []byte {
	h := hashes.Get().(*canonicalHasher)
	defer hashes.Put(h)
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
	return h.sha.Sum(nil)
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

// canonicalHasher keeps the memory of one signature for the next. The buffer
// has seen a security token, but never leaves this file.
type canonicalHasher struct {
	sha hash.Hash
	buf []byte
}

var hashes = sync.Pool{New: func() any { return &canonicalHasher{sha: sha256.New()} }}

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
	return hex.EncodeToString(b[:])
}

// signingDate is the time in the only form that the service takes.
func signingDate(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05Z") }
