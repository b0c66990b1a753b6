package credentials

import (
	"net/http"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/imm-go/imm"
)

func TestAMalformedURIIsRefusedWithoutBeingShown(t *testing.T) {
	t.Parallel()
	for _, raw := range []string{
		"", "localhost", "localhost:8080/x", "/path", "ftp://localhost/" + testSecret, "http://", "http:///x", "http://:80/x",
		"http://local host/x", "http://localhost/%zz" + testSecret, "://localhost",
	} {
		p, err := URI(raw)
		require.Error(t, err, raw)
		require.Nil(t, p)
		require.ErrorContains(t, err, "credentials.URI: ")
		requireNoSecret(t, err.Error())
	}
}

func TestAURIIsAskedOnceForOneSession(t *testing.T) {
	t.Parallel()
	var requests atomic.Int32
	server := serve(t, func(w http.ResponseWriter, r *http.Request) {
		requests.Add(1)
		answers(sessionJSON())(w, r)
	})
	p, err := URI(server.URL + "/keys?for=me")
	require.NoError(t, err)
	for range 3 {
		got, err := get(t, p)
		require.NoError(t, err)
		require.Equal(t, want, got)
	}
	require.EqualValues(t, 1, requests.Load())
}

func TestAURIThatFailsIsAskedAgainNextTime(t *testing.T) {
	t.Parallel()
	var works atomic.Bool
	server := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if works.Load() {
			answers(sessionJSON())(w, r)
			return
		}
		answersStatus(http.StatusServiceUnavailable, "not yet")(w, r)
	})
	p, err := URI(server.URL)
	require.NoError(t, err)
	_, err = get(t, p)
	require.Error(t, err)
	works.Store(true)
	_, err = get(t, p)
	require.NoError(t, err)
}

func TestWhatAURIAnswersIsExplainedWithoutItsBody(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		handler   http.HandlerFunc
		text      string
		permanent bool
	}{
		"code and message":        {answersStatus(403, `{"Code":"NoPermission","Message":"ask Bob","RequestId":"R7","Secret":"`+gotSecret+`"}`), "NoPermission (request id R7): ask Bob", true},
		"throttled":               {answersStatus(429, `{"Code":"Throttling.User","Message":"slow down"}`), "Throttling.User", false},
		"keys with a bad status":  {answersStatus(500, sessionJSON()), "it answered Success", true},
		"text":                    {answersStatus(500, "the secret is "+gotSecret), "not shown", false},
		"HTML":                    {answersStatus(502, "<html>"+gotSecret), "not shown", false},
		"no expiration":           {answers(`{"AccessKeyId":"a","AccessKeySecret":"` + gotSecret + `","SecurityToken":"` + gotToken + `"}`), "lacks", false},
		"an expiration of no use": {answers(`{"AccessKeyId":"a","AccessKeySecret":"` + gotSecret + `","SecurityToken":"` + gotToken + `","Expiration":"soon"}`), "Expiration", false},
		"not JSON":                {answers(gotSecret), "JSON", false},
		"a number for a secret":   {answers(`{"AccessKeySecret":123456}`), "JSON", false},
		"no keys":                 {answers(`{"AccessKeyId":"","AccessKeySecret":"","SecurityToken":"","Expiration":"` + expiresIn(time.Hour) + `"}`), "empty", true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p, err := URI(serve(t, tc.handler).URL + "/?token=" + gotToken)
			require.NoError(t, err)
			_, err = get(t, p)
			require.ErrorContains(t, err, tc.text)
			require.ErrorContains(t, err, "credentials URI http://127.0.0.1:")
			require.NotContains(t, err.Error(), "123456")
			require.NotContains(t, err.Error(), "token=")
			requireNoSecret(t, err.Error())
			if tc.permanent {
				require.ErrorIs(t, err, imm.ErrUnauthenticated)
			} else {
				require.NotErrorIs(t, err, imm.ErrUnauthenticated)
			}
		})
	}
}

func TestAURIOutOfReachKeepsTheCauseAndHidesTheQuery(t *testing.T) {
	t.Parallel()
	p, err := URI("http://user:" + "sourceSecret" + "@127.0.0.1:1/path?key=answerSecret")
	require.NoError(t, err)
	_, err = get(t, p)
	require.ErrorIs(t, err, syscall.ECONNREFUSED)
	require.NotErrorIs(t, err, imm.ErrUnauthenticated)
	require.ErrorContains(t, err, "http://127.0.0.1:1 did not answer")
	requireNoSecret(t, err.Error())
}
