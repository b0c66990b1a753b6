package imm

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/imm-go/imm/internal/retry"
	"github.com/imm-go/imm/internal/transport"
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
	observed := x.client.observer.AttemptDone != nil || x.client.logger != nil
	var start time.Time // which takes longer to learn than to pass by
	if observed {
		start = time.Now()
	}
	trace := transport.NewTrace()
	status := 0
	outcome := x.attempt(ctx, fresh, trace, &status)
	if outcome.Err != nil && ctx.Err() == nil {
		x.last = outcome.Err
		x.doing = "while waiting to send it again"
	}
	if observed {
		x.client.observeAttempt(ctx, AttemptInfo{
			Action: x.action, Attempt: x.sent, Start: start, Duration: time.Since(start), StatusCode: status,
			RequestID: x.requestID, Reused: trace.Reused(), Outcome: outcome.Class.String(), Err: outcome.Err,
		})
	}
	return outcome
}

func (x *exchange) attempt(ctx context.Context, fresh bool, trace *transport.Trace, status *int) retry.Outcome {
	c := x.client
	x.requestID = ""
	x.doing = "while waiting for credentials"
	creds, err := c.credentials(ctx)
	if err != nil {
		return x.failed(retry.Unsent, fmt.Errorf("no credentials: %w", err))
	}
	if err := c.endpoint.CheckToken(creds.SecurityToken); err != nil {
		return retry.Outcome{Class: retry.Unsent, Err: &ValidationError{Action: x.action, Field: "SecurityToken", Reason: err.Error()}}
	}
	x.creds = creds
	if fresh {
		c.http.CloseIdleConnections() // they were as idle as the one that broke
	}
	x.doing = "while waiting for the answer"
	x.sent++
	now := time.Now()
	attemptCtx, cancel := context.WithDeadline(ctx, now.Add(c.timeout))
	defer cancel()
	resp, err := roundTrip(c.http, x.request(trace.Context(attemptCtx), now))
	if err != nil {
		return x.broken(attemptCtx, trace.Classify(err), err)
	}
	defer func() { _ = resp.Body.Close() }()
	*status = resp.StatusCode
	data, err := readBody(resp)
	defer releaseBody(data)
	if err != nil && !errors.Is(err, errTooLarge) && (resp.StatusCode < http.StatusMultipleChoices || attemptCtx.Err() != nil) {
		return x.broken(attemptCtx, transport.ClassifyBody(err), fmt.Errorf("the answer broke off: %w", err))
	}
	return x.understand(resp, data.Bytes(), err)
}

// roundTrip is http.Client.Do without what that does for redirects, which are not
// followed: it copies every header in case one comes. A client of the user's that
// has cookies or a timeout of its own keeps them.
func roundTrip(client *http.Client, req *http.Request) (*http.Response, error) {
	if client.Jar != nil || client.Timeout != 0 {
		return client.Do(req)
	}
	roundTripper := client.Transport
	if roundTripper == nil {
		roundTripper = http.DefaultTransport
	}
	resp, err := roundTripper.RoundTrip(req)
	switch {
	case err != nil:
		// What http.Client makes of this error says more than its own text.
		if tlsErr, ok := errors.AsType[tls.RecordHeaderError](err); ok && string(tlsErr.RecordHeader[:]) == "HTTP/" {
			err = http.ErrSchemeMismatch
		}
		return nil, err
	case resp == nil:
		return nil, fmt.Errorf("the transport %T returned neither an answer nor an error", roundTripper)
	case resp.Body == nil:
		resp.Body = http.NoBody
	}
	return resp, nil
}

// failed is the outcome of an attempt that got no answer.
func (x *exchange) failed(class retry.Class, err error) retry.Outcome {
	return retry.Outcome{Class: class, Err: &RequestError{Action: x.action, Attempts: x.sent, Err: err}}
}

// broken understands an error of net/http.
func (x *exchange) broken(ctx context.Context, class retry.Class, err error) retry.Outcome {
	err = transport.Cause(err)
	if ctx.Err() != nil { // if the call's own context ended, too, nobody gets to see this text
		err = fmt.Errorf("no complete answer within %v, the time of one attempt: %w", x.client.timeout, err)
	}
	return x.failed(class, fmt.Errorf("POST %s: %w", x.client.endpoint, err))
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
		return c.clock.Correct(x.date, x.ahead)
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
