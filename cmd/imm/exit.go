package main

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/imm-go/imm"
)

// The exit codes.
const (
	exitDone    = 0
	exitFailed  = 1 // something failed: the command, or some of its files
	exitUsage   = 2 // nothing was done, because the command line makes no sense
	exitStopped = 3 // not all was done
)

// usageError is a command line that makes no sense.
type usageError struct{ error }

func (e usageError) Unwrap() error { return e.error }

func asUsage(err error) error { return usageError{err} }

func usagef(format string, args ...any) error { return usageError{fmt.Errorf(format, args...)} }

// stoppedError is a command that ended before all was done.
type stoppedError struct{ error }

func (e stoppedError) Unwrap() error { return e.error }

// codeError ends the program with a code, where everything was said already.
type codeError int

func (e codeError) Error() string { return fmt.Sprintf("exit code %d", int(e)) }

// failedf is some of the work that failed, while the command itself did all it could.
func failedf(format string, args ...any) error { return fmt.Errorf(format, args...) }

// note says something on the standard error that is no result.
func (p *program) note(format string, args ...any) {
	fmt.Fprintln(p.err, printable(fmt.Sprintf(format, args...)))
}

// end says why the program ends, and what to do, and returns its exit code.
func (p *program) end(ctx context.Context, err error) int {
	if err == nil {
		return exitDone
	}
	if code, said := errors.AsType[codeError](err); said {
		return int(code)
	}
	_, stopped := errors.AsType[stoppedError](err)
	if ctx.Err() != nil && !stopped {
		fmt.Fprintln(p.err, "imm: stopped before the end")
		return exitStopped
	}
	for i, line := range strings.Split(strings.TrimPrefix(err.Error(), "imm: "), "\n") {
		if i == 0 {
			line = "imm: " + line
		}
		fmt.Fprintln(p.err, printable(line))
	}
	if next := nextStep(err); next != "" {
		fmt.Fprintln(p.err, "  "+next)
	}
	_, usage := errors.AsType[usageError](err)
	_, refused := errors.AsType[*imm.ValidationError](err) // an argument that cannot be sent
	switch {
	case stopped:
		return exitStopped
	case usage, refused:
		return exitUsage
	}
	return exitFailed
}

// nextStep is what to do about an error, where its own text does not say it.
func nextStep(err error) string {
	refused, isAnswer := errors.AsType[*imm.APIError](err)
	switch {
	case errors.Is(err, imm.ErrUnauthenticated) && !isAnswer:
		return "Next: set ALIBABA_CLOUD_ACCESS_KEY_ID and ALIBABA_CLOUD_ACCESS_KEY_SECRET, or run aliyun configure. imm doctor says which keys are found."
	case errors.Is(err, imm.ErrUnauthenticated):
		return "Next: imm doctor says which keys are found, and what is wrong with them."
	case errors.Is(err, imm.ErrPermissionDenied) && isAnswer:
		if strings.Contains(refused.Code, "Permission") || strings.Contains(refused.Code, "Forbidden") {
			return "Next: allow the RAM user or role of the keys the action imm:" + refused.Action + ", as the policy AliyunIMMFullAccess does."
		}
		return "Next: look in the console whether IMM is activated for the account, and whether the account owes money."
	case errors.Is(err, imm.ErrNotFound):
		return "Next: imm project list, imm dataset list and imm binding list show what exists in this region."
	case errors.Is(err, imm.ErrThrottled):
		return "Next: try again later, or with a lower rate."
	case errors.Is(err, imm.ErrUnavailable):
		return "Next: imm doctor checks the region, the endpoint and the network."
	}
	return ""
}
