package immtest

import (
	"encoding/xml"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"
)

// Whatever a request to the queue API says, the answer is well-formed XML or empty,
// and nothing but a delete with the right handle takes a message away.
func FuzzQueueAPI(f *testing.F) {
	f.Add("GET", "test-queue/messages", "waitseconds=0", "")
	f.Add("GET", "test-queue/messages", "numOfMessages=16&waitseconds=0", "")
	f.Add("DELETE", "test-queue/messages", "ReceiptHandle=8-MS14", "")
	f.Add("DELETE", "test-queue/messages", "", "<ReceiptHandles><ReceiptHandle>8-MS14</ReceiptHandle></ReceiptHandles>")
	f.Add("PUT", "test-queue/messages", "ReceiptHandle=x&VisibilityTimeout=1", "")
	f.Add("GET", "other/messages", "a=%zz&<&>", "")
	f.Fuzz(func(t *testing.T, method, path, query, body string) {
		s := NewServer(WithQueue("test-queue", time.Hour))
		defer s.Close()
		s.SendToQueue("test-queue", []byte("<text>\x00"))
		s.SendToQueue("test-queue", []byte("more"))
		in := &received{
			method: method, url: &url.URL{Path: queuePath + path, RawQuery: query}, host: "localhost", body: []byte(body),
			header: http.Header{
				"Date": {time.Now().UTC().Format(http.TimeFormat)}, "X-Mns-Version": {mnsVersion},
			},
		}
		in.header.Set("Authorization", "MNS "+AccessKeyID+":"+queueSignature(in, AccessKeySecret))
		ended := httptest.NewRequest(http.MethodGet, "/", nil).Context()
		if strings.Contains(strings.ToLower(query), "waitseconds") && !strings.Contains(query, "waitseconds=0") {
			s.Close() // nothing waits
		}
		a := s.queueGateway(ended, in)
		if a.ending == endsAtStart {
			return
		}
		if a.status < 200 || a.status > 499 || (a.status == http.StatusNoContent) != (len(a.body) == 0) {
			t.Errorf("%d %s", a.status, a.body)
		}
		decoder := xml.NewDecoder(strings.NewReader(string(a.body)))
		for {
			if _, err := decoder.Token(); errors.Is(err, io.EOF) {
				break
			} else if err != nil {
				t.Fatalf("%v in %s", err, a.body)
			}
		}
		if n := len(s.queues["test-queue"].messages); n != 2 {
			t.Errorf("%d messages are left, and no handle was right", n)
		}
	})
}

// FuzzReceiptHandle looks for handles that are read in another way than they are written.
func FuzzReceiptHandle(f *testing.F) {
	f.Add(newReceiptHandle(7))
	f.Add("8-MS14")
	f.Add("8-")
	f.Fuzz(func(t *testing.T, handle string) {
		sequence, ok := readReceiptHandle(handle)
		if ok == (sequence == 0) {
			t.Errorf("%q: %d %t", handle, sequence, ok)
		}
		if again, ok := readReceiptHandle(newReceiptHandle(max(sequence, 1))); !ok || again != max(sequence, 1) {
			t.Errorf("%d", again)
		}
	})
}
