package main

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// shell runs commands in a folder, with settings for git and go that need no
// network, and returns what they print.
func shell(t *testing.T, dir, origin, commands string) (string, error) {
	t.Helper()
	command := exec.CommandContext(context.WithoutCancel(t.Context()), "bash", "-euo", "pipefail")
	command.Dir, command.Stdin = dir, strings.NewReader(commands)
	command.Env = append(os.Environ(),
		"GOWORK=off", "GOFLAGS=-modcacherw", "GOPRIVATE=example.com", "GOPROXY=direct", "GOMODCACHE="+filepath.Join(origin, "../cache"),
		"GIT_CONFIG_COUNT=4",
		"GIT_CONFIG_KEY_0=url."+strings.TrimSuffix(origin, ".git")+".insteadOf", "GIT_CONFIG_VALUE_0=https://example.com/m",
		"GIT_CONFIG_KEY_1=user.name", "GIT_CONFIG_VALUE_1=Nobody",
		"GIT_CONFIG_KEY_2=user.email", "GIT_CONFIG_VALUE_2=nobody@example.com",
		"GIT_CONFIG_KEY_3=init.defaultBranch", "GIT_CONFIG_VALUE_3=main")
	out, err := command.CombinedOutput()
	return string(out), err
}

// project is a repository of three modules, one in another, each with what it needs
// in a folder, and the script that plans a release.
func project(t *testing.T) (dir, origin string) {
	t.Helper()
	folder := t.TempDir()
	dir, origin = filepath.Join(folder, "work"), filepath.Join(folder, "origin.git")
	script, err := os.ReadFile("../.ci/release")
	require.NoError(t, err)
	const root, part = "example.com/m.git", "example.com/m.git/a/part"
	for name, text := range map[string]string{
		".ci/release":    string(script),
		"CHANGELOG.md":   "# Changelog\n\n## [Unreleased]\n\n### Added\n\n- Something.\n",
		"go.mod":         "module " + root + "\n\ngo 1.26.0\n",
		"m.go":           "package m\n\nconst Name = \"root\"\n",
		"a/part/go.mod":  "module " + part + "\n\ngo 1.26.0\n\nrequire " + root + " v0.0.0\n\nreplace " + root + " => ../../\n",
		"a/part/part.go": "package part\n\nimport \"" + root + "\"\n\nconst Name = m.Name + \" part\"\n",
		"cmd/go.mod":     "module " + root + "/cmd\n\ngo 1.26.0\n\nrequire (\n\t" + root + " v0.0.0\n\t" + part + " v0.0.0\n)\n\nreplace (\n\t" + root + " => ../\n\t" + part + " => ../a/part\n)\n",
		"cmd/main.go":    "package main\n\nimport (\n\t\"fmt\"\n\n\t\"" + root + "\"\n\t\"" + part + "\"\n)\n\nfunc main() { fmt.Println(m.Name, part.Name) }\n",
	} {
		path := filepath.Join(dir, name)
		require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o755))
		require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
	}
	out, err := shell(t, dir, origin, `
		git init -q --bare ../origin.git
		git init -q; git add .; git commit -q -m First; git remote add origin ../origin.git; git push -q origin HEAD`)
	require.NoError(t, err, out)
	return dir, origin
}

func TestUsersCanInstallWhatAReleasePlanReleases(t *testing.T) {
	t.Parallel()
	dir, origin := project(t)
	for _, version := range []string{"v0.1.0", "v0.2.0"} { // which begins where the first one ended
		plan, err := shell(t, dir, origin, "bash .ci/release "+version+" ./cmd . ./a/part")
		require.NoError(t, err, plan)
		out, err := shell(t, dir, origin, "test -z \"$(git status --porcelain)\"; "+strings.ReplaceAll("git tag | grep -c VERSION || true", "VERSION", version))
		require.NoError(t, err, out)
		require.Equal(t, "0\n", out, "the plan has done nothing")
		out, err = shell(t, dir, origin, plan)
		require.NoError(t, err, out)

		user := t.TempDir()
		out, err = shell(t, user, origin, "GOBIN=$PWD go install example.com/m.git/cmd@"+version+"; ./cmd; go version -m cmd | grep -c 'example.com.*"+version+"'")
		require.NoError(t, err, out)
		require.Contains(t, out, "root root part\n3\n", "all three modules have the version")
		out, err = shell(t, dir, origin, "git fetch -q; git status --porcelain; git diff HEAD origin/main; grep -h -c replace a/part/go.mod cmd/go.mod; go -C cmd run .; cat CHANGELOG.md")
		require.NoError(t, err, out)
		require.True(t, strings.HasPrefix(out, "1\n2\nroot root part\n# Changelog\n\n## [Unreleased]\n\n## ["+version[1:]+"] - 20"), "the modules are together again: %s", out)

		out, err = shell(t, dir, origin, plan)
		require.Error(t, err)
		require.Contains(t, out, version+" exists\n", "a tag is never moved")
		if version == "v0.1.0" {
			text, err := os.ReadFile(filepath.Join(dir, "CHANGELOG.md"))
			require.NoError(t, err)
			require.NoError(t, os.WriteFile(filepath.Join(dir, "CHANGELOG.md"), []byte(strings.Replace(string(text), "[Unreleased]\n", "[Unreleased]\n\n- More.\n", 1)), 0o600))
			out, err := shell(t, dir, origin, "git commit -q -a -m More")
			require.NoError(t, err, out)
		}
	}
}

func TestAReleaseDoesNotBeginWhereItCouldNotEnd(t *testing.T) {
	t.Parallel()
	dir, origin := project(t)
	for arguments, want := range map[string]string{
		"":                       "want the version of the release",
		"0.1.0 .":                "want the version of the release",
		"v0.1 .":                 "want the version of the release",
		"v0.1.0; .":              "want the version of the release",
		"v0.1.0 ./cmd .":         "these need each other, or a module that is not released: ./cmd",
		"v0.1.0 ./cmd ./a/part ": "these need each other, or a module that is not released: ./cmd ./a/part",
	} {
		quoted := strings.Fields(arguments)
		for i := range quoted {
			quoted[i] = "'" + quoted[i] + "'"
		}
		out, err := shell(t, dir, origin, "bash .ci/release "+strings.Join(quoted, " "))
		require.Error(t, err, arguments)
		require.Contains(t, out, want, arguments)
	}
	plan, err := shell(t, dir, origin, "bash .ci/release v0.1.0 . ./a/part ./cmd")
	require.NoError(t, err, plan)
	out, err := shell(t, dir, origin, "touch forgotten; bash -c '"+strings.ReplaceAll(plan, "'", `'\''`)+"'; rm forgotten")
	require.Error(t, err, out)
	out, err = shell(t, dir, origin, "rm forgotten; git tag -l; git log --oneline | wc -l")
	require.NoError(t, err)
	require.Equal(t, "1", strings.TrimSpace(out), "nothing was done while something was not committed")
}
