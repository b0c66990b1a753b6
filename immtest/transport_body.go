package immtest

import (
	"context"
	"io"
	"net/http"
	"sync"
)

// responseBody is the body of a response as it comes over a connection: reading
// it ends with the request's context, and a connection is free for the next
// request once the body was read to its end, not when it was only closed.
type responseBody struct {
	ctx     context.Context
	done    <-chan struct{} // the server's
	ending  ending
	release func() // gives the connection back
	closed  chan struct{}

	mu       sync.Mutex
	rest     []byte
	released bool
	isClosed bool
}

func (b *responseBody) Read(p []byte) (int, error) {
	n, err := b.next(p)
	if n > 0 || err != nil || len(p) == 0 {
		return n, err
	}
	// The rest of the body does not come.
	select {
	case <-b.ctx.Done():
		return 0, context.Cause(b.ctx)
	case <-b.closed:
		return 0, http.ErrBodyReadAfterClose
	case <-b.done:
		return 0, io.ErrUnexpectedEOF
	}
}

// next is what can be read without a wait. Neither bytes nor an error mean that
// there is nothing to do but wait.
func (b *responseBody) next(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	switch {
	case b.isClosed:
		return 0, http.ErrBodyReadAfterClose
	case b.released:
		return 0, io.EOF
	case b.ctx.Err() != nil:
		return 0, context.Cause(b.ctx)
	}
	n := copy(p, b.rest)
	b.rest = b.rest[n:]
	if len(b.rest) > 0 {
		return n, nil
	}
	switch b.ending {
	case endsWhole:
		b.released = true
		b.release()
		return n, io.EOF // with the last bytes, as net/http does
	case endsHalf:
		return n, io.ErrUnexpectedEOF
	default:
		return n, nil
	}
}

func (b *responseBody) Close() error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if !b.isClosed {
		b.isClosed = true
		close(b.closed)
	}
	return nil
}
