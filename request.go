package imm

import (
	"context"
	"net/http"
	"net/url"
	"strings"
	"time"
)

const formType = "application/x-www-form-urlencoded"

// request makes the HTTP request of one attempt, with a date, a nonce and a
// signature of its own. It has neither GetBody nor an Idempotency-Key, so that
// net/http sends nothing a second time that was written once: the service would
// refuse the nonce.
func (x *exchange) request(ctx context.Context, sent time.Time) *http.Request {
	c := x.client
	encoded := x.params.Encoded()
	date, ahead := c.clock.At(sent)
	x.ahead = ahead
	out := new(outgoing)
	out.url = url.URL{Scheme: c.endpoint.Scheme, Host: c.endpoint.Host, Path: "/"}
	// A request gets its context by being copied, here to where it stays.
	out.req = *(&http.Request{Method: http.MethodPost, Host: c.endpoint.Host, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1}).WithContext(ctx)
	req := &out.req
	req.URL = &out.url
	var room [512]byte // in which an authorization usually fits
	sign := signable{method: http.MethodPost, path: "/", bodyHash: emptyHash}
	if x.form {
		out.text.Grow(usualText + len(emptyHash))
		sign.bodyHash = out.keep(appendHash(room[:0], encoded))
		req.Body, req.ContentLength = x.params.Body(), int64(len(encoded))
	} else {
		out.text.Grow(usualText + len(encoded))
		sign.query = encoded
		out.url.RawQuery = out.keep(encoded)
	}
	out.header = make(http.Header, usualHeaders)
	// Sorted by the names that are signed, as the signature wants them.
	if x.form {
		out.sign(&sign, "content-type", "Content-Type", formType)
	}
	sign.add("host", c.endpoint.Host) // which net/http writes by itself
	out.sign(&sign, "x-acs-action", "X-Acs-Action", x.action)
	out.sign(&sign, "x-acs-content-sha256", "X-Acs-Content-Sha256", sign.bodyHash)
	out.sign(&sign, "x-acs-date", "X-Acs-Date", signingDate(date))
	if x.creds.SecurityToken != "" {
		out.sign(&sign, "x-acs-security-token", "X-Acs-Security-Token", x.creds.SecurityToken)
	}
	out.sign(&sign, "x-acs-signature-nonce", "X-Acs-Signature-Nonce", out.keep(appendNonce(room[:0])))
	out.sign(&sign, "x-acs-version", "X-Acs-Version", apiVersion)
	out.set("Accept", "application/json") // the service's default is XML
	out.set("User-Agent", c.userAgent)
	out.set("Authorization", out.keep(sign.appendAuthorization(room[:0], x.creds.AccessKeyID, x.creds.AccessKeySecret)))
	req.Header = out.header
	return req
}

const (
	usualText    = 288 // bytes of the nonce and the authorization
	usualHeaders = 8   // of a query with a long-lived key; one more makes a larger map
	mostHeaders  = 10
)

// outgoing is the memory of one request in few pieces. Each attempt has its own,
// and it is never used again, because net/http may read a request when the
// attempt is over and a user's transport may keep it.
type outgoing struct {
	req    http.Request
	url    url.URL
	text   strings.Builder // all texts that are made for the request, in a row
	header http.Header
	values [mostHeaders]string
	used   int
}

// keep returns the text of bytes that are used again. The memory of texts that
// were kept before stays where it is, so they remain what they are. It is kept out
// of line, as set is: the size of users' programs counts.
//
//go:noinline
func (o *outgoing) keep(text []byte) string {
	before := o.text.Len()
	o.text.Write(text)
	return o.text.String()[before:]
}

// sign sets a header that the signature covers.
func (o *outgoing) sign(s *signable, signedName, name, value string) {
	s.add(signedName, value)
	o.set(name, value)
}

// set sets a header.
//
//go:noinline
func (o *outgoing) set(name, value string) {
	values := o.values[o.used : o.used+1 : o.used+1]
	values[0] = value
	o.used++
	o.header[name] = values
}
