package credentials

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/imm-go/imm"
)

// cliFile writes a configuration of the command line and points to it.
func cliFile(t *testing.T, content string) string {
	t.Helper()
	path := writeFile(t, "config.json", content)
	t.Setenv(envConfigFile, path)
	return path
}

func oneProfile(fields string) string {
	return `{"current":"p","profiles":[{"name":"p",` + fields + `}]}`
}

const fileKeys = `"access_key_id":"` + testID + `","access_key_secret":"` + testSecret + `"`

func TestEveryModeOfTheCommandLineGivesKeys(t *testing.T) {
	serveHost(t, "sts.mode-test.aliyuncs.com", answers(stsJSON()))
	serveHost(t, "sts-vpc.mode-test.aliyuncs.com", func(w http.ResponseWriter, r *http.Request) {
		if r.FormValue("DurationSeconds") != "900" || r.FormValue("RoleSessionName") != "named" || r.FormValue("ExternalId") != "x1" || r.FormValue("Policy") != "{}" {
			answersStatus(400, `{"Code":"InvalidParameter"}`)(w, r)
			return
		}
		answers(stsJSON())(w, r)
	})
	serveHost(t, "portal.sso-test.aliyuncs.com", answers(`{"CloudCredential":`+sessionJSON()+`}`))
	serveHost(t, "oauth.aliyun.com", answers(sessionJSON()))
	var log pathLog
	serveMetadata(t, metadataService(&log))
	later := time.Now().Add(time.Hour).Unix()
	keys := imm.Credentials{AccessKeyID: testID, AccessKeySecret: testSecret}
	temporary := imm.Credentials{AccessKeyID: testID, AccessKeySecret: testSecret, SecurityToken: testToken}
	role := `"sts_region":"mode-test","ram_role_arn":"` + testRole + `"`
	for name, tc := range map[string]struct {
		config string
		want   imm.Credentials
	}{
		"AK":         {oneProfile(`"mode":"AK","sts_token":"left over",` + fileKeys), keys},
		"StsToken":   {oneProfile(`"mode":"StsToken","sts_token":"` + testToken + `",` + fileKeys), temporary},
		"RamRoleArn": {oneProfile(`"mode":"RamRoleArn",` + fileKeys + `,` + role), want},
		"all of RamRoleArn": {oneProfile(`"mode":"RamRoleArn","enable_vpc":true,"expired_seconds":900,"ram_session_name":"named","external_id":"x1","policy":"{}",` +
			fileKeys + `,` + role), want},
		"EcsRamRole": {oneProfile(`"mode":"EcsRamRole","ram_role_name":"web-role"`), want},
		"OIDC": {oneProfile(`"mode":"OIDC","external_id":"of no use","oidc_provider_arn":"` + testProvider + `","oidc_token_file":"` +
			filepath.ToSlash(writeFile(t, "token", "t")) + `",` + role), want},
		"CloudSSO": {oneProfile(fmt.Sprintf(`"mode":"CloudSSO","cloud_sso_sign_in_url":"https://portal.sso-test.aliyuncs.com/x","cloud_sso_account_id":"1",`+
			`"cloud_sso_access_config":"c","access_token":%q,"cloud_sso_access_token_expire":%d`, testToken, later)), want},
		"OAuth": {oneProfile(fmt.Sprintf(`"mode":"OAuth","oauth_site_type":"cn","oauth_access_token":%q,"oauth_access_token_expire":%d`, testToken, later)), want},
		"ChainableRamRoleArn": {`{"current":"p","profiles":[{"name":"p","mode":"ChainableRamRoleArn","source_profile":"q",` + role + `},` +
			`null,{"name":"q","mode":"ChainableRamRoleArn","source_profile":"r",` + role + `},{"name":"r","mode":"AK",` + fileKeys + `}]}`, want},
	} {
		t.Run(name, func(t *testing.T) {
			cliFile(t, tc.config)
			p, err := Profile("")
			require.NoError(t, err)
			for range 2 {
				got, err := get(t, p)
				require.NoError(t, err)
				require.Equal(t, tc.want, got)
			}
		})
	}
}

func TestAProfileIsChosenByNameThenEnvironmentThenFile(t *testing.T) {
	const both = `{"current":"one","profiles":[{"name":"one","mode":"AK","access_key_id":"1","access_key_secret":"s"},` +
		`{"name":"two","mode":"AK","access_key_id":"2","access_key_secret":"s"}]}`
	home := t.TempDir()
	t.Setenv("HOME", home)
	t.Setenv("USERPROFILE", home)
	require.NoError(t, os.Mkdir(filepath.Join(home, ".aliyun"), 0o700))
	require.NoError(t, os.WriteFile(filepath.Join(home, ".aliyun", "config.json"), []byte(both), 0o600))
	for _, tc := range []struct{ name, variable, id string }{{"", "", "1"}, {"", "two", "2"}, {"one", "two", "1"}, {"two", "", "2"}} {
		t.Setenv(envProfile, tc.variable)
		p, err := Profile(tc.name)
		require.NoError(t, err)
		got, err := get(t, p)
		require.NoError(t, err)
		require.Equal(t, tc.id, got.AccessKeyID)
	}
}

func TestAProfileThatChangesIsReadAgain(t *testing.T) {
	path := cliFile(t, oneProfile(`"mode":"AK",`+fileKeys))
	p, err := Profile("p")
	require.NoError(t, err)
	_, err = get(t, p)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(path, []byte(oneProfile(`"mode":"AK","access_key_id":"new","access_key_secret":"s"`)), 0o600))
	got, err := get(t, p)
	require.NoError(t, err)
	require.Equal(t, "new", got.AccessKeyID)
	require.NoError(t, os.WriteFile(path, []byte(oneProfile(`"mode":"AK"`)), 0o600))
	_, err = get(t, p)
	require.ErrorIs(t, err, imm.ErrUnauthenticated)
	require.NoError(t, os.Remove(path))
	_, err = get(t, p)
	require.ErrorContains(t, err, "aliyun configure")
}

func TestAHalfKeyPairIsNotFilledFromTheEnvironment(t *testing.T) {
	t.Setenv(envAccessKeySecret, testSecret)
	cliFile(t, oneProfile(`"mode":"AK","access_key_id":"id"`))
	_, err := Profile("")
	require.ErrorContains(t, err, "access_key_secret")
}

func TestProfilesThatCannotWorkAreRefused(t *testing.T) {
	role := `"ram_role_arn":"` + testRole + `"`
	for name, tc := range map[string]struct{ config, text string }{
		"not JSON":               {`{"current":"p","profiles":[{"access_key_secret":"` + testSecret, "aliyun configure"},
		"numbers":                {oneProfile(`"mode":"AK","access_key_secret":123456`), "not a valid JSON file"},
		"no profiles":            {`{"current":"p"}`, `no profile "p"`},
		"another profile":        {`{"current":"q","profiles":[{"name":"p","mode":"AK",` + fileKeys + `}]}`, `no profile "q", only ["p"]`},
		"no current one":         {`{"profiles":[{"name":"","mode":"AK",` + fileKeys + `}]}`, `no profile ""`},
		"null":                   {`{"current":"p","profiles":[null]}`, `no profile "p"`},
		"no mode":                {oneProfile(fileKeys), "no mode"},
		"unknown mode":           {oneProfile(`"mode":"RsaKeyPair",` + fileKeys), `mode "RsaKeyPair" is not known`},
		"StsToken without token": {oneProfile(`"mode":"StsToken",` + fileKeys), "sts_token"},
		"role without keys":      {oneProfile(`"mode":"RamRoleArn",` + role), "access_key_id"},
		"role without ARN":       {oneProfile(`"mode":"RamRoleArn",` + fileKeys), "role ARN is empty"},
		"role for too short":     {oneProfile(`"mode":"RamRoleArn","expired_seconds":60,` + fileKeys + `,` + role), "900 s"},
		"role with a bad region": {oneProfile(`"mode":"RamRoleArn","sts_region":"a/b",` + fileKeys + `,` + role), "STS region"},
		"OIDC with a bad region": {oneProfile(`"mode":"OIDC","sts_region":"a/b",` + role), "STS region"},
		"OIDC without provider":  {oneProfile(`"mode":"OIDC",` + role), "OIDC provider ARN is empty"},
		"ECS role with a path":   {oneProfile(`"mode":"EcsRamRole","ram_role_name":"../x"`), "RAM role"},
		"OAuth of no site":       {oneProfile(`"mode":"OAuth","oauth_site_type":"MOON"`), "oauth_site_type"},
		"External of nothing":    {oneProfile(`"mode":"External"`), "command is empty"},
		"its own source":         {oneProfile(`"mode":"ChainableRamRoleArn","source_profile":"p",` + role), "ring: p, p"},
		"a ring of sources": {`{"current":"p","profiles":[{"name":"p","mode":"ChainableRamRoleArn","source_profile":"q",` + role +
			`},{"name":"q","mode":"ChainableRamRoleArn","source_profile":"p",` + role + `}]}`, "ring: p, q, p"},
		"a source that is missing": {oneProfile(`"mode":"ChainableRamRoleArn","source_profile":"q",` + role), `source_profile: `},
	} {
		t.Run(name, func(t *testing.T) {
			path := cliFile(t, tc.config)
			_, err := Profile("")
			require.ErrorContains(t, err, tc.text)
			require.ErrorContains(t, err, "credentials.Profile: ")
			require.ErrorContains(t, err, path)
			require.NotContains(t, err.Error(), "123456")
			requireNoSecret(t, err.Error())
		})
	}
}

func TestAProfileThatCannotBeReadIsRefused(t *testing.T) {
	t.Setenv(envConfigFile, filepath.Join(t.TempDir(), "absent"))
	_, err := Profile("")
	require.ErrorContains(t, err, "aliyun configure")
	t.Setenv(envProfileDisabled, "true")
	_, err = Profile("")
	require.ErrorContains(t, err, envProfileDisabled)
	t.Setenv(envProfileDisabled, "si")
	_, err = Profile("")
	require.ErrorContains(t, err, "neither true nor false")
	t.Setenv(envProfileDisabled, "")
	t.Setenv(envConfigFile, "")
	t.Setenv("HOME", "")
	t.Setenv("USERPROFILE", "")
	_, err = Profile("")
	require.ErrorContains(t, err, envConfigFile)
}

func TestASignInThatFailsSaysToSignInAgain(t *testing.T) {
	serveHost(t, "portal.sso-fails.aliyuncs.com", answersStatus(401, "expired "+testToken))
	serveHost(t, "oauth.alibabacloud.com", answersStatus(401, `{"error":"`+testToken+`"}`))
	later := time.Now().Add(time.Hour).Unix()
	for name, tc := range map[string]struct {
		config    string
		permanent bool
	}{
		"CloudSSO refused": {oneProfile(fmt.Sprintf(`"mode":"CloudSSO","cloud_sso_sign_in_url":"https://portal.sso-fails.aliyuncs.com","cloud_sso_account_id":"1",`+
			`"cloud_sso_access_config":"c","access_token":%q,"cloud_sso_access_token_expire":%d`, testToken, later)), false},
		"CloudSSO over": {oneProfile(fmt.Sprintf(`"mode":"CloudSSO","access_token":%q,"cloud_sso_access_token_expire":1`, testToken)), true},
		"OAuth refused": {oneProfile(fmt.Sprintf(`"mode":"OAuth","oauth_site_type":"INTL","oauth_access_token":%q,"oauth_access_token_expire":%d`, testToken, later)), false},
		// Fields that this package does not read and credentials-go cannot: it
		// shows the whole file.
		"OAuth file of odd types": {oneProfile(`"mode":"OAuth","oauth_site_type":"CN","region_id":7,"access_key_secret":"` + testSecret + `"`), false},
	} {
		t.Run(name, func(t *testing.T) {
			cliFile(t, tc.config)
			p, err := Profile("")
			require.NoError(t, err)
			_, err = get(t, p)
			require.ErrorContains(t, err, "sign in again")
			require.ErrorContains(t, err, "CLI profile: ")
			requireNoSecret(t, err.Error())
			if tc.permanent {
				require.ErrorIs(t, err, imm.ErrUnauthenticated)
			} else {
				require.NotErrorIs(t, err, imm.ErrUnauthenticated)
			}
		})
	}
}
