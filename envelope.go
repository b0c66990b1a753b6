package imm

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/imm-go/imm/internal/wire"
)

// Envelope is something that an index message came in.
type Envelope string

// The envelopes that ParseIndexMessages opens.
const (
	EnvelopeBase64           Envelope = "base64"
	EnvelopeIMM              Envelope = "IMM event"              // the service's own: the message as text in content
	EnvelopeMNSJSON          Envelope = "MNS JSON"               // the NotifyContentFormat of the subscription is JSON
	EnvelopeMNSXML           Envelope = "MNS XML"                // likewise XML
	EnvelopeMNSSimplified    Envelope = "MNS SIMPLIFIED"         // likewise SIMPLIFIED: headers x-mns-message-…
	EnvelopeCloudEvent       Envelope = "CloudEvents"            // structured: all is in the body, as EventBridge sends it
	EnvelopeCloudEventBatch  Envelope = "CloudEvents batch"      // an array of these; each message names it and EnvelopeCloudEvent
	EnvelopeCloudEventBinary Envelope = "CloudEvents in headers" // binary: headers ce-…, and the body is the message
)

const (
	maxEnvelopes         = 5 // base64 around MNS around base64 around an event are 4
	notIndexMessage      = "imm: not an index message: "
	indexType, batchType = "imm:FileMeta:Index", "imm:FileMeta:BatchIndex"
)

// OtherEventError is the error of ParseIndexMessages for an event that is about
// something else than indexing, such as the type imm:Binding:Task or an event of
// another service. A program whose subscription takes these in can let them go.
type OtherEventError struct {
	Type, Source string
}

func (e *OtherEventError) Error() string {
	return notIndexMessage + "an event of type " + quote(e.Type) + " from " + quote(e.Source) +
		", where " + indexType + " and " + batchType + " are read; filter by these types where you subscribe, or let others go"
}

// ParseIndexMessage reads one notification message: the JSON itself, its base64,
// or that in the envelopes of JSON that need no headers, as a queue or RocketMQ
// delivers it. [ParseIndexMessages] says more; it also takes XML, the headers of a
// push, and several messages. XML is left to it so that programs which receive
// none do not carry a reader of XML.
//
// Fields that it does not know, and times and labels that are absent or
// malformed, are no errors. A message above 1 MiB, data behind the message, and
// JSON without a boolean Success, which is needed to know the outcome, are.
// ParseIndexMessage is safe for concurrent use.
func ParseIndexMessage(data []byte) (*IndexMessage, error) {
	if len(data) > maxMessage {
		return nil, tooLong(data)
	}
	messages, err := new(opening).open(data)
	switch {
	case err != nil:
		return nil, err
	case len(messages) != 1:
		return nil, fmt.Errorf("imm: a batch of %d messages, where one was expected: call ParseIndexMessages", len(messages))
	}
	return messages[0], nil
}

// ParseIndexMessages reads what a push over HTTP, a queue or RocketMQ delivers.
// The header is that of the HTTP request; it is nil for anything else. It opens
// what is around the JSON of a message:
//
//   - base64, of either alphabet
//   - the event with the message as text in content, which newer documentation of
//     the service shows
//   - what MNS sends, by the NotifyContentFormat of the subscription: JSON, XML, or
//     SIMPLIFIED, which is told by its x-mns-message-… headers
//   - CloudEvents 1.0, which EventBridge sends: one or a batch in the body, or one
//     in ce-… headers and the body
//
// and these in one another, up to five. [IndexMessage.Envelopes] says what it was.
//
// With a nil error there is at least one message. If only some events of a batch
// can be read, these come together with an error about the others. An error says
// what was found and what to do; [OtherEventError] is one about an event of
// another type. Nothing here proves who sent a message: check its signature first.
//
// Errors are a body above 1 MiB, more than 1000 files in a message, data behind
// the message, and an envelope that says the same thing twice. Fields that are
// not known, and times that are absent or malformed, are none.
// ParseIndexMessages is safe for concurrent use.
func ParseIndexMessages(header http.Header, body []byte) ([]*IndexMessage, error) {
	if len(body) > maxMessage {
		return nil, tooLong(body)
	}
	if packed := headerText(header, "Content-Encoding"); packed != "" && !strings.EqualFold(packed, "identity") {
		return nil, errors.New(notIndexMessage + "the body is packed, its Content-Encoding is " + quote(packed) + "; unpack it first")
	}
	o := &opening{xml: (*opening).mnsXML}
	if id := headerText(header, "X-Mns-Message-Id"); id != "" {
		o = o.enter(EnvelopeMNSSimplified, id, headerText(header, "X-Mns-Message-Tag"), milliTime(headerText(header, "X-Mns-Publish-Time")))
	}
	if messages, is, err := o.cloudEvents(header, body); is {
		return messages, err
	}
	return o.open(body)
}

func tooLong(body []byte) error {
	return fmt.Errorf("imm: the message has %d bytes; an index message has at most %d", len(body), maxMessage)
}

// headerText also finds names that are not in canonical form: whoever gets the
// headers as a map from a platform for functions has them in lower case.
func headerText(header http.Header, name string) string {
	if values := header[name]; len(values) > 0 {
		return values[0]
	}
	for key, values := range header {
		if strings.EqualFold(key, name) && len(values) > 0 {
			return values[0]
		}
	}
	return ""
}

// milliTime is the time that a text says in milliseconds, and zero for a text
// that says none before the year 10000.
func milliTime(text string) time.Time {
	const year10000 = 253_402_300_800_000
	ms, err := strconv.ParseInt(strings.TrimSpace(text), 10, 64)
	if err != nil || ms <= 0 || ms >= year10000 {
		return time.Time{}
	}
	return time.UnixMilli(ms).UTC()
}

// opening is how far the envelopes of a message are opened.
type opening struct {
	envelopes []Envelope
	id, tag   string
	published time.Time
	xml       func(o *opening, text []byte) ([]*IndexMessage, error) // nil: XML is an error
}

// enter opens one more envelope. What an outer one said stays.
func (o *opening) enter(e Envelope, id, tag string, published time.Time) *opening {
	inner := *o
	inner.envelopes = append(slices.Clip(o.envelopes), e) // events of a batch share what is around them
	inner.id, inner.tag = cmp.Or(o.id, id), cmp.Or(o.tag, tag)
	if o.published.IsZero() {
		inner.published = published
	}
	return &inner
}

func (o *opening) within(e Envelope) bool {
	return len(o.envelopes) > 0 && o.envelopes[len(o.envelopes)-1] == e
}

// errorf makes an error that says what the thing in question was in.
func (o *opening) errorf(format string, args ...any) error {
	text := notIndexMessage + fmt.Sprintf(format, args...)
	if len(o.envelopes) > 0 {
		names := make([]string, len(o.envelopes))
		for i, e := range o.envelopes {
			names[i] = string(e)
		}
		text += " (found in: " + strings.Join(names, ", ") + ")"
	}
	return errors.New(text)
}

// open reads what is in the envelopes so far.
func (o *opening) open(data []byte) ([]*IndexMessage, error) {
	text := trimMessage(data)
	switch {
	case len(o.envelopes) > maxEnvelopes:
		return nil, o.errorf("more than %d envelopes in one another", maxEnvelopes)
	case len(text) == 0 && len(o.envelopes) > 0:
		return nil, o.errorf("the envelope is empty")
	case len(text) == 0:
		return nil, o.errorf("there is nothing, neither a JSON object nor the base64 of one; was the body read before?")
	case text[0] == '{':
		return o.object(text)
	case text[0] == '[':
		return o.batch(text)
	case text[0] == '<' && o.xml != nil:
		return o.xml(o, text)
	case text[0] == '<':
		return nil, o.errorf("XML or HTML; if it is the XML envelope of MNS, ParseIndexMessages reads it: %s", excerpt(text))
	case bytes.HasPrefix(text, []byte{0x1f, 0x8b}):
		return nil, o.errorf("gzip; unpack it first")
	}
	if decoded, ok := decodeBase64(text); ok && !o.within(EnvelopeBase64) && len(decoded) > 0 && bytes.IndexByte([]byte("{[<\x1f"), decoded[0]) >= 0 {
		return o.enter(EnvelopeBase64, "", "", time.Time{}).open(decoded)
	}
	return nil, o.errorf("neither a JSON object nor the base64 of one, nor an envelope of MNS or EventBridge: %s", excerpt(text))
}

// object reads a JSON object: the message itself if it has a Success, and else
// an envelope.
func (o *opening) object(text []byte) ([]*IndexMessage, error) {
	m, isObject, hasSuccess, err := parseBare(text)
	switch {
	case !isObject:
		return nil, o.errorf("it begins like a JSON object, and is none to its end: cut off, or with data behind it: %s", excerpt(text))
	case hasSuccess && err != nil:
		return nil, o.errorf("%s", err.Error())
	case hasSuccess:
		m.Envelopes, m.MessageID, m.MessageTag, m.PublishTime = o.envelopes, o.id, o.tag, o.published
		return []*IndexMessage{m}, nil
	}
	in, twice := readMembers(text)
	isMNS := in.has("Message") && (in.has("MessageId") || in.has("TopicName"))
	isEvent := in.has("specversion") || in.has("content") && in.has("type")
	switch {
	case twice != "" && (isMNS || isEvent):
		return nil, o.errorf("the envelope has %s twice: %s", quote(twice), excerpt(text))
	case isMNS && isEvent:
		return nil, o.errorf("the JSON object is an envelope of MNS and an event at once: %s", excerpt(text))
	case isMNS:
		return o.mnsJSON(in)
	case in.has("specversion"):
		return o.cloudEvent(in)
	case isEvent:
		return o.immEvent(in)
	case in.has("data") && in.has("type"):
		return nil, o.errorf("an event of type %s without specversion, so not one of CloudEvents 1.0; let EventBridge deliver the complete event", quote(in.text("type")))
	case in.has("events"):
		return nil, o.errorf("it looks like a notification of OSS about events of a bucket; IMM reports to the topic that the call named: %s", excerpt(text))
	}
	return nil, o.errorf("the JSON object has no Success that is true or false, and is no envelope that is known: %s", excerpt(text))
}

// immEvent reads the event that newer documentation of the service shows.
func (o *opening) immEvent(in members) ([]*IndexMessage, error) {
	if err := in.checkType(); err != nil {
		return nil, err
	}
	content, isText := wire.Text(in["content"])
	if !isText {
		return nil, o.errorf("the content of the event is not text, as it should be: %s", excerpt(in["content"]))
	}
	return o.enter(EnvelopeIMM, in.text("id"), "", milliTime(wire.LooseText(in["time"]))).open([]byte(content))
}

// members are those of a JSON object that envelopes have.
type members map[string][]byte

// readMembers keeps the members that mean something, so that a crowd of others
// takes no memory. It names one that is there twice: readers differ in which of
// the two they take.
func readMembers(text []byte) (found members, twice string) {
	found = make(members)
	wire.Members(text, func(name, value []byte) {
		switch string(name) {
		case "Message", "MessageId", "MessageTag", "PublishTime", "TopicName",
			"specversion", "id", "source", "type", "time", "data", "data_base64", "content", "events":
			if found[string(name)] != nil {
				twice = string(name)
			}
			found[string(name)] = value
		}
	})
	return found, twice
}

func (m members) has(name string) bool { return m[name] != nil }

func (m members) text(name string) string {
	s, _ := wire.Text(m[name])
	return s
}

func (m members) checkType() error {
	if kind := m.text("type"); kind != indexType && kind != batchType {
		return &OtherEventError{Type: kind, Source: m.text("source")}
	}
	return nil
}
