package imm

import (
	"context"
	"crypto/tls"
	"errors"
	"log/slog"
	"math"
	"net/http"
	"net/http/cookiejar"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/imm-go/imm/internal/transport"
)

// newTestClient makes a client with good keys.
func newTestClient(opts ...Option) (*Client, error) {
	return NewClient("cn-hangzhou", StaticCredentials("id", "secret", ""), opts...)
}

type pointerProvider struct{}

func (*pointerProvider) Credentials(context.Context) (Credentials, error) { return Credentials{}, nil }

type functionProvider func() (Credentials, error)

func (f functionProvider) Credentials(context.Context) (Credentials, error) { return f() }

func TestWhatMakesNoClientIsNamed(t *testing.T) {
	t.Parallel()
	keys := StaticCredentials("id", "secret", "")
	tests := map[string]struct {
		region string
		creds  CredentialsProvider
		opts   []Option
		want   string // how the error begins, after the function
	}{
		"no region":                  {"", keys, nil, "region: it is empty"},
		"a region that is none":      {"hangzhou", keys, nil, `region: "hangzhou" is not a region id`},
		"no provider":                {"cn-hangzhou", nil, nil, "creds: the provider is nil"},
		"a nil pointer":              {"cn-hangzhou", (*pointerProvider)(nil), nil, "creds: the provider is a nil pointer"},
		"a nil function":             {"cn-hangzhou", functionProvider(nil), nil, "creds: the provider is a nil pointer"},
		"no key id":                  {"cn-hangzhou", StaticCredentials("", "verysecret", "t"), nil, "creds: the access key id is empty"},
		"no secret":                  {"cn-hangzhou", StaticCredentials("id", "", "t"), nil, "creds: the access key secret is empty"},
		"an id with a line end":      {"cn-hangzhou", StaticCredentials("id\n", "verysecret", ""), nil, "creds: the access key id has a space"},
		"a token with a line end":    {"cn-hangzhou", StaticCredentials("id", "verysecret", "t\n"), nil, "creds: the security token has a space"},
		"a nil option":               {"cn-hangzhou", keys, []Option{WithVPC(), nil}, "opts[1]: it is nil"},
		"a nil HTTP client":          {"cn-hangzhou", keys, []Option{WithHTTPClient(nil)}, "WithHTTPClient: the client is nil"},
		"a nil logger":               {"cn-hangzhou", keys, []Option{WithLogger(nil)}, "WithLogger: the logger is nil"},
		"an empty user agent":        {"cn-hangzhou", keys, []Option{WithUserAgent("")}, "WithUserAgent: it is empty"},
		"a blank user agent":         {"cn-hangzhou", keys, []Option{WithUserAgent("  ")}, "WithUserAgent: it is empty"},
		"a header in the user agent": {"cn-hangzhou", keys, []Option{WithUserAgent("a\r\nX-Evil: 1")}, "WithUserAgent: it has a control character"},
		"a user agent beyond ASCII":  {"cn-hangzhou", keys, []Option{WithUserAgent("büro/1")}, "WithUserAgent: it has a control character"},
		"rate 0":                     {"cn-hangzhou", keys, []Option{WithRateLimit(0)}, "WithRateLimit: 0 is not a rate"},
		"a negative rate":            {"cn-hangzhou", keys, []Option{WithRateLimit(-1)}, "WithRateLimit: -1 is not a rate"},
		"an infinite rate":           {"cn-hangzhou", keys, []Option{WithRateLimit(math.Inf(1))}, "WithRateLimit: +Inf is not a rate"},
		"a rate that is no number":   {"cn-hangzhou", keys, []Option{WithRateLimit(math.NaN())}, "WithRateLimit: NaN is not a rate"},
		"negative attempts":          {"cn-hangzhou", keys, []Option{WithRetry(RetryPolicy{MaxAttempts: -1})}, "WithRetry: MaxAttempts is negative"},
		"a negative base delay":      {"cn-hangzhou", keys, []Option{WithRetry(RetryPolicy{BaseDelay: -1})}, "WithRetry: BaseDelay is negative"},
		"a negative maximum delay":   {"cn-hangzhou", keys, []Option{WithRetry(RetryPolicy{MaxDelay: -1})}, "WithRetry: MaxDelay is negative"},
		"a negative hint":            {"cn-hangzhou", keys, []Option{WithRetry(RetryPolicy{MaxHint: -1})}, "WithRetry: MaxHint is negative"},
		"a negative timeout":         {"cn-hangzhou", keys, []Option{WithRetry(RetryPolicy{AttemptTimeout: -1})}, "WithRetry: AttemptTimeout is negative"},
		"delays upside down":         {"cn-hangzhou", keys, []Option{WithRetry(RetryPolicy{BaseDelay: 2, MaxDelay: 1})}, "WithRetry: MaxDelay is below BaseDelay"},
		"a VPC beside an endpoint":   {"cn-hangzhou", keys, []Option{WithVPC(), WithEndpoint("https://h")}, "WithVPC: it stands beside WithEndpoint"},
		"an endpoint beside a VPC":   {"cn-hangzhou", keys, []Option{WithEndpoint("https://h"), WithVPC()}, "WithVPC: it stands beside WithEndpoint"},
		"http to another machine":    {"cn-hangzhou", keys, []Option{WithEndpoint("http://192.168.0.1")}, "WithEndpoint: it is http to another machine"},
		"the endpoint of before":     {"cn-hangzhou", keys, []Option{WithEndpoint("https://h/p"), WithEndpoint("https://h")}, "WithEndpoint: it has a path"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			client, err := NewClient(tt.region, tt.creds, tt.opts...)
			require.Nil(t, client)
			invalid, ok := errors.AsType[*ValidationError](err)
			require.True(t, ok, "%v", err)
			require.Equal(t, "NewClient", invalid.Action)
			require.True(t, strings.HasPrefix(err.Error(), "imm: NewClient: "+tt.want), err.Error())
			require.ErrorIs(t, err, ErrInvalidArgument)
			requireOneLine(t, err.Error())
			require.NotContains(t, err.Error(), "verysecret")
		})
	}
}

func TestSeveralMistakesAreNamedInOneLine(t *testing.T) {
	t.Parallel()
	_, err := NewClient("nowhere\n", StaticCredentials("id", "", ""), nil, WithRateLimit(0), WithVPC(), WithEndpoint("http://h"), WithUserAgent("\n"))
	require.Error(t, err)
	for _, part := range []string{"region: ", "creds: ", "opts[0]: ", "WithRateLimit: ", "WithVPC: ", "WithEndpoint: ", "WithUserAgent: "} {
		require.Equal(t, 1, strings.Count(err.Error(), "imm: NewClient: "+part), part)
	}
	requireOneLine(t, err.Error())
	require.ErrorIs(t, err, ErrInvalidArgument)
	require.NotErrorIs(t, err, ErrUnavailable)
	_, ok := errors.AsType[*ValidationError](err)
	require.True(t, ok)
}

func TestWhatMakesSenseMakesAClient(t *testing.T) {
	t.Parallel()
	for name, opts := range map[string][]Option{
		"nothing":                          nil,
		"all":                              {WithVPC(), WithInsecureHTTP(), WithHTTPClient(&http.Client{}), WithRetry(RetryPolicy{MaxAttempts: 1}), WithRateLimit(0.01), WithLogger(slog.Default()), WithObserver(Observer{}), WithUserAgent("a/1 (b)")},
		"http to this machine":             {WithEndpoint("http://localhost:8080")},
		"http to another, if it is wanted": {WithInsecureHTTP(), WithEndpoint("http://emulator:8080")},
		"the other way round":              {WithEndpoint("http://emulator:8080"), WithInsecureHTTP()},
		"the last endpoint":                {WithEndpoint("https://a"), WithEndpoint("https://b")},
		"equal delays":                     {WithRetry(RetryPolicy{BaseDelay: 1, MaxDelay: 1})},
		"only a long base delay":           {WithRetry(RetryPolicy{BaseDelay: time.Hour})},
		"a high rate":                      {WithRateLimit(1e9)},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			client, err := newTestClient(opts...)
			require.NoError(t, err)
			require.NotNil(t, client)
		})
	}
	client, err := newTestClient(WithEndpoint("https://a"), WithEndpoint("https://b"))
	require.NoError(t, err)
	require.Equal(t, "imm.Client(https://b)", client.String())
	_, err = NewClient("cn-hangzhou", new(pointerProvider))
	require.NoError(t, err, "a provider is not asked before the first call")
}

func TestTheUserAgentNamesTheSDKAndThenTheProducts(t *testing.T) {
	t.Parallel()
	base := "imm-go/" + transport.Version + " (" + runtime.GOOS + "; " + runtime.GOARCH + ") " + runtime.Version()
	for want, opts := range map[string][]Option{
		base:                            nil,
		base + " photo-indexer/1.2":     {WithUserAgent("photo-indexer/1.2")},
		base + " photo-indexer/1.2 b/3": {WithUserAgent("photo-indexer/1.2"), WithUserAgent("b/3")},
	} {
		var got string
		transport := roundTripFunc(func(req *http.Request) (*http.Response, error) {
			got = req.UserAgent()
			return nil, errors.New("this transport answers nothing")
		})
		client, err := newTestClient(append(opts, WithHTTPClient(&http.Client{Transport: transport}), WithRetry(RetryPolicy{MaxAttempts: 1}))...)
		require.NoError(t, err)
		require.ErrorIs(t, client.Do(t.Context(), "GetProject", nil, nil), ErrUnavailable)
		require.Equal(t, want, got)
	}
}

func TestTheUsersHTTPClientIsNeverChanged(t *testing.T) {
	t.Parallel()
	jar, err := cookiejar.New(nil)
	require.NoError(t, err)
	transport := &http.Transport{TLSClientConfig: &tls.Config{MinVersion: tls.VersionTLS13}, MaxIdleConnsPerHost: 3}
	dial := errors.New("this transport dials nothing")
	transport.DialContext = nil
	transport.DialTLSContext = nil
	transport.RegisterProtocol("https", roundTripFunc(func(*http.Request) (*http.Response, error) { return nil, dial }))
	users := &http.Client{Transport: transport, Jar: jar, Timeout: time.Hour}
	client, err := newTestClient(WithHTTPClient(users))
	require.NoError(t, err)
	require.NotSame(t, users, client.http)
	require.ErrorIs(t, client.Do(t.Context(), "UpdateProject", nil, nil), dial)
	client.CloseIdleConnections()
	require.Nil(t, users.CheckRedirect)
	require.Same(t, transport, users.Transport)
	require.Same(t, jar, users.Jar)
	require.Equal(t, time.Hour, users.Timeout)
	require.Equal(t, 3, transport.MaxIdleConnsPerHost)
	require.Zero(t, transport.MaxIdleConns)
	require.Zero(t, transport.IdleConnTimeout)
	require.EqualValues(t, tls.VersionTLS13, transport.TLSClientConfig.MinVersion)
	require.Same(t, transport, client.http.Transport, "a copy would have connections of its own")
	require.Same(t, jar, client.http.Jar)
	require.Equal(t, time.Hour, client.http.Timeout)
}

func TestAClientOfItsOwnHasItsLimits(t *testing.T) {
	t.Parallel()
	one, err := newTestClient()
	require.NoError(t, err)
	other, err := newTestClient()
	require.NoError(t, err)
	transport, ok := one.http.Transport.(*http.Transport)
	require.True(t, ok)
	require.NotSame(t, transport, other.http.Transport)
	require.NotSame(t, http.DefaultTransport, transport)
	require.EqualValues(t, tls.VersionTLS12, transport.TLSClientConfig.MinVersion)
	require.False(t, transport.TLSClientConfig.InsecureSkipVerify)
	require.NotNil(t, transport.Proxy)
	require.Equal(t, 5*time.Second, transport.IdleConnTimeout, "the gateway drops them after about 10")
	require.Equal(t, 10*time.Second, transport.TLSHandshakeTimeout)
	require.Equal(t, 30*time.Second, transport.ResponseHeaderTimeout)
	require.ErrorIs(t, one.http.CheckRedirect(nil, nil), http.ErrUseLastResponse)
}
