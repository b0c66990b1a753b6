package credentials

import (
	"errors"
	"fmt"
	"net/url"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/require"
)

func TestURLsInErrorsLoseTheirUserAndQuery(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"no URL? none: a@b.c":                          "no URL? none: a@b.c",
		`Get "http://h/p?q=1": refused`:                `Get "http://h/p": refused`,
		"GET http://u:p@h/p/@x 404":                    "GET http://h/p/@x 404",
		"GET http://h?q#f then https://u@i/#f and end": "GET http://h then https://i/ and end",
		"http://h?q":                                   "http://h",
	} {
		require.Equal(t, want, withoutSecretParts(text))
	}
}

func TestSecretsAreMaskedInEverySpelling(t *testing.T) {
	t.Parallel()
	const secret = `a+b/c="d`
	once := url.QueryEscape(secret)
	for _, form := range []string{secret, once, url.QueryEscape(once), url.PathEscape(secret), `a+b/c=\"d`} {
		require.Equal(t, "<REDACTED>", mask("<"+form+">", []string{secret}))
	}
	require.Equal(t, "REDACTED", mask("longer-secret", []string{"long", "longer-secret"}), "the longest first")
	require.Equal(t, "a b", mask("a b", []string{"", "a"}), "too short for a secret")
}

func TestALongReasonIsCutAtACharacterAndAfterMasking(t *testing.T) {
	t.Parallel()
	f := explain("s", errors.New(strings.Repeat("ä", 140)+" "+testSecret+strings.Repeat("z", 999)), "", []string{testSecret})
	require.True(t, utf8.ValidString(f.reason))
	require.LessOrEqual(t, len(f.reason), maxReason+len("…"))
	requireNoSecret(t, f.reason)
	require.Equal(t, "a b c", oneLine(" a\r\n b\tc "))
	require.Equal(t, "a [31mb", oneLine("a\x1b[31mb"), "nothing steers a terminal")
}

func TestAnUnknownErrorIsShownUpToWhatLooksLikeData(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"something new":                   "something new",
		"something new: {" + gotSecret:    "something new: (the rest is not shown because it may hold a secret)",
		"something new: <a>" + gotSecret:  "something new: (the rest is not shown because it may hold a secret)",
		"bad proxy http://me:pw@h:1/?x=y": "bad proxy http://h:1/",
	} {
		require.Equal(t, want, explain("s", errors.New(text), "", nil).reason)
	}
}

func TestACauseThatQuotesASecretIsNotPassedOn(t *testing.T) {
	t.Parallel()
	cause := fmt.Errorf("bad header %s", testToken)
	f := explain("s", &url.Error{Op: "Get", URL: "://", Err: cause}, "", []string{testToken})
	require.Equal(t, "the address did not answer: bad header REDACTED", f.reason)
	require.NotErrorIs(t, f, cause)
}
