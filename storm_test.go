package imm_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/imm-go/imm"
	"github.com/imm-go/imm/immtest"
)

// slow is a provider that takes a second, counts, and can be told to fail.
type slow struct {
	creds   imm.Credentials
	life    time.Duration // 0: the expiry is unknown
	fetches atomic.Int64
	running atomic.Int64
	failing atomic.Bool
}

func (p *slow) Credentials(context.Context) (imm.Credentials, error) {
	if p.running.Add(1) > 1 {
		panic("asked by two goroutines at a time")
	}
	defer p.running.Add(-1)
	p.fetches.Add(1)
	<-time.After(time.Second)
	if p.failing.Load() {
		return imm.Credentials{}, errors.New("out of reach")
	}
	creds := p.creds
	if p.life > 0 {
		creds.Expires = time.Now().Add(p.life)
	}
	return creds, nil
}

func testKeys() imm.Credentials {
	return imm.Credentials{AccessKeyID: immtest.AccessKeyID, AccessKeySecret: immtest.AccessKeySecret}
}

func TestTheFirstCallsOfAHundredGoroutinesFetchCredentialsOnce(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		server := immtest.NewServer()
		defer server.Close()
		provider := &slow{creds: testKeys()}
		client := clientOf(server, provider)
		impatient, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
		defer cancel()
		var group sync.WaitGroup
		for i := range 100 {
			group.Go(func() {
				ctx, want := t.Context(), imm.ErrNotFound
				if i%10 == 0 {
					ctx, want = impatient, context.DeadlineExceeded
				}
				if err := getBinding(ctx, client); !errors.Is(err, want) {
					t.Errorf("got %v, want %v", err, want)
				}
			})
		}
		group.Wait()
		require.Equal(t, int64(1), provider.fetches.Load())
		require.Len(t, server.Requests(), 90)
	})
}

func TestAnExpiredTokenStormFetchesCredentialsOnce(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		server := immtest.NewServer(immtest.WithCredentials("STS.new", "new-secret", "new-token"))
		defer server.Close()
		provider := &rotation{keys: []imm.Credentials{
			{AccessKeyID: "STS.old", AccessKeySecret: "old-secret", SecurityToken: "old-token"},
			{AccessKeyID: "STS.new", AccessKeySecret: "new-secret", SecurityToken: "new-token"},
		}}
		client := clientOf(server, provider, imm.WithHTTPClient(&http.Client{Transport: expiring{server.Transport()}}))
		var group sync.WaitGroup
		for range 100 {
			group.Go(func() {
				if err := getBinding(t.Context(), client); !errors.Is(err, imm.ErrNotFound) {
					t.Errorf("got %v", err)
				}
			})
		}
		group.Wait()
		require.Equal(t, 2, provider.fetches)
		require.Len(t, server.Requests(), 100)
	})
}

// expiring answers for the service where the old token is used.
type expiring struct{ server http.RoundTripper }

func (e expiring) RoundTrip(req *http.Request) (*http.Response, error) {
	if req.Header.Get("X-Acs-Security-Token") != "old-token" {
		return e.server.RoundTrip(req)
	}
	return &http.Response{
		StatusCode: http.StatusBadRequest, Header: http.Header{}, Request: req,
		Body: io.NopCloser(strings.NewReader(`{"Code":"InvalidSecurityToken.Expired","Message":"expired"}`)),
	}, nil
}

func TestAFailedRefreshDoesNotFailCalls(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		server := immtest.NewServer()
		defer server.Close()
		provider := &slow{creds: testKeys(), life: time.Hour}
		client := clientOf(server, provider)
		require.ErrorIs(t, getBinding(t.Context(), client), imm.ErrNotFound)
		provider.failing.Store(true)
		for range 58 { // minutes, the last of them close before the keys expire
			<-time.After(time.Minute)
			require.ErrorIs(t, getBinding(t.Context(), client), imm.ErrNotFound)
		}
		require.Greater(t, provider.fetches.Load(), int64(1), "the refresh begins before the keys expire")
		<-time.After(2 * time.Minute)
		err := getBinding(t.Context(), client)
		require.EqualError(t, err, "imm: GetBinding: no answer: no credentials: out of reach [nothing was sent]")
		require.ErrorIs(t, err, imm.ErrUnavailable)
		provider.failing.Store(false)
		require.ErrorIs(t, getBinding(t.Context(), client), imm.ErrNotFound)
	})
}

func TestCredentialsThatCannotSignAreAnErrorOfTheCall(t *testing.T) {
	t.Parallel()
	server := immtest.NewServer()
	defer server.Close()
	for _, keys := range []imm.Credentials{{}, {AccessKeyID: "id"}, {AccessKeySecret: "s"}, {AccessKeyID: "id\n", AccessKeySecret: "s"}} {
		err := getBinding(t.Context(), clientOf(server, &rotation{keys: []imm.Credentials{keys}}))
		require.ErrorIs(t, err, imm.ErrUnauthenticated)
		require.NotErrorIs(t, err, imm.ErrUnavailable)
	}
	require.Empty(t, server.Requests())
}

func TestATokenIsNotSentOverHTTPToAnotherMachine(t *testing.T) {
	t.Parallel()
	server := immtest.NewServer(immtest.WithCredentials("STS.id", "secret", "token"))
	defer server.Close()
	for endpoint, allowed := range map[string]bool{
		"http://emulator:8080": false, "http://10.0.0.1": false, "https://emulator:8080": true,
		"http://localhost:8080": true, "http://127.0.0.1": true, "http://[::1]:80": true,
	} {
		client, err := imm.NewClient("cn-hangzhou", imm.StaticCredentials("STS.id", "secret", "token"), imm.WithInsecureHTTP(),
			imm.WithEndpoint(endpoint), imm.WithHTTPClient(&http.Client{Transport: server.Transport()}))
		require.NoError(t, err)
		before := len(server.Requests())
		err = getBinding(t.Context(), client)
		if allowed {
			require.ErrorIs(t, err, imm.ErrNotFound, endpoint)
			continue
		}
		var invalid *imm.ValidationError
		require.ErrorAs(t, err, &invalid, endpoint)
		require.Equal(t, "GetBinding", invalid.Action)
		require.Len(t, server.Requests(), before)
	}
}

func TestAnOutageIsNotMultiplied(t *testing.T) {
	t.Parallel()
	const goroutines, calls = 20, 200
	for name, fault := range map[string]immtest.Fault{
		"500":   immtest.ServerError(-1, 500),
		"503":   immtest.HTMLPage(-1, 503),
		"reset": {Reset: true, Times: -1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				server := immtest.NewServer()
				defer server.Close()
				server.Inject(fault)
				client := server.Client()
				var group sync.WaitGroup
				for range goroutines {
					group.Go(func() {
						for range calls / goroutines {
							if err := getBinding(t.Context(), client); !errors.Is(err, imm.ErrUnavailable) {
								t.Errorf("got %v", err)
							}
						}
					})
				}
				group.Wait()
				require.LessOrEqual(t, len(server.Requests()), 2*calls)
				require.Greater(t, len(server.Requests()), calls, "there is a budget of repeats")
				server.ClearFaults()
				require.ErrorIs(t, getBinding(t.Context(), client), imm.ErrNotFound, "the client works again at once")
			})
		})
	}
}

func TestTwoHundredGoroutinesShareOneClient(t *testing.T) {
	t.Parallel()
	server := immtest.NewServer()
	t.Cleanup(server.Close)
	var files []imm.InputFile
	for i := range 20 {
		files = append(files, imm.InputFile{URI: fmt.Sprintf("oss://test-bucket/%d.jpg", i), CustomLabels: map[string]string{"n": fmt.Sprint(i)}})
	}
	server.Inject(immtest.ServerError(50, 500), immtest.Fault{Reset: true, Times: 10}, immtest.HTMLPage(1, 414))
	client, err := imm.NewClient("cn-hangzhou", &rotation{keys: []imm.Credentials{testKeys()}}, imm.WithEndpoint(server.URL()),
		imm.WithRetry(imm.RetryPolicy{MaxAttempts: 70})) // one call may meet all of the faults
	require.NoError(t, err)
	defer client.CloseIdleConnections()
	var group sync.WaitGroup
	ids := make([]string, 1000)
	for g := range 200 {
		group.Go(func() {
			for i := range 5 {
				resp, err := client.BatchIndexFileMeta(t.Context(), &imm.BatchIndexFileMetaRequest{
					ProjectName: project, DatasetName: dataset, Files: files, UserData: fmt.Sprintf("%d/%d", g, i),
				})
				if err != nil {
					t.Error(err)
					return
				}
				ids[5*g+i] = resp.EventID
			}
		})
	}
	group.Wait()
	seen := make(map[string]int)
	for _, id := range ids {
		seen[id]++
	}
	require.Len(t, seen, 1000, "no two calls share an answer")
	accepted := make(map[string]bool)
	for _, r := range server.Requests() {
		if r.Status == http.StatusOK {
			require.False(t, accepted[r.Form.Get("UserData")], "sent twice although it was accepted")
			accepted[r.Form.Get("UserData")] = true
		}
	}
	require.Len(t, accepted, 1000)
}
