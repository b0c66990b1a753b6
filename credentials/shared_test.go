package credentials

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/imm-go/imm"
)

const sharedKeys = "[default]\ntype = access_key\naccess_key_id = " + testID + "\naccess_key_secret = `" + testSecret + "`\n"

func sharedFile(t *testing.T, content string) string {
	t.Helper()
	path := writeFile(t, "credentials", content)
	t.Setenv(envCredentialsFile, path)
	return path
}

func TestTheSharedFileIsReadAndReadAgainWhenItChanges(t *testing.T) {
	path := sharedFile(t, sharedKeys)
	p, err := SharedProfile("")
	require.NoError(t, err)
	for range 2 {
		got, err := get(t, p)
		require.NoError(t, err)
		require.Equal(t, imm.Credentials{AccessKeyID: testID, AccessKeySecret: testSecret}, got)
	}
	require.NoError(t, os.WriteFile(path, []byte("[default]\ntype=access_key\naccess_key_id=new\naccess_key_secret=s\n"), 0o600))
	got, err := get(t, p)
	require.NoError(t, err)
	require.Equal(t, "new", got.AccessKeyID)
	require.NoError(t, os.Remove(path))
	_, err = get(t, p)
	require.ErrorIs(t, err, imm.ErrUnauthenticated)
	require.ErrorContains(t, err, envCredentialsFile)
}

func TestASectionIsChosenByNameThenEnvironment(t *testing.T) {
	home := t.TempDir()
	t.Setenv("HOME", home)
	t.Setenv("USERPROFILE", home)
	require.NoError(t, os.Mkdir(filepath.Join(home, ".alibabacloud"), 0o700))
	require.NoError(t, os.WriteFile(filepath.Join(home, ".alibabacloud", "credentials"),
		[]byte(sharedKeys+"[two]\ntype=access_key\naccess_key_id=2\naccess_key_secret=s\n"), 0o600))
	for _, tc := range []struct{ name, variable, id string }{{"", "", testID}, {"", "two", "2"}, {"default", "two", testID}, {"two", "", "2"}} {
		t.Setenv(envProfile, tc.variable)
		p, err := SharedProfile(tc.name)
		require.NoError(t, err)
		got, err := get(t, p)
		require.NoError(t, err)
		require.Equal(t, tc.id, got.AccessKeyID)
	}
}

func TestASharedFileOfNoUseIsExplainedWithoutItsLines(t *testing.T) {
	serveHost(t, "sts.aliyuncs.com", answersStatus(400, `{"Code":"Odd","Message":"`+testSecret+`"}`))
	for name, tc := range map[string]struct{ content, text string }{
		"not ini":       {"[default]\n" + "sourceSecret\n", "not a valid ini file"},
		"no section":    {"[other]\ntype=access_key\n", "does not have the section"},
		"no type":       {"[default]\naccess_key_secret=" + testSecret + "\n", "missing"},
		"unknown type":  {"[default]\ntype=bearer\nbearer_token=" + testSecret + "\n", "type is unknown"},
		"half a pair":   {"[default]\ntype=access_key\naccess_key_secret=" + testSecret + "\n", "missing"},
		"STS refuses":   {"[default]\ntype=ram_role_arn\naccess_key_id=a\naccess_key_secret=`" + testSecret + "`\nrole_arn=" + testRole + "\nrole_session_name=me\n", "Odd: REDACTED"},
		"no role there": {"[default]\ntype=ecs_ram_role\nrole_name=web\n", "127.0.0.1:1"},
	} {
		t.Run(name, func(t *testing.T) {
			sharedFile(t, tc.content)
			p, err := SharedProfile("default")
			require.NoError(t, err)
			_, err = get(t, p)
			require.ErrorContains(t, err, tc.text)
			require.ErrorContains(t, err, "credentials file section default")
			requireNoSecret(t, err.Error())
		})
	}
}

func TestASharedFileThatCannotBeReadIsRefused(t *testing.T) {
	t.Setenv(envCredentialsFile, filepath.Join(t.TempDir(), "absent"))
	_, err := SharedProfile("")
	require.ErrorContains(t, err, "credentials.SharedProfile: ")
	t.Setenv(envCredentialsFile, "")
	t.Setenv("HOME", "")
	t.Setenv("USERPROFILE", "")
	_, err = SharedProfile("")
	require.ErrorContains(t, err, envCredentialsFile)
	_, err = get(t, newProvider(sharedSource("")))
	require.ErrorIs(t, err, imm.ErrUnauthenticated)
}
