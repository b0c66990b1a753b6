package immtest

import (
	"strconv"
	"time"
)

// MessageFormat is the form of the messages on topics. See WithMessageFormat.
type MessageFormat int

// The forms that the service's documentation shows: older pages the first, newer
// ones the second.
const (
	MessageBare    MessageFormat = iota // the message itself
	MessageWrapped                      // the message as text, in the content of an event
)

// WithMessageFormat sets the form of the messages on topics. The default is
// MessageBare; a value that is neither of the two means the same. With
// MessageWrapped a message about one file is an event of type imm:FileMeta:Index,
// one about a batch of type imm:FileMeta:BatchIndex, and the content of the event
// is the bare message as text.
func WithMessageFormat(format MessageFormat) Option {
	return func(c *config) { c.messageFormat = format }
}

// indexMessage is the documented message about a batch.
type indexMessage struct {
	ProjectName, DatasetName string
	RequestID                string `json:"RequestId"`
	StartTime, EndTime       time.Time
	UserData                 string `json:",omitzero"`
	Success                  bool
	Message                  string
	Files                    []indexedFile
}

type indexedFile struct {
	URI          string
	CustomID     string            `json:"CustomId,omitzero"`
	CustomLabels map[string]string `json:",omitempty"`
	Error        string
}

// wrapper is the event that the newer documentation shows around a message.
type wrapper struct {
	ID      string `json:"id"`
	Source  string `json:"source"`
	Type    string `json:"type"`
	Subject string `json:"subject"`
	Time    string `json:"time"` // milliseconds
	Content string `json:"content"`
}

// subject is acs:imm, a region, an account and the project. What follows the
// project is not documented for indexing; the dataset is what there is.
const subject = "acs:imm:" + defaultRegion + ":" + AccountID + ":"

// encode writes a message. Nothing documents that the wrapper's id is the EventId
// of the call's answer, so it is another one: who counts on that learns it here.
func (f MessageFormat) encode(m *indexMessage, isBatch bool) []byte {
	bare := encodeJSON(m)
	if f != MessageWrapped {
		return bare
	}
	return encodeJSON(wrapper{
		ID:      newEventID(),
		Source:  "acs.imm",
		Type:    eventType(isBatch),
		Subject: subject + m.ProjectName + "/" + m.DatasetName,
		Time:    strconv.FormatInt(m.EndTime.UnixMilli(), 10),
		Content: string(bare),
	})
}

// eventType is the type of an event about one file or about a batch.
func eventType(isBatch bool) string {
	if isBatch {
		return "imm:FileMeta:BatchIndex"
	}
	return "imm:FileMeta:Index"
}
