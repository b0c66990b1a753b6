package notify

import (
	"crypto"
	"crypto/md5"
	"crypto/sha1"
	"encoding/base64"
	"encoding/hex"
	"net/http"
	"strings"
)

const (
	mnsPrefix       = "x-mns-"
	mnsCertificate  = "x-mns-signing-cert-url"
	mnsTopicOwner   = "x-mns-topic-owner"
	mnsTopicName    = "x-mns-topic-name"
	mnsSubscription = "x-mns-subscription-name"
	mnsMessageID    = "x-mns-message-id"

	mnsHint = "if a proxy changes the path or the method before it comes here, say what they were with WithPath and WithMethod"
)

// NewMNSHandler returns a handler of the pushes by which MNS delivers the messages
// of a topic over HTTP. It takes all three NotifyContentFormats, and works with any
// mux. The callback runs before the answer, and its context ends 4 seconds after
// the request came, because MNS waits for 5; WithPool is for slower ones. The body
// must arrive within these 4 seconds, too, whatever the timeouts of the server.
//
// The answer is 204 once the callback has returned nil. It is 500 if the callback
// or the deduplicator fails or the certificate cannot be fetched, 400 for what is
// no index message, 403 for what is not signed as it should be, 405 and 413. After
// anything but 204 MNS sends the message again, 3 times or 176 times, as the
// NotifyStrategy of the subscription says, and then drops it. A panic of the
// callback is left to the server, which breaks the connection off, so the message
// comes again, too.
//
// A signature says less than one would think. It covers the method, the path, the
// time, the x-mns- headers and, through Content-MD5, the body, but not the host:
// anybody with an account can have MNS sign a push to the same path of a server of
// their own, and send it here. Give [WithTopicOwner], or [WithSecretPath], or both;
// with neither, a warning is logged once.
// Also, the keys have 512 bits, which those who make the effort can factor. Receive
// over https, and where a false outcome would do harm, ask the dataset with
// [imm.Client.GetFileMeta] or [imm.Client.WaitIndexed].
//
// The certificate that a push names is fetched over https, only from the hosts
// where MNS keeps them, and cached for a day. Until one is there, the program must
// reach that host, or be given the certificate with WithCertificates.
//
// Options that do not fit are a *imm.ValidationError. The handler is safe for
// concurrent use.
//
// https://www.alibabacloud.com/help/doc-detail/27488.htm
func NewMNSHandler(callback Callback, opts ...Option) (http.Handler, error) {
	c, err := newConfig(mnsPush, callback, opts)
	if err == nil && c.push.target != nil && c.push.secretSegment != nil && !endsWith(*c.push.target, *c.push.secretSegment) {
		err = c.refuse("WithSecretPath", "the path of WithPath does not end with the secret; neither is shown. Give the path that the sender calls, or leave one of the options out")
	}
	if err != nil {
		return nil, err
	}
	if c.push.topicOwner == "" && c.push.secretSegment == nil {
		c.logger.Warn("imm pushes of anybody's topics are accepted, because a signature of MNS does not say for whom it is; "+
			"give WithTopicOwner or WithSecretPath, unless something else keeps other senders away", "receiver", c.receiver.String())
	}
	return newPushHandler(c, mnsClaim), nil
}

// mnsClaim checks what is signed in a push of MNS. The certificate that signs it is
// named by one of the headers that are signed.
func mnsClaim(c *config, r *http.Request) (*claim, error) {
	path, err := target(r)
	if c.push.target != nil {
		path, err = *c.push.target, nil
	}
	if err != nil {
		return nil, err
	}
	if err := c.push.checkSecretSegment(path); err != nil {
		return nil, err
	}
	found, err := gather(r.Header, func(name string) bool {
		switch name {
		case "authorization", "content-md5", "content-type", "date":
			return true
		}
		return strings.HasPrefix(name, mnsPrefix)
	})
	if err != nil {
		return nil, err
	}
	if err := found.need("authorization", "content-md5", "content-type", "date", mnsCertificate); err != nil {
		return nil, err
	}
	if owner := found[mnsTopicOwner]; c.push.topicOwner != "" && owner != c.push.topicOwner {
		return nil, forbidden("the topic is one of the account %s, and not of that of WithTopicOwner", quoted(owner))
	}
	signed, err := http.ParseTime(found["date"])
	if err != nil {
		return nil, forbidden("the Date %s is none of HTTP", quoted(found["date"]))
	}
	if err := c.push.checkTime(signed); err != nil {
		return nil, err
	}
	signature, err := decodeSignature(found["authorization"])
	if err != nil {
		return nil, forbidden("the Authorization is no signature: %v", err)
	}
	address, err := base64.StdEncoding.DecodeString(found[mnsCertificate])
	if err != nil {
		return nil, forbidden("the %s is not base64: %s", mnsCertificate, quoted(found[mnsCertificate]))
	}
	certificate, err := certificateURL(string(address), isMNSHost)
	if err != nil {
		return nil, forbidden("the %s is %s, which is %v", mnsCertificate, quoted(string(address)), err)
	}
	method := r.Method
	if c.push.method != "" {
		method = c.push.method
	}
	digest := sha1.Sum([]byte(mnsText(method, path, found)))
	return &claim{
		certificate: certificate, hint: mnsHint, signature: signature, hash: crypto.SHA1, header: found.mnsHeader(),
		digests: func(body []byte) ([][]byte, error) {
			if !isMD5(found["content-md5"], body) {
				return nil, forbidden("the Content-MD5 %s is not that of the body", quoted(found["content-md5"]))
			}
			return [][]byte{digest[:]}, nil
		},
	}, nil
}

// mnsText is what MNS signs.
func mnsText(method, path string, found fields) string {
	var b strings.Builder
	for _, part := range []string{method, found["content-md5"], strings.ToLower(found["content-type"]), found["date"]} {
		b.WriteString(part + "\n")
	}
	for _, name := range found.sorted(mnsPrefix) {
		b.WriteString(name + ":" + found[name] + "\n")
	}
	b.WriteString(path)
	return b.String()
}

// mnsHeader is what the reader of the message may see. Headers that are not signed
// could make it read the body as something else, or under another id.
func (f fields) mnsHeader() http.Header {
	header := http.Header{"Content-Type": {strings.ToLower(f["content-type"])}} // as it is signed
	for _, name := range f.sorted(mnsPrefix) {
		header.Set(name, f[name])
	}
	return header
}

// isMD5 takes the three forms that are seen: hex, which MNS sends in capitals, the
// base64 of hex, which a sample has, and the base64 of the sum, which HTTP demands.
func isMD5(text string, body []byte) bool {
	sum := md5.Sum(body)
	plain := hex.EncodeToString(sum[:])
	return strings.EqualFold(text, plain) ||
		text == base64.StdEncoding.EncodeToString([]byte(plain)) ||
		text == base64.StdEncoding.EncodeToString(sum[:])
}
