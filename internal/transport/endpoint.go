package transport

import (
	"errors"
	"net"
	"net/url"
	"strconv"
	"strings"
)

// Endpoint is where requests go.
type Endpoint struct {
	Scheme   string // https or http
	Host     string // with the port, as it stands in the Host header
	Loopback bool   // on this machine: http gives nothing away
}

// String is the endpoint as a URL.
func (e Endpoint) String() string { return e.Scheme + "://" + e.Host }

func (e Endpoint) exposed() bool { return e.Scheme == "http" && !e.Loopback }

// Check refuses http to another machine, unless insecureHTTP allows it.
func (e Endpoint) Check(insecureHTTP bool) error {
	if e.exposed() && !insecureHTTP {
		return errors.New("it is http to another machine; use https, or add WithInsecureHTTP for an emulator in a container network")
	}
	return nil
}

// CheckToken refuses to send a security token that others could read. It may be
// empty.
func (e Endpoint) CheckToken(token string) error {
	if e.exposed() && token != "" {
		return errors.New("the credentials are temporary, and their token is not sent over http to another machine; use an https endpoint, or a test key without a token")
	}
	return nil
}

// ParseEndpoint reads what the user gave. What is wrong is said without quoting
// it, since it may hold a password.
func ParseEndpoint(raw string) (Endpoint, error) {
	const want = `want "https://host" or "https://host:port"`
	if raw == "" {
		return Endpoint{}, errors.New("it is empty; " + want)
	}
	u, err := url.Parse(raw)
	if err != nil {
		return Endpoint{}, errors.New("it is not a URL; " + want)
	}
	switch {
	case u.Scheme != "https" && u.Scheme != "http" || u.Opaque != "":
		return Endpoint{}, errors.New("it does not start with https:// (or http:// for a host on this machine); " + want)
	case u.User != nil:
		return Endpoint{}, errors.New("it has user info before the host; remove that: requests are signed with the client's credentials")
	case strings.Contains(raw, "?"):
		return Endpoint{}, errors.New("it has a query; " + want)
	case strings.Contains(raw, "#"):
		return Endpoint{}, errors.New("it has a fragment; " + want)
	case u.Path != "" && u.Path != "/":
		return Endpoint{}, errors.New("it has a path, and the operations have theirs; " + want)
	case !validHost(u.Host, u.Hostname()):
		return Endpoint{}, errors.New("it has no valid host; " + want)
	case !validPort(u.Port()):
		return Endpoint{}, errors.New("its port is not one from 1 to 65535; " + want)
	}
	return Endpoint{Scheme: u.Scheme, Host: strings.ToLower(u.Host), Loopback: isLoopback(u.Hostname())}, nil
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
