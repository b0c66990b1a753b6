package notify

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"sync"

	"github.com/imm-go/imm"
)

const (
	maxWorkers = 10_000
	maxQueued  = 1_000_000
)

var (
	errPoolFull   = errors.New("the pool is full; give it more workers or make the callback faster")
	errPoolClosed = errors.New("the pool is closed")
)

// PanicError is the error of a callback that panicked in a [Pool].
type PanicError struct {
	Value any    // that the callback panicked with
	Stack []byte // of its goroutine
}

func (e *PanicError) Error() string { return fmt.Sprintf("notify: the callback panicked: %v", e.Value) }

// Pool runs callbacks that take longer than the seconds for which a sender waits.
// It is given to handlers with [WithPool], one or several. A Pool is safe for
// concurrent use.
//
// A message is acknowledged when the pool takes it, so the sender does not repeat
// it. If the process ends before its callback has run, the message is lost, and so
// is its outcome if the callback fails and failed does not keep it. A queue loses
// neither: prefer NewQueueReceiver for slow work.
type Pool struct {
	failed  func(ctx context.Context, m *imm.IndexMessage, err error)
	queue   chan pooled
	workers sync.WaitGroup
	ctx     context.Context // of the callbacks; ends when Close no longer waits
	cancel  context.CancelFunc

	mu     sync.RWMutex // held for reading while something is put into the queue
	closed bool
}

// pooled is a message whose callback waits for a worker.
type pooled struct {
	values  context.Context // of the request, without its end
	message *imm.IndexMessage
	work    func(ctx context.Context) error
}

// NewPool starts the workers, from 1 to 10,000. The size is how many messages
// wait while all workers are busy, from 1 to 1,000,000. They stay in memory. What
// comes beyond that is answered with 500, so that it is sent again.
//
// The function failed is called for each message whose callback returned an error
// or panicked, or which Close gave up, since no sender will repeat it. It is called
// by several goroutines at once. Its context has the values of the request's and
// never ends. It must not panic.
//
// A pool that is no longer needed must be closed, which ends its goroutines.
func NewPool(workers, size int, failed func(ctx context.Context, m *imm.IndexMessage, err error)) (*Pool, error) {
	refuse := func(field, reason string, args ...any) error {
		return &imm.ValidationError{Action: "NewPool", Field: field, Reason: fmt.Sprintf(reason, args...)}
	}
	var errs []error
	if workers < 1 || workers > maxWorkers {
		errs = append(errs, refuse("workers", "%d is not from 1 to %d", workers, maxWorkers))
	}
	if size < 1 || size > maxQueued {
		errs = append(errs, refuse("size", "%d is not from 1 to %d", size, maxQueued))
	}
	if failed == nil {
		errs = append(errs, refuse("failed", "it is nil, so nobody would learn of messages that are acknowledged and lost; want a function that keeps or logs them"))
	}
	if errs != nil {
		return nil, joinLines(errs...)
	}
	p := &Pool{failed: failed, queue: make(chan pooled, size)}
	p.ctx, p.cancel = context.WithCancel(context.Background())
	for range workers {
		p.workers.Go(p.work)
	}
	return p, nil
}

// WithPool has a pool run the callback. A message is then acknowledged with 204
// once the pool has taken it, and [Pool] says what that can lose. The context of
// the callback has no deadline; it ends when [Pool.Close] gives up.
// NewMNSHandler and NewEventBridgeHandler take it. A nil pool is refused. By
// default the callback runs before the answer, and has what is left of 4 seconds.
func WithPool(p *Pool) Option {
	return func(c *config) error {
		if p == nil {
			return c.refuse("WithPool", "the pool is nil; leave the option out to call the callback before the answer")
		}
		c.pool = p
		return c.only("WithPool", mnsPush|eventBridgePush)
	}
}

// Close takes no more messages and waits until all that were taken are worked on.
// If ctx ends first, Close ends the contexts of the callbacks, reports what still
// waits to failed, and returns the context's error. It does not wait for callbacks
// that go on all the same. Close can be called again.
func (p *Pool) Close(ctx context.Context) error {
	p.mu.Lock()
	if !p.closed {
		p.closed = true
		close(p.queue)
	}
	p.mu.Unlock()
	done := make(chan struct{})
	go func() {
		p.workers.Wait()
		close(done)
	}()
	select {
	case <-done:
		p.cancel()
		return nil
	case <-ctx.Done():
	}
	p.cancel()
	for next := range p.queue {
		p.run(next)
	}
	return ctx.Err()
}

func (p *Pool) add(next pooled) error {
	p.mu.RLock()
	defer p.mu.RUnlock()
	if p.closed {
		return errPoolClosed
	}
	select {
	case p.queue <- next:
		return nil
	default:
		return errPoolFull
	}
}

// work ends when the queue is closed and empty. A callback that ends its goroutine,
// as a failed test does, must not leave the pool with a worker less.
func (p *Pool) work() {
	isDone := false
	defer func() {
		if !isDone {
			p.workers.Go(p.work)
		}
	}()
	for next := range p.queue {
		p.run(next)
	}
	isDone = true
}

func (p *Pool) run(next pooled) {
	ctx, cancel := context.WithCancel(next.values)
	defer cancel()
	defer context.AfterFunc(p.ctx, cancel)()
	err := errors.New("notify: the callback ended its goroutine") // unless it returns
	defer func() {
		if err != nil {
			p.failed(next.values, next.message, err)
		}
	}()
	defer func() {
		if value := recover(); value != nil {
			err = &PanicError{Value: value, Stack: debug.Stack()}
		}
	}()
	if p.ctx.Err() != nil { // AfterFunc ends ctx a little later
		err = p.ctx.Err()
		return
	}
	err = next.work(ctx)
}
