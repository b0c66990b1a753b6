package imm

import (
	"errors"
	"fmt"
	"log/slog"
	"math"
	"net/http"
	"strings"
	"time"

	"github.com/imm-go/imm/internal/retry"
	"github.com/imm-go/imm/internal/transport"
)

// Option changes one setting of a client. See NewClient.
type Option func(*config) error

// config is what the options set.
type config struct {
	region       string
	endpoint     *transport.Endpoint // nil: the region's
	vpc          bool
	insecureHTTP bool
	httpClient   *http.Client // nil: one of the client's own
	policy       retry.Policy
	perSecond    float64 // 0: no limit
	logger       *slog.Logger
	observer     Observer
	userAgent    string
}

func newConfig(region string, opts []Option) (config, error) {
	c := config{
		region:    region,
		policy:    retry.Policy{}.Complete(),
		userAgent: transport.UserAgent(),
	}
	var errs []error
	if err := checkRegion(region); err != nil {
		errs = append(errs, optionError("region", err.Error()))
	}
	for i, opt := range opts {
		if opt == nil {
			errs = append(errs, optionError(fmt.Sprintf("opts[%d]", i), "it is nil; leave it out"))
			continue
		}
		if err := opt(&c); err != nil {
			errs = append(errs, err)
		}
	}
	if c.endpoint == nil {
		e := regionEndpoint(region, c.vpc)
		c.endpoint = &e
	} else {
		if c.vpc {
			errs = append(errs, optionError("WithVPC", "it stands beside WithEndpoint; use one of the two: WithVPC chooses the region's endpoint inside a VPC"))
		}
		if err := c.endpoint.Check(c.insecureHTTP); err != nil {
			errs = append(errs, optionError("WithEndpoint", err.Error()))
		}
	}
	return c, joinLines(errs)
}

func optionError(field, reason string) error {
	return &ValidationError{Action: "NewClient", Field: field, Reason: reason}
}

// joinLines is errors.Join in one line.
func joinLines(errs []error) error {
	switch len(errs) {
	case 0:
		return nil
	case 1:
		return errs[0]
	}
	return joined(errs)
}

type joined []error

func (e joined) Error() string {
	texts := make([]string, len(e))
	for i, err := range e {
		texts[i] = err.Error()
	}
	return strings.Join(texts, "; ")
}

func (e joined) Unwrap() []error { return e }

// WithEndpoint sends requests to the given URL instead of the region's endpoint:
// a scheme and a host, with a port if it needs one, as in
// "https://imm.example.com" or, for an emulator, "http://localhost:8080".
//
// A URL with user info, a path, a query or a fragment is refused, and so is http
// to anything but localhost and loopback addresses, unless WithInsecureHTTP is
// given. The default is https://imm.{region}.aliyuncs.com.
func WithEndpoint(url string) Option {
	return func(c *config) error {
		e, err := transport.ParseEndpoint(url)
		if err != nil {
			return optionError("WithEndpoint", err.Error())
		}
		c.endpoint = &e
		return nil
	}
}

// WithVPC sends requests to the region's endpoint inside a VPC,
// https://imm-vpc.{region}.aliyuncs.com, which costs no public traffic. It is
// refused beside WithEndpoint. The default is the public endpoint, but for
// cn-beijing-gov-1, which has only this one.
func WithVPC() Option {
	return func(c *config) error { c.vpc = true; return nil }
}

// WithInsecureHTTP allows WithEndpoint to name an http URL on another machine,
// for an emulator in a container network. Credentials with a security token are
// still refused there by each call. The default is to allow http for localhost
// and loopback addresses only.
func WithInsecureHTTP() Option {
	return func(c *config) error { c.insecureHTTP = true; return nil }
}

// WithHTTPClient sends requests with a copy of the given client: with its
// transport, and so its proxy and TLS settings, its cookie jar and its timeout,
// but without following redirects. Neither the client nor its transport is ever
// modified; a transport that is nil means http.DefaultTransport, as always. The
// timeout, if there is one, bounds each attempt, not the call.
//
// After a connection turned out to be dead when it was used again, the
// transport's idle connections are closed, if it knows how to. A nil client is
// refused. The default is a client of its own for each Client, whose limits are:
// 5 s to dial, 10 s for the TLS handshake, 30 s for the header of a response,
// TLS 1.2 or later, any number of connections, idle ones dropped after 5 s (the
// service drops them after about 10), and proxies as the environment says.
func WithHTTPClient(client *http.Client) Option {
	return func(c *config) error {
		if client == nil {
			return optionError("WithHTTPClient", "the client is nil; leave the option out to get the default")
		}
		c.httpClient = client
		return nil
	}
}

// RetryPolicy says how calls are repeated. A field that is zero has its default.
type RetryPolicy struct {
	// MaxAttempts is how many requests one call sends at the most, not counting
	// corrections. The default is 4; 1 means never to repeat.
	MaxAttempts int
	// BaseDelay and MaxDelay bound the wait before a repeat: a random time
	// between zero and BaseDelay, which doubles with every repeat up to
	// MaxDelay. The defaults are 100 ms and 10 s.
	BaseDelay, MaxDelay time.Duration
	// MaxHint is how long the client waits at the most when the service says how
	// long to wait. The default is 30 s.
	MaxHint time.Duration
	// AttemptTimeout bounds one attempt: sending, waiting, and reading the body.
	// The default is 60 s.
	AttemptTimeout time.Duration
}

// WithRetry changes how calls are repeated. Negative numbers and a MaxDelay below
// BaseDelay are refused. What is repeated is in the table of the package
// documentation.
func WithRetry(policy RetryPolicy) Option {
	return func(c *config) error {
		c.policy = retry.Policy(policy).Complete()
		if err := retry.Policy(policy).Check(); err != nil {
			return optionError("WithRetry", err.Error())
		}
		return nil
	}
}

// WithRateLimit keeps the client at or below a number of requests a second,
// repeats included, over all goroutines. They are paced: saved-up requests make
// a burst of 1 to 5 at the most. Zero, negative and infinite rates are refused.
// The default is no limit but the adaptive one, which appears when the service
// throttles.
func WithRateLimit(perSecond float64) Option {
	return func(c *config) error {
		if !(perSecond > 0) || math.IsInf(perSecond, 0) {
			return optionError("WithRateLimit", fmt.Sprintf("%v is not a rate; want a number of requests a second above zero, or leave the option out for no limit", perSecond))
		}
		c.perSecond = perSecond
		return nil
	}
}

// WithLogger writes one debug record for each attempt and one warning for each
// repeat, without bodies and secrets. A nil logger is refused. The default is to
// log nothing.
func WithLogger(logger *slog.Logger) Option {
	return func(c *config) error {
		if logger == nil {
			return optionError("WithLogger", "the logger is nil; leave the option out to log nothing")
		}
		c.logger = logger
		return nil
	}
}

// WithObserver calls the functions of the observer as calls go on. Where the option
// is given more than once, all observers are called, in that order. The default is
// to observe nothing.
func WithObserver(observer Observer) Option {
	return func(c *config) error { c.observer = c.observer.and(observer); return nil }
}

// WithUserAgent adds a product, such as "photo-indexer/1.2", to the user agent
// that requests carry. It is refused if it is empty or has control characters or
// characters beyond ASCII in it.
func WithUserAgent(product string) Option {
	return func(c *config) error {
		if err := checkUserAgent(product); err != nil {
			return optionError("WithUserAgent", err.Error())
		}
		c.userAgent += " " + product
		return nil
	}
}

func checkUserAgent(product string) error {
	if strings.TrimSpace(product) == "" {
		return errors.New("it is empty; leave the option out")
	}
	for i := range len(product) {
		if product[i] < ' ' || product[i] > '~' {
			return errors.New(`it has a control character or one beyond ASCII in it; want a product such as "photo-indexer/1.2"`)
		}
	}
	return nil
}
