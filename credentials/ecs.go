package credentials

import (
	"context"
	"fmt"
	"os"

	"github.com/aliyun/credentials-go/credentials/providers"

	"github.com/imm-go/imm"
)

// ECSRole returns a provider that asks the metadata service of the ECS instance
// that the program runs on for the session of the RAM role attached to it.
// With an empty name it takes the environment variable
// ALIBABA_CLOUD_ECS_METADATA for the role's name, or else asks the service for
// that too. Each request gives up after 2 seconds, so off an instance the error
// comes within 4.
//
// A name with other characters than letters, digits and ".-_" is an error, and
// so is the environment variable ALIBABA_CLOUD_ECS_METADATA_DISABLED=true. With
// ALIBABA_CLOUD_IMDSV1_DISABLED=true only the protected second version of the
// service is asked. The provider is safe for concurrent use.
func ECSRole(name string) (imm.CredentialsProvider, error) {
	if err := checkECSRole(name); err != nil {
		return nil, badArgument("ECSRole", err.Error())
	}
	if err := checkMetadataAllowed(); err != nil {
		return nil, badArgument("ECSRole", err.Error())
	}
	return newProvider(ecsSource(name)), nil
}

// checkECSRole keeps the name, which becomes the end of a path, from being a
// way to other pages of the metadata service.
func checkECSRole(name string) error {
	if name != "" && !consistsOf(name, letters+digits+".-_") {
		return fmt.Errorf("the name of the RAM role %q has other characters than letters, digits and .-_; give the name, not the ARN", name)
	}
	return nil
}

func checkMetadataAllowed() error {
	disabled, err := flag(envMetadataDisabled)
	if err == nil && disabled {
		return fmt.Errorf("the metadata service is disabled by the environment variable %s; unset it, or use another source", envMetadataDisabled)
	}
	return err
}

const ecsName = "ECS RAM role"

func ecsSource(role string) source {
	const name = ecsName
	var s session
	return source{name: name, fetch: func(context.Context) (imm.Credentials, error) {
		role := role
		if role == "" {
			role = os.Getenv(envECSRole)
		}
		onlyV2, err := flag(envIMDSv1Disabled)
		for _, err := range []error{err, checkMetadataAllowed(), checkECSRole(role)} {
			if err != nil {
				return imm.Credentials{}, refused(name, err.Error(), "")
			}
		}
		creds, err := s.ask(fmt.Sprint(role, onlyV2), func() (providers.CredentialsProvider, error) {
			return providers.NewECSRAMRoleCredentialsProviderBuilder().
				WithRoleName(role).
				WithDisableIMDSv1(onlyV2).
				WithHttpOptions(&providers.HttpOptions{ConnectTimeout: metadataTimeout, ReadTimeout: metadataTimeout}).
				Build()
		})
		if err != nil {
			return creds, explain(name, err, "on an ECS instance, attach a RAM role to it and check its name; elsewhere, set "+envMetadataDisabled+"=true", nil)
		}
		return creds, nil
	}}
}
