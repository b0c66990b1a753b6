package notify

import (
	"bytes"
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/md5"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"fmt"
	"log/slog"
	"math/big"
	mathrand "math/rand/v2"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/imm-go/imm"
)

const (
	mnsURL     = "https://mns-cert.oss-cn-hangzhou.aliyuncs.com/x509_public_certificate.pem"
	bridgeURL  = "https://cn-hangzhou-eventbridge.oss-accelerate.aliyuncs.com/x509_public_certificate_2021012501.pem"
	bridgeHook = "https://example.com/hooks/notifications?from=imm"
	pushOwner  = "1321669497458181"

	pushMessage = `{"ProjectName":"test-project","DatasetName":"test-dataset","RequestId":"r","Success":true,"Message":"","Files":[{"URI":"oss://test-bucket/cat.jpg","Error":""}]}`
	pushEvent   = `{"id":"event-1","source":"acs.imm","specversion":"1.0","type":"imm:FileMeta:Index","subject":"acs.imm:cn-hangzhou:1:x","data":` + pushMessage + `}`
)

// signingKey signs as the senders do, with code of its own.
type signingKey struct {
	rsa.PublicKey
	d   *big.Int
	pem []byte
}

var (
	mnsKey, otherMNSKey       = newSigningKey(512), newSigningKey(512)
	bridgeKey, otherBridgeKey = newSigningKey(2048), newSigningKey(2048)
	oldBridgeKey, smallMNSKey = newSigningKey(1008), newSigningKey(496)
)

// primes makes the same keys in every process, as a fuzzer's workers need them.
var primes = mathrand.NewChaCha8([32]byte([]byte("the primes of keys in tests only")))

func prime(bits int) *big.Int {
	text := make([]byte, bits/8)
	_, err := primes.Read(text)
	mustWork(err)
	p := new(big.Int).SetBytes(text)
	p.SetBit(p.SetBit(p.SetBit(p, bits-1, 1), bits-2, 1), 0, 1)
	for ; !p.ProbablyPrime(10); p.Add(p, big.NewInt(2)) {
	}
	return p
}

func newSigningKey(bits int) *signingKey {
	one := big.NewInt(1)
	for {
		p, q := prime(bits/2), prime(bits/2)
		k := &signingKey{PublicKey: rsa.PublicKey{N: new(big.Int).Mul(p, q), E: 65537}}
		phi := new(big.Int).Mul(p.Sub(p, one), q.Sub(q, one))
		if k.d = new(big.Int).ModInverse(big.NewInt(65537), phi); k.d != nil && k.N.BitLen() == bits {
			k.pem = certificateOf(&k.PublicKey)
			return k
		}
	}
}

// certificateOf is long expired, as that of MNS. Who signed it does not matter.
func certificateOf(public any) []byte {
	issuer, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	mustWork(err)
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotBefore: time.Unix(1435802776, 0), NotAfter: time.Unix(1467338776, 0)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, public, issuer)
	mustWork(err)
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
}

func mustWork(err error) {
	if err != nil {
		panic(err)
	}
}

func (k *signingKey) sign(hash crypto.Hash, text []byte) string {
	info := []byte("\x30\x21\x30\x09\x06\x05\x2b\x0e\x03\x02\x1a\x05\x00\x04\x14")
	sum := sha1.Sum(text)
	digest := sum[:]
	if hash == crypto.SHA256 {
		info = []byte("\x30\x31\x30\x0d\x06\x09\x60\x86\x48\x01\x65\x03\x04\x02\x01\x05\x00\x04\x20")
		sum := sha256.Sum256(text)
		digest = sum[:]
	}
	size := k.N.BitLen() / 8
	padding := strings.Repeat("\xff", size-3-len(info)-len(digest))
	encoded := new(big.Int).SetBytes([]byte("\x00\x01" + padding + "\x00" + string(info) + string(digest)))
	return base64.StdEncoding.EncodeToString(encoded.Exp(encoded, k.d, k.N).FillBytes(make([]byte, size)))
}

// signedPush is a request before it is signed.
type signedPush struct {
	method, target, body, contentType string
	at                                time.Time
	headers                           map[string]string // added, or removed if empty
	key                               *signingKey
}

// mns makes a push as MNS sends it.
func (p signedPush) mns() *http.Request {
	p = p.complete("/notifications", pushMessage, mnsKey)
	sum := md5.Sum([]byte(p.body))
	header := map[string]string{
		"content-md5":             fmt.Sprintf("%X", sum),
		"content-type":            p.contentType,
		"date":                    p.at.UTC().Format(http.TimeFormat),
		"x-mns-message-id":        "250EB49D5F8D737A391C93C6ED165396",
		"x-mns-publish-time":      "1680079287576",
		"x-mns-request-id":        "6423F9B7BF94313030AF5EA0",
		"x-mns-signing-cert-url":  base64.StdEncoding.EncodeToString([]byte(mnsURL)),
		"x-mns-subscriber":        pushOwner,
		"x-mns-subscription-name": "test-subscription",
		"x-mns-topic-name":        "test-topic",
		"x-mns-topic-owner":       pushOwner,
		"x-mns-version":           "2015-06-06",
	}
	p.overlay(header)
	lines := []string{p.method, header["content-md5"], strings.ToLower(header["content-type"]), header["date"]}
	var names []string
	for name := range header {
		if strings.HasPrefix(name, "x-mns-") {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	for _, name := range names {
		lines = append(lines, name+":"+header[name])
	}
	lines = append(lines, p.target)
	header["authorization"] = p.key.sign(crypto.SHA1, []byte(strings.Join(lines, "\n")))
	return p.request(header)
}

// bridge makes a push as EventBridge sends it to bridgeHook.
func (p signedPush) bridge(behind string) *http.Request {
	p = p.complete("/hooks/notifications?from=imm", pushEvent, bridgeKey)
	header := map[string]string{
		"content-type":                      "application/json",
		"x-eventbridge-signature-timestamp": strconv.FormatInt(p.at.UnixMilli(), 10),
		"x-eventbridge-hash-method":         "SHA256",
		"x-eventbridge-signature-version":   "1.0",
		"x-eventbridge-signature-url":       bridgeURL,
	}
	p.overlay(header)
	text := bridgeHook + "\n"
	for _, name := range []string{"signature-timestamp", "hash-method", "signature-version", "signature-url", "signature-token"} {
		if value, is := header["x-eventbridge-"+name]; is {
			text += "x-eventbridge-" + name + ": " + value + "\n"
		}
	}
	header["x-eventbridge-signature-v2"] = p.key.sign(crypto.SHA256, []byte(text+p.body+behind))
	return p.request(header)
}

func (p signedPush) complete(target, body string, key *signingKey) signedPush {
	if p.method == "" {
		p.method = http.MethodPost
	}
	if p.target == "" {
		p.target = target
	}
	if p.body == "" {
		p.body = body
	}
	if p.contentType == "" {
		p.contentType = "text/plain;charset=utf-8"
	}
	if p.at.IsZero() {
		p.at = time.Now()
	}
	if p.key == nil {
		p.key = key
	}
	return p
}

func (p signedPush) overlay(header map[string]string) {
	for name, value := range p.headers {
		if header[name] = value; value == "" {
			delete(header, name)
		}
	}
}

func (p signedPush) request(header map[string]string) *http.Request {
	r := httptest.NewRequest(p.method, p.target, strings.NewReader(p.body))
	for name, value := range header {
		r.Header.Set(name, value)
	}
	return r
}

// pushBench is a handler and what it did.
type pushBench struct {
	http.Handler
	calls, fetches atomic.Int64
	fetch          func(ctx context.Context, url string) ([]byte, error)
	callback       Callback

	mu   sync.Mutex
	last *imm.IndexMessage
	log  bytes.Buffer
}

func (b *pushBench) options(opts []Option) []Option {
	if b.fetch == nil {
		b.fetch = func(_ context.Context, url string) ([]byte, error) {
			if strings.Contains(url, "eventbridge") {
				return bridgeKey.pem, nil
			}
			return mnsKey.pem, nil
		}
	}
	logger := slog.New(slog.NewTextHandler(lockedWriter{b}, nil))
	return append([]Option{WithLogger(logger), WithCertificates(func(ctx context.Context, url string) ([]byte, error) {
		b.fetches.Add(1)
		return b.fetch(ctx, url)
	})}, opts...)
}

type lockedWriter struct{ b *pushBench }

func (w lockedWriter) Write(text []byte) (int, error) {
	w.b.mu.Lock()
	defer w.b.mu.Unlock()
	return w.b.log.Write(text)
}

func (b *pushBench) handle(ctx context.Context, m *imm.IndexMessage) error {
	b.calls.Add(1)
	b.mu.Lock()
	b.last = m
	b.mu.Unlock()
	if b.callback != nil {
		return b.callback(ctx, m)
	}
	return nil
}

func (b *pushBench) logged() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.log.String()
}

func (b *pushBench) message() *imm.IndexMessage {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.last
}

func (b *pushBench) mns(t testing.TB, opts ...Option) *pushBench {
	t.Helper()
	handler, err := NewMNSHandler(b.handle, b.options(opts)...)
	require.NoError(t, err)
	b.log.Reset() // of the warning about options that most tests leave out
	b.Handler = handler
	return b
}

func (b *pushBench) bridge(t testing.TB, opts ...Option) *pushBench {
	t.Helper()
	opts = append([]Option{WithURL(bridgeHook), WithRegions("cn-beijing", "cn-hangzhou")}, opts...)
	handler, err := NewEventBridgeHandler(b.handle, b.options(opts)...)
	require.NoError(t, err)
	b.Handler = handler
	return b
}

// send returns the status of the answer.
func (b *pushBench) send(r *http.Request) int { return b.answer(r).Code }

func (b *pushBench) answer(r *http.Request) *httptest.ResponseRecorder {
	w := httptest.NewRecorder()
	b.ServeHTTP(w, r)
	return w
}

// requireRefused sends what must not reach the callback.
func (b *pushBench) requireRefused(t *testing.T, r *http.Request, status, fetches int, reason string) {
	t.Helper()
	before := b.calls.Load()
	w := b.answer(r)
	require.Equal(t, status, w.Code, b.logged())
	require.Equal(t, http.StatusText(status)+"\n", w.Body.String(), "the sender does not learn why")
	require.Equal(t, before, b.calls.Load(), "the callback was called")
	require.EqualValues(t, fetches, b.fetches.Load(), "fetches")
	require.Contains(t, b.logged(), reason)
}
