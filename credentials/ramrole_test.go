package credentials

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/url"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/imm-go/imm"
)

// providerFunc makes a function a provider.
type providerFunc func(ctx context.Context) (imm.Credentials, error)

func (f providerFunc) Credentials(ctx context.Context) (imm.Credentials, error) { return f(ctx) }

func TestARoleIsAssumedWithTheOptionsGiven(t *testing.T) {
	t.Parallel()
	var requests atomic.Int32
	asked := make(chan url.Values, 1)
	host := serveSTS(t, func(w http.ResponseWriter, r *http.Request) {
		requests.Add(1)
		_ = r.ParseForm()
		asked <- r.Form
		answers(stsJSON())(w, r)
	})
	p, err := RAMRoleARN(testKeys(), testRole, WithSTSEndpoint(host), WithSessionName("me@work"),
		WithSessionDuration(20*time.Minute), WithSessionPolicy(`{"Version":"1"}`), WithExternalID("x1"))
	require.NoError(t, err)
	for range 2 {
		got, err := get(t, p)
		require.NoError(t, err)
		require.Equal(t, want, got)
	}
	require.EqualValues(t, 1, requests.Load(), "the session is kept")
	form := <-asked
	for name, value := range map[string]string{
		"Action": "AssumeRole", "RoleArn": testRole, "RoleSessionName": "me@work", "DurationSeconds": "1200",
		"Policy": `{"Version":"1"}`, "ExternalId": "x1", "AccessKeyId": testID, "SecurityToken": testToken,
	} {
		require.Equal(t, value, form.Get(name), name)
	}
}

func TestARoleFollowsKeysThatChange(t *testing.T) {
	t.Parallel()
	ids := make(chan string, 2)
	host := serveSTS(t, func(w http.ResponseWriter, r *http.Request) {
		ids <- r.FormValue("AccessKeyId")
		// Valid for less than the time that a session is renewed ahead.
		_, _ = io.WriteString(w, `{"Credentials":{"AccessKeyId":"a","AccessKeySecret":"b","SecurityToken":"c","Expiration":"`+expiresIn(time.Minute)+`"}}`)
	})
	var n atomic.Int32
	p, err := RAMRoleARN(providerFunc(func(ctx context.Context) (imm.Credentials, error) {
		if _, bounded := ctx.Deadline(); !bounded {
			t.Error("the source got a context without a deadline")
		}
		return imm.Credentials{AccessKeyID: string('a' + n.Add(1)), AccessKeySecret: testSecret}, nil
	}), testRole, WithSTSEndpoint(host))
	require.NoError(t, err)
	for _, id := range []string{"b", "c"} {
		_, err := get(t, p)
		require.NoError(t, err)
		require.Equal(t, id, <-ids)
	}
}

func TestARoleCanBeTheSourceOfAnother(t *testing.T) {
	t.Parallel()
	host := serveSTS(t, func(w http.ResponseWriter, r *http.Request) {
		if r.FormValue("RoleArn") != testRole && r.FormValue("AccessKeyId") != gotID {
			answersStatus(403, `{"Code":"NoPermission"}`)(w, r)
			return
		}
		answers(stsJSON())(w, r)
	})
	first, err := RAMRoleARN(testKeys(), testRole, WithSTSEndpoint(host))
	require.NoError(t, err)
	second, err := RAMRoleARN(first, testRole+"2", WithSTSEndpoint(host))
	require.NoError(t, err)
	_, err = get(t, second)
	require.NoError(t, err)
}

func TestARoleWithoutASourceIsRefused(t *testing.T) {
	t.Parallel()
	_, err := RAMRoleARN(nil, testRole)
	require.ErrorContains(t, err, "source is nil")
}

func TestAnErrorOfTheSourceOfARoleIsPassedOn(t *testing.T) {
	t.Parallel()
	broken := errors.New("the vault\nis sealed")
	for _, tc := range []struct {
		creds imm.Credentials
		err   error
		text  string
	}{
		{imm.Credentials{}, broken, "RAM role " + testRole + ": source of its keys: the vault is sealed"},
		{imm.Credentials{AccessKeyID: "id"}, nil, "empty access key id or secret"},
	} {
		p, err := RAMRoleARN(providerFunc(func(context.Context) (imm.Credentials, error) { return tc.creds, tc.err }), testRole)
		require.NoError(t, err)
		_, err = get(t, p)
		require.ErrorContains(t, err, tc.text)
		if tc.err != nil {
			require.ErrorIs(t, err, broken)
			require.NotErrorIs(t, err, imm.ErrUnauthenticated)
		}
	}
}

func TestWhatSTSRefusesIsExplainedWithoutTheKeys(t *testing.T) {
	t.Parallel()
	quoted := url.QueryEscape(url.QueryEscape(testToken))
	for name, tc := range map[string]struct {
		handler   http.HandlerFunc
		text      string
		permanent bool
	}{
		"signature": {answersStatus(400, `{"RequestId":"R9","Code":"SignatureDoesNotMatch","Message":"Specified signature is not matched with our calculation. server string to sign is:POST&%2F&SecurityToken%3D`+quoted+`"}`),
			"SignatureDoesNotMatch (request id R9): Specified signature", true},
		"token quoted":  {answersStatus(400, `{"Code":"InvalidSecurityToken","Message":"bad `+testToken+` or `+quoted+`"}`), "bad REDACTED or REDACTED", true},
		"secret quoted": {answersStatus(400, `{"Code":"Odd","Message":"bad `+testSecret+`"}`), "bad REDACTED", true},
		"permission":    {answersStatus(403, `{"Code":"NoPermission","Message":"no"}`), "NoPermission: no; check", true},
		"unavailable":   {answersStatus(503, `{"Code":"ServiceUnavailable","Message":"wait"}`), "ServiceUnavailable: wait", false},
		"HTML":          {answersStatus(502, "<html>"+testToken), "not shown", false},
		"no keys":       {answers(`{"RequestId":"R"}`), "lacks", false},
		"half the keys": {answers(`{"Credentials":{"AccessKeySecret":"` + gotSecret + `"}}`), "lacks", false},
		"no expiration": {answers(`{"Credentials":{"AccessKeyId":"a","AccessKeySecret":"` + gotSecret + `","SecurityToken":"c"}}`), "could not make sense", false},
		"not JSON":      {answers("<html>"), "JSON", false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p, err := RAMRoleARN(testKeys(), testRole, WithSTSEndpoint(serveSTS(t, tc.handler)))
			require.NoError(t, err)
			_, err = get(t, p)
			require.ErrorContains(t, err, tc.text)
			require.ErrorContains(t, err, "RAM role "+testRole)
			requireNoSecret(t, err.Error())
			require.Equal(t, tc.permanent, errors.Is(err, imm.ErrUnauthenticated), err)
		})
	}
}

func TestAnSTSOutOfReachShowsNoTokenFromItsAddress(t *testing.T) {
	t.Parallel()
	p, err := RAMRoleARN(testKeys(), testRole, WithSTSEndpoint("127.0.0.1:1"))
	require.NoError(t, err)
	_, err = get(t, p)
	require.ErrorContains(t, err, "https://127.0.0.1:1 did not answer")
	require.NotContains(t, err.Error(), "SecurityToken")
	requireNoSecret(t, err.Error())
}
