package immtest

import (
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
)

func TestAFaultByScriptIsTheSameAsOneByMethod(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	w := control(s, http.MethodPost, "faults", `[
		{"Action": "GetBinding", "Times": 2, "Delay": "250ms", "BodyDelay": "1m", "Status": 503, "Code": "ServiceUnavailable", "Message": "m",
		 "Header": {"x-acs-retry-after": "500", "X-More": ["1", "2"]}, "AfterWork": true},
		{"body": "<html>", "hang": true, "halfBody": true, "times": -1}
	]`)
	require.Equal(t, []Fault{
		{
			Action: "GetBinding", Times: 2, Delay: 250 * time.Millisecond, BodyDelay: time.Minute, Status: 503, Code: "ServiceUnavailable", Message: "m",
			Header: http.Header{"x-acs-retry-after": {"500"}, "X-More": {"1", "2"}}, AfterWork: true,
		},
		{Body: "<html>", Hang: true, HalfBody: true, Times: -1, Header: http.Header{}},
	}, s.faults)
	pending := decoded[[]controlFault](t, w)
	require.Equal(t, pending, get[[]controlFault](t, s, "faults"))
	require.Contains(t, w.Body.String(), `"Delay":"250ms"`)
	before := s.faults
	s.ClearFaults()
	require.Equal(t, http.StatusOK, control(s, http.MethodPost, "faults", w.Body.String()).Code, "what is read can be sent again")
	require.Equal(t, before, s.faults)
	require.Equal(t, "[]\n", control(s, http.MethodDelete, "faults", "").Body.String())
	require.Empty(t, s.faults)
}

func TestAFaultByScriptMeetsTheNextRequest(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newServer(t)
		decoded[[]any](t, control(s, http.MethodPost, "faults", `{"Code":"Throttling.User","Delay":"2s","Header":{"x-acs-retry-after":"500"}}`))
		start := time.Now()
		r := send(t, s, signed("GetBinding", bindTestBucket))
		require.Equal(t, "Throttling.User", r.code())
		require.Equal(t, "500", r.header.Get("X-Acs-Retry-After"))
		require.Equal(t, 2*time.Second, time.Since(start))
		require.Equal(t, "ResourceNotFound", send(t, s, signed("GetBinding", bindTestBucket)).code())
	})
}

func TestAFaultThatMakesNoSenseIsRefusedByItsField(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	for body, want := range map[string]string{
		``:                                          "empty",
		`  `:                                        "empty",
		`[]`:                                        "empty",
		`null`:                                      "nothing in it fails",
		`{}`:                                        "nothing in it fails",
		`[{"Code":"A"},null]`:                       "Fault 2 of 2",
		`{"Times":3}`:                               "nothing in it fails",
		`{"AfterWork":true}`:                        "nothing in it fails",
		`"text"`:                                    "string",
		`{"Code":"A"`:                               "too early",
		`{"Code":"A"}}`:                             "follows",
		`{"Code":"A"} {"Code":"B"}`:                 "follows",
		`{"Code":1}`:                                "Code cannot be a JSON number",
		`{"Coda":"A"}`:                              `unknown field "Coda"`,
		`{"Code":"A","Times":-2}`:                   "Times",
		`{"Code":"A","Times":1.5}`:                  "Times",
		`{"Code":"A","Times":"1"}`:                  "Times",
		`{"BodyDelay":"-1s"}`:                       "BodyDelay is below zero",
		`{"BodyDelay":"1s","HalfBody":true}`:        "no second half",
		`{"BodyDelay":"1s","Reset":true}`:           "there is no answer",
		`{"Delay":"-1s"}`:                           "Delay is below zero",
		`{"Delay":250}`:                             `Delay is text such as "250ms"`,
		`{"Delay":"250"}`:                           `not "250"`,
		`{"Delay":""}`:                              "Delay",
		`{"Status":99}`:                             "Status 99",
		`{"Status":-1}`:                             "Status -1",
		`{"Status":600}`:                            "Status 600",
		`{"Status":204,"Body":"x"}`:                 "Status 204 has no Body",
		`{"Action":"Get Binding","Code":"A"}`:       "Action",
		`{"Code":"A","Body":"x"}`:                   "Code and Body",
		`{"Message":"m","Status":500}`:              "Message needs a Code",
		`{"Reset":true,"Hang":true}`:                "Reset",
		`{"Reset":true,"HalfBody":true}`:            "HalfBody",
		`{"Reset":true,"Status":500}`:               "there is no answer",
		`{"Hang":true,"Header":{"A":"b"}}`:          "there is no answer",
		`{"Header":{"":"b"}}`:                       "Header",
		`{"Header":{"A b":"c"}}`:                    `"A b"`,
		`{"Header":{"A":"b\r\nC: d"}}`:              "control character",
		`{"Header":{"A":1}}`:                        "Header",
		`{"Header":{"A":null}}`:                     "Header",
		`{"Header":["A"]}`:                          "Header",
		`{"Header":{"content-length":"1"}}`:         "content-length belongs to the connection",
		`{"Code":"A","Header":{"Connection":"up"}}`: "Connection",
	} {
		require.Contains(t, refused(t, control(s, http.MethodPost, "faults", body), http.StatusBadRequest), want, body)
	}
	require.Empty(t, s.faults, "of several faults none is taken where one is refused")
}

func TestEveryFieldOfAFaultCanBeScripted(t *testing.T) {
	t.Parallel()
	require.Equal(t, fieldNames[Fault](), fieldNames[controlFault]())
}
