package imm

import (
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestEachKnownRegionHasItsEndpoints(t *testing.T) {
	t.Parallel()
	for region := range strings.FieldsSeq(`cn-beijing cn-hangzhou cn-shanghai cn-shenzhen cn-zhangjiakou cn-wulanchabu cn-qingdao
		cn-guangzhou cn-chengdu cn-hongkong ap-southeast-1 ap-southeast-2 ap-southeast-5 ap-south-1 us-west-1 us-east-1 eu-west-1
		eu-central-1 cn-north-2-gov-1 me-central-1 xx-not-known-90`) {
		require.NoError(t, checkRegion(region))
		require.Equal(t, "https://imm."+region+".aliyuncs.com", regionEndpoint(region, false).String())
		require.Equal(t, "https://imm-vpc."+region+".aliyuncs.com", regionEndpoint(region, true).String())
	}
	require.NoError(t, checkRegion("cn-beijing-gov-1"))
	for _, vpc := range []bool{false, true} {
		require.Equal(t, "https://imm-vpc.cn-beijing-gov-1.aliyuncs.com", regionEndpoint("cn-beijing-gov-1", vpc).String(), "it has no other")
	}
}

func TestARegionThatCouldChangeTheHostIsRefused(t *testing.T) {
	t.Parallel()
	for _, region := range []string{
		"", " ", "cn", "hangzhou", "cn-", "-hangzhou", "cn--hangzhou", "cn-hangzhou-", "CN-HANGZHOU", "cn-Hangzhou", "cn_hangzhou",
		"cn-hangzhou ", " cn-hangzhou", "cn-hangzhou\n", "cn-hangzhou.evil.example", "cn-hangzhou/", "cn-hangzhou#", "cn-hangzhou?", "a@b-c",
		"1-2", "1cn-hangzhou", "cn-hängzhou", "cn-\u0430", "cn-hangzhou:443", "cn-hangzhou%2e", "https://imm.cn-hangzhou.aliyuncs.com",
		"cn-" + strings.Repeat("a", 61), strings.Repeat("cn-", 100_000), "cn-\x00", "cn-\xff", "a\nb",
	} {
		err := checkRegion(region)
		require.Error(t, err, region)
		require.Contains(t, err.Error(), `want a region id such as "cn-hangzhou"`)
		requireOneLine(t, err.Error())
		require.Less(t, len(err.Error()), 5000)
	}
	require.NoError(t, checkRegion("cn-"+strings.Repeat("a", 60)))
}

func TestAnEndpointIsASchemeAndAHost(t *testing.T) {
	t.Parallel()
	for raw, want := range map[string]endpoint{
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
		got, err := parseEndpoint(raw)
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
			_, err := parseEndpoint(raw)
			require.ErrorContains(t, err, want)
			client, err := NewClient("cn-hangzhou", StaticCredentials("id", "secret", ""), WithEndpoint(raw), WithInsecureHTTP())
			require.Nil(t, client)
			require.ErrorContains(t, err, "imm: NewClient: WithEndpoint: "+want)
			require.ErrorIs(t, err, ErrInvalidArgument)
			require.NotContains(t, err.Error(), secret)
			requireOneLine(t, err.Error())
		})
	}
}
