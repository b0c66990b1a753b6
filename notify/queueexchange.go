package notify

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"time"

	"github.com/imm-go/imm"
	"github.com/imm-go/imm/internal/auth"
	"github.com/imm-go/imm/internal/retry"
	"github.com/imm-go/imm/internal/transport"
)

// queueVersion is the version of the queue API.
const queueVersion = "2015-06-06"

// queueRequest is what one attempt sends.
type queueRequest struct {
	action string // the operation, for errors
	method string
	query  string
	body   []byte
	wait   time.Duration // for which the service may hold the answer back
}

// queueExchange is one call of the queue API: what it asks, and what became of it
// so far. It is used by one goroutine.
type queueExchange struct {
	api *queueAPI
	// next is what the next attempt sends.
	next func() queueRequest
	// success reads an answer of 2xx; an error says that it is not the one that is
	// documented.
	success func(data []byte) error
	// refusal understands an answer that is an error by its status, and reports
	// whether it did; it may be nil.
	refusal func(e *imm.APIError, data []byte) (retry.Outcome, bool)

	request  queueRequest
	creds    imm.Credentials
	ahead    time.Duration // of the service's clock, as the last request was dated
	date     string        // of the last answer, by the service's clock
	begun    time.Time     // the last attempt
	answered time.Time     // when its answer came
	sent     int
	last     error // of the last attempt that the context did not cut short
	unclear  bool  // an attempt may have done its work although its answer does not say so
}

// run makes the call. The error of the result is nil for a success.
func (x *queueExchange) run(ctx context.Context) retry.Result {
	res := x.api.retrier.Run(ctx, retry.Repeatable, x)
	switch {
	case res.Ended != nil && x.last != nil:
		res.Err = fmt.Errorf("%w; last attempt: %w", res.Ended, x.last)
	case res.Ended != nil:
		res.Err = res.Ended
	}
	return res
}

// Attempt sends the request once. It is called by package retry.
func (x *queueExchange) Attempt(ctx context.Context, fresh bool) retry.Outcome {
	x.request = x.next()
	outcome := x.attempt(ctx, fresh)
	if outcome.Err != nil && ctx.Err() == nil {
		x.last = outcome.Err
	}
	return outcome
}

func (x *queueExchange) attempt(ctx context.Context, fresh bool) retry.Outcome {
	a := x.api
	creds, err := a.keys.Get(ctx)
	if err != nil {
		return x.failed(retry.Unsent, fmt.Errorf("no credentials: %w", err))
	}
	if err := a.endpoint.CheckToken(creds.SecurityToken); err != nil {
		return retry.Outcome{Class: retry.Unsent, Err: &imm.ValidationError{Action: x.request.action, Field: "SecurityToken", Reason: err.Error()}}
	}
	x.creds = creds
	if fresh {
		a.http.CloseIdleConnections() // they were as idle as the one that broke
	}
	x.sent++
	x.begun = time.Now()
	attemptCtx, cancel := context.WithDeadline(ctx, x.begun.Add(a.timeout+x.request.wait))
	defer cancel()
	trace := transport.NewTrace()
	resp, err := a.http.Do(x.signed(trace.Context(attemptCtx)))
	if err != nil {
		return x.broken(attemptCtx, trace.Classify(err), err)
	}
	defer func() { _ = resp.Body.Close() }()
	x.answered = time.Now()
	x.date = resp.Header.Get("Date")
	data, err := io.ReadAll(io.LimitReader(resp.Body, queueMaxAnswer+1))
	if err == nil && len(data) > queueMaxAnswer {
		err = errQueueTooLarge
	}
	if err != nil && !errors.Is(err, errQueueTooLarge) && (resp.StatusCode < http.StatusMultipleChoices || attemptCtx.Err() != nil) {
		return x.broken(attemptCtx, transport.ClassifyBody(err), fmt.Errorf("the answer broke off: %w", err))
	}
	return x.understand(resp, data, err)
}

// signed is the HTTP request of one attempt, with a date and a signature of its
// own. That net/http may send a GET again on another connection does no harm: it
// only reads.
func (x *queueExchange) signed(ctx context.Context) *http.Request {
	a := x.api
	now, ahead := a.clock.At(x.begun)
	x.ahead = ahead
	target := &url.URL{Scheme: a.endpoint.Scheme, Host: a.endpoint.Host, Path: a.path, RawQuery: x.request.query}
	header := http.Header{
		"Date":          {now.UTC().Format(http.TimeFormat)},
		"X-Mns-Version": {queueVersion},
		"Content-Type":  {"text/xml;charset=utf-8"},
		"User-Agent":    {a.userAgent},
	}
	if x.creds.SecurityToken != "" {
		header["Security-Token"] = []string{x.creds.SecurityToken}
	}
	signature := queueSignature(x.creds.AccessKeySecret, x.request.method, target.RequestURI(), header)
	header["Authorization"] = []string{"MNS " + x.creds.AccessKeyID + ":" + signature}
	req := (&http.Request{Method: x.request.method, Host: a.endpoint.Host, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1}).WithContext(ctx)
	req.URL, req.Header = target, header
	if x.request.body != nil {
		req.Body, req.ContentLength = io.NopCloser(bytes.NewReader(x.request.body)), int64(len(x.request.body))
	}
	return req
}

// failed is the outcome of an attempt that got no answer.
func (x *queueExchange) failed(class retry.Class, err error) retry.Outcome {
	return retry.Outcome{Class: class, Err: &imm.RequestError{Action: x.request.action, Attempts: x.sent, Err: err}}
}

// broken understands an error of net/http.
func (x *queueExchange) broken(ctx context.Context, class retry.Class, err error) retry.Outcome {
	x.unclear = x.unclear || class != retry.NotSent && class != retry.Unreachable
	err = transport.Cause(err)
	if ctx.Err() != nil { // if the call's own context ended, too, nobody gets to see this text
		err = fmt.Errorf("no complete answer within %v, the time of one attempt: %w", x.api.timeout+x.request.wait, err)
	}
	return x.failed(class, fmt.Errorf("%s %s%s: %w", x.request.method, x.api.endpoint, x.api.path, err))
}

// understand makes an outcome of an answer. The err is what reading it ended with.
func (x *queueExchange) understand(resp *http.Response, data []byte, err error) retry.Outcome {
	isSuccess := resp.StatusCode >= 200 && resp.StatusCode < 300
	if isSuccess && err == nil {
		if err = x.success(data); err == nil {
			return retry.Outcome{Class: retry.OK}
		}
	}
	e := x.apiError(resp, data)
	switch {
	case errors.Is(err, errQueueTooLarge):
		e.Code, e.Message = "", err.Error()
	case isSuccess && e.Code == "":
		e.Message = "the answer is not the one that " + e.Action + " documents: " + e.Message
		if err != nil {
			e.Message += " (" + err.Error() + ")"
		}
	case resp.StatusCode >= 300 && resp.StatusCode < 400:
		e.Message = "redirects are not followed: the request is signed for this host; check the endpoint" + transport.RedirectTarget(resp)
	}
	e.Message = auth.Keys(x.creds).Withhold(e.Message)
	if !isSuccess && x.refusal != nil {
		if outcome, ok := x.refusal(e, data); ok {
			return outcome
		}
	}
	class := retry.Classify(e.Code, e.StatusCode)
	x.unclear = x.unclear || class == retry.Unavailable
	switch {
	case isSuccess && e.Code == "":
		class = retry.BadAnswer
	case class == retry.Unauthenticated && e.Code != "" && x.creds.SecurityToken != "":
		// MNS documents no code for a temporary key that has expired. It may be
		// that of a key that does not exist, so others are asked for, once.
		class = retry.TokenExpired
	}
	return retry.Outcome{Class: class, Err: e, Hint: e.RetryAfter}
}

// apiError reads the documented form of an error, and whatever else stands there.
//
// https://www.alibabacloud.com/help/en/mns/error-codes
func (x *queueExchange) apiError(resp *http.Response, data []byte) *imm.APIError {
	keys := auth.Keys(x.creds)
	data = []byte(keys.Withhold(string(data))) // before an excerpt cuts a key in two
	e := &imm.APIError{
		Action: x.request.action, StatusCode: resp.StatusCode, Attempts: x.sent, RetryAfter: transport.RetryAfter(resp.Header),
		Code: keys.Withhold(transport.Element(data, "Code")), RequestID: keys.Withhold(transport.Element(data, "RequestId")),
		HostID: keys.Withhold(transport.Element(data, "HostId")), Message: keys.Withhold(transport.Element(data, "Message")),
	}
	if e.Code == "" {
		e.Message = transport.Excerpt(data)
	}
	if e.RequestID == "" {
		e.RequestID = resp.Header.Get("X-Mns-Request-Id")
	}
	return e
}

// Correct removes the cause of a refusal. It is called by package retry.
func (x *queueExchange) Correct(ctx context.Context, class retry.Class) bool {
	switch class {
	case retry.ClockSkewed:
		return x.api.clock.Correct(x.date, x.ahead)
	case retry.TokenExpired:
		_, renewed := x.api.keys.Renew(ctx, x.creds)
		return renewed
	}
	return false
}

// Repeating is called by package retry.
func (x *queueExchange) Repeating(context.Context, retry.Outcome, time.Duration) {}
