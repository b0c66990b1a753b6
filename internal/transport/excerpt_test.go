package transport

import (
	"net/http"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/require"
)

func TestElementsAreCutOutOfXML(t *testing.T) {
	t.Parallel()
	for data, want := range map[string]string{
		"<Code>a</Code>": "a", "<Code> a\n</Code>": "a", "<Code></Code>": "", "<Code>a": "", "a</Code>": "", "</Code><Code>": "", "": "",
		"<Code>a</Code><Code>b</Code>": "a", "<code>a</code>": "", "<CodeX>a</CodeX>": "", "<Code>&lt;&gt;&amp;&quot;&apos;</Code>": `<>&"'`,
		"<Code>&amp;lt;</Code>": "&lt;", "<Code><![CDATA[a<b]]></Code>": "a<b", "<Code/>": "",
	} {
		require.Equal(t, want, Element([]byte(data), "Code"), data)
	}
}

func TestAnExcerptIsOneShortLineOfWhatAPageSays(t *testing.T) {
	t.Parallel()
	for data, want := range map[string]string{
		"": "(an empty answer)", " \n": "(an empty answer)", "<p></p>": "(an empty answer)",
		"no healthy upstream\n": "no healthy upstream",
		"<html><head><title>502 Bad\nGateway</title></head><body>nginx</body></html>": "502 Bad Gateway",
		"<h1>Blocked</h1><p>by a proxy":                                               "Blocked by a proxy",
		"a < b":                                                                       "a",
		strings.Repeat("a", 200):                                                      strings.Repeat("a", 200),
		strings.Repeat("a", 201):                                                      strings.Repeat("a", 200) + "…",
		strings.Repeat("日", 100):                                                      strings.Repeat("日", 66) + "…",
		strings.Repeat(" ", 5000) + "a":                                               "(an empty answer)",
	} {
		got := Excerpt([]byte(data))
		require.Equal(t, want, got, "%.40q", data)
		require.True(t, utf8.ValidString(got))
	}
}

func TestARedirectIsNamedByItsHostOnly(t *testing.T) {
	t.Parallel()
	for location, want := range map[string]string{
		"https://user:pass@other.example/path?token=x#f": ", which sends to https://other.example",
		"http://other.example:8080":                      ", which sends to http://other.example:8080",
		"/elsewhere":                                     "",
		"":                                               "",
		"https://%zz":                                    "",
	} {
		require.Equal(t, want, RedirectTarget(&http.Response{Header: http.Header{"Location": {location}}}), location)
	}
}
