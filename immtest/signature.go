package immtest

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"maps"
	"net/url"
	"slices"
	"strings"
)

// The signature is computed here the plain way, from the documentation of
// ACS3-HMAC-SHA256 and without a line of the client's, so that an error in one
// of the two shows.
const algorithm = "ACS3-HMAC-SHA256"

// authorization is the Authorization header, taken apart.
type authorization struct {
	accessKeyID   string
	signedHeaders []string
	signature     string
}

// parseAuthorization reads "ACS3-HMAC-SHA256 Credential=…,SignedHeaders=…,Signature=…".
func parseAuthorization(value string) (authorization, bool) {
	var a authorization
	name, rest, _ := strings.Cut(value, " ")
	if name != algorithm {
		return a, false
	}
	for part := range strings.SplitSeq(rest, ",") {
		field, text, _ := strings.Cut(strings.TrimSpace(part), "=")
		switch field {
		case "Credential":
			a.accessKeyID = text
		case "SignedHeaders":
			a.signedHeaders = strings.Split(text, ";")
		case "Signature":
			a.signature = text
		}
	}
	return a, a.accessKeyID != "" && len(a.signedHeaders) > 0 && a.signature != ""
}

// unsignedHeader returns the name of a header that must be signed and is not, or
// of one that is said to be signed and was not sent. It is empty where all is as
// it should be.
func unsignedHeader(in *received, signed []string) string {
	if !slices.Contains(signed, "host") {
		return "host"
	}
	for name := range in.header {
		name = strings.ToLower(name)
		if (name == "content-type" || strings.HasPrefix(name, "x-acs-")) && !slices.Contains(signed, name) {
			return name
		}
	}
	for _, name := range signed {
		if name != "host" && len(in.header.Values(name)) == 0 {
			return name
		}
	}
	return ""
}

// canonicalRequest is the request in the form that is hashed and signed.
func canonicalRequest(in *received, signedHeaders []string, bodyHash string) (string, error) {
	query, err := canonicalQuery(in.url.RawQuery)
	if err != nil {
		return "", err
	}
	path := in.url.EscapedPath()
	if path == "" {
		path = "/"
	}
	names := slices.Sorted(slices.Values(signedHeaders))
	var headers strings.Builder
	for _, name := range names {
		headers.WriteString(name + ":" + headerValue(in, name) + "\n")
	}
	return strings.Join([]string{in.method, path, query, headers.String(), strings.Join(names, ";"), bodyHash}, "\n"), nil
}

func canonicalQuery(raw string) (string, error) {
	values, err := url.ParseQuery(raw)
	if err != nil {
		return "", err
	}
	var pairs []string
	for _, name := range slices.Sorted(maps.Keys(values)) {
		slices.Sort(values[name])
		for _, value := range values[name] {
			pairs = append(pairs, percentEncode(name)+"="+percentEncode(value))
		}
	}
	return strings.Join(pairs, "&"), nil
}

func headerValue(in *received, name string) string {
	if name == "host" {
		return strings.TrimSpace(in.host)
	}
	var values []string
	for _, value := range in.header.Values(name) {
		values = append(values, strings.TrimSpace(value))
	}
	slices.Sort(values)
	return strings.Join(values, ",")
}

func stringToSign(canonical string) string {
	sum := sha256.Sum256([]byte(canonical))
	return algorithm + "\n" + hex.EncodeToString(sum[:])
}

func signature(secret, toSign string) string {
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write([]byte(toSign))
	return hex.EncodeToString(mac.Sum(nil))
}

// percentEncode encodes as RFC 3986 says, where url.QueryEscape writes a plus sign
// for a space; a plus sign itself is %2B by then.
func percentEncode(text string) string {
	return strings.ReplaceAll(url.QueryEscape(text), "+", "%20")
}
