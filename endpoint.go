package imm

import (
	"errors"
	"fmt"
	"strings"

	"github.com/imm-go/imm/internal/transport"
)

// vpcOnlyRegion has no public endpoint.
const vpcOnlyRegion = "cn-beijing-gov-1"

// regionEndpoint is the service's endpoint in a region. A region that is not
// known yet gets one, too, if its id has the form of one.
func regionEndpoint(region string, vpc bool) transport.Endpoint {
	name := "imm"
	if vpc || region == vpcOnlyRegion {
		name = "imm-vpc"
	}
	return transport.Endpoint{Scheme: "https", Host: name + "." + region + ".aliyuncs.com"}
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
