package transport

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"sync/atomic"

	"github.com/imm-go/imm/internal/retry"
)

// Trace learns how far an attempt came. Its fields may be set by another
// goroutine after the attempt is over.
type Trace struct {
	asked  atomic.Bool // the transport tells of its connections at all
	got    atomic.Bool
	reused atomic.Bool
	hooks  httptrace.ClientTrace
}

// NewTrace returns the trace of one attempt.
func NewTrace() *Trace {
	t := new(Trace)
	t.hooks.GetConn = func(string) { t.asked.Store(true) }
	t.hooks.GotConn = func(info httptrace.GotConnInfo) {
		t.got.Store(true)
		t.reused.Store(info.Reused)
	}
	return t
}

// Context is the one that the attempt's request needs.
func (t *Trace) Context(ctx context.Context) context.Context {
	return httptrace.WithClientTrace(ctx, &t.hooks)
}

// Reused reports whether the connection had been used before.
func (t *Trace) Reused() bool { return t.reused.Load() }

// Classify tells whether a request that got no answer can have reached the
// service. Where the transport does not say, it can.
func (t *Trace) Classify(err error) retry.Class {
	switch {
	case isPermanent(err):
		return retry.Unreachable
	case t.asked.Load() && !t.got.Load(), isDialError(err):
		return retry.NotSent
	case isTimeout(err):
		return retry.TimedOut
	case t.reused.Load():
		return retry.Stale
	}
	return retry.Lost
}

// ClassifyBody is the class of an answer that broke off: not Stale, because an
// answer began and so the connection was alive.
func ClassifyBody(err error) retry.Class {
	if isTimeout(err) {
		return retry.TimedOut
	}
	return retry.Lost
}

// Cause is the error of net/http without the text of a *url.Error, which shows
// all parameters.
func Cause(err error) error {
	if wrapped, ok := errors.AsType[*url.Error](err); ok {
		return wrapped.Err
	}
	return err
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
