package immtest

import (
	"bufio"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestTheListenerDropsIdleConnections(t *testing.T) {
	t.Parallel()
	s := newServer(t, WithIdleTimeout(10*time.Millisecond))
	conn, err := net.Dial("tcp", strings.TrimPrefix(s.URL(), "http://"))
	require.NoError(t, err)
	defer func() { require.NoError(t, conn.Close()) }()
	require.NoError(t, conn.SetDeadline(time.Now().Add(30*time.Second)))
	_, err = io.WriteString(conn, "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
	require.NoError(t, err)
	reader := bufio.NewReader(conn)
	resp, err := http.ReadResponse(reader, nil)
	require.NoError(t, err)
	_, err = io.Copy(io.Discard, resp.Body)
	require.NoError(t, err)
	_, err = reader.ReadByte()
	require.Equal(t, io.EOF, err, "the server hangs up on its own")
}

func TestIdleConnectionsStayForTenSecondsUnlessAnOptionSaysOtherwise(t *testing.T) {
	t.Parallel()
	for want, opts := range map[time.Duration][]Option{
		10 * time.Second: nil,
		time.Minute:      {WithIdleTimeout(time.Minute)},
		0:                {WithIdleTimeout(-1)},
	} {
		s := newServer(t, opts...)
		require.NotEmpty(t, s.URL())
		require.Equal(t, want, s.IdleTimeout())
		require.Equal(t, want, s.listener.Config.IdleTimeout)
	}
}
