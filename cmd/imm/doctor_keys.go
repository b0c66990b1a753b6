package main

import (
	"context"
	"os"
	"time"

	"github.com/imm-go/imm"
	"github.com/imm-go/imm/credentials"
)

// source is a place where keys may be.
type source struct {
	name string
	open func() (imm.CredentialsProvider, error)
}

// credentialSources are the sources of credentials.Default, in its order. The
// provider that it returns does not tell which of them gave the keys.
func credentialSources() []source {
	sources := []source{{"the environment (ALIBABA_CLOUD_ACCESS_KEY_ID)", func() (imm.CredentialsProvider, error) {
		return imm.EnvCredentials(), nil
	}}}
	role, provider, token := os.Getenv("ALIBABA_CLOUD_ROLE_ARN"), os.Getenv("ALIBABA_CLOUD_OIDC_PROVIDER_ARN"), os.Getenv("ALIBABA_CLOUD_OIDC_TOKEN_FILE")
	if role != "" && provider != "" && token != "" {
		sources = append(sources, source{"the OIDC role (ALIBABA_CLOUD_ROLE_ARN)", func() (imm.CredentialsProvider, error) {
			return credentials.OIDC(role, provider, token)
		}})
	}
	sources = append(sources,
		source{"the profile of the aliyun command line", func() (imm.CredentialsProvider, error) { return credentials.Profile("") }},
		source{"the shared credentials file", func() (imm.CredentialsProvider, error) { return credentials.SharedProfile("") }},
	)
	if os.Getenv("ALIBABA_CLOUD_ECS_METADATA_DISABLED") != "true" {
		sources = append(sources, source{"the RAM role of the ECS instance", func() (imm.CredentialsProvider, error) {
			return credentials.ECSRole(os.Getenv("ALIBABA_CLOUD_ECS_METADATA"))
		}})
	}
	if address := os.Getenv("ALIBABA_CLOUD_CREDENTIALS_URI"); address != "" {
		sources = append(sources, source{"the address in ALIBABA_CLOUD_CREDENTIALS_URI", func() (imm.CredentialsProvider, error) {
			return credentials.URI(address)
		}})
	}
	return sources
}

// checkCredentials also returns the provider, if it has keys.
func (p *program) checkCredentials(ctx context.Context) (imm.CredentialsProvider, finding) {
	const check = "keys"
	ctx, cancel := context.WithTimeout(ctx, 2*patience)
	defer cancel()
	provider, err := p.credentials()
	var found imm.Credentials
	if err == nil {
		found, err = provider.Credentials(ctx)
	}
	if err != nil {
		return nil, finding{check, sick, p.sourceLines(err.Error()), "set ALIBABA_CLOUD_ACCESS_KEY_ID and ALIBABA_CLOUD_ACCESS_KEY_SECRET, or run aliyun configure"}
	}
	detail := "the key " + found.AccessKeyID + " comes from " + p.sourceOf(ctx)
	switch {
	case found.SecurityToken != "" && !found.Expires.IsZero():
		detail += ", and is valid until " + found.Expires.Format(time.RFC3339)
	case found.SecurityToken != "":
		detail += ", and is a temporary one"
	}
	return provider, finding{check, healthy, detail, ""}
}

// sourceOf names the first source that has keys, which is the one that is used.
func (p *program) sourceOf(ctx context.Context) string {
	for _, s := range p.sources {
		provider, err := s.open()
		if err != nil {
			continue
		}
		if _, err := provider.Credentials(ctx); err == nil {
			return s.name
		}
	}
	return "an unknown place"
}
