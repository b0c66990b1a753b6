package credentials

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/imm-go/imm"
)

// bareHome leaves Default without any source.
func bareHome(t *testing.T) {
	t.Helper()
	home := t.TempDir()
	t.Setenv("HOME", home)
	t.Setenv("USERPROFILE", home)
}

func TestWhenNothingWorksTheErrorListsEverySourceOnOneLine(t *testing.T) {
	bareHome(t)
	p, err := Default()
	require.NoError(t, err)
	_, err = get(t, p)
	require.ErrorIs(t, err, imm.ErrUnauthenticated, "no metadata service is no news off an instance")
	require.NotContains(t, err.Error(), "\n")
	last := -1
	for _, text := range []string{
		"credentials: default chain: ", "environment keys: " + envAccessKeyID + " is not set; set", "OIDC by environment: " + envRoleARN,
		"CLI profile: ", "aliyun configure", "credentials file: ", "ECS RAM role: ", envMetadataDisabled + "=true", envCredentialsURI + " is not set",
	} {
		at := strings.Index(err.Error(), text)
		require.Greater(t, at, last, "%q in %v", text, err)
		last = at
	}
}

func TestTheChainRecoversAfterATotalFailure(t *testing.T) {
	bareHome(t)
	p, err := Default()
	require.NoError(t, err)
	_, err = get(t, p)
	require.Error(t, err)
	t.Setenv(envAccessKeyID, testID)
	t.Setenv(envAccessKeySecret, testSecret)
	t.Setenv(envSecurityToken, testToken)
	got, err := get(t, p)
	require.NoError(t, err)
	require.Equal(t, imm.Credentials{AccessKeyID: testID, AccessKeySecret: testSecret, SecurityToken: testToken}, got)
}

func TestTheChainFallsThroughToEachSource(t *testing.T) {
	bareHome(t)
	p, err := Default()
	require.NoError(t, err)
	t.Setenv(envMetadataDisabled, "true")
	expect := func(id string) {
		t.Helper()
		got, err := get(t, p)
		require.NoError(t, err)
		require.Equal(t, id, got.AccessKeyID)
	}

	server := serve(t, answers(strings.Replace(sessionJSON(), gotID, "uri", 1)))
	t.Setenv(envCredentialsURI, server.URL)
	expect("uri")
	t.Setenv(envCredentialsURI, "no address")

	var log pathLog
	serveMetadata(t, metadataService(&log))
	t.Setenv(envMetadataDisabled, "false")
	expect(gotID)
	t.Setenv(envMetadataDisabled, "true")

	sharedFile(t, "[default]\ntype=access_key\naccess_key_id=shared\naccess_key_secret=s\n")
	expect("shared")
	t.Setenv(envCredentialsFile, "")

	cliFile(t, oneProfile(`"mode":"AK","access_key_id":"cli","access_key_secret":"s"`))
	expect("cli")
	t.Setenv(envProfileDisabled, "true")

	serveHost(t, "sts.chain-test.aliyuncs.com", answers(strings.Replace(stsJSON(), gotID, "oidc", 1)))
	t.Setenv(envSTSRegion, "chain-test")
	t.Setenv(envRoleARN, testRole)
	t.Setenv(envOIDCProviderARN, testProvider)
	t.Setenv(envOIDCToken, "token")
	expect("oidc")

	t.Setenv(envAccessKeyID, "env")
	t.Setenv(envAccessKeySecret, "s")
	expect("oidc") // It worked last, so it is asked first.
	t.Setenv(envRoleARN, "")
	expect("env")
}

func TestASourceThatWorkedAndIsOutOfReachIsNotReplacedByAnother(t *testing.T) {
	bareHome(t)
	var down atomic.Bool
	server := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if down.Load() {
			answersStatus(503, "down")(w, r)
			return
		}
		answers(strings.Replace(sessionJSON(), expiresIn(0)[:4], "2001", 1))(w, r) // over: asked again at once
	})
	t.Setenv(envMetadataDisabled, "true")
	t.Setenv(envCredentialsURI, server.URL)
	p, err := Default()
	require.NoError(t, err)
	_, err = get(t, p)
	require.NoError(t, err)

	t.Setenv(envAccessKeyID, testID)
	t.Setenv(envAccessKeySecret, testSecret)
	down.Store(true)
	_, err = get(t, p)
	require.ErrorContains(t, err, "credentials URI")
	require.NotErrorIs(t, err, imm.ErrUnauthenticated)

	t.Setenv(envCredentialsURI, "")
	got, err := get(t, p)
	require.NoError(t, err)
	require.Equal(t, testID, got.AccessKeyID, "it has been taken away, so the others get their turn")
}

func TestASourceThatIsConfiguredAndOutOfReachIsNoWrongKey(t *testing.T) {
	bareHome(t)
	t.Setenv(envMetadataDisabled, "true")
	t.Setenv(envCredentialsURI, "http://127.0.0.1:1")
	p, err := Default()
	require.NoError(t, err)
	_, err = get(t, p)
	require.NotErrorIs(t, err, imm.ErrUnauthenticated)

	t.Setenv(envCredentialsURI, "")
	t.Setenv(envMetadataDisabled, "false")
	t.Setenv(envECSRole, "web-role")
	_, err = get(t, p)
	require.NotErrorIs(t, err, imm.ErrUnauthenticated)
}

func TestSwitchesThatAreNeitherTrueNorFalseAreRefused(t *testing.T) {
	for _, variable := range []string{envMetadataDisabled, envProfileDisabled, envIMDSv1Disabled, envVPCEndpoint} {
		t.Run(variable, func(t *testing.T) {
			for value, good := range map[string]bool{"": true, "true": true, "TRUE": true, " false ": true, "1": true, "0": true, "yes": false, "2": false} {
				t.Setenv(variable, value)
				_, err := Default()
				if good {
					require.NoError(t, err, value)
					continue
				}
				require.ErrorContains(t, err, variable, value)
			}
		})
	}
}

func TestTheSourceThatWorkedLastIsAskedFirst(t *testing.T) {
	t.Parallel()
	require.Equal(t, []int{0, 1, 2}, order(3, -1))
	require.Equal(t, []int{0, 1, 2}, order(3, 0))
	require.Equal(t, []int{2, 0, 1}, order(3, 2))
}

func TestASourceThatPanicsDoesNotEndTheChain(t *testing.T) {
	t.Parallel()
	p := newProvider(chainOf(
		source{name: "bad", fetch: func(context.Context) (imm.Credentials, error) { panic("bad") }},
		source{name: "odd", fetch: func(context.Context) (imm.Credentials, error) { return imm.Credentials{}, errors.New("odd") }},
		source{name: "good", fetch: func(context.Context) (imm.Credentials, error) { return want, nil }},
	))
	got, err := get(t, p)
	require.NoError(t, err)
	require.Equal(t, want, got)
}

func TestOneChainServesManyGoroutinesWithoutRacing(t *testing.T) {
	t.Parallel()
	n := 0
	p := newProvider(chainOf(source{name: "flaky", fetch: func(context.Context) (imm.Credentials, error) {
		if n++; n%3 == 0 {
			return imm.Credentials{}, fmt.Errorf("attempt %d", n)
		}
		return want, nil
	}}))
	var all sync.WaitGroup
	for range 20 {
		all.Go(func() {
			for range 20 {
				if got, err := p.Credentials(t.Context()); err == nil && got != want {
					t.Errorf("got %v", got)
				}
			}
		})
	}
	all.Wait()
}
