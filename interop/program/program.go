// Package program runs the emulator as a program for the tests of this module:
// what it proves holds for the program, which other languages use, and so for
// the library in it.
package program

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/imm-go/imm/interop/scenario"
)

// patience bounds every wait for the program. It is far above what any takes.
const patience = 30 * time.Second

// binary is where Main built the program.
var binary string

// Main builds the program, runs the tests of a package and removes it again. It
// is for TestMain.
func Main(m *testing.M) int {
	dir, err := os.MkdirTemp("", "imm-emulator")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer func() { _ = os.RemoveAll(dir) }()
	binary = filepath.Join(dir, "imm-emulator")
	if runtime.GOOS == "windows" {
		binary += ".exe"
	}
	// The root module builds its own program, with the versions of its own go.mod.
	build := exec.CommandContext(context.Background(), "go", "build", "-buildvcs=false", "-o", binary, "./cmd/imm-emulator")
	build.Dir = filepath.Join("..", "..") // tests run in their package's folder
	if out, err := build.CombinedOutput(); err != nil {
		fmt.Fprintf(os.Stderr, "cannot build cmd/imm-emulator: %v\n%s", err, out)
		return 1
	}
	return m.Run()
}

// Emulator is a running program.
type Emulator struct {
	URL  string // such as http://127.0.0.1:41234
	Host string // the host and the port of it
	tb   testing.TB
}

// Start starts the program with the scenario's bucket and these flags, and stops
// it when the test is over.
func Start(tb testing.TB, flags ...string) *Emulator {
	tb.Helper()
	folder := tb.TempDir()
	if err := scenario.WriteBucket(folder); err != nil {
		tb.Fatal(err)
	}
	args := append([]string{"-addr", "127.0.0.1:0", "-bucket", scenario.Bucket + "=" + folder}, flags...)
	// The test's own context ends too early for an orderly stop.
	cmd := exec.CommandContext(context.Background(), binary, args...)
	var log strings.Builder
	cmd.Stderr = &log
	stdout, err := cmd.StdoutPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		tb.Fatalf("cannot start the emulator: %v", err)
	}
	address := make(chan string, 1)
	go func() {
		line, _ := bufio.NewReader(stdout).ReadString('\n')
		address <- line
		_, _ = io.Copy(io.Discard, stdout) // or the program would block where it prints more
	}()
	tb.Cleanup(func() { stop(tb, cmd, &log) })
	select {
	case line := <-address:
		_, rest, found := strings.Cut(line, "http://")
		host, _, _ := strings.Cut(strings.TrimSpace(rest), " ")
		if !found || host == "" {
			tb.Fatalf("the emulator printed %q where its address was expected", line)
		}
		return &Emulator{URL: "http://" + host, Host: host, tb: tb}
	case <-time.After(patience):
		tb.Fatal("the emulator does not print its address")
		return nil
	}
}

// stop wants an orderly end: exit code 0 after SIGTERM.
func stop(tb testing.TB, cmd *exec.Cmd, log *strings.Builder) {
	tb.Helper()
	kill := time.AfterFunc(patience, func() { _ = cmd.Process.Kill() })
	defer kill.Stop()
	_ = cmd.Process.Signal(syscall.SIGTERM)
	err := cmd.Wait()
	if err != nil && runtime.GOOS != "windows" { // where a signal can only kill
		tb.Errorf("the emulator did not stop cleanly: %v\n%s", err, log)
	}
}

// Messages waits until a topic has n messages and returns them.
func (e *Emulator) Messages(topic string, n int) []any {
	e.tb.Helper()
	query := url.Values{"topic": {topic}, "after": {strconv.Itoa(max(n-1, 0))}, "wait": {strconv.Itoa(int(patience.Seconds()))}}
	e.get("messages?"+query.Encode(), new([]any))
	var messages []any
	e.get("messages?"+url.Values{"topic": {topic}}.Encode(), &messages)
	if len(messages) != n {
		e.tb.Fatalf("the topic %s has %d messages, not %d", topic, len(messages), n)
	}
	return messages
}

// State returns what the program holds.
func (e *Emulator) State() map[string]any {
	e.tb.Helper()
	var state map[string]any
	e.get("state", &state)
	return state
}

// PutTask puts a task into a project, which no operation does.
func (e *Emulator) PutTask(task map[string]any) {
	e.tb.Helper()
	body, err := json.Marshal(task)
	if err != nil {
		e.tb.Fatal(err)
	}
	e.ask(http.MethodPost, "tasks", bytes.NewReader(body), new(map[string]any))
}

// Requests returns what the program recorded of the requests of an operation.
func (e *Emulator) Requests(action string) []Request {
	e.tb.Helper()
	var requests []Request
	e.get("requests?"+url.Values{"action": {action}}.Encode(), &requests)
	return requests
}

// Request is a request as the program recorded it.
type Request struct {
	Method string
	Query  map[string]string // the parameters of the URL
	Form   map[string]string // those of query and body together
	Header map[string]string
	Status int
	Code   string
}

func (e *Emulator) get(endpoint string, out any) {
	e.tb.Helper()
	e.ask(http.MethodGet, endpoint, http.NoBody, out)
}

func (e *Emulator) ask(method, endpoint string, in io.Reader, out any) {
	e.tb.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 2*patience)
	defer cancel()
	err := func() error {
		req, err := http.NewRequestWithContext(ctx, method, e.URL+"/_emulator/"+endpoint, in)
		if err != nil {
			return err
		}
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			return err
		}
		defer resp.Body.Close()
		body, err := io.ReadAll(resp.Body)
		if err != nil {
			return err
		}
		if resp.StatusCode != http.StatusOK {
			return errors.New(resp.Status + ": " + string(body))
		}
		return json.Unmarshal(body, out)
	}()
	if err != nil {
		e.tb.Fatalf("/_emulator/%s: %v", endpoint, err)
	}
}
