package bulk

import (
	"crypto/tls"
	"errors"
	"net"
	"strconv"
	"strings"

	"github.com/imm-go/imm"
	"github.com/imm-go/imm/notify"
)

// verdict is what to do after a call.
type verdict uint8

const (
	verdictAccepted verdict = iota // its files are accepted
	verdictAgain                   // the service cannot take it now
	verdictSplit                   // something in it is refused
	verdictWithout                 // one file was refused before anything was sent
	verdictStop                    // no call would be accepted
)

// judge says what an error of BatchIndexFileMeta asks for. It follows the kinds of
// errors that package imm tells apart; what is none of them is taken for a fault
// of some file, since smaller pieces find out whether it is.
func judge(err error) verdict {
	if err == nil {
		return verdictAccepted
	}
	if refused, ok := errors.AsType[*imm.ValidationError](err); ok {
		if _, ok := guiltyFile(refused); ok {
			return verdictWithout
		}
		return verdictStop
	}
	switch {
	case errors.Is(err, imm.ErrThrottled), errors.Is(err, imm.ErrUnavailable), errors.Is(err, notify.ErrTrackerFull),
		outOfReach(err), isReplay(err):
		return verdictAgain
	case errors.Is(err, imm.ErrPermissionDenied), errors.Is(err, imm.ErrUnauthenticated),
		errors.Is(err, imm.ErrNotFound), errors.Is(err, imm.ErrLimitExceeded):
		return verdictStop
	}
	return verdictSplit
}

// guiltyFile is the index of the file that a *imm.ValidationError is about.
func guiltyFile(err *imm.ValidationError) (index int, ok bool) {
	rest, isFile := strings.CutPrefix(err.Field, "Files[")
	number, _, isField := strings.Cut(rest, "].")
	index, notNumber := strconv.Atoi(number)
	return index, isFile && isField && notNumber == nil
}

// alone is the error about a file as if it had been sent alone, since which number
// it had in its batch says nothing to the caller.
func alone(err *imm.ValidationError) error {
	_, field, _ := strings.Cut(err.Field, "].")
	return &imm.ValidationError{Action: err.Action, Field: "File." + field, Reason: err.Reason}
}

// outOfReach reports errors that say the endpoint itself is wrong, or that something
// else answers in its place, such as the login page of a network. A run that begins
// with one does not wait for it to go away.
func outOfReach(err error) bool {
	if dns, ok := errors.AsType[*net.DNSError](err); ok {
		return dns.IsNotFound
	}
	if page, ok := errors.AsType[*imm.APIError](err); ok {
		return page.StatusCode < 400 && page.Code == ""
	}
	_, badCertificate := errors.AsType[*tls.CertificateVerificationError](err)
	return badCertificate
}

// isReplay reports that the service has seen the request before, which something on
// the way has doubled. It says nothing of the keys, as its kind does.
func isReplay(err error) bool {
	refused, ok := errors.AsType[*imm.APIError](err)
	return ok && refused.Code == "SignatureNonceUsed"
}

// reason is what makes two refusals the same.
func reason(err error) string {
	if refused, ok := errors.AsType[*imm.APIError](err); ok {
		return refused.Code + ": " + refused.Message
	}
	return err.Error()
}

// requestIDOf is the request id of a refusal, if there is one.
func requestIDOf(err error) string {
	if refused, ok := errors.AsType[*imm.APIError](err); ok {
		return refused.RequestID
	}
	return ""
}
