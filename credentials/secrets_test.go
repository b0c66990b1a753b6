package credentials

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/url"
	"os"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/imm-go/imm"
)

// show prints a value in every way that ends up in logs, alone and inside of
// other values, where fmt does not ask unexported fields for their methods.
func show(t *testing.T, value any) string {
	t.Helper()
	var out bytes.Buffer
	type exported struct{ Value any }
	type unexported struct{ value any }
	for _, v := range []any{value, &value, []any{value}, map[string]any{"k": value}, exported{value}, unexported{value}, &unexported{value}} {
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d", "%t", "%p"} {
			_, _ = fmt.Fprintf(&out, verb+"\n", v)
		}
		for _, handler := range []slog.Handler{slog.NewTextHandler(&out, nil), slog.NewJSONHandler(&out, nil)} {
			slog.New(handler).Info("log", "value", v)
		}
		text, err := json.Marshal(v)
		out.Write(text)
		_, _ = fmt.Fprintln(&out, err)
	}
	return out.String()
}

func TestNothingPrintsASecret(t *testing.T) {
	leaky := serve(t, answersStatus(500, `{"Code":"Odd","Message":"`+testSecret+testToken+`","AccessKeySecret":"`+gotSecret+`"}`))
	leakySTS := serveSTS(t, answersStatus(400, `{"Code":"Odd","Message":"`+testSecret+url.QueryEscape(url.QueryEscape(testToken))+`"} `))
	leakyOIDC := serveSTS(t, answersStatus(400, `{"Code":"Odd","Message":"`+testToken+url.QueryEscape(testToken)+`","OIDCToken":"`+testToken+`"}`))
	good := serve(t, answers(sessionJSON()))
	goodSTS := serveSTS(t, answers(stsJSON()))
	token := writeFile(t, "token", testToken)
	t.Setenv(envAccessKeyID, testID)
	t.Setenv(envAccessKeySecret, testSecret)
	t.Setenv(envSecurityToken, testToken)
	cliFile(t, oneProfile(`"mode":"StsToken","sts_token":"`+testToken+`",`+fileKeys))
	sharedFile(t, sharedKeys)

	query := "/?" + url.Values{"token": {testToken}, "secret": {testSecret}}.Encode()
	made := map[string]func() (imm.CredentialsProvider, error){
		"Default": Default,
		"RAMRoleARN": func() (imm.CredentialsProvider, error) {
			return RAMRoleARN(testKeys(), testRole, WithSTSEndpoint(goodSTS))
		},
		"RAMRoleARN leaky": func() (imm.CredentialsProvider, error) {
			return RAMRoleARN(testKeys(), testRole, WithSTSEndpoint(leakySTS))
		},
		"RAMRoleARN absent": func() (imm.CredentialsProvider, error) {
			return RAMRoleARN(testKeys(), testRole, WithSTSEndpoint("127.0.0.1:1"))
		},
		"OIDC": func() (imm.CredentialsProvider, error) {
			return OIDC(testRole, testProvider, token, WithSTSEndpoint(goodSTS))
		},
		"OIDC leaky": func() (imm.CredentialsProvider, error) {
			return OIDC(testRole, testProvider, token, WithSTSEndpoint(leakyOIDC))
		},
		"ECSRole":       func() (imm.CredentialsProvider, error) { return ECSRole("") },
		"URI":           func() (imm.CredentialsProvider, error) { return URI(good.URL + query) },
		"URI leaky":     func() (imm.CredentialsProvider, error) { return URI(leaky.URL + query) },
		"URI absent":    func() (imm.CredentialsProvider, error) { return URI("http://127.0.0.1:1" + query) },
		"URI bad":       func() (imm.CredentialsProvider, error) { return URI("nonsense" + query) },
		"Profile":       func() (imm.CredentialsProvider, error) { return Profile("") },
		"SharedProfile": func() (imm.CredentialsProvider, error) { return SharedProfile("") },
	}
	for name, build := range made {
		t.Run(name, func(t *testing.T) {
			p, err := build()
			shown := show(t, p) + show(t, err)
			if p != nil {
				_, err := get(t, p)
				// Once more after the answer: a provider keeps its session.
				shown += show(t, p) + show(t, err) + show(t, errors.Unwrap(err))
				require.Contains(t, shown, "credentials of ")
			}
			requireNoSecret(t, shown)
		})
	}
}

func TestOptionsPrintNoSecret(t *testing.T) {
	t.Parallel()
	requireNoSecret(t, show(t, []RoleOption{WithExternalID("sourceSecret")}))
}

// Not parallel, since it replaces the standard output.
func TestNothingIsWrittenToTheStandardOutput(t *testing.T) {
	bareHome(t)
	read, write, err := os.Pipe()
	require.NoError(t, err)
	before := os.Stdout
	os.Stdout = write
	t.Cleanup(func() { os.Stdout = before })

	t.Setenv(envCredentialsURI, serve(t, answersStatus(500, gotSecret)).URL)
	chain, err := Default()
	require.NoError(t, err)
	_, err = get(t, chain)
	require.Error(t, err)
	_, err = get(t, newProvider(externalSource("echo answerSecret")))
	require.Error(t, err)
	role, err := RAMRoleARN(testKeys(), testRole, WithSTSEndpoint(serveSTS(t, answers(stsJSON()))))
	require.NoError(t, err)
	_, err = get(t, role)
	require.NoError(t, err)

	os.Stdout = before
	require.NoError(t, write.Close())
	written, err := io.ReadAll(read)
	require.NoError(t, err)
	require.Empty(t, string(written))
	require.NoError(t, read.Close())
}
