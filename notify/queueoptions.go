package notify

import (
	"fmt"
	"net/http"
	"time"

	"github.com/imm-go/imm"
	"github.com/imm-go/imm/internal/retry"
)

// The limits of the queue API, and what a receiver does unless it is told
// otherwise.
const (
	queueBatch         = 16               // messages in one answer
	queueLongest       = 30 * time.Second // of long polling
	queueMostVisible   = 12 * time.Hour
	queueLeastVisible  = 10 * time.Second // below, a slow answer would be too late
	queueMostCallbacks = 1024
	queueAttempt       = 10 * time.Second // for one request, beside its long polling
)

// queueConfig is what the options of a queue receiver set.
type queueConfig struct {
	concurrency  int
	wait         time.Duration // of long polling
	visibility   time.Duration
	httpClient   *http.Client // nil: one of the receiver's own
	policy       retry.Policy
	insecureHTTP bool
}

func newQueueConfig() queueConfig {
	return queueConfig{concurrency: queueBatch, wait: queueLongest, visibility: time.Minute, policy: queuePolicy(imm.RetryPolicy{})}
}

// queuePolicy has a shorter default than a client for one attempt, because a
// message is visible to others again when its time is over.
func queuePolicy(p imm.RetryPolicy) retry.Policy {
	if p.AttemptTimeout == 0 {
		p.AttemptTimeout = queueAttempt
	}
	return retry.Policy(p).Complete()
}

// WithConcurrency sets how many messages are worked on at once, from 1 to 1024,
// and so how many callbacks run at once. No message is fetched before there is
// room for it. NewQueueReceiver takes it. The default is 16, which is what one
// request fetches at the most.
func WithConcurrency(n int) Option {
	return func(c *config) error {
		if n < 1 || n > queueMostCallbacks {
			return c.refuse("WithConcurrency", fmt.Sprintf("%d is no number of callbacks to run at once; want one from 1 to %d", n, queueMostCallbacks))
		}
		c.queue.concurrency = n
		return c.only("WithConcurrency", mnsQueue)
	}
}

// WithLongPolling sets how long a request waits at the service for a message, in
// whole seconds from 0 to 30. A shorter wait costs more requests and brings no
// message sooner. With 0 the receiver itself waits between requests that found the
// queue empty, up to 30 s. NewQueueReceiver takes it. The default is 30 s.
func WithLongPolling(wait time.Duration) Option {
	return func(c *config) error {
		if wait < 0 || wait > queueLongest || wait%time.Second != 0 {
			return c.refuse("WithLongPolling", fmt.Sprintf("%v is no time to wait for a message; want whole seconds from 0s to %v", wait, queueLongest))
		}
		c.queue.wait = wait
		return c.only("WithLongPolling", mnsQueue)
	}
}

// WithVisibility sets for how long at a time a message is kept from other
// receivers while the callback works on it, in whole seconds from 10 s to 12 h. It
// is asked for again when half of it is over, so it need not be as long as the
// callback takes. It is also how long the message of a process that crashed stays
// away. Until the first request, half of the queue's own VisibilityTimeout after
// the message came, that one counts. NewQueueReceiver takes it. The default is 1
// minute.
func WithVisibility(visibility time.Duration) Option {
	return func(c *config) error {
		if visibility < queueLeastVisible || visibility > queueMostVisible || visibility%time.Second != 0 {
			return c.refuse("WithVisibility", fmt.Sprintf("%v is no time to keep a message for; want whole seconds from %v to %v", visibility, queueLeastVisible, queueMostVisible))
		}
		c.queue.visibility = visibility
		return c.only("WithVisibility", mnsQueue)
	}
}

// WithHTTPClient sends requests with a copy of the given client, as
// imm.WithHTTPClient does. A nil client is refused, and so is one whose Timeout, or
// whose transport's ResponseHeaderTimeout, ends before the long polling does.
// NewQueueReceiver takes it. The default is a client of the receiver's own with the
// limits that imm.WithHTTPClient names, and 30 s for the header of a response on
// top of the long polling.
func WithHTTPClient(client *http.Client) Option {
	return func(c *config) error {
		if client == nil {
			return c.refuse("WithHTTPClient", "the client is nil; leave the option out to get the default")
		}
		c.queue.httpClient = client
		return c.only("WithHTTPClient", mnsQueue)
	}
}

// checkQueueTimeouts refuses an HTTP client that would cut each long poll off.
func (c *config) checkQueueTimeouts() error {
	client, wait := c.queue.httpClient, c.queue.wait
	if client == nil || wait == 0 {
		return nil
	}
	ends := client.Timeout
	if made, ok := client.Transport.(*http.Transport); ok && made != nil && made.ResponseHeaderTimeout > 0 && (ends == 0 || made.ResponseHeaderTimeout < ends) {
		ends = made.ResponseHeaderTimeout
	}
	if ends > 0 && ends <= wait {
		return c.refuse("WithHTTPClient", fmt.Sprintf("its timeout of %v ends each request before the long polling of %v is over; make it longer, or use WithLongPolling with less", ends, wait))
	}
	return nil
}

// WithRetry changes how requests to the queue are repeated. It is as
// imm.WithRetry, but that the default of AttemptTimeout is 10 s, and that the long
// polling comes on top of it. NewQueueReceiver takes it.
func WithRetry(policy imm.RetryPolicy) Option {
	return func(c *config) error {
		if err := retry.Policy(policy).Check(); err != nil {
			return c.refuse("WithRetry", err.Error())
		}
		c.queue.policy = queuePolicy(policy)
		return c.only("WithRetry", mnsQueue)
	}
}

// WithInsecureHTTP allows the endpoint to be an http URL on another machine, for an
// emulator in a container network. Credentials with a security token are still
// refused there. NewQueueReceiver takes it. The default is to allow http for
// localhost and loopback addresses only.
func WithInsecureHTTP() Option {
	return func(c *config) error {
		c.queue.insecureHTTP = true
		return c.only("WithInsecureHTTP", mnsQueue)
	}
}
