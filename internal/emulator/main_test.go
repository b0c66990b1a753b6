package emulator

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/imm-go/imm"
	"github.com/imm-go/imm/immtest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// patience ends a test that would hang.
const patience = time.Minute

// program is a run of the program in this process.
type program struct {
	url    string
	first  string // the line that it printed
	http   *http.Client
	stop   func() int // ends it as a signal does, and returns its exit code
	stderr *buffer
}

// buffer can be read while the program writes.
type buffer struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (b *buffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.Write(p)
}

func (b *buffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.String()
}

// run is the program with a name and a version.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	return Program{Name: "imm-emulator", Version: "v1.2.3"}.Run(ctx, args, stdout, stderr)
}

// start runs the program on a free port until the test or stop ends it.
func start(t *testing.T, args ...string) *program {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	read, write := io.Pipe()
	p := &program{stderr: new(buffer)}
	code := make(chan int, 1)
	go func() {
		code <- run(ctx, append([]string{"-addr", "127.0.0.1:0"}, args...), write, p.stderr)
		_ = write.Close()
	}()
	p.stop = sync.OnceValue(func() int {
		cancel()
		return <-code
	})
	t.Cleanup(func() { p.stop() })
	line, err := bufio.NewReader(read).ReadString('\n')
	require.NoError(t, err, p.stderr)
	p.first = line
	p.url = strings.TrimSpace(strings.TrimPrefix(line, "listening on "))
	transport := &http.Transport{}
	t.Cleanup(transport.CloseIdleConnections)
	p.http = &http.Client{Transport: transport, Timeout: patience}
	return p
}

// client is one of the program, with the default keys unless others are given.
func (p *program) client(t *testing.T, key ...string) *imm.Client {
	t.Helper()
	key = append(key, immtest.AccessKeyID, immtest.AccessKeySecret, "")
	client, err := imm.NewClient("cn-hangzhou", imm.StaticCredentials(key[0], key[1], key[2]),
		imm.WithEndpoint(p.url), imm.WithHTTPClient(p.http), imm.WithRetry(imm.RetryPolicy{MaxAttempts: 1}))
	require.NoError(t, err)
	return client
}

// get reads a control endpoint.
func get[T any](t *testing.T, p *program, path string) T {
	t.Helper()
	resp, err := p.http.Get(p.url + "/_emulator/" + path)
	require.NoError(t, err)
	defer resp.Body.Close()
	require.Equal(t, http.StatusOK, resp.StatusCode)
	var out T
	require.NoError(t, json.NewDecoder(resp.Body).Decode(&out))
	return out
}

// state is what the tests look at of it.
type state struct {
	Projects []struct {
		ProjectName string
		Template    string `json:"WorkflowTemplateId"`
		Datasets    []struct {
			DatasetName string
			Template    string `json:"WorkflowTemplateId"`
			Bindings    []imm.Binding
			Files       []immtest.File
		}
	}
	Buckets []struct {
		Name    string
		Objects int
	}
}

// index indexes one file and returns the message about it.
func index(t *testing.T, p *program, client *imm.Client, uri string) (map[string]any, error) {
	t.Helper()
	_, err := client.IndexFileMeta(t.Context(), &imm.IndexFileMetaRequest{
		ProjectName: "test-project", DatasetName: "test-dataset", File: imm.InputFile{URI: uri},
		Notification: imm.Notification{MNS: imm.MNS{TopicName: "done"}},
	})
	if err != nil {
		return nil, err
	}
	messages := get[[]map[string]any](t, p, "messages?topic=done&wait=50")
	require.Len(t, messages, 1)
	return messages[0], nil
}

// code is the code with which a call was refused.
func code(t *testing.T, err error) string {
	t.Helper()
	var refused *imm.APIError
	require.ErrorAs(t, err, &refused)
	return refused.Code
}

func getBinding(ctx context.Context, client *imm.Client) (*imm.GetBindingResponse, error) {
	return client.GetBinding(ctx, &imm.GetBindingRequest{ProjectName: "test-project", DatasetName: "test-dataset", URI: "oss://test-bucket"})
}

func createBinding(t *testing.T, client *imm.Client) error {
	t.Helper()
	_, err := client.CreateBinding(t.Context(), &imm.CreateBindingRequest{ProjectName: "test-project", DatasetName: "test-dataset", URI: "oss://test-bucket"})
	return err
}

func TestTheFirstLineIsTheAddress(t *testing.T) {
	t.Parallel()
	p := start(t)
	require.Regexp(t, `^listening on http://127\.0\.0\.1:[1-9][0-9]*\n$`, p.first)
	require.NotContains(t, p.stderr.String(), "WARN")
	require.Zero(t, p.stop())
}

func TestAnAddressThatOthersReachIsWarnedOf(t *testing.T) {
	t.Parallel()
	p := start(t, "-addr", ":0")
	require.Regexp(t, `^listening on http://localhost:[1-9][0-9]*\n$`, p.first)
	require.Contains(t, p.stderr.String(), "level=WARN")
	require.Contains(t, p.stderr.String(), "keys are published")
	require.Equal(t, 1, strings.Count(p.stderr.String(), "\n"))
	_, err := getBinding(t.Context(), p.client(t))
	require.ErrorIs(t, err, imm.ErrNotFound)
}

func TestABucketHasTheFilesOfItsFolder(t *testing.T) {
	t.Parallel()
	p := start(t, "-bucket", "photos="+filepath.Join("..", "..", "examples", "photos"), "-bucket", "empty", "-bucket", "also-empty=")
	buckets := get[state](t, p, "state").Buckets
	require.Len(t, buckets, 3)
	require.Equal(t, []any{"also-empty", 0, "empty", 0, "photos", 38},
		[]any{buckets[0].Name, buckets[0].Objects, buckets[1].Name, buckets[1].Objects, buckets[2].Name, buckets[2].Objects})
	message, err := index(t, p, p.client(t), "oss://photos/animals/cat.jpg")
	require.NoError(t, err)
	require.Equal(t, true, message["Success"])
	require.NotZero(t, get[state](t, p, "state").Projects[0].Datasets[0].Files[0].ImageWidth)
}

func TestProjectsAndDatasetsExistWithTheirTemplates(t *testing.T) {
	t.Parallel()
	p := start(t, "-strict", "-project", "one:Official:ImageManagement", "-project", "two",
		"-dataset", "one/d:Official:OSSBasicMeta", "-dataset", "three/d", "-bucket", "test-bucket")
	projects := get[state](t, p, "state").Projects
	require.Len(t, projects, 3)
	require.Equal(t, "one Official:ImageManagement", projects[0].ProjectName+" "+projects[0].Template)
	require.Equal(t, "d Official:OSSBasicMeta", projects[0].Datasets[0].DatasetName+" "+projects[0].Datasets[0].Template)
	require.Equal(t, "three Official:DefaultEmptyId", projects[1].ProjectName+" "+projects[1].Template)
	require.Equal(t, "two", projects[2].ProjectName)
	require.Equal(t, "ResourceNotFound", code(t, createBinding(t, p.client(t))), "it is strict")
}

func TestOnlyTheKeyOfTheFlagsIsAccepted(t *testing.T) {
	t.Parallel()
	p := start(t, "-access-key-id", "id", "-access-key-secret", "the-secret", "-security-token", "the-token", "-bucket", "test-bucket")
	require.NoError(t, createBinding(t, p.client(t, "id", "the-secret", "the-token")))
	require.Equal(t, "SignatureDoesNotMatch", code(t, createBinding(t, p.client(t, "id", "another", "the-token"))))
	require.Equal(t, "InvalidSecurityToken.Malformed", code(t, createBinding(t, p.client(t, "id", "the-secret", "another"))))
	require.Equal(t, "InvalidAccessKeyId.NotFound", code(t, createBinding(t, p.client(t))))
	require.Zero(t, p.stop())
	require.NotContains(t, p.stderr.String(), "the-secret")
	require.NotContains(t, p.stderr.String(), "the-token")
	require.NotContains(t, p.stderr.String(), "Signature=")
}

func TestTheTimesAreThoseOfTheFlags(t *testing.T) {
	t.Parallel()
	p := start(t, "-bucket", "test-bucket", "-ready-time", "0s", "-full-scan-time", "1h", "-index-delay", "1h", "-clock-offset", "-5m")
	client := p.client(t)
	require.NoError(t, createBinding(t, client))
	require.Eventually(t, func() bool {
		got, err := getBinding(t.Context(), client)
		return err == nil && got.Binding.Phase == imm.PhaseFullScanning
	}, patience, time.Millisecond)
	got, err := getBinding(t.Context(), client)
	require.NoError(t, err)
	require.WithinDuration(t, time.Now().Add(-5*time.Minute), got.Binding.CreateTime, patience)
	require.NoError(t, func() error {
		_, err := client.IndexFileMeta(t.Context(), &imm.IndexFileMetaRequest{
			ProjectName: "test-project", DatasetName: "test-dataset", File: imm.InputFile{URI: "oss://test-bucket/a"},
			Notification: imm.Notification{MNS: imm.MNS{TopicName: "done"}},
		})
		return err
	}())
	require.Empty(t, get[[]any](t, p, "messages?topic=done&wait=0.05"))

	p = start(t, "-bucket", "test-bucket", "-ready-time", "1h")
	require.NoError(t, createBinding(t, p.client(t)))
	got, err = getBinding(t.Context(), p.client(t))
	require.NoError(t, err)
	require.Equal(t, imm.StateReady, got.Binding.State)
}

func TestMessagesHaveTheFormOfTheFlag(t *testing.T) {
	t.Parallel()
	for format, field := range map[string]string{"bare": "Success", "wrapped": "content"} {
		p := start(t, "-bucket", "test-bucket", "-message-format", format, "-index-delay", "0s")
		message, err := index(t, p, p.client(t), "oss://test-bucket/a")
		require.NoError(t, err)
		require.Contains(t, message, field)
	}
}

func TestAboveTheRateCallsAreThrottled(t *testing.T) {
	t.Parallel()
	p := start(t, "-qps", "0.001")
	_, err := getBinding(t.Context(), p.client(t))
	require.ErrorIs(t, err, imm.ErrNotFound)
	_, err = getBinding(t.Context(), p.client(t))
	require.ErrorIs(t, err, imm.ErrThrottled)
}

func TestAFileThatComesLaterIsFoundByTheNextLook(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	p := start(t, "-bucket", "test-bucket="+folder, "-ready-time", "0s", "-full-scan-time", "0s", "-rescan-interval", "5ms")
	client := p.client(t)
	require.NoError(t, createBinding(t, client))
	_, err := client.WaitBinding(t.Context(), &imm.GetBindingRequest{ProjectName: "test-project", DatasetName: "test-dataset", URI: "oss://test-bucket"},
		imm.WithPollInterval(time.Millisecond))
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(filepath.Join(folder, "later.txt"), []byte("hello"), 0o600))
	require.Eventually(t, func() bool {
		return len(get[state](t, p, "state").Projects[0].Datasets[0].Files) == 1
	}, patience, 5*time.Millisecond)
}

func TestAnIdleConnectionIsDroppedAfterTheTimeOfTheFlag(t *testing.T) {
	t.Parallel()
	p := start(t, "-idle-timeout", "20ms")
	conn, err := net.Dial("tcp", strings.TrimPrefix(p.url, "http://"))
	require.NoError(t, err)
	defer func() { require.NoError(t, conn.Close()) }()
	require.NoError(t, conn.SetDeadline(time.Now().Add(patience)))
	_, err = io.WriteString(conn, "GET /_emulator/faults HTTP/1.1\r\nHost: localhost\r\n\r\n")
	require.NoError(t, err)
	answer, err := io.ReadAll(conn) // until the program closes it
	require.NoError(t, err)
	require.Contains(t, string(answer), "200 OK")
}

func TestALongURLGetsThePageOfTheFrontEnd(t *testing.T) {
	t.Parallel()
	p := start(t)
	for _, length := range []int{9 << 10, 200 << 10} {
		resp, err := p.http.Post(p.url+"/?a="+strings.Repeat("x", length), "", nil)
		require.NoError(t, err)
		page, err := io.ReadAll(resp.Body)
		require.NoError(t, err)
		require.NoError(t, resp.Body.Close())
		require.Equal(t, http.StatusRequestURITooLong, resp.StatusCode)
		require.Contains(t, string(page), "414 Request-URI Too Large")
	}
}
