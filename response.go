package imm

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/imm-go/imm/internal/retry"
	"github.com/imm-go/imm/internal/wire"
)

const (
	maxBody    = 32 << 20  // of an answer
	maxKept    = 256 << 10 // of a buffer that is used again
	maxExcerpt = 200       // bytes of an answer that is not JSON
	minSecret  = 4         // bytes; what is shorter is no secret, and taking it out would leave no text
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
	e := &APIError{Action: x.action, StatusCode: resp.StatusCode, Attempts: x.sent, RetryAfter: retryAfter(resp.Header)}
	data = []byte(x.creds.withhold(string(data))) // before an excerpt cuts a key in two
	switch isError := e.fill(data); {
	case errors.Is(err, errTooLarge):
		e.Code, e.Message = "", errTooLarge.Error()
	case success && (!isError || e.Code == ""):
		e.Message = "the answer is not the JSON object that " + x.action + " documents: " + excerpt(data)
	case resp.StatusCode >= 300 && resp.StatusCode < 400:
		e.Message = "redirects are not followed: the request is signed for this host; check the endpoint" + redirectTarget(resp)
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

func redirectTarget(resp *http.Response) string {
	target, err := url.Parse(resp.Header.Get("Location"))
	if err != nil || target.Host == "" {
		return ""
	}
	return ", which sends to " + target.Scheme + "://" + target.Host
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
	if code := xmlText(data, "Code"); code != "" && !isObject {
		e.Code, e.Message = code, xmlText(data, "Message")
		e.RequestID, e.HostID = xmlText(data, "RequestId"), xmlText(data, "HostId")
		e.Recommend = xmlText(data, "Recommend")
		return true
	}
	e.Message = excerpt(data)
	return false
}

// withhold takes the keys out of what was read of an answer.
func (e *APIError) withhold(creds Credentials) {
	for _, field := range []*string{&e.Code, &e.Message, &e.RequestID, &e.HostID, &e.Recommend} {
		*field = creds.withhold(*field)
	}
}

// withhold takes the keys out of what the service sent back: the message of a
// wrong signature quotes the text that was signed, and that has the token in it.
func (c Credentials) withhold(text string) string {
	for _, secret := range []string{c.SecurityToken, c.AccessKeySecret} {
		if len(secret) < minSecret {
			continue
		}
		for _, form := range []string{secret, url.QueryEscape(secret), url.PathEscape(secret)} {
			text = strings.ReplaceAll(text, form, redacted)
		}
	}
	return text
}

// xmlText cuts the text of an element out by hand, because encoding/xml would
// add its weight to every program for the sake of a rare answer.
func xmlText(data []byte, name string) string {
	_, rest, found := bytes.Cut(data, []byte("<"+name+">"))
	text, _, closed := bytes.Cut(rest, []byte("</"+name+">"))
	if !found || !closed {
		return ""
	}
	return strings.TrimSpace(xmlEntities.Replace(string(text)))
}

var xmlEntities = strings.NewReplacer("<![CDATA[", "", "]]>", "", "&lt;", "<", "&gt;", ">", "&quot;", `"`, "&apos;", "'", "&amp;", "&")

// excerpt is the beginning of an answer that nobody documented, as one short
// line: the title of a page, or else its text without tags.
func excerpt(data []byte) string {
	const enough = 4 << 10
	if len(data) > enough {
		data = data[:enough]
	}
	text := string(data)
	if strings.Contains(text, "<") {
		if title := xmlText(data, "title"); title != "" {
			text = title
		} else {
			text = withoutTags(text)
		}
	}
	text = oneLine(text)
	if text == "" {
		return "(an empty answer)"
	}
	if len(text) > maxExcerpt {
		text = strings.ToValidUTF8(text[:maxExcerpt], "") + "…"
	}
	return text
}

func withoutTags(text string) string {
	var b strings.Builder
	for text != "" {
		before, rest, _ := strings.Cut(text, "<")
		b.WriteString(before + " ")
		_, text, _ = strings.Cut(rest, ">")
	}
	return b.String()
}

// retryAfter is how long the answer asks to wait: in the header of the current
// gateway, else in the two of the older one, of which the larger counts, else in
// that of HTTP. What cannot be read counts as absent.
func retryAfter(header http.Header) time.Duration {
	if d := milliseconds(header.Get("X-Acs-Retry-After")); d > 0 {
		return d
	}
	if d := max(timeLeft(header.Get("X-Ratelimit-User")), timeLeft(header.Get("X-Ratelimit-User-Api"))); d > 0 {
		return d
	}
	value := header.Get("Retry-After")
	if s, err := strconv.ParseInt(value, 10, 32); err == nil {
		return max(0, time.Duration(s)*time.Second)
	}
	if t, err := http.ParseTime(value); err == nil {
		// By the server's own clock, if it says what time it has there.
		now, err := http.ParseTime(header.Get("Date"))
		if err != nil {
			now = time.Now()
		}
		return max(0, t.Sub(now))
	}
	return 0
}

func milliseconds(value string) time.Duration {
	ms, err := strconv.ParseInt(strings.TrimSpace(value), 10, 32)
	if err != nil || ms < 0 {
		return 0
	}
	return time.Duration(ms) * time.Millisecond
}

// timeLeft reads Limit:1,Remain:0,TimeLeft:2000,Reset:1234.
func timeLeft(value string) time.Duration {
	for field := range strings.SplitSeq(value, ",") {
		if ms, found := strings.CutPrefix(strings.TrimSpace(field), "TimeLeft:"); found {
			return milliseconds(ms)
		}
	}
	return 0
}
