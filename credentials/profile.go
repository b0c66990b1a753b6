package credentials

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"runtime"
	"slices"
	"strings"

	"github.com/imm-go/imm"
)

// Profile returns a provider for a profile of the aliyun command line: of mode
// AK, StsToken, RamRoleArn, ChainableRamRoleArn, EcsRamRole, OIDC, CloudSSO,
// OAuth or External. The file is the one that the environment variable
// ALIBABA_CLOUD_CONFIG_FILE names, or else ~/.aliyun/config.json. With an empty
// name the profile is that of ALIBABA_CLOUD_PROFILE, or else the current one of
// the command line. The file is read again each time the provider is asked.
//
// A file that cannot be read, a profile that is not in it or lacks a value, and
// the environment variable ALIBABA_CLOUD_CLI_PROFILE_DISABLED=true are errors.
// A profile of mode External runs the command that it names; one of mode OAuth
// writes the renewed sign-in back to the file. The provider is safe for
// concurrent use.
func Profile(name string) (imm.CredentialsProvider, error) {
	config, err := readCLIConfig(name)
	if err == nil {
		_, err = config.source(config.Current, nil)
	}
	if err != nil {
		return nil, badArgument("Profile", err.Error())
	}
	return newProvider(cliSource(name)), nil
}

// cliConfig is the file of the command line; Current is the profile that is
// asked for.
type cliConfig struct {
	Current  string       `json:"current"`
	Profiles []cliProfile `json:"profiles"`
	path     string
}

type cliProfile struct {
	Name              string `json:"name"`
	Mode              string `json:"mode"`
	AccessKeyID       string `json:"access_key_id"`
	AccessKeySecret   string `json:"access_key_secret"`
	SecurityToken     string `json:"sts_token"`
	RoleARN           string `json:"ram_role_arn"`
	SessionName       string `json:"ram_session_name"`
	Seconds           int    `json:"expired_seconds"`
	Policy            string `json:"policy"`
	ExternalID        string `json:"external_id"`
	STSRegion         string `json:"sts_region"`
	VPC               bool   `json:"enable_vpc"`
	SourceProfile     string `json:"source_profile"`
	RoleName          string `json:"ram_role_name"`
	OIDCTokenFile     string `json:"oidc_token_file"`
	OIDCToken         string `json:"oidc_token"`
	OIDCProviderARN   string `json:"oidc_provider_arn"`
	SignInURL         string `json:"cloud_sso_sign_in_url"`
	AccountID         string `json:"cloud_sso_account_id"`
	AccessConfig      string `json:"cloud_sso_access_config"`
	AccessToken       string `json:"access_token"`
	AccessTokenExpire int64  `json:"cloud_sso_access_token_expire"`
	OAuthSite         string `json:"oauth_site_type"`
	ProcessCommand    string `json:"process_command"`
}

// cliSource reads the file each time and keeps what it made of it while that is
// unchanged, with the sessions inside.
func cliSource(profile string) source {
	name := "CLI profile"
	if profile != "" {
		name += " " + profile
	}
	var built [sha256.Size]byte
	var inner source
	return source{name: name, fetch: func(ctx context.Context) (imm.Credentials, error) {
		config, err := readCLIConfig(profile)
		if err != nil {
			return imm.Credentials{}, refused(name, err.Error(), "")
		}
		if now := config.fingerprint(); inner.fetch == nil || built != now {
			if inner, err = config.source(config.Current, nil); err != nil {
				return imm.Credentials{}, refused(name, err.Error(), "")
			}
			built = now
		}
		creds, err := inner.ask(ctx)
		if err != nil {
			return creds, within(name, err)
		}
		return creds, nil
	}}
}

func readCLIConfig(profile string) (*cliConfig, error) {
	disabled, err := flag(envProfileDisabled)
	if err != nil {
		return nil, err
	}
	if disabled {
		return nil, fmt.Errorf("profiles are disabled by the environment variable %s; unset it, or use another source", envProfileDisabled)
	}
	path, err := homeFile(envConfigFile, ".aliyun", "config.json")
	if err != nil {
		return nil, err
	}
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("%s; run 'aliyun configure', or name another file in %s", oneLine(err.Error()), envConfigFile)
	}
	config := &cliConfig{path: path}
	if err := json.Unmarshal(data, config); err != nil {
		// What json says is left out, since it can quote a value.
		return nil, fmt.Errorf("%s is not a valid JSON file of the aliyun command line; run 'aliyun configure' to write it", path)
	}
	if profile == "" {
		profile = os.Getenv(envProfile)
	}
	if profile != "" {
		config.Current = profile
	}
	return config, nil
}

// fingerprint changes when the profiles do. What renewing a sign-in of mode
// OAuth writes into the file is left out, because credentials-go has it in
// memory too and making a new session would only repeat the work.
func (c *cliConfig) fingerprint() [sha256.Size]byte {
	var text strings.Builder
	_, _ = fmt.Fprintf(&text, "%s\n%s", c.path, c.Current)
	for _, p := range c.Profiles {
		if p.Mode == "OAuth" {
			p.AccessKeyID, p.AccessKeySecret, p.SecurityToken = "", "", ""
		}
		_, _ = fmt.Fprintf(&text, "\n%#v", p)
	}
	return sha256.Sum256([]byte(text.String()))
}

func (c *cliConfig) find(name string) (cliProfile, error) {
	names := make([]string, 0, len(c.Profiles))
	for _, p := range c.Profiles {
		if p.Name == name && name != "" {
			return p, nil
		}
		names = append(names, p.Name)
	}
	return cliProfile{}, fmt.Errorf("%s has no profile %q, only %q; name one of these in %s or in the call", c.path, name, names, envProfile)
}

// source makes the source that a profile describes. The names on the way to it
// are in path, because a chain of source profiles that bites its own tail would
// have no end.
func (c *cliConfig) source(name string, path []string) (source, error) {
	p, err := c.find(name)
	if err != nil {
		return source{}, err
	}
	ring := slices.Contains(path, name)
	path = append(path, name)
	if ring {
		return source{}, fmt.Errorf("the source profiles form a ring: %s", strings.Join(path, ", "))
	}
	s, err := c.sourceOf(p, path)
	if err != nil {
		return source{}, fmt.Errorf("profile %q in %s: %w", name, c.path, err)
	}
	return s, nil
}

func (c *cliConfig) sourceOf(p cliProfile, path []string) (source, error) {
	switch p.Mode {
	case "AK", "StsToken":
		return p.keys()
	case "RamRoleArn":
		keys, err := p.keys()
		if err != nil {
			return source{}, err
		}
		return p.role(keys)
	case "ChainableRamRoleArn":
		keys, err := c.source(p.SourceProfile, path)
		if err != nil {
			return source{}, fmt.Errorf("its source_profile: %w", err)
		}
		return p.role(keys)
	case "EcsRamRole":
		return ecsSource(p.RoleName), checkECSRole(p.RoleName)
	case "OIDC":
		return p.oidc()
	case "CloudSSO":
		return p.cloudSSO(), nil
	case "OAuth":
		return p.oauth(c.path)
	case "External":
		_, err := splitCommand(p.ProcessCommand, runtime.GOOS == "windows")
		return externalSource(p.ProcessCommand), err
	case "":
		return source{}, errors.New("it has no mode; run 'aliyun configure'")
	}
	return source{}, fmt.Errorf("its mode %q is not known", p.Mode)
}
