package main

import (
	"errors"
	"io"
	"sync/atomic"
	"syscall"
)

// errReaderGone is a write to a pipe that nobody reads any more, as behind head.
// That is no failure of the command, and there is nobody to tell.
var errReaderGone = errors.New("nobody reads the output any more")

// outlet is the standard output. A broken connection to the service is the same
// error of the system, so that of the output gets a name of its own.
type outlet struct {
	to   io.Writer
	gone atomic.Bool
}

func (o *outlet) Write(data []byte) (int, error) {
	n, err := o.to.Write(data)
	if errors.Is(err, syscall.EPIPE) {
		o.gone.Store(true)
		err = errReaderGone
	}
	return n, err
}

// outputGone reports whether nobody reads the standard output any more.
func (p *program) outputGone() bool {
	o, ok := p.out.(*outlet)
	return ok && o.gone.Load()
}
