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

func TestTheProgramsAndFragmentsOfTheReadmeAreOnesThatCompile(t *testing.T) {
	t.Parallel()
	program, fragments := read(t, "main.go"), flat(read(t, "fragments_test.go"))
	programs := 0
	for _, block := range goBlocks(read(t, filepath.Join(root, "README.md"))) {
		if strings.HasPrefix(block, "package ") {
			programs++
			require.Equal(t, program, block)
		} else {
			require.Contains(t, fragments, flat(block), "put it into fragments_test.go as well")
		}
	}
	require.Equal(t, 1, programs)
}

func TestTheFragmentsAboutTestingCompile(t *testing.T) {
	t.Parallel()
	fragments := flat(read(t, "testing_fragments_test.go") + read(t, "fragments_test.go"))
	blocks := goBlocks(read(t, filepath.Join(root, "docs", "testing.md")))
	require.Len(t, blocks, 4)
	for _, block := range blocks {
		require.Contains(t, fragments, flat(block), "put it into testing_fragments_test.go as well")
	}
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
	for _, document := range []string{"README.md", "docs/architecture.md", "docs/testing.md"} {
		name := filepath.Join(root, filepath.FromSlash(document))
		for rest := read(t, name); ; {
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
			require.NoError(t, err, document)
		}
	}
}
