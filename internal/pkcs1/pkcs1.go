// Package pkcs1 verifies RSA signatures by PKCS #1 v1.5 with keys of any size.
//
// MNS signs its pushes with keys of 512 bits. crypto/rsa refuses keys below 1024
// bits unless the program sets GODEBUG, which a library cannot do for its users.
package pkcs1

import (
	"bytes"
	"crypto"
	"crypto/rsa"
	"errors"
	"fmt"
	"math/big"
)

// MaxBits and maxExponent bound the work of a verification. Whoever chooses the
// key could else keep a processor busy for seconds.
const (
	MaxBits     = 8192
	maxExponent = 1<<31 - 1 // as in crypto/rsa
	standard    = 1024      // bits from which crypto/rsa takes a key
)

// ErrVerification is the error for a signature that is not the right one.
var ErrVerification = errors.New("the signature does not match")

// Verify returns nil only if sig is the signature of digest with the private key
// that belongs to pub. The hash is SHA-1 or SHA-256, and the digest is of its
// size. The modulus has at most MaxBits bits. Any other error than
// ErrVerification means that the key or the digest is unfit. Verify is safe for
// concurrent use.
func Verify(pub *rsa.PublicKey, hash crypto.Hash, digest, sig []byte) error {
	if err := CheckKey(pub); err != nil {
		return err
	}
	if prefixes[hash] == nil || len(digest) != hash.Size() {
		return fmt.Errorf("a digest of %d bytes by %v; want one by SHA-1 or SHA-256", len(digest), hash)
	}
	if pub.N.BitLen() < standard {
		return verify(pub, hash, digest, sig)
	}
	if rsa.VerifyPKCS1v15(pub, hash, digest, sig) != nil {
		return ErrVerification
	}
	return nil
}

// CheckKey returns nil if Verify can work with the key, that is if the modulus is
// odd and positive and has at most MaxBits bits, and the exponent is odd and from
// 3 to 1<<31 - 1.
func CheckKey(pub *rsa.PublicKey) error {
	switch {
	case pub == nil || pub.N == nil || pub.N.Sign() <= 0:
		return errors.New("the key has no positive modulus")
	case pub.N.BitLen() > MaxBits:
		return fmt.Errorf("the modulus of the key has %d bits; at most %d are taken", pub.N.BitLen(), MaxBits)
	case pub.N.Bit(0) == 0:
		return errors.New("the modulus of the key is even, so it is no product of two large primes")
	case pub.E < 3 || pub.E > maxExponent || pub.E&1 == 0:
		return fmt.Errorf("the exponent of the key is %d; want an odd one from 3 to %d", pub.E, maxExponent)
	}
	return nil
}

// prefixes are the DigestInfo structures of RFC 8017, section 9.2, note 1, up to
// the digest.
var prefixes = map[crypto.Hash][]byte{
	crypto.SHA1:   {0x30, 0x21, 0x30, 0x09, 0x06, 0x05, 0x2b, 0x0e, 0x03, 0x02, 0x1a, 0x05, 0x00, 0x04, 0x14},
	crypto.SHA256: {0x30, 0x31, 0x30, 0x0d, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x01, 0x05, 0x00, 0x04, 0x20},
}

// verify follows RFC 8017, section 8.2.2. It makes the one encoding that is right
// and compares all of it. Those who took the encoding apart instead have accepted
// forgeries that hide in what they skipped. Nothing here is secret, so its time
// may depend on what it works with.
func verify(pub *rsa.PublicKey, hash crypto.Hash, digest, sig []byte) error {
	k := (pub.N.BitLen() + 7) / 8
	want, fits := encode(k, prefixes[hash], digest)
	s := new(big.Int).SetBytes(sig)
	if !fits || len(sig) != k || s.Cmp(pub.N) >= 0 {
		return ErrVerification
	}
	s.Exp(s, big.NewInt(int64(pub.E)), pub.N)
	if !bytes.Equal(s.FillBytes(make([]byte, k)), want) {
		return ErrVerification
	}
	return nil
}

// encode makes 00 01 FF … FF 00 prefix digest of k bytes. It reports false where
// fewer than 8 bytes of FF would fit in.
func encode(k int, prefix, digest []byte) ([]byte, bool) {
	padding := k - 3 - len(prefix) - len(digest)
	if padding < 8 {
		return nil, false
	}
	encoded := append(make([]byte, 0, k), 0x00, 0x01)
	encoded = append(encoded, bytes.Repeat([]byte{0xff}, padding)...)
	encoded = append(encoded, 0x00)
	encoded = append(encoded, prefix...)
	return append(encoded, digest...), true
}
