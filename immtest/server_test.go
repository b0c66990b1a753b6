package immtest

import (
	"bytes"
	"crypto/x509"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
)

type tlsServer struct {
	url   string
	roots *x509.CertPool
}

func newTLSServer(t *testing.T, handler http.Handler) tlsServer {
	server := httptest.NewUnstartedServer(handler)
	server.EnableHTTP2 = true
	server.StartTLS()
	t.Cleanup(server.Close)
	roots := x509.NewCertPool()
	roots.AddCert(server.Certificate())
	return tlsServer{server.URL, roots}
}

func TestClosingTwiceOrFromManyGoroutinesIsFine(t *testing.T) {
	t.Parallel()
	s := NewServer()
	address := s.URL()
	require.Equal(t, address, s.URL())
	var group sync.WaitGroup
	for range 4 {
		group.Go(s.Close)
	}
	group.Wait()
	s.Close()
	require.Equal(t, address, s.URL())

	never := NewServer(nil)
	never.Close()
	require.Empty(t, never.URL())
}

func TestAServerThatIsNotUsedRunsNothing(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(*testing.T) {
		// A goroutine would be blocked for ever when the bubble ends.
		s := NewServer(WithReadyTime(time.Hour))
		s.PutObject("test-bucket", "a", nil)
	})
}

func TestACloseWaitsForAnswersThatAreOnTheirWay(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := NewServer()
		s.Inject(Fault{Delay: time.Minute})
		result := make(chan error, 1)
		go func() {
			_, err := s.Transport().RoundTrip(signed("GetBinding", nil))
			result <- err
		}()
		synctest.Wait()
		start := time.Now()
		s.Close()
		require.Error(t, <-result)
		require.Zero(t, time.Since(start))
	})
}

func TestAPrintedServerShowsNoSecret(t *testing.T) {
	t.Parallel()
	s := newServer(t, WithCredentials("id", "the-secret", "the-token"))
	req := unsigned("GetBinding", nil)
	req.Header.Set("X-Acs-Security-Token", "the-token")
	send(t, s, sign(req, "id", "the-secret"))
	var out bytes.Buffer
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%d", "%x"} {
		fmt.Fprintf(&out, verb, s)
		fmt.Fprintf(&out, verb, s.Requests())
	}
	slog.New(slog.NewTextHandler(&out, nil)).Info("server", "server", s)
	slog.New(slog.NewJSONHandler(&out, nil)).Info("server", "server", s)
	encoded, err := json.Marshal(s)
	require.NoError(t, err)
	out.Write(encoded)
	require.Contains(t, out.String(), "immtest.Server")
	require.NotContains(t, out.String(), "the-secret")
	require.NotContains(t, out.String(), "the-token")
	require.NotContains(t, out.String(), fmt.Sprintf("%x", "the-token"))
}

func TestRequestsAreRecordedWithoutSecrets(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newServer(t, WithCredentials("id", "secret", "token"), WithClockOffset(time.Minute))
		req := unsigned("GetBinding", inDataset())
		req.Header.Set("X-Acs-Security-Token", "token")
		setForm(req, inDataset("URI", "oss://test-bucket"))
		send(t, s, sign(req, "id", "secret"))
		require.Equal(t, "ResourceNotFound", s.Requests()[0].Code)
		got := s.Requests()[0]
		require.Equal(t, "GetBinding", got.Action)
		require.Equal(t, http.MethodPost, got.Method)
		require.Equal(t, "DatasetName=test-dataset&ProjectName=test-project", got.RawQuery)
		require.Equal(t, "oss://test-bucket", got.Form.Get("URI"))
		require.Equal(t, inDataset("URI", "oss://test-bucket").Encode(), string(got.Body))
		require.Equal(t, "REDACTED", got.Header.Get("Authorization"))
		require.Equal(t, "REDACTED", got.Header.Get("X-Acs-Security-Token"))
		require.Equal(t, req.Header.Get("X-Acs-Signature-Nonce"), got.Header.Get("X-Acs-Signature-Nonce"))
		require.Equal(t, http.StatusNotFound, got.Status)
		require.True(t, got.Time.Equal(time.Now().Add(time.Minute)))

		got.Header.Set("X-Acs-Action", "changed")
		got.Body[0] = 'X'
		require.Equal(t, "GetBinding", s.Requests()[0].Header.Get("X-Acs-Action"))
		require.Equal(t, byte('D'), s.Requests()[0].Body[0])
	})
}

func TestTheOldestRequestsAreForgottenFirst(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	in := &received{url: createBinding("http://localhost/").URL, header: http.Header{}}
	first := s.record(in)
	for range maxRecordings {
		s.record(in)
	}
	require.Len(t, s.requests, maxRecordings)
	require.NotSame(t, first, s.requests[0])

	s = newServer(t)
	in.body = make([]byte, maxRecordedBytes/8)
	for range 20 {
		s.record(in)
	}
	require.Len(t, s.requests, 7, "the addresses count, too")
	require.LessOrEqual(t, s.recorded, maxRecordedBytes)
	in.body = make([]byte, 2*maxRecordedBytes)
	last := s.record(in)
	require.Equal(t, []*recording{last}, s.requests, "the last one is always there")
}
