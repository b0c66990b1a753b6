package immtest

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/url"
	"slices"
	"time"
)

const (
	// maxPushes is how many pushes of a destination are under way at once, so that
	// receivers that hang do not pile up.
	maxPushes = 64
	// maxPendingBytes is how much a destination may have pending. Beyond it, new
	// messages have failed at once.
	maxPendingBytes = 64 << 20
	// deliveryOverhead is about what a delivery and its timer take beside the text.
	deliveryOverhead = 512
)

// deliveries are the ways of messages to subscriptions and targets. Server.mu
// guards all of it.
type deliveries struct {
	ctx    context.Context // ends with the server, and with what Reset drops
	cancel context.CancelFunc

	destinations []*destination
	faults       []DeliveryFault
	random       *rand.Rand    // seeded, so that runs repeat
	pending      int           // deliveries, and index calls whose outcome was not sent yet
	idle         chan struct{} // closed when pending falls to zero; nil where nobody waits
}

func newDeliveries() deliveries {
	d := deliveries{random: rand.New(rand.NewPCG(1, 2))}
	d.ctx, d.cancel = context.WithCancel(context.Background())
	return d
}

// destination is where messages go: a subscription, or a target of EventBridge.
type destination struct {
	topic   string // empty for a target
	name    string
	queue   string // its name; empty where messages are pushed
	format  NotifyFormat
	region  string // of a target
	url     *url.URL
	handler http.Handler // nil: over the network
	pauses  pauses
	// request is a push with its signature. The server is an argument because Reset
	// takes the destinations of another.
	request func(s *Server, d *delivery) (http.Header, []byte)

	pushing int         // how many workers push
	waiting []*delivery // for a worker
	held    []*delivery // until the next one is through
	bytes   int         // of what is pending

	pending, delivered, failed, attempts int
	last                                 attemptFailure
}

// attemptFailure is how the last attempt failed that did.
type attemptFailure struct {
	status int // 0: no answer
	reason string
}

// delivery is one message on its way to one destination.
type delivery struct {
	id, tag   string
	message   []byte // shared, it does not change
	published time.Time
	attempts  int           // those that were made
	fault     DeliveryFault // that the coming attempt meets
	overtaken bool          // by another, as the fault asked for
	doubled   bool          // it arrives twice already, or is the second one
}

func (d *delivery) size() int { return len(d.message) + deliveryOverhead }

// deliver takes a message on for a destination. The caller holds s.mu.
func (s *Server) deliver(to *destination, d *delivery) {
	if s.deliveries.ctx.Err() != nil {
		return // the server is closed, or drops what is pending
	}
	if to.bytes+d.size() > maxPendingBytes {
		to.failed++
		return
	}
	s.accept(to, d)
	s.attempt(to, d)
}

// accept counts a delivery that begins, settle one that ended. The caller holds s.mu.
func (s *Server) accept(to *destination, d *delivery) {
	to.bytes += d.size()
	to.pending++
	s.deliveries.pending++
}

func (s *Server) settle(to *destination, d *delivery, arrived bool) {
	to.bytes -= d.size()
	to.pending--
	if arrived {
		to.delivered++
	} else {
		to.failed++
	}
	s.deliveries.done()
}

// done counts down what is pending. The caller holds Server.mu.
func (d *deliveries) done() {
	d.pending--
	if d.pending == 0 && d.idle != nil {
		close(d.idle)
		d.idle = nil
	}
}

// attempt delivers a message once, by way of the fault that it meets. The caller
// holds s.mu.
func (s *Server) attempt(to *destination, d *delivery) {
	f := s.takeDeliveryFault(to)
	d.fault, d.overtaken = f, false
	d.attempts++
	to.attempts++
	if f.Lose {
		to.last = attemptFailure{reason: "it was lost by a DeliveryFault"}
		s.settle(to, d, false)
		return
	}
	if f.Duplicate && !d.doubled { // otherwise repeats would double without end
		d.doubled = true
		double := *d
		to.attempts++
		s.accept(to, &double)
		s.start(to, &double)
	}
	if f.Delay > 0 {
		s.afterLocked(f.Delay, func() { s.holdOrStart(to, d) })
		return
	}
	s.holdOrStart(to, d)
}

// holdOrStart keeps a delivery back that is to be overtaken: until the next one is
// through, or until maxReorder has passed. The caller holds s.mu.
func (s *Server) holdOrStart(to *destination, d *delivery) {
	if !d.fault.Reorder {
		s.start(to, d)
		return
	}
	to.held = append(to.held, d)
	s.afterLocked(maxReorder, func() {
		if i := slices.Index(to.held, d); i >= 0 {
			to.held = slices.Delete(to.held, i, i+1)
			s.start(to, d)
		}
	})
}

// start brings a delivery on its way. The caller holds s.mu.
func (s *Server) start(to *destination, d *delivery) {
	switch {
	case to.queue != "":
		s.queue(to.queue).add(s.now(), d.envelope(to))
		s.settle(to, d, true)
		s.release(to, d)
	case to.pushing < maxPushes:
		to.pushing++
		s.spawn(func() { s.push(to, d) })
	default:
		to.waiting = append(to.waiting, d)
	}
}

// release lets the last one go that was to be overtaken, once a delivery is
// through that may overtake: they follow one by one, in the reverse order. The
// caller holds s.mu.
func (s *Server) release(to *destination, through *delivery) {
	last := len(to.held) - 1
	if last < 0 || through.fault.Reorder && !through.overtaken {
		return
	}
	next := to.held[last]
	to.held = to.held[:last]
	next.overtaken = true
	s.start(to, next)
}

// push is a worker of a destination: it pushes until nothing waits.
func (s *Server) push(to *destination, d *delivery) {
	ctx := s.deliveryContext()
	for d != nil {
		header, body := to.request(s, d)
		failed, ended := s.post(ctx, to, header, body)
		s.pushed(ctx, to, d, failed)
		<-ended
		d = s.nextPush(ctx, to)
	}
}

func (s *Server) deliveryContext() context.Context {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.deliveries.ctx
}

// pushed decides what follows an attempt, which did not fail if there is no failure.
func (s *Server) pushed(ctx context.Context, to *destination, d *delivery, failed *attemptFailure) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if ctx.Err() != nil {
		return // the server is closed, or drops what is pending
	}
	defer s.release(to, d)
	if failed == nil {
		s.settle(to, d, true)
		return
	}
	to.last = *failed
	pause, again := to.pauses(s.deliveries.random, d.attempts)
	if !again {
		s.settle(to, d, false)
		return
	}
	s.afterLocked(pause, func() { s.attempt(to, d) })
}

// nextPush is what the worker does next, nil where it ends.
func (s *Server) nextPush(ctx context.Context, to *destination) *delivery {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(to.waiting) == 0 || ctx.Err() != nil {
		to.pushing--
		return nil
	}
	next := to.waiting[0]
	to.waiting[0] = nil // the array stays until it is full
	to.waiting = to.waiting[1:]
	return next
}

// WaitDelivered returns once nothing is pending: every index call that was
// accepted is done, and each message is delivered to all subscriptions and targets
// or has failed for good. A message in a queue is delivered. The default pauses
// between repeats are long; Retries shortens them. The error matches that of
// ctx where it ends first, and ErrServerClosed where the server is closed.
func (s *Server) WaitDelivered(ctx context.Context) error {
	for {
		s.mu.Lock()
		pending := s.deliveries.pending
		if pending == 0 {
			s.mu.Unlock()
			return nil
		}
		if s.deliveries.idle == nil {
			s.deliveries.idle = make(chan struct{})
		}
		idle := s.deliveries.idle
		s.mu.Unlock()
		select {
		case <-idle:
		case <-ctx.Done():
			return fmt.Errorf("immtest: not all is delivered, %d pending: %w", pending, ctx.Err())
		case <-s.done:
			return ErrServerClosed
		}
	}
}

// SubscriptionState is a subscription or a target of EventBridge, and how its
// deliveries ended so far.
type SubscriptionState struct {
	Topic    string // empty for a target of EventBridge
	Name     string
	Endpoint string // the URL, or queue:NAME

	// Deliveries are counted, so a message that a DeliveryFault doubles counts twice.
	Delivered int // acknowledged, or put into the queue
	Failed    int // lost, given up after the last repeat, or beyond the limit of what may be pending
	Pending   int // on their way, or waiting for a repeat
	// Attempts are those of all of them together: at least one of each, but for what
	// was beyond the limit.
	Attempts int

	// LastStatus and LastError say how the last attempt failed that did, also if
	// later ones did not: the status of the answer, which is 0 if none came, and a
	// sentence. They are zero as long as none has failed.
	LastStatus int    `json:",omitzero"`
	LastError  string `json:",omitzero"`
}

// Subscriptions lists the subscriptions of all topics and the targets of
// EventBridge, in the order in which they were made.
func (s *Server) Subscriptions() []SubscriptionState {
	s.mu.Lock()
	defer s.mu.Unlock()
	all := make([]SubscriptionState, 0, len(s.deliveries.destinations))
	for _, to := range s.deliveries.destinations {
		endpoint := "queue:" + to.queue
		if to.queue == "" {
			endpoint = to.url.String()
		}
		all = append(all, SubscriptionState{
			Topic: to.topic, Name: to.name, Endpoint: endpoint,
			Delivered: to.delivered, Failed: to.failed, Pending: to.pending, Attempts: to.attempts,
			LastStatus: to.last.status, LastError: to.last.reason,
		})
	}
	return all
}
