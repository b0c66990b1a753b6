package immtest

import (
	"bytes"
	"container/heap"
	"crypto/rand"
	"encoding/base64"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"
)

const (
	// defaultVisibility is the visibility timeout of a queue that names no other.
	defaultVisibility = 30 * time.Second
	// maxQueueBytes is how much of a queue is kept, as of a topic.
	maxQueueBytes = 64 << 20
	// queuedOverhead is about what a message takes beside its body.
	queuedOverhead = 256
)

// WithQueue makes a queue of MNS, whose API the server serves below the path
// /queues/NAME/messages of whatever host. A message that was received is invisible
// for the visibility timeout, which is 30 s if it is zero or less. The option may be
// repeated; of two queues with one name the later one counts.
func WithQueue(name string, visibility time.Duration) Option {
	return func(c *config) { c.queues[name] = visibility }
}

// addDestinations makes the queues, subscriptions and targets of the options.
func (s *Server) addDestinations() error {
	for name, visibility := range s.config.queues {
		if !validTopic(name) {
			return fmt.Errorf("immtest: the queue %q cannot be made: a queue's name has 1 to 255 letters, digits, - and _", name)
		}
		s.queues[name] = newQueue(visibility)
	}
	for _, sub := range s.config.subscriptions {
		if err := s.subscribe(sub.topicName, sub.subscription); err != nil {
			return err
		}
	}
	for _, target := range s.config.targets {
		if err := s.addEventBridge(target); err != nil {
			return err
		}
	}
	return nil
}

// SendToQueue puts a message into a queue as it is, for example one that is no
// index message. The queue is made where there is none. A queue keeps the last 64
// MiB of messages that nobody deleted.
func (s *Server) SendToQueue(queueName string, body []byte) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.queue(queueName).add(s.now(), bytes.Clone(body))
}

// QueueState is a queue of MNS, and how many messages are in it: those that nobody
// deleted.
type QueueState struct {
	Name      string
	Visible   int // that can be received now
	Invisible int // that were received a short time ago, and come again unless they are deleted
}

// Queues lists the queues in the order of their names, also those that are empty.
func (s *Server) Queues() []QueueState {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.queueStates()
}

// queueStates is what Queues returns. The caller holds s.mu.
func (s *Server) queueStates() []QueueState {
	now := s.now()
	all := make([]QueueState, 0, len(s.queues))
	for _, name := range slices.Sorted(maps.Keys(s.queues)) {
		q := s.queues[name]
		invisible := q.invisible(now)
		all = append(all, QueueState{Name: name, Visible: len(q.messages) - invisible, Invisible: invisible})
	}
	return all
}

// queue finds or makes a queue. The caller holds s.mu.
func (s *Server) queue(name string) *queue {
	q := s.queues[name]
	if q == nil {
		q = newQueue(0)
		s.queues[name] = q
	}
	return q
}

// queue is a queue of MNS. Server.mu guards it. Times are of the server's clock.
type queue struct {
	visibility time.Duration
	messages   queueHeap
	byHandle   map[string]*queued // the latest handle of each message that was received
	sent       uint64             // how many there ever were
	bytes      int
	arrived    chan struct{} // closed, and made anew, when a message may have become visible earlier
}

// queued is a message in a queue.
type queued struct {
	id       string
	body     []byte // it does not change
	sequence uint64
	enqueued time.Time
	visible  time.Time // from when on it can be received
	first    time.Time // when it was received first
	received int       // how many times
	handle   string    // empty before the first time
	index    int       // in the heap
}

func newQueue(visibility time.Duration) *queue {
	if visibility <= 0 {
		visibility = defaultVisibility
	}
	return &queue{visibility: visibility, byHandle: make(map[string]*queued), arrived: make(chan struct{})}
}

// add puts a message into the queue, and drops those that would be received next
// where the limit is passed.
func (q *queue) add(now time.Time, body []byte) {
	q.sent++
	heap.Push(&q.messages, &queued{id: newMNSMessageID(), body: body, sequence: q.sent, enqueued: now, visible: now})
	q.bytes += len(body) + queuedOverhead
	for q.bytes > maxQueueBytes && len(q.messages) > 1 {
		q.remove(q.messages[0])
	}
	q.signal()
}

func (q *queue) remove(m *queued) {
	heap.Remove(&q.messages, m.index)
	delete(q.byHandle, m.handle)
	q.bytes -= len(m.body) + queuedOverhead
}

// signal wakes those who wait for a message.
func (q *queue) signal() {
	close(q.arrived)
	q.arrived = make(chan struct{})
}

// take receives up to n messages, as copies.
func (q *queue) take(now time.Time, n int) []queued {
	var taken []queued
	for len(taken) < n && len(q.messages) > 0 && !q.messages[0].visible.After(now) {
		m := q.messages[0]
		m.received++
		if m.received == 1 {
			m.first = now
		}
		q.hide(m, now.Add(q.visibility))
		taken = append(taken, *m)
	}
	return taken
}

// hide makes a message invisible, and its older handles void.
func (q *queue) hide(m *queued, until time.Time) {
	delete(q.byHandle, m.handle)
	m.visible, m.handle = until, newReceiptHandle(m.sequence)
	q.byHandle[m.handle] = m
	heap.Fix(&q.messages, m.index)
}

// nextVisible is when the next message can be received, and false in an empty queue.
func (q *queue) nextVisible() (time.Time, bool) {
	if len(q.messages) == 0 {
		return time.Time{}, false
	}
	return q.messages[0].visible, true
}

// invisible is how many messages wait to be deleted or to become visible again.
func (q *queue) invisible(now time.Time) int {
	n := 0
	for _, m := range q.messages {
		if m.visible.After(now) {
			n++
		}
	}
	return n
}

// held finds the message that a receipt handle is for: the latest handle of a
// message that is invisible.
func (q *queue) held(handle string, now time.Time) (*queued, *failure) {
	if m := q.byHandle[handle]; m != nil && m.visible.After(now) {
		return m, nil
	}
	if sequence, ok := readReceiptHandle(handle); ok && sequence <= q.sent && !q.has(sequence) {
		return nil, messageNotExist()
	}
	return nil, receiptHandleError()
}

// has looks for a message. Only handles that are void come here.
func (q *queue) has(sequence uint64) bool {
	for _, m := range q.messages {
		if m.sequence == sequence {
			return true
		}
	}
	return false
}

// newReceiptHandle makes a handle in the form of the documented ones, such as
// 1-ODU4OTkzNDU5My0xNDMyNzI3ODI3LTItOA==, which has to be escaped in a query.
func newReceiptHandle(sequence uint64) string {
	var b [9]byte
	_, _ = rand.Read(b[:]) // never fails: the process ends where there is no randomness
	text := fmt.Sprintf("%d-%x", sequence, b)
	return "8-" + base64.StdEncoding.EncodeToString([]byte(text))
}

func readReceiptHandle(handle string) (sequence uint64, ok bool) {
	text, ok := strings.CutPrefix(handle, "8-")
	decoded, err := base64.StdEncoding.DecodeString(text)
	if !ok || err != nil {
		return 0, false
	}
	number, _, _ := strings.Cut(string(decoded), "-")
	sequence, err = strconv.ParseUint(number, 10, 64)
	return sequence, err == nil && sequence > 0
}

// queueHeap has the message first that is visible first, of several the one that
// was sent first.
type queueHeap []*queued

// Len is the first of the methods that package heap needs.
func (h *queueHeap) Len() int { return len(*h) }

// Less orders by time, and then by sequence.
func (h *queueHeap) Less(i, j int) bool {
	a, b := (*h)[i], (*h)[j]
	if order := a.visible.Compare(b.visible); order != 0 {
		return order < 0
	}
	return a.sequence < b.sequence
}

// Swap keeps the indexes right.
func (h *queueHeap) Swap(i, j int) {
	all := *h
	all[i], all[j] = all[j], all[i]
	all[i].index, all[j].index = i, j
}

// Push adds at the end.
func (h *queueHeap) Push(value any) {
	m, _ := value.(*queued)
	m.index = len(*h)
	*h = append(*h, m)
}

// Pop takes the last.
func (h *queueHeap) Pop() any {
	old := *h
	last := old[len(old)-1]
	old[len(old)-1] = nil
	*h = old[:len(old)-1]
	return last
}
