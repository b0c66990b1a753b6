package imm_test

import (
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/imm-go/imm"
	"github.com/imm-go/imm/immtest"
)

func TestRedirectsAreNotFollowed(t *testing.T) {
	t.Parallel()
	reached := false
	elsewhere := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { reached = true }))
	defer elsewhere.Close()
	for _, status := range []int{301, 302, 303, 307, 308} {
		gateway := httptest.NewServer(http.RedirectHandler(elsewhere.URL+"/?token=x", status))
		users := &http.Client{}
		for _, opt := range []imm.Option{imm.WithUserAgent("test/1"), imm.WithHTTPClient(users)} {
			client, err := imm.NewClient("cn-hangzhou", imm.StaticCredentials("id", "secret", ""), imm.WithEndpoint(gateway.URL), opt)
			require.NoError(t, err)
			err = getBinding(t.Context(), client)
			client.CloseIdleConnections()
			require.ErrorContains(t, err, elsewhere.URL)
			require.NotContains(t, err.Error(), "token=x")
			var answered *imm.APIError
			require.ErrorAs(t, err, &answered)
			require.Equal(t, status, answered.StatusCode)
		}
		require.Nil(t, users.CheckRedirect, "the caller's client is not modified")
		gateway.Close()
	}
	require.False(t, reached)
}

func TestTheDefaultTransportReusesConnectionsAndSurvivesThatTheyBreak(t *testing.T) {
	t.Parallel()
	server := immtest.NewServer()
	defer server.Close()
	client, err := imm.NewClient("cn-hangzhou", imm.StaticCredentials(immtest.AccessKeyID, immtest.AccessKeySecret, ""), imm.WithEndpoint(server.URL()),
		imm.WithRetry(imm.RetryPolicy{BaseDelay: time.Hour, MaxDelay: time.Hour})) // a wait would not end
	require.NoError(t, err)
	defer client.CloseIdleConnections()
	require.ErrorIs(t, getBinding(t.Context(), client), imm.ErrNotFound)
	server.Inject(immtest.Fault{Reset: true})
	require.ErrorIs(t, getBinding(t.Context(), client), imm.ErrNotFound)
	require.Len(t, server.Requests(), 3)
}

func TestAHostThatIsNotThereIsSaidSo(t *testing.T) {
	t.Parallel()
	listener := httptest.NewServer(nil)
	address := listener.URL
	listener.Close()
	client, err := imm.NewClient("cn-hangzhou", imm.StaticCredentials("id", "secret", ""), imm.WithEndpoint(address),
		imm.WithRetry(imm.RetryPolicy{BaseDelay: time.Millisecond}))
	require.NoError(t, err)
	err = client.Do(t.Context(), "CreateProject", nil, nil)
	require.ErrorIs(t, err, imm.ErrUnavailable)
	var failed *imm.RequestError
	require.ErrorAs(t, err, &failed)
	require.Equal(t, 4, failed.Attempts, "nothing was sent, so even a call that is not safe to repeat is")
	require.ErrorContains(t, err, "POST "+address)

	secure := httptest.NewUnstartedServer(http.NotFoundHandler())
	secure.Config.ErrorLog = log.New(io.Discard, "", 0)
	secure.StartTLS()
	defer secure.Close()
	client, err = imm.NewClient("cn-hangzhou", imm.StaticCredentials("id", "secret", ""), imm.WithEndpoint(secure.URL))
	require.NoError(t, err)
	err = getBinding(t.Context(), client)
	require.ErrorContains(t, err, "certificate")
	require.ErrorAs(t, err, &failed)
	require.Equal(t, 1, failed.Attempts, "a certificate that is not accepted stays so")
}

func TestTheCallersClientWorksOverTLSAndHTTP2(t *testing.T) {
	t.Parallel()
	emulator := immtest.NewServer()
	defer emulator.Close()
	protocol := ""
	front := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		protocol = r.Proto
		emulator.ServeHTTP(w, r)
	}))
	front.EnableHTTP2 = true
	front.StartTLS()
	defer front.Close()
	users := front.Client()
	transport := users.Transport
	client, err := imm.NewClient("cn-hangzhou", imm.StaticCredentials(immtest.AccessKeyID, immtest.AccessKeySecret, ""),
		imm.WithEndpoint(front.URL), imm.WithHTTPClient(users))
	require.NoError(t, err)
	_, err = client.BatchIndexFileMeta(t.Context(), &imm.BatchIndexFileMetaRequest{ProjectName: project, DatasetName: dataset, Files: batch(100).Files})
	require.NoError(t, err)
	require.Equal(t, "HTTP/2.0", protocol)
	require.Same(t, transport, users.Transport)
}
