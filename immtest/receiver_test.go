package immtest

import (
	"bytes"
	"context"
	"crypto/md5"
	"crypto/rsa"
	"crypto/sha1"
	"crypto/x509"
	"encoding/base64"
	"encoding/hex"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"math/big"
	"net/http"
	"sort"
	"strings"
	"sync"
	"time"
)

// receiver is a handler that notes the pushes it gets, and answers each with the
// next of its statuses, and with 204 once they are used up.
type receiver struct {
	mu       sync.Mutex
	statuses []int
	got      []gotPush
}

// gotPush is a push as it arrived.
type gotPush struct {
	method, host, uri string
	header            http.Header
	body              string
	at                time.Time
}

func (r *receiver) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	body, err := io.ReadAll(req.Body)
	if err != nil {
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.got = append(r.got, gotPush{req.Method, req.Host, req.RequestURI, req.Header.Clone(), string(body), time.Now()})
	status := http.StatusNoContent
	if len(r.statuses) > 0 {
		status, r.statuses = r.statuses[0], r.statuses[1:]
	}
	w.WriteHeader(status)
}

func (r *receiver) all() []gotPush {
	r.mu.Lock()
	defer r.mu.Unlock()
	return append([]gotPush(nil), r.got...)
}

// bodies are those of the pushes, in their order.
func (r *receiver) bodies() []string {
	var all []string
	for _, p := range r.all() {
		all = append(all, p.body)
	}
	return all
}

// verify checks the signature of a push with code that shares nothing with what
// signed it, by the steps of the documentation.
func (p *gotPush) verify(certificate func(context.Context, string) ([]byte, error)) error {
	location, err := base64.StdEncoding.DecodeString(p.header.Get("x-mns-signing-cert-url"))
	if err != nil {
		return err
	}
	text, err := certificate(context.Background(), string(location))
	if err != nil {
		return err
	}
	block, rest := pem.Decode(text)
	if block == nil || len(rest) > 0 {
		return errors.New("not one PEM block")
	}
	parsed, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		return err
	}
	key, ok := parsed.PublicKey.(*rsa.PublicKey)
	if !ok || key.N.BitLen() != 512 {
		return fmt.Errorf("not an RSA key of 512 bits: %T", parsed.PublicKey)
	}
	var names []string
	for name := range p.header {
		if strings.HasPrefix(name, "X-Mns-") {
			names = append(names, strings.ToLower(name))
		}
	}
	sort.Strings(names)
	var signed bytes.Buffer
	fmt.Fprintf(&signed, "%s\n%s\n%s\n%s\n", p.method, p.header.Get("Content-MD5"), strings.ToLower(p.header.Get("Content-Type")), p.header.Get("Date"))
	for _, name := range names {
		fmt.Fprintf(&signed, "%s:%s\n", name, p.header.Get(name))
	}
	signed.WriteString(p.uri)
	signature, err := base64.StdEncoding.DecodeString(p.header.Get("Authorization"))
	if err != nil {
		return err
	}
	digest := sha1.Sum(signed.Bytes())
	want := "0001" + strings.Repeat("ff", 26) + "00" + "3021300906052b0e03021a05000414" + hex.EncodeToString(digest[:])
	opened := new(big.Int).Exp(new(big.Int).SetBytes(signature), big.NewInt(int64(key.E)), key.N)
	if got := hex.EncodeToString(opened.FillBytes(make([]byte, 64))); got != want {
		return errors.New("the signature is wrong")
	}
	sum := md5.Sum([]byte(p.body))
	lower := hex.EncodeToString(sum[:])
	switch sent := p.header.Get("Content-MD5"); {
	case strings.HasPrefix(p.header.Get("Content-Type"), "text/xml") && sent == base64.StdEncoding.EncodeToString([]byte(lower)):
		return nil
	case strings.HasPrefix(p.header.Get("Content-Type"), "text/plain") && sent == strings.ToUpper(lower):
		return nil
	}
	return errors.New("the body is another one")
}
