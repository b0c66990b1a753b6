package credentials

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestARNsOfAnotherFormAreRefused(t *testing.T) {
	t.Parallel()
	for arn, good := range map[string]bool{
		testRole:                            true,
		"acs:ram::1:role/a":                 true,
		"":                                  false,
		"reader":                            false,
		"acs:ram::123:role/":                false,
		"acs:ram::123:role":                 false,
		"acs:ram::123:roles/reader":         false,
		"acs:ram:::role/reader":             false,
		"acs:ram::12x:role/reader":          false,
		"acs:ram::1234****:role/reader":     false,
		"acs:ram::123:user/reader":          false,
		"acs:ram:cn-hangzhou:123:role/a":    false,
		"arn:aws:iam::123:role/reader":      false,
		"123:role/reader":                   false,
		" acs:ram::123:role/reader":         false,
		"acs:ram::123:role/reader\n":        false,
		testProvider:                        false,
		"acs:ram::123:role/reader of files": false,
	} {
		p, err := RAMRoleARN(testKeys(), arn)
		if good {
			require.NoError(t, err, arn)
			require.NotNil(t, p)
			continue
		}
		require.ErrorContains(t, err, "credentials.RAMRoleARN: the role ARN", arn)
		require.Nil(t, p)
	}
}

func TestSenselessRoleOptionsAreRefusedBeforeAnythingIsSent(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		opt RoleOption
		bad string
	}{
		"shortest duration":     {WithSessionDuration(900 * time.Second), ""},
		"longest duration":      {WithSessionDuration(12 * time.Hour), ""},
		"too short":             {WithSessionDuration(899 * time.Second), "900 s"},
		"no duration":           {WithSessionDuration(0), "900 s"},
		"negative duration":     {WithSessionDuration(-time.Hour), "900 s"},
		"too long":              {WithSessionDuration(12*time.Hour + time.Second), "12h"},
		"part of a second":      {WithSessionDuration(time.Hour + time.Millisecond), "whole seconds"},
		"shortest name":         {WithSessionName("ab"), ""},
		"every character":       {WithSessionName("aZ09.@-_"), ""},
		"name too short":        {WithSessionName("a"), "session name"},
		"name too long":         {WithSessionName(strings.Repeat("a", 65)), "session name"},
		"name with a space":     {WithSessionName("my session"), "session name"},
		"no name":               {WithSessionName(""), "session name"},
		"policy":                {WithSessionPolicy(`{"Version":"1"}`), ""},
		"policy of text":        {WithSessionPolicy("allow all"), "JSON"},
		"policy of null":        {WithSessionPolicy("null"), "JSON"},
		"no policy":             {WithSessionPolicy(""), "JSON"},
		"external id":           {WithExternalID("a-1"), ""},
		"no external id":        {WithExternalID(""), "external id"},
		"external id of spaces": {WithExternalID("a b"), "external id"},
		"endpoint":              {WithSTSEndpoint("sts.eu-central-1.aliyuncs.com"), ""},
		"endpoint with port":    {WithSTSEndpoint("localhost:8443"), ""},
		"endpoint with https":   {WithSTSEndpoint("https://sts.aliyuncs.com"), ""},
		"endpoint with http":    {WithSTSEndpoint("http://sts.aliyuncs.com"), "STS endpoint"},
		"endpoint with path":    {WithSTSEndpoint("sts.aliyuncs.com/x"), "STS endpoint"},
		"endpoint with query":   {WithSTSEndpoint("sts.aliyuncs.com?x"), "STS endpoint"},
		"endpoint with user":    {WithSTSEndpoint("me@sts.aliyuncs.com"), "STS endpoint"},
		"no endpoint":           {WithSTSEndpoint(""), "STS endpoint"},
		"region":                {WithSTSRegion("cn-hangzhou"), ""},
		"no region":             {WithSTSRegion(""), "STS region"},
		"region with a dot":     {WithSTSVPC("cn.evil"), "STS region"},
		"VPC":                   {WithSTSVPC("cn-hangzhou"), ""},
		"nil":                   {nil, "option is nil"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := RAMRoleARN(testKeys(), testRole, tc.opt)
			_, oidcErr := OIDC(testRole, testProvider, "token", tc.opt)
			if tc.bad == "" {
				require.NoError(t, err)
				if name != "external id" {
					require.NoError(t, oidcErr)
				}
				return
			}
			require.ErrorContains(t, err, tc.bad)
			require.ErrorContains(t, oidcErr, tc.bad)
		})
	}
}

func TestTheLastSTSAddressHolds(t *testing.T) {
	t.Parallel()
	for want, opts := range map[string][]RoleOption{
		"sts.aliyuncs.com":                  nil,
		"sts.cn-beijing.aliyuncs.com":       {WithSTSVPC("cn-hangzhou"), WithSTSRegion("cn-beijing")},
		"sts-vpc.cn-hangzhou.aliyuncs.com":  {WithSTSEndpoint("localhost"), WithSTSVPC("cn-hangzhou")},
		"localhost:1":                       {WithSTSRegion("cn-hangzhou"), WithSTSEndpoint("localhost:1")},
		"sts.ap-southeast-1.aliyuncs.com:1": {WithSTSEndpoint("https://sts.ap-southeast-1.aliyuncs.com:1")},
	} {
		r, err := newRole(opts)
		require.NoError(t, err)
		require.Equal(t, want, r.stsEndpoint)
	}
}

func TestTheEnvironmentFillsInWhatRoleOptionsLeaveOut(t *testing.T) {
	t.Setenv(envSessionName, "from-environment")
	t.Setenv(envSTSRegion, "cn-shanghai")
	r, err := newRole(nil)
	require.NoError(t, err)
	require.Equal(t, "from-environment", r.sessionName)
	require.Equal(t, "sts.cn-shanghai.aliyuncs.com", r.stsEndpoint)

	t.Setenv(envVPCEndpoint, "TRUE")
	r, err = newRole([]RoleOption{WithSessionName("given")})
	require.NoError(t, err)
	require.Equal(t, "given", r.sessionName)
	require.Equal(t, "sts-vpc.cn-shanghai.aliyuncs.com", r.stsEndpoint)

	r, err = newRole([]RoleOption{WithSTSRegion("cn-beijing")})
	require.NoError(t, err)
	require.Equal(t, "sts.cn-beijing.aliyuncs.com", r.stsEndpoint, "the program goes before the environment")

	t.Setenv(envVPCEndpoint, "perhaps")
	_, err = RAMRoleARN(testKeys(), testRole)
	require.ErrorContains(t, err, envVPCEndpoint)
	t.Setenv(envVPCEndpoint, "")
	t.Setenv(envSTSRegion, "not a region")
	_, err = RAMRoleARN(testKeys(), testRole)
	require.ErrorContains(t, err, "STS region")
	t.Setenv(envSTSRegion, "")
	t.Setenv(envSessionName, "not a name")
	_, err = OIDC(testRole, testProvider, "token")
	require.ErrorContains(t, err, envSessionName)
}
