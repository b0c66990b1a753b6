package imm

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"time"

	"github.com/imm-go/imm/internal/retry"
	"github.com/imm-go/imm/internal/wire"
)

// exchange is one call: what it asks, and what became of it so far. It is used
// by one goroutine.
type exchange struct {
	client *Client
	action string
	safety retry.Safety
	params *wire.Params
	answer answer

	form      bool // the parameters go into the body
	creds     Credentials
	ahead     time.Duration // of the service's clock, as the last request was dated
	date      string        // of the last answer, by the service's clock
	sent      int
	requestID string
	last      error  // of the last attempt that the context did not cut short
	doing     string // what the call is at, for the error if the context ends
	uncertain bool   // an attempt before the last may have done its work
}

// answer is what the documented success of an operation is decoded into.
type answer interface {
	// decode reports whether data is that success. It keeps no part of data.
	decode(data []byte) bool
	// id is the request id of the success that was decoded; it may be empty.
	id() string
}

// result is the error of the whole call, nil for a success.
func (x *exchange) result(res retry.Result) error {
	x.uncertain = res.Uncertain
	if res.Ended != nil {
		return &RequestError{Action: x.action, Attempts: x.sent, Err: &endedError{res.Ended, x.doing, x.last}, ended: true}
	}
	return res.Err
}

// Attempt sends the request once. It is called by package retry.
func (x *exchange) Attempt(ctx context.Context, fresh bool) retry.Outcome {
	start := time.Now()
	trace := newConnTrace()
	status := 0
	outcome := x.attempt(ctx, fresh, trace, &status)
	if outcome.Err != nil && ctx.Err() == nil {
		x.last = outcome.Err
		x.doing = "while waiting to send it again"
	}
	x.client.observeAttempt(ctx, AttemptInfo{
		Action: x.action, Attempt: x.sent, Start: start, Duration: time.Since(start), StatusCode: status,
		RequestID: x.requestID, Reused: trace.reused.Load(), Outcome: outcome.Class.String(), Err: outcome.Err,
	})
	return outcome
}

func (x *exchange) attempt(ctx context.Context, fresh bool, trace *connTrace, status *int) retry.Outcome {
	c := x.client
	x.requestID = ""
	x.doing = "while waiting for credentials"
	creds, err := c.credentials(ctx)
	if err != nil {
		return x.failed(retry.Unsent, fmt.Errorf("no credentials: %w", err))
	}
	if creds.SecurityToken != "" && c.endpoint.scheme == "http" && !c.endpoint.loopback {
		return retry.Outcome{Class: retry.Unsent, Err: &ValidationError{
			Action: x.action, Field: "SecurityToken",
			Reason: "the credentials are temporary, and their token is not sent over http to another machine; use an https endpoint, or a test key without a token",
		}}
	}
	x.creds = creds
	if fresh {
		c.http.CloseIdleConnections() // they were as idle as the one that broke
	}
	x.doing = "while waiting for the answer"
	x.sent++
	attemptCtx, cancel := context.WithTimeout(ctx, c.timeout)
	defer cancel()
	resp, err := c.http.Do(x.request(httptrace.WithClientTrace(attemptCtx, &trace.hooks)))
	if err != nil {
		return x.broken(attemptCtx, classifyBroken(trace, err), err)
	}
	defer func() { _ = resp.Body.Close() }()
	*status = resp.StatusCode
	x.date = resp.Header.Get("Date")
	data, err := readBody(resp)
	defer releaseBody(data)
	if err != nil && !errors.Is(err, errTooLarge) && (resp.StatusCode < http.StatusMultipleChoices || attemptCtx.Err() != nil) {
		class := retry.Lost // and not Stale: an answer began, so the connection was alive
		if isTimeout(err) {
			class = retry.TimedOut
		}
		return x.broken(attemptCtx, class, fmt.Errorf("the answer broke off: %w", err))
	}
	return x.understand(resp, data.Bytes(), err)
}

// failed is the outcome of an attempt that got no answer.
func (x *exchange) failed(class retry.Class, err error) retry.Outcome {
	return retry.Outcome{Class: class, Err: &RequestError{Action: x.action, Attempts: x.sent, Err: err}}
}

// broken understands an error of net/http. The text of a *url.Error is dropped,
// because it shows all parameters.
func (x *exchange) broken(ctx context.Context, class retry.Class, err error) retry.Outcome {
	if wrapped, ok := errors.AsType[*url.Error](err); ok {
		err = wrapped.Err
	}
	if ctx.Err() != nil { // if the call's own context ended, too, nobody gets to see this text
		err = fmt.Errorf("no complete answer within %v, the time of one attempt: %w", x.client.timeout, err)
	}
	return x.failed(class, fmt.Errorf("POST %s: %w", x.client.endpoint, err))
}

// classifyBroken tells whether a request that got no answer can have reached the
// service. Where the transport does not say, it can.
func classifyBroken(trace *connTrace, err error) retry.Class {
	switch {
	case isPermanent(err):
		return retry.Unreachable
	case trace.asked.Load() && !trace.got.Load(), isDialError(err):
		return retry.NotSent
	case isTimeout(err):
		return retry.TimedOut
	case trace.reused.Load():
		return retry.Stale
	}
	return retry.Lost
}

// isPermanent reports errors that a repeat meets again: a host that does not
// exist, a certificate that is not accepted, a port that does not speak TLS.
func isPermanent(err error) bool {
	if dns, ok := errors.AsType[*net.DNSError](err); ok {
		return dns.IsNotFound
	}
	if _, ok := errors.AsType[*tls.CertificateVerificationError](err); ok {
		return true
	}
	if errors.Is(err, http.ErrSchemeMismatch) {
		return true
	}
	_, ok := errors.AsType[tls.RecordHeaderError](err)
	return ok
}

func isDialError(err error) bool {
	if _, ok := errors.AsType[*net.DNSError](err); ok {
		return true
	}
	op, ok := errors.AsType[*net.OpError](err)
	return ok && (op.Op == "dial" || op.Op == "proxyconnect")
}

func isTimeout(err error) bool {
	timeout, ok := errors.AsType[net.Error](err)
	return ok && timeout.Timeout()
}

// Correct removes the cause of a refusal. It is called by package retry.
func (x *exchange) Correct(ctx context.Context, class retry.Class) bool {
	c := x.client
	switch class {
	case retry.URITooLong:
		was := x.form
		x.form = true
		return !was
	case retry.ClockSkewed:
		// The refusal is permanent if our date was right as far as the answer's
		// Date shows, to which neither side adds fractions of a second.
		date, err := http.ParseTime(x.date)
		ahead := time.Until(date)
		if err != nil || (ahead-x.ahead).Abs() < 2*time.Second {
			return false
		}
		c.clock.Store(int64(ahead))
		return true
	case retry.TokenExpired:
		if c.cache == nil {
			return false
		}
		x.doing = "while waiting for new credentials"
		_, renewed := c.cache.Renew(ctx, x.creds)
		return renewed
	}
	return false
}

// Repeating tells of a repeat. It is called by package retry.
func (x *exchange) Repeating(ctx context.Context, last retry.Outcome, delay time.Duration) {
	x.client.observeRetry(ctx, RetryInfo{Action: x.action, Attempt: x.sent, Delay: delay, Outcome: last.Class.String(), Err: last.Err})
}
