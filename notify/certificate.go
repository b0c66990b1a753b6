package notify

import (
	"context"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"

	"github.com/imm-go/imm/internal/pkcs1"
)

// verify returns nil if the signature of a claim is right for one of the digests.
// If it is not, the sender may have a new certificate.
func (c *certificates) verify(ctx context.Context, claim *claim, digests [][]byte) error {
	key, err := c.get(ctx, claim.certificate)
	if err != nil {
		return fmt.Errorf("no certificate: %w", err)
	}
	if claim.isSignedBy(key, digests) {
		return nil
	}
	switch key, err = c.another(ctx, claim.certificate, key); {
	case err != nil:
		return fmt.Errorf("the signature does not match the certificate, and it cannot be fetched again: %w", err)
	case key == nil || !claim.isSignedBy(key, digests):
		return forbidden("the signature does not match the certificate of %s; %s", claim.certificate, claim.hint)
	}
	return nil
}

func (c *claim) isSignedBy(key *rsa.PublicKey, digests [][]byte) bool {
	for _, digest := range digests {
		if pkcs1.Verify(key, c.hash, digest, c.signature) == nil {
			return true
		}
	}
	return false
}

// parse takes the first certificate of a PEM file. Neither the chain nor the time
// is checked, because the certificates of MNS are signed by themselves and expired
// in 2016: what they are worth is that they come from their host.
func (c *certificates) parse(text []byte) (*rsa.PublicKey, error) {
	if len(text) > maxCertificate {
		return nil, fmt.Errorf("the certificate has more than %d bytes", maxCertificate)
	}
	block, _ := pem.Decode(text)
	if block == nil || block.Type != "CERTIFICATE" {
		return nil, errors.New("what came is no certificate in PEM; does a proxy answer in place of its host?")
	}
	certificate, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		return nil, fmt.Errorf("the certificate cannot be read: %w", err)
	}
	key, isRSA := certificate.PublicKey.(*rsa.PublicKey)
	if !isRSA {
		return nil, forbidden("the key of the certificate is %v, and pushes are signed with RSA", certificate.PublicKeyAlgorithm)
	}
	if err := pkcs1.CheckKey(key); err != nil {
		return nil, forbidden("%v", err)
	}
	if bits := key.N.BitLen(); bits < c.minKeyBits {
		return nil, forbidden("the key of the certificate has %d bits; WithMinKeySize demands %d", bits, c.minKeyBits)
	}
	return key, nil
}
