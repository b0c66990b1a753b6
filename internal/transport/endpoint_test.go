package transport

import (
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestAnEndpointIsASchemeAndAHost(t *testing.T) {
	t.Parallel()
	for raw, want := range map[string]Endpoint{
		"https://imm.cn-hangzhou.aliyuncs.com":  {"https", "imm.cn-hangzhou.aliyuncs.com", false},
		"https://imm.cn-hangzhou.aliyuncs.com/": {"https", "imm.cn-hangzhou.aliyuncs.com", false},
		"HTTPS://IMM.Example.com":               {"https", "imm.example.com", false},
		"https://imm.example.com:8443":          {"https", "imm.example.com:8443", false},
		"https://imm.example.com:1":             {"https", "imm.example.com:1", false},
		"https://imm.example.com:65535":         {"https", "imm.example.com:65535", false},
		"http://emulator:8080":                  {"http", "emulator:8080", false},
		"http://localhost":                      {"http", "localhost", true},
		"http://LOCALHOST:80":                   {"http", "localhost:80", true},
		"http://127.0.0.1:8080/":                {"http", "127.0.0.1:8080", true},
		"http://127.255.0.1":                    {"http", "127.255.0.1", true},
		"http://[::1]:8080":                     {"http", "[::1]:8080", true},
		"http://[::ffff:127.0.0.1]":             {"http", "[::ffff:127.0.0.1]", true},
		"http://128.0.0.1":                      {"http", "128.0.0.1", false},
		"http://0.0.0.0":                        {"http", "0.0.0.0", false},
		"http://[::]":                           {"http", "[::]", false},
		"http://localhost.example.com":          {"http", "localhost.example.com", false},
		"http://notlocalhost":                   {"http", "notlocalhost", false},
		"http://127.0.0.1.example.com":          {"http", "127.0.0.1.example.com", false},
		"https://localhost":                     {"https", "localhost", true},
	} {
		got, err := ParseEndpoint(raw)
		require.NoError(t, err, raw)
		require.Equal(t, want, got, raw)
	}
}

// TestAnEndpointWithAnythingElseIsRefusedUnseen has a password in each, which no
// error may quote.
func TestAnEndpointWithAnythingElseIsRefusedUnseen(t *testing.T) {
	t.Parallel()
	const secret = "hunter2"
	for raw, want := range map[string]string{
		"":                                     "it is empty",
		" ":                                    "it does not start with https://",
		secret:                                 "it does not start with https://",
		"imm." + secret + ".example.com":       "it does not start with https://",
		"user:" + secret + "@example.com":      "it does not start with https://",
		"//user:" + secret + "@example.com":    "it does not start with https://",
		"ftp://user:" + secret + "@example":    "it does not start with https://",
		"https:example.com/" + secret:          "it does not start with https://",
		"localhost:8080":                       "it does not start with https://",
		" https://" + secret:                   "it is not a URL",
		"https://" + secret + " .com":          "it is not a URL",
		"https://" + secret + "\n":             "it is not a URL",
		"https://u:" + secret + "@host:port":   "it is not a URL",
		"https://u:" + secret + "%zz@host":     "it is not a URL",
		"https://[::1" + secret:                "it is not a URL",
		"https://user:" + secret + "@host":     "it has user info",
		"https://" + secret + "@host":          "it has user info",
		"https://@host/" + secret:              "it has user info",
		"https://host?" + secret:               "it has a query",
		"https://host/?":                       "it has a query",
		"https://host#" + secret:               "it has a fragment",
		"https://host/#":                       "it has a fragment",
		"https://host/" + secret:               "it has a path",
		"https://host//":                       "it has a path",
		"https:///" + secret:                   "it has a path",
		"https://":                             "it has no valid host",
		"https://:443":                         "it has no valid host",
		"https://host:":                        "it has no valid host",
		"https://host%20" + secret:             "it is not a URL",
		"https://" + secret + "ö.example":      "it has no valid host",
		"https://" + secret + ",other":         "it has no valid host",
		"https://[fe80::1%25" + secret + "]":   "it has no valid host",
		"https://" + secret + ":0":             "its port is not one from 1 to 65535",
		"https://" + secret + ":65536":         "its port is not one from 1 to 65535",
		"https://" + secret + ":9999999999999": "its port is not one from 1 to 65535",
	} {
		t.Run(strconv.Quote(raw), func(t *testing.T) {
			t.Parallel()
			_, err := ParseEndpoint(raw)
			require.ErrorContains(t, err, want)
			require.NotContains(t, err.Error(), secret)
			require.NotContains(t, err.Error(), "\n")
		})
	}
}

func TestWhatOthersCouldReadIsSentToThisMachineOnly(t *testing.T) {
	t.Parallel()
	for raw, tt := range map[string]struct{ isRefused, isRefusedStill, tokenIsRefused bool }{
		"https://host.example":  {false, false, false},
		"http://localhost:8080": {false, false, false},
		"http://127.0.0.1":      {false, false, false},
		"http://host.example":   {true, false, true},
		"http://10.0.0.1:8080":  {true, false, true},
	} {
		e, err := ParseEndpoint(raw)
		require.NoError(t, err)
		require.Equal(t, tt.isRefused, e.Check(false) != nil, raw)
		require.Equal(t, tt.isRefusedStill, e.Check(true) != nil, raw)
		require.Equal(t, tt.tokenIsRefused, e.CheckToken("hunter2") != nil, raw)
		require.NoError(t, e.CheckToken(""), raw)
		if tt.tokenIsRefused {
			require.NotContains(t, e.CheckToken("hunter2").Error(), "hunter2")
		}
	}
}
