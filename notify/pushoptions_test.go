package notify

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"math"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/imm-go/imm"
)

func TestOptionsOfHandlersAreChecked(t *testing.T) {
	t.Parallel()
	const secret = "a-secret-of-enough-characters"
	pool, err := NewPool(1, 1, func(context.Context, *imm.IndexMessage, error) {})
	require.NoError(t, err)
	defer pool.Close(t.Context()) //nolint:errcheck // nothing is in it
	memory, err := NewMemoryDeduplicator(1)
	require.NoError(t, err)
	const good, onlyMNS, onlyBridge, bad = 3, 1, 2, 0
	for _, c := range []struct {
		name  string
		opt   Option
		takes int
	}{
		{"WithLogger", WithLogger(slog.New(slog.DiscardHandler)), good},
		{"WithLogger", WithLogger(nil), bad},
		{"WithUnreadable", WithUnreadable(func(context.Context, []byte, error) error { return nil }), good},
		{"WithUnreadable", WithUnreadable(nil), bad},
		{"WithDeduplication", WithDeduplication(memory), good},
		{"WithDeduplication", WithDeduplication(nil), bad},
		{"WithPool", WithPool(pool), good},
		{"WithPool", WithPool(nil), bad},
		{"WithCertificates", WithCertificates(func(context.Context, string) ([]byte, error) { return nil, nil }), good},
		{"WithCertificates", WithCertificates(nil), bad},
		{"WithWindow", WithWindow(1), good},
		{"WithWindow", WithWindow(math.MaxInt64), good},
		{"WithWindow", WithWindow(0), bad},
		{"WithWindow", WithWindow(-time.Second), bad},
		{"WithMaxBody", WithMaxBody(1), good},
		{"WithMaxBody", WithMaxBody(1 << 20), good},
		{"WithMaxBody", WithMaxBody(1<<20 + 1), bad},
		{"WithMaxBody", WithMaxBody(0), bad},
		{"WithMaxBody", WithMaxBody(-1), bad},
		{"WithMinKeySize", WithMinKeySize(512), good},
		{"WithMinKeySize", WithMinKeySize(8192), good},
		{"WithMinKeySize", WithMinKeySize(511), bad},
		{"WithMinKeySize", WithMinKeySize(8193), bad},
		{"WithSecretPath", WithSecretPath(""), bad},
		{"WithSecretPath", WithSecretPath("fifteen-letters"), bad},
		{"WithSecretPath", WithSecretPath(secret + "/x"), bad},
		{"WithSecretPath", WithSecretPath(secret + "?"), bad},
		{"WithSecretPath", WithSecretPath(secret + "%20"), bad},
		{"WithSecretPath", WithSecretPath(secret + " "), bad},
		{"WithSecretPath", WithSecretPath(secret + "ä"), bad},
		{"WithSecretPath", WithSecretPath(secret), onlyMNS}, // the URL of the other does not end with it
		{"WithTopicOwner", WithTopicOwner("1"), onlyMNS},
		{"WithTopicOwner", WithTopicOwner(""), bad},
		{"WithTopicOwner", WithTopicOwner("12a"), bad},
		{"WithTopicOwner", WithTopicOwner(" 1"), bad},
		{"WithMethod", WithMethod("POST"), onlyMNS},
		{"WithMethod", WithMethod(""), bad},
		{"WithMethod", WithMethod("post"), bad},
		{"WithMethod", WithMethod("POST\n"), bad},
		{"WithPath", WithPath("/"), onlyMNS},
		{"WithPath", WithPath("/a/b?c=d"), onlyMNS},
		{"WithPath", WithPath(""), bad},
		{"WithPath", WithPath("a"), bad},
		{"WithPath", WithPath("/a#b"), bad},
		{"WithPath", WithPath("/a b"), bad},
		{"WithPath", WithPath("/a\nb"), bad},
		{"WithPath", WithPath("/ä"), bad},
		{"WithPath", WithPath("https://example.com/"), bad},
		{"WithURL", WithURL("https://example.com"), onlyBridge},
		{"WithURL", WithURL("http://example.com:8080/a?b"), onlyBridge},
		{"WithURL", WithURL(""), bad},
		{"WithURL", WithURL("example.com/a"), bad},
		{"WithURL", WithURL("//example.com/a"), bad},
		{"WithURL", WithURL("/a"), bad},
		{"WithURL", WithURL("ftp://example.com/a"), bad},
		{"WithURL", WithURL("https://user@example.com/a"), bad},
		{"WithURL", WithURL("https://example.com/a#b"), bad},
		{"WithURL", WithURL("https://example.com/a b"), bad},
		{"WithURL", WithURL("https://example.com/%"), bad},
		{"WithURL", WithURL("https:///a"), bad},
		{"WithRegions", WithRegions("cn-hangzhou"), onlyBridge},
		{"WithRegions", WithRegions("cn-hangzhou", "ap-southeast-1"), onlyBridge},
		{"WithRegions", WithRegions(), bad},
		{"WithRegions", WithRegions(""), bad},
		{"WithRegions", WithRegions("cn-hangzhou", ""), bad},
		{"WithRegions", WithRegions("cn-Hangzhou"), bad},
		{"WithRegions", WithRegions("cn-hangzhou."), bad},
		{"WithRegions", WithRegions("evil.example/"), bad},
		{"WithRegions", WithRegions("*"), bad},
		{"WithToken", WithToken("0123456789abcde\"\\"), onlyBridge},
		{"WithToken", WithToken(""), bad},
		{"WithToken", WithToken("fifteen-letters"), bad},
		{"WithToken", WithToken(secret + " "), bad},
		{"WithToken", WithToken(secret + "\n"), bad},
		{"WithToken", WithToken(secret + "ä"), bad},
		{"opts[0]", nil, bad},
	} {
		callback := func(context.Context, *imm.IndexMessage) error { return nil }
		check := func(action string, isRight bool, handler http.Handler, err error) {
			t.Helper()
			if isRight {
				require.NoError(t, err, c.name)
				require.NotNil(t, handler)
				return
			}
			require.Nil(t, handler)
			var invalid *imm.ValidationError
			require.ErrorAs(t, err, &invalid, c.name)
			require.ErrorIs(t, err, imm.ErrInvalidArgument)
			require.Equal(t, action, invalid.Action)
			require.Equal(t, c.name, invalid.Field)
			require.NotContains(t, err.Error(), secret)
			require.NotContains(t, err.Error(), "\n")
		}
		handler, err := NewMNSHandler(callback, c.opt)
		check("NewMNSHandler", c.takes&onlyMNS != 0, handler, err)
		bridge := []Option{c.opt, WithURL(bridgeHook), WithRegions("cn-hangzhou")}
		if c.takes == onlyBridge {
			bridge = append(bridge[1:], c.opt)
		}
		handler, err = NewEventBridgeHandler(callback, bridge...)
		check("NewEventBridgeHandler", c.takes&onlyBridge != 0, handler, err)
	}
}

func TestAHandlerWithoutWhatItNeedsIsAnError(t *testing.T) {
	t.Parallel()
	callback := func(context.Context, *imm.IndexMessage) error { return nil }
	const secret = "a-secret-of-enough-characters"
	mns := func(callback Callback, opts ...Option) error {
		handler, err := NewMNSHandler(callback, opts...)
		require.Nil(t, handler)
		return err
	}
	bridge := func(callback Callback, opts ...Option) error {
		handler, err := NewEventBridgeHandler(callback, opts...)
		require.Nil(t, handler)
		return err
	}
	url, regions := WithURL(bridgeHook), WithRegions("cn-hangzhou")
	for reason, err := range map[string]error{
		"callback: it is nil":     mns(nil),
		"callback: it is nil, so": bridge(nil, url, regions),
		"WithURL: it is missing":  bridge(callback, regions),
		"WithRegions: it is miss": bridge(callback, url),
		"of WithPath does not":    mns(callback, WithSecretPath(secret), WithPath("/"+secret+"/x")),
		"of WithURL does not":     bridge(callback, regions, WithSecretPath(secret), WithURL("https://example.com/"+secret+"x")),
	} {
		require.ErrorContains(t, err, reason)
		require.NotContains(t, err.Error(), secret)
	}
	err := bridge(nil, nil, WithWindow(0), WithTopicOwner("1"))
	for _, field := range []string{"callback", "opts[0]", "WithWindow", "WithTopicOwner", "WithURL", "WithRegions"} {
		require.ErrorContains(t, err, field, "all that is wrong is said at once")
	}
	require.NotContains(t, err.Error(), "\n", "and in one line")
	for _, err := range []error{
		bridge(callback, url, WithRegions()), bridge(callback, url, WithRegions("*")),
		bridge(callback, WithURL("/"), regions), bridge(callback, WithURL("/"), regions, WithSecretPath(secret)),
		mns(callback, WithPath("/a b"), WithSecretPath(secret)),
	} {
		require.Equal(t, 1, strings.Count(err.Error(), "imm: "), "one mistake is one error: %v", err)
	}
}

func TestAHandlerThatTakesAnybodysPushesSaysSoOnce(t *testing.T) {
	t.Parallel()
	callback := func(context.Context, *imm.IndexMessage) error { return nil }
	for _, c := range []struct {
		opts  []Option
		warns int
	}{
		{nil, 1},
		{[]Option{WithWindow(time.Hour), WithPath("/a")}, 1},
		{[]Option{WithTopicOwner("1")}, 0},
		{[]Option{WithSecretPath("a-secret-of-enough-characters")}, 0},
		{[]Option{WithTopicOwner("")}, 0}, // which is an error
	} {
		var log strings.Builder
		logger := slog.New(slog.NewTextHandler(&log, nil))
		_, err := NewMNSHandler(callback, append(c.opts, WithLogger(logger))...)
		require.Equal(t, c.warns, strings.Count(log.String(), "level=WARN"), "%v", err)
		require.Equal(t, c.warns, strings.Count(log.String(), "give WithTopicOwner or WithSecretPath"))
	}
}

func TestNoSecretIsPrinted(t *testing.T) {
	t.Parallel()
	const secret = "a-secret-of-enough-characters"
	var log strings.Builder
	logger := slog.New(slog.NewJSONHandler(&log, nil))
	callback := func(context.Context, *imm.IndexMessage) error { return io.EOF }
	mns, err := NewMNSHandler(callback, WithSecretPath(secret), WithPath("/"+secret), WithLogger(logger))
	require.NoError(t, err)
	bridge, err := NewEventBridgeHandler(callback, WithToken(secret), WithURL("https://example.com/"+secret), WithSecretPath(secret), WithRegions("cn-hangzhou"), WithLogger(logger))
	require.NoError(t, err)
	for _, handler := range []http.Handler{mns, bridge} {
		logger.Info("a handler", "handler", handler)
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x"} {
			for _, value := range []any{handler, *handler.(*pushHandler).config, handler.(*pushHandler).push, &handler.(*pushHandler).push} {
				text := fmt.Sprintf(verb, value)
				require.NotContains(t, text, secret, verb)
				require.NotContains(t, text, fmt.Sprintf("%x", secret), verb)
			}
		}
	}
	require.NotContains(t, log.String(), secret)
}
