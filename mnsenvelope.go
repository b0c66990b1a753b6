package imm

import (
	"strings"

	"github.com/imm-go/imm/internal/wire"
)

// mnsJSON reads the envelope of a subscription whose NotifyContentFormat is JSON.
func (o *opening) mnsJSON(in members) ([]*IndexMessage, error) {
	message, isText := wire.Text(in["Message"])
	if !isText {
		return nil, o.errorf("the Message of the MNS envelope is not text, as it should be: %s", excerpt(in["Message"]))
	}
	return o.mns(EnvelopeMNSJSON, message, in.text("MessageId"), in.text("MessageTag"), wire.LooseText(in["PublishTime"]))
}

func (o *opening) mns(e Envelope, message, id, tag, published string) ([]*IndexMessage, error) {
	if len(o.envelopes) == 1 && o.within(EnvelopeMNSSimplified) && id == o.id {
		outside := *o
		outside.envelopes = nil // the headers only repeat what the body says
		o = &outside
	}
	return o.enter(e, id, tag, milliTime(published)).open([]byte(message))
}

// mnsXML reads the envelope of a subscription whose NotifyContentFormat is XML, and
// says of other XML what it is.
func (o *opening) mnsXML(text []byte) ([]*IndexMessage, error) {
	fields := make(map[string]string)
	twice := ""
	r := xmlReader{rest: text}
	root, err := r.document(func(name string) bool {
		switch name {
		case "Message", "MessageId", "MessageTag", "PublishTime":
			return true
		}
		return false
	}, func(name, value string) {
		if _, isThere := fields[name]; isThere {
			twice = name
		}
		fields[name] = value
	})
	_, hasMessage := fields["Message"]
	switch {
	case root == "Notification" && err != nil:
		return nil, o.errorf("the XML envelope of MNS is malformed: %s", err.Error())
	case root == "Notification" && twice != "":
		return nil, o.errorf("the XML envelope of MNS has %s twice: %s", quote(twice), excerpt(text))
	case root == "Notification" && !hasMessage:
		return nil, o.errorf("the XML envelope of MNS has no Message: %s", excerpt(text))
	case root == "Notification":
		return o.mns(EnvelopeMNSXML, fields["Message"], strings.TrimSpace(fields["MessageId"]), strings.TrimSpace(fields["MessageTag"]), fields["PublishTime"])
	case root == "Message" || root == "Messages":
		return nil, o.errorf("the XML <%s> is the answer of a queue of MNS; take the MessageBody out of it: %s", root, excerpt(text))
	case root == "Error":
		return nil, o.errorf("the XML <Error> is a refusal of MNS: %s", excerpt(text))
	case root == "":
		return nil, o.errorf("neither JSON nor the XML envelope of MNS, <Notification>: %s", excerpt(text))
	}
	return nil, o.errorf("the XML or HTML of %s, where MNS sends <Notification>: %s", quote("<"+root+">"), excerpt(text))
}
