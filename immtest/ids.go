package immtest

import (
	"crypto/rand"
	"fmt"
)

// newRequestID makes a request id as the service writes them: a UUID in upper
// case.
func newRequestID() string {
	var b [16]byte
	_, _ = rand.Read(b[:]) // never fails: the process ends where there is no randomness
	return fmt.Sprintf("%X-%X-%X-%X-%X", b[:4], b[4:6], b[6:8], b[8:10], b[10:])
}

// newEventID makes an event id in the form of the documented ones, such as
// 16C-1KoeYbdckkiOObpyzc and four more characters.
func newEventID() string {
	const (
		digits   = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
		hexDigit = "0123456789ABCDEF"
	)
	id := []byte("000-1000000000000000000000")
	var b [26]byte
	_, _ = rand.Read(b[:])
	for i := range id {
		switch {
		case i < 3:
			id[i] = hexDigit[b[i]%16]
		case i > 4:
			id[i] = digits[b[i]%62]
		}
	}
	return string(id)
}
