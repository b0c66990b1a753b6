package imm

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"os"
	"time"

	"github.com/imm-go/imm/internal/auth"
)

// Names of the environment variables that EnvCredentials reads. They are the
// ones that Alibaba Cloud's own tools use.
const (
	envAccessKeyID     = "ALIBABA_CLOUD_ACCESS_KEY_ID"
	envAccessKeySecret = "ALIBABA_CLOUD_ACCESS_KEY_SECRET"
	envSecurityToken   = "ALIBABA_CLOUD_SECURITY_TOKEN"
)

// Credentials is one access key pair, with a security token if it is temporary.
//
// The secret and the token are never printed: every fmt verb, slog handler and
// encoding/json shows "REDACTED" in their place. That protection is in the methods
// of the type, so whatever does not ask them goes past it: a conversion to
// another type, an unexported field of a structure that is printed, and the verb
// %p, which go vet reports. Keep credentials in a provider rather than in a field.
type Credentials struct {
	AccessKeyID     string
	AccessKeySecret string
	SecurityToken   string    // empty for a long-lived key
	Expires         time.Time // zero: unknown, or never
}

// CredentialsProvider is the source of the credentials a client signs with.
//
// A client asks from one goroutine at a time, caches the answer and asks again
// ahead of its expiry (every minute where the expiry is unknown), so an
// implementation needs neither a lock nor a cache of its own. The context that
// it gets ends after 30 seconds; it is not the context of any single call,
// because the answer serves all of them.
type CredentialsProvider interface {
	Credentials(ctx context.Context) (Credentials, error)
}

// staticProvider is a function, not a structure, so that no fmt verb can reach
// the secret inside: fmt prints unexported fields without asking their methods.
type staticProvider func() Credentials

// StaticCredentials returns a provider that always answers with the given key
// pair. The securityToken is empty for a long-lived key. An empty id or secret
// is refused by NewClient. The provider is safe for concurrent use.
func StaticCredentials(accessKeyID, accessKeySecret, securityToken string) CredentialsProvider {
	creds := Credentials{AccessKeyID: accessKeyID, AccessKeySecret: accessKeySecret, SecurityToken: securityToken}
	return staticProvider(func() Credentials { return creds })
}

func (p staticProvider) Credentials(context.Context) (Credentials, error) { return p(), nil }

// String keeps a printed provider short; it names no part of the key.
func (p staticProvider) String() string { return "imm.StaticCredentials" }

type envProvider struct{}

// EnvCredentials returns a provider that reads ALIBABA_CLOUD_ACCESS_KEY_ID,
// ALIBABA_CLOUD_ACCESS_KEY_SECRET and, for temporary keys,
// ALIBABA_CLOUD_SECURITY_TOKEN each time it is asked. A variable that is needed
// and not set is an error of the call that asked, which names the variable and
// matches ErrUnauthenticated. The provider is safe for concurrent use.
func EnvCredentials() CredentialsProvider { return envProvider{} }

func (envProvider) Credentials(context.Context) (Credentials, error) {
	creds := Credentials{
		AccessKeyID:     os.Getenv(envAccessKeyID),
		AccessKeySecret: os.Getenv(envAccessKeySecret),
		SecurityToken:   os.Getenv(envSecurityToken),
	}
	for _, v := range []struct{ name, value string }{
		{envAccessKeyID, creds.AccessKeyID},
		{envAccessKeySecret, creds.AccessKeySecret},
	} {
		if v.value == "" {
			return Credentials{}, fmt.Errorf("%w: environment variable %s is not set; set it, or use another provider such as credentials.Default", ErrUnauthenticated, v.name)
		}
	}
	return creds, nil
}

// check says why these credentials cannot sign a request, without quoting them.
func (c Credentials) check() error { return auth.Keys(c).Check() }

const redacted = "REDACTED"

// public is what of the credentials may be shown.
type public struct {
	AccessKeyID     string
	AccessKeySecret string    `json:",omitzero"`
	SecurityToken   string    `json:",omitzero"`
	Expires         time.Time `json:",omitzero"`
}

func (c Credentials) public() public {
	p := public{AccessKeyID: c.AccessKeyID, Expires: c.Expires}
	if c.AccessKeySecret != "" {
		p.AccessKeySecret = redacted
	}
	if c.SecurityToken != "" {
		p.SecurityToken = redacted
	}
	return p
}

// String shows the access key id and the expiry, never the secret or the token.
func (c Credentials) String() string {
	p := c.public()
	return fmt.Sprintf("imm.Credentials{AccessKeyID:%q, AccessKeySecret:%q, SecurityToken:%q, Expires:%q}",
		p.AccessKeyID, p.AccessKeySecret, p.SecurityToken, formatTime(p.Expires))
}

// Format writes String whatever the verb, so that %#v, %d and %x, too, show no
// secret.
func (c Credentials) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte(c.String())) }

// MarshalJSON writes the credentials with the secret and the token replaced.
func (c Credentials) MarshalJSON() ([]byte, error) { return json.Marshal(c.public()) }

// LogValue is the form in which slog shows the credentials.
func (c Credentials) LogValue() slog.Value { return slog.StringValue(c.String()) }

func formatTime(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.Format(time.RFC3339)
}
