package auth

import (
	"errors"
	"fmt"
	"net/url"
	"reflect"
	"strings"
	"time"
)

const (
	redacted  = "REDACTED"
	minSecret = 4 // bytes; what is shorter is no secret, and taking it out would leave no text
)

// Keys has the fields of imm.Credentials, for the rules that all who sign share.
// It does not redact itself as those do, so it lives no longer than a conversion
// does, and is never stored.
type Keys struct {
	AccessKeyID     string
	AccessKeySecret string
	SecurityToken   string
	Expires         time.Time
}

// Check says why these keys cannot sign a request, without quoting them.
func (k Keys) Check() error {
	switch {
	case k.AccessKeyID == "" && k.AccessKeySecret == "":
		return errors.New("the access key id and secret are empty; want a key pair, or another provider such as imm.EnvCredentials")
	case k.AccessKeyID == "":
		return errors.New("the access key id is empty")
	case k.AccessKeySecret == "":
		return errors.New("the access key secret is empty")
	}
	for _, part := range [...]struct{ name, value string }{
		{"access key id", k.AccessKeyID}, {"access key secret", k.AccessKeySecret}, {"security token", k.SecurityToken},
	} {
		if !printable(part.value) {
			return fmt.Errorf("the %s has a space, a control character or a character beyond ASCII in it; was it copied with a line end?", part.name)
		}
	}
	return nil
}

// printable reports whether s can stand in a header as it is. No key of the
// service has anything else in it.
func printable(s string) bool {
	for i := range len(s) {
		if s[i] <= ' ' || s[i] > '~' {
			return false
		}
	}
	return true
}

// Same reports whether the service could not tell the two apart.
func (k Keys) Same(other Keys) bool {
	return k.AccessKeyID == other.AccessKeyID && k.AccessKeySecret == other.AccessKeySecret && k.SecurityToken == other.SecurityToken
}

// Withhold takes the keys out of what the service sent back: the message of a
// wrong signature quotes the text that was signed, and that can have the token
// in it.
func (k Keys) Withhold(text string) string {
	for _, secret := range []string{k.SecurityToken, k.AccessKeySecret} {
		if len(secret) < minSecret {
			continue
		}
		for _, form := range []string{secret, url.QueryEscape(secret), url.PathEscape(secret)} {
			text = strings.ReplaceAll(text, form, redacted)
		}
	}
	return text
}

// CheckProvider refuses a provider of keys that is nil, or is a nil pointer or
// function.
func CheckProvider(provider any) error {
	const want = "give imm.StaticCredentials, imm.EnvCredentials or a provider of package credentials"
	if provider == nil {
		return errors.New("the provider is nil; " + want)
	}
	if v := reflect.ValueOf(provider); (v.Kind() == reflect.Pointer || v.Kind() == reflect.Func) && v.IsNil() {
		return errors.New("the provider is a nil pointer; " + want)
	}
	return nil
}
