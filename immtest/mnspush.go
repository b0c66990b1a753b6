package immtest

import (
	"bytes"
	"crypto/md5"
	"crypto/rand"
	"encoding/base64"
	"encoding/hex"
	"encoding/xml"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
)

const (
	mnsVersion   = "2015-06-06"
	mnsNamespace = "http://mns.aliyuncs.com/doc/v1/"
	// mnsCertificateURL is a place that receivers are told to trust.
	mnsCertificateURL = "https://mns-cert.oss-cn-hangzhou.aliyuncs.com/x509_public_certificate.pem"

	textType = "text/plain;charset=utf-8"
	xmlType  = "text/xml;charset=utf-8"
)

// mnsNotification is the envelope of a message in JSON. A time is text there.
type mnsNotification struct {
	TopicOwner, TopicName        string
	Subscriber, SubscriptionName string
	MessageID                    string `json:"MessageId"`
	Message                      string
	MessageMD5                   string
	MessageTag                   string `json:",omitempty"`
	PublishTime                  string
}

// envelope puts around a message what the subscription's format says.
func (d *delivery) envelope(to *destination) []byte {
	n := mnsNotification{
		TopicOwner: AccountID, TopicName: to.topic, Subscriber: AccountID, SubscriptionName: to.name,
		MessageID: d.id, Message: string(d.message), MessageMD5: upperMD5(d.message), MessageTag: d.tag,
		PublishTime: d.publishTime(),
	}
	switch to.format {
	case NotifySimplified:
		return d.message
	case NotifyJSON:
		return encodeJSON(n)
	default:
		return n.xml()
	}
}

func (d *delivery) publishTime() string { return strconv.FormatInt(d.published.UnixMilli(), 10) }

func (n *mnsNotification) xml() []byte {
	w := newXML("Notification")
	w.element("TopicOwner", n.TopicOwner)
	w.element("TopicName", n.TopicName)
	w.element("Subscriber", n.Subscriber)
	w.element("SubscriptionName", n.SubscriptionName)
	w.element("MessageId", n.MessageID)
	w.element("MessageMD5", n.MessageMD5)
	w.element("Message", n.Message)
	if n.MessageTag != "" {
		w.element("MessageTag", n.MessageTag)
	}
	w.element("PublishTime", n.PublishTime)
	return w.end("Notification")
}

// mnsPush is a push with its signature.
func (s *Server) mnsPush(to *destination, d *delivery) (http.Header, []byte) {
	body := d.envelope(to)
	digest := md5.Sum(body)
	header := http.Header{"User-Agent": {"Aliyun Notification Service Agent"}}
	// What the two kinds of pushes carry differs in the service, too.
	if to.format == NotifyXML {
		header.Set("Content-Type", xmlType)
		header.Set("Content-MD5", base64.StdEncoding.EncodeToString([]byte(hex.EncodeToString(digest[:]))))
	} else {
		header.Set("Content-Type", textType)
		header.Set("Content-MD5", strings.ToUpper(hex.EncodeToString(digest[:])))
	}
	certificateURL := mnsCertificateURL
	if d.fault.CertificateURL != "" {
		certificateURL = d.fault.CertificateURL
	}
	header.Set("Date", s.now().Add(d.fault.DateOffset).UTC().Format(http.TimeFormat))
	header.Set("X-Mns-Request-Id", newMNSRequestID())
	header.Set("X-Mns-Version", mnsVersion)
	header.Set("X-Mns-Message-Id", d.id)
	if d.tag != "" {
		header.Set("X-Mns-Message-Tag", d.tag)
	}
	header.Set("X-Mns-Publish-Time", d.publishTime())
	header.Set("X-Mns-Topic-Name", to.topic)
	header.Set("X-Mns-Topic-Owner", AccountID)
	header.Set("X-Mns-Subscriber", AccountID)
	header.Set("X-Mns-Subscription-Name", to.name)
	header.Set("X-Mns-Signing-Cert-Url", base64.StdEncoding.EncodeToString([]byte(certificateURL)))
	toSign := mnsStringToSign(http.MethodPost, header, to.url.RequestURI())
	key := s.signing.mnsKey()
	if d.fault.WrongSignature {
		key = newMNSKey()
	}
	header.Set("Authorization", base64.StdEncoding.EncodeToString(key.sign([]byte(toSign))))
	if d.fault.WrongBody {
		body = append(bytes.Clone(body), ' ')
	}
	return header, body
}

// mnsStringToSign is what the signature of a push covers.
func mnsStringToSign(method string, header http.Header, requestURI string) string {
	var lines []string
	for name, values := range header {
		if name := strings.ToLower(name); strings.HasPrefix(name, "x-mns-") {
			lines = append(lines, name+":"+values[0])
		}
	}
	slices.Sort(lines)
	return strings.Join([]string{
		method, header.Get("Content-MD5"), strings.ToLower(header.Get("Content-Type")), header.Get("Date"),
		strings.Join(lines, "\n"), requestURI,
	}, "\n")
}

func upperMD5(data []byte) string {
	sum := md5.Sum(data)
	return strings.ToUpper(hex.EncodeToString(sum[:]))
}

// newMNSRequestID makes a request id as MNS writes them: 24 digits.
func newMNSRequestID() string {
	var b [12]byte
	_, _ = rand.Read(b[:]) // never fails: the process ends where there is no randomness
	return fmt.Sprintf("%X", b)
}

// newMNSMessageID makes a message id in the form of the documented ones, such as
// 5F290C926D472878-2-14D9529A8FA-200000001.
func newMNSMessageID() string {
	var b [16]byte
	_, _ = rand.Read(b[:])
	return fmt.Sprintf("%X-1-%X-%X", b[:8], b[8:13], b[13:])
}

// xmlWriter writes a document of MNS.
type xmlWriter struct{ text bytes.Buffer }

func newXML(root string) *xmlWriter {
	w := new(xmlWriter)
	w.text.WriteString(`<?xml version="1.0" encoding="utf-8"?>` + "\n<" + root + ` xmlns="` + mnsNamespace + "\">\n")
	return w
}

func (w *xmlWriter) element(name, value string) {
	w.text.WriteString("  <" + name + ">")
	_ = xml.EscapeText(&w.text, []byte(value)) // a buffer does not fail
	w.text.WriteString("</" + name + ">\n")
}

func (w *xmlWriter) open(name string)  { w.text.WriteString("<" + name + ">\n") }
func (w *xmlWriter) close(name string) { w.text.WriteString("</" + name + ">\n") }

func (w *xmlWriter) end(root string) []byte {
	w.text.WriteString("</" + root + ">")
	return w.text.Bytes()
}
