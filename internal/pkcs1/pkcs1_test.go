package pkcs1

import (
	"bytes"
	"crypto"
	"crypto/rsa"
	"crypto/sha1"
	"crypto/sha256"
	"fmt"
	"math"
	"math/big"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"
)

// private makes a key with math/big, because crypto/rsa makes none of 512 bits. It
// is the same in every process, as a fuzzer's workers need it.
func private(t testing.TB, bits int, e int64) (*rsa.PublicKey, *big.Int) {
	t.Helper()
	seed := sha256.Sum256([]byte(fmt.Sprint(t.Name(), bits, e)))
	source := rand.NewChaCha8(seed)
	one := big.NewInt(1)
	prime := func(bits int) *big.Int {
		text := make([]byte, (bits+7)/8)
		_, err := source.Read(text)
		require.NoError(t, err)
		p := new(big.Int).SetBytes(text)
		p.Rsh(p, uint(len(text)*8-bits))
		p.SetBit(p.SetBit(p, bits-1, 1), 0, 1)
		for ; !p.ProbablyPrime(10); p.Add(p, big.NewInt(2)) {
		}
		return p
	}
	for {
		p, q := prime(bits/2), prime(bits-bits/2)
		n := new(big.Int).Mul(p, q)
		phi := new(big.Int).Mul(p.Sub(p, one), q.Sub(q, one))
		if d := new(big.Int).ModInverse(big.NewInt(e), phi); d != nil && n.BitLen() == bits {
			return &rsa.PublicKey{N: n, E: int(e)}, d
		}
	}
}

// raw is the signature of an encoding, whatever that is.
func raw(pub *rsa.PublicKey, d *big.Int, encoded []byte) []byte {
	s := new(big.Int).SetBytes(encoded)
	return s.Exp(s, d, pub.N).FillBytes(make([]byte, (pub.N.BitLen()+7)/8))
}

func digestOf(hash crypto.Hash, text string) []byte {
	if hash == crypto.SHA1 {
		sum := sha1.Sum([]byte(text))
		return sum[:]
	}
	sum := sha256.Sum256([]byte(text))
	return sum[:]
}

// padded is an encoding with what a forger may put in its place.
func padded(k int, padding byte, separator, info, trailer []byte) []byte {
	fill := k - 2 - len(separator) - len(info) - len(trailer)
	encoded := append([]byte{0, 1}, bytes.Repeat([]byte{padding}, fill)...)
	encoded = append(append(encoded, separator...), info...)
	return append(encoded, trailer...)
}

func TestARightSignatureIsTakenWithKeysOfAllSizes(t *testing.T) {
	t.Parallel()
	for _, bits := range []int{496, 511, 512, 513, 768, 1000, 1023, 1024, 1025, 2048} {
		for _, hash := range []crypto.Hash{crypto.SHA1, crypto.SHA256} {
			for _, e := range []int64{3, 17, 65537, maxExponent} {
				if e != 65537 && bits > 1024 {
					continue
				}
				t.Run(fmt.Sprint(bits, hash, e), func(t *testing.T) {
					t.Parallel()
					pub, d := private(t, bits, e)
					digest := digestOf(hash, "text")
					k := (bits + 7) / 8
					encoded, fits := encode(k, prefixes[hash], digest)
					require.True(t, fits)
					sig := raw(pub, d, encoded)
					require.NoError(t, Verify(pub, hash, digest, sig))
					require.NoError(t, verify(pub, hash, digest, sig), "without crypto/rsa")
					require.ErrorIs(t, Verify(pub, hash, digestOf(hash, "Text"), sig), ErrVerification)
				})
			}
		}
	}
}

func TestForgeriesAreRefused(t *testing.T) {
	t.Parallel()
	for _, bits := range []int{512, 1024} { // by this package, and by crypto/rsa
		pub, d := private(t, bits, 65537)
		other, otherD := private(t, bits, 257)
		k := bits / 8
		digest := digestOf(crypto.SHA1, "text")
		prefix := prefixes[crypto.SHA1]
		info := append(bytes.Clone(prefix), digest...)
		right := raw(pub, d, padded(k, 0xff, []byte{0}, info, nil))
		require.NoError(t, Verify(pub, crypto.SHA1, digest, right))

		changed := func(at int, b byte) []byte {
			encoded := padded(k, 0xff, []byte{0}, info, nil)
			encoded[at] = b
			return raw(pub, d, encoded)
		}
		withoutNull := append([]byte{0x30, 0x1f, 0x30, 0x07, 0x06, 0x05, 0x2b, 0x0e, 0x03, 0x02, 0x1a, 0x04, 0x14}, digest...)
		longForm := append([]byte{0x30, 0x81, 0x21}, info[2:]...)
		beyond := new(big.Int).Add(new(big.Int).SetBytes(right), pub.N)
		for name, sig := range map[string][]byte{
			"nothing":                            nil,
			"one byte":                           {1},
			"zero":                               make([]byte, k),
			"one":                                append(make([]byte, k-1), 1),
			"shorter by the last byte":           right[:k-1],
			"shorter by the first byte":          right[1:],
			"a zero before":                      append([]byte{0}, right...),
			"a zero behind":                      append(bytes.Clone(right), 0),
			"n itself":                           pub.N.Bytes(),
			"n and more":                         new(big.Int).Add(pub.N, big.NewInt(1)).Bytes(),
			"the right one plus n":               beyond.Bytes(),
			"all bits":                           bytes.Repeat([]byte{0xff}, k),
			"another key":                        raw(other, otherD, padded(k, 0xff, []byte{0}, info, nil)),
			"block type 0":                       changed(1, 0),
			"block type 2":                       changed(1, 2),
			"no 1 at the head":                   raw(pub, d, append([]byte{0}, padded(k-1, 0xff, []byte{0}, info, nil)...)),
			"padding of zeros":                   raw(pub, d, padded(k, 0, []byte{0}, info, nil)),
			"one byte of padding is FE":          changed(5, 0xfe),
			"one byte of padding is 0":           changed(5, 0),
			"no separator":                       raw(pub, d, padded(k, 0xff, nil, info, nil)),
			"a separator of 1":                   raw(pub, d, padded(k, 0xff, []byte{1}, info, nil)),
			"two separators":                     raw(pub, d, padded(k, 0xff, []byte{0, 0}, info, nil)),
			"garbage behind":                     raw(pub, d, padded(k, 0xff, []byte{0}, info, []byte{0})),
			"8 bytes of padding, then garbage":   raw(pub, d, append(padded(11+len(info), 0xff, []byte{0}, info, nil), make([]byte, k-11-len(info))...)),
			"no padding, then garbage":           raw(pub, d, append(padded(3+len(info), 0xff, []byte{0}, info, nil), make([]byte, k-3-len(info))...)),
			"garbage in the DigestInfo":          raw(pub, d, padded(k, 0xff, []byte{0}, append(append(bytes.Clone(prefix[:11]), 0x05, 0x01, 0x00, 0x04, 0x14), digest...), nil)),
			"no NULL in the DigestInfo":          raw(pub, d, padded(k, 0xff, []byte{0}, withoutNull, nil)),
			"a length in the long form":          raw(pub, d, padded(k, 0xff, []byte{0}, longForm, nil)),
			"the bare digest":                    raw(pub, d, padded(k, 0xff, []byte{0}, digest, nil)),
			"the digest cut off":                 raw(pub, d, padded(k, 0xff, []byte{0}, info[:len(info)-1], nil)),
			"the prefix of another hash":         raw(pub, d, padded(k, 0xff, []byte{0}, append(bytes.Clone(prefixes[crypto.SHA256]), digest...), nil)),
			"the digest of another text":         raw(pub, d, padded(k, 0xff, []byte{0}, append(bytes.Clone(prefix), digestOf(crypto.SHA1, "Text")...), nil)),
			"the encoding itself, not signed":    padded(k, 0xff, []byte{0}, info, nil),
			"the encoding with nothing but zero": raw(pub, d, make([]byte, k)),
		} {
			t.Run(fmt.Sprint(bits, " ", name), func(t *testing.T) {
				t.Parallel()
				require.ErrorIs(t, Verify(pub, crypto.SHA1, digest, sig), ErrVerification)
				require.ErrorIs(t, verify(pub, crypto.SHA1, digest, sig), ErrVerification)
			})
		}
	}
}

func TestEveryBitOfASignatureCounts(t *testing.T) {
	t.Parallel()
	pub, d := private(t, 512, 65537)
	digest := digestOf(crypto.SHA1, "text")
	encoded, _ := encode(64, prefixes[crypto.SHA1], digest)
	sig := raw(pub, d, encoded)
	for bit := range 512 {
		sig[bit/8] ^= 1 << (bit % 8)
		require.ErrorIs(t, Verify(pub, crypto.SHA1, digest, sig), ErrVerification, bit)
		sig[bit/8] ^= 1 << (bit % 8)
	}
	require.NoError(t, Verify(pub, crypto.SHA1, digest, sig))
}

// A forger without the private key takes a number whose cube begins as the right
// encoding does, and relies on a verifier that does not look at the end.
func TestACubeRootThatIsOnlyNearlyRightIsRefused(t *testing.T) {
	t.Parallel()
	pub, _ := private(t, 1536, 3) // with fewer bits there is no such cube
	k := 1536 / 8
	digest := digestOf(crypto.SHA1, "text")
	head := padded(11+15+len(digest), 0xff, []byte{0}, append(bytes.Clone(prefixes[crypto.SHA1]), digest...), nil)
	aim := new(big.Int).SetBytes(append(bytes.Clone(head), bytes.Repeat([]byte{0xff}, k-len(head))...))
	root := cubeRoot(aim)
	cube := new(big.Int).Exp(root, big.NewInt(3), nil).FillBytes(make([]byte, k))
	require.Equal(t, head, cube[:len(head)], "the forgery begins as it should")
	sig := root.FillBytes(make([]byte, k))
	require.ErrorIs(t, Verify(pub, crypto.SHA1, digest, sig), ErrVerification)
	require.ErrorIs(t, verify(pub, crypto.SHA1, digest, sig), ErrVerification)
}

// cubeRoot is the largest number whose cube is not above n.
func cubeRoot(n *big.Int) *big.Int {
	root := new(big.Int)
	for bit := n.BitLen()/3 + 1; bit >= 0; bit-- {
		root.SetBit(root, bit, 1)
		if new(big.Int).Exp(root, big.NewInt(3), nil).Cmp(n) > 0 {
			root.SetBit(root, bit, 0)
		}
	}
	return root
}

func TestUnfitKeysAndDigestsAreRefusedBeforeAnyWork(t *testing.T) {
	t.Parallel()
	pub, _ := private(t, 512, 65537)
	digest, sig := digestOf(crypto.SHA1, "text"), make([]byte, 64)
	large := new(big.Int).SetBit(big.NewInt(1), MaxBits, 1)
	for name, key := range map[string]*rsa.PublicKey{
		"no key":               nil,
		"no modulus":           {E: 65537},
		"a modulus of 0":       {N: new(big.Int), E: 65537},
		"a negative modulus":   {N: new(big.Int).Neg(pub.N), E: 65537},
		"an even modulus":      {N: new(big.Int).Add(pub.N, big.NewInt(1)), E: 65537},
		"a modulus too large":  {N: large, E: 65537},
		"an exponent of 0":     {N: pub.N, E: 0},
		"an exponent of 1":     {N: pub.N, E: 1},
		"an exponent of 2":     {N: pub.N, E: 2},
		"an even exponent":     {N: pub.N, E: 65536},
		"a negative exponent":  {N: pub.N, E: -3},
		"an exponent too high": {N: pub.N, E: math.MaxInt32 + 2},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			err := Verify(key, crypto.SHA1, digest, sig)
			require.Error(t, err)
			require.NotErrorIs(t, err, ErrVerification)
		})
	}
	largest := new(big.Int).SetBit(big.NewInt(1), MaxBits-1, 1)
	require.NoError(t, CheckKey(&rsa.PublicKey{N: largest, E: 3}), "%d bits are not too many", MaxBits)

	for name, broken := range map[string]struct {
		hash   crypto.Hash
		digest []byte
	}{
		"no hash":                     {0, digest},
		"MD5":                         {crypto.MD5, digest[:16]},
		"a hash that nobody knows":    {99, digest},
		"a digest that is too short":  {crypto.SHA1, digest[:19]},
		"a digest that is too long":   {crypto.SHA1, append(bytes.Clone(digest), 0)},
		"no digest":                   {crypto.SHA256, nil},
		"the digest of another hash":  {crypto.SHA256, digest},
		"a digest where MD5 and SHA1": {crypto.MD5SHA1, make([]byte, 36)},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			err := Verify(pub, broken.hash, broken.digest, sig)
			require.Error(t, err)
			require.NotErrorIs(t, err, ErrVerification)
		})
	}
}

func TestAKeyTooSmallForTheEncodingVerifiesNothing(t *testing.T) {
	t.Parallel()
	for _, bits := range []int{8, 64, 360, 361, 368} { // 46 bytes are the least for SHA-1
		pub, d := private(t, bits, 17)
		digest := digestOf(crypto.SHA1, "text")
		k := (bits + 7) / 8
		encoded, fits := encode(k, prefixes[crypto.SHA1], digest)
		require.Equal(t, k >= 46, fits)
		if fits {
			require.NoError(t, Verify(pub, crypto.SHA1, digest, raw(pub, d, encoded)))
			continue
		}
		require.ErrorIs(t, Verify(pub, crypto.SHA1, digest, make([]byte, k)), ErrVerification)
	}
}

// plainly is the reference: it takes the encoding apart from left to right.
func plainly(pub *rsa.PublicKey, hash crypto.Hash, digest, sig []byte) bool {
	k := (pub.N.BitLen() + 7) / 8
	s := new(big.Int).SetBytes(sig)
	if len(sig) != k || s.Cmp(pub.N) >= 0 {
		return false
	}
	m := big.NewInt(1)
	for range pub.E { // so only for small exponents
		m.Mod(m.Mul(m, s), pub.N)
	}
	rest := m.FillBytes(make([]byte, k))
	rest, ok := bytes.CutPrefix(rest, []byte{0, 1})
	padding := 0
	for padding < len(rest) && rest[padding] == 0xff {
		padding++
	}
	if !ok || padding < 8 {
		return false
	}
	rest = rest[padding:]
	rest, ok = bytes.CutPrefix(rest, append([]byte{0}, prefixes[hash]...))
	return ok && bytes.Equal(rest, digest)
}

func FuzzVerifyAgainstThePlainReferenceAndTheStandardLibrary(f *testing.F) {
	keys := make([]*rsa.PublicKey, 0, 4)
	secrets := make([]*big.Int, 0, 4)
	for _, bits := range []int{512, 768, 1024, 1100} {
		pub, d := private(f, bits, 17)
		keys, secrets = append(keys, pub), append(secrets, d)
	}
	info := func(hash crypto.Hash) []byte {
		return append(bytes.Clone(prefixes[hash]), digestOf(hash, "text")...)
	}
	for i, pub := range keys {
		k := (pub.N.BitLen() + 7) / 8
		for _, hash := range []crypto.Hash{crypto.SHA1, crypto.SHA256} {
			isSHA1 := hash == crypto.SHA1
			encoded := padded(k, 0xff, []byte{0}, info(hash), nil)
			f.Add(uint8(i), isSHA1, true, "text", encoded)
			f.Add(uint8(i), isSHA1, true, "Text", encoded)
			f.Add(uint8(i), isSHA1, false, "text", encoded)
			f.Add(uint8(i), isSHA1, true, "text", padded(k, 0xff, []byte{0}, info(hash), []byte{0}))
			f.Add(uint8(i), isSHA1, true, "text", encoded[1:])
		}
	}
	f.Fuzz(func(t *testing.T, i uint8, isSHA1, signed bool, text string, data []byte) {
		pub, d := keys[int(i)%len(keys)], secrets[int(i)%len(keys)]
		hash := crypto.SHA256
		if isSHA1 {
			hash = crypto.SHA1
		}
		sig := data
		if signed && len(data) <= pub.N.BitLen()/8 { // so the fuzzer chooses what is under the signature
			sig = raw(pub, d, data)
		}
		digest := digestOf(hash, text)
		want := plainly(pub, hash, digest, sig)
		require.Equal(t, want, verify(pub, hash, digest, sig) == nil)
		require.Equal(t, want, Verify(pub, hash, digest, sig) == nil)
		if pub.N.BitLen() >= 1024 {
			require.Equal(t, want, rsa.VerifyPKCS1v15(pub, hash, digest, sig) == nil)
		}
	})
}

func BenchmarkVerify(b *testing.B) {
	for _, bits := range []int{512, 1023, 1024, 2048} {
		pub, d := private(b, bits, 65537)
		digest := digestOf(crypto.SHA256, "text")
		encoded, _ := encode((bits+7)/8, prefixes[crypto.SHA256], digest)
		sig := raw(pub, d, encoded)
		b.Run(fmt.Sprintf("bits=%d", bits), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if err := Verify(pub, crypto.SHA256, digest, sig); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
