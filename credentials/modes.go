package credentials

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/aliyun/credentials-go/credentials/providers"

	"github.com/imm-go/imm"
)

// keys is the source of a profile that holds a key pair. Credentials-go would
// fill an empty half from the environment, and so pair an id with the secret of
// another.
func (p cliProfile) keys() (source, error) {
	creds := imm.Credentials{AccessKeyID: p.AccessKeyID, AccessKeySecret: p.AccessKeySecret}
	if p.Mode == "StsToken" {
		creds.SecurityToken = p.SecurityToken
	}
	if creds.AccessKeyID == "" || creds.AccessKeySecret == "" || p.Mode == "StsToken" && creds.SecurityToken == "" {
		return source{}, errors.New("access_key_id, access_key_secret or, for mode StsToken, sts_token is empty; run 'aliyun configure'")
	}
	return source{name: "keys", fetch: func(context.Context) (imm.Credentials, error) { return creds, nil }}, nil
}

func (p cliProfile) role(keys source) (source, error) {
	role, err := p.roleSettings()
	if err != nil {
		return source{}, err
	}
	return ramRoleSource(keys.ask, p.RoleARN, role), checkRoleARN(p.RoleARN)
}

func (p cliProfile) roleSettings() (roleSettings, error) {
	var opts []RoleOption
	if p.SessionName != "" {
		opts = append(opts, WithSessionName(p.SessionName))
	}
	if p.Seconds != 0 {
		opts = append(opts, WithSessionDuration(time.Duration(p.Seconds)*time.Second))
	}
	if p.Policy != "" {
		opts = append(opts, WithSessionPolicy(p.Policy))
	}
	if p.ExternalID != "" && p.Mode != "OIDC" {
		opts = append(opts, WithExternalID(p.ExternalID))
	}
	endpoint, err := defaultSTSEndpoint(p.STSRegion, p.VPC)
	if err != nil {
		return roleSettings{}, err
	}
	return newRole(append(opts, WithSTSEndpoint(endpoint)))
}

func (p cliProfile) oidc() (source, error) {
	role, err := p.roleSettings()
	if err != nil {
		return source{}, err
	}
	o := oidcSettings{roleARN: p.RoleARN, providerARN: p.OIDCProviderARN, tokenFile: p.OIDCTokenFile, token: p.OIDCToken, role: role}
	if reason := o.check(); reason != "" {
		return source{}, errors.New(reason)
	}
	return oidcSource(o), nil
}

// cloudSSO is the source of a profile that somebody signed in to in a browser.
func (p cliProfile) cloudSSO() source {
	const name = "CloudSSO sign-in"
	var s session
	return source{name: name, fetch: func(context.Context) (imm.Credentials, error) {
		creds, err := s.ask("", func() (providers.CredentialsProvider, error) {
			return providers.NewCloudSSOCredentialsProviderBuilder().
				WithSignInUrl(p.SignInURL).
				WithAccountId(p.AccountID).
				WithAccessConfig(p.AccessConfig).
				WithAccessToken(p.AccessToken).
				WithAccessTokenExpire(p.AccessTokenExpire).
				WithHttpOptions(httpOptions()).
				Build()
		})
		if err != nil {
			return creds, explain(name, err, "sign in again with the aliyun command line", []string{p.AccessToken})
		}
		return creds, nil
	}}
}

// oauth leaves everything to credentials-go, which writes the renewed sign-in
// back to the file under a lock that the command line respects.
func (p cliProfile) oauth(path string) (source, error) {
	if site := strings.ToUpper(p.OAuthSite); site != "CN" && site != "INTL" {
		return source{}, errors.New("oauth_site_type is neither CN nor INTL; run 'aliyun configure'")
	}
	const name = "OAuth sign-in"
	var s session
	return source{name: name, fetch: func(context.Context) (imm.Credentials, error) {
		creds, err := s.ask("", func() (providers.CredentialsProvider, error) {
			return providers.NewCLIProfileCredentialsProviderBuilder().
				WithProfileFile(path).
				WithProfileName(p.Name).
				Build()
		})
		if err != nil {
			return creds, explain(name, err, "sign in again with the aliyun command line", nil)
		}
		return creds, nil
	}}, nil
}
