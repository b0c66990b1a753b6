package credentials

import (
	"context"
	"fmt"
	"io"
	"runtime"
	"sync"

	"github.com/imm-go/imm"
)

// source is one place to get credentials from. Its state is inside fetch, where
// no fmt verb can reach it, and needs no lock: a source is asked by one
// goroutine at a time.
type source struct {
	name  string
	fetch func(ctx context.Context) (imm.Credentials, error)
}

// ask fetches, and answers for what credentials-go may do with a strange
// answer: it follows nil pointers where a field is missing, which would end the
// whole program, and lets empty keys pass.
func (s source) ask(ctx context.Context) (creds imm.Credentials, err error) {
	defer func() {
		if v := recover(); v != nil {
			creds, err = imm.Credentials{}, &sourceError{source: s.name, reason: panicReason(v), temporary: true}
		}
	}()
	creds, err = s.fetch(ctx)
	if err != nil {
		return imm.Credentials{}, err
	}
	if creds.AccessKeyID == "" || creds.AccessKeySecret == "" {
		return imm.Credentials{}, refused(s.name, "it answered with an empty access key id or secret", "check what the source holds")
	}
	return creds, nil
}

// panicReason shows what the Go runtime says, which holds no values, and
// nothing of any other panic, which might.
func panicReason(v any) string {
	if err, ok := v.(runtime.Error); ok {
		return "it could not make sense of the answer: " + oneLine(err.Error())
	}
	return fmt.Sprintf("it panicked with a %T", v)
}

// provider makes a source safe to share: one question at a time, and nobody
// waits longer than their context lets them.
type provider struct {
	source source

	mu      sync.Mutex
	running *flight // nil while the source is not being asked
}

// flight is one question to the source. The fields are set before done closes.
type flight struct {
	done  chan struct{}
	creds imm.Credentials
	err   error
}

func newProvider(s source) *provider { return &provider{source: s} }

// Credentials asks the source, or waits for the answer to a question that is
// under way. A source of credentials-go cannot be interrupted, so when the
// context ends first the goroutine that asks lives on until the source's own
// connect and read timeouts end it, and a later caller joins it.
func (p *provider) Credentials(ctx context.Context) (imm.Credentials, error) {
	if err := ctx.Err(); err != nil {
		return imm.Credentials{}, fmt.Errorf("credentials: %s: not asked, the context has ended: %w", p.source.name, err)
	}
	f := p.join(ctx)
	select {
	case <-f.done:
		return f.creds, f.err
	case <-ctx.Done():
		return imm.Credentials{}, fmt.Errorf("credentials: %s: no answer before the context ended: %w", p.source.name, ctx.Err())
	}
}

func (p *provider) join(ctx context.Context) *flight {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.running == nil {
		f := &flight{done: make(chan struct{})}
		p.running = f
		// The answer serves everybody who joins, so the end of the first
		// caller's context must not spoil it.
		go p.run(context.WithoutCancel(ctx), f)
	}
	return p.running
}

func (p *provider) run(ctx context.Context, f *flight) {
	f.creds, f.err = p.source.ask(ctx)
	p.mu.Lock()
	p.running = nil
	p.mu.Unlock()
	close(f.done)
}

// String names the source.
func (p *provider) String() string { return "credentials of " + p.source.name }

// Format writes String whatever the verb.
func (p *provider) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, p.String()) }
