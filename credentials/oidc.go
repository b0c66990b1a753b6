package credentials

import (
	"context"
	"os"
	"strings"
	"time"

	"github.com/aliyun/credentials-go/credentials/providers"

	"github.com/imm-go/imm"
)

// OIDC returns a provider that assumes the RAM role with an OpenID Connect token
// read from a file, as pods of a Kubernetes cluster with RRSA do. The file is
// read each time the provider is asked, since its token is replaced while the
// program runs.
//
// The roleARN has the form acs:ram::{account id}:role/{name}, the providerARN
// acs:ram::{account id}:oidc-provider/{name}. ARNs of another form, an empty
// file name and an option that makes no sense are errors; a file that is not
// there is one only when the provider is asked. Where all three are in the
// environment, Default finds them. The provider is safe for concurrent use.
func OIDC(roleARN, providerARN, tokenFile string, opts ...RoleOption) (imm.CredentialsProvider, error) {
	role, err := newRole(opts)
	if err != nil {
		return nil, badArgument("OIDC", err.Error())
	}
	o := oidcSettings{roleARN: roleARN, providerARN: providerARN, tokenFile: tokenFile, role: role}
	if reason := o.check(); reason != "" {
		return nil, badArgument("OIDC", reason)
	}
	return newProvider(oidcSource(o)), nil
}

type oidcSettings struct {
	roleARN     string
	providerARN string
	tokenFile   string
	token       string // goes before the file
	role        roleSettings
}

func (o oidcSettings) check() (reason string) {
	if err := checkRoleARN(o.roleARN); err != nil {
		return err.Error()
	}
	if err := checkProviderARN(o.providerARN); err != nil {
		return err.Error()
	}
	switch {
	case o.token == "" && o.tokenFile == "":
		return "the name of the token file is empty"
	case o.role.externalID != "":
		return "a role that is assumed by OIDC takes no external id; leave out WithExternalID"
	}
	return ""
}

func oidcSource(o oidcSettings) source {
	name := "OIDC role " + o.roleARN
	var s session
	return source{name: name, fetch: func(context.Context) (imm.Credentials, error) {
		token, problem := o.readToken(name)
		if problem != nil {
			return imm.Credentials{}, problem
		}
		// Given the file, credentials-go would let ALIBABA_CLOUD_OIDC_TOKEN go
		// before it; so it gets the token, and a new one makes a new session.
		creds, err := s.ask(token, func() (providers.CredentialsProvider, error) {
			return providers.NewOIDCCredentialsProviderBuilder().
				WithOIDCToken(token).
				WithOIDCProviderARN(o.providerARN).
				WithRoleArn(o.roleARN).
				WithRoleSessionName(o.role.sessionName).
				WithDurationSeconds(int(o.role.duration / time.Second)).
				WithPolicy(o.role.policy).
				WithSTSEndpoint(o.role.stsEndpoint).
				WithHttpOptions(httpOptions()).
				Build()
		})
		if err != nil {
			return creds, explain(name, err, "check the role, its trust in the OIDC provider, and that the token is current", []string{token})
		}
		return creds, nil
	}}
}

func (o oidcSettings) readToken(name string) (string, *sourceError) {
	if o.token != "" {
		return strings.TrimSpace(o.token), nil
	}
	data, err := os.ReadFile(o.tokenFile)
	if err != nil {
		return "", refused(name, oneLine(err.Error()), "check the name of the token file")
	}
	token := strings.TrimSpace(string(data))
	if token == "" {
		return "", refused(name, "the token file "+o.tokenFile+" is empty", "wait for the token or check who writes it")
	}
	return token, nil
}

// environmentOIDC is the source that the environment variables describe, read
// each time, so that they may come later.
func environmentOIDC() source {
	const name = "OIDC by environment"
	var built oidcSettings
	var inner source
	return source{name: name, fetch: func(ctx context.Context) (imm.Credentials, error) {
		for _, variable := range []string{envRoleARN, envOIDCProviderARN} {
			if os.Getenv(variable) == "" {
				return imm.Credentials{}, refused(name, variable+" is not set", "set "+envRoleARN+", "+envOIDCProviderARN+" and "+envOIDCTokenFile)
			}
		}
		role, err := newRole(nil)
		if err != nil {
			return imm.Credentials{}, refused(name, err.Error(), "")
		}
		o := oidcSettings{
			roleARN:     os.Getenv(envRoleARN),
			providerARN: os.Getenv(envOIDCProviderARN),
			token:       os.Getenv(envOIDCToken),
			tokenFile:   os.Getenv(envOIDCTokenFile),
			role:        role,
		}
		if reason := o.check(); reason != "" {
			return imm.Credentials{}, refused(name, reason, "correct "+envRoleARN+", "+envOIDCProviderARN+" and "+envOIDCTokenFile)
		}
		if inner.fetch == nil || built != o {
			built, inner = o, oidcSource(o)
		}
		creds, err := inner.ask(ctx)
		if err != nil {
			return creds, within(name, err)
		}
		return creds, nil
	}}
}
