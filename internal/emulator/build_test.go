package emulator

import (
	"bufio"
	"debug/elf"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/imm-go/imm/immtest"
)

// build builds the program as the Dockerfile does.
func build(t *testing.T) string {
	t.Helper()
	binary := filepath.Join(t.TempDir(), "imm-emulator")
	if runtime.GOOS == "windows" {
		binary += ".exe"
	}
	command := exec.Command("go", "build", "-trimpath", "-buildvcs=false", "-ldflags", "-s -w -X main.version=v1.2.3", "-o", binary, "github.com/imm-go/imm/cmd/imm-emulator")
	command.Env = append(os.Environ(), "CGO_ENABLED=0")
	out, err := command.CombinedOutput()
	require.NoError(t, err, string(out))
	return binary
}

func TestTheProgramIsOneStaticFileThatServesUntilASignal(t *testing.T) {
	t.Parallel()
	binary := build(t)
	if runtime.GOOS == "linux" {
		requireStatic(t, binary)
	}
	version, err := exec.Command(binary, "-version").Output()
	require.NoError(t, err)
	require.Equal(t, "imm-emulator v1.2.3 "+runtime.Version()+" "+runtime.GOOS+"/"+runtime.GOARCH+"\n", string(version))

	p, command, printed := launch(t, binary, "-bucket", "test-bucket="+filepath.Join("..", "..", "examples", "photos"),
		"-access-key-id", "id", "-access-key-secret", "the-secret", "-security-token", "the-token", "-index-delay", "10ms")
	client := p.client(t, "id", "the-secret", "the-token")
	require.NoError(t, createBinding(t, client))
	message, err := index(t, p, client, "oss://test-bucket/animals/cat.jpg")
	require.NoError(t, err)
	require.Equal(t, true, message["Success"])
	require.Empty(t, message["Files"].([]any)[0].(map[string]any)["Error"])
	requests := get[[]struct{ Action string }](t, p, "requests")
	require.Len(t, requests, 2)
	require.NotZero(t, get[state](t, p, "state").Projects[0].Datasets[0].Files[0].ImageWidth)

	end(t, command)
	rest, err := io.ReadAll(printed)
	require.NoError(t, err)
	require.Empty(t, string(rest), "the address is the only line")
	require.NoError(t, command.Wait(), p.stderr)
	log := p.stderr.String()
	require.Contains(t, log, "action=CreateBinding status=200")
	require.Contains(t, log, "action=IndexFileMeta status=200")
	for _, secret := range []string{"the-secret", "the-token", "Signature=", immtest.AccessKeySecret} {
		require.NotContains(t, log, secret)
	}
}

// launch starts the built program on a free port. printed is what it prints after
// its first line.
func launch(t *testing.T, binary string, args ...string) (p *program, command *exec.Cmd, printed io.Reader) {
	t.Helper()
	p = &program{stderr: new(buffer)}
	command = exec.Command(binary, append([]string{"-addr", "127.0.0.1:0"}, args...)...)
	command.Stderr = p.stderr
	stdout, err := command.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, command.Start())
	kill := time.AfterFunc(patience, func() { _ = command.Process.Kill() })
	t.Cleanup(func() {
		kill.Stop()
		_ = command.Process.Kill() // where the test failed before its end
	})
	reader := bufio.NewReader(stdout)
	p.first, err = reader.ReadString('\n')
	require.NoError(t, err, p.stderr)
	p.url = strings.TrimSpace(strings.TrimPrefix(p.first, "listening on "))
	transport := &http.Transport{}
	t.Cleanup(transport.CloseIdleConnections)
	p.http = &http.Client{Transport: transport, Timeout: patience}
	return p, command, reader
}

// end asks the program to stop, where the system can ask.
func end(t *testing.T, command *exec.Cmd) {
	t.Helper()
	if runtime.GOOS == "windows" {
		require.NoError(t, command.Process.Kill())
		return
	}
	require.NoError(t, command.Process.Signal(syscall.SIGTERM))
}

// requireStatic wants a file that needs no loader and no library, so that it runs
// in a container with nothing else in it.
func requireStatic(t *testing.T, binary string) {
	t.Helper()
	file, err := elf.Open(binary)
	require.NoError(t, err)
	defer func() { require.NoError(t, file.Close()) }()
	libraries, err := file.ImportedLibraries()
	require.NoError(t, err)
	require.Empty(t, libraries)
	for _, segment := range file.Progs {
		require.NotEqual(t, elf.PT_INTERP, segment.Type)
	}
}
