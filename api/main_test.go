package main

import (
	"bytes"
	"io"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

// module writes a module with one package, and returns its folder.
func module(t *testing.T, source string) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range map[string]string{
		"go.mod":             "module example.com/m\n\ngo 1.26.0\n",
		"m.go":               "package m\n\n" + source,
		"internal/x/x.go":    "package x\n\ntype Hidden int\n",
		"cmd/program/p.go":   "package main\n\nfunc Exported() {}\n\nfunc main() {}\n",
		"nothing/nothing.go": "package nothing\n\nfunc nothing() { nothing() }\n",
	} {
		path := filepath.Join(dir, name)
		require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o755))
		require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
	}
	return dir
}

func TestAChangeOfThePublicAPIIsSaidAndWhetherItBreaksPrograms(t *testing.T) {
	t.Parallel()
	const broken, compatible = "example.com/m: BREAKS PROGRAMS: ", "example.com/m: compatible: "
	for name, c := range map[string]struct{ before, after, want string }{
		"a function is new":                {"", "func F() {}", compatible + "F: added\n"},
		"a function is gone":               {"func F() {}", "", broken + "F: removed\n"},
		"a result is new":                  {"func F() {}", "func F() error { return nil }", broken + "F: changed from func() to func() error\n"},
		"an argument is new":               {"func F(a int) {}", "func F(a, b int) {}", broken + "F: changed from func(int) to func(int, int)\n"},
		"an argument has a new name":       {"func F(a int) {}", "func F(b int) {}", compatible + "names of parameters, or the order\n"},
		"a field is new":                   {"type T struct{ A int; x int }", "type T struct{ A, B int; x int }", compatible + "T.B: added\n"},
		"a field is gone":                  {"type T struct{ A, B int }", "type T struct{ A int }", broken + "T.B: removed\n"},
		"a field has another type":         {"type T struct{ A int }", "type T struct{ A string }", broken + "T.A: changed from int to string\n"},
		"a method is new":                  {"type T int", "type T int\n\nfunc (T) M() {}", compatible + "T.M: added\n"},
		"a method is gone":                 {"type T int\n\nfunc (*T) M() {}", "type T int", broken + "(*T).M: removed\n"},
		"an interface asks for more":       {"type I interface{ A() }", "type I interface{ A(); B() }", broken + "I.B: added\n"},
		"a constant has another value":     {"const C = 1", "const C = 2", broken + "C: value changed from 1 to 2\n"},
		"values can no longer be compared": {"type T struct{ a int }", "type T struct{ a []int }", broken + "T: old is comparable, new is not\n"},
		"a hidden field is new":            {"type T struct{ a int }", "type T struct{ a, b int }", ""},
		"a hidden function is new":         {"func F() {}", "func F() { g() }\n\nfunc g() {}", ""},
		"a body is another":                {"func F() int { return 1 }", "func F() int { return 2 }", ""},
		"a hidden type is the same":        {"type Option func(*config)\n\ntype config struct{ a int }", "type Option func(*config)\n\ntype config struct{ a, b int }", ""},
		"a hidden type is another":         {"type Option func(*config)\n\ntype config struct{}", "type Option func(*other)\n\ntype other struct{}", compatible + "names of parameters, or the order\n"},
		"generic types":                    {"type G[T any] struct{ A T }\n\nfunc (G[T]) M() {}\n\nfunc F[T comparable](T) {}", "type G[T any] struct{ A []T }\n\nfunc (G[T]) M() {}\n\nfunc F[T comparable](T) {}", broken + "G.A: changed from T to []T\n"},
		"an alias":                         {"type A = map[string]int", "type A = map[string]string", broken + "A: changed from map[string]int to map[string]string\n"},
		"an import is no longer needed":    {"import \"net/http\"\n\nfunc F(http.Header) {}\n\nvar V http.Client", "func F(map[string][]string) {}", "BREAKS"},
		"everything stays": {
			"import (\n\t\"context\"\n\t\"iter\"\n)\n\ntype T struct{ base; *base2; C chan<- int; M map[string][2]bool }\n\ntype base struct{ X int }\n\ntype base2 struct{ Y int }\n\nfunc (base) B() {}\n\nconst (\n\tS string = \"long long long long long long long long long long long long long long long long long long\"\n\tF = 1.5\n\tThird = 1.0 / 3\n\tTenth = 0.1\n)\n\nvar V iter.Seq2[int, error]\n\nfunc Do(ctx context.Context, f func(int, ...string) (a, b int), args ...any) (err error) { return nil }\n\nfunc Loop(seq iter.Seq[int]) error {\n\tfor range seq {\n\t\treturn nil\n\t}\n\treturn nil\n}\n\nfunc LoopAny[T any](seq iter.Seq[T]) (T, error) {\n\tfor v := range seq {\n\t\treturn v, nil\n\t}\n\tvar v T\n\treturn v, nil\n}",
			"import (\n\t\"context\"\n\t\"iter\"\n)\n\ntype T struct{ base; *base2; C chan<- int; M map[string][2]bool }\n\ntype base struct{ X int }\n\ntype base2 struct{ Y int }\n\nfunc (base) B() {}\n\nconst (\n\tS string = \"long long long long long long long long long long long long long long long long long long\"\n\tF = 1.5\n\tThird = 1.0 / 3\n\tTenth = 0.1\n)\n\nvar V iter.Seq2[int, error]\n\nfunc Do(ctx context.Context, f func(int, ...string) (a, b int), args ...any) (err error) { return nil }\n\nfunc Loop(seq iter.Seq[int]) error {\n\tfor range seq {\n\t\treturn nil\n\t}\n\treturn nil\n}\n\nfunc LoopAny[T any](seq iter.Seq[T]) (T, error) {\n\tfor v := range seq {\n\t\treturn v, nil\n\t}\n\tvar v T\n\treturn v, nil\n}", "",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			folder := t.TempDir()
			before, after := module(t, c.before+"\n\ntype Anchor int\n"), module(t, c.after+"\n\ntype Anchor int\n")
			require.NoError(t, run([]string{"-write", "-to", folder, before}, io.Discard, io.Discard))
			require.NoError(t, run([]string{"-to", folder, before}, io.Discard, io.Discard), "the description is of the package")
			// What only a reader would see differently is compared as well.
			path := filepath.Join(folder, "example.com-m.txt")
			text, err := os.ReadFile(path)
			require.NoError(t, err)
			require.NoError(t, os.WriteFile(path, append(text, "\n// a comment\n"...), 0o600))
			var out bytes.Buffer
			require.ErrorIs(t, run([]string{"-to", folder, before}, &out, io.Discard), errDiffers)
			require.Equal(t, compatible+"names of parameters, or the order\n", out.String(), "the types are the same")
			require.NoError(t, os.WriteFile(path, text, 0o600))

			out.Reset()
			err = run([]string{"-to", folder, after}, &out, io.Discard)
			if c.want == "" {
				require.NoError(t, err, out.String())
				return
			}
			require.ErrorIs(t, err, errDiffers)
			require.Contains(t, out.String(), c.want)
			require.NoError(t, run([]string{"-write", "-to", folder, after}, io.Discard, io.Discard))
			require.NoError(t, run([]string{"-to", folder, after}, io.Discard, io.Discard))
		})
	}
}

func TestOnlyWhatUsersCanImportIsDescribed(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	require.NoError(t, run([]string{"-write", "-to", folder, module(t, "func F() {}\n")}, io.Discard, io.Discard))
	entries, err := os.ReadDir(folder)
	require.NoError(t, err)
	require.Len(t, entries, 1)
	require.Equal(t, "example.com-m.txt", entries[0].Name())
	require.Equal(t, "imm.txt", fileOf(root))
	require.Equal(t, "bulk-boltjournal.txt", fileOf(root+"/bulk/boltjournal"))
}

func TestAPackageThatIsGoneIsSaid(t *testing.T) {
	t.Parallel()
	folder, dir := t.TempDir(), module(t, "func F() {}\n")
	require.NoError(t, run([]string{"-write", "-to", folder, dir}, io.Discard, io.Discard))
	require.NoError(t, os.WriteFile(filepath.Join(folder, "old.txt"), []byte("package old\n"), 0o600))
	var out bytes.Buffer
	require.ErrorIs(t, run([]string{"-to", folder, dir}, &out, io.Discard), errDiffers)
	require.Equal(t, "old: BREAKS PROGRAMS: the package is gone\n", out.String())
	require.NoError(t, run([]string{"-write", "-to", folder, dir}, io.Discard, io.Discard))
	require.NoFileExists(t, filepath.Join(folder, "old.txt"))
}

func TestWhatCannotBeReadIsAnErrorAndNoChange(t *testing.T) {
	t.Parallel()
	dir := module(t, "func F() {}\n")
	require.ErrorContains(t, run(nil, io.Discard, io.Discard), "no module is named")
	require.ErrorContains(t, run([]string{"-x"}, io.Discard, io.Discard), "-x")
	require.ErrorContains(t, run([]string{filepath.Join(t.TempDir(), "nowhere")}, io.Discard, io.Discard), "nowhere")
	broken := module(t, "func F() { return 1 }\n")
	require.ErrorContains(t, run([]string{"-to", t.TempDir(), broken}, io.Discard, io.Discard), "too many return values")
	for _, text := range []string{"no Go", "package m\n\nfunc F() Missing\n", "package m\n\nimport \"example.com/nowhere\"\n"} {
		folder := t.TempDir()
		require.NoError(t, os.WriteFile(filepath.Join(folder, "example.com-m.txt"), []byte(text), 0o600))
		err := run([]string{"-to", folder, dir}, io.Discard, io.Discard)
		require.Error(t, err, text)
		require.NotErrorIs(t, err, errDiffers, text)
	}
}
