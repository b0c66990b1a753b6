package credentials

import (
	"context"
	"os"
	"strings"

	"github.com/imm-go/imm"
)

// Default returns a provider that tries one source after the other until one
// gives credentials:
//
//  1. the environment variables ALIBABA_CLOUD_ACCESS_KEY_ID,
//     ALIBABA_CLOUD_ACCESS_KEY_SECRET and ALIBABA_CLOUD_SECURITY_TOKEN
//  2. OIDC, with ALIBABA_CLOUD_ROLE_ARN, ALIBABA_CLOUD_OIDC_PROVIDER_ARN and
//     ALIBABA_CLOUD_OIDC_TOKEN_FILE (or the token in ALIBABA_CLOUD_OIDC_TOKEN)
//  3. the current profile of the aliyun command line, see Profile
//  4. the section "default" of ~/.alibabacloud/credentials, see SharedProfile
//  5. the RAM role of the ECS instance, unless
//     ALIBABA_CLOUD_ECS_METADATA_DISABLED=true
//  6. the address in ALIBABA_CLOUD_CREDENTIALS_URI
//
// The source that worked last is asked first. While it is merely out of reach
// its error is returned, since another source could stand for another account;
// when it has been taken away, the others get their turn. Before any source has
// worked all of them are tried each time, so one that comes later is found.
// Environment and files are read when the provider is asked, not here. When
// nothing works the error lists every source, why it failed and what to set.
//
// Default itself fails only if one of the variables that switch a source off is
// neither true nor false. The provider is safe for concurrent use.
func Default() (imm.CredentialsProvider, error) {
	for _, variable := range []string{envMetadataDisabled, envIMDSv1Disabled, envProfileDisabled, envVPCEndpoint} {
		if _, err := flag(variable); err != nil {
			return nil, badArgument("Default", err.Error())
		}
	}
	return newProvider(chainOf(
		environmentKeys(),
		environmentOIDC(),
		cliSource(""),
		sharedSource(""),
		ecsSource(""),
		environmentURI(),
	)), nil
}

// chainOf makes one source of many.
func chainOf(sources ...source) source {
	const name = "default chain"
	worked := -1 // the source that worked last
	return source{name: name, fetch: func(ctx context.Context) (imm.Credentials, error) {
		failures := make([]error, len(sources))
		for _, i := range order(len(sources), worked) {
			creds, err := sources[i].ask(ctx)
			if err == nil {
				worked = i
				return creds, nil
			}
			if i == worked && isTemporary(err) {
				return creds, within(name, err)
			}
			failures[i] = err
		}
		return imm.Credentials{}, nothingWorks(name, sources, failures)
	}}
}

// order is the sequence in which n sources are asked, with one before the rest.
func order(n, first int) []int {
	sequence := make([]int, 0, n)
	if first >= 0 {
		sequence = append(sequence, first)
	}
	for i := range n {
		if i != first {
			sequence = append(sequence, i)
		}
	}
	return sequence
}

func nothingWorks(name string, sources []source, failures []error) *sourceError {
	all := refused(name, "", "")
	reasons := make([]string, len(sources))
	for i, s := range sources {
		reasons[i] = "(" + shortly(s.name, failures[i]) + ")"
		// Off an ECS instance the metadata service is always out of reach,
		// which says nothing about the others unless somebody expects it.
		expected := s.name != ecsName || os.Getenv(envECSRole) != ""
		if isTemporary(failures[i]) && expected {
			all.temporary, all.cause = true, failures[i]
		}
	}
	all.reason = "no source gave credentials: " + strings.Join(reasons, " ")
	return all
}

// shortly leaves out of an error what the list of sources says anyway.
func shortly(name string, err error) string {
	text := strings.TrimPrefix(err.Error(), "credentials: ")
	if !strings.HasPrefix(text, name) {
		text = name + ": " + text
	}
	return text
}
