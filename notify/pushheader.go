package notify

import (
	"encoding/base64"
	"errors"
	"net/http"
	"slices"
	"strings"

	"github.com/imm-go/imm/internal/pkcs1"
)

// fields are headers of a push, by their names in lower case.
type fields map[string]string

// gather returns the headers that are wanted. Each may be there once: of two, the
// check could look at one and whoever reads the message at the other. A name or
// value that no server would let through could move the borders in what is signed.
func gather(header http.Header, isWanted func(name string) bool) (fields, error) {
	found := make(fields, len(header))
	for key, values := range header {
		name := strings.ToLower(key)
		if !isWanted(name) {
			continue
		}
		if _, isThere := found[name]; isThere || len(values) != 1 {
			return nil, forbidden("the header %s is not there once", quoted(name))
		}
		value := strings.TrimSpace(values[0])
		if strings.Trim(name, "abcdefghijklmnopqrstuvwxyz0123456789-_") != "" || strings.ContainsFunc(value, isControl) {
			return nil, forbidden("the header %s has characters that no header has", quoted(name))
		}
		found[name] = value
	}
	return found, nil
}

func isControl(r rune) bool { return r < ' ' && r != '\t' || r == 0x7f }

// need refuses what is missing or empty, so that nothing switches a check off by
// leaving it out.
func (f fields) need(names ...string) error {
	for _, name := range names {
		if f[name] == "" {
			return forbidden("the header %s is missing or empty", quoted(name))
		}
	}
	return nil
}

// sorted returns the names that have the prefix.
func (f fields) sorted(prefix string) []string {
	var names []string
	for name := range f {
		if strings.HasPrefix(name, prefix) {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

var errBase64 = errors.New("it is not base64")

// decodeSignature refuses what is longer than any signature before it decodes it.
func decodeSignature(text string) ([]byte, error) {
	if len(text) > base64.StdEncoding.EncodedLen(pkcs1.MaxBits/8) {
		return nil, errBase64
	}
	signature, err := base64.StdEncoding.Strict().DecodeString(text)
	if err != nil {
		return nil, errBase64
	}
	return signature, nil
}
