package immtest

import (
	"crypto/hmac"
	"crypto/sha1"
	"encoding/base64"
	"encoding/xml"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// queueRequest is a request to the queue API with every header but Authorization.
func queueRequest(method, target, body string) *http.Request {
	req, err := http.NewRequest(method, "http://1000000000000000.mns.cn-hangzhou.aliyuncs.com/queues/"+target, nil)
	if err != nil {
		panic(err)
	}
	req.Header.Set("Date", time.Now().UTC().Format(http.TimeFormat))
	req.Header.Set("X-Mns-Version", "2015-06-06")
	req.Header.Set("Content-Type", "text/xml")
	if body != "" {
		req.Body, req.ContentLength = io.NopCloser(strings.NewReader(body)), int64(len(body))
	}
	return req
}

// signQueue signs by the steps of the documentation, which differ from those of
// the server only in who wrote them.
func signQueue(req *http.Request, id, secret string) *http.Request {
	lines := []string{req.Method, req.Header.Get("Content-MD5"), req.Header.Get("Content-Type"), req.Header.Get("Date")}
	for _, name := range []string{"X-Mns-Meta", "X-Mns-Version"} { // sorted
		if value := req.Header.Get(name); value != "" {
			lines = append(lines, strings.ToLower(name)+":"+value)
		}
	}
	mac := hmac.New(sha1.New, []byte(secret))
	_, _ = io.WriteString(mac, strings.Join(lines, "\n")+"\n"+req.URL.RequestURI())
	req.Header.Set("Authorization", "MNS "+id+":"+base64.StdEncoding.EncodeToString(mac.Sum(nil)))
	return req
}

// callQueue makes a signed request to the queue API.
func callQueue(t *testing.T, s *Server, method, target, body string) reply {
	t.Helper()
	return send(t, s, signQueue(queueRequest(method, target, body), AccessKeyID, AccessKeySecret))
}

// queueMessage is a message as it is received.
type queueMessage struct {
	XMLName                                        xml.Name `xml:"http://mns.aliyuncs.com/doc/v1/ Message"`
	MessageID                                      string   `xml:"MessageId"`
	ReceiptHandle, MessageBodyMD5, MessageBody     string
	EnqueueTime, NextVisibleTime, FirstDequeueTime int64
	DequeueCount, Priority                         int
}

func decodeXML[T any](t *testing.T, r reply, status int) T {
	t.Helper()
	require.Equal(t, status, r.status, r.text)
	require.Equal(t, "text/xml;charset=utf-8", r.header.Get("Content-Type"))
	require.Regexp(t, `^[0-9A-F]{24}$`, r.header.Get("x-mns-request-id"))
	require.Equal(t, "2015-06-06", r.header.Get("x-mns-version"))
	var out T
	require.NoError(t, xml.Unmarshal([]byte(r.text), &out), r.text)
	return out
}

// receiveOne receives a message of test-queue, which has to be there.
func receiveOne(t *testing.T, s *Server) queueMessage {
	t.Helper()
	return decodeXML[queueMessage](t, callQueue(t, s, http.MethodGet, "test-queue/messages", ""), http.StatusOK)
}

// queueCode is the code of an error of the queue API, after a look at all of it.
func queueCode(t *testing.T, r reply) string {
	t.Helper()
	type errorXML struct {
		XMLName       xml.Name `xml:"http://mns.aliyuncs.com/doc/v1/ Error"`
		Code, Message string
		RequestID     string `xml:"RequestId"`
		HostID        string `xml:"HostId"`
	}
	e := decodeXML[errorXML](t, r, r.status)
	require.NotEmpty(t, e.Message)
	require.Equal(t, r.header.Get("x-mns-request-id"), e.RequestID)
	require.Equal(t, "http://1000000000000000.mns.cn-hangzhou.aliyuncs.com", e.HostID)
	return e.Code
}

func escaped(handle string) string { return url.QueryEscape(handle) }
