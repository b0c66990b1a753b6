package credentials

import (
	"context"
	"errors"
	"net/url"
	"os"

	"github.com/aliyun/credentials-go/credentials/providers"

	"github.com/imm-go/imm"
)

// URI returns a provider that gets its keys from a web address, as a sidecar or
// an agent on the same machine offers them. The answer to a GET is a JSON object
// with AccessKeyId, AccessKeySecret, SecurityToken and Expiration, a time like
// 2006-01-02T15:04:05Z. It is asked for again three minutes before that.
//
// The address is an absolute http or https URL; anything else is an error. Over
// http the keys travel in the clear, so use it within one machine only. The
// query and the user part of the address are kept out of every error. The
// provider is safe for concurrent use.
func URI(address string) (imm.CredentialsProvider, error) {
	if err := checkURI(address); err != nil {
		return nil, badArgument("URI", err.Error())
	}
	return newProvider(uriSource(address)), nil
}

// checkURI does not quote the address, nor what url.Parse says of it, because a
// part of it may be a secret.
func checkURI(raw string) error {
	u, err := url.Parse(raw)
	switch {
	case raw == "":
		return errors.New("the credentials URI is empty")
	case err != nil:
		return errors.New("the credentials URI is not a URL; it is not shown because it may hold a secret")
	case u.Scheme != "http" && u.Scheme != "https", u.Hostname() == "":
		return errors.New(`the credentials URI does not start with http:// or https:// and a host, as in "http://localhost:8080/credentials"`)
	}
	return nil
}

func uriSource(raw string) source {
	name := "credentials URI " + address(raw)
	secrets := []string{raw}
	if u, err := url.Parse(raw); err == nil {
		password, _ := u.User.Password()
		secrets = append(secrets, u.RequestURI(), u.RawQuery, password)
		for _, values := range u.Query() {
			secrets = append(secrets, values...)
		}
	}
	var s session
	return source{name: name, fetch: func(context.Context) (imm.Credentials, error) {
		creds, err := s.ask("", func() (providers.CredentialsProvider, error) {
			return providers.NewURLCredentialsProviderBuilder().
				WithUrl(raw).
				WithHttpOptions(httpOptions()).
				Build()
		})
		if err != nil {
			return creds, explain(name, err, "check the address and the program that answers there", secrets)
		}
		return creds, nil
	}}
}

// environmentURI is the source that the environment variable describes, read
// each time, so that it may come later.
func environmentURI() source {
	const name = "credentials URI by environment"
	var built string
	var inner source
	return source{name: name, fetch: func(ctx context.Context) (imm.Credentials, error) {
		raw := os.Getenv(envCredentialsURI)
		if raw == "" {
			return imm.Credentials{}, refused(name, envCredentialsURI+" is not set", "set it to the address of a credentials service")
		}
		if err := checkURI(raw); err != nil {
			return imm.Credentials{}, refused(name, err.Error(), "correct "+envCredentialsURI)
		}
		if built != raw {
			built, inner = raw, uriSource(raw)
		}
		creds, err := inner.ask(ctx)
		if err != nil {
			return creds, within(name, err)
		}
		return creds, nil
	}}
}
