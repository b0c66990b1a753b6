package imm

import (
	"context"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/stretchr/testify/require"

	"github.com/imm-go/imm/internal/retry"
	"github.com/imm-go/imm/internal/wire"
)

// understood is the error that an answer becomes.
func understood(t *testing.T, creds Credentials, status int, header http.Header, body string, err error) (*APIError, retry.Outcome) {
	t.Helper()
	x := &exchange{action: "GetBinding", answer: new(GetBindingResponse), creds: creds, sent: 1}
	outcome := x.understand(&http.Response{StatusCode: status, Header: header}, []byte(body), err)
	e, ok := errors.AsType[*APIError](outcome.Err)
	require.True(t, ok, "%v", outcome.Err)
	require.Same(t, e, outcome.Err)
	require.Equal(t, "GetBinding", e.Action)
	require.Equal(t, status, e.StatusCode)
	require.Equal(t, 1, e.Attempts)
	require.NotEmpty(t, e.Message+e.Code)
	require.Equal(t, e.RequestID, x.requestID)
	requireOneLine(t, e.Error())
	return e, outcome
}

func TestEveryKindOfAnswerBecomesAnAPIError(t *testing.T) {
	t.Parallel()
	const undocumented = "the answer is not the JSON object that GetBinding documents: "
	for name, tt := range map[string]struct {
		status int
		body   string
		want   APIError // Code, Message, RequestID, HostID and Recommend
		class  retry.Class
	}{
		"as documented": {
			400, `{"RequestId":"R","HostId":"imm.cn-hangzhou.aliyuncs.com","Code":"ResourceNotFound","Message":"no such dataset","Recommend":"https://r","AccessDeniedDetail":{}}`,
			APIError{Code: "ResourceNotFound", Message: "no such dataset", RequestID: "R", HostID: "imm.cn-hangzhou.aliyuncs.com", Recommend: "https://r"}, retry.NotFound,
		},
		"white space and escapes": {500, " \n{ \"Message\" : \"\\u00e9\\n\" , \"Code\":\"InternalError\" } \n", APIError{Code: "InternalError", Message: "é\n"}, retry.Unavailable},
		"only a code":             {400, `{"Code":"Throttling.User"}`, APIError{Code: "Throttling.User"}, retry.Throttled},
		"only a message":          {503, `{"Message":"later","RequestId":"R"}`, APIError{Message: "later", RequestID: "R"}, retry.Unavailable},
		"a code that is a number": {429, `{"Code":429,"Message":"slow down"}`, APIError{Message: "slow down"}, retry.Throttled},
		"JSON of another kind":    {404, `{"error":"no route","RequestId":"R"}`, APIError{Message: `{"error":"no route","RequestId":"R"}`, RequestID: "R"}, retry.Refused},
		"JSON that quotes XML":    {400, `{"RequestId":"R","detail":"<Code>x</Code>"}`, APIError{Message: `{"RequestId":"R","detail":" x "}`, RequestID: "R"}, retry.Refused},
		"a list":                  {500, `[{"Code":"x"}]`, APIError{Message: `[{"Code":"x"}]`}, retry.Unavailable},
		"XML": {
			403, "<?xml version='1.0'?>\n<Error>\n <Code>Forbidden.RAM</Code><Message>a &lt;b&gt; &amp;amp; &quot;c&quot;\n</Message>\n<RequestId>R</RequestId><HostId>h</HostId><Recommend><![CDATA[https://r?a&b]]></Recommend></Error>",
			APIError{Code: "Forbidden.RAM", Message: `a <b> &amp; "c"`, RequestID: "R", HostID: "h", Recommend: "https://r?a&b"}, retry.Denied,
		},
		"XML that breaks off":        {400, "<Error><Code>SignatureNonceUsed</Code><Message>cut o", APIError{Code: "SignatureNonceUsed"}, retry.NonceUsed},
		"XML without code":           {500, "<Error><Code></Code><Message>why</Message></Error>", APIError{Message: "why"}, retry.Unavailable},
		"XML whose code never ends":  {500, "<Error><Code>InternalErr", APIError{Message: "InternalErr"}, retry.Unavailable},
		"a page with a title":        {414, "<html>\r\n<head><title>414 Request-URI\n Too Large</title></head><body>tengine</body></html>", APIError{Message: "414 Request-URI Too Large"}, retry.URITooLong},
		"a page without":             {502, "<html><body><h1>Bad</h1><p>gateway</p></body></html>", APIError{Message: "Bad gateway"}, retry.Unavailable},
		"a page with an empty title": {502, "<title> </title><p>x</p>", APIError{Message: "x"}, retry.Unavailable},
		"text":                       {503, "upstream connect error\n", APIError{Message: "upstream connect error"}, retry.Unavailable},
		"half a tag":                 {503, "a < b", APIError{Message: "a"}, retry.Unavailable},
		"only tags":                  {503, "<br/><hr>", APIError{Message: "(an empty answer)"}, retry.Unavailable},
		"nothing":                    {500, "", APIError{Message: "(an empty answer)"}, retry.Unavailable},
		"white space":                {401, " \r\n\t ", APIError{Message: "(an empty answer)"}, retry.Unauthenticated},
		"one space":                  {401, " ", APIError{Message: "(an empty answer)"}, retry.Unauthenticated},
		"bytes":                      {500, "\x00\x01\x1f\x8b\xff\xfe", APIError{Message: "\uFFFD"}, retry.Unavailable},
		"half an object":             {500, `{"Code":"Internal`, APIError{Message: `{"Code":"Internal`}, retry.Unavailable},
		"a huge page":                {502, strings.Repeat("日", 1<<20), APIError{Message: strings.Repeat("日", 66) + "…"}, retry.Unavailable},
		"a huge page of tags":        {502, strings.Repeat("<p>", 1<<20), APIError{Message: "(an empty answer)"}, retry.Unavailable},
		"a redirect":                 {302, "<title>Found</title>", APIError{Message: "redirects are not followed: the request is signed for this host; check the endpoint, which sends to https://other.example"}, retry.Refused},
		"a success that is a page":   {200, "<title>Welcome</title>", APIError{Message: undocumented + "Welcome"}, retry.BadAnswer},
		"a success that is empty":    {200, "", APIError{Message: undocumented + "(an empty answer)"}, retry.BadAnswer},
		"a success that says why":    {200, `{"Message":"m","RequestId":"R"}`, APIError{Message: undocumented + `{"Message":"m","RequestId":"R"}`, RequestID: "R"}, retry.BadAnswer},
		"a success that is an error": {200, `{"Code":"Throttling","Message":"m"}`, APIError{Code: "Throttling", Message: "m"}, retry.Throttled},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			header := http.Header{"Location": {"https://user:hunter2@other.example/path?q"}}
			e, outcome := understood(t, Credentials{}, tt.status, header, tt.body, nil)
			tt.want.Action, tt.want.StatusCode, tt.want.Attempts = "GetBinding", tt.status, 1
			require.Equal(t, &tt.want, e)
			require.Equal(t, tt.class, outcome.Class)
		})
	}
}

func TestOnlyAWholeAnswerOf2xxIsASuccess(t *testing.T) {
	t.Parallel()
	const body = `{"Binding":{"State":"Ready"},"RequestId":"R"}`
	for status, want := range map[int]bool{199: false, 200: true, 201: true, 299: true, 300: false, 400: false, 500: false} {
		for _, answer := range []answer{new(GetBindingResponse), new(anyAnswer)} {
			x := &exchange{action: "GetBinding", answer: answer}
			outcome := x.understand(&http.Response{StatusCode: status}, []byte(body), nil)
			require.Equal(t, want, outcome.Class == retry.OK, status)
			require.Equal(t, want, outcome.Err == nil)
			require.Equal(t, "R", x.requestID)
			outcome = x.understand(&http.Response{StatusCode: status}, []byte(body), errTooLarge)
			require.Error(t, outcome.Err, "not all of it was read")
		}
	}
}

func TestTheRequestIDOfTheHeaderStandsInForAnAbsentOne(t *testing.T) {
	t.Parallel()
	header := http.Header{"X-Acs-Request-Id": {"from the header"}}
	e, _ := understood(t, Credentials{}, 502, header, "<title>Bad Gateway</title>", nil)
	require.Equal(t, "from the header", e.RequestID)
	e, _ = understood(t, Credentials{}, 400, header, `{"Code":"x","RequestId":"from the body"}`, nil)
	require.Equal(t, "from the body", e.RequestID)
}

func TestAnAnswerThatIsTooLargeIsNoAnswer(t *testing.T) {
	t.Parallel()
	e, outcome := understood(t, Credentials{}, 200, nil, `{"Code":"Throttling"`, errTooLarge)
	require.Equal(t, "the answer is larger than 32 MiB", e.Message)
	require.Empty(t, e.Code)
	require.Equal(t, retry.BadAnswer, outcome.Class)
	_, outcome = understood(t, Credentials{}, 503, nil, "", io.ErrUnexpectedEOF)
	require.Equal(t, retry.Unavailable, outcome.Class, "a refusal of which a part is missing is a refusal")
}

func TestABodyIsReadUpToTheLimit(t *testing.T) {
	t.Parallel()
	for size, want := range map[int64]error{0: nil, 1: nil, maxKept + 1: nil, maxBody: nil, maxBody + 1: errTooLarge, 1 << 40: errTooLarge} {
		for _, said := range []int64{size, -1} {
			resp := &http.Response{ContentLength: said, Body: io.NopCloser(io.LimitReader(endless{}, size))}
			data, err := readBody(resp)
			require.ErrorIs(t, err, want)
			require.EqualValues(t, min(size, maxBody+1), data.Len())
			releaseBody(data)
		}
	}
}

type endless struct{}

func (endless) Read(dst []byte) (int, error) { return len(dst), nil }

// TestKeysThatAnAnswerQuotesAreWithheld has answers as the service gives them
// for a wrong signature: with the text that was signed.
func TestKeysThatAnAnswerQuotesAreWithheld(t *testing.T) {
	t.Parallel()
	const excerptSize = 200
	creds := Credentials{AccessKeyID: "STS.id", AccessKeySecret: "Secret+/=key", SecurityToken: "CAIS+token/with=every&sort%of letter"}
	for _, secret := range []string{creds.AccessKeySecret, creds.SecurityToken} {
		for form, quoted := range map[string]string{"plain": secret, "query": url.QueryEscape(secret), "path": url.PathEscape(secret)} {
			var escaped strings.Builder
			require.NoError(t, xml.EscapeText(&escaped, []byte(quoted)))
			json := string(wire.AppendString(nil, "Specified signature does not match. server string to sign is:POST\n/\nx-acs-security-token:"+quoted+"\nend"))
			for kind, body := range map[string]string{
				"JSON":                `{"Code":"SignatureDoesNotMatch","Message":` + json + `,"RequestId":` + json + `,"HostId":` + json + `,"Recommend":` + json + `}`,
				"XML":                 "<Error><Code>SignatureDoesNotMatch</Code><Message>" + escaped.String() + "</Message></Error>",
				"a title":             "<title>" + quoted + "</title>",
				"text":                quoted,
				"the end of excerpts": strings.Repeat("x", excerptSize-8) + quoted,
				"a success":           `{"token":"` + strings.Repeat("x", excerptSize-20) + quoted + `"}`,
				"the end of a page":   "<p>" + strings.Repeat(" ", 4<<10-10) + quoted,
			} {
				t.Run(form+" "+kind, func(t *testing.T) {
					t.Parallel()
					for _, status := range []int{200, 400, 503} {
						e, _ := understood(t, creds, status, nil, body, nil)
						for _, text := range []string{e.Error(), e.Code, e.Message, e.RequestID, e.HostID, e.Recommend, fmt.Sprintf("%#v", e)} {
							require.NotContains(t, text, quoted)
							require.NotContains(t, text, secret[:6], "a part of a key is one, too")
						}
					}
				})
			}
		}
	}
	e, _ := understood(t, Credentials{AccessKeySecret: "abc"}, 400, nil, `{"Message":"abcabc"}`, nil)
	require.Equal(t, "abcabc", e.Message, "what is so short is no secret")
	e, _ = understood(t, creds, 400, nil, `{"Message":"x `+creds.SecurityToken+` y"}`, nil)
	require.Equal(t, "x "+redacted+" y", e.Message)
}

func TestAnErrorAndItsOutcomeHaveTheHint(t *testing.T) {
	t.Parallel()
	e, outcome := understood(t, Credentials{}, 429, http.Header{"X-Acs-Retry-After": {"1500"}}, "", nil)
	require.Equal(t, 1500*time.Millisecond, e.RetryAfter)
	require.Equal(t, 1500*time.Millisecond, outcome.Hint)
}

// FuzzErrorAnswersNeverPanic feeds whatever a gateway could answer.
func FuzzErrorAnswersNeverPanic(f *testing.F) {
	f.Add(400, []byte(`{"Code":"InvalidArgument","Message":"\ud800","RequestId":"R"}`), "1500")
	f.Add(200, []byte(`{"Binding":{"State":"Running","CreateTime":1},"RequestId":null}`), "")
	f.Add(502, []byte("<html><title>Bad"), "Limit:1,TimeLeft:2000")
	f.Add(403, []byte("<Code><![CDATA[<Code>]]></Code></Message><Message>"), "-1")
	f.Add(302, []byte("{}\xff\x00"), "Tue, 24 Nov 2026 22:00:30 GMT")
	f.Fuzz(func(t *testing.T, status int, body []byte, hint string) {
		creds := Credentials{AccessKeyID: "id", AccessKeySecret: "secret", SecurityToken: "token+"}
		header := http.Header{"X-Acs-Retry-After": {hint}, "X-Ratelimit-User": {hint}, "Retry-After": {hint}, "Date": {hint}, "Location": {hint}}
		for _, answer := range []answer{new(GetBindingResponse), new(IndexFileMetaResponse), &anyAnswer{out: new(map[string]any)}} {
			x := &exchange{action: "GetBinding", answer: answer, creds: creds}
			outcome := x.understand(&http.Response{StatusCode: status, Header: header}, body, nil)
			if outcome.Class == retry.OK {
				require.NoError(t, outcome.Err)
				require.True(t, status >= 200 && status < 300)
				continue
			}
			e, ok := errors.AsType[*APIError](outcome.Err)
			require.True(t, ok)
			text := e.Error()
			requireOneLine(t, text)
			require.True(t, utf8.ValidString(text))
			require.NotContains(t, e.Message, creds.SecurityToken)
			require.NotContains(t, e.Message, creds.AccessKeySecret)
			require.NotErrorIs(t, e, context.Canceled)
			require.GreaterOrEqual(t, e.RetryAfter, time.Duration(0))
		}
	})
}
