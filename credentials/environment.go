package credentials

import (
	"context"
	"fmt"
	"os"
	"strconv"
	"strings"

	"github.com/imm-go/imm"
)

// Names of the environment variables that the sources read. They are the ones
// of credentials-go, and so of Alibaba Cloud's other tools.
const (
	envAccessKeyID      = "ALIBABA_CLOUD_ACCESS_KEY_ID"
	envAccessKeySecret  = "ALIBABA_CLOUD_ACCESS_KEY_SECRET"
	envSecurityToken    = "ALIBABA_CLOUD_SECURITY_TOKEN"
	envRoleARN          = "ALIBABA_CLOUD_ROLE_ARN"
	envSessionName      = "ALIBABA_CLOUD_ROLE_SESSION_NAME"
	envOIDCProviderARN  = "ALIBABA_CLOUD_OIDC_PROVIDER_ARN"
	envOIDCToken        = "ALIBABA_CLOUD_OIDC_TOKEN"
	envOIDCTokenFile    = "ALIBABA_CLOUD_OIDC_TOKEN_FILE"
	envSTSRegion        = "ALIBABA_CLOUD_STS_REGION"
	envVPCEndpoint      = "ALIBABA_CLOUD_VPC_ENDPOINT_ENABLED"
	envProfile          = "ALIBABA_CLOUD_PROFILE"
	envConfigFile       = "ALIBABA_CLOUD_CONFIG_FILE"
	envProfileDisabled  = "ALIBABA_CLOUD_CLI_PROFILE_DISABLED"
	envCredentialsFile  = "ALIBABA_CLOUD_CREDENTIALS_FILE"
	envECSRole          = "ALIBABA_CLOUD_ECS_METADATA"
	envMetadataDisabled = "ALIBABA_CLOUD_ECS_METADATA_DISABLED"
	envIMDSv1Disabled   = "ALIBABA_CLOUD_IMDSV1_DISABLED"
	envCredentialsURI   = "ALIBABA_CLOUD_CREDENTIALS_URI"
)

// flag reads a variable that switches something on. Credentials-go takes
// whatever is not "true" for false, "1" and "yes" too, and so would ask the
// metadata service although somebody believes to have forbidden it.
func flag(name string) (bool, error) {
	value := strings.ToLower(strings.TrimSpace(os.Getenv(name)))
	if value == "" {
		return false, nil
	}
	on, err := strconv.ParseBool(value)
	if err != nil {
		return false, fmt.Errorf("the environment variable %s is neither true nor false; correct or unset it", name)
	}
	return on, nil
}

// environmentKeys reads the keys each time, so that they may come later.
func environmentKeys() source {
	const name = "environment keys"
	return source{name: name, fetch: func(context.Context) (imm.Credentials, error) {
		for _, variable := range []string{envAccessKeyID, envAccessKeySecret} {
			if os.Getenv(variable) == "" {
				return imm.Credentials{}, refused(name, variable+" is not set", "set "+envAccessKeyID+" and "+envAccessKeySecret)
			}
		}
		return imm.Credentials{
			AccessKeyID:     os.Getenv(envAccessKeyID),
			AccessKeySecret: os.Getenv(envAccessKeySecret),
			SecurityToken:   os.Getenv(envSecurityToken),
		}, nil
	}}
}
