package immtest

import (
	"bytes"
	"encoding/json"
	"maps"
	"net/http"
	"net/url"
	"strconv"
	"time"
)

// answer is what one request gets, whatever the way it came.
type answer struct {
	status int
	code   string // of an error, for Server.Requests
	header http.Header
	body   []byte
	ending ending
	pause  time.Duration // before the second half of the body, where it pauses
}

// ending is how an answer ends.
type ending int

const (
	endsWhole   ending = iota // all of it arrives
	endsAtStart               // nothing arrives: the connection is cut
	endsHalf                  // the connection is cut after half of the body
	hangsHalf                 // nothing more arrives after half of the body
	pausesHalf                // the second half of the body arrives after a pause
)

// sent is as much of the body as arrives at once.
func (a *answer) sent() []byte {
	switch a.ending {
	case endsAtStart:
		return nil
	case endsHalf, hangsHalf, pausesHalf:
		return a.body[:len(a.body)/2]
	default:
		return a.body
	}
}

// cut is the answer that never arrives.
func cut() answer { return answer{ending: endsAtStart} }

// failure is an error as the service documents it.
type failure struct {
	status  int
	code    string
	message string
	header  http.Header // of the answer, beside the usual ones; nil for most
}

// errorBody is the documented form of an error.
type errorBody struct {
	RequestID string `json:"RequestId"`
	HostID    string `json:"HostId"`
	Code      string
	Message   string
	Recommend string
}

func errorAnswer(now time.Time, requestID, host string, f *failure) answer {
	troubleshoot := url.Values{"q": {f.code}, "product": {"imm"}, "requestId": {requestID}}
	a := jsonAnswer(now, requestID, f.status, errorBody{
		RequestID: requestID,
		HostID:    host,
		Code:      f.code,
		Message:   f.message,
		Recommend: "https://api.aliyun.com/troubleshoot?" + troubleshoot.Encode(),
	})
	a.code = f.code
	maps.Copy(a.header, f.header)
	return a
}

func jsonAnswer(now time.Time, requestID string, status int, value any) answer {
	header := newHeader(now, "application/json;charset=utf-8")
	header.Set("X-Acs-Request-Id", requestID)
	header.Set("X-Acs-Trace-Id", traceID(requestID))
	return answer{status: status, header: header, body: encodeJSON(value)}
}

// traceID makes an id of the form that the service's trace header has.
func traceID(requestID string) string {
	return string(bytes.ToLower(bytes.ReplaceAll([]byte(requestID), []byte("-"), nil)))
}

// htmlAnswer is the page of the front end, which stands before the service and
// knows neither request ids nor JSON.
func htmlAnswer(now time.Time, status int) answer {
	header := newHeader(now, "text/html")
	header.Set("Server", "Tengine")
	return answer{status: status, header: header, body: []byte(htmlPage(status))}
}

func htmlPage(status int) string {
	text := http.StatusText(status)
	switch status {
	case http.StatusRequestURITooLong:
		text = "Request-URI Too Large"
	case http.StatusServiceUnavailable:
		text = "Service Temporarily Unavailable"
	case http.StatusGatewayTimeout:
		text = "Gateway Time-out"
	}
	title := strconv.Itoa(status) + " " + text
	return "<html>\r\n<head><title>" + title + "</title></head>\r\n<body>\r\n<center><h1>" + title +
		"</h1></center>\r\n<hr/>Powered by Tengine<hr><center>tengine</center>\r\n</body>\r\n</html>\r\n"
}

func newHeader(now time.Time, contentType string) http.Header {
	return http.Header{
		"Content-Type": {contentType},
		"Date":         {now.UTC().Format(http.TimeFormat)},
	}
}

// encodeJSON writes value as the service does: URIs stay readable.
func encodeJSON(value any) []byte {
	var buf bytes.Buffer
	encoder := json.NewEncoder(&buf)
	encoder.SetEscapeHTML(false)
	// The values are structures of this package; none of them can fail.
	_ = encoder.Encode(value)
	return bytes.TrimSuffix(buf.Bytes(), []byte("\n"))
}
