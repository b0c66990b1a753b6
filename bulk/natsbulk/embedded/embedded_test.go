package embedded

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/nats-io/nats.go/jetstream"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestWhatIsStoredIsThereAfterTheNextStart(t *testing.T) {
	t.Parallel()
	folder := filepath.Join(t.TempDir(), "a", "b")
	for start := range 3 {
		s, err := Start(folder, "127.0.0.1:0")
		require.NoError(t, err)
		require.Contains(t, s.URL(), "nats://127.0.0.1:")
		require.Zero(t, s.Clients())
		conn, err := s.Connect()
		require.NoError(t, err)
		require.Equal(t, 1, s.Clients())
		js, err := jetstream.New(conn)
		require.NoError(t, err)
		stream, err := js.CreateOrUpdateStream(t.Context(), jetstream.StreamConfig{Name: "s", Subjects: []string{"s"}})
		require.NoError(t, err)
		require.EqualValues(t, start, stream.CachedInfo().State.Msgs)
		_, err = js.Publish(t.Context(), "s", []byte("x"))
		require.NoError(t, err)
		conn.Close()
		s.Close()
	}
}

func TestAServerThatOthersCouldReachIsRefused(t *testing.T) {
	t.Parallel()
	for _, address := range []string{"0.0.0.0:4222", ":4222", "[::]:4222", "192.0.2.1:4222", "localhost:4222", "example.com:4222", "127.0.0.1", "127.0.0.1:x", "127.0.0.1:70000", "127.0.0.1:-1"} {
		_, err := Start(t.TempDir(), address)
		require.ErrorContains(t, err, "want ", address)
	}
}

func TestAnAddressThatIsTakenIsSaidAtOnce(t *testing.T) {
	t.Parallel()
	s, err := Start(t.TempDir(), "127.0.0.1:0")
	require.NoError(t, err)
	defer s.Close()
	_, err = Start(t.TempDir(), strings.TrimPrefix(s.URL(), "nats://"))
	require.ErrorContains(t, err, "cannot listen at 127.0.0.1:")
}

func TestAPasswordInAnAddressIsNotRepeated(t *testing.T) {
	t.Parallel()
	for _, address := range []string{"user:secret@127.0.0.1:4222", "secret@", ":secret@127.0.0.1"} {
		_, err := Start(t.TempDir(), address)
		require.ErrorContains(t, err, "want a host and a port alone", address)
		require.NotContains(t, err.Error(), "secret")
	}
}

func TestAServerWithoutAnAddressListensNowhere(t *testing.T) {
	t.Parallel()
	s, err := Start(t.TempDir(), "")
	require.NoError(t, err)
	defer s.Close()
	require.Empty(t, s.URL())
	conn, err := s.Connect()
	require.NoError(t, err)
	defer conn.Close()
	require.NoError(t, conn.Flush())
}
