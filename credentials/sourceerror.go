package credentials

import (
	"errors"
	"strings"

	"github.com/imm-go/imm"
	"github.com/imm-go/imm/internal/transport"
)

// sourceError is why a source gave no credentials. None of its fields holds a
// secret, since fmt can print all of them.
type sourceError struct {
	source string
	reason string
	advice string // what to do, where there is something to do
	cause  error

	// temporary is set where asking again later may help, with nothing changed.
	temporary bool
}

func (f *sourceError) Error() string {
	text := "credentials: " + f.source + ": " + f.reason
	if f.advice != "" {
		text += "; " + f.advice
	}
	return text
}

func (f *sourceError) Unwrap() error { return f.cause }

// refused is an error that stays until somebody changes something.
func refused(source, reason, advice string) *sourceError {
	return &sourceError{source: source, reason: reason, advice: advice, cause: imm.ErrUnauthenticated}
}

// badArgument is an error of a constructor. It is no sourceError, because no
// source was asked.
func badArgument(function, reason string) error {
	return errors.New("credentials." + function + ": " + reason)
}

// within tells of the error of a source that another source rests on.
func within(outer string, err error) *sourceError {
	if inner, ok := errors.AsType[*sourceError](err); ok {
		return &sourceError{source: outer, reason: inner.source + ": " + inner.reason, advice: inner.advice, cause: err, temporary: inner.temporary}
	}
	return &sourceError{source: outer, reason: oneLine(err.Error()), cause: err, temporary: !errors.Is(err, imm.ErrUnauthenticated)}
}

func isTemporary(err error) bool {
	f, ok := errors.AsType[*sourceError](err)
	return ok && f.temporary
}

// maxReason is how much of a foreign error is shown, in bytes.
const maxReason = 300

// oneLine makes foreign text fit into one short line of a log.
func oneLine(text string) string {
	text = transport.OneLine(text)
	if len(text) > maxReason {
		text = strings.ToValidUTF8(text[:maxReason], "") + "…"
	}
	return text
}
