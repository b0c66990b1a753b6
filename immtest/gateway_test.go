package immtest

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
)

func TestTheGatewayRefusesWithTheCodesOfTheService(t *testing.T) {
	t.Parallel()
	at := func(offset time.Duration) string { return time.Now().Add(offset).UTC().Format(dateLayout) }
	set := func(name, value string) func(*http.Request) {
		return func(r *http.Request) { r.Header.Set(name, value) }
	}
	drop := func(name string) func(*http.Request) {
		return func(r *http.Request) { r.Header.Del(name) }
	}
	replace := func(from, to string) func(*http.Request) {
		return func(r *http.Request) {
			r.Header.Set("Authorization", strings.Replace(r.Header.Get("Authorization"), from, to, 1))
		}
	}
	for _, c := range []struct {
		name          string
		before, after func(*http.Request) // the signature
		status        int
		code          string
	}{
		{name: "nothing wrong", status: 404, code: "ResourceNotFound"},
		{name: "no action", before: drop("X-Acs-Action"), status: 400, code: "MissingAction"},
		{name: "no version", before: drop("X-Acs-Version"), status: 400, code: "MissingVersion"},
		{name: "no date", before: drop("X-Acs-Date"), status: 400, code: "MissingDate"},
		{name: "no nonce", before: drop("X-Acs-Signature-Nonce"), status: 400, code: "MissingSignatureNonce"},
		{name: "no hash", before: drop("X-Acs-Content-Sha256"), status: 400, code: "MissingContentSha256"},
		{name: "no authorization", after: drop("Authorization"), status: 400, code: "IncompleteSignature"},
		{name: "another algorithm", after: replace("SHA256", "SM3"), status: 400, code: "IncompleteSignature"},
		{name: "unknown action", before: set("X-Acs-Action", "MakeCoffee"), status: 404, code: "InvalidAction.NotFound"},
		{name: "action in lower case", before: set("X-Acs-Action", "getbinding"), status: 404, code: "InvalidAction.NotFound"},
		{name: "another version", before: set("X-Acs-Version", "2017-09-06"), status: 400, code: "InvalidVersion"},
		{name: "another path", before: func(r *http.Request) { r.URL.Path = "/GetBinding" }, status: 404, code: "InvalidAction.NotFound"},
		{name: "another method", before: func(r *http.Request) { r.Method = http.MethodPut }, status: 404, code: "InvalidAction.NotFound"},
		{name: "GET", before: func(r *http.Request) { r.Method = http.MethodGet }, status: 404, code: "ResourceNotFound"},
		{name: "unknown key", after: replace(AccessKeyID, "another"), status: 404, code: "InvalidAccessKeyId.NotFound"},
		{name: "token nobody issued", before: set("X-Acs-Security-Token", "token"), status: 400, code: "InvalidSecurityToken.Malformed"},
		{name: "date with an offset", before: set("X-Acs-Date", "2026-01-01T00:00:00+08:00"), status: 400, code: "InvalidTimeStamp.Format"},
		{name: "date with fractions", before: set("X-Acs-Date", "2026-01-01T00:00:00.5Z"), status: 400, code: "InvalidTimeStamp.Format"},
		{name: "date of RFC 1123", before: set("X-Acs-Date", time.Now().UTC().Format(http.TimeFormat)), status: 400, code: "InvalidTimeStamp.Format"},
		{name: "date 16 minutes old", before: set("X-Acs-Date", at(-16*time.Minute)), status: 400, code: "InvalidTimeStamp.Expired"},
		{name: "date 16 minutes ahead", before: set("X-Acs-Date", at(16*time.Minute)), status: 400, code: "InvalidTimeStamp.Expired"},
		{name: "date 14 minutes old", before: set("X-Acs-Date", at(-14*time.Minute)), status: 404, code: "ResourceNotFound"},
		{name: "date 14 minutes ahead", before: set("X-Acs-Date", at(14*time.Minute)), status: 404, code: "ResourceNotFound"},
		{name: "header changed after signing", after: set("X-Acs-Signature-Nonce", "another"), status: 400, code: "SignatureDoesNotMatch"},
		{name: "query changed after signing", after: func(r *http.Request) { r.URL.RawQuery += "&More=1" }, status: 400, code: "SignatureDoesNotMatch"},
		{name: "hash of another body, signed", before: set("X-Acs-Content-Sha256", strings.Repeat("0", 64)), status: 400, code: "SignatureDoesNotMatch"},
		{name: "body that was not hashed", after: func(r *http.Request) {
			hash := r.Header.Get("X-Acs-Content-Sha256")
			setBody(r, "more")
			r.Header.Set("X-Acs-Content-Sha256", hash)
		}, status: 400, code: "SignatureDoesNotMatch"},
		{name: "host not signed", after: replace("SignedHeaders=host;", "SignedHeaders="), status: 400, code: "IncompleteSignature"},
		{name: "date not signed", after: replace(";x-acs-date", ""), status: 400, code: "IncompleteSignature"},
		{name: "content type not signed", after: set("Content-Type", "text/plain"), status: 400, code: "IncompleteSignature"},
		{name: "signed header not sent", after: replace(";x-acs-date", ";x-acs-date;x-acs-more"), status: 400, code: "IncompleteSignature"},
		{name: "query that is none", before: func(r *http.Request) { r.URL.RawQuery += "%26a=%25zz" }, status: 404, code: "ResourceNotFound"},
		{name: "malformed query", after: func(r *http.Request) { r.URL.RawQuery += "&a=%zz" }, status: 400, code: "IncompleteSignature"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			s := newServer(t)
			req := unsigned("GetBinding", inDataset("URI", "oss://test-bucket"))
			if c.name == "query that is none" {
				req = unsigned("GetBinding", inDataset("URI", "oss://test-bucket", "More", "a;b"))
			} else if c.before != nil {
				c.before(req)
			}
			sign(req, AccessKeyID, AccessKeySecret)
			if c.after != nil {
				c.after(req)
			}
			r := send(t, s, req)
			require.Equal(t, c.code, r.code(), r.text)
			require.Equal(t, c.status, r.status)
			require.Equal(t, c.code, s.Requests()[0].Code)
		})
	}
}

func TestAnErrorHasTheDocumentedBody(t *testing.T) {
	t.Parallel()
	r := send(t, newServer(t), signed("Nothing", nil))
	require.Len(t, r.body, 5)
	id := r.body["RequestId"].(string)
	require.Regexp(t, `^[0-9A-F]{8}-([0-9A-F]{4}-){3}[0-9A-F]{12}$`, id)
	require.Equal(t, "localhost", r.body["HostId"])
	require.Equal(t, "InvalidAction.NotFound", r.body["Code"])
	require.NotEmpty(t, r.body["Message"])
	recommend, err := url.Parse(r.body["Recommend"].(string))
	require.NoError(t, err)
	require.Equal(t, id, recommend.Query().Get("requestId"))
	require.Equal(t, id, r.header.Get("X-Acs-Request-Id"))
	require.Equal(t, "application/json;charset=utf-8", r.header.Get("Content-Type"))
}

func TestANonceIsAcceptedOnceAndARefusedRequestDoesNotUseItUp(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	req := unsigned("GetBinding", inDataset("URI", "oss://test-bucket"))
	require.Equal(t, "SignatureDoesNotMatch", send(t, s, sign(req, AccessKeyID, "wrong")).code())
	sign(req, AccessKeyID, AccessKeySecret)
	require.Equal(t, "ResourceNotFound", send(t, s, req).code())
	r := send(t, s, req)
	require.Equal(t, "SignatureNonceUsed", r.code())
	require.Equal(t, http.StatusBadRequest, r.status)
}

func TestANonceIsRememberedAsLongAsItsDateIsValidAndNotForEver(t *testing.T) {
	t.Parallel()
	var log nonceLog
	start := time.Now()
	for i := range 1000 {
		require.True(t, log.add("other"+string(rune(i)), start))
	}
	require.True(t, log.add("nonce", start.Add(29*time.Minute)))
	require.False(t, log.add("nonce", start.Add(58*time.Minute)))
	log.add("a", start.Add(2*time.Hour))
	log.add("b", start.Add(3*time.Hour))
	require.Less(t, len(log.current)+len(log.previous), 10)
	require.True(t, log.add("nonce", start.Add(4*time.Hour)))
}

func TestATemporaryKeyNeedsItsToken(t *testing.T) {
	t.Parallel()
	s := newServer(t, WithCredentials("plain", "s0", ""), WithCredentials("STS.1", "s1", "token-1"), WithCredentials("STS.2", "old", "old"), WithCredentials("STS.2", "s2", "token-2"))
	for _, c := range []struct{ id, secret, token, code string }{
		{"STS.1", "s1", "token-1", "ResourceNotFound"},
		{"STS.2", "s2", "token-2", "ResourceNotFound"},
		{"plain", "s0", "", "ResourceNotFound"},
		{"STS.1", "s1", "", "InvalidAccessKeyId.NotFound"},
		{"STS.1", "s1", "token-2", "InvalidSecurityToken.Malformed"},
		{"STS.2", "old", "token-2", "SignatureDoesNotMatch"},
		{AccessKeyID, AccessKeySecret, "", "InvalidAccessKeyId.NotFound"},
	} {
		req := unsigned("GetBinding", inDataset("URI", "oss://test-bucket"))
		if c.token != "" {
			req.Header.Set("X-Acs-Security-Token", c.token)
		}
		require.Equal(t, c.code, send(t, s, sign(req, c.id, c.secret)).code(), "%s %s", c.id, c.code)
	}
}

func TestATemporaryKeyEndsByTheServersClock(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		const offset = 10 * time.Minute
		expires := time.Now().Add(offset + time.Hour)
		s := newServer(t, WithClockOffset(offset), WithCredentials("plain", "s0", ""),
			WithTemporaryCredentials("STS.1", "s1", "token-1", expires),
			WithTemporaryCredentials("STS.2", "s2", "token-2", time.Time{}))
		call := func(id, secret, token string) string {
			req := unsigned("GetBinding", inDataset("URI", "oss://test-bucket"))
			if token != "" {
				req.Header.Set("X-Acs-Security-Token", token)
			}
			r := send(t, s, sign(req, id, secret))
			if r.code() == "InvalidSecurityToken.Expired" {
				require.Equal(t, http.StatusBadRequest, r.status)
			}
			return r.code()
		}
		sleep(t, time.Hour-1)
		require.Equal(t, "ResourceNotFound", call("STS.1", "s1", "token-1"))
		sleep(t, 1)
		require.Equal(t, "InvalidSecurityToken.Expired", call("STS.1", "s1", "token-1"))
		require.Equal(t, "InvalidSecurityToken.Malformed", call("STS.1", "s1", "token-2"))
		require.Equal(t, "ResourceNotFound", call("STS.2", "s2", "token-2"))
		require.Equal(t, "ResourceNotFound", call("plain", "s0", ""))
	})
}

func TestASignatureThatDoesNotMatchIsToldWhatWasSigned(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	req := unsigned("GetBinding", inDataset("URI", "oss://test-bucket"))
	sign(req, AccessKeyID, "wrong")
	names := []string{"host", "x-acs-action", "x-acs-content-sha256", "x-acs-date", "x-acs-signature-nonce", "x-acs-version"}
	canonical, err := canonicalRequest(&received{method: req.Method, url: req.URL, host: "localhost", header: req.Header}, names, req.Header.Get("X-Acs-Content-Sha256"))
	require.NoError(t, err)
	message := send(t, s, req).body["Message"]
	require.Contains(t, message, "["+stringToSign(canonical)+"]")
	require.Contains(t, message, "["+canonical+"]")
	require.NotContains(t, message, AccessKeySecret)
}

func TestParametersAreReadFromQueryFormOrBoth(t *testing.T) {
	t.Parallel()
	all := inDataset("URI", "oss://test-bucket", "UserData", "a b+c&d=é")
	for name, split := range map[string]func() (query, form url.Values){
		"query": func() (url.Values, url.Values) { return all, nil },
		"form":  func() (url.Values, url.Values) { return nil, all },
		"both": func() (url.Values, url.Values) {
			return url.Values{"ProjectName": all["ProjectName"]},
				url.Values{"DatasetName": all["DatasetName"], "URI": all["URI"], "ProjectName": {"another"}, "UserData": all["UserData"]}
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newServer(t, WithBucket("test-bucket", nil))
			query, form := split()
			req := unsigned("CreateBinding", query)
			if form != nil {
				setForm(req, form)
			}
			r := send(t, s, sign(req, AccessKeyID, AccessKeySecret))
			require.Equal(t, http.StatusOK, r.status, r.text)
			require.Equal(t, "test-project", s.Bindings()[0].ProjectName)
			require.Equal(t, "a b+c&d=é", s.Requests()[0].Form.Get("UserData"))
		})
	}
	s := newServer(t)
	req := unsigned("CreateBinding", nil)
	req.Header.Set("Content-Type", "application/json")
	setBody(req, `{"ProjectName":"test-project"}`)
	require.Equal(t, "MissingProjectName", send(t, s, sign(req, AccessKeyID, AccessKeySecret)).code())
	req = unsigned("CreateBinding", nil)
	setForm(req, nil)
	setBody(req, "a=%zz")
	require.Equal(t, "InvalidParameter", send(t, s, sign(req, AccessKeyID, AccessKeySecret)).code())
}

func TestALongAddressIsRefusedByTheFrontEnd(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	s.Inject(Throttle(-1, 0)) // the front end comes first
	pad := maxRequestURI - len("/?a=")
	long := signed("GetBinding", url.Values{"a": {strings.Repeat("x", pad)}})
	require.Len(t, long.URL.RequestURI(), maxRequestURI)
	require.Equal(t, "Throttling.User", send(t, s, long).code())
	r := send(t, s, signed("GetBinding", url.Values{"a": {strings.Repeat("x", pad+1)}}))
	require.Equal(t, http.StatusRequestURITooLong, r.status)
	require.Contains(t, r.text, "<h1>414 Request-URI Too Large</h1>")
	require.Equal(t, "Tengine", r.header.Get("Server"))
	require.Equal(t, "text/html", r.header.Get("Content-Type"))
}

func TestABodyWithoutEndIsNotReadToIt(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	req := unsigned("GetBinding", nil)
	setBody(req, strings.Repeat("x", maxRequestBody+1))
	require.Equal(t, http.StatusRequestEntityTooLarge, send(t, s, sign(req, AccessKeyID, AccessKeySecret)).status)
}

func TestTheServersClockJudgesDatesAndIsShown(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newServer(t, WithClockOffset(-time.Hour))
		r := send(t, s, signed("GetBinding", inDataset("URI", "oss://test-bucket")))
		require.Equal(t, "InvalidTimeStamp.Expired", r.code())
		require.Equal(t, time.Now().Add(-time.Hour).UTC().Format(http.TimeFormat), r.header.Get("Date"))
		req := unsigned("GetBinding", inDataset("URI", "oss://test-bucket"))
		req.Header.Set("X-Acs-Date", time.Now().Add(-time.Hour).UTC().Format(dateLayout))
		require.Equal(t, "ResourceNotFound", send(t, s, sign(req, AccessKeyID, AccessKeySecret)).code())
	})
}

func TestIDsAreOfTheServicesForm(t *testing.T) {
	t.Parallel()
	require.NotEqual(t, newRequestID(), newRequestID())
	require.Regexp(t, `^[0-9A-F]{3}-1[0-9A-Za-z]{21}$`, newEventID())
	require.NotEqual(t, newEventID(), newEventID())
}

// FuzzServeHTTP looks for a request that makes the server panic, or answer
// without an answer.
func FuzzServeHTTP(f *testing.F) {
	for _, seed := range []struct{ action, query, form string }{
		{"CreateBinding", "ProjectName=p&DatasetName=d&URI=oss%3A%2F%2Ftest-bucket", ""},
		{"GetBinding", "ProjectName=p&DatasetName=d&URI=oss%3A%2F%2Ftest-bucket", ""},
		{"IndexFileMeta", "ProjectName=p&DatasetName=d", `File={"URI":"oss://test-bucket/a.png"}`},
		{"BatchIndexFileMeta", "ProjectName=p", `DatasetName=d&Files=[{"URI":"oss://b/k"}]&Notification={"MNS":{"TopicName":"t"}}`},
		{"BatchGetFileMeta", "ProjectName=p&DatasetName=d&URIs=%5B%22oss://b/k%22%5D&WithFields=[\"Size\"]", ""},
		{"GetFileMeta", "ProjectName=p&DatasetName=d&URI=pds://domains/a/drives/b/files/c/revisions/d", ""},
	} {
		f.Add(seed.action, seed.query, seed.form, "")
	}
	f.Add("GetBinding", "", "", "ACS3-HMAC-SHA256 Credential=a,SignedHeaders=host,Signature=b")
	s := NewServer(WithBucket("test-bucket", nil))
	f.Cleanup(s.Close)
	f.Fuzz(func(t *testing.T, action, query, form, authorization string) {
		req := unsigned("", nil)
		req.Header.Set("X-Acs-Action", action)
		req.URL.RawQuery = query
		setForm(req, nil)
		setBody(req, form)
		if authorization != "" {
			req.Header.Set("Authorization", authorization)
		} else if _, err := url.ParseQuery(query); err == nil {
			sign(req, AccessKeyID, AccessKeySecret)
		}
		req.Host = req.URL.Host
		w := httptest.NewRecorder()
		s.ServeHTTP(w, req)
		require.NotZero(t, w.Body.Len())
	})
}
