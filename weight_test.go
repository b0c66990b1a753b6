package imm_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// goTool runs the go command and returns what it prints.
func goTool(t *testing.T, args ...string) string {
	t.Helper()
	var stderr strings.Builder
	command := exec.CommandContext(t.Context(), "go", args...)
	command.Stderr = &stderr
	out, err := command.Output()
	require.NoError(t, err, stderr.String())
	return string(out)
}

func TestTheRootPackageDependsOnNothingButTheStandardLibrary(t *testing.T) {
	t.Parallel()
	const module = "github.com/imm-go/imm"
	deps := strings.Fields(goTool(t, "list", "-deps", "-f", "{{if not .Standard}}{{.ImportPath}}{{end}}", "."))
	require.Contains(t, deps, module)
	for _, dep := range deps {
		require.True(t, dep == module || strings.HasPrefix(dep, module+"/internal/"), "%s is linked into every program", dep)
	}
	// What counts for the size of programs, although it is of the standard library.
	all := strings.Fields(goTool(t, "list", "-deps", "."))
	for _, heavy := range []string{"regexp", "text/template", "html/template", "encoding/xml", "testing"} {
		require.NotContains(t, all, heavy)
	}
	require.Contains(t, strings.Fields(goTool(t, "list", "-deps", "./credentials")), "github.com/aliyun/credentials-go/credentials/providers")
}

// plainProgram uses what every program that calls a service has anyway.
const plainProgram = `package main

import (
	"encoding/json"
	"log/slog"
	"net/http"
	"os"
)

func main() {
	resp, err := http.Get(os.Args[1])
	if err != nil {
		slog.Error("get", "error", err)
		return
	}
	defer resp.Body.Close()
	var v any
	slog.Info("got", "error", json.NewDecoder(resp.Body).Decode(&v), "value", v)
}
`

const immProgram = `package main

import (
	"context"
	"encoding/json"
	"log/slog"
	"net/http"
	"os"

	"github.com/imm-go/imm"
)

func main() {
	client, err := imm.NewClient(os.Args[1], imm.StaticCredentials(os.Args[2], os.Args[3], ""), imm.WithHTTPClient(http.DefaultClient), imm.WithLogger(slog.Default()))
	if err != nil {
		slog.Error("client", "error", err)
		return
	}
	ctx := context.Background()
	binding, err := client.CreateBinding(ctx, &imm.CreateBindingRequest{ProjectName: "p", DatasetName: "d", URI: "oss://b"})
	slog.Info("bound", "binding", binding, "error", err)
	_, err = client.WaitBinding(ctx, &imm.GetBindingRequest{ProjectName: "p", DatasetName: "d", URI: "oss://b"})
	slog.Info("waited", "error", err)
	_, err = client.IndexFileMeta(ctx, &imm.IndexFileMetaRequest{ProjectName: "p", DatasetName: "d", File: imm.InputFile{URI: "oss://b/k"}})
	slog.Info("indexed", "error", err)
	_, err = client.BatchIndexFileMeta(ctx, &imm.BatchIndexFileMetaRequest{ProjectName: "p", DatasetName: "d", Files: []imm.InputFile{{URI: "oss://b/k"}}})
	slog.Info("indexed", "error", err)
	var v any
	slog.Info("done", "error", client.Do(ctx, "GetProject", map[string]any{"ProjectName": "p"}, &v))
	message, err := imm.ParseIndexMessage([]byte(os.Args[4]))
	text, _ := json.Marshal(message)
	slog.Info("message", "text", text, "error", err)
}
`

func TestAProgramIsAtMostSixPerCentLargerWithTheSDK(t *testing.T) {
	t.Parallel()
	plain, ours := programSize(t, "plain", plainProgram), programSize(t, "imm", immProgram)
	growth := 100 * (float64(ours)/float64(plain) - 1)
	t.Logf("net/http, encoding/json and log/slog: %d bytes; with every call of this package: %d bytes, %.1f %% more", plain, ours, growth)
	require.LessOrEqual(t, growth, 6.0)
}

// programSize builds a program of its own inside this module, so that it needs
// no module of its own and nothing from elsewhere.
func programSize(t *testing.T, name, source string) int64 {
	t.Helper()
	dir := t.TempDir()
	main, binary := filepath.Join(dir, "main.go"), filepath.Join(dir, name)
	require.NoError(t, os.WriteFile(main, []byte(source), 0o600))
	goTool(t, "build", "-trimpath", "-buildvcs=false", "-ldflags=-s -w", "-o", binary, main)
	info, err := os.Stat(binary)
	require.NoError(t, err)
	return info.Size()
}
