package credentials

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"os"
	"strings"
	"time"
)

// roleSettings is what RAMRoleARN and OIDC tell STS beyond who asks.
type roleSettings struct {
	sessionName string
	policy      string
	externalID  string
	duration    time.Duration
	stsEndpoint string // a host, asked over https
}

// RoleOption changes how RAMRoleARN and OIDC assume their role.
type RoleOption func(*roleSettings) error

// WithSessionName sets the name that the audit log shows for the session: 2 to
// 64 letters, digits and characters of ".@-_". The default is the environment
// variable ALIBABA_CLOUD_ROLE_SESSION_NAME, or else "imm-go".
func WithSessionName(name string) RoleOption {
	return func(r *roleSettings) error {
		r.sessionName = name
		return checkSessionName(name)
	}
}

// WithSessionPolicy takes permissions away from the session: it may do only
// what both the role and this policy, a JSON document, allow.
func WithSessionPolicy(policy string) RoleOption {
	return func(r *roleSettings) error {
		r.policy = policy
		return checkPolicy(policy)
	}
}

// WithSessionDuration sets how long a session is valid, in whole seconds from
// 15 minutes to 12 hours, but no longer than the role allows. The default is one
// hour. A session is renewed before it ends, whatever its length.
func WithSessionDuration(d time.Duration) RoleOption {
	return func(r *roleSettings) error {
		r.duration = d
		return checkDuration(d)
	}
}

// WithExternalID sets the external id that the role's trust policy asks for.
// OIDC refuses it.
func WithExternalID(id string) RoleOption {
	return func(r *roleSettings) error {
		r.externalID = id
		if id == "" || strings.ContainsFunc(id, isSpaceOrControl) {
			return errors.New("the external id is empty or has a space or a control character in it")
		}
		return nil
	}
}

// WithSTSEndpoint sets the STS host that is asked, such as
// "sts.cn-hangzhou.aliyuncs.com", with a port if it needs one. It is always
// asked over https. Of this option, WithSTSRegion and WithSTSVPC the last one
// given holds; the default is sts.aliyuncs.com, or what the environment
// variables ALIBABA_CLOUD_STS_REGION and ALIBABA_CLOUD_VPC_ENDPOINT_ENABLED say.
func WithSTSEndpoint(host string) RoleOption {
	return func(r *roleSettings) error {
		host := strings.TrimPrefix(host, "https://")
		r.stsEndpoint = host
		u, err := url.Parse("https://" + host)
		if err != nil || u.Hostname() == "" || u.Host != host {
			return errors.New(`the STS endpoint is not a host name such as "sts.aliyuncs.com", with neither path nor http:// nor user name`)
		}
		return nil
	}
}

// WithSTSRegion asks the STS of a region, such as "cn-hangzhou".
func WithSTSRegion(region string) RoleOption {
	return func(r *roleSettings) error {
		r.stsEndpoint = stsHost(region, false)
		return checkRegion(region)
	}
}

// WithSTSVPC asks the STS of a region by the address that it has inside a VPC.
func WithSTSVPC(region string) RoleOption {
	return func(r *roleSettings) error {
		r.stsEndpoint = stsHost(region, true)
		return checkRegion(region)
	}
}

func newRole(opts []RoleOption) (roleSettings, error) {
	endpoint, err := defaultSTSEndpoint("", false)
	if err != nil {
		return roleSettings{}, err
	}
	r := roleSettings{sessionName: defaultSessionName(), duration: time.Hour, stsEndpoint: endpoint}
	if err := checkSessionName(r.sessionName); err != nil {
		return roleSettings{}, fmt.Errorf("%w; it comes from the environment variable %s", err, envSessionName)
	}
	for _, opt := range opts {
		if opt == nil {
			return roleSettings{}, errors.New("an option is nil")
		}
		if err := opt(&r); err != nil {
			return roleSettings{}, err
		}
	}
	return r, nil
}

// defaultSTSEndpoint fills in from the environment what is not given. STS has an
// address inside a VPC for each region only, so without one it is the public.
func defaultSTSEndpoint(region string, vpc bool) (string, error) {
	fromEnvironment, err := flag(envVPCEndpoint)
	if err != nil {
		return "", err
	}
	if region == "" {
		region = os.Getenv(envSTSRegion)
	}
	if region == "" {
		return "sts.aliyuncs.com", nil
	}
	return stsHost(region, vpc || fromEnvironment), checkRegion(region)
}

func stsHost(region string, vpc bool) string {
	if vpc {
		return "sts-vpc." + region + ".aliyuncs.com"
	}
	return "sts." + region + ".aliyuncs.com"
}

// defaultSessionName is a constant where the environment names none: the name
// that credentials-go makes up changes with every process, which is of no use
// in an audit log.
func defaultSessionName() string {
	if name := os.Getenv(envSessionName); name != "" {
		return name
	}
	return "imm-go"
}

// checkRoleARN wants acs:ram::{account}:role/{name}.
func checkRoleARN(arn string) error { return checkARN("role ARN", "role", arn) }

// checkProviderARN wants acs:ram::{account}:oidc-provider/{name}.
func checkProviderARN(arn string) error { return checkARN("OIDC provider ARN", "oidc-provider", arn) }

func checkARN(what, kind, arn string) error {
	if arn == "" {
		return fmt.Errorf("the %s is empty", what)
	}
	account, name, ok := strings.Cut(strings.TrimPrefix(arn, "acs:ram::"), ":"+kind+"/")
	if !ok || !strings.HasPrefix(arn, "acs:ram::") || !consistsOf(account, digits) || name == "" || strings.ContainsFunc(name, isSpaceOrControl) {
		return fmt.Errorf("the %s %q is not of the form acs:ram::{account id}:%s/{name}", what, arn, kind)
	}
	return nil
}

func checkSessionName(name string) error {
	if len(name) < 2 || len(name) > 64 || !consistsOf(name, letters+digits+".@-_") {
		return fmt.Errorf("the session name %q is not 2 to 64 letters, digits and characters of .@-_", name)
	}
	return nil
}

func checkPolicy(policy string) error {
	var document map[string]any
	if err := json.Unmarshal([]byte(policy), &document); err != nil || document == nil {
		return errors.New("the session policy is not a JSON object")
	}
	return nil
}

func checkDuration(d time.Duration) error {
	if d < 15*time.Minute || d > 12*time.Hour || d%time.Second != 0 {
		return fmt.Errorf("the session duration %v is not in whole seconds from 15m (900 s) to 12h", d)
	}
	return nil
}

func checkRegion(region string) error {
	if !consistsOf(region, letters+digits+"-") {
		return fmt.Errorf(`the STS region %q is not a region id such as "cn-hangzhou"`, region)
	}
	return nil
}

const (
	letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
	digits  = "0123456789"
)

// consistsOf is false for an empty text.
func consistsOf(text, allowed string) bool {
	return text != "" && strings.Trim(text, allowed) == ""
}

func isSpaceOrControl(r rune) bool { return r <= ' ' || r == 0x7f }
