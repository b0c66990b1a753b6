//go:build unix

package main

import (
	"bytes"
	"encoding/json"
	"math/rand/v2"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/imm-go/imm"
	"github.com/imm-go/imm/immtest"
)

func TestARunWithAServerInItselfGoesOnWhereItWasKilled(t *testing.T) {
	t.Parallel()
	const kills = 4
	f := newFixture(t, immtest.WithProject(testProject, ""))
	folder := t.TempDir()
	args := []string{"index", "--yes", "--from", uriList(t, 20_000), "--rate", "60",
		"--journal", filepath.Join(folder, "journal"), "--cluster", "embedded"}
	for i := range kills {
		cmd := f.child(t, args...)
		require.NoError(t, cmd.Start())
		f.calls(t, 25*(i+1))
		<-time.After(rand.N(200 * time.Millisecond))
		require.NoError(t, cmd.Process.Kill())
		require.Error(t, cmd.Wait())
	}
	cmd := f.child(t, args...)
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	require.NoError(t, cmd.Run(), "%s", &errs)
	require.Contains(t, out.String(), "Files     20,000\nAccepted  20,000\nFailed    0\n", "%s", &errs)
	accepted := make(map[string]int)
	twice := 0
	for _, r := range f.server.Requests() {
		var files []imm.InputFile
		if r.Action != "BatchIndexFileMeta" || r.Code != "" {
			continue
		}
		require.NoError(t, json.Unmarshal([]byte(r.Form.Get("Files")), &files))
		for _, file := range files {
			if accepted[file.URI]++; accepted[file.URI] > 1 {
				twice++
			}
		}
	}
	t.Logf("%d kills: %d of 20,000 files were sent twice", kills, twice)
	require.Len(t, accepted, 20_000)
}
