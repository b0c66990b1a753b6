package emulator

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"net"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/imm-go/imm/immtest"
)

// fault scripts one.
func fault(t *testing.T, p *program, text string) {
	t.Helper()
	resp, err := p.http.Post(p.url+"/_emulator/faults", "application/json", strings.NewReader(text))
	require.NoError(t, err)
	require.NoError(t, resp.Body.Close())
	require.Equal(t, 200, resp.StatusCode)
}

func TestAnAnswerThatIsOnItsWayIsFinishedAfterASignal(t *testing.T) {
	t.Parallel()
	p := start(t)
	fault(t, p, `{"Delay":"300ms"}`)
	result := make(chan error, 1)
	client := p.client(t)
	go func() {
		_, err := getBinding(context.Background(), client)
		result <- err
	}()
	require.Eventually(t, func() bool {
		return len(get[[]any](t, p, "requests")) == 1
	}, patience, time.Millisecond)
	require.Zero(t, p.stop())
	require.Equal(t, "ResourceNotFound", code(t, <-result))
	_, err := getBinding(t.Context(), client)
	require.Error(t, err, "nobody listens any more")
}

// brokenListener accepts nothing.
type brokenListener struct{ net.Listener }

func (brokenListener) Accept() (net.Conn, error) { return nil, errors.New("no more files") }
func (brokenListener) Close() error              { return nil }
func (brokenListener) Addr() net.Addr            { return &net.TCPAddr{} }

func TestAListenerThatBreaksIsReported(t *testing.T) {
	t.Parallel()
	server := immtest.NewServer()
	defer server.Close()
	err := serve(t.Context(), brokenListener{}, server, slog.New(slog.DiscardHandler))
	require.ErrorContains(t, err, "no more files")
}

// pipeListener accepts one connection in memory, so that time can be a bubble's.
type pipeListener struct {
	conns  chan net.Conn
	closed chan struct{}
}

func (l *pipeListener) Accept() (net.Conn, error) {
	select {
	case conn := <-l.conns:
		return conn, nil
	case <-l.closed:
		return nil, net.ErrClosed
	}
}

func (l *pipeListener) Close() error {
	close(l.closed)
	return nil
}

func (l *pipeListener) Addr() net.Addr { return &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1)} }

func TestAnAnswerThatHangsIsCutWhenTheGraceIsOver(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		server := immtest.NewServer()
		defer server.Close()
		server.Inject(immtest.Fault{Hang: true})
		near, far := net.Pipe()
		listener := &pipeListener{make(chan net.Conn, 1), make(chan struct{})}
		listener.conns <- far
		ctx, cancel := context.WithCancel(t.Context())
		var log bytes.Buffer
		result := make(chan error, 1)
		go func() { result <- serve(ctx, listener, server, slog.New(slog.NewTextHandler(&log, nil))) }()
		_, err := near.Write([]byte("POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\n\r\n"))
		require.NoError(t, err)
		synctest.Wait()
		require.Len(t, server.Requests(), 1)
		start := time.Now()
		cancel()
		require.NoError(t, <-result)
		require.Equal(t, grace, time.Since(start))
		require.NoError(t, near.Close())
		synctest.Wait()
		require.Contains(t, log.String(), "status=0")
	})
}
