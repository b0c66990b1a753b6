package osssource

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"unicode"

	"github.com/aliyun/alibabacloud-oss-go-sdk-v2/oss"
)

// ListError says that a bucket could not be listed to its end. It wraps the error
// of the SDK, such as a *oss.ServiceError, and that of the context where this has
// ended.
type ListError struct {
	Bucket string
	After  string // the last key that was listed; empty: none
	Err    error
}

// Error is one line, with what to do where the service's code tells. The SDK's own
// text has several lines.
func (e *ListError) Error() string {
	text := "osssource: list oss://" + e.Bucket
	if e.After != "" {
		text += fmt.Sprintf(" after %q", e.After)
	}
	refused, ok := errors.AsType[*oss.ServiceError](e.Err)
	if !ok {
		return text + ": " + oneLine(e.Err.Error())
	}
	text += fmt.Sprintf(": %s (HTTP %d)", oneLine(refused.Code), refused.StatusCode)
	if refused.Message != "" {
		text += ": " + oneLine(refused.Message)
	}
	if refused.RequestID != "" {
		text += " [request id " + oneLine(refused.RequestID) + "]"
	}
	if advice := adviceOn(refused); advice != "" {
		text += "; " + advice
	}
	return text
}

// Unwrap returns Err.
func (e *ListError) Unwrap() error { return e.Err }

func adviceOn(refused *oss.ServiceError) string {
	switch {
	case refused.Code == "NoSuchBucket":
		return "check the name of the bucket"
	case refused.Code == "AccessDenied":
		return "allow oss:ListObjects on the bucket, and check that the client's region is that of the bucket"
	case refused.Code == "InvalidAccessKeyId", refused.Code == "SignatureDoesNotMatch", refused.Code == "SecurityTokenExpired":
		return "check the keys of the client"
	case refused.StatusCode >= 500:
		return "try again later: the list goes on after the last key"
	}
	return ""
}

// explain wraps what ended a list. The SDK's error need not wrap the context's.
func (s *source) explain(ctx context.Context, after string, err error) error {
	if ended := ctx.Err(); ended != nil && !errors.Is(err, ended) {
		err = fmt.Errorf("%w: %w", ended, err)
	}
	return &ListError{Bucket: s.bucket, After: after, Err: err}
}

func oneLine(text string) string {
	const most = 300
	// Control characters could steer a terminal, and others turn the direction of text.
	text = strings.Join(strings.FieldsFunc(text, func(r rune) bool { return r == ' ' || !unicode.IsPrint(r) }), " ")
	if len(text) > most {
		text = strings.ToValidUTF8(text[:most], "") + "…"
	}
	return text
}
