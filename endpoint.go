package imm

import (
	"errors"
	"fmt"
	"net"
	"net/url"
	"strconv"
	"strings"
)

// endpoint is where requests go.
type endpoint struct {
	scheme   string // https or http
	host     string // with the port, as it stands in the Host header
	loopback bool   // on this machine: http gives nothing away
}

func (e endpoint) String() string { return e.scheme + "://" + e.host }

// vpcOnlyRegion has no public endpoint.
const vpcOnlyRegion = "cn-beijing-gov-1"

// regionEndpoint is the service's endpoint in a region. A region that is not
// known yet gets one, too, if its id has the form of one.
func regionEndpoint(region string, vpc bool) endpoint {
	name := "imm"
	if vpc || region == vpcOnlyRegion {
		name = "imm-vpc"
	}
	return endpoint{scheme: "https", host: name + "." + region + ".aliyuncs.com"}
}

// checkRegion wants two or more parts of lower-case letters and digits joined by
// hyphens, as in cn-hangzhou, us-west-1 and cn-north-2-gov-1. The id becomes a
// part of the host's name, so nothing else may get through.
func checkRegion(region string) error {
	const want = `want a region id such as "cn-hangzhou", "ap-southeast-1" or "eu-central-1"`
	if region == "" {
		return errors.New("it is empty; " + want)
	}
	wrong := fmt.Errorf("%q is not a region id; %s", oneLine(region), want)
	if rest, ofOSS := strings.CutPrefix(region, "oss-"); ofOSS && checkRegion(rest) == nil {
		return fmt.Errorf("%q is how endpoints of OSS name a region; want %q", region, rest)
	}
	if len(region) > 63 {
		return wrong
	}
	parts := strings.Split(region, "-")
	if len(parts) < 2 {
		return wrong
	}
	for i, part := range parts {
		if part == "" {
			return wrong
		}
		for _, c := range []byte(part) {
			if (c < 'a' || c > 'z') && (i == 0 || c < '0' || c > '9') {
				return wrong
			}
		}
	}
	return nil
}

// parseEndpoint reads what the user gave WithEndpoint. What is wrong is said
// without quoting it, since it may hold a password.
func parseEndpoint(raw string) (endpoint, error) {
	const want = `want "https://host" or "https://host:port"`
	if raw == "" {
		return endpoint{}, errors.New("it is empty; " + want)
	}
	u, err := url.Parse(raw)
	if err != nil {
		return endpoint{}, errors.New("it is not a URL; " + want)
	}
	switch {
	case u.Scheme != "https" && u.Scheme != "http" || u.Opaque != "":
		return endpoint{}, errors.New("it does not start with https:// (or http:// for a host on this machine); " + want)
	case u.User != nil:
		return endpoint{}, errors.New("it has user info before the host; remove that: requests are signed with the client's credentials")
	case strings.Contains(raw, "?"):
		return endpoint{}, errors.New("it has a query; " + want)
	case strings.Contains(raw, "#"):
		return endpoint{}, errors.New("it has a fragment; " + want)
	case u.Path != "" && u.Path != "/":
		return endpoint{}, errors.New("it has a path, and every operation is at the path /; " + want)
	case !validHost(u.Host, u.Hostname()):
		return endpoint{}, errors.New("it has no valid host; " + want)
	case !validPort(u.Port()):
		return endpoint{}, errors.New("its port is not one from 1 to 65535; " + want)
	}
	return endpoint{scheme: u.Scheme, host: strings.ToLower(u.Host), loopback: isLoopback(u.Hostname())}, nil
}

// validHost keeps out what a Host header could not carry as it is.
func validHost(host, name string) bool {
	if name == "" || strings.HasSuffix(host, ":") {
		return false
	}
	for i := range len(host) {
		c := host[i]
		if c <= ' ' || c >= 0x7f || strings.IndexByte(`"<>\^{|}%,;`, c) >= 0 {
			return false
		}
	}
	return true
}

// validPort takes no port, too: the scheme has one.
func validPort(port string) bool {
	n, err := strconv.ParseUint(port, 10, 16)
	return port == "" || err == nil && n > 0
}

// isLoopback reports whether a host is this machine itself.
func isLoopback(name string) bool {
	if strings.EqualFold(name, "localhost") {
		return true
	}
	ip := net.ParseIP(name)
	return ip != nil && ip.IsLoopback()
}
