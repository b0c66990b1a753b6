package immtest

import (
	"crypto/md5"
	"encoding/base64"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
)

func TestARequestToAQueueIsCheckedAsMNSChecksIt(t *testing.T) {
	t.Parallel()
	const key, secret = AccessKeyID, AccessKeySecret
	date := func(d time.Duration) func(*http.Request) {
		return func(r *http.Request) { r.Header.Set("Date", time.Now().Add(d).UTC().Format(http.TimeFormat)) }
	}
	set := func(name, value string) func(*http.Request) {
		return func(r *http.Request) { r.Header.Set(name, value) }
	}
	sum := md5.Sum([]byte("<x/>"))
	for name, c := range map[string]struct {
		before, after func(*http.Request) // signing
		id, secret    string
		want          string
	}{
		"right":                          {nil, nil, key, secret, "404 MessageNotExist"},
		"another x-mns header":           {set("X-Mns-Meta", "a"), nil, key, secret, "404 MessageNotExist"},
		"no content type":                {func(r *http.Request) { r.Header.Del("Content-Type") }, nil, key, secret, "404 MessageNotExist"},
		"date 15 minutes behind":         {date(-15 * time.Minute), nil, key, secret, "404 MessageNotExist"},
		"date more than that behind":     {date(-15*time.Minute - time.Second), nil, key, secret, "408 TimeExpired"},
		"date 15 minutes ahead":          {date(15 * time.Minute), nil, key, secret, "404 MessageNotExist"},
		"date more than that ahead":      {date(15*time.Minute + time.Second), nil, key, secret, "408 TimeExpired"},
		"no date":                        {func(r *http.Request) { r.Header.Del("Date") }, nil, key, secret, "400 MissingDateHeader"},
		"date in another form":           {set("Date", "2026-11-25T00:00:00Z"), nil, key, secret, "400 InvalidDateHeader"},
		"no version":                     {func(r *http.Request) { r.Header.Del("X-Mns-Version") }, nil, key, secret, "400 MissingVersionHeader"},
		"another version":                {set("X-Mns-Version", "2014-01-01"), nil, key, secret, "400 InvalidVersionHeader"},
		"no authorization":               {nil, func(r *http.Request) { r.Header.Del("Authorization") }, key, secret, "403 MissingAuthorizationHeader"},
		"another scheme":                 {nil, set("Authorization", "MQS "+key+":x"), key, secret, "400 InvalidAuthorizationHeader"},
		"no signature":                   {nil, set("Authorization", "MNS "+key+":"), key, secret, "400 InvalidAuthorizationHeader"},
		"no colon":                       {nil, set("Authorization", "MNS "+key), key, secret, "400 InvalidAuthorizationHeader"},
		"unknown key":                    {nil, nil, "other", secret, "403 InvalidAccessKeyId"},
		"wrong secret":                   {nil, nil, key, "other", "403 SignatureDoesNotMatch"},
		"date changed after signing":     {nil, date(-time.Minute), key, secret, "403 SignatureDoesNotMatch"},
		"query changed after signing":    {nil, func(r *http.Request) { r.URL.RawQuery = "waitseconds=1" }, key, secret, "403 SignatureDoesNotMatch"},
		"x-mns header added":             {nil, set("X-Mns-Meta", "a"), key, secret, "403 SignatureDoesNotMatch"},
		"content type changed":           {nil, set("Content-Type", "text/plain"), key, secret, "403 SignatureDoesNotMatch"},
		"MD5 of the body":                {set("Content-MD5", base64.StdEncoding.EncodeToString(sum[:])), nil, key, secret, "404 MessageNotExist"},
		"MD5 of the body in hexadecimal": {set("Content-MD5", base64.StdEncoding.EncodeToString(fmt.Appendf(nil, "%x", sum))), nil, key, secret, "404 MessageNotExist"},
		"MD5 of another body":            {set("Content-MD5", "XXXXXXXXXXXXXXXXXXXXXX=="), nil, key, secret, "400 InvalidDegist"},
		"a token that nobody gave":       {nil, set("Security-Token", "token"), key, secret, "403 InvalidSecurityToken"},
		"temporary":                      {nil, set("Security-Token", "token"), "sts", "sts-secret", "404 MessageNotExist"},
		"temporary, no token":            {nil, nil, "sts", "sts-secret", "403 InvalidAccessKeyId"},
		"temporary, another token":       {nil, set("Security-Token", "other"), "sts", "sts-secret", "403 InvalidSecurityToken"},
		"temporary, expired":             {nil, set("Security-Token", "token"), "old", "old-secret", "403 SecurityTokenExpired"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				s := newServer(t, WithQueue("test-queue", 0), WithCredentials(key, secret, ""), WithCredentials("sts", "sts-secret", "token"),
					WithTemporaryCredentials("old", "old-secret", "token", time.Now()))
				req := queueRequest(http.MethodGet, "test-queue/messages", "<x/>")
				if c.before != nil {
					c.before(req)
				}
				signQueue(req, c.id, c.secret)
				if c.after != nil {
					c.after(req)
				}
				r := send(t, s, req)
				require.Equal(t, c.want, strconv.Itoa(r.status)+" "+queueCode(t, r))
				require.NotContains(t, r.text, "secret")
				recorded := s.Requests()[0]
				require.Equal(t, "ReceiveMessage", recorded.Action)
				require.Equal(t, "/queues/test-queue/messages", recorded.Path)
				require.NotContains(t, fmt.Sprint(recorded.Header), "token")
				require.NotContains(t, fmt.Sprint(recorded.Header), "MNS")
			})
		})
	}
}

// The vector was computed with openssl, from the text that the documentation of
// the signature says is signed.
func TestTheSignatureOfAQueueIsThatOfAnotherProgram(t *testing.T) {
	t.Parallel()
	req := httptest.NewRequest(http.MethodGet, "/queues/test-queue/messages?waitseconds=30&numOfMessages=16", nil)
	req.Header.Set("Date", "Wed, 25 Nov 2026 10:46:14 GMT")
	req.Header.Set("Content-Type", "text/xml")
	req.Header.Set("X-Mns-Version", "2015-06-06")
	in := &received{method: req.Method, url: req.URL, header: req.Header}
	require.Equal(t, "AImqLATPr6rsXHAezW3Ej1LILKQ=", queueSignature(in, "test-access-key-secret"))
}

func TestTheListenerServesQueuesToo(t *testing.T) {
	t.Parallel()
	s := newServer(t, WithQueue("test-queue", 0))
	s.SendToQueue("test-queue", []byte("text"))
	network := &http.Transport{}
	t.Cleanup(network.CloseIdleConnections)
	call := func(method, target string) reply {
		req := queueRequest(method, target, "")
		signQueue(req, AccessKeyID, AccessKeySecret)
		req.URL.Host = strings.TrimPrefix(s.URL(), "http://")
		return sendBy(t, network, req)
	}
	m := decodeXML[queueMessage](t, call(http.MethodGet, "test-queue/messages?waitseconds=1"), http.StatusOK)
	r := call(http.MethodDelete, "test-queue/messages?ReceiptHandle="+escaped(m.ReceiptHandle))
	require.Equal(t, http.StatusNoContent, r.status)
	require.NotContains(t, r.header, "Content-Length")
	require.Equal(t, "MessageNotExist", queueCode(t, call(http.MethodGet, "test-queue/messages")))
}

func TestARequestToAQueueMeetsFaults(t *testing.T) {
	t.Parallel()
	s := newServer(t, WithQueue("test-queue", time.Hour))
	s.SendToQueue("test-queue", []byte("text"))
	receive := func() reply { return callQueue(t, s, http.MethodGet, "test-queue/messages?waitseconds=30", "") }

	s.Inject(LongPollLimit("BatchReceiveMessage", 1), LongPollLimit("ReceiveMessage", 0))
	r := receive()
	require.Equal(t, "404 MessageNotExist", strconv.Itoa(r.status)+" "+queueCode(t, r))
	s.ClearFaults()

	s.Inject(Fault{Action: "DeleteMessage", Code: "X"}, Fault{Action: "ReceiveMessage", Status: 429, Code: "QpsLimitExceeded", Message: "slow <down>"})
	r = receive()
	require.Equal(t, "429 QpsLimitExceeded", strconv.Itoa(r.status)+" "+queueCode(t, r))
	require.Equal(t, "QpsLimitExceeded", s.Requests()[1].Code)

	s.Inject(HTMLPage(1, 502))
	require.Contains(t, receive().text, "<html>")
	s.Inject(Fault{Action: "ReceiveMessage", Reset: true})
	_, err := s.Transport().RoundTrip(signQueue(queueRequest(http.MethodGet, "test-queue/messages", ""), AccessKeyID, AccessKeySecret))
	require.Error(t, err)

	s.Inject(Fault{Action: "ReceiveMessage", AfterWork: true, HalfBody: true})
	resp, err := s.Transport().RoundTrip(signQueue(queueRequest(http.MethodGet, "test-queue/messages", ""), AccessKeyID, AccessKeySecret))
	require.NoError(t, err)
	_, err = io.ReadAll(resp.Body)
	require.ErrorIs(t, err, io.ErrUnexpectedEOF)
	require.NoError(t, resp.Body.Close())
	require.Equal(t, []stateQueue{{"test-queue", 1, 1}}, get[controlState](t, s, "state").Queues, "it was received, and the answer lost")
}
