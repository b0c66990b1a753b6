package main

import (
	"context"
	"errors"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/imm-go/imm"
	"github.com/imm-go/imm/immtest"
)

func TestNoSecretIsEverWritten(t *testing.T) {
	t.Parallel()
	const secret, token = "s3cr3t-of-the-key", "t0k3n-of-the-session"
	for _, fault := range []*immtest.Fault{nil, {Times: -1, Status: 403, Code: "NoPermission"}, {Times: -1, Reset: true}, {Times: -1, Status: 502, Body: "<html>"}, {Times: -1, Status: 403, Code: "InvalidSecurityToken.Expired"}} {
		f := newFixture(t, immtest.WithCredentials("the-id", secret, token))
		keys := imm.StaticCredentials("the-id", secret, token)
		f.credentials = func() (imm.CredentialsProvider, error) { return keys, nil }
		f.sources = []source{{"the test", f.credentials}}
		f.put("a.txt")
		if fault != nil {
			f.server.Inject(*fault)
		}
		journal := filepath.Join(t.TempDir(), "journal")
		lines := []string{
			"project create p", "project get p", "project list", "project update p --description x", "dataset create d -p p", "dataset get d -p p", "dataset list -p p", "dataset update d -p p --description x",
			"bind oss://test-bucket -p p -d d --yes", "binding status oss://test-bucket -p p -d d", "binding list -p p -d d",
			"index oss://test-bucket/a.txt -p p -d d --yes --confirm poll --confirm-within 1s --failed " + filepath.Join(t.TempDir(), "failed") + " --journal " + journal,
			"index oss://test-bucket/a.txt -p p -d d --yes --confirm messages --topic x --queue q --queue-endpoint http://localhost --confirm-within 1s --failed " + filepath.Join(t.TempDir(), "failed"),
			"get oss://test-bucket/a.txt -p p -d d", "query Size>1 -p p -d d", "update oss://test-bucket/a.txt -p p -d d --custom-id x", "unbind oss://test-bucket -p p -d d",
			"delete oss://test-bucket/a.txt -p p -d d --yes", "dataset delete d -p p", "project delete p",
			"doctor -p p -d d", "doctor --endpoint " + f.server.URL(), "project list --endpoint https://user:" + secret + "@example.com",
		}
		for _, form := range []string{"table", "json", "jsonl"} {
			for _, line := range lines {
				f.call(t, append(strings.Fields(line), "-o", form)...)
			}
		}
		written := f.out.String() + f.err.String()
		require.NotContains(t, written, secret)
		require.NotContains(t, written, token)
		require.NotContains(t, written, "Signature=")
		require.Contains(t, written, "project", "something was written")
	}
}

func TestNothingThatSteersATerminalIsWritten(t *testing.T) {
	t.Parallel()
	const evil = "\x1b[31mred\u009b2J\u202e\u2028"
	f := newFixture(t)
	f.server.PutObject(testBucket, evil, []byte("x"))
	_, err := f.server.Client().BatchIndexFileMeta(t.Context(), &imm.BatchIndexFileMetaRequest{
		ProjectName: testProject, DatasetName: testDataset,
		Files: []imm.InputFile{{URI: "oss://" + testBucket + "/" + evil, CustomLabels: map[string]string{evil: evil}, CustomID: evil}},
	})
	require.NoError(t, err)
	require.Eventually(t, func() bool {
		return strings.Contains(f.must(t, append([]string{"query"}, testTarget...)...), "oss://")
	}, childTime, 10*time.Millisecond)
	for _, form := range []string{"table", "json", "jsonl"} {
		for _, args := range [][]string{
			{"query"}, {"query", "--fields", "CustomId,CustomLabels"}, {"get", "oss://" + testBucket + "/" + evil}, {"get", "oss://b/" + evil},
			{"update", "oss://b/" + evil, "--custom-id", evil}, {"delete", "oss://b/" + evil, "--yes"}, {"query", evil + " = 1"}, {evil}, {"--" + evil},
			{"index", "--from", evil}, {"index", "--dry-run", "oss://b/" + evil, evil}, {"unbind", "oss://" + evil},
		} {
			f.call(t, append(append(args, "-o", form), testTarget...)...)
		}
	}
	for _, r := range f.out.String() + f.err.String() {
		require.False(t, r < ' ' && r != '\n' || r >= 0x7f && r <= 0x9f, "%q", r)
	}
	require.NotContains(t, strings.ReplaceAll(f.err.String(), `\u202e`, ""), "\u202e")
}

func TestACommandThatIsInterruptedSaysSo(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.server.Inject(immtest.Fault{Times: -1, Hang: true})
	for _, line := range []string{"project list", "project get p", "query -p p -d d", "get oss://b/k -p p -d d", "binding wait oss://b -p p -d d", "index oss://b/k -p p -d d --yes"} {
		ctx, cancel := context.WithCancelCause(t.Context())
		sent := len(f.requests())
		go func() {
			for len(f.server.Requests()) == sent && ctx.Err() == nil {
				<-time.After(time.Millisecond)
			}
			cancel(errors.New("somebody interrupted"))
		}()
		code, _, errs := f.callContext(ctx, t, strings.Fields(line)...)
		require.Equal(t, exitStopped, code, line)
		require.Contains(t, errs, "imm: stopped before the end", line)
		cancel(nil)
	}
}
