package immtest

import (
	"context"
	"io"
	"net/http"
	"sync"
	"time"
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
	rest     []byte // what came and was not read
	later    []byte // what comes at a time
	at       time.Time
	released bool
	isClosed bool
}

func newResponseBody(ctx context.Context, done <-chan struct{}, a *answer, release func()) *responseBody {
	b := &responseBody{ctx: ctx, done: done, ending: a.ending, release: release, closed: make(chan struct{}), rest: a.sent()}
	if a.ending == pausesHalf {
		b.later, b.at = a.body[len(b.rest):], time.Now().Add(a.pause)
	}
	return b
}

func (b *responseBody) Read(p []byte) (int, error) {
	for {
		n, wait, err := b.next(p)
		if n > 0 || err != nil || len(p) == 0 {
			return n, err
		}
		if err := b.sleep(wait); err != nil {
			return 0, err
		}
	}
}

// sleep waits for the rest of the body: for a time, or, where that is zero, for
// ever. Its error is that of a read.
func (b *responseBody) sleep(d time.Duration) error {
	var comes <-chan time.Time
	if d > 0 {
		timer := time.NewTimer(d)
		defer timer.Stop()
		comes = timer.C
	}
	select {
	case <-comes:
		return nil
	case <-b.ctx.Done():
		return context.Cause(b.ctx)
	case <-b.closed:
		return http.ErrBodyReadAfterClose
	case <-b.done:
		return io.ErrUnexpectedEOF
	}
}

// next is what can be read without a wait. Neither bytes nor an error mean that
// there is nothing to do but wait, as long as it says or, for zero, for ever.
func (b *responseBody) next(p []byte) (n int, wait time.Duration, err error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	switch {
	case b.isClosed:
		return 0, 0, http.ErrBodyReadAfterClose
	case b.released:
		return 0, 0, io.EOF
	case b.ctx.Err() != nil:
		return 0, 0, context.Cause(b.ctx)
	}
	if b.ending == pausesHalf && len(b.rest) == 0 {
		if wait := time.Until(b.at); wait > 0 {
			return 0, wait, nil
		}
		b.rest, b.ending = b.later, endsWhole
	}
	n = copy(p, b.rest)
	b.rest = b.rest[n:]
	if len(b.rest) > 0 {
		return n, 0, nil
	}
	switch b.ending {
	case endsWhole:
		b.released = true
		b.release()
		return n, 0, io.EOF // with the last bytes, as net/http does
	case endsHalf:
		return n, 0, io.ErrUnexpectedEOF
	default:
		return n, 0, nil
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
