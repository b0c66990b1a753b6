package credentials

import (
	"github.com/aliyun/credentials-go/credentials/providers"

	"github.com/imm-go/imm"
)

// Timeouts for one request of credentials-go, in milliseconds as it wants them.
// Connecting and reading together bound the request, so the goroutine that
// waits for it ends.
const (
	connectTimeout  = 5_000
	readTimeout     = 10_000
	metadataTimeout = 1_000 // the metadata service is on the same machine
)

// session keeps a provider of credentials-go for as long as the settings that
// it was built from are the same, because that caches the answer of STS until
// shortly before it expires.
type session struct {
	settings string
	inner    providers.CredentialsProvider
}

func (s *session) ask(settings string, build func() (providers.CredentialsProvider, error)) (imm.Credentials, error) {
	inner, usable := s.inner, s.inner != nil && s.settings == settings
	// Forgotten until it has answered: what fails, or panics half way, has
	// nothing to give any more, and one built anew sees changed files.
	s.inner = nil
	if !usable {
		var err error
		if inner, err = build(); err != nil {
			return imm.Credentials{}, settingsError{err}
		}
	}
	got, err := inner.GetCredentials()
	if err != nil {
		return imm.Credentials{}, err
	}
	s.settings, s.inner = settings, inner
	return imm.Credentials{AccessKeyID: got.AccessKeyId, AccessKeySecret: got.AccessKeySecret, SecurityToken: got.SecurityToken}, nil
}

// settingsError marks an error that comes from the settings: nothing was sent.
type settingsError struct{ error }

func httpOptions() *providers.HttpOptions {
	return &providers.HttpOptions{ConnectTimeout: connectTimeout, ReadTimeout: readTimeout}
}
