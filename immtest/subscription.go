package immtest

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

// NotifyFormat is what a subscription puts around a message, as the
// NotifyContentFormat of MNS does.
type NotifyFormat int

// The formats of MNS. XML is its default.
const (
	NotifyXML        NotifyFormat = iota // an XML document of the root Notification
	NotifyJSON                           // the same fields as a JSON object
	NotifySimplified                     // nothing: the body is the message
)

// RetryStrategy is when a push that was not acknowledged is repeated, as the
// NotifyStrategy of MNS is.
type RetryStrategy int

// The strategies of MNS. The first is its default.
const (
	BackoffRetry          RetryStrategy = iota // 3 repeats, each 10 to 20 s after the attempt before
	ExponentialDecayRetry                      // 176 repeats, after 1, 2, 4 and so on up to 512 s, and then every 512 s: about a day
)

// String is the name of the format as flags and control endpoints have it.
func (f NotifyFormat) String() string { return nameOf(f, notifyFormats) }

// MarshalText writes what String returns.
func (f NotifyFormat) MarshalText() ([]byte, error) { return []byte(f.String()), nil }

// UnmarshalText reads xml, json or simplified; anything else is an error.
func (f *NotifyFormat) UnmarshalText(text []byte) error {
	return byName(f, "format", string(text), notifyFormats)
}

// String is the name of the strategy as flags and control endpoints have it.
func (r RetryStrategy) String() string { return nameOf(r, retryStrategies) }

// MarshalText writes what String returns.
func (r RetryStrategy) MarshalText() ([]byte, error) { return []byte(r.String()), nil }

// UnmarshalText reads backoff or exponential; anything else is an error.
func (r *RetryStrategy) UnmarshalText(text []byte) error {
	return byName(r, "strategy", string(text), retryStrategies)
}

var (
	notifyFormats   = []string{NotifyXML: "xml", NotifyJSON: "json", NotifySimplified: "simplified"}
	retryStrategies = []string{BackoffRetry: "backoff", ExponentialDecayRetry: "exponential"}
)

func nameOf[T ~int](value T, names []string) string {
	if value < 0 || int(value) >= len(names) {
		return strconv.Itoa(int(value))
	}
	return names[value]
}

func byName[T ~int](value *T, kind, name string, names []string) error {
	i := slices.Index(names, name)
	if i < 0 {
		return fmt.Errorf("immtest: the %s %q is none of %s", kind, name, strings.Join(names, ", "))
	}
	*value = T(i)
	return nil
}

// Subscription says where the messages of a topic of MNS go.
type Subscription struct {
	Name string // unique in the topic; empty: subscription-1 and so on

	// URL is the http or https address that messages are pushed to. With a Handler
	// nothing is sent there: it gives only the host and the path of the requests,
	// and is http://localhost/notifications where it is empty. Its path is signed, so
	// a receiver that demands a secret in the path, as with notify.WithSecretPath,
	// needs a URL that ends with the secret, also as a Handler.
	URL string
	// Handler gets the pushes in this process, without a network, each in a
	// goroutine of its own. In a testing/synctest bubble the repeats come at their
	// exact times.
	Handler http.Handler
	// Queue is the name of a queue that gets the messages in place of an address. It
	// is made where there is none.
	Queue string

	Format   NotifyFormat
	Strategy RetryStrategy
	// Retries, where it is not nil, are the pauses before the repeats in place of
	// those of the Strategy; an empty one means that nothing is repeated.
	Retries []time.Duration
}

// AccountID is the id of the account that owns everything in a Server: the owner of
// topics, for notify.WithTopicOwner, and the account in events and messages.
const AccountID = "1000000000000000"

// defaultPushURL is where a Handler seems to be.
const defaultPushURL = "http://localhost/notifications"

// WithSubscription subscribes to a topic from the start, and again after Reset.
// Server.Subscribe says what a subscription does. NewServer panics where
// Subscribe would return an error, because that is a mistake in the test itself.
// The option may be repeated.
func WithSubscription(topicName string, sub Subscription) Option {
	return func(c *config) {
		sub.Retries = slices.Clone(sub.Retries)
		c.subscriptions = append(c.subscriptions, topicSubscription{topicName, sub})
	}
}

// topicSubscription is a subscription that an option makes.
type topicSubscription struct {
	topicName    string
	subscription Subscription
}

// Subscribe delivers the messages that an MNS topic gets from now on. A push is a
// POST that is signed as MNS signs it; Certificate has the certificate for that.
// An answer of 2xx within 5 s acknowledges it. Redirects are not followed. Any other answer,
// or none, leads to a repeat with a new date and signature and the same message
// id, as the Strategy says. At most 64 pushes of a subscription are under way at
// once, and at most 64 MiB of messages pending; what comes beyond that has failed.
// A Handler that does not return after its request's context has ended
// keeps one of the 64, and Close and Reset wait for it.
//
// Messages and WaitMessage show each message of the topic besides. The error says
// what is wrong with the subscription, or that the topic has one of that name.
func (s *Server) Subscribe(topicName string, sub Subscription) error {
	sub.Retries = slices.Clone(sub.Retries)
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.subscribe(topicName, sub)
}

// subscribe makes the destination of a subscription. The caller holds s.mu.
func (s *Server) subscribe(topicName string, sub Subscription) error {
	if !validTopic(topicName) {
		return fmt.Errorf("immtest: the topic %q cannot be subscribed to: a topic's name has 1 to 255 letters, digits, - and _", topicName)
	}
	if err := sub.Validate(); err != nil {
		return err
	}
	taken := func(name string) bool {
		return slices.ContainsFunc(s.deliveries.destinations, func(d *destination) bool { return d.topic == topicName && d.name == name })
	}
	if sub.Name == "" {
		sub.Name = freeName("subscription", taken)
	}
	if taken(sub.Name) {
		return fmt.Errorf("immtest: the topic %s has a subscription %s already; a name is unique in its topic", topicName, sub.Name)
	}
	to := &destination{topic: topicName, name: sub.Name, queue: sub.Queue, handler: sub.Handler, format: sub.Format}
	to.pauses = sub.Strategy.pauses()
	if sub.Retries != nil {
		to.pauses = fixedPauses(sub.Retries)
	}
	if sub.Queue != "" {
		s.queue(sub.Queue)
	} else {
		to.url, _ = pushURL(sub.URL, sub.Handler) // Validate has looked at it
	}
	to.request = func(s *Server, d *delivery) (http.Header, []byte) { return s.mnsPush(to, d) }
	s.deliveries.destinations = append(s.deliveries.destinations, to)
	return nil
}

// freeName makes the first name with a number that is not taken.
func freeName(kind string, taken func(string) bool) string {
	for n := 1; ; n++ {
		if name := fmt.Sprintf("%s-%d", kind, n); !taken(name) {
			return name
		}
	}
}

// Validate returns an error that says what Subscribe would refuse: a URL that is
// no http or https address, a missing destination or two of them, a pause below zero.
func (sub Subscription) Validate() error {
	switch {
	case sub.Name != "" && !validTopic(sub.Name):
		return fmt.Errorf("immtest: the subscription's Name %q is not 1 to 255 letters, digits, - and _", sub.Name)
	case sub.Queue != "" && (sub.URL != "" || sub.Handler != nil):
		return errors.New("immtest: the subscription has both a Queue and a URL or Handler; give one of them")
	case sub.Queue != "" && !validTopic(sub.Queue):
		return fmt.Errorf("immtest: the subscription's Queue %q is not 1 to 255 letters, digits, - and _", sub.Queue)
	case sub.Format < NotifyXML || sub.Format > NotifySimplified:
		return fmt.Errorf("immtest: the subscription's Format %d is none of NotifyXML, NotifyJSON and NotifySimplified", sub.Format)
	case sub.Strategy != BackoffRetry && sub.Strategy != ExponentialDecayRetry:
		return fmt.Errorf("immtest: the subscription's Strategy %d is neither BackoffRetry nor ExponentialDecayRetry", sub.Strategy)
	}
	if sub.Queue == "" {
		if _, err := pushURL(sub.URL, sub.Handler); err != nil {
			return fmt.Errorf("immtest: the subscription %w", err)
		}
	}
	return checkPauses(sub.Retries)
}

// pushURL reads the address of an HTTP destination. The error goes on where its
// subject is named.
func pushURL(text string, handler http.Handler) (*url.URL, error) {
	if text == "" && handler != nil {
		text = defaultPushURL
	}
	if text == "" {
		return nil, errors.New("has neither a URL nor a Handler nor a Queue, so messages have nowhere to go")
	}
	u, err := url.Parse(text)
	switch {
	case err != nil:
		return nil, fmt.Errorf("has a URL that cannot be read: %w", err)
	case u.Scheme != "http" && u.Scheme != "https" || u.Hostname() == "":
		return nil, fmt.Errorf("has the URL %q, which is no address such as http://localhost:8080/notifications", u.Redacted())
	case u.User != nil || u.Fragment != "":
		return nil, fmt.Errorf("has the URL %q with a user or a fragment, which a push cannot have", u.Redacted())
	}
	return u, nil
}

// validTopic reports whether a name can stand in a header and in a path as it is.
func validTopic(name string) bool {
	return name != "" && len(name) <= 255 && !strings.ContainsFunc(name, func(r rune) bool {
		return notLetterOrDigit(r) && r != '-' && r != '_'
	})
}
