package main

import (
	"flag"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/require"

	"github.com/imm-go/imm/immtest"
)

var update = flag.Bool("update", false, "write the golden files anew")

// requireGolden compares text with a file of testdata.
func requireGolden(t *testing.T, name, text string) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
	}
	want, err := os.ReadFile(path)
	require.NoError(t, err)
	require.Equal(t, string(want), text, "go test -update writes %s anew", path)
}

// session is what somebody types who looks after a dataset, with an exit code
// where it is not 0.
var session = []struct {
	line string
	code int
}{
	{line: "project list"},
	{line: "project create photos --template Official:ImageManagement --description Fotos"},
	{line: "project create photos", code: exitFailed},
	{line: "project update photos --description 相片"},
	{line: "project get photos --statistics"},
	{line: "project list"},
	{line: "dataset create all --project photos"},
	{line: "dataset update all --project photos --description everything"},
	{line: "dataset get all --project photos --statistics"},
	{line: "dataset list --project photos"},
	{line: "bind oss://test-bucket --project photos --dataset all --yes"},
	{line: "binding list --project photos --dataset all"},
	{line: "binding wait oss://test-bucket --project photos --dataset all"},
	{line: "binding status oss://test-bucket --project photos --dataset all"},
	{line: "update --project photos --dataset all oss://test-bucket/a.txt --label category=Pets --custom-id 1"},
	{line: "get --project photos --dataset all oss://test-bucket/a.txt oss://test-bucket/猫.txt --fields Filename,Size,CustomLabels.category"},
	{line: "get --project photos --dataset all oss://test-bucket/none.txt oss://test-bucket/b.txt --fields Size", code: exitFailed},
	{line: "query --project photos --dataset all --sort Filename --order asc --limit 2 --fields Filename,Size"},
	{line: "query --project photos --dataset all Size<1 --fields Size"},
	{line: "query --project photos --dataset all --aggregate sum:Size --aggregate group:ContentType"},
	{line: "query --dry-run Labels[LabelName=cat]andnotexistsSize", code: exitUsage},
	{line: "query --dry-run Labels[LabelName=cat]"},
	{line: "unbind oss://test-bucket --project photos --dataset all"},
	{line: "binding status oss://test-bucket --project photos --dataset all", code: exitFailed},
	{line: "binding list --project photos --dataset all"},
	{line: "dataset delete all --project photos", code: exitFailed},
	{line: "delete --project photos --dataset all oss://test-bucket/a.txt oss://test-bucket/b.txt oss://test-bucket/猫.txt --yes"},
	{line: "dataset delete all --project photos"},
	{line: "project delete photos"},
}

func TestASessionLooksInEachFormAsItIsWrittenDown(t *testing.T) {
	t.Parallel()
	for _, form := range []string{"table", "json", "jsonl"} {
		synctest.Test(t, func(t *testing.T) {
			f := newFixture(t, immtest.WithStrict(), immtest.WithBucket(testBucket, nil))
			f.put("a.txt", "b.txt", "猫.txt")
			var b strings.Builder
			for _, step := range session {
				code, out, errs := f.call(t, append([]string{"-o", form}, strings.Fields(step.line)...)...)
				b.WriteString("$ imm " + step.line + "\n" + out + withoutIDs(errs))
				require.Equal(t, step.code, code, "%s: %s", step.line, errs)
			}
			requireGolden(t, "session_"+form+".txt", b.String())
		})
	}
}

var requestID = regexp.MustCompile("[0-9A-F]{8}(-[0-9A-F]{4}){3}-[0-9A-F]{12}")

// withoutIDs takes the request ids out of errors, which are random.
func withoutIDs(text string) string { return requestID.ReplaceAllString(text, "…") }
