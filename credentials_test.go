package imm

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestStaticCredentialsAreAlwaysTheSame(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	cancel() // There is nothing to wait for.
	provider := StaticCredentials("id", "secret", "token")
	for range 2 {
		creds, err := provider.Credentials(ctx)
		require.NoError(t, err)
		require.Equal(t, Credentials{AccessKeyID: "id", AccessKeySecret: "secret", SecurityToken: "token"}, creds)
	}
}

// TestTheEnvironmentIsReadEachTime is not parallel, because it sets variables.
func TestTheEnvironmentIsReadEachTime(t *testing.T) {
	provider := EnvCredentials()
	for _, tt := range []struct {
		id, secret, token string
		missing           string // the variable that the error names
	}{
		{"", "", "", "ALIBABA_CLOUD_ACCESS_KEY_ID"},
		{"", "verysecret", "verytoken", "ALIBABA_CLOUD_ACCESS_KEY_ID"},
		{"id", "", "verytoken", "ALIBABA_CLOUD_ACCESS_KEY_SECRET"},
		{"id", "verysecret", "", ""},
		{"id", "verysecret", "verytoken", ""},
		{"other", "verysecret", "verytoken", ""},
	} {
		t.Setenv("ALIBABA_CLOUD_ACCESS_KEY_ID", tt.id)
		t.Setenv("ALIBABA_CLOUD_ACCESS_KEY_SECRET", tt.secret)
		t.Setenv("ALIBABA_CLOUD_SECURITY_TOKEN", tt.token)
		creds, err := provider.Credentials(t.Context())
		if tt.missing == "" {
			require.NoError(t, err)
			require.Equal(t, Credentials{AccessKeyID: tt.id, AccessKeySecret: tt.secret, SecurityToken: tt.token}, creds)
			continue
		}
		require.Equal(t, Credentials{}, creds)
		requireKind(t, ErrUnauthenticated, err)
		require.ErrorContains(t, err, tt.missing+" is not set")
		require.NotContains(t, err.Error(), "very")
		requireOneLine(t, err.Error())
	}
}

// TestAMissingVariableIsAnErrorOfTheCall shows the whole way of such an error.
func TestAMissingVariableIsAnErrorOfTheCall(t *testing.T) {
	t.Setenv("ALIBABA_CLOUD_ACCESS_KEY_ID", "")
	client, err := NewClient("cn-hangzhou", EnvCredentials())
	require.NoError(t, err)
	err = client.Do(t.Context(), "GetProject", nil, nil)
	requireKind(t, ErrUnauthenticated, err)
	require.ErrorContains(t, err, "ALIBABA_CLOUD_ACCESS_KEY_ID is not set")
	require.ErrorContains(t, err, "[nothing was sent]")
	requireOneLine(t, err.Error())
}
