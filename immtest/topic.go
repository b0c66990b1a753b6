package immtest

import (
	"bytes"
	"context"
	"fmt"
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

// empty reports whether nobody wants to be told.
func (n *notification) empty() bool { return n.MNS.TopicName == "" && n.RocketMQ.TopicName == "" }

// maxTopicBytes is how much of a topic is kept: 100,000 messages about a few
// files each, or 10,000 about a hundred.
const maxTopicBytes = 64 << 20

// messageOverhead is what a message takes beside its text.
const messageOverhead = 48

// topic keeps the last messages, and knows which of them was not handed out yet.
type topic struct {
	messages  [][]byte // they do not change
	dropped   int      // how many came before the first of messages
	next      int      // index of the next to hand out
	bytes     int
	discarded int           // how many were too large
	arrived   chan struct{} // closed, and made anew, when a message arrives
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

// report tells topics and targets what became of a batch.
func (s *Server) report(b *batch) {
	var message []byte
	if !b.topics.empty() {
		message = s.config.messageFormat.encode(&b.message, b.isBatch)
	}
	events := make(map[*destination][]byte)
	for _, to := range s.targets() {
		events[to] = newEvent(&b.message, b.isBatch, to.region)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	defer s.deliveries.done()
	if b.topics.MNS.TopicName != "" {
		s.publish(b.topics.MNS.TopicName, "", message)
	}
	if b.topics.RocketMQ.TopicName != "" {
		s.topic(b.topics.RocketMQ.TopicName).add(message)
	}
	for _, to := range s.deliveries.destinations { // in their order
		if event := events[to]; event != nil {
			s.deliver(to, &delivery{message: event})
		}
	}
}

// targets are those of EventBridge.
func (s *Server) targets() []*destination {
	s.mu.Lock()
	defer s.mu.Unlock()
	var all []*destination
	for _, to := range s.deliveries.destinations {
		if to.topic == "" {
			all = append(all, to)
		}
	}
	return all
}

// Publish puts a message onto an MNS topic as another program would, for example
// one that is no index message. A tag goes along to subscriptions; it may be empty. A message
// above 64 KB is discarded.
func (s *Server) Publish(topicName, tag string, message []byte) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.publish(topicName, tag, bytes.Clone(message))
}

// publish puts a message onto an MNS topic and delivers it to the subscriptions.
// The caller holds s.mu.
func (s *Server) publish(topicName, tag string, message []byte) {
	t := s.topic(topicName)
	if len(message) > maxMNSMessage {
		t.discarded++
		return
	}
	t.add(message)
	id, now := "", s.now()
	for _, to := range s.deliveries.destinations {
		if to.topic == topicName {
			if id == "" {
				id = newMNSMessageID()
			}
			s.deliver(to, &delivery{id: id, tag: tag, message: message, published: now})
		}
	}
}

// Discarded is how many messages of an MNS topic were discarded because they are
// above 64 KB, as MNS does without telling anybody.
func (s *Server) Discarded(topicName string) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	if t := s.topics[topicName]; t != nil {
		return t.discarded
	}
	return 0
}

// add puts a message behind the others and drops the oldest ones above the limit,
// whether they were handed out or not.
func (t *topic) add(message []byte) {
	t.messages = append(t.messages, message)
	t.bytes += len(message) + messageOverhead
	for t.bytes > maxTopicBytes && len(t.messages) > 1 {
		t.bytes -= len(t.messages[0]) + messageOverhead
		// The slice is not written to: others may read it without the lock.
		t.messages = t.messages[1:]
		t.dropped++
		t.next = max(t.next-1, 0)
	}
	close(t.arrived)
	t.arrived = make(chan struct{})
}

// after are the messages behind the first n that the topic ever got, as far as
// they are kept.
func (t *topic) after(n int) [][]byte {
	n = min(max(n-t.dropped, 0), len(t.messages))
	return t.messages[n:len(t.messages):len(t.messages)]
}

// Messages returns the messages that were sent to an MNS or RocketMQ topic, oldest
// first, also those that WaitMessage handed out. A topic keeps the last 64 MiB of
// them, so that a server that runs for long does not grow without end.
func (s *Server) Messages(topicName string) [][]byte {
	s.mu.Lock()
	var kept [][]byte
	if t := s.topics[topicName]; t != nil {
		kept = t.after(0)
	}
	s.mu.Unlock()
	var all [][]byte
	for _, message := range kept {
		all = append(all, bytes.Clone(message))
	}
	return all
}

// WaitMessage returns the next message of a topic, and waits for it where there
// is none yet. Each message is handed out once, in the order of arrival, however
// many goroutines wait; one that comes too late for what Messages keeps misses
// the oldest. The error matches that of ctx where it ends first, and
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
