package imm

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
	"sync"

	"github.com/imm-go/imm/internal/auth"
	"github.com/imm-go/imm/internal/retry"
	"github.com/imm-go/imm/internal/transport"
	"github.com/imm-go/imm/internal/wire"
)

const (
	maxBody = 32 << 20  // of an answer
	maxKept = 256 << 10 // of a buffer that is used again
)

var errTooLarge = fmt.Errorf("the answer is larger than %d MiB", maxBody>>20)

var bodies = sync.Pool{New: func() any { return new(body) }}

// body is an answer as far as it was read.
type body struct {
	bytes.Buffer
	limited io.LimitedReader
}

// readBody reads an answer up to the limit. The buffer holds what came before an
// error. It goes back to releaseBody, when nothing refers to its bytes any more.
func readBody(resp *http.Response) (*body, error) {
	buf := bodies.Get().(*body)
	buf.Reset()
	buf.limited = io.LimitedReader{R: resp.Body, N: maxBody + 1}
	if n := resp.ContentLength; n > 0 && n <= maxKept {
		buf.Grow(int(n) + bytes.MinRead) // or ReadFrom would grow it to see the end
	}
	n, err := buf.ReadFrom(&buf.limited)
	buf.limited.R = nil
	if err == nil && n > maxBody {
		err = errTooLarge
	}
	return buf, err
}

func releaseBody(buf *body) {
	if buf.Cap() <= maxKept {
		bodies.Put(buf)
	}
}

// understand makes an outcome of an answer. The err is what reading it ended
// with. An answer outside 2xx of which only a part came is still a refusal.
func (x *exchange) understand(resp *http.Response, data []byte, err error) retry.Outcome {
	success := resp.StatusCode >= 200 && resp.StatusCode < 300
	if success && err == nil && x.answer.decode(data) {
		x.requestID = x.answer.id()
		return retry.Outcome{Class: retry.OK}
	}
	x.date = resp.Header.Get("Date")
	e := &APIError{Action: x.action, StatusCode: resp.StatusCode, Attempts: x.sent, RetryAfter: transport.RetryAfter(resp.Header)}
	data = []byte(auth.Keys(x.creds).Withhold(string(data))) // before an excerpt cuts a key in two
	switch isError := e.fill(data); {
	case errors.Is(err, errTooLarge):
		e.Code, e.Message = "", errTooLarge.Error()
	case success && (!isError || e.Code == ""):
		e.Message = "the answer is not the JSON object that " + x.action + " documents: " + excerpt(data)
	case resp.StatusCode >= 300 && resp.StatusCode < 400:
		e.Message = "redirects are not followed: the request is signed for this host; check the endpoint" + transport.RedirectTarget(resp)
	}
	if e.RequestID == "" {
		e.RequestID = resp.Header.Get("X-Acs-Request-Id")
	}
	e.withhold(x.creds)
	x.requestID = e.RequestID
	class := retry.Classify(e.Code, e.StatusCode)
	if success && e.Code == "" {
		class = retry.BadAnswer
	}
	return retry.Outcome{Class: class, Err: e, Hint: e.RetryAfter}
}

// fill reads the documented form of an error, its XML form, and whatever else
// stands there. It reports whether the answer looks like one of the first two.
func (e *APIError) fill(data []byte) bool {
	isObject := wire.Members(data, func(name, value []byte) {
		text, ok := wire.Text(value)
		if !ok {
			return
		}
		switch string(name) {
		case "Code":
			e.Code = text
		case "Message":
			e.Message = text
		case "RequestId":
			e.RequestID = text
		case "HostId":
			e.HostID = text
		case "Recommend":
			e.Recommend = text
		}
	})
	if isObject && e.Code+e.Message != "" {
		return true
	}
	if code := transport.Element(data, "Code"); code != "" && !isObject {
		e.Code, e.Message = code, transport.Element(data, "Message")
		e.RequestID, e.HostID = transport.Element(data, "RequestId"), transport.Element(data, "HostId")
		e.Recommend = transport.Element(data, "Recommend")
		return true
	}
	e.Message = excerpt(data)
	return false
}

// withhold takes the keys out of what was read of an answer.
func (e *APIError) withhold(creds Credentials) {
	for _, field := range []*string{&e.Code, &e.Message, &e.RequestID, &e.HostID, &e.Recommend} {
		*field = auth.Keys(creds).Withhold(*field)
	}
}

// excerpt is the beginning of an answer that nobody documented, in one line.
func excerpt(data []byte) string { return transport.Excerpt(data) }
