package imm

import (
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"github.com/imm-go/imm/internal/wire"
)

// maxEvents is more than fit into a body with what an event cannot lack. Broken
// ones can be shorter, and each costs an error.
const maxEvents = 10_000

var errManyEvents = fmt.Errorf("imm: a batch has at most %d events", maxEvents)

// cloudEvents reads what the headers say is CloudEvents, and reports whether they
// do. The names of the header fields and media types are those of the HTTP
// binding of CloudEvents 1.0.
func (o *opening) cloudEvents(header http.Header, body []byte) (messages []*IndexMessage, is bool, err error) {
	mediaType, _, _ := strings.Cut(headerText(header, "Content-Type"), ";")
	switch mediaType = strings.ToLower(strings.TrimSpace(mediaType)); {
	case mediaType == "application/cloudevents+json":
		text := trimMessage(body)
		if !wire.Members(text, func([]byte, []byte) {}) {
			return nil, true, o.errorf("the Content-Type says one event of CloudEvents, and the body is not one JSON object: %s", excerpt(text))
		}
		in, twice := readMembers(text)
		if twice != "" {
			return nil, true, o.errorf("the event has %s twice: %s", quote(twice), excerpt(text))
		}
		messages, err = o.cloudEvent(in)
	case mediaType == "application/cloudevents-batch+json":
		messages, err = o.batch(trimMessage(body))
	case strings.HasPrefix(mediaType, "application/cloudevents"):
		err = o.errorf("CloudEvents of the Content-Type %s; have them sent as JSON", quote(mediaType))
	case headerText(header, "Ce-Specversion")+headerText(header, "Ce-Type") != "":
		messages, err = o.binaryEvent(header, body)
	default:
		return nil, false, nil
	}
	return messages, true, err
}

// binaryEvent reads an event whose attributes are header fields.
func (o *opening) binaryEvent(header http.Header, body []byte) ([]*IndexMessage, error) {
	in := make(members)
	for _, name := range []string{"specversion", "id", "source", "type", "time"} {
		text := headerText(header, "Ce-"+strings.ToUpper(name[:1])+name[1:])
		if plain, err := url.PathUnescape(text); err == nil { // which CloudEvents uses for what headers cannot hold
			text = plain
		}
		if text != "" {
			in[name] = wire.AppendString(nil, strings.ToValidUTF8(text, "\uFFFD"))
		}
	}
	if err := o.checkAttributes(in); err != nil {
		return nil, err
	}
	return o.enter(EnvelopeCloudEventBinary, in.text("id"), "", wire.Time(in.text("time"))).open(body)
}

// checkAttributes demands what CloudEvents demands, and a type that is read.
func (o *opening) checkAttributes(in members) error {
	for _, name := range []string{"specversion", "type", "source", "id"} {
		if in.text(name) == "" {
			return o.errorf("the event has no %s, which CloudEvents demands to be text", name)
		}
	}
	if version := in.text("specversion"); version != "1.0" {
		return o.errorf("the event is of CloudEvents %s; 1.0 is read", quote(version))
	}
	return in.checkType()
}

// cloudEvent reads an event in the JSON format. EventBridge leaves the
// datacontenttype out at times, and the data shows well enough what it is.
func (o *opening) cloudEvent(in members) ([]*IndexMessage, error) {
	if err := o.checkAttributes(in); err != nil {
		return nil, err
	}
	data := in["data"]
	text, isText := wire.Text(data)
	switch {
	case in.has("data") && in.has("data_base64"):
		return nil, o.errorf("the event has data and data_base64, where one of them is right")
	case in.has("data_base64"):
		decoded, err := base64.StdEncoding.DecodeString(in.text("data_base64"))
		if err != nil {
			return nil, o.errorf("the data_base64 of the event is not base64: %s", excerpt(in["data_base64"]))
		}
		data = decoded
	case !in.has("data"):
		return nil, o.errorf("the event has no data; let EventBridge deliver the complete event")
	case isText:
		data = []byte(text)
	case !wire.IsObject(data):
		return nil, o.errorf("the data of the event is not an index message, but %s", excerpt(data))
	}
	return o.enter(EnvelopeCloudEvent, in.text("id"), "", wire.Time(in.text("time"))).open(data)
}

// batch reads an array of events. It goes on behind one that cannot be read,
// because the others tell outcomes that may come only once.
func (o *opening) batch(text []byte) ([]*IndexMessage, error) {
	outer := o
	o = o.enter(EnvelopeCloudEventBatch, "", "", o.published)
	var messages []*IndexMessage
	var failed batchError
	isArray := wire.Elements(text, func(element []byte) {
		if failed.events >= maxEvents {
			failed.add(errManyEvents)
			return
		}
		read, err := o.element(element)
		messages = append(messages, read...)
		failed.add(err)
	})
	switch {
	case !isArray:
		return nil, outer.errorf("neither a JSON object nor a batch of CloudEvents, which is one JSON array: %s", excerpt(text))
	case failed.events == 0:
		return nil, outer.errorf("the batch of CloudEvents is empty")
	case failed.count > 0:
		return messages, &failed
	}
	return messages, nil
}

func (o *opening) element(element []byte) ([]*IndexMessage, error) {
	if !wire.IsObject(element) {
		return nil, o.errorf("it is not a JSON object: %s", excerpt(element))
	}
	in, twice := readMembers(element)
	switch {
	case twice != "":
		return nil, o.errorf("the event has %s twice: %s", quote(twice), excerpt(element))
	case !in.has("specversion"):
		return nil, o.errorf("it has no specversion, so it is no event of CloudEvents: %s", excerpt(element))
	}
	return o.cloudEvent(in)
}

// batchError is about the events of a batch that could not be read. It is an
// OtherEventError only if each of them is of another type: whoever lets these go
// would else lose an outcome with them.
type batchError struct {
	events, count, index int
	shown                error // the first, but rather one that is no OtherEventError
}

func (e *batchError) add(err error) {
	if err != nil {
		if e.count++; e.shown == nil || isOther(e.shown) && !isOther(err) {
			e.shown, e.index = err, e.events
		}
	}
	e.events++
}

func isOther(err error) bool {
	_, is := errors.AsType[*OtherEventError](err)
	return is
}

func (e *batchError) Error() string {
	return fmt.Sprintf("imm: %d of %d events of the batch cannot be read: event %d: %s",
		e.count, e.events, e.index, strings.TrimPrefix(e.shown.Error(), "imm: "))
}

func (e *batchError) Unwrap() error { return e.shown }
