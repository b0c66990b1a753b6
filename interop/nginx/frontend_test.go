//go:build interop && unix

package nginx

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/imm-go/imm"
	"github.com/imm-go/imm/immtest"
)

const (
	// patience bounds every wait, and pace is how often a condition is looked at.
	patience = 30 * time.Second
	pace     = 2 * time.Millisecond
	// keepAlive is how long nginx keeps an idle connection, and keepRequests how
	// many requests it takes on one.
	keepAlive    = time.Second
	keepRequests = 25
	// nobody is who nginx runs as where the tests are root.
	nobody = 65534
)

// backend is the emulator on an address that stays the same when it goes away and
// comes back.
type backend struct {
	*immtest.Server

	t    *testing.T
	addr string
	mu   sync.Mutex
	http *http.Server
}

func newBackend(t *testing.T) *backend {
	t.Helper()
	b := &backend{Server: immtest.NewServer(), t: t, addr: "127.0.0.1:0"}
	t.Cleanup(b.Close)
	t.Cleanup(b.goAway)
	b.comeBack()
	return b
}

func (b *backend) comeBack() {
	b.t.Helper()
	b.mu.Lock()
	defer b.mu.Unlock()
	listener, err := new(net.ListenConfig).Listen(context.Background(), "tcp", b.addr)
	require.NoError(b.t, err)
	b.addr = listener.Addr().String()
	b.http = &http.Server{Handler: b.Server, ReadHeaderTimeout: patience}
	go func(server *http.Server) { _ = server.Serve(listener) }(b.http) // its error says only that it was closed
}

func (b *backend) goAway() {
	b.mu.Lock()
	defer b.mu.Unlock()
	_ = b.http.Close()
}

// frontEnd is nginx before a backend.
type frontEnd struct {
	t    *testing.T
	dir  string
	addr string
	mu   sync.Mutex
	cmd  *exec.Cmd
	log  *os.File
	done chan struct{} // closed when the process has ended
}

// newFrontEnd starts nginx with a limit for request lines and headers. It runs
// unprivileged, in a folder of its own, on a port of the loopback interface.
func newFrontEnd(t *testing.T, b *backend, headerBuffer string) *frontEnd {
	t.Helper()
	dir := t.TempDir()
	if os.Getuid() == 0 {
		require.NoError(t, os.Chown(dir, nobody, nobody))
		require.NoError(t, os.Chmod(filepath.Dir(dir), 0o755)) // or nobody would not get in
	}
	f := &frontEnd{t: t, dir: dir, addr: freeAddress(t)}
	var err error
	f.log, err = os.Create(filepath.Join(dir, "log"))
	require.NoError(t, err)
	config := filepath.Join(dir, "nginx.conf")
	require.NoError(t, os.WriteFile(config, []byte(f.config(b.addr, headerBuffer)), 0o644))
	f.start()
	t.Cleanup(func() {
		f.stop(syscall.SIGTERM)
		if t.Failed() {
			log, _ := os.ReadFile(f.log.Name())
			t.Logf("nginx says:\n%s", log)
		}
		_ = f.log.Close()
	})
	return f
}

func (f *frontEnd) config(backend, headerBuffer string) string {
	var temp strings.Builder
	for _, kind := range []string{"client_body", "proxy", "fastcgi", "uwsgi", "scgi"} {
		fmt.Fprintf(&temp, "\t%s_temp_path %s;\n", kind, filepath.Join(f.dir, kind))
	}
	return fmt.Sprintf(`daemon off;
worker_processes 2;
pid %s;
error_log stderr error;
events { worker_connections 1024; }
http {
	access_log off;
%s	client_header_buffer_size 1k;
	large_client_header_buffers 4 %s;
	keepalive_timeout %s;
	keepalive_requests %d;
	server {
		listen %s;
		location / {
			proxy_pass http://%s;
			proxy_http_version 1.1;
			proxy_set_header Host $http_host;
			proxy_set_header Connection "";
			proxy_next_upstream off; # a repeat would have the same nonce
		}
	}
}
`, filepath.Join(f.dir, "pid"), temp.String(), headerBuffer, keepAlive, keepRequests, f.addr, backend)
}

// start starts nginx and returns once it takes connections.
func (f *frontEnd) start() {
	f.t.Helper()
	f.mu.Lock()
	defer f.mu.Unlock()
	cmd := exec.Command("nginx", "-p", f.dir, "-c", filepath.Join(f.dir, "nginx.conf"))
	cmd.Stdout, cmd.Stderr = f.log, f.log
	if os.Getuid() == 0 {
		cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: nobody, Gid: nobody}}
	}
	require.NoError(f.t, cmd.Start())
	done := make(chan struct{})
	go func() {
		_ = cmd.Wait()
		close(done)
	}()
	f.cmd, f.done = cmd, done
	require.Eventually(f.t, func() bool {
		select {
		case <-done:
			return true
		default:
		}
		conn, err := net.Dial("tcp", f.addr)
		if err == nil {
			_ = conn.Close()
		}
		return err == nil
	}, patience, pace, "nginx takes no connections")
	select {
	case <-done:
		f.t.Fatal("nginx ended as soon as it was started")
	default:
	}
}

// stop ends nginx, at once with SIGTERM and after the requests under way with
// SIGQUIT, and returns when it is gone.
func (f *frontEnd) stop(signal syscall.Signal) {
	f.t.Helper()
	f.mu.Lock()
	defer f.mu.Unlock()
	_ = f.cmd.Process.Signal(signal)
	select {
	case <-f.done:
	case <-time.After(patience):
		_ = f.cmd.Process.Kill()
		f.t.Error("nginx does not stop")
	}
}

// reload makes nginx replace its workers. The old ones close what is idle.
func (f *frontEnd) reload() {
	f.mu.Lock()
	defer f.mu.Unlock()
	_ = f.cmd.Process.Signal(syscall.SIGHUP)
}

// freeAddress is an address on which nothing listens.
func freeAddress(t *testing.T) string {
	t.Helper()
	listener, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer func() { _ = listener.Close() }()
	return listener.Addr().String()
}

// tally counts what became of requests.
type tally struct {
	mu       sync.Mutex
	outcomes map[string]int
	repeats  int // requests of a call beyond its first
}

func (c *tally) observer() imm.Observer {
	return imm.Observer{
		AttemptDone: func(_ context.Context, info imm.AttemptInfo) {
			c.mu.Lock()
			defer c.mu.Unlock()
			c.outcomes[info.Outcome]++
			if info.Attempt > 1 {
				c.repeats++
			}
		},
	}
}

// client is our client with the front end as its endpoint, and a transport of its
// own like that of a program: only the endpoint differs from the defaults.
func (f *frontEnd) client(opts ...imm.Option) (*imm.Client, *tally) {
	f.t.Helper()
	count := &tally{outcomes: make(map[string]int)}
	client, err := imm.NewClient("cn-hangzhou", imm.StaticCredentials(immtest.AccessKeyID, immtest.AccessKeySecret, ""),
		append([]imm.Option{imm.WithEndpoint("http://" + f.addr), imm.WithObserver(count.observer())}, opts...)...)
	require.NoError(f.t, err)
	f.t.Cleanup(client.CloseIdleConnections)
	return client, count
}
