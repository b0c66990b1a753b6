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
	exitUsage   = 2 // nothing was done: the command line or its input is wrong, or nobody can be asked
	exitStopped = 3 // not all was done, or somebody said no
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

// notes says several sentences, one a line.
func (p *program) notes(sentences string) {
	for sentence := range strings.SplitSeq(sentences, "\n") {
		p.note("%s", sentence)
	}
}

// end says why the program ends, and what to do, and returns its exit code.
func (p *program) end(ctx context.Context, err error) int {
	if err == nil || errors.Is(err, errReaderGone) {
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
	for i, line := range strings.Split(strings.TrimPrefix(p.explained(err), "imm: "), "\n") {
		if i == 0 {
			line = "imm: " + line
		}
		fmt.Fprintln(p.err, printable(line))
	}
	if next := p.nextStep(err); next != "" {
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
