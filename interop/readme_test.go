package interop

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/imm-go/imm/interop/scenario"
)

// The README names every test of this module, and every row of a test's table,
// and nothing that does not exist. Of the tests of immtest it names some.
func TestTheREADMENamesTheTestsThatThereAre(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("README.md")
	require.NoError(t, err)
	named := make(map[string]bool)
	for i, quoted := range strings.Split(string(text), "`") {
		if i%2 == 1 && strings.HasPrefix(quoted, "Test") {
			named[quoted] = true
		}
	}
	there := make(map[string]bool)
	for _, pattern := range []string{"published/*_test.go", "nginx/*_test.go", "queue/*_test.go"} {
		addFiles(t, there, pattern)
	}
	elsewhere := make(map[string]bool)
	addFiles(t, elsewhere, "../immtest/*_test.go")
	s, err := scenario.Load()
	require.NoError(t, err)
	for _, step := range s.Refusals {
		there["TestArgumentsAreRefusedAlikeForOurClientAndThePublishedCore/"+step.Name] = true
	}
	all, err := scenario.All()
	require.NoError(t, err)
	for _, s := range all {
		require.Contains(t, string(text), "| `"+s.Name+".json` |")
	}
	for name := range named {
		require.True(t, there[name] || elsewhere[name], "README.md names %q, which is not there", name)
	}
	for name := range there {
		test, row, isRow := strings.Cut(name, "/")
		// A row need not be named where its test has others that are, but for the
		// tests whose rows are the checks themselves.
		if isRow && !strings.HasPrefix(test, "TestTheGatewayRefuses") && !strings.HasPrefix(test, "TestArgumentsAreRefused") &&
			!strings.HasPrefix(test, "TestTheQueueRefuses") {
			continue
		}
		require.True(t, named[name] || !isRow && namedByRow(named, test), "README.md does not name %q (row %q)", test, row)
	}
}

func namedByRow(named map[string]bool, test string) bool {
	for name := range named {
		if strings.HasPrefix(name, test+"/") {
			return true
		}
	}
	return false
}

// addFiles adds the tests of the files of a pattern, of which there is one or more.
func addFiles(t *testing.T, there map[string]bool, pattern string) {
	t.Helper()
	files, err := filepath.Glob(pattern)
	require.NoError(t, err)
	require.NotEmpty(t, files)
	for _, file := range files {
		addTests(t, there, file)
	}
}

// addTests adds the tests of a file, and the rows of their tables: structures
// whose first value, or whose name, is text.
func addTests(t *testing.T, there map[string]bool, path string) {
	t.Helper()
	file, err := parser.ParseFile(token.NewFileSet(), path, nil, 0)
	require.NoError(t, err)
	for _, decl := range file.Decls {
		fn, ok := decl.(*ast.FuncDecl)
		if !ok || !strings.HasPrefix(fn.Name.Name, "Test") || fn.Name.Name == "TestMain" {
			continue
		}
		there[fn.Name.Name] = true
		ast.Inspect(fn, func(node ast.Node) bool {
			if row, ok := node.(*ast.CompositeLit); ok && row.Type == nil && len(row.Elts) > 0 {
				if name, ok := rowName(row.Elts[0]); ok {
					there[fn.Name.Name+"/"+name] = true
				}
			}
			return true
		})
	}
}

func rowName(first ast.Expr) (string, bool) {
	if pair, ok := first.(*ast.KeyValueExpr); ok {
		key, isName := pair.Key.(*ast.Ident)
		if !isName || key.Name != "name" {
			return "", false
		}
		first = pair.Value
	}
	literal, ok := first.(*ast.BasicLit)
	if !ok || literal.Kind != token.STRING {
		return "", false
	}
	name, err := strconv.Unquote(literal.Value)
	return name, err == nil
}
