package imm

import (
	"context"
	"log/slog"
	"time"
)

// Observer holds functions that the client calls as calls go on: enough for
// spans and metrics. Fields that are nil are skipped. The functions run on the
// goroutine of the call and hold it up for as long as they take; they must be
// safe for concurrent use, because calls are concurrent. A request that is
// refused before anything is sent is not observed.
type Observer struct {
	// CallStart is called once for each call. The context that it returns is
	// the one that the rest of the call goes on with, the HTTP requests and the
	// other functions included; nil keeps the one that it got.
	CallStart func(context.Context, CallInfo) context.Context
	// AttemptDone is called after each request that was sent, and after each that
	// could not be.
	AttemptDone func(context.Context, AttemptInfo)
	// RetryScheduled is called before the wait for a repeat.
	RetryScheduled func(context.Context, RetryInfo)
	// CallDone is called once at the end of each call.
	CallDone func(context.Context, CallResult)
}

// CallInfo describes a call that begins.
type CallInfo struct {
	Action string // such as IndexFileMeta
	Region string
	Host   string // that requests go to
}

// AttemptInfo describes one attempt that ended.
type AttemptInfo struct {
	Action     string
	Attempt    int // 1 for the first request; unchanged if this one could not be sent
	Start      time.Time
	Duration   time.Duration
	StatusCode int    // 0 if no answer came
	RequestID  string // of the answer; may be empty
	Reused     bool   // the connection had been used before
	Outcome    string // "ok", "throttled", "unavailable" and so on, for a metric's label
	Err        error  // nil if the answer was a success
}

// RetryInfo describes a repeat that is about to happen.
type RetryInfo struct {
	Action  string
	Attempt int           // the number of the attempt that failed
	Delay   time.Duration // until the repeat; the rate limit may add to it
	Outcome string        // of that attempt
	Err     error
}

// CallResult describes a call that ended.
type CallResult struct {
	Action    string
	Attempts  int // requests that were sent
	Duration  time.Duration
	RequestID string // of the last answer; may be empty
	Err       error  // what the caller gets; nil for a success
}

// and is an observer that calls both, the other one last.
func (o Observer) and(other Observer) Observer {
	start := o.CallStart
	switch {
	case start == nil:
		start = other.CallStart
	case other.CallStart != nil:
		start = func(ctx context.Context, call CallInfo) context.Context {
			if observed := o.CallStart(ctx, call); observed != nil {
				ctx = observed
			}
			if observed := other.CallStart(ctx, call); observed != nil {
				ctx = observed
			}
			return ctx
		}
	}
	return Observer{
		CallStart: start, AttemptDone: both(o.AttemptDone, other.AttemptDone),
		RetryScheduled: both(o.RetryScheduled, other.RetryScheduled), CallDone: both(o.CallDone, other.CallDone),
	}
}

func both[Info any](first, second func(context.Context, Info)) func(context.Context, Info) {
	switch {
	case first == nil:
		return second
	case second == nil:
		return first
	}
	return func(ctx context.Context, info Info) {
		first(ctx, info)
		second(ctx, info)
	}
}

// observeStart returns the context of the call, and when it began if that will be
// asked for: to learn the time takes longer than all else that is done for an
// observer that is not there.
func (c *Client) observeStart(ctx context.Context, action string) (observed context.Context, start time.Time) {
	if c.observer.CallDone != nil {
		start = time.Now()
	}
	if c.observer.CallStart == nil {
		return ctx, start
	}
	observed = c.observer.CallStart(ctx, CallInfo{Action: action, Region: c.region, Host: c.endpoint.Host})
	if observed == nil {
		observed = ctx
	}
	return observed, start
}

func (c *Client) observeAttempt(ctx context.Context, a AttemptInfo) {
	if c.observer.AttemptDone != nil {
		c.observer.AttemptDone(ctx, a)
	}
	if c.logger == nil || !c.logger.Enabled(ctx, slog.LevelDebug) {
		return
	}
	attrs := []slog.Attr{
		slog.String("action", a.Action), slog.Int("attempt", a.Attempt), slog.String("outcome", a.Outcome),
		slog.Duration("duration", a.Duration),
	}
	if a.StatusCode != 0 {
		attrs = append(attrs, slog.Int("status", a.StatusCode), slog.String("request_id", a.RequestID))
	}
	if a.Err != nil {
		attrs = append(attrs, slog.String("error", a.Err.Error()))
	}
	c.logger.LogAttrs(ctx, slog.LevelDebug, "imm attempt", attrs...)
}

func (c *Client) observeRetry(ctx context.Context, r RetryInfo) {
	if c.observer.RetryScheduled != nil {
		c.observer.RetryScheduled(ctx, r)
	}
	if c.logger != nil {
		c.logger.LogAttrs(ctx, slog.LevelWarn, "imm repeat",
			slog.String("action", r.Action), slog.Int("attempt", r.Attempt), slog.String("outcome", r.Outcome),
			slog.Duration("delay", r.Delay), slog.String("error", r.Err.Error()))
	}
}

func (c *Client) observeDone(ctx context.Context, start time.Time, x *exchange, err error) {
	if c.observer.CallDone != nil {
		c.observer.CallDone(ctx, CallResult{Action: x.action, Attempts: x.sent, Duration: time.Since(start), RequestID: x.requestID, Err: err})
	}
}
