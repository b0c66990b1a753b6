package imm

import (
	"errors"
	"fmt"
)

// An attempt that ended without a clear answer may have done its work. What the
// next attempt of the same call finds is then understood in that light.

// deleted reports whether a call that was to delete something has done so
// although its last answer says that there is nothing: an earlier attempt got no
// clear answer, so this may be its work, and what was to be gone is gone. The
// request id is that of the last answer. Without such an attempt there was
// nothing to delete, and the caller learns it, because the name may be wrong.
func deleted(uncertain bool, err error) (requestID string, gone bool) {
	if !uncertain || !errors.Is(err, ErrNotFound) {
		return "", false
	}
	if answer, ok := errors.AsType[*APIError](err); ok {
		requestID = answer.RequestID
	}
	return requestID, true
}

// unread is the error of a create that found its work done and could not read it.
func unread(action, what string, err error) error {
	return fmt.Errorf("imm: %s: the %s exists, but it could not be read: %w", action, what, err)
}
