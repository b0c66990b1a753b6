package credentials

import (
	"context"
	"encoding/json"
	"errors"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/imm-go/imm"
)

// The texts of credentials-go that go before a whole response body. A body can
// hold anything, the keys themselves if one field is missing, so only its code,
// message and request id are taken out.
var bodyMarkers = []string{
	"refresh session token failed: ",
	"get session token failed: ",
	"get session token from sso failed: ",
	"get session token from OAuth failed: ",
	"fail to get credentials from OAuth: ",
	"failed to refresh token from OAuth: ",
	", message = ",
}

// explain makes an error of ours out of an error of credentials-go: the cause without
// the address, whose query can hold a token, the code and message of an answer
// without the rest of it, and none of the given secrets.
func explain(source string, err error, advice string, secrets []string) *sourceError {
	f := &sourceError{source: source, advice: advice}
	if transport, ok := errors.AsType[*url.Error](err); ok {
		text := transport.Err.Error()
		shown := mask(withoutSecretParts(text), secrets)
		f.temporary = true
		f.reason = address(transport.URL) + " did not answer: " + oneLine(shown)
		// A timeout in here is not the caller's, and a caller who asks the
		// error whether their deadline passed must not be misled.
		if !errors.Is(transport.Err, context.DeadlineExceeded) && shown == text {
			f.cause = transport.Err
		}
		return f
	}
	f.reason, f.temporary = explainText(err.Error(), secrets)
	if _, ok := errors.AsType[settingsError](err); ok {
		f.temporary = false
	}
	if !f.temporary {
		f.cause = imm.ErrUnauthenticated
	}
	return f
}

func explainText(text string, secrets []string) (reason string, temporary bool) {
	status := statusIn(text)
	temporary = status == 0 || status == 429 || status >= 500
	if body, ok := bodyIn(text); ok {
		code, message := answerIn(body)
		switch {
		case code != "":
			return "it answered " + oneLine(mask(message, secrets)), transientCode(code) || status != 0 && temporary
		case status != 0:
			return "it answered with status " + strconv.Itoa(status), temporary
		}
		return "it refused, with an answer that is not shown because it may hold a secret", true
	}
	switch {
	case strings.HasPrefix(text, "refresh credentials from "), strings.HasSuffix(text, "fail to get credentials"):
		return "its answer lacks AccessKeyId, AccessKeySecret, SecurityToken or Expiration", true
	case strings.Contains(text, "nmarshal fail"), strings.Contains(text, "nmarshal aliyun cli config"):
		return "what it holds is not the JSON that was expected", true
	case strings.HasPrefix(text, "parsing time"):
		return "the Expiration in its answer is not a time like 2006-01-02T15:04:05Z", true
	}
	// What comes after a brace or a bracket looks like data.
	if i := strings.IndexAny(text, "{<"); i >= 0 {
		text = text[:i] + "(the rest is not shown because it may hold a secret)"
	}
	return oneLine(mask(withoutSecretParts(text), secrets)), temporary
}

// bodyIn finds the response body at the end of an error.
func bodyIn(text string) (body string, ok bool) {
	for _, marker := range bodyMarkers {
		if _, body, ok := strings.Cut(text, marker); ok {
			return body, true
		}
	}
	if strings.HasPrefix(text, "get credentials from ") {
		_, body, ok := strings.Cut(text, " failed: ")
		return body, ok
	}
	return "", false
}

// answerIn reads the error answer of STS and its like. The message comes with
// the code and the request id before it, and still has to be scrubbed.
func answerIn(body string) (code, message string) {
	var answer struct{ Code, Message, RequestID string }
	if err := json.Unmarshal([]byte(body), &answer); err != nil || answer.Code == "" {
		return "", ""
	}
	// STS quotes the text that it signed, in which the security token stands
	// and from which nobody can tell what to do.
	text, _, _ := strings.Cut(answer.Message, "server string to sign")
	message = answer.Code
	if answer.RequestID != "" {
		message += " (request id " + answer.RequestID + ")"
	}
	return answer.Code, message + ": " + text
}

func transientCode(code string) bool {
	return strings.Contains(code, "Throttling") || strings.HasPrefix(code, "Internal") || strings.HasPrefix(code, "ServiceUnavailable")
}

// statusIn finds the HTTP status that the metadata source puts into its errors,
// and is 0 where there is none.
func statusIn(text string) int {
	if _, rest, ok := strings.Cut(text, "httpStatus: "); ok {
		digits, _, _ := strings.Cut(rest, ",")
		status, _ := strconv.Atoi(digits)
		return status
	}
	if strings.HasPrefix(text, "get role name failed: GET ") {
		status, _ := strconv.Atoi(text[strings.LastIndexByte(text, ' ')+1:])
		return status
	}
	return 0
}

// address is the part of a URL that can be shown.
func address(raw string) string {
	u, err := url.Parse(raw)
	if err != nil || u.Host == "" {
		return "the address"
	}
	return u.Scheme + "://" + u.Host
}

// withoutSecretParts cuts the user and the query off every URL in the text.
func withoutSecretParts(text string) string {
	words := strings.SplitAfter(text, " ")
	for i, word := range words {
		scheme, rest, ok := strings.Cut(word, "://")
		if !ok {
			continue
		}
		rest, after, quoted := strings.Cut(rest, `"`)
		if end := strings.IndexAny(rest, "?#"); end >= 0 {
			rest = rest[:end] + strings.Repeat(" ", strings.Count(rest[end:], " "))
		}
		if quoted {
			rest += `"` + after
		}
		host, path, hasPath := strings.Cut(rest, "/")
		host = host[strings.LastIndexByte(host, '@')+1:]
		if hasPath {
			host += "/" + path
		}
		words[i] = scheme + "://" + host
	}
	return strings.Join(words, "")
}

// mask replaces the secrets in every spelling in which a server can have quoted
// them back. It comes before oneLine: half a secret would not be found.
func mask(text string, secrets []string) string {
	var forms []string
	for _, secret := range secrets {
		// A shorter text is no secret, and replacing it everywhere would
		// leave nothing to read.
		if len(secret) < 4 {
			continue
		}
		escaped := url.QueryEscape(secret)
		forms = append(forms, secret, escaped, url.QueryEscape(escaped), url.PathEscape(secret), strings.Trim(strconv.Quote(secret), `"`))
	}
	// The longest first, or a secret that is part of another one would leave
	// the rest of that one standing.
	slices.SortFunc(forms, func(a, b string) int { return len(b) - len(a) })
	for _, form := range forms {
		text = strings.ReplaceAll(text, form, "REDACTED")
	}
	return text
}
