package immtest

import (
	"bytes"
	"context"
	"fmt"
	"time"
)

// maxMNSMessage is the size above which MNS discards a message.
const maxMNSMessage = 64 << 10

// notification is where the outcome of a call is reported.
type notification struct {
	MNS      struct{ TopicName string }
	RocketMQ struct {
		InstanceID string `json:"InstanceId"`
		TopicName  string
	}
}

// notification is the value of Notification.
func (a *arguments) notification() notification {
	var n notification
	a.json("Notification", &n)
	if (n.RocketMQ.InstanceID == "") != (n.RocketMQ.TopicName == "") {
		a.refuse(invalidArgument("Notification.RocketMQ", "it needs both InstanceId and TopicName"))
	}
	return n
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

// topic keeps all messages, and knows which of them was not handed out yet.
type topic struct {
	messages [][]byte
	next     int
	arrived  chan struct{} // closed, and made anew, when a message arrives
}

// topic finds or makes a topic. The caller holds s.mu.
func (s *Server) topic(name string) *topic {
	t := s.topics[name]
	if t == nil {
		t = &topic{arrived: make(chan struct{})}
		s.topics[name] = t
	}
	return t
}

// send puts a message onto the topics. The caller holds s.mu.
func (s *Server) send(to *notification, message []byte) {
	if to.MNS.TopicName != "" && len(message) <= maxMNSMessage {
		s.topic(to.MNS.TopicName).add(message)
	}
	if to.RocketMQ.TopicName != "" {
		s.topic(to.RocketMQ.TopicName).add(message)
	}
}

func (t *topic) add(message []byte) {
	t.messages = append(t.messages, message)
	close(t.arrived)
	t.arrived = make(chan struct{})
}

// Messages returns every message that was sent to an MNS or RocketMQ topic,
// oldest first, also those that WaitMessage handed out.
func (s *Server) Messages(topicName string) [][]byte {
	s.mu.Lock()
	defer s.mu.Unlock()
	var all [][]byte
	for _, message := range s.topic(topicName).messages {
		all = append(all, bytes.Clone(message))
	}
	return all
}

// WaitMessage returns the next message of a topic, and waits for it where there
// is none yet. Each message is handed out once, in the order of arrival, however
// many goroutines wait. The error matches that of ctx where it ends first, and
// ErrServerClosed where the server is closed.
func (s *Server) WaitMessage(ctx context.Context, topicName string) ([]byte, error) {
	for {
		s.mu.Lock()
		t := s.topic(topicName)
		if t.next < len(t.messages) {
			message := bytes.Clone(t.messages[t.next])
			t.next++
			s.mu.Unlock()
			return message, nil
		}
		arrived := t.arrived
		s.mu.Unlock()
		select {
		case <-arrived:
		case <-ctx.Done():
			return nil, fmt.Errorf("immtest: no message on topic %s: %w", topicName, ctx.Err())
		case <-s.done:
			return nil, ErrServerClosed
		}
	}
}
