//go:build unix

package main

import (
	"bytes"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/creack/pty"
	"github.com/stretchr/testify/require"

	"github.com/imm-go/imm/immtest"
)

func TestTheFirstInterruptStopsCleanlyAndAJournalGoesOn(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	list := write(t, "list.txt", numbered(2000))
	args := []string{"index", "--yes", "--from", list, "--journal", filepath.Join(t.TempDir(), "journal"), "--rate", "20"}
	cmd := f.child(t, args...)
	var errs bytes.Buffer
	cmd.Stderr = &errs
	require.NoError(t, cmd.Start())
	f.calls(t, 3)
	require.NoError(t, cmd.Process.Signal(os.Interrupt))
	require.Equal(t, exitStopped, exitCode(t, cmd.Wait()), errs.String())
	require.Contains(t, errs.String(), "Interrupt again to stop at once.\n")
	require.Contains(t, errs.String(), "imm: stopped before the end; the same command goes on where it was\n")
	require.Less(t, len(f.handedIn(t)), 2000)

	cmd = f.child(t, args...)
	out, err := cmd.CombinedOutput()
	require.NoError(t, err, string(out))
	require.Len(t, f.handedIn(t), 2000)
}

func TestTheSecondInterruptStopsAtOnce(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.server.Inject(immtest.Fault{Action: "BatchIndexFileMeta", Times: -1, Hang: true})
	cmd := f.child(t, "index", "--yes", "oss://b/1")
	reader, writer, err := os.Pipe()
	require.NoError(t, err)
	cmd.Stderr = writer
	require.NoError(t, cmd.Start())
	require.NoError(t, writer.Close())
	f.calls(t, 1)
	require.NoError(t, cmd.Process.Signal(os.Interrupt))
	readUntil(t, reader, "Interrupt again to stop at once.")
	<-time.After(2 * sameSignal) // or it would be taken for the first one
	start := time.Now()
	require.NoError(t, cmd.Process.Signal(os.Interrupt))
	rest, err := io.ReadAll(reader)
	require.NoError(t, err)
	require.Equal(t, exitStopped, exitCode(t, cmd.Wait()))
	require.Contains(t, string(rest), "imm: stopped at once")
	require.Less(t, time.Since(start), 5*time.Second, "the call under way is not waited for")
}

// readUntil reads up to a text, which must come.
func readUntil(t *testing.T, r io.Reader, text string) string {
	t.Helper()
	var read strings.Builder
	one := make([]byte, 1)
	for !strings.HasSuffix(read.String(), text) {
		_, err := r.Read(one)
		require.NoError(t, err, "%q does not come: %q", text, read.String())
		read.Write(one)
	}
	return read.String()
}

func TestAtATerminalSomebodyIsAskedAndWatchesABar(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	cmd := f.child(t, "index", "--from", write(t, "list.txt", numbered(3000)), "--rate", "20")
	terminal, err := pty.StartWithSize(cmd, &pty.Winsize{Rows: 24, Cols: 80})
	require.NoError(t, err)
	t.Cleanup(func() { _ = terminal.Close() })
	readUntil(t, terminal, "3,000 files will be indexed into dataset test-dataset of project test-project.\r\nEach of them is charged.\r\nGo ahead? [y/N] ")
	_, err = terminal.WriteString("y\n")
	require.NoError(t, err)
	seen := readUntil(t, terminal, "Requests  30\r\n")
	require.NoError(t, cmd.Wait())
	require.Contains(t, seen, " of 3,000 files [")
	require.Contains(t, seen, " files/s, ")
	require.Contains(t, seen, " left, ")
	require.Contains(t, seen, "3,000 of 3,000 files [=========")
	require.Contains(t, seen, "] 100 %")
	for line := range strings.SplitSeq(seen, "\n") {
		require.LessOrEqual(t, len(line), 80+len("\x1b[2A\x1b[J\r"), "a line that is too long breaks the bar")
	}
	require.Len(t, f.handedIn(t), 3000)
}

func TestTheDoctorNamesWhereTheKeysOfAProcessComeFrom(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	keys := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, `{"Code":"Success","AccessKeyId":"test-access-key-id","AccessKeySecret":"test-access-key-secret","SecurityToken":"t","Expiration":"2100-01-01T00:00:00Z"}`)
	}))
	t.Cleanup(keys.Close)
	for _, test := range []struct {
		file, text string
		env        []string
		want       string
	}{
		{"", "", []string{"ALIBABA_CLOUD_ACCESS_KEY_ID=test-access-key-id", "ALIBABA_CLOUD_ACCESS_KEY_SECRET=test-access-key-secret"}, "the environment (ALIBABA_CLOUD_ACCESS_KEY_ID)"},
		{".aliyun/config.json", `{"current":"x","profiles":[{"name":"x","mode":"AK","access_key_id":"test-access-key-id","access_key_secret":"test-access-key-secret"}]}`, nil, "the profile of the aliyun command line"},
		{".alibabacloud/credentials", "[default]\ntype = access_key\naccess_key_id = test-access-key-id\naccess_key_secret = test-access-key-secret\n", nil, "the shared credentials file"},
		{"", "", []string{"ALIBABA_CLOUD_CREDENTIALS_URI=" + keys.URL}, "the address in ALIBABA_CLOUD_CREDENTIALS_URI, and is a temporary one"},
	} {
		cmd := f.child(t, "doctor")
		if test.file != "" {
			path := filepath.Join(cmd.Dir, test.file)
			require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o700))
			require.NoError(t, os.WriteFile(path, []byte(test.text), 0o600))
		}
		cmd.Env = append([]string{asProgram + "=yes", "HOME=" + cmd.Dir, "ALIBABA_CLOUD_ECS_METADATA_DISABLED=true"}, test.env...)
		out, err := cmd.CombinedOutput()
		require.Contains(t, string(out), "ok       keys         the key test-access-key-id comes from "+test.want, "%v", err)
		require.NotContains(t, string(out), "test-access-key-secret")
	}
}

func TestControlCAtATerminalStopsCleanly(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	cmd := f.child(t, "index", "--yes", "--from", write(t, "list.txt", numbered(2000)), "--rate", "10")
	terminal, err := pty.StartWithSize(cmd, &pty.Winsize{Rows: 24, Cols: 80})
	require.NoError(t, err)
	t.Cleanup(func() { _ = terminal.Close() })
	f.calls(t, 2)
	_, err = terminal.Write([]byte{3})
	require.NoError(t, err)
	seen := readUntil(t, terminal, "imm: stopped before the end; with --journal the same command would go on where it was\r\n")
	require.Contains(t, seen, "Interrupt again to stop at once.\r\n", "above the bar")
	require.Equal(t, exitStopped, exitCode(t, cmd.Wait()))
}
