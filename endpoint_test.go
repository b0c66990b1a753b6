package imm

import (
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

func TestAnEndpointThatIsRefusedIsNotQuoted(t *testing.T) {
	t.Parallel()
	const secret = "hunter2"
	for raw, want := range map[string]string{
		"":                                  "it is empty",
		secret:                              "it does not start with https://",
		"https://u:" + secret + "@host":     "it has user info",
		"https://host/" + secret + "?a=%zz": "it has a query",
	} {
		client, err := NewClient("cn-hangzhou", StaticCredentials("id", "secret", ""), WithEndpoint(raw), WithInsecureHTTP())
		require.Nil(t, client)
		require.ErrorContains(t, err, "imm: NewClient: WithEndpoint: "+want)
		require.ErrorIs(t, err, ErrInvalidArgument)
		require.NotContains(t, err.Error(), secret)
		requireOneLine(t, err.Error())
	}
}
