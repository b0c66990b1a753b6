package imm

import (
	"context"
	"net/http"
	"net/url"
)

const formType = "application/x-www-form-urlencoded"

// request makes the HTTP request of one attempt, with a date, a nonce and a
// signature of its own. It has neither GetBody nor an Idempotency-Key, so that
// net/http sends nothing a second time that was written once: the service would
// refuse the nonce.
func (x *exchange) request(ctx context.Context) *http.Request {
	c := x.client
	encoded := x.params.Encoded()
	now, ahead := c.now()
	x.ahead = ahead
	// The request has the context before it has anything else, so that it need
	// not be copied for it.
	req := (&http.Request{Method: http.MethodPost, Host: c.endpoint.host, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1}).WithContext(ctx)
	req.URL = &url.URL{Scheme: c.endpoint.scheme, Host: c.endpoint.host, Path: "/"}
	sign := signable{method: http.MethodPost, path: "/", bodyHash: emptyHash}
	if x.form {
		sign.bodyHash = hashBody(encoded)
		req.Body, req.ContentLength = x.params.Body(), int64(len(encoded))
	} else {
		sign.query = encoded
		req.URL.RawQuery = string(encoded)
	}
	var room [8]signedHeader
	headers := room[:0]
	if x.form {
		headers = append(headers, signedHeader{"content-type", formType})
	}
	headers = append(headers,
		signedHeader{"host", c.endpoint.host},
		signedHeader{"x-acs-action", x.action},
		signedHeader{"x-acs-content-sha256", sign.bodyHash},
		signedHeader{"x-acs-date", signingDate(now)})
	if x.creds.SecurityToken != "" {
		headers = append(headers, signedHeader{"x-acs-security-token", x.creds.SecurityToken})
	}
	headers = append(headers,
		signedHeader{"x-acs-signature-nonce", newNonce()},
		signedHeader{"x-acs-version", apiVersion})
	sign.headers = headers
	var text [512]byte // what an authorization usually fits into
	authorization := sign.appendAuthorization(text[:0], x.creds.AccessKeyID, x.creds.AccessKeySecret)
	req.Header = httpHeader(headers, c.userAgent, string(authorization))
	return req
}

// canonicalNames are the names of the signed headers as net/http writes them.
var canonicalNames = map[string]string{
	"content-type":          "Content-Type",
	"x-acs-action":          "X-Acs-Action",
	"x-acs-content-sha256":  "X-Acs-Content-Sha256",
	"x-acs-date":            "X-Acs-Date",
	"x-acs-security-token":  "X-Acs-Security-Token",
	"x-acs-signature-nonce": "X-Acs-Signature-Nonce",
	"x-acs-version":         "X-Acs-Version",
}

// httpHeader has all values in one array.
func httpHeader(signed []signedHeader, userAgent, authorization string) http.Header {
	header := make(http.Header, len(signed)+2)
	values := make([]string, 0, len(signed)+2)
	set := func(name, value string) {
		values = append(values, value)
		header[name] = values[len(values)-1 : len(values) : len(values)]
	}
	for _, h := range signed {
		if name, ok := canonicalNames[h.name]; ok { // the host is not among them
			set(name, h.value)
		}
	}
	set("Accept", "application/json") // the service's default is XML
	set("User-Agent", userAgent)
	set("Authorization", authorization)
	return header
}
