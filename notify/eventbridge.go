package notify

import (
	"crypto"
	"crypto/sha256"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// The headers of EventBridge. The first five are signed, in this order.
const (
	eventBridgePrefix      = "x-eventbridge-"
	eventBridgeTimestamp   = "x-eventbridge-signature-timestamp"
	eventBridgeHashMethod  = "x-eventbridge-hash-method"
	eventBridgeVersion     = "x-eventbridge-signature-version"
	eventBridgeCertificate = "x-eventbridge-signature-url"
	eventBridgeToken       = "x-eventbridge-signature-token"
	eventBridgeSignature   = "x-eventbridge-signature-v2"
	eventBridgeOld         = "x-eventbridge-signature"

	eventBridgeHint = "WithURL must be the URL exactly as the target of the rule has it, also if a proxy changes the path"
)

// NewEventBridgeHandler returns a handler of the events that EventBridge sends to
// an HTTP or HTTPS target. The rule must deliver the complete event. [WithURL] and
// [WithRegions] are demanded, and [WithToken] or a URL that nobody can guess is
// recommended: anybody with an account can have EventBridge send events of their
// own to any URL that they know.
//
// It answers as the handler of [NewMNSHandler] does. The signature covers the URL,
// the time, the token and the body. The certificate that signs is fetched over
// https, only from the hosts of the regions, and cached for a day. The older
// signature x-eventbridge-signature, which is an HMAC, is not taken.
//
// Options that do not fit, or are missing, are a *imm.ValidationError. The handler
// is safe for concurrent use.
//
// https://www.alibabacloud.com/help/en/eventbridge/user-guide/signature-algorithm
func NewEventBridgeHandler(callback Callback, opts ...Option) (http.Handler, error) {
	c, err := newConfig(eventBridgePush, callback, opts)
	if c.push.url == nil {
		err = joinLines(err, c.refuse("WithURL", "it is missing; give the URL of the target, which is signed: the host that a request names proves nothing"))
	}
	if c.push.regions == nil {
		err = joinLines(err, c.refuse("WithRegions", "it is missing; give the regions of the event buses, such as cn-hangzhou, whose certificates are to be trusted"))
	}
	if err == nil && c.push.secretSegment != nil && !endsWith(*c.push.url, *c.push.secretSegment) {
		err = c.refuse("WithSecretPath", "the URL of WithURL does not end with the secret; neither is shown. Give the URL that the sender calls, or leave WithSecretPath out")
	}
	if err != nil {
		return nil, err
	}
	return newPushHandler(c, eventBridgeClaim), nil
}

func eventBridgeClaim(c *config, r *http.Request) (*claim, error) {
	path, err := target(r)
	if err != nil {
		return nil, err
	}
	if err := c.push.checkSecretSegment(path); err != nil {
		return nil, err
	}
	found, err := gather(r.Header, func(name string) bool { return strings.HasPrefix(name, eventBridgePrefix) })
	if err != nil {
		return nil, err
	}
	if found[eventBridgeSignature] == "" && found[eventBridgeOld] != "" {
		return nil, forbidden("there is only the old signature %s, an HMAC, and not %s, which is taken", eventBridgeOld, eventBridgeSignature)
	}
	if err := found.need(eventBridgeSignature, eventBridgeTimestamp, eventBridgeHashMethod, eventBridgeVersion, eventBridgeCertificate); err != nil {
		return nil, err
	}
	if method, version := found[eventBridgeHashMethod], found[eventBridgeVersion]; method != "SHA256" || version != "1.0" {
		return nil, forbidden("the signature is of version %s with %s, and 1.0 with SHA256 is taken", quoted(version), quoted(method))
	}
	if c.push.token != nil {
		if found[eventBridgeToken] == "" {
			return nil, forbidden("the header %s is missing; give the target of the rule the token of WithToken", eventBridgeToken)
		}
		if !isSame(found[eventBridgeToken], *c.push.token) {
			return nil, forbidden("the %s is not that of WithToken", eventBridgeToken)
		}
	}
	ms, err := strconv.ParseUint(found[eventBridgeTimestamp], 10, 53)
	if err != nil {
		return nil, forbidden("the %s %s is no time in milliseconds", eventBridgeTimestamp, quoted(found[eventBridgeTimestamp]))
	}
	if err := c.push.checkTime(time.UnixMilli(int64(ms))); err != nil {
		return nil, err
	}
	signature, err := decodeSignature(found[eventBridgeSignature])
	if err != nil {
		return nil, forbidden("the %s is no signature: %v", eventBridgeSignature, err)
	}
	certificate, err := certificateURL(found[eventBridgeCertificate], func(host string) bool { return isEventBridgeHost(host, c.push.regions) })
	if err != nil {
		if region := eventBridgeRegion(found[eventBridgeCertificate]); region != "" {
			return nil, forbidden("the certificate is in a bucket that is named as that of the region %s, which is not among those of WithRegions; add it only if you have an event bus in that region, because anybody can name a bucket so", region)
		}
		return nil, forbidden("the %s is %s, which is %v", eventBridgeCertificate, quoted(found[eventBridgeCertificate]), err)
	}
	head := eventBridgeText(*c.push.url, found)
	return &claim{
		// No header that says how to read the body is signed, so none is seen.
		certificate: certificate, hint: eventBridgeHint, signature: signature, hash: crypto.SHA256,
		digests: func(body []byte) ([][]byte, error) {
			sum := sha256.New()
			sum.Write([]byte(head))
			sum.Write(body)
			digest := sum.Sum(nil)
			sum.Write([]byte("\n")) // which some have seen behind the body
			return [][]byte{digest, sum.Sum(nil)}, nil
		},
	}, nil
}

// eventBridgeText is what EventBridge signs, up to the body.
func eventBridgeText(url string, found fields) string {
	var b strings.Builder
	b.WriteString(url + "\n")
	for _, name := range []string{eventBridgeTimestamp, eventBridgeHashMethod, eventBridgeVersion, eventBridgeCertificate, eventBridgeToken} {
		if value := found[name]; value != "" {
			b.WriteString(name + ": " + value + "\n")
		}
	}
	return b.String()
}
