package immtest

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha1"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"math/big"
	"sync"
	"time"
)

// signing has the keys that sign what is pushed. They are made when they are first
// needed, because that takes time, and stay until RotateCertificate.
type signing struct {
	mu          sync.Mutex
	mns         *mnsKey
	eventBridge *eventBridgeKey
}

func (s *signing) mnsKey() *mnsKey {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.mns == nil {
		s.mns = newMNSKey()
	}
	return s.mns
}

func (s *signing) eventBridgeKey() *eventBridgeKey {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.eventBridge == nil {
		s.eventBridge = newEventBridgeKey()
	}
	return s.eventBridge
}

// Certificate returns the certificate, as PEM, of the key that signs pushes,
// for the URL that a push of MNS or EventBridge names. The hosts in these URLs
// are the real ones, so a receiver that checks hosts needs no exception, only
// this method in place of the download. For pushes of MNS the certificate has a
// key of 512 bits, as the real one has, is long expired, and nobody known signed it.
// Any other URL is an error, and so is a context that has ended. In other languages
// GET /_emulator/certificate?url=URL answers the same.
func (s *Server) Certificate(ctx context.Context, url string) (pem []byte, err error) {
	if err := ctx.Err(); err != nil {
		return nil, fmt.Errorf("immtest: the certificate was not fetched: %w", err)
	}
	switch {
	case url == mnsCertificateURL:
		return s.signing.mnsKey().certificate, nil
	case isEventBridgeCertificate(url):
		return s.signing.eventBridgeKey().certificate, nil
	}
	return nil, fmt.Errorf("immtest: no certificate is at %q; those that sign pushes are at %s and %s", url, mnsCertificateURL, eventBridgeCertificate(defaultRegion))
}

// RotateCertificate signs what is pushed from now on, repeats included, with new
// keys. Their certificates are at the same URLs as those before them.
func (s *Server) RotateCertificate() {
	s.signing.mu.Lock()
	defer s.signing.mu.Unlock()
	s.signing.mns, s.signing.eventBridge = nil, nil
}

// mnsKey is an RSA key of 512 bits, as MNS has it. crypto/rsa refuses keys of
// that size, so the arithmetic is here. It is no example to follow: such a key can
// be factored, and the time that signing takes depends on it.
type mnsKey struct {
	// The Chinese remainder theorem makes one long exponentiation two short ones.
	p, q     *big.Int
	dp, dq   *big.Int // the private exponent modulo p-1 and q-1
	qInverse *big.Int // of q modulo p

	certificate []byte // PEM
}

const (
	mnsKeyBits = 512
	publicExp  = 65537
)

func newMNSKey() *mnsKey {
	one, e := big.NewInt(1), big.NewInt(publicExp)
	for {
		// The errors come only from a source of randomness that fails, which this one
		// never does, and from a certificate that cannot be made of what is below.
		p, _ := rand.Prime(rand.Reader, mnsKeyBits/2)
		q, _ := rand.Prime(rand.Reader, mnsKeyBits/2)
		n := new(big.Int).Mul(p, q)
		p1, q1 := new(big.Int).Sub(p, one), new(big.Int).Sub(q, one)
		d := new(big.Int).ModInverse(e, new(big.Int).Mul(p1, q1))
		if p.Cmp(q) == 0 || n.BitLen() != mnsKeyBits || d == nil {
			continue
		}
		signer, _ := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
		return &mnsKey{
			p: p, q: q, dp: new(big.Int).Mod(d, p1), dq: new(big.Int).Mod(d, q1), qInverse: new(big.Int).ModInverse(q, p),
			certificate: newCertificate("mns.aliyuncs.com", &rsa.PublicKey{N: n, E: publicExp}, signer),
		}
	}
}

// sign makes a PKCS #1 v1.5 signature with SHA-1.
func (k *mnsKey) sign(text []byte) []byte {
	// What stands before a SHA-1 digest in DER.
	prefix := []byte{0x30, 0x21, 0x30, 0x09, 0x06, 0x05, 0x2b, 0x0e, 0x03, 0x02, 0x1a, 0x05, 0x00, 0x04, 0x14}
	digest := sha1.Sum(text)
	padded := make([]byte, mnsKeyBits/8)
	rest := len(padded) - len(prefix) - len(digest)
	padded[1] = 1
	for i := 2; i < rest-1; i++ {
		padded[i] = 0xff
	}
	copy(padded[rest:], prefix)
	copy(padded[rest+len(prefix):], digest[:])
	m := new(big.Int).SetBytes(padded)
	byP, byQ := new(big.Int).Exp(m, k.dp, k.p), new(big.Int).Exp(m, k.dq, k.q)
	byP.Mod(byP.Mul(byP.Sub(byP, byQ), k.qInverse), k.p)
	return byQ.Add(byQ, byP.Mul(byP, k.q)).FillBytes(padded)
}

// newCertificate makes a certificate that is as expired as the real one.
func newCertificate(name string, public *rsa.PublicKey, signer crypto.Signer) []byte {
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1),
		Subject:      pkix.Name{CommonName: name, Organization: []string{"immtest"}},
		NotBefore:    time.Date(2015, 6, 6, 0, 0, 0, 0, time.UTC),
		NotAfter:     time.Date(2016, 6, 5, 0, 0, 0, 0, time.UTC),
	}
	der, _ := x509.CreateCertificate(rand.Reader, template, template, public, signer)
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
}
