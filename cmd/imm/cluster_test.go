package main

import (
	"crypto/tls"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nkeys"
	"github.com/stretchr/testify/require"

	"github.com/imm-go/imm/bulk/boltjournal"
	"github.com/imm-go/imm/bulk/natsbulk/embedded"
	"github.com/imm-go/imm/immtest"
)

// newNATS is the address of a server of its own.
func newNATS(t *testing.T) string {
	t.Helper()
	s, err := embedded.Start(t.TempDir(), "127.0.0.1:0")
	require.NoError(t, err)
	t.Cleanup(s.Close)
	return s.URL()
}

// uriList writes a list of n files, with more lines behind them.
func uriList(t *testing.T, n int, more ...string) string {
	t.Helper()
	var lines strings.Builder
	for i := range n {
		fmt.Fprintf(&lines, "oss://test-bucket/%d.jpg\n", i)
	}
	for _, line := range more {
		lines.WriteString(line + "\n")
	}
	return write(t, "list.txt", lines.String())
}

// cluster runs a command of imm cluster.
func (f *fixture) cluster(t *testing.T, servers, command string, args ...string) (code int, out, errs string) {
	t.Helper()
	return f.call(t, append([]string{"cluster", command, "--cluster", servers}, args...)...)
}

func TestAListIsPlannedSentAndCollected(t *testing.T) {
	t.Parallel()
	f := newFixture(t, immtest.WithProject(testProject, ""))
	servers, folder := newNATS(t), t.TempDir()
	list := uriList(t, 1500, "no file")
	plan := append([]string{"--from", list}, testTarget...)

	code, _, errs := f.cluster(t, servers, "plan", plan...)
	require.Equal(t, exitUsage, code, errs)
	require.Contains(t, errs, "1,500 files will be indexed into dataset test-dataset of project test-project.\nEach of them is charged.")
	f.answers("yes\n")
	code, out, errs := f.cluster(t, servers, "plan", plan...)
	require.Equal(t, exitDone, code, errs)
	require.Contains(t, out, "Planned            1,501\n")
	require.Contains(t, out, "Batches waiting    16\n")
	require.Empty(t, f.handedIn(t))

	code, out, errs = f.cluster(t, servers, "work")
	require.Equal(t, exitFailed, code, errs)
	require.Contains(t, out, "Accepted  1,500\nFailed    1\n")
	require.Len(t, f.handedIn(t), 1500)

	journal, failed := filepath.Join(folder, "journal"), filepath.Join(folder, "failed.jsonl")
	code, out, errs = f.cluster(t, servers, "collect", "--journal", journal, "--failed", failed)
	require.Equal(t, exitFailed, code, errs)
	require.Contains(t, errs, "imm: 1 of 1,501 files failed; "+failed+" says why")
	require.Contains(t, out, "Accepted           1,500\nFailed             1\n")
	text, err := os.ReadFile(failed)
	require.NoError(t, err)
	require.Contains(t, string(text), "list.txt:1501")

	code, out, errs = f.cluster(t, servers, "status", "-o", "json")
	require.Equal(t, exitDone, code, errs)
	var status clusterStatus
	require.NoError(t, json.Unmarshal([]byte(out), &status))
	require.True(t, status.Complete)
	require.EqualValues(t, 1500, status.Accepted)
	require.Zero(t, status.Open)

	sent := len(f.handedIn(t))
	code, _, errs = f.index(t, "--yes", "--from", list, "--journal", journal)
	require.Contains(t, errs, "Nothing is left to do", "%d", code)
	require.Len(t, f.handedIn(t), sent)

	code, _, errs = f.cluster(t, servers, "plan", append([]string{"--yes", "oss://b/other"}, testTarget...)...)
	require.Equal(t, exitUsage, code)
	require.Contains(t, errs, "is at work on another list")
}

func TestDeadBatchesAreShownAndGivenToWorkersAgain(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	servers := newNATS(t)
	code, _, errs := f.cluster(t, servers, "plan", append([]string{"--yes", "--rate", "1000", "--ack-wait", "1", "--from", uriList(t, 100)}, testTarget...)...)
	require.Equal(t, exitDone, code, errs)
	f.server.Inject(immtest.Fault{Action: "BatchIndexFileMeta", Times: -1, Status: http.StatusForbidden, Code: "NoPermission"})
	for range 10 {
		code, _, errs = f.cluster(t, servers, "work", "--max-deliveries", "10")
		require.Equal(t, exitStopped, code, errs)
		require.Contains(t, errs, "NoPermission")
	}
	f.server.Reset()
	code, _, errs = f.cluster(t, servers, "work", "--max-deliveries", "10")
	require.Equal(t, exitDone, code, errs)
	code, out, errs := f.cluster(t, servers, "collect", "--failed", filepath.Join(t.TempDir(), "failed"))
	require.Equal(t, exitFailed, code, errs)
	require.Contains(t, out, "In dead batches       100\n")
	require.Contains(t, errs, "100 of 100 files are in batches that came back too often; ")
	_, out, errs = f.cluster(t, servers, "status")
	require.Contains(t, errs, "Batch 1 with 100 files is dead: 10 workers had it")
	_, trouble, _ := strings.Cut(out, "A worker ended early")
	require.Less(t, len(trouble), 2*mostTrouble)
	code, out, errs = f.cluster(t, servers, "retry-dead")
	require.Equal(t, exitDone, code, errs)
	require.Equal(t, "100 files given to the workers again.\n", out)
	code, out, errs = f.cluster(t, servers, "retry-dead", "-o", "jsonl")
	require.Equal(t, exitDone, code, errs)
	require.Equal(t, "{\"Files\":0}\n", out)
	code, _, errs = f.cluster(t, servers, "work")
	require.Equal(t, exitDone, code, errs)
	code, _, errs = f.cluster(t, servers, "collect")
	require.Equal(t, exitDone, code, errs)
}

func TestOneProcessPlansWorksAndCollects(t *testing.T) {
	t.Parallel()
	f := newFixture(t, immtest.WithProject(testProject, ""))
	folder := t.TempDir()
	journal, failed := filepath.Join(folder, "journal"), filepath.Join(folder, "failed.jsonl")
	list := uriList(t, 2500, "no file")
	args := []string{"--from", list, "--journal", journal, "--cluster", "embedded", "--failed", failed}
	code, _, errs := f.index(t, args...)
	require.Equal(t, exitUsage, code, errs)
	require.Contains(t, errs, "2,500 files will be indexed")

	f.answers("no\n")
	code, _, errs = f.index(t, args...)
	require.Equal(t, exitStopped, code, errs)
	require.Contains(t, errs, "the answer was not yes")
	require.Empty(t, f.handedIn(t))

	f.answers("yes\n")
	code, out, errs := f.index(t, args...)
	require.Equal(t, exitFailed, code, errs)
	require.Contains(t, errs, "imm: 1 of 2,501 files failed; "+failed+" says why")
	require.Contains(t, out, "Accepted      2,500\n")
	require.Len(t, f.handedIn(t), 2500)
	require.DirExists(t, journal+".cluster")

	opened, err := boltjournal.Open(journal)
	require.NoError(t, err)
	failures := 0
	for failure, err := range opened.Failed() {
		require.NoError(t, err)
		require.Contains(t, failure.Reason, "list.txt:2501")
		failures++
	}
	require.Equal(t, 1, failures)
	require.NoError(t, opened.Close())
	_, _, errs = f.index(t, "--yes", "--from", list, "--journal", journal)
	require.Contains(t, errs, "Nothing is left to do")
	require.Len(t, f.handedIn(t), 2500)
}

func TestACountThatCannotBeMadeIsNoSuccess(t *testing.T) {
	t.Parallel()
	f := newFixture(t, immtest.WithProject(testProject, ""))
	servers := newNATS(t)
	code, _, errs := f.cluster(t, servers, "plan", append([]string{"--yes", "oss://b/1"}, testTarget...)...)
	require.Equal(t, exitDone, code, errs)
	conn, err := nats.Connect(servers)
	require.NoError(t, err)
	defer conn.Close()
	_, err = conn.Request("imm.imm.results.done", []byte("<html>"), 10*time.Second)
	require.NoError(t, err)
	code, _, errs = f.index(t, "--yes", "--cluster", servers, "oss://b/1")
	require.Equal(t, exitStopped, code, errs)
	require.Contains(t, errs, "message 1 of the results is of no worker")
}

func TestAJournalThatWasBegunWithoutAClusterIsRefused(t *testing.T) {
	t.Parallel()
	f := newFixture(t, immtest.WithProject(testProject, ""))
	journal := filepath.Join(t.TempDir(), "journal")
	code, _, errs := f.index(t, "--yes", "--journal", journal, "oss://b/1")
	require.Equal(t, exitDone, code, errs)
	code, _, errs = f.index(t, "--yes", "--journal", journal, "--cluster", "embedded", "oss://b/1")
	require.Equal(t, exitUsage, code)
	require.Contains(t, errs, "has files as done that this work does not know: it was begun without --cluster or by another --name")
	code, _, errs = f.index(t, "--yes", "--journal", journal, "--cluster", "embedded", "oss://b/2")
	require.Equal(t, exitUsage, code, errs)
	require.Len(t, f.handedIn(t), 1)
}

func TestAClusterThatCannotBeIsRefusedWithoutItsPassword(t *testing.T) {
	t.Parallel()
	const password = "s3cr3t"
	list := []string{"--yes", "oss://b/1"}
	for _, test := range []struct {
		args []string
		code int
		want string
	}{
		{[]string{"cluster"}, exitUsage, "imm cluster needs a command behind it"},
		{[]string{"cluster", "status"}, exitUsage, "imm: --cluster is missing"},
		{[]string{"cluster", "work", "--cluster", "embedded"}, exitUsage, "--cluster embedded is for imm index"},
		{[]string{"cluster", "status", "--cluster", "http://u:" + password + "@host"}, exitUsage, "one of the URLs names no NATS server"},
		{[]string{"cluster", "status", "--cluster", "nats://u:" + password + "@%zz"}, exitUsage, "one of the URLs names no NATS server"},
		{[]string{"cluster", "status", "--cluster", "nats://h,u:" + password + "@h"}, exitUsage, "one of the URLs names no NATS server"},
		{[]string{"cluster", "status", "--cluster", "nats://u:" + password + "@127.0.0.1:1"}, exitFailed, "imm: the NATS servers of --cluster (127.0.0.1:1) cannot be used: "},
		{[]string{"cluster", "status", "--cluster", "nats://h", "--creds", "a", "--nkey", "b"}, exitUsage, "there are --creds and --nkey; use one of the two"},
		{[]string{"cluster", "status", "--cluster", "nats://h", "--creds", "/none/creds"}, exitUsage, "--creds: stat /none/creds"},
		{[]string{"cluster", "status", "--cluster", "nats://h", "--nkey", "/none/nkey"}, exitUsage, "--nkey: /none/nkey has no seed of an nkey"},
		{[]string{"cluster", "status", "--cluster", "nats://h", "--tls-cert", "a"}, exitUsage, "--tls-cert and --tls-key belong together"},
		{[]string{"cluster", "status", "x", "--cluster", "nats://h"}, exitUsage, ""},
		{append([]string{"cluster", "plan", "--cluster", "nats://h", "--rate", "0", "oss://b/1"}, testTarget...), exitUsage, "--rate is 0"},
		{[]string{"cluster", "work", "--cluster", "nats://h", "--confirm-within", "1s"}, exitUsage, "--confirm-within is 1s"},
		{append([]string{"index", "--cluster", "embedded"}, list...), exitUsage, "--cluster embedded needs --journal"},
		{append([]string{"index", "--cluster", "embedded://0.0.0.0:4222", "--journal", filepath.Join(t.TempDir(), "j")}, list...), exitUsage, "does not say that it is of this machine alone"},
		{append([]string{"index", "--cluster", "nats://h", "--confirm", "messages", "--topic", "t", "--queue", "q", "--queue-endpoint", "u"}, list...), exitUsage, "with --cluster use --confirm poll"},
		{[]string{"index", "--cluster", "nats://h", "--journal", "j", "--retry-failed"}, exitUsage, "leave --cluster out"},
		{append([]string{"index", "--cluster", "embedded://u:" + password + "@127.0.0.1:0", "--journal", filepath.Join(t.TempDir(), "j")}, list...), exitUsage, "want a host and a port alone"},
		{append([]string{"index", "--cluster", "embedded", "--creds", "c", "--journal", "j"}, list...), exitUsage, "--creds is for servers elsewhere"},
		{append([]string{"index", "--cluster", ""}, list...), exitUsage, "--cluster is empty; want the URL"},
		{append([]string{"index", "--name", "n"}, list...), exitUsage, "--name is about a cluster, and --cluster is missing"},
		{append([]string{"index", "--tls-ca", "ca.pem"}, list...), exitUsage, "--tls-ca is about a cluster"},
	} {
		f := newFixture(t)
		args := test.args
		if args[0] == "index" {
			args = append(args, testTarget...)
		}
		code, out, errs := f.call(t, args...)
		require.Equal(t, test.code, code, "%v: %s", args, errs)
		require.Contains(t, errs, test.want, "%v", args)
		require.NotContains(t, errs+out, password)
		require.Empty(t, f.handedIn(t))
	}
}

func TestAClusterIsReachedByTLSAndAnNkey(t *testing.T) {
	t.Parallel()
	certified := httptest.NewTLSServer(nil) // only for its certificate
	defer certified.Close()
	pair, err := nkeys.CreateUser()
	require.NoError(t, err)
	public, err := pair.PublicKey()
	require.NoError(t, err)
	seed, err := pair.Seed()
	require.NoError(t, err)
	s, err := server.NewServer(&server.Options{
		Host: "127.0.0.1", Port: server.RANDOM_PORT, JetStream: true, StoreDir: t.TempDir(), NoSigs: true, NoLog: true,
		TLS: true, TLSTimeout: 5, TLSConfig: &tls.Config{Certificates: certified.TLS.Certificates, MinVersion: tls.VersionTLS12},
		Nkeys: []*server.NkeyUser{{Nkey: public}},
	})
	require.NoError(t, err)
	s.Start()
	t.Cleanup(func() { s.Shutdown(); s.WaitForShutdown() })
	require.True(t, s.ReadyForConnections(30*time.Second))
	address := "tls://" + s.Addr().String()
	ca := write(t, "ca.pem", string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: certified.Certificate().Raw})))
	nkey := write(t, "nkey", string(seed))

	f := newFixture(t)
	code, _, errs := f.cluster(t, address, "status", "--tls-ca", ca, "--nkey", nkey)
	require.Equal(t, exitUsage, code, errs)
	require.Contains(t, errs, "there is no work named imm on these servers; imm cluster plan makes it")
	code, _, errs = f.cluster(t, address, "status", "--tls-ca", ca)
	require.Equal(t, exitFailed, code, "without the nkey")
	require.NotContains(t, errs, string(seed))
	code, _, errs = f.cluster(t, address, "status", "--nkey", nkey)
	require.Equal(t, exitFailed, code, "without the certificate that the servers are trusted by")
	require.Contains(t, errs, "certificate")
}
