package notify

import (
	"errors"
	"strings"
)

const maxCertificateURL = 512 // bytes

var errCertificateURL = errors.New("no URL of a certificate: want https, one of the hosts that are trusted, and a plain path")

// certificateURL checks a URL that a push names and returns it as https, since
// samples of MNS have http. The trust in a certificate is the connection to its
// host and nothing else, so there is one way to write each URL and no parsing that
// another reader of URLs could do otherwise.
func certificateURL(text string, isTrusted func(host string) bool) (string, error) {
	rest, isHTTPS := strings.CutPrefix(text, "https://")
	if !isHTTPS {
		var isHTTP bool
		if rest, isHTTP = strings.CutPrefix(text, "http://"); !isHTTP {
			return "", errCertificateURL
		}
	}
	host, path, hasPath := strings.Cut(rest, "/")
	if !hasPath || len(text) > maxCertificateURL || !isTrusted(host) {
		return "", errCertificateURL
	}
	for segment := range strings.SplitSeq(path, "/") {
		if segment == "" || segment == "." || segment == ".." || strings.Trim(segment, unreserved) != "" {
			return "", errCertificateURL
		}
	}
	return "https://" + rest, nil
}

// isMNSHost knows the two buckets in which MNS keeps its certificates. The name of
// a bucket is taken once for all regions, so that nobody else can have mns-cert in
// a region where MNS has none.
func isMNSHost(host string) bool {
	if host == "mnstest.oss-cn-hangzhou.aliyuncs.com" {
		return true
	}
	region, isCert := strings.CutPrefix(host, "mns-cert.oss-cn-")
	region, isOSS := strings.CutSuffix(region, ".aliyuncs.com")
	return isCert && isOSS && isLabel(region)
}

// eventBridgeHost follows the region in the name of the host of a certificate.
const eventBridgeHost = "-eventbridge.oss-accelerate.aliyuncs.com"

// isEventBridgeHost knows the bucket of each of the regions.
func isEventBridgeHost(host string, regions []string) bool {
	for _, region := range regions {
		if host == region+eventBridgeHost {
			return true
		}
	}
	return false
}

// eventBridgeRegion is what a URL says of its region, for the log alone: anybody
// can own a bucket that looks like one. It is empty where the URL would be refused
// with any region.
func eventBridgeRegion(url string) (region string) {
	_, err := certificateURL(url, func(host string) bool {
		region, _ = strings.CutSuffix(host, eventBridgeHost)
		return region != host && isLabel(region)
	})
	if err != nil {
		return ""
	}
	return region
}

// isLabel reports whether a text is one label of the name of a host, in lower case.
func isLabel(text string) bool {
	return text != "" && len(text) <= 63 && strings.Trim(text, "abcdefghijklmnopqrstuvwxyz0123456789-") == "" &&
		text[0] != '-' && text[len(text)-1] != '-'
}
