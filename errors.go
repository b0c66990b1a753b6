package imm

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/imm-go/imm/internal/retry"
	"github.com/imm-go/imm/internal/transport"
)

// The kinds of errors, for errors.Is. An error of this package matches at most
// one of its own kind; a *RequestError also matches what it wraps.
var (
	// ErrNotFound: the project, dataset, binding or file does not exist.
	ErrNotFound = errors.New("not found")
	// ErrAlreadyExists: what was to be created exists.
	ErrAlreadyExists = errors.New("already exists")
	// ErrThrottled: too many requests, even after the client's own repeats.
	ErrThrottled = errors.New("throttled")
	// ErrInvalidArgument: the request is wrong. Every *ValidationError matches it.
	ErrInvalidArgument = errors.New("invalid argument")
	// ErrLimitExceeded: a quota or a count is exhausted.
	ErrLimitExceeded = errors.New("limit exceeded")
	// ErrUnauthenticated: the keys are missing, wrong or expired, or the
	// signature is not accepted.
	ErrUnauthenticated = errors.New("not authenticated")
	// ErrPermissionDenied: the keys are right and lack a permission, or the
	// account cannot use the service now.
	ErrPermissionDenied = errors.New("permission denied")
	// ErrUnavailable: the service failed or could not be reached. Trying again
	// later may help.
	ErrUnavailable = errors.New("unavailable")
)

// APIError is an answer of the service, or of a gateway before it, that is not
// the success the operation documents. HTML, XML and empty answers become one,
// too. It matches the sentinel errors of this package by its code, and by its
// status where the code is unknown or empty.
//
// https://www.alibabacloud.com/help/en/imm/developer-reference/api-imm-2020-09-30-errorcodes
type APIError struct {
	Action     string        // the operation, such as IndexFileMeta
	StatusCode int           // of HTTP
	Code       string        // such as ResourceNotFound; empty if the answer has none
	Message    string        // what the service says, or a short excerpt of an answer that is not JSON
	RequestID  string        // to quote to Alibaba Cloud's support; may be empty
	HostID     string        // the host that answered; may be empty
	Recommend  string        // a web page with advice; may be empty
	RetryAfter time.Duration // how long the service asks to wait; 0: it does not say
	Attempts   int           // requests that were sent for the call, all of them
}

// Error is one line with everything that is known.
func (e *APIError) Error() string {
	var b strings.Builder
	b.WriteString("imm: " + e.Action + ": ")
	if e.Code != "" {
		b.WriteString(oneLine(e.Code) + " ")
	}
	b.WriteString("(HTTP " + strconv.Itoa(e.StatusCode) + ")")
	if e.Message != "" {
		b.WriteString(": " + oneLine(e.Message))
	}
	b.WriteString(" [" + attempts(e.Attempts))
	if e.RequestID != "" {
		b.WriteString(", request id " + oneLine(e.RequestID))
	}
	if e.RetryAfter > 0 {
		b.WriteString(", retry after " + e.RetryAfter.String())
	}
	if e.Recommend != "" {
		b.WriteString(", see " + oneLine(e.Recommend))
	}
	b.WriteString("]")
	return b.String()
}

// Is reports whether target is the sentinel error for this answer.
func (e *APIError) Is(target error) bool {
	kind := kindOf(retry.Classify(e.Code, e.StatusCode))
	return kind != nil && target == kind
}

// kindOf is the sentinel error of a class of answers, nil where there is none.
func kindOf(class retry.Class) error {
	switch class {
	case retry.NotFound:
		return ErrNotFound
	case retry.Exists:
		return ErrAlreadyExists
	case retry.Throttled:
		return ErrThrottled
	case retry.Invalid, retry.URITooLong:
		return ErrInvalidArgument
	case retry.LimitExceeded:
		return ErrLimitExceeded
	case retry.Unauthenticated, retry.TokenExpired, retry.ClockSkewed, retry.NonceUsed:
		return ErrUnauthenticated
	case retry.Denied:
		return ErrPermissionDenied
	case retry.Unavailable:
		return ErrUnavailable
	}
	return nil
}

// RequestError is a call that ended without an answer: there was no connection,
// the connection broke, no credentials could be had, or the context ended. If
// the context ended, Err wraps both the context's error and the last attempt's.
//
// It matches ErrUnavailable, unless the context ended or the credentials were
// refused, and whatever Err matches. A match with context.DeadlineExceeded is no
// proof that the context ended, because timeouts of net/http match it, too: ask
// ctx.Err() for that.
type RequestError struct {
	Action   string
	Attempts int // requests that were sent for the call, all of them
	Err      error

	ended bool // the context's end is the reason
}

// Error is one line with the reason and the number of requests sent.
func (e *RequestError) Error() string {
	reason := "unknown"
	if e.Err != nil {
		reason = oneLine(e.Err.Error())
	}
	return fmt.Sprintf("imm: %s: no answer: %s [%s]", e.Action, reason, attempts(e.Attempts))
}

// Unwrap returns Err.
func (e *RequestError) Unwrap() error { return e.Err }

// Is reports whether target is ErrUnavailable and that is what this error means.
func (e *RequestError) Is(target error) bool {
	return target == ErrUnavailable && !e.ended && !errors.Is(e.Err, ErrUnauthenticated)
}

// ValidationError is a request that was refused before anything was sent. It
// matches ErrInvalidArgument.
type ValidationError struct {
	Action string // the operation, or the function that was called, such as NewClient
	Field  string // such as Files[37].URI
	Reason string // what is wrong and what would be right
}

// Error is one line.
func (e *ValidationError) Error() string {
	return "imm: " + e.Action + ": " + oneLine(e.Field) + ": " + oneLine(e.Reason)
}

// Is reports whether target is ErrInvalidArgument.
func (e *ValidationError) Is(target error) bool { return target == ErrInvalidArgument }

// endedError is the end of a context with what the last attempt had said. It
// wraps both, as errors.Join does, in one line.
type endedError struct {
	ended error
	doing string // what the call was at
	last  error  // nil if no attempt ended by itself
}

func (e *endedError) Error() string {
	text := e.ended.Error() + " " + e.doing
	if e.last != nil {
		// The call that the error is of has been named already.
		last := e.last.Error()
		if named, ok := strings.CutPrefix(last, "imm: "); ok {
			_, last, _ = strings.Cut(named, ": ")
		}
		text += "; last attempt: " + last
	}
	return text
}

func (e *endedError) Unwrap() []error {
	if e.last == nil {
		return []error{e.ended}
	}
	return []error{e.ended, e.last}
}

func attempts(n int) string {
	switch n {
	case 0:
		return "nothing was sent"
	case 1:
		return "1 attempt"
	}
	return strconv.Itoa(n) + " attempts"
}

// oneLine makes a text from outside fit into one line of a log.
func oneLine(s string) string { return transport.OneLine(s) }
