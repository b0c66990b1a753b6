// Package retry decides what is repeated, when, and how much in all. It knows
// neither HTTP nor the client that uses it: a call hands it outcomes, and each
// outcome has a Class. It follows the error tables of the documentation of IMM
// and of MNS, in which the code decides whatever the status.
package retry

import "strings"

// Class says what the outcome of one attempt means.
type Class uint8

// The classes. The first group are answers of the service, the second group are
// attempts without an answer.
const (
	OK              Class = iota
	Invalid               // the request is wrong
	NotFound              // what it names does not exist
	Exists                // what it creates exists
	LimitExceeded         // a quota or a count
	Unauthenticated       // wrong key, wrong signature
	Denied                // a permission is missing, or the account cannot use the service now
	TokenExpired          // the security token; fetched again, once
	ClockSkewed           // the date is too far off; corrected, once
	NonceUsed             // the service has seen this very request before
	Throttled             // too many requests
	Unavailable           // the service failed
	URITooLong            // the gateway wants the parameters in a form; once
	BadAnswer             // a success that is not what the operation documents
	Refused               // any other answer

	Unsent      // stopped before a request was made, by the client itself
	Unreachable // no connection, and trying again cannot help: no such host, wrong certificate
	NotSent     // no connection; nothing was sent
	Stale       // a reused connection broke before any answer came
	Lost        // the connection broke after sending
	TimedOut    // no answer in the time of one attempt
)

var classNames = [...]string{
	OK: "ok", Invalid: "invalid", NotFound: "not found", Exists: "already exists", LimitExceeded: "limit exceeded",
	Unauthenticated: "unauthenticated", Denied: "permission denied", TokenExpired: "token expired",
	ClockSkewed: "clock skewed", NonceUsed: "nonce used", Throttled: "throttled", Unavailable: "unavailable",
	URITooLong: "URI too long", BadAnswer: "unexpected answer", Refused: "refused", Unsent: "not sent",
	Unreachable: "unreachable", NotSent: "no connection", Stale: "stale connection", Lost: "connection lost", TimedOut: "timed out",
}

// String names the class in a word or two, for logs.
func (c Class) String() string { return classNames[c] }

// Classify says what an answer means that is not a success. The code decides;
// the status does only where the code is unknown or empty, because the service
// answers many errors with 400 that other services answer otherwise. A status
// alone never means NotFound or Exists: a page of some proxy is no proof of
// what the service has.
func Classify(code string, status int) Class {
	switch code {
	case "InvalidSecurityToken.Expired", "SecurityTokenExpired":
		return TokenExpired
	case "InvalidTimeStamp.Expired", "InvalidTimeStamp.Format", "TimeExpired":
		return ClockSkewed
	case "SignatureNonceUsed":
		return NonceUsed
	case "SignatureDoesNotMatch", "IncompleteSignature":
		return Unauthenticated
	case "QueueNotExist", "MessageNotExist":
		return NotFound
	case "AccessDenied":
		return Denied
	case "QpsLimitExceeded":
		return Throttled
	}
	if strings.Contains(code, "Throttling") {
		return Throttled
	}
	if strings.Contains(code, "Arrearage") || strings.Contains(code, "Overdue") || strings.Contains(code, "InDebt") {
		return Denied
	}
	family, _, _ := strings.Cut(code, ".")
	switch family {
	case "ResourceNotFound":
		return NotFound
	case "ResourceAlreadyExists":
		return Exists
	case "LimitExceededError":
		return LimitExceeded
	case "InvalidAccessKeyId", "InvalidSecurityToken":
		return Unauthenticated
	case "NoPermission":
		return Denied
	case "InternalError", "InternalServerError", "ServiceUnavailable":
		return Unavailable
	}
	switch {
	case hasPrefix(code, "Forbidden", "OperationDenied", "ServiceNotOpen"):
		return Denied
	case hasPrefix(code, "Invalid", "Missing"):
		return Invalid
	}
	return classifyStatus(status)
}

func classifyStatus(status int) Class {
	switch {
	case status == 401:
		return Unauthenticated
	case status == 403:
		return Denied
	case status == 414:
		return URITooLong
	case status == 429:
		return Throttled
	case status >= 500 && status <= 599:
		return Unavailable
	}
	return Refused
}

func hasPrefix(s string, prefixes ...string) bool {
	for _, p := range prefixes {
		if strings.HasPrefix(s, p) {
			return true
		}
	}
	return false
}
