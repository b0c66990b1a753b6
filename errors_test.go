package imm

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// sentinels are all kinds of errors.
var sentinels = []error{
	ErrNotFound, ErrAlreadyExists, ErrThrottled, ErrInvalidArgument, ErrLimitExceeded, ErrUnauthenticated, ErrPermissionDenied, ErrUnavailable,
}

// requireKind wants the error to match one sentinel and no other, or none if it
// is nil.
func requireKind(t *testing.T, want, err error) {
	t.Helper()
	wanted := slices.Index(sentinels, want)
	for i, sentinel := range sentinels {
		require.Equal(t, i == wanted, errors.Is(err, sentinel), "%v: %v", err, sentinel)
		require.Equal(t, i == wanted, errors.Is(fmt.Errorf("wrapped: %w", err), sentinel))
	}
}

func TestTheCodeDecidesWhateverTheStatus(t *testing.T) {
	t.Parallel()
	for code, want := range map[string]error{
		"InvalidArgument":                     ErrInvalidArgument,
		"MissingProjectName":                  ErrInvalidArgument,
		"MissingParameter":                    ErrInvalidArgument,
		"InvalidProjectName":                  ErrInvalidArgument,
		"InvalidParameter.URI":                ErrInvalidArgument,
		"InvalidApi.NotFound":                 ErrInvalidArgument,
		"InvalidAction.NotFound":              ErrInvalidArgument,
		"LimitExceededError":                  ErrLimitExceeded,
		"ResourceNotFound":                    ErrNotFound,
		"ResourceAlreadyExists":               ErrAlreadyExists,
		"SignatureDoesNotMatch":               ErrUnauthenticated,
		"IncompleteSignature":                 ErrUnauthenticated,
		"InvalidAccessKeyId.NotFound":         ErrUnauthenticated,
		"InvalidAccessKeyId.Inactive":         ErrUnauthenticated,
		"InvalidSecurityToken.Expired":        ErrUnauthenticated,
		"InvalidSecurityToken.Malformed":      ErrUnauthenticated,
		"InvalidTimeStamp.Expired":            ErrUnauthenticated,
		"InvalidTimeStamp.Format":             ErrUnauthenticated,
		"SignatureNonceUsed":                  ErrUnauthenticated,
		"NoPermission":                        ErrPermissionDenied,
		"Forbidden":                           ErrPermissionDenied,
		"Forbidden.RAM":                       ErrPermissionDenied,
		"ForbiddenAction":                     ErrPermissionDenied,
		"Account.Arrearage":                   ErrPermissionDenied,
		"UserOverdue":                         ErrPermissionDenied,
		"AccountInDebt":                       ErrPermissionDenied,
		"OperationDenied":                     ErrPermissionDenied,
		"OperationDenied.NoStock":             ErrPermissionDenied,
		"ServiceNotOpen":                      ErrPermissionDenied,
		"ServiceNotOpened":                    ErrPermissionDenied,
		"Throttling":                          ErrThrottled,
		"Throttling.User":                     ErrThrottled,
		"Throttling.Api":                      ErrThrottled,
		"RequestThrottling":                   ErrThrottled,
		"InvalidArgument.Throttling":          ErrThrottled,
		"InternalError":                       ErrUnavailable,
		"ServiceUnavailable":                  ErrUnavailable,
		"ServiceUnavailable.Throttling.Later": ErrThrottled,
	} {
		for _, status := range []int{200, 400, 401, 403, 404, 409, 414, 429, 500, 502, 503, 504} {
			t.Run(fmt.Sprintf("%s %d", code, status), func(t *testing.T) {
				t.Parallel()
				requireKind(t, want, &APIError{Action: "GetBinding", StatusCode: status, Code: code})
			})
		}
	}
}

func TestTheStatusDecidesWhereTheCodeIsUnknownOrAbsent(t *testing.T) {
	t.Parallel()
	for status, want := range map[int]error{
		200: nil, 204: nil, 301: nil, 302: nil, 307: nil, 400: nil, 405: nil, 410: nil, 418: nil,
		404: nil, 409: nil, // A page of some proxy is no proof of what the service has.
		401: ErrUnauthenticated, 403: ErrPermissionDenied, 414: ErrInvalidArgument, 429: ErrThrottled,
		500: ErrUnavailable, 501: ErrUnavailable, 502: ErrUnavailable, 503: ErrUnavailable, 504: ErrUnavailable, 599: ErrUnavailable,
	} {
		for _, code := range []string{"", "SomethingNew", "resourcenotfound", "notInvalidArgument", "NotFound", "Resource.NotFound"} {
			t.Run(fmt.Sprintf("%d %s", status, code), func(t *testing.T) {
				t.Parallel()
				requireKind(t, want, &APIError{Action: "GetBinding", StatusCode: status, Code: code})
			})
		}
	}
}

func TestAnAPIErrorSaysAllThatIsKnown(t *testing.T) {
	t.Parallel()
	for want, e := range map[string]*APIError{
		"imm: GetBinding: (HTTP 502) [1 attempt]": {Action: "GetBinding", StatusCode: 502, Attempts: 1},
		"imm: GetBinding: ResourceNotFound (HTTP 400): no such dataset [2 attempts, request id R-1, retry after 1.5s, see https://example.com]": {
			Action: "GetBinding", StatusCode: 400, Code: "ResourceNotFound", Message: "no such dataset", RequestID: "R-1",
			HostID: "imm.cn-hangzhou.aliyuncs.com", Recommend: "https://example.com", RetryAfter: 1500 * time.Millisecond, Attempts: 2,
		},
		"imm: GetBinding: (HTTP 0) [nothing was sent]": {Action: "GetBinding"},
	} {
		require.EqualError(t, e, want)
	}
}

func TestHostileTextStaysInOneLine(t *testing.T) {
	t.Parallel()
	for _, hostile := range []string{
		"a\nlevel=ERROR msg=forged", "a\r\n\r\nb", "\x1b[2Jb", "\u202eb\u2066", "a\u2028b\u2029c\u0085", "a\x00\xff\xfe", "\ta  b   c ",
		strings.Repeat("a\n", 100_000), strings.Repeat("日", 100_000), strings.Repeat("\xff", 100_000), strings.Repeat("a", 100_000),
	} {
		api := &APIError{Action: "GetBinding", StatusCode: 400, Code: hostile, Message: hostile, RequestID: hostile, HostID: hostile, Recommend: hostile}
		for _, err := range []error{
			api,
			&RequestError{Action: "GetBinding", Err: errors.New(hostile)},
			&RequestError{Action: "GetBinding", Err: &endedError{context.Canceled, "while waiting", api}},
			&ValidationError{Action: "GetBinding", Field: hostile, Reason: hostile},
			joinLines([]error{api, api}),
		} {
			requireOneLine(t, err.Error())
			require.NotContains(t, err.Error(), "   ")
			require.Less(t, len(err.Error()), 20_000)
			require.NotContains(t, fmt.Sprintf("%v %+v %s", err, err, err), "\n")
		}
	}
}

func TestOnlyTheEndOfTheContextIsNotUnavailable(t *testing.T) {
	t.Parallel()
	refused := fmt.Errorf("no credentials: %w", fmt.Errorf("%w: the access key id is empty", ErrUnauthenticated))
	unavailable := &APIError{Action: "GetBinding", StatusCode: 503, Attempts: 1}
	tests := map[string]struct {
		err  *RequestError
		kind error
		also []error // what it matches besides
	}{
		"a broken connection":      {&RequestError{Err: io.ErrUnexpectedEOF}, ErrUnavailable, []error{io.ErrUnexpectedEOF}},
		"a timeout of net/http":    {&RequestError{Err: context.DeadlineExceeded}, ErrUnavailable, []error{context.DeadlineExceeded}},
		"nothing":                  {&RequestError{}, ErrUnavailable, nil},
		"credentials unreachable":  {&RequestError{Err: errors.New("no credentials: connection refused")}, ErrUnavailable, nil},
		"credentials refused":      {&RequestError{Err: refused}, ErrUnauthenticated, nil},
		"the context ended":        {&RequestError{Err: &endedError{context.Canceled, "while waiting", nil}, ended: true}, nil, []error{context.Canceled}},
		"the deadline passed":      {&RequestError{Err: &endedError{context.DeadlineExceeded, "while waiting", nil}, ended: true}, nil, []error{context.DeadlineExceeded}},
		"ended after a broken one": {&RequestError{Err: &endedError{context.Canceled, "while waiting", io.EOF}, ended: true}, nil, []error{context.Canceled, io.EOF}},
		"ended after an answer": {
			// It matches what it wraps, the last attempt's error as well.
			&RequestError{Err: &endedError{context.Canceled, "while waiting", unavailable}, ended: true}, ErrUnavailable, []error{context.Canceled},
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			requireKind(t, tt.kind, tt.err)
			require.Equal(t, errors.Is(tt.kind, ErrUnavailable) && !tt.err.ended, tt.err.Is(ErrUnavailable))
			for _, also := range tt.also {
				require.ErrorIs(t, tt.err, also)
			}
		})
	}
}

func TestARequestErrorSaysWhyAndHowOften(t *testing.T) {
	t.Parallel()
	api := &APIError{Action: "GetBinding", StatusCode: 503, Attempts: 2}
	ended := &RequestError{Action: "GetBinding", Attempts: 2, Err: &endedError{context.DeadlineExceeded, "while waiting to send it again", api}, ended: true}
	require.EqualError(t, ended, "imm: GetBinding: no answer: context deadline exceeded while waiting to send it again; "+
		"last attempt: (HTTP 503) [2 attempts] [2 attempts]")
	found, ok := errors.AsType[*APIError](ended)
	require.True(t, ok)
	require.Same(t, api, found)
	require.EqualError(t, &RequestError{Action: "GetBinding"}, "imm: GetBinding: no answer: unknown [nothing was sent]")
	require.EqualError(t, &RequestError{Action: "GetBinding", Attempts: 1, Err: io.EOF}, "imm: GetBinding: no answer: EOF [1 attempt]")
	require.NoError(t, errors.Unwrap(&RequestError{}))
}

func TestEveryValidationErrorIsAnInvalidArgument(t *testing.T) {
	t.Parallel()
	err := &ValidationError{Action: "IndexFileMeta", Field: "File.URI", Reason: "it is empty"}
	requireKind(t, ErrInvalidArgument, err)
	require.EqualError(t, err, "imm: IndexFileMeta: File.URI: it is empty")
}

func TestErrorsThatMatchNothingStillSayTheirStatus(t *testing.T) {
	t.Parallel()
	err := &APIError{Action: "GetBinding", StatusCode: http.StatusNotFound, Message: "nginx"}
	requireKind(t, nil, err)
	require.Contains(t, err.Error(), "HTTP 404")
}
