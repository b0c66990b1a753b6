package transport

import (
	"crypto/tls"
	"net/http"
	"runtime"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestAnAnswerThatIsAskedToWaitHasThatMuchLonger(t *testing.T) {
	t.Parallel()
	for wait, want := range map[time.Duration]time.Duration{0: 30 * time.Second, 30 * time.Second: time.Minute} {
		made, ok := NewClient(nil, wait).Transport.(*http.Transport)
		require.True(t, ok)
		require.Equal(t, want, made.ResponseHeaderTimeout)
		require.EqualValues(t, tls.VersionTLS12, made.TLSClientConfig.MinVersion)
	}
}

func TestTheUsersClientIsCopied(t *testing.T) {
	t.Parallel()
	users := &http.Client{Transport: http.DefaultTransport, Timeout: time.Hour}
	client := NewClient(users, time.Minute)
	require.NotSame(t, users, client)
	require.Same(t, http.DefaultTransport, client.Transport)
	require.Equal(t, time.Hour, client.Timeout)
	require.Nil(t, users.CheckRedirect)
	require.ErrorIs(t, client.CheckRedirect(nil, nil), http.ErrUseLastResponse)
}

func TestTheUserAgentNamesTheModuleAndThePlatform(t *testing.T) {
	t.Parallel()
	require.Equal(t, "imm-go/"+Version+" ("+runtime.GOOS+"; "+runtime.GOARCH+") "+runtime.Version(), UserAgent())
}
