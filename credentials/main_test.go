package credentials

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/imm-go/imm"
)

// Keys of the tests. Both hold characters that are escaped on the way, and no
// text of ours may ever show them.
const (
	testID     = "LTAIsource"
	testSecret = "sourceSecret+/= 1"
	testToken  = "sourceToken+/=2"

	gotID     = "STS.answer"
	gotSecret = "answerSecret+/=3"
	gotToken  = "answerToken+/=4"
)

var want = imm.Credentials{AccessKeyID: gotID, AccessKeySecret: gotSecret, SecurityToken: gotToken}

// detours leads the fixed host names that credentials-go asks to test servers.
var detours sync.Map // host name → address of a server

// metadata is the address of what stands for the metadata service, if any.
var metadata atomic.Pointer[url.URL]

func TestMain(m *testing.M) {
	home, err := os.MkdirTemp("", "home")
	if err != nil {
		panic(err)
	}
	for _, variable := range os.Environ() {
		if name, _, _ := strings.Cut(variable, "="); strings.HasPrefix(name, "ALIBABA_CLOUD_") {
			_ = os.Unsetenv(name)
		}
	}
	_ = os.Setenv("HOME", home)
	_ = os.Setenv("USERPROFILE", home)

	// Credentials-go clones this transport for each of its requests.
	transport := http.DefaultTransport.(*http.Transport)
	example := httptest.NewTLSServer(nil)
	pool := x509.NewCertPool()
	pool.AddCert(example.Certificate())
	example.Close()
	transport.TLSClientConfig = &tls.Config{RootCAs: pool, ServerName: "example.com"}
	tunnel := httptest.NewServer(http.HandlerFunc(connect))
	tunnelURL, _ := url.Parse(tunnel.URL)
	nowhere, _ := url.Parse("http://127.0.0.1:1")
	transport.Proxy = func(r *http.Request) (*url.URL, error) {
		switch host := r.URL.Hostname(); {
		case host == "100.100.100.200":
			if u := metadata.Load(); u != nil {
				return u, nil
			}
			return nowhere, nil
		case strings.HasSuffix(host, ".aliyuncs.com"), strings.HasSuffix(host, ".aliyun.com"):
			return tunnelURL, nil
		}
		return nil, nil
	}

	code := m.Run()
	tunnel.Close()
	_ = os.RemoveAll(home)
	if err := goleak.Find(); err != nil && code == 0 {
		fmt.Fprintln(os.Stderr, err)
		code = 1
	}
	os.Exit(code)
}

// connect is a proxy for https.
func connect(w http.ResponseWriter, r *http.Request) {
	address, ok := detours.Load(r.URL.Hostname())
	if !ok {
		http.Error(w, "no such host", http.StatusBadGateway)
		return
	}
	server, err := new(net.Dialer).DialContext(r.Context(), "tcp", address.(string))
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadGateway)
		return
	}
	client, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		_ = server.Close()
		return
	}
	_, _ = io.WriteString(client, "HTTP/1.1 200 OK\r\n\r\n")
	go func() {
		_, _ = io.Copy(server, client)
		_ = server.Close()
	}()
	_, _ = io.Copy(client, server)
	_ = client.Close()
}

// serve starts an http server that answers like a credentials URI.
func serve(t *testing.T, handler http.HandlerFunc) *httptest.Server {
	t.Helper()
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	return server
}

// serveSTS starts an https server and returns its host for WithSTSEndpoint.
func serveSTS(t *testing.T, handler http.HandlerFunc) string {
	t.Helper()
	server := httptest.NewTLSServer(handler)
	t.Cleanup(server.Close)
	return strings.TrimPrefix(server.URL, "https://")
}

// serveHost is serveSTS for a fixed host name.
func serveHost(t *testing.T, host string, handler http.HandlerFunc) {
	t.Helper()
	detours.Store(host, serveSTS(t, handler))
	t.Cleanup(func() { detours.Delete(host) })
}

// serveMetadata stands in for the metadata service. Tests that use it are not
// parallel.
func serveMetadata(t *testing.T, handler http.HandlerFunc) {
	t.Helper()
	u, err := url.Parse(serve(t, handler).URL)
	require.NoError(t, err)
	metadata.Store(u)
	t.Cleanup(func() { metadata.Store(nil) })
}

func answers(body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, body) }
}

func answersStatus(status int, body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body)
	}
}

func expiresIn(d time.Duration) string { return time.Now().Add(d).UTC().Format("2006-01-02T15:04:05Z") }

// sessionJSON is what the credentials URI and the metadata service answer.
func sessionJSON() string {
	return fmt.Sprintf(`{"Code":"Success","AccessKeyId":%q,"AccessKeySecret":%q,"SecurityToken":%q,"Expiration":%q}`,
		gotID, gotSecret, gotToken, expiresIn(time.Hour))
}

// stsJSON is what STS answers.
func stsJSON() string { return `{"RequestId":"R1","Credentials":` + sessionJSON() + `}` }

func testKeys() imm.CredentialsProvider {
	return imm.StaticCredentials(testID, testSecret, testToken)
}

const (
	testRole     = "acs:ram::123456789012:role/reader"
	testProvider = "acs:ram::123456789012:oidc-provider/cluster"
)

func writeFile(t *testing.T, name, content string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	require.NoError(t, os.WriteFile(path, []byte(content), 0o600))
	return path
}

// get asks with a deadline that only a hanging test reaches.
func get(t *testing.T, p imm.CredentialsProvider) (imm.Credentials, error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	return p.Credentials(ctx)
}

// requireNoSecret fails if the text holds a secret of the tests, in any of the
// spellings that fmt, JSON and URLs give it.
func requireNoSecret(t *testing.T, text string) {
	t.Helper()
	for _, secret := range []string{testSecret, testToken, gotSecret, gotToken, "sourceSecret", "sourceToken", "answerSecret", "answerToken"} {
		for _, form := range []string{secret, url.QueryEscape(secret), url.QueryEscape(url.QueryEscape(secret)), fmt.Sprintf("%x", secret), fmt.Sprintf("%X", secret), fmt.Sprintf("%d", []byte(secret))} {
			if at := strings.Index(text, form); at >= 0 {
				t.Fatalf("a secret is shown after %q", text[max(0, at-80):at])
			}
		}
	}
}
