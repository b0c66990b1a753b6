package notify

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"errors"
	"math/big"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
)

func TestAFailedFetchIsRememberedForTenSeconds(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		pem    []byte
		err    error
		status int
	}{
		"the network is down":  {nil, errors.New("no route to host"), http.StatusInternalServerError},
		"there is none":        {nil, forbidden("status 404"), http.StatusForbidden},
		"it is empty":          {nil, nil, http.StatusInternalServerError},
		"it is HTML":           {[]byte("<html>login</html>"), nil, http.StatusInternalServerError},
		"it is too long":       {append(bytes.Clone(mnsKey.pem), make([]byte, maxCertificate)...), nil, http.StatusInternalServerError},
		"it is another PEM":    {[]byte(strings.ReplaceAll(string(mnsKey.pem), "CERTIFICATE", "PUBLIC KEY")), nil, http.StatusInternalServerError},
		"it is no certificate": {[]byte("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"), nil, http.StatusInternalServerError},
		"its key is not RSA":   {certificateOf(ecdsaKey()), nil, http.StatusForbidden},
		"its key is too small": {smallMNSKey.pem, nil, http.StatusForbidden},
		"its key is too large": {certificateOf(&rsa.PublicKey{N: new(big.Int).SetBit(big.NewInt(1), 8192, 1), E: 3}), nil, http.StatusForbidden},
		"its modulus is even":  {certificateOf(&rsa.PublicKey{N: new(big.Int).Add(mnsKey.N, big.NewInt(1)), E: 3}), nil, http.StatusForbidden},
		"its exponent is 1":    {certificateOf(&rsa.PublicKey{N: mnsKey.N, E: 1}), nil, http.StatusForbidden},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				s := &source{pem: c.pem, err: c.err}
				b := &pushBench{fetch: s.fetch}
				b.mns(t)
				for range 20 {
					require.Equal(t, c.status, b.send(signedPush{}.mns()), b.logged())
				}
				later(9 * time.Second)
				require.Equal(t, c.status, b.send(signedPush{}.mns()), b.logged())
				s.requireFetches(t, 1)
				later(time.Second)
				s.set(mnsKey.pem, nil)
				require.Equal(t, http.StatusNoContent, b.send(signedPush{}.mns()), b.logged())
				s.requireFetches(t, 2)
				require.EqualValues(t, 1, b.calls.Load())
			})
		})
	}
}

func ecdsaKey() *ecdsa.PublicKey {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	mustWork(err)
	return &key.PublicKey
}

func TestTheMinimumOfTheKeySizeIsKept(t *testing.T) {
	t.Parallel()
	new(pushBench).mns(t, WithMinKeySize(513)).requireRefused(t, signedPush{}.mns(), http.StatusForbidden, 1, "512 bits")
	require.Equal(t, http.StatusNoContent, new(pushBench).mns(t, WithMinKeySize(512)).send(signedPush{}.mns()))

	b := &pushBench{fetch: func(context.Context, string) ([]byte, error) { return oldBridgeKey.pem, nil }}
	b.bridge(t).requireRefused(t, signedPush{key: oldBridgeKey}.bridge(""), http.StatusForbidden, 1, "1008 bits")
	require.Equal(t, http.StatusNoContent, b.bridge(t, WithMinKeySize(1008)).send(signedPush{key: oldBridgeKey}.bridge("")))
	new(pushBench).bridge(t, WithMinKeySize(2049)).requireRefused(t, signedPush{}.bridge(""), http.StatusForbidden, 1, "2048 bits")
	require.Equal(t, http.StatusNoContent, new(pushBench).bridge(t, WithMinKeySize(2048)).send(signedPush{}.bridge("")))
}
