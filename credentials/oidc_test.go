package credentials

import (
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/imm-go/imm"
)

func TestBadOIDCArgumentsAreRefused(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		role, provider, file string
		opts                 []RoleOption
		text                 string
	}{
		"no role":            {"", testProvider, "f", nil, "role ARN is empty"},
		"no provider":        {testRole, "", "f", nil, "OIDC provider ARN is empty"},
		"arguments swapped":  {testProvider, testRole, "f", nil, "role ARN"},
		"malformed provider": {testRole, "cluster", "f", nil, "acs:ram::{account id}:oidc-provider/{name}"},
		"no file":            {testRole, testProvider, "", nil, "token file is empty"},
		"external id":        {testRole, testProvider, "f", []RoleOption{WithExternalID("x")}, "WithExternalID"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := OIDC(tc.role, tc.provider, tc.file, tc.opts...)
			require.ErrorContains(t, err, tc.text)
			require.ErrorContains(t, err, "credentials.OIDC: ")
		})
	}
}

func TestANewTokenInTheFileIsUsedAndTheOldOneKeepsItsSession(t *testing.T) {
	// The variable would go before the file if credentials-go read that.
	t.Setenv(envOIDCToken, "from-environment")
	asked := make(chan url.Values, 9)
	host := serveSTS(t, func(w http.ResponseWriter, r *http.Request) {
		_ = r.ParseForm()
		asked <- r.Form
		answers(stsJSON())(w, r)
	})
	file := writeFile(t, "token", "first\n")
	p, err := OIDC(testRole, testProvider, file, WithSTSEndpoint(host), WithSessionName("pod"))
	require.NoError(t, err)
	for range 2 {
		got, err := get(t, p)
		require.NoError(t, err)
		require.Equal(t, want, got)
	}
	require.NoError(t, os.WriteFile(file, []byte("second"), 0o600))
	_, err = get(t, p)
	require.NoError(t, err)
	require.Len(t, asked, 2)
	first, second := <-asked, <-asked
	require.Equal(t, "first", first.Get("OIDCToken"))
	require.Equal(t, "second", second.Get("OIDCToken"))
	require.Equal(t, "pod", first.Get("RoleSessionName"))
	require.Equal(t, testProvider, first.Get("OIDCProviderArn"))
}

func TestATokenFileThatIsMissingOrEmptyIsNamed(t *testing.T) {
	t.Parallel()
	for _, file := range []string{filepath.Join(t.TempDir(), "absent"), writeFile(t, "empty", " \n")} {
		p, err := OIDC(testRole, testProvider, file)
		require.NoError(t, err)
		_, err = get(t, p)
		require.ErrorIs(t, err, imm.ErrUnauthenticated)
		require.ErrorContains(t, err, file)
	}
}

func TestAnOIDCTokenThatSTSQuotesIsMasked(t *testing.T) {
	t.Parallel()
	host := serveSTS(t, answersStatus(400, `{"Code":"AuthenticationFail.OIDCToken.Invalid","Message":"bad `+testToken+`"}`))
	p, err := OIDC(testRole, testProvider, writeFile(t, "token", testToken), WithSTSEndpoint(host))
	require.NoError(t, err)
	_, err = get(t, p)
	require.ErrorContains(t, err, "AuthenticationFail.OIDCToken.Invalid: bad REDACTED")
	requireNoSecret(t, err.Error())
}

func TestOIDCIsFoundInTheEnvironment(t *testing.T) {
	serveHost(t, "sts.oidc-test.aliyuncs.com", answers(stsJSON()))
	p := newProvider(environmentOIDC())
	fails := func(text string) {
		t.Helper()
		_, err := get(t, p)
		require.ErrorIs(t, err, imm.ErrUnauthenticated)
		require.ErrorContains(t, err, text)
	}
	fails(envRoleARN)
	t.Setenv(envRoleARN, "reader")
	fails(envOIDCProviderARN)
	t.Setenv(envOIDCProviderARN, testProvider)
	fails("role ARN")
	t.Setenv(envRoleARN, testRole)
	fails(envOIDCTokenFile)
	t.Setenv(envOIDCTokenFile, filepath.Join(t.TempDir(), "absent"))
	fails("absent")
	t.Setenv(envSTSRegion, "bad region")
	fails("STS region")
	t.Setenv(envSTSRegion, "oidc-test")
	t.Setenv(envOIDCToken, testToken)
	for range 2 {
		got, err := get(t, p)
		require.NoError(t, err)
		require.Equal(t, want, got)
	}
}
