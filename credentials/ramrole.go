package credentials

import (
	"context"
	"errors"
	"time"

	"github.com/aliyun/credentials-go/credentials/providers"

	"github.com/imm-go/imm"
)

// sourceTimeout is how long a source that takes a context has for one answer.
const sourceTimeout = 30 * time.Second

// RAMRoleARN returns a provider that assumes the RAM role with keys of the
// source: imm.StaticCredentials for a fixed pair, or any other provider, one of
// this package or another role included. The source is asked again each time
// the session is renewed, with a context that ends after 30 seconds, so keys
// that change are followed.
//
// The roleARN has the form acs:ram::{account id}:role/{name}. An ARN of another
// form, a source that is nil and an option that makes no sense are errors.
// Nothing is sent before the provider is first asked. It is safe for concurrent
// use.
func RAMRoleARN(source imm.CredentialsProvider, roleARN string, opts ...RoleOption) (imm.CredentialsProvider, error) {
	if source == nil {
		return nil, badArgument("RAMRoleARN", "the source is nil; give the provider of the keys that may assume the role")
	}
	if err := checkRoleARN(roleARN); err != nil {
		return nil, badArgument("RAMRoleARN", err.Error())
	}
	role, err := newRole(opts)
	if err != nil {
		return nil, badArgument("RAMRoleARN", err.Error())
	}
	return newProvider(ramRoleSource(source.Credentials, roleARN, role)), nil
}

// upstream hands the keys of our source to credentials-go, and remembers them
// and the error that the source gave, which credentials-go would pass on
// beyond recognition.
type upstream struct {
	fetch func() (imm.Credentials, error)
	creds imm.Credentials
	err   error
}

func (u *upstream) GetCredentials() (*providers.Credentials, error) {
	u.creds, u.err = u.fetch()
	if u.err == nil && (u.creds.AccessKeyID == "" || u.creds.AccessKeySecret == "") {
		u.err = errors.New("it gave an empty access key id or secret")
	}
	if u.err != nil {
		return nil, u.err
	}
	return &providers.Credentials{
		AccessKeyId:     u.creds.AccessKeyID,
		AccessKeySecret: u.creds.AccessKeySecret,
		SecurityToken:   u.creds.SecurityToken,
		ProviderName:    u.GetProviderName(),
	}, nil
}

// GetProviderName is sent to STS in a header.
func (u *upstream) GetProviderName() string { return "imm-go" }

func ramRoleSource(keys func(context.Context) (imm.Credentials, error), roleARN string, role roleSettings) source {
	name := "RAM role " + roleARN
	var s session
	var up upstream
	return source{name: name, fetch: func(ctx context.Context) (imm.Credentials, error) {
		up.err = nil
		up.fetch = func() (imm.Credentials, error) {
			ctx, cancel := context.WithTimeout(ctx, sourceTimeout)
			defer cancel()
			return keys(ctx)
		}
		creds, err := s.ask("", func() (providers.CredentialsProvider, error) {
			return providers.NewRAMRoleARNCredentialsProviderBuilder().
				WithCredentialsProvider(&up).
				WithRoleArn(roleARN).
				WithRoleSessionName(role.sessionName).
				WithDurationSeconds(int(role.duration / time.Second)).
				WithPolicy(role.policy).
				WithExternalId(role.externalID).
				WithStsEndpoint(role.stsEndpoint).
				WithHttpOptions(httpOptions()).
				Build()
		})
		switch {
		case up.err != nil:
			return creds, within(name+": source of its keys", up.err)
		case err != nil:
			return creds, explain(name, err, "check that the keys are right, that the role exists and that its trust policy lets them assume it",
				[]string{up.creds.AccessKeySecret, up.creds.SecurityToken})
		}
		return creds, nil
	}}
}
