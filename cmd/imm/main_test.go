package main

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/imm-go/imm"
	"github.com/imm-go/imm/immtest"
	"github.com/imm-go/imm/notify"
)

// asProgram is the environment variable that makes the test binary the program
// itself, so that signals and terminals can be tested.
const asProgram = "IMM_TEST_AS_PROGRAM"

// childTime is how long a test waits for what goes on beside it.
const childTime = 2 * time.Minute

func TestMain(m *testing.M) {
	if os.Getenv(asProgram) != "" {
		main()
	}
	goleak.VerifyTestMain(m)
}

// The dataset that most tests use, and the flags that name it.
const (
	testProject = "test-project"
	testDataset = "test-dataset"
	testBucket  = "test-bucket"
)

var testTarget = []string{"--project", testProject, "--dataset", testDataset}

// fixture is a program that speaks to an emulator in this process.
type fixture struct {
	*program

	server   *immtest.Server
	out, err *buffer
}

// buffer may be read while a command writes.
type buffer struct {
	mu   sync.Mutex
	data bytes.Buffer
}

func (b *buffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.data.Write(p)
}

func (b *buffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.data.String()
}

func newFixture(t *testing.T, opts ...immtest.Option) *fixture {
	t.Helper()
	server := immtest.NewServer(opts...)
	t.Cleanup(server.Close)
	f := &fixture{server: server, out: new(buffer), err: new(buffer)}
	keys := imm.StaticCredentials(immtest.AccessKeyID, immtest.AccessKeySecret, "")
	f.program = &program{
		console:     console{in: strings.NewReader(""), out: f.out, err: f.err},
		getenv:      func(name string) string { return map[string]string{envRegion: "cn-hangzhou"}[name] },
		credentials: func() (imm.CredentialsProvider, error) { return keys, nil },
		sources:     []source{{"the test", func() (imm.CredentialsProvider, error) { return keys, nil }}},
		options: []imm.Option{
			imm.WithEndpoint("http://localhost"), imm.WithHTTPClient(&http.Client{Transport: server.Transport()}),
			imm.WithRetry(imm.RetryPolicy{MaxAttempts: 1}),
		},
		queueOptions: []notify.Option{notify.WithHTTPClient(&http.Client{Transport: server.Transport()})},
	}
	return f
}

// call runs a command and returns its exit code and what it wrote since the call
// before.
func (f *fixture) call(t *testing.T, args ...string) (code int, out, errs string) {
	t.Helper()
	return f.callContext(t.Context(), t, args...)
}

func (f *fixture) callContext(ctx context.Context, t *testing.T, args ...string) (code int, out, errs string) {
	t.Helper()
	out, errs = f.out.String(), f.err.String()
	p := *f.program // flags are of one call
	code = p.run(ctx, args)
	return code, f.out.String()[len(out):], f.err.String()[len(errs):]
}

// must runs a command that succeeds, and returns what it printed.
func (f *fixture) must(t *testing.T, args ...string) string {
	t.Helper()
	code, out, errs := f.call(t, args...)
	require.Equal(t, exitDone, code, "%v: %s", args, errs)
	return out
}

// answers lets somebody at a terminal type.
func (f *fixture) answers(text string) {
	f.in, f.inTerminal = strings.NewReader(text), true
}

// put puts objects into the test bucket.
func (f *fixture) put(keys ...string) {
	for _, key := range keys {
		f.server.PutObject(testBucket, key, []byte("content of "+key))
	}
}

// requests are the operations that were called.
func (f *fixture) requests() []string {
	var actions []string
	for _, r := range f.server.Requests() {
		actions = append(actions, r.Action)
	}
	return actions
}

// silence is an input on which nothing ever comes, and which says when it is read.
type silence struct {
	read chan struct{}
	end  <-chan struct{}
}

func (s silence) Read([]byte) (int, error) {
	close(s.read)
	<-s.end
	return 0, io.EOF
}
