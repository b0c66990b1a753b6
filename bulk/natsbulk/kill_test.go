package natsbulk_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"github.com/stretchr/testify/require"

	"github.com/imm-go/imm"
	"github.com/imm-go/imm/bulk/natsbulk"
	"github.com/imm-go/imm/bulk/natsbulk/embedded"
	"github.com/imm-go/imm/immtest"
)

const (
	killFiles   = 200_000
	killRate    = 120 // requests a second
	killWorkers = 3
	kills       = 50
)

// The plan of the test with kills: short queues and a short wait for the dead, so that
// all of its processes are busy to the end.
var killConfig = natsbulk.Config{WorkBatches: 100, ResultBytes: 8 << 20, AckWait: 2 * time.Second}

func init() {
	children["server"] = func(arguments []string) error {
		if _, err := embedded.Start(arguments[0], arguments[1]); err != nil {
			return err
		}
		select {}
	}
	children["planner"] = inCluster(func(ctx context.Context, c *natsbulk.Cluster, _ string) error {
		return c.Plan(ctx, numbered{n: killFiles}, target(killRate), false)
	})
	children["worker"] = inCluster(func(ctx context.Context, c *natsbulk.Cluster, service string) error {
		client, err := imm.NewClient("cn-hangzhou", imm.StaticCredentials(immtest.AccessKeyID, immtest.AccessKeySecret, ""),
			imm.WithEndpoint(service), imm.WithObserver(c.Throttling()))
		if err != nil {
			return err
		}
		_, err = c.Work(ctx, client, natsbulk.Worker{MaxDeliveries: 100})
		return err
	})
	children["collector"] = inCluster(func(ctx context.Context, c *natsbulk.Cluster, _ string) error {
		_, err := c.Collect(ctx, nil)
		return err
	})
}

// inCluster is a child that works with a cluster of another process.
func inCluster(do func(ctx context.Context, c *natsbulk.Cluster, service string) error) func([]string) error {
	return func(arguments []string) error {
		js, err := dial(arguments[1])
		if err != nil {
			return err
		}
		ctx := context.Background()
		c, err := natsbulk.Open(ctx, js, killConfig)
		if err != nil {
			return err
		}
		return do(ctx, c, arguments[2])
	}
}

func dial(address string) (jetstream.JetStream, error) {
	conn, err := nats.Connect("nats://"+address, nats.MaxReconnects(-1), nats.ReconnectWait(50*time.Millisecond), nats.RetryOnFailedConnect(true))
	if err != nil {
		return nil, err
	}
	return jetstream.New(conn)
}

// witness stands before the emulator, and counts what is accepted even if nobody is
// left to hear of it.
type witness struct {
	service *immtest.Server

	mu    sync.Mutex
	times []int
	calls int
	news  chan struct{} // has something in it after a call
}

func (w *witness) ServeHTTP(rw http.ResponseWriter, req *http.Request) {
	body, err := io.ReadAll(req.Body)
	if err != nil {
		return // it was killed in the middle of the request
	}
	again := func() *http.Request {
		r := req.Clone(context.WithoutCancel(req.Context()))
		r.Body = io.NopCloser(bytes.NewReader(body))
		return r
	}
	answer := httptest.NewRecorder()
	w.service.ServeHTTP(answer, again())
	var files []imm.InputFile
	if r := again(); req.Header.Get("X-Acs-Action") == batched && answer.Code == http.StatusOK && r.ParseForm() == nil &&
		json.Unmarshal([]byte(r.Form.Get("Files")), &files) == nil {
		w.take(files)
	}
	maps.Copy(rw.Header(), answer.Header())
	rw.WriteHeader(answer.Code)
	_, _ = rw.Write(answer.Body.Bytes())
}

func (w *witness) take(files []imm.InputFile) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, file := range files {
		name := file.URI[strings.LastIndexByte(file.URI, '/')+1:]
		number, _ := strconv.Atoi(strings.TrimSuffix(name, ".jpg"))
		w.times[number]++
	}
	w.calls++
	select {
	case w.news <- struct{}{}:
	default:
	}
}

// await waits until there were so many calls, or for some time.
func (w *witness) await(calls int, most time.Duration) {
	end := time.After(most)
	for {
		w.mu.Lock()
		enough := w.calls >= calls
		w.mu.Unlock()
		if enough {
			return
		}
		select {
		case <-w.news:
		case <-end:
			return
		}
	}
}

// process is a child that is started again whenever it was killed.
type process struct {
	role   string
	start  func() *exec.Cmd
	killed int

	mu      sync.Mutex
	current *exec.Cmd
	ended   bool
}

// keep runs the child until it ends by itself.
func (p *process) keep(t *testing.T) {
	for {
		p.mu.Lock()
		cmd := p.start()
		var told bytes.Buffer
		cmd.Stderr = &told
		err := cmd.Start()
		p.current = cmd
		p.mu.Unlock()
		if err != nil {
			t.Errorf("%s does not start: %v", p.role, err)
			return
		}
		err = cmd.Wait()
		if cmd.ProcessState.Exited() {
			p.mu.Lock()
			p.ended = true
			p.mu.Unlock()
			if err != nil {
				t.Errorf("%s ended with %v: %s", p.role, err, told.String())
			}
			return
		}
		p.mu.Lock()
		if p.ended {
			p.mu.Unlock()
			return
		}
		p.mu.Unlock()
	}
}

// kill kills the child, and reports whether there was one. It is not started again
// after the last time.
func (p *process) kill(last bool) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.ended || p.current == nil {
		return false
	}
	p.ended = last
	p.killed++
	return p.current.Process.Kill() == nil
}

func TestEveryFileIsAcceptedHoweverOftenTheProcessesAreKilled(t *testing.T) {
	t.Parallel()
	w := &witness{service: immtest.NewServer(immtest.WithProject(project, "")), times: make([]int, killFiles+1), news: make(chan struct{}, 1)}
	defer w.service.Close()
	front := httptest.NewServer(w)
	defer front.Close()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	address := listener.Addr().String()
	require.NoError(t, listener.Close())
	self, err := os.Executable()
	require.NoError(t, err)
	folder := t.TempDir()

	var all []*process
	begin := func(role string) *process {
		p := &process{role: role, start: func() *exec.Cmd {
			cmd := exec.CommandContext(t.Context(), self, folder, address, front.URL)
			cmd.Env = append(os.Environ(), childEnv+"="+role)
			return cmd
		}}
		all = append(all, p)
		return p
	}
	server := begin("server")
	begin("planner")
	begin("collector")
	for range killWorkers {
		begin("worker")
	}
	var kept, serving sync.WaitGroup
	begun := time.Now()
	serving.Go(func() { server.keep(t) })
	for _, p := range all[1:] {
		kept.Go(func() { p.keep(t) })
	}
	const step = killFiles / 100 * 9 / 10 / kills // so that the last kill is before the end
	for i := range kills {
		w.await(i*step+1+rand.IntN(step), 10*time.Second)
		for _, n := range rand.Perm(len(all)) {
			if all[n].kill(false) {
				break
			}
		}
	}
	kept.Wait() // each of them has ended by itself
	took := time.Since(begun)

	js, err := dial(address)
	require.NoError(t, err)
	defer js.Conn().Close()
	status, err := open(t, js, killConfig).Status(t.Context())
	require.NoError(t, err)
	require.True(t, server.kill(true))
	serving.Wait()

	killed := make(map[string]int)
	for _, p := range all {
		killed[p.role] += p.killed
	}
	killed["server"]-- // at the end
	lost, twice := 0, 0
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, times := range w.times[1:] {
		if times == 0 {
			lost++
		}
		twice += max(0, times-1)
	}
	t.Logf("%d files in %v, killed %v: %d files were sent twice (%.2f %%), of which %d outcomes were stored twice",
		killFiles, took.Round(100*time.Millisecond), killed, twice, 100*float64(twice)/killFiles, status.Twice)
	require.Zero(t, lost)
	require.EqualValues(t, killFiles, status.Accepted)
	require.EqualValues(t, killFiles, status.Planned)
	require.Zero(t, status.Open+status.Dead+status.Failed)
	require.LessOrEqual(t, status.Twice, int64(twice))
	total := 0
	for _, n := range killed {
		total += n
	}
	require.Equal(t, kills, total, fmt.Sprint(killed))
}
