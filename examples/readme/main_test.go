package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

const root = "../.."

func read(t *testing.T, name string) string {
	t.Helper()
	data, err := os.ReadFile(name)
	require.NoError(t, err)
	return string(data)
}

// goBlocks are the blocks of Go code in a Markdown text.
func goBlocks(markdown string) []string {
	var blocks []string
	for rest := markdown; ; {
		_, after, found := strings.Cut(rest, "\n```go\n")
		if !found {
			return blocks
		}
		var block string
		block, rest, _ = strings.Cut(after, "\n```\n")
		blocks = append(blocks, block+"\n")
	}
}

// flat is code without its indentation, which depends on where it stands.
func flat(code string) string {
	var b strings.Builder
	for line := range strings.Lines(code) {
		b.WriteString(strings.TrimSpace(line) + "\n")
	}
	return b.String()
}

// documents are README.md and those in docs.
func documents(t *testing.T) []string {
	t.Helper()
	names, err := filepath.Glob(filepath.Join(root, "docs", "*.md"))
	require.NoError(t, err)
	require.NotEmpty(t, names)
	return append(names, filepath.Join(root, "README.md"))
}

func TestTheProgramsAndFragmentsOfTheDocumentsAreOnesThatCompile(t *testing.T) {
	t.Parallel()
	program := read(t, "main.go")
	files, err := filepath.Glob("*fragments_test.go")
	require.NoError(t, err)
	fragments := ""
	for _, name := range files {
		fragments += flat(read(t, name))
	}
	programs := 0
	for _, document := range documents(t) {
		for _, block := range goBlocks(read(t, document)) {
			if strings.HasPrefix(block, "package ") {
				programs++
				require.Equal(t, program, block)
			} else {
				require.Contains(t, fragments, flat(block), "%s: put it into a file of fragments as well", document)
			}
		}
	}
	require.Equal(t, 1, programs)
}

func TestTheReadmeShowsWhatItsProgramPrints(t *testing.T) {
	t.Parallel()
	_, output, found := strings.Cut(read(t, "example_test.go"), "// Output:\n")
	require.True(t, found)
	output = strings.ReplaceAll(strings.TrimSuffix(output, "}\n"), "\t// ", "    ")
	require.NotEmpty(t, output)
	require.Contains(t, read(t, filepath.Join(root, "README.md")), "\nIt prints\n\n"+output+"\n")
}

func TestTheFilesThatTheDocumentsLinkToExist(t *testing.T) {
	t.Parallel()
	for _, name := range documents(t) {
		rest := read(t, name)
		for _, block := range goBlocks(rest) { // where an index and a call look like a link
			rest = strings.ReplaceAll(rest, block, "")
		}
		for {
			_, after, found := strings.Cut(rest, "](")
			if !found {
				break
			}
			var target string
			target, rest, _ = strings.Cut(after, ")")
			if strings.Contains(target, "://") {
				continue
			}
			target, _, _ = strings.Cut(target, "#")
			_, err := os.Stat(filepath.Join(filepath.Dir(name), filepath.FromSlash(target)))
			require.NoError(t, err, name)
		}
	}
}

func TestTheReadmeShowsTheRecordingAsTheScriptMadeIt(t *testing.T) {
	t.Parallel()
	recording := read(t, filepath.Join(root, "docs", "recordings", "imm-index.txt"))
	var shown strings.Builder
	for line := range strings.Lines(recording) {
		if line != "\n" {
			shown.WriteString("    ")
		}
		shown.WriteString(line)
	}
	require.Contains(t, read(t, filepath.Join(root, "README.md")), "\n\n"+shown.String()+"\n")
}
