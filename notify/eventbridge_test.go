package notify

import (
	"crypto"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"io"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/imm-go/imm"
)

const bridgeSecret = "0123456789abcdefghij"

func TestAnEventReachesTheCallback(t *testing.T) {
	t.Parallel()
	token := map[string]string{"x-eventbridge-signature-token": bridgeSecret}
	for name, c := range map[string]struct {
		push   signedPush
		behind string
		opts   []Option
		ahead  time.Duration
	}{
		"as documented":               {},
		"with a line end behind":      {behind: "\n"},
		"with a token":                {push: signedPush{headers: token}, opts: []Option{WithToken(bridgeSecret)}},
		"with a token nobody demands": {push: signedPush{headers: token}},
		"at the end of the window":    {ahead: -55 * time.Second},
		"from a clock that is ahead":  {ahead: 55 * time.Second},
		"of another region":           {push: signedPush{headers: map[string]string{"x-eventbridge-signature-url": strings.Replace(bridgeURL, "hangzhou", "beijing", 1)}}},
		"with both signatures":        {push: signedPush{headers: map[string]string{"x-eventbridge-signature": "old"}}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := new(pushBench).bridge(t, c.opts...)
			c.push.at = time.Now().Add(c.ahead)
			w := b.answer(c.push.bridge(c.behind))
			require.Equal(t, http.StatusNoContent, w.Code, b.logged())
			require.EqualValues(t, 1, b.calls.Load())
			require.Equal(t, "event-1", b.message().MessageID)
			require.Equal(t, []imm.Envelope{imm.EnvelopeCloudEvent}, b.message().Envelopes)
		})
	}
}

// The standard library agrees about what the key of these tests signs.
func TestTheTextThatEventBridgeSigns(t *testing.T) {
	t.Parallel()
	r := signedPush{at: time.UnixMilli(1724133063161), headers: map[string]string{"x-eventbridge-signature-token": bridgeSecret}, body: "{}"}.bridge("")
	text := "https://example.com/hooks/notifications?from=imm\n" +
		"x-eventbridge-signature-timestamp: 1724133063161\n" +
		"x-eventbridge-hash-method: SHA256\n" +
		"x-eventbridge-signature-version: 1.0\n" +
		"x-eventbridge-signature-url: " + bridgeURL + "\n" +
		"x-eventbridge-signature-token: 0123456789abcdefghij\n" +
		"{}"
	signature, err := base64.StdEncoding.DecodeString(r.Header.Get("x-eventbridge-signature-v2"))
	require.NoError(t, err)
	digest := sha256.Sum256([]byte(text))
	require.NoError(t, rsa.VerifyPKCS1v15(&bridgeKey.PublicKey, crypto.SHA256, digest[:], signature))
}

func TestForgedEventsAreRefused(t *testing.T) {
	t.Parallel()
	const p = "x-eventbridge-"
	genuine := func(change func(r *http.Request)) func() *http.Request {
		return func() *http.Request {
			r := signedPush{headers: map[string]string{p + "signature-token": bridgeSecret}}.bridge("")
			change(r)
			return r
		}
	}
	set := func(name, value string) func() *http.Request {
		return genuine(func(r *http.Request) { r.Header.Set(name, value) })
	}
	signed := func(name, value string) func() *http.Request {
		return func() *http.Request {
			headers := map[string]string{p + "signature-token": bridgeSecret}
			headers[name] = value
			return signedPush{headers: headers}.bridge("")
		}
	}
	ahead := func(d time.Duration) func() *http.Request {
		return func() *http.Request {
			return signedPush{at: time.Now().Add(d), headers: map[string]string{p + "signature-token": bridgeSecret}}.bridge("")
		}
	}
	body := func(text string) func() *http.Request {
		return genuine(func(r *http.Request) {
			r.Body, r.ContentLength = io.NopCloser(strings.NewReader(text)), int64(len(text))
		})
	}
	type forgery struct {
		make    func() *http.Request
		fetches int
		reason  string
	}
	forgeries := map[string]forgery{
		"another body":                {body(strings.Replace(pushEvent, `"Success":true`, `"Success":false`, 1)), 1, "does not match"},
		"a body with a line end more": {body(pushEvent + "\n\n"), 1, "does not match"},
		"an empty body":               {body(""), 1, "does not match"},
		"a body that is cut off":      {body(pushEvent[:len(pushEvent)-1]), 1, "does not match"},
		"another time in the window":  {set(p+"signature-timestamp", strconv.FormatInt(time.Now().Add(10*time.Second).UnixMilli(), 10)), 1, "does not match"},
		"a time that reads the same": {genuine(func(r *http.Request) {
			r.Header.Set(p+"signature-timestamp", "0"+r.Header.Get(p+"signature-timestamp"))
		}), 1, "does not match"},
		"another key": {func() *http.Request {
			return signedPush{key: otherBridgeKey, headers: map[string]string{p + "signature-token": bridgeSecret}}.bridge("")
		}, 1, "does not match"},
		"a smaller key": {func() *http.Request {
			return signedPush{key: oldBridgeKey, headers: map[string]string{p + "signature-token": bridgeSecret}}.bridge("")
		}, 1, "does not match"},
		"another trusted certificate":   {set(p+"signature-url", strings.Replace(bridgeURL, "hangzhou", "beijing", 1)), 1, "does not match"},
		"a signature of zeros":          {set(p+"signature-v2", base64.StdEncoding.EncodeToString(make([]byte, 256))), 1, "does not match"},
		"a signature of n":              {set(p+"signature-v2", base64.StdEncoding.EncodeToString(bridgeKey.N.Bytes())), 1, "does not match"},
		"a signature that is too short": {set(p+"signature-v2", base64.StdEncoding.EncodeToString(make([]byte, 255))), 1, "does not match"},
		"a signature by SHA-1":          {set(p+"signature-v2", bridgeKey.sign(crypto.SHA1, []byte("text"))), 1, "does not match"},
		"a token that was not signed": {func() *http.Request {
			r := signedPush{}.bridge("")
			r.Header.Set(p+"signature-token", bridgeSecret)
			return r
		}, 1, "does not match"},

		"a token that is wrong":   {signed(p+"signature-token", bridgeSecret[1:]+"x"), 0, "is not that of WithToken"},
		"a token that is cut off": {signed(p+"signature-token", bridgeSecret[1:]), 0, "is not that of WithToken"},
		"no token":                {signed(p+"signature-token", ""), 0, "signature-token is missing; give the target of the rule the token of WithToken"},
		"a token of spaces":       {set(p+"signature-token", "  "), 0, "signature-token is missing"},
		"too old":                 {ahead(-61 * time.Second), 0, "signed 1m1s ago, which is outside the window of 1m0s"},
		"from the future":         {ahead(90 * time.Second), 0, "in the future, which is outside the window of 1m0s"},
		"a time of 0":             {signed(p+"signature-timestamp", "0"), 0, "outside the window"},
		"a time in seconds":       {signed(p+"signature-timestamp", strconv.FormatInt(time.Now().Unix(), 10)), 0, "outside the window"},
		"a time that overflows":   {signed(p+"signature-timestamp", "18446744073709551616"), 0, "no time"},
		"the largest time":        {signed(p+"signature-timestamp", "18446744073709551615"), 0, "no time"},
		"a time of 53 bits":       {signed(p+"signature-timestamp", "9007199254740991"), 0, "outside the window"},
		"a negative time":         {signed(p+"signature-timestamp", "-1"), 0, "no time"},
		"a time with a sign":      {signed(p+"signature-timestamp", "+"+strconv.FormatInt(time.Now().UnixMilli(), 10)), 0, "no time"},
		"a time that is a date":   {signed(p+"signature-timestamp", time.Now().Format(time.RFC3339)), 0, "no time"},
		"another hash":            {signed(p+"hash-method", "MD5"), 0, "1.0 with SHA256 is taken"},
		"a hash in lower case":    {signed(p+"hash-method", "sha256"), 0, "1.0 with SHA256 is taken"},
		"another version":         {signed(p+"signature-version", "2.0"), 0, "1.0 with SHA256 is taken"},
		"a version of a list":     {signed(p+"signature-version", "1.0,2.0"), 0, "1.0 with SHA256 is taken"},
		"the old signature alone": {genuine(func(r *http.Request) {
			r.Header.Set(p+"signature", r.Header.Get(p+"signature-v2"))
			r.Header.Del(p + "signature-v2")
		}), 0, "only the old signature"},
		"a signature not in base64":   {set(p+"signature-v2", "*"), 0, "no signature"},
		"a signature of 9000 bits":    {set(p+"signature-v2", base64.StdEncoding.EncodeToString(make([]byte, 1126))), 0, "no signature"},
		"the certificate of MNS":      {signed(p+"signature-url", mnsURL), 0, "no URL of a certificate"},
		"a URL in base64":             {signed(p+"signature-url", base64.StdEncoding.EncodeToString([]byte(bridgeURL))), 0, "no URL of a certificate"},
		"a region that is not named":  {signed(p+"signature-url", strings.Replace(bridgeURL, "hangzhou", "shanghai", 1)), 0, "the region cn-shanghai, which is not among those of WithRegions"},
		"a bucket that looks like it": {signed(p+"signature-url", strings.Replace(bridgeURL, "cn-hangzhou", "foo", 1)), 0, "because anybody can name a bucket so"},
		"a bucket of no region":       {signed(p+"signature-url", strings.Replace(bridgeURL, "cn-hangzhou", "foo.bar", 1)), 0, "no URL of a certificate"},
		"a region and a bad path":     {signed(p+"signature-url", strings.Replace(bridgeURL, "hangzhou", "shanghai", 1)+"?a"), 0, "no URL of a certificate"},
		"no path":                     {genuine(func(r *http.Request) { r.RequestURI = "*" }), 0, "no path"},
	}
	for _, name := range []string{"signature-v2", "signature-timestamp", "hash-method", "signature-version", "signature-url"} {
		forgeries[name+" missing"] = forgery{genuine(func(r *http.Request) { r.Header.Del(p + name) }), 0, "missing or empty"}
		forgeries[name+" empty"] = forgery{set(p+name, ""), 0, "missing or empty"}
		if name != "signature-v2" {
			forgeries[name+" missing when it was signed"] = forgery{signed(p+name, ""), 0, "missing or empty"}
		}
	}
	for _, name := range []string{"signature-v2", "signature-timestamp", "hash-method", "signature-version", "signature-url", "signature-token"} {
		forgeries[name+" twice"] = forgery{genuine(func(r *http.Request) { r.Header.Add(p+name, r.Header.Get(p+name)) }), 0, "is not there once"}
		forgeries[name+" twice by case"] = forgery{genuine(func(r *http.Request) { r.Header[p+name] = r.Header.Values(p + name) }), 0, "is not there once"}
	}
	for name, f := range forgeries {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := new(pushBench).bridge(t, WithToken(bridgeSecret))
			b.requireRefused(t, f.make(), http.StatusForbidden, f.fetches, f.reason)
			require.NotContains(t, b.logged(), bridgeSecret)
		})
	}
}

// Whoever has EventBridge sign events for a URL of their own can only send them
// here as they are.
func TestAnEventThatWasSignedForAnotherURLIsRefused(t *testing.T) {
	t.Parallel()
	for _, url := range []string{
		"https://evil.example/hooks/notifications?from=imm", "http://example.com/hooks/notifications?from=imm", "https://example.com/hooks/notifications",
		"https://example.com/hooks/notifications?from=imm&", "https://example.com:443/hooks/notifications?from=imm", "https://EXAMPLE.com/hooks/notifications?from=imm",
	} {
		b := new(pushBench).bridge(t, WithURL(url))
		r := signedPush{}.bridge("")
		r.Host = "example.com"
		r.Header.Set("X-Forwarded-Host", "example.com")
		b.requireRefused(t, r, http.StatusForbidden, 1, "WithURL must be the URL exactly")
		require.NotContains(t, b.logged(), "WithPath", "which is for MNS")
	}
	b := new(pushBench).bridge(t)
	r := signedPush{}.bridge("")
	r.Host, r.RequestURI = "10.0.0.1:8080", "/inside"
	require.Equal(t, http.StatusNoContent, b.send(r), "what the request says of itself does not count")
}

func TestHeadersThatEventBridgeDoesNotSignDoNotReachTheReader(t *testing.T) {
	t.Parallel()
	for name, value := range map[string]string{"x-mns-message-id": "forged", "content-type": "application/cloudevents-batch+json", "ce-specversion": "1.0", "ce-type": "x"} {
		b := new(pushBench).bridge(t)
		r := signedPush{}.bridge("")
		r.Header.Set(name, value)
		require.Equal(t, http.StatusNoContent, b.send(r), b.logged())
		require.Equal(t, "event-1", b.message().MessageID)
	}
}

func TestTheSecretPathOfEvents(t *testing.T) {
	t.Parallel()
	url := "https://example.com/hooks/" + bridgeSecret
	b := new(pushBench).bridge(t, WithURL(url), WithSecretPath(bridgeSecret))
	b.requireRefused(t, signedPush{}.bridge(""), http.StatusForbidden, 0, "WithSecretPath")
	r := signedPush{target: "/hooks/" + bridgeSecret}.bridge("") // but signed for another URL
	b.requireRefused(t, r, http.StatusForbidden, 1, "does not match")
	require.NotContains(t, b.logged(), bridgeSecret)
}
