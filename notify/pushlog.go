package notify

import (
	"log/slog"
	"net/http"

	"github.com/imm-go/imm/internal/transport"
	"github.com/imm-go/imm/internal/wire"
)

// about is by what the log names a push, as far as the push says it. The body is
// nil unless its sender is known: for the log alone none is read.
func (h *pushHandler) about(header http.Header, proven []byte) []slog.Attr {
	if h.receiver == eventBridgePush {
		return attrs("message_id", eventID(proven))
	}
	found, err := gather(header, func(name string) bool {
		return name == mnsMessageID || name == mnsTopicName || name == mnsSubscription
	})
	if err != nil {
		return nil // the reason says which header it is
	}
	return attrs("message_id", found[mnsMessageID], "topic", found[mnsTopicName], "subscription", found[mnsSubscription])
}

// attrs leaves out what is empty, and shortens what is too long for an id or a name.
func attrs(namesAndValues ...string) []slog.Attr {
	const enough = 256
	var all []slog.Attr
	for i := 0; i < len(namesAndValues); i += 2 {
		if value := namesAndValues[i+1]; value != "" {
			all = append(all, slog.String(namesAndValues[i], transport.OneLine(value[:min(enough, len(value))])))
		}
	}
	return all
}

// eventID is the id of an event, whatever it is about.
func eventID(event []byte) string {
	id := ""
	wire.Members(event, func(name, value []byte) {
		if string(name) == "id" {
			id, _ = wire.Text(value)
		}
	})
	return id
}
