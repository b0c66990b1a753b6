package retry

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestTheCodeDecidesAndTheStatusOnlyWithoutAKnownCode(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		code   string
		status int
		want   Class
	}{
		{"ResourceNotFound", 404, NotFound},
		{"ResourceNotFound", 400, NotFound},
		{"ResourceNotFound.Binding", 400, NotFound},
		{"ResourceNotFound", 500, NotFound},
		{"ResourceNotFounds", 404, Refused},
		{"resourcenotfound", 404, Refused},
		{"SomethingNotFound", 404, Refused}, // a status alone is no proof that it does not exist
		{"", 404, Refused},
		{"InvalidApi.NotFound", 404, Invalid},
		{"InvalidAction.NotFound", 404, Invalid},
		{"InvalidAction.NotFound", 400, Invalid},

		{"ResourceAlreadyExists", 409, Exists},
		{"ResourceAlreadyExists", 400, Exists},
		{"ResourceAlreadyExists.Binding", 400, Exists},
		{"Conflict", 409, Refused},
		{"", 409, Refused},

		{"InvalidArgument", 400, Invalid},
		{"InvalidArgument", 500, Invalid},
		{"InvalidArgument", 414, Invalid},
		{"InvalidDatasetName", 400, Invalid},
		{"MissingProjectName", 400, Invalid},
		{"Missing", 400, Invalid},
		{"ProjectNameMissing", 400, Refused},
		{"", 400, Refused},

		{"LimitExceededError", 400, LimitExceeded},
		{"LimitExceededError", 429, LimitExceeded},
		{"LimitExceededErrors", 400, Refused},

		{"InvalidAccessKeyId.NotFound", 404, Unauthenticated},
		{"InvalidAccessKeyId.Inactive", 400, Unauthenticated},
		{"InvalidAccessKeyId", 403, Unauthenticated},
		{"InvalidAccessKeyIdentity", 400, Invalid},
		{"SignatureDoesNotMatch", 400, Unauthenticated},
		{"SignatureDoesNotMatch", 403, Unauthenticated},
		{"IncompleteSignature", 400, Unauthenticated},
		{"InvalidSecurityToken.Malformed", 400, Unauthenticated},
		{"InvalidSecurityToken.Malformed", 403, Unauthenticated},
		{"InvalidSecurityToken", 403, Unauthenticated},
		{"InvalidSecurityToken.Expired", 400, TokenExpired},
		{"InvalidSecurityToken.Expired", 403, TokenExpired},
		{"InvalidSecurityToken.ExpiredSoon", 403, Unauthenticated},
		{"InvalidToken.Expired", 400, Invalid},
		{"", 401, Unauthenticated},
		{"Whatever", 401, Unauthenticated},

		{"InvalidTimeStamp.Expired", 400, ClockSkewed},
		{"InvalidTimeStamp.Format", 400, ClockSkewed},
		{"InvalidTimeStamp", 400, Invalid},
		{"InvalidTimeStamp.Other", 400, Invalid},
		{"SignatureNonceUsed", 400, NonceUsed},
		{"SignatureNonce", 400, Refused},

		{"NoPermission", 403, Denied},
		{"NoPermission", 400, Denied},
		{"NoPermissions", 400, Refused},
		{"Forbidden", 403, Denied},
		{"Forbidden.RAM", 403, Denied},
		{"ForbiddenByPolicy", 400, Denied},
		{"OperationDenied.Suspended", 400, Denied},
		{"ServiceNotOpened", 400, Denied},
		{"User.Arrearage", 400, Denied},
		{"InvalidAccount.Overdue", 400, Denied},
		{"AccountInDebt", 400, Denied},
		{"", 403, Denied},
		{"<html>", 403, Denied},

		{"Throttling", 400, Throttled},
		{"Throttling", 429, Throttled},
		{"Throttling", 503, Throttled},
		{"Throttling.User", 400, Throttled},
		{"Throttling.Api", 503, Throttled},
		{"RequestThrottling", 503, Throttled},
		{"ServiceUnavailable.Throttling", 503, Throttled},
		{"throttling", 400, Refused},
		{"Throttled", 503, Unavailable},
		{"", 429, Throttled},
		{"Whatever", 429, Throttled},

		{"InternalError", 500, Unavailable},
		{"InternalError", 400, Unavailable},
		{"InternalError.Timeout", 200, Unavailable},
		{"InternalErrors", 400, Refused},
		{"ServiceUnavailable", 503, Unavailable},
		{"ServiceUnavailable", 400, Unavailable},
		{"Whatever", 500, Unavailable},
		{"", 500, Unavailable},
		{"", 501, Unavailable},
		{"", 502, Unavailable},
		{"", 504, Unavailable},
		{"", 599, Unavailable},
		{"", 600, Refused},
		{"", 499, Refused},

		// The codes of MNS.
		{"QueueNotExist", 404, NotFound},
		{"MessageNotExist", 404, NotFound},
		{"QueueNotExists", 404, Refused},
		{"TopicNotExist", 404, Refused},
		{"ReceiptHandleError", 400, Refused},
		{"AccessDenied", 403, Denied},
		{"AccessDenied", 400, Denied},
		{"AccessDeniedDetail", 400, Refused},
		{"SecurityTokenExpired", 403, TokenExpired},
		{"SecurityToken", 403, Denied},
		{"TimeExpired", 408, ClockSkewed},
		{"TimeExpire", 408, Refused},
		{"", 408, Refused},
		{"QpsLimitExceeded", 400, Throttled},
		{"QpsLimitExceeded", 503, Throttled},
		{"QpsLimit", 400, Refused},
		{"InternalServerError", 500, Unavailable},
		{"InternalServerError", 400, Unavailable},
		{"InternalServerErrors", 400, Refused},
		{"InvalidQueueName", 400, Invalid},
		{"MissingReceiptHandle", 400, Invalid},

		{"", 414, URITooLong},
		{"Request-URI Too Large", 414, URITooLong},
		{"", 413, Refused},
		{"", 200, Refused},
		{"", 302, Refused},
		{"", 0, Refused},
	} {
		require.Equal(t, c.want, Classify(c.code, c.status), "%q with %d", c.code, c.status)
	}
}

func TestEveryClassHasANameOfItsOwn(t *testing.T) {
	t.Parallel()
	seen := make(map[string]bool)
	for class := OK; class <= TimedOut; class++ {
		require.NotEmpty(t, class.String(), "class %d", class)
		require.False(t, seen[class.String()], "%s", class)
		seen[class.String()] = true
	}
	require.Equal(t, "throttled", Throttled.String())
}
