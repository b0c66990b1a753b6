package immtest_test

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/imm-go/imm"
	"github.com/imm-go/imm/immtest"
)

func bind(project string) *imm.CreateBindingRequest {
	return &imm.CreateBindingRequest{ProjectName: project, DatasetName: "test-dataset", URI: "oss://test-bucket"}
}

func TestTheClientOfAServerReachesItInABubble(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		server := immtest.NewServer(immtest.WithCredentials("STS.id", "secret", "token"), immtest.WithBucket("test-bucket", nil))
		defer server.Close()
		client := server.Client()
		answer, err := client.CreateBinding(t.Context(), bind("test-project"))
		require.NoError(t, err)
		require.Equal(t, imm.StateReady, answer.Binding.State)
		require.NotEmpty(t, answer.RequestID)
		binding, err := client.WaitBinding(t.Context(), &imm.GetBindingRequest{
			ProjectName: "test-project", DatasetName: "test-dataset", URI: "oss://test-bucket",
		}, imm.WithPollInterval(50*time.Millisecond))
		require.NoError(t, err)
		require.Equal(t, imm.PhaseIncrementalScanning, binding.Phase)
		require.Equal(t, binding.UpdateTime.UnixNano(), server.Bindings()[0].UpdateTime.UnixNano())
		require.Equal(t, 500*time.Millisecond, binding.UpdateTime.Sub(binding.CreateTime))
	})
}

func TestOptionsOfTheCallerWin(t *testing.T) {
	t.Parallel()
	server := immtest.NewServer()
	defer server.Close()
	server.Inject(immtest.Fault{Code: "NoPermission", Message: "m"})
	_, err := server.Client(imm.WithEndpoint("http://127.0.0.1:8080")).CreateBinding(t.Context(), bind("test-project"))
	var refused *imm.APIError
	require.ErrorAs(t, err, &refused)
	require.Equal(t, "127.0.0.1:8080", refused.HostID)

	require.Panics(t, func() { server.Client(imm.WithEndpoint("https://user@example.com?q=1")) })
}

func TestAWrongKeyIsRefused(t *testing.T) {
	t.Parallel()
	server := immtest.NewServer(immtest.WithBucket("test-bucket", nil))
	defer server.Close()
	for _, key := range [][2]string{{"another", immtest.AccessKeySecret}, {immtest.AccessKeyID, "another"}} {
		client, err := imm.NewClient("cn-hangzhou", imm.StaticCredentials(key[0], key[1], ""), imm.WithEndpoint(server.URL()))
		require.NoError(t, err)
		_, err = client.CreateBinding(t.Context(), bind("test-project"))
		client.CloseIdleConnections()
		require.ErrorIs(t, err, imm.ErrUnauthenticated)
		require.NotErrorIs(t, err, imm.ErrNotFound)
	}
	require.Empty(t, server.Bindings())
}
