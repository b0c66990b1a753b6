package notify

import (
	"context"
	"crypto"
	"crypto/md5"
	"crypto/sha1"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/imm-go/imm"
)

// realPush is what MNS sent to somebody who published it, without the body.
func realPush(t *testing.T) (text []byte, r *http.Request, pem []byte) {
	t.Helper()
	text, err := os.ReadFile("testdata/mns/signed.txt")
	require.NoError(t, err)
	pem, err = os.ReadFile("testdata/mns/certificate.pem")
	require.NoError(t, err)
	signature, err := os.ReadFile("testdata/mns/signature.txt")
	require.NoError(t, err)
	lines := strings.Split(string(text), "\n")
	r = httptest.NewRequest(lines[0], lines[len(lines)-1], nil)
	r.Header = http.Header{
		"Authorization": {strings.TrimSpace(string(signature))},
		"Content-Md5":   {lines[1]}, "Content-Type": {lines[2]}, "Date": {lines[3]},
		"User-Agent": {"not signed"},
	}
	for _, line := range lines[4 : len(lines)-1] {
		name, value, _ := strings.Cut(line, ":")
		r.Header.Set(name, value)
	}
	return text, r, pem
}

func TestARealPushOfMNSIsVerified(t *testing.T) {
	t.Parallel()
	text, r, pem := realPush(t)
	b := new(pushBench).mns(t, WithWindow(100*365*24*time.Hour), WithTopicOwner("1321669497458181"))
	claim, err := mnsClaim(b.Handler.(*pushHandler).config, r)
	require.NoError(t, err)
	require.Equal(t, "https://mnstest.oss-cn-hangzhou.aliyuncs.com/x509_public_certificate.pem", claim.certificate)

	found, err := gather(r.Header, func(name string) bool { return name != "user-agent" })
	require.NoError(t, err)
	require.Equal(t, string(text), mnsText(r.Method, r.RequestURI, found))

	keys := newCertificates(func(context.Context, string) ([]byte, error) { return pem, nil }, leastKeyBits)
	digest := sha1.Sum(text)
	require.NoError(t, keys.verify(t.Context(), claim, [][]byte{digest[:]}))

	key, err := keys.get(t.Context(), claim.certificate)
	require.NoError(t, err)
	require.Equal(t, 512, key.N.BitLen())
	for i := range text {
		for _, bit := range []byte{0x01, 0x20, 0x80} {
			changed := []byte(string(text))
			changed[i] ^= bit
			digest := sha1.Sum(changed)
			require.False(t, claim.isSignedBy(key, [][]byte{digest[:]}), "byte %d", i)
		}
	}
	require.ErrorContains(t, keys.verify(t.Context(), claim, nil), "does not match")
	for i := range claim.signature {
		claim.signature[i] ^= 1
		require.False(t, claim.isSignedBy(key, [][]byte{digest[:]}), "byte %d of the signature", i)
		claim.signature[i] ^= 1
	}
}

// What a real push says of its body is that no other body is taken.
func TestARealPushWithAnotherBodyIsRefused(t *testing.T) {
	t.Parallel()
	_, r, pem := realPush(t)
	b := &pushBench{fetch: func(context.Context, string) ([]byte, error) { return pem, nil }}
	b.mns(t, WithWindow(100*365*24*time.Hour)).requireRefused(t, r, http.StatusForbidden, 0, "Content-MD5")
	b = new(pushBench).mns(t)
	b.requireRefused(t, r, http.StatusForbidden, 0, "outside the window")
}

func mnsXML() string {
	return `<?xml version="1.0" encoding="utf-8"?><Notification xmlns="http://mns.aliyuncs.com/doc/v1/"><TopicName>test-topic</TopicName>` +
		`<MessageId>250EB49D5F8D737A391C93C6ED165396</MessageId><Message>` + pushMessage + `</Message></Notification>`
}

func mnsJSON(message string) string {
	text, _ := json.Marshal(map[string]string{"TopicName": "test-topic", "MessageId": "250EB49D5F8D737A391C93C6ED165396", "Message": message, "PublishTime": "1680079287576"})
	return string(text)
}

func TestAPushOfEveryFormatReachesTheCallback(t *testing.T) {
	t.Parallel()
	md5Of := func(form func(sum [md5.Size]byte) string, body string) string { return form(md5.Sum([]byte(body))) }
	upper := func(sum [md5.Size]byte) string { return fmt.Sprintf("%X", sum) }
	lower := func(sum [md5.Size]byte) string { return hex.EncodeToString(sum[:]) }
	hexInBase64 := func(sum [md5.Size]byte) string {
		return base64.StdEncoding.EncodeToString([]byte(hex.EncodeToString(sum[:])))
	}
	plainBase64 := func(sum [md5.Size]byte) string { return base64.StdEncoding.EncodeToString(sum[:]) }
	encoded := base64.StdEncoding.EncodeToString([]byte(pushMessage))
	for name, c := range map[string]struct {
		push      signedPush
		form      func([md5.Size]byte) string
		envelopes []imm.Envelope
	}{
		"SIMPLIFIED":                 {signedPush{body: pushMessage}, upper, []imm.Envelope{imm.EnvelopeMNSSimplified}},
		"SIMPLIFIED in base64":       {signedPush{body: encoded}, upper, []imm.Envelope{imm.EnvelopeMNSSimplified, imm.EnvelopeBase64}},
		"JSON":                       {signedPush{body: mnsJSON(pushMessage)}, upper, []imm.Envelope{imm.EnvelopeMNSJSON}},
		"JSON around base64":         {signedPush{body: mnsJSON(encoded)}, lower, []imm.Envelope{imm.EnvelopeMNSJSON, imm.EnvelopeBase64}},
		"XML":                        {signedPush{body: mnsXML(), contentType: "text/xml;charset=utf-8"}, hexInBase64, []imm.Envelope{imm.EnvelopeMNSXML}},
		"the MD5 as HTTP demands it": {signedPush{body: mnsXML(), contentType: "text/xml;charset=utf-8"}, plainBase64, []imm.Envelope{imm.EnvelopeMNSXML}},
		"a Content-Type in capitals": {signedPush{contentType: "Text/Plain;charset=UTF-8", body: pushMessage}, upper, []imm.Envelope{imm.EnvelopeMNSSimplified}},
		"a tag":                      {signedPush{body: pushMessage, headers: map[string]string{"x-mns-message-tag": "photos"}}, upper, []imm.Envelope{imm.EnvelopeMNSSimplified}},
		"a query":                    {signedPush{body: pushMessage, target: "/hooks/mns?a=%2f&a=%2F"}, upper, []imm.Envelope{imm.EnvelopeMNSSimplified}},
		"an http URL of certificate": {signedPush{body: pushMessage, headers: map[string]string{"x-mns-signing-cert-url": base64.StdEncoding.EncodeToString([]byte(strings.Replace(mnsURL, "https", "http", 1)))}}, upper, []imm.Envelope{imm.EnvelopeMNSSimplified}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := &pushBench{fetch: func(_ context.Context, url string) ([]byte, error) {
				require.Equal(t, mnsURL, url, "always https")
				return mnsKey.pem, nil
			}}
			b.mns(t, WithTopicOwner(pushOwner))
			headers := map[string]string{"content-md5": md5Of(c.form, c.push.body)}
			maps.Copy(headers, c.push.headers)
			c.push.headers = headers
			w := b.answer(c.push.mns())
			require.Equal(t, http.StatusNoContent, w.Code, b.logged())
			require.Empty(t, w.Body.String())
			require.EqualValues(t, 1, b.calls.Load())
			require.Equal(t, "oss://test-bucket/cat.jpg", b.message().Files[0].URI)
			require.Equal(t, "250EB49D5F8D737A391C93C6ED165396", b.message().MessageID)
			require.Equal(t, headers["x-mns-message-tag"], b.message().MessageTag)
			require.Equal(t, c.envelopes, b.message().Envelopes)
			require.Empty(t, b.logged())
		})
	}
}

func TestForgedPushesOfMNSAreRefused(t *testing.T) {
	t.Parallel()
	inBase64 := func(text string) string { return base64.StdEncoding.EncodeToString([]byte(text)) }
	genuine := func(change func(r *http.Request)) func() *http.Request {
		return func() *http.Request {
			r := signedPush{}.mns()
			change(r)
			return r
		}
	}
	signed := func(name, value string) func() *http.Request {
		return func() *http.Request { return signedPush{headers: map[string]string{name: value}}.mns() }
	}
	set := func(name, value string) func() *http.Request {
		return genuine(func(r *http.Request) { r.Header.Set(name, value) })
	}
	raw := func(signature []byte) func() *http.Request {
		return set("Authorization", base64.StdEncoding.EncodeToString(signature))
	}
	type forgery struct {
		make    func() *http.Request
		fetches int
		reason  string
	}
	forgeries := map[string]forgery{
		// What is fetched for is right in all but the signature.
		"a changed header":           {set("X-Mns-Publish-Time", "1680079287577"), 1, "does not match"},
		"a changed message id":       {set("X-Mns-Message-Id", "another"), 1, "does not match"},
		"an added header":            {set("X-Mns-Message-Tag", "photos"), 1, "does not match"},
		"an added empty header":      {set("X-Mns-Message-Tag", ""), 1, "does not match"},
		"a header taken away":        {genuine(func(r *http.Request) { r.Header.Del("X-Mns-Subscriber") }), 1, "does not match"},
		"a renamed header":           {genuine(func(r *http.Request) { r.Header.Del("X-Mns-Version"); r.Header.Set("X-Mns-Versiom", "2015-06-06") }), 1, "does not match"},
		"another Content-Type":       {set("Content-Type", "application/cloudevents+json"), 1, "does not match"},
		"another date in the window": {set("Date", time.Now().Add(time.Minute).UTC().Format(http.TimeFormat)), 1, "does not match"},
		"another path":               {genuine(func(r *http.Request) { r.RequestURI = "/notification" }), 1, "does not match"},
		"a path with a slash more":   {genuine(func(r *http.Request) { r.RequestURI = "/notifications/" }), 1, "does not match"},
		"an added query":             {genuine(func(r *http.Request) { r.RequestURI = "/notifications?x=1" }), 1, "does not match"},
		"an added question mark":     {genuine(func(r *http.Request) { r.RequestURI = "/notifications?" }), 1, "does not match"},
		"a method that was signed": {func() *http.Request {
			r := signedPush{method: http.MethodPut}.mns()
			r.Method = http.MethodPost
			return r
		}, 1, "does not match"},
		"another certificate that is one": {set("X-Mns-Signing-Cert-Url", inBase64("https://mns-cert.oss-cn-beijing.aliyuncs.com/x.pem")), 1, "does not match"},
		"another key":                     {func() *http.Request { return signedPush{key: otherMNSKey}.mns() }, 1, "does not match"},
		"another body and its MD5": {genuine(func(r *http.Request) {
			other := signedPush{body: mnsJSON(pushMessage)}.mns()
			r.Body, r.ContentLength = other.Body, other.ContentLength
			r.Header.Set("Content-Md5", other.Header.Get("Content-Md5"))
		}), 1, "does not match"},
		"a signature of zeros":        {raw(make([]byte, 64)), 1, "does not match"},
		"a signature of one":          {raw(append(make([]byte, 63), 1)), 1, "does not match"},
		"a signature of n":            {raw(mnsKey.N.Bytes()), 1, "does not match"},
		"a signature of 63 bytes":     {raw(make([]byte, 63)), 1, "does not match"},
		"a signature of 65 bytes":     {raw(make([]byte, 65)), 1, "does not match"},
		"the signature of SHA-256":    {set("Authorization", mnsKey.sign(crypto.SHA256, []byte("text"))), 1, "does not match"},
		"a signature of another push": {set("Authorization", signedPush{target: "/else"}.mns().Header.Get("Authorization")), 1, "does not match"},

		"another body": {genuine(func(r *http.Request) {
			other := signedPush{body: mnsJSON(pushMessage)}.mns()
			r.Body, r.ContentLength = other.Body, other.ContentLength
		}), 0, "Content-MD5"},
		"no body":                           {genuine(func(r *http.Request) { r.Body, r.ContentLength = http.NoBody, 0 }), 0, "Content-MD5"},
		"a body that is nil":                {genuine(func(r *http.Request) { r.Body, r.ContentLength = nil, 0 }), 0, "Content-MD5"},
		"the MD5 of something else":         {set("Content-MD5", fmt.Sprintf("%X", md5.Sum(nil))), 0, "Content-MD5"},
		"an MD5 that is base64 of capitals": {set("Content-MD5", inBase64(fmt.Sprintf("%X", md5.Sum([]byte(pushMessage))))), 0, "Content-MD5"},
		"too old":                           {func() *http.Request { return signedPush{at: time.Now().Add(-15*time.Minute - 2*time.Second)}.mns() }, 0, "outside the window"},
		"from the future":                   {func() *http.Request { return signedPush{at: time.Now().Add(15*time.Minute + time.Minute)}.mns() }, 0, "in the future, which is outside the window of 15m0s; is the clock of this machine behind?"},
		"a date that is none":               {signed("date", "yesterday"), 0, "is none of HTTP"},
		"a date in seconds":                 {signed("date", "1680079287"), 0, "is none of HTTP"},
		"a date in another format":          {signed("date", time.Now().UTC().Format(time.RFC3339)), 0, "is none of HTTP"},
		"a URL that is not base64":          {signed("x-mns-signing-cert-url", mnsURL), 0, "is not base64"},
		"a URL twice in base64":             {signed("x-mns-signing-cert-url", inBase64(inBase64(mnsURL))), 0, "no URL of a certificate"},
		"an empty URL in base64":            {signed("x-mns-signing-cert-url", "===="), 0, "is not base64"},
		"a certificate of EventBridge":      {signed("x-mns-signing-cert-url", inBase64(bridgeURL)), 0, "no URL of a certificate"},
		"a signature that is not base64":    {set("Authorization", "MNS id:signature"), 0, "no signature"},
		"a signature without padding": {genuine(func(r *http.Request) {
			r.Header.Set("Authorization", strings.TrimRight(r.Header.Get("Authorization"), "="))
		}), 0, "no signature"},
		"a signature with spare bits":    {genuine(func(r *http.Request) { s := r.Header.Get("Authorization"); r.Header.Set("Authorization", s[:85]+"B==") }), 0, "no signature"},
		"a signature of 9000 bits":       {raw(make([]byte, 1126)), 0, "no signature"},
		"a path that is *":               {genuine(func(r *http.Request) { r.RequestURI = "*" }), 0, "no path"},
		"a path with a space":            {genuine(func(r *http.Request) { r.RequestURI = "/noti fications" }), 0, "no path"},
		"a path with a line end":         {genuine(func(r *http.Request) { r.RequestURI = "/notifications\n" }), 0, "no path"},
		"no path":                        {genuine(func(r *http.Request) { r.RequestURI, r.URL = "", nil }), 0, "no path"},
		"another owner, as MNS signs it": {signed("x-mns-topic-owner", "1321669497458182"), 0, "WithTopicOwner"},
		"no owner, as MNS signs it":      {signed("x-mns-topic-owner", ""), 0, "WithTopicOwner"},
		"a name with a colon":            {genuine(func(r *http.Request) { r.Header["X-Mns-Subscriber:1"] = []string{"x"} }), 0, "characters that no header has"},
		"a value with a line end":        {genuine(func(r *http.Request) { r.Header["X-Mns-A"] = []string{"x\nx-mns-b:y"} }), 0, "characters that no header has"},
		"no value":                       {genuine(func(r *http.Request) { r.Header["X-Mns-A"] = nil }), 0, "is not there once"},
	}
	for _, name := range []string{"authorization", "content-md5", "content-type", "date", "x-mns-signing-cert-url"} {
		forgeries[name+" missing"] = forgery{genuine(func(r *http.Request) { r.Header.Del(name) }), 0, "missing or empty"}
		forgeries[name+" empty"] = forgery{set(name, ""), 0, "missing or empty"}
		forgeries[name+" of spaces"] = forgery{set(name, " \t "), 0, "missing or empty"}
		if name != "authorization" {
			forgeries[name+" missing when it was signed"] = forgery{signed(name, ""), 0, "missing or empty"}
		}
	}
	for _, name := range []string{"authorization", "content-md5", "content-type", "date", "x-mns-signing-cert-url", "x-mns-topic-owner", "x-mns-message-id"} {
		forgeries[name+" twice"] = forgery{genuine(func(r *http.Request) { r.Header.Add(name, r.Header.Get(name)) }), 0, "is not there once"}
		forgeries[name+" twice, an empty one"] = forgery{genuine(func(r *http.Request) { r.Header.Add(name, "") }), 0, "is not there once"}
		forgeries[name+" twice by case"] = forgery{genuine(func(r *http.Request) { r.Header[name] = []string{r.Header.Get(name)} }), 0, "is not there once"}
	}
	for _, url := range untrustedURLs() {
		forgeries["the URL "+url] = forgery{signed("x-mns-signing-cert-url", inBase64(url)), 0, ""}
	}
	for name, f := range forgeries {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := new(pushBench).mns(t, WithTopicOwner(pushOwner))
			b.requireRefused(t, f.make(), http.StatusForbidden, f.fetches, f.reason)
		})
	}
}

// Headers that are not signed must not change how a message is read: whoever
// recorded a push could else have it read under another id, and keep the true one
// from being handed on.
func TestHeadersThatAreNotSignedDoNotReachTheReader(t *testing.T) {
	t.Parallel()
	b := new(pushBench).mns(t)
	r := signedPush{headers: map[string]string{"x-mns-message-id": ""}}.mns()
	for name, value := range map[string]string{"ce-specversion": "1.0", "ce-type": "imm:FileMeta:Index", "ce-source": "acs.imm", "ce-id": "forged"} {
		r.Header.Set(name, value)
	}
	require.Equal(t, http.StatusNoContent, b.send(r), b.logged())
	require.Empty(t, b.message().MessageID)
	require.Empty(t, b.message().Envelopes)
}

func TestTheOwnerOfTheTopicIsOptional(t *testing.T) {
	t.Parallel()
	for _, header := range []string{"1", "", pushOwner} {
		b := new(pushBench).mns(t)
		require.Equal(t, http.StatusNoContent, b.send(signedPush{headers: map[string]string{"x-mns-topic-owner": header}}.mns()), b.logged())
	}
}

// The account of whoever replays a push that MNS signed for them is another, and
// they do not know the path.
func TestAPushThatMNSSignedForSomebodyElseIsRefused(t *testing.T) {
	t.Parallel()
	const secret = "0123456789abcdefghij-._~"
	attack := func() *http.Request { return signedPush{headers: map[string]string{"x-mns-topic-owner": "666"}}.mns() }
	require.Equal(t, http.StatusNoContent, new(pushBench).mns(t).send(attack()), "this is what the documentation warns of")
	new(pushBench).mns(t, WithTopicOwner(pushOwner)).requireRefused(t, attack(), http.StatusForbidden, 0, "666")
	b := new(pushBench).mns(t, WithSecretPath(secret))
	for _, path := range []string{
		"/notifications", "/", "/" + secret[1:], "/" + secret[:len(secret)-1], "/" + secret + "x", "/x" + secret, "/" + strings.ToUpper(secret),
		"/" + secret + "/", "/" + secret + "/x", "/x?" + secret, "/x?/" + secret, "/%30" + secret[1:], "//",
	} {
		b.requireRefused(t, signedPush{target: path}.mns(), http.StatusForbidden, 0, "WithSecretPath")
	}
	require.NotContains(t, b.logged(), secret)
	for _, path := range []string{"/" + secret, "/a/b/" + secret, "//" + secret, "/" + secret + "?", "/" + secret + "?a=/b"} {
		require.Equal(t, http.StatusNoContent, b.send(signedPush{target: path}.mns()), path)
	}
	r := signedPush{}.mns()
	r.RequestURI = "/" + secret
	b.requireRefused(t, r, http.StatusForbidden, 1, "does not match")
}

func TestBehindAProxyTheOptionsSayWhatWasSigned(t *testing.T) {
	t.Parallel()
	const secret = "0123456789abcdefghij"
	outside := "/outside/" + secret + "?from=mns"
	b := new(pushBench).mns(t, WithPath(outside), WithMethod("POST"), WithSecretPath(secret))
	for _, method := range []string{http.MethodPost, http.MethodPut} {
		r := signedPush{target: outside}.mns()
		r.Method, r.RequestURI = method, "/inside"
		require.Equal(t, http.StatusNoContent, b.send(r), b.logged())
	}
	r := signedPush{target: "/inside"}.mns()
	b.requireRefused(t, r, http.StatusForbidden, 1, "WithPath")
	r = signedPush{target: outside, method: http.MethodPut}.mns()
	b.requireRefused(t, r, http.StatusForbidden, 1, "does not match")
	require.NotContains(t, b.logged(), secret)
}
