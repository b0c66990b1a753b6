package main

import (
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"iter"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/imm-go/imm"
)

// The names of the checks that others look at.
const (
	endpointCheck = "endpoint"
	clockCheck    = "clock"
)

// knownRegions carry IMM, by its documentation.
var knownRegions = strings.Fields(`cn-beijing cn-hangzhou cn-shanghai cn-shenzhen cn-zhangjiakou cn-wulanchabu cn-qingdao
	cn-guangzhou cn-chengdu cn-hongkong ap-southeast-1 ap-southeast-2 ap-southeast-5 ap-south-1 us-west-1 us-east-1
	eu-west-1 eu-central-1 cn-north-2-gov-1 cn-beijing-gov-1`)

// onlyInVPC is the region without a public endpoint.
const onlyInVPC = "cn-beijing-gov-1"

// checkRegion also returns the URL that requests go to; none if there is something
// wrong with the region.
func (p *program) checkRegion() (base string, f finding) {
	region, err := p.regionID()
	if err != nil {
		return "", finding{"region", sick, "no region is named", "add --region, such as --region cn-hangzhou, or set " + envRegion}
	}
	// The client knows which regions have the right form.
	client, err := imm.NewClient(region, imm.StaticCredentials("none", "none", ""))
	if wrong, ok := errors.AsType[*imm.ValidationError](err); ok {
		return "", finding{"region", sick, wrong.Reason, "correct " + p.settingOf("region")}
	}
	client.CloseIdleConnections()
	base = "https://imm." + region + ".aliyuncs.com"
	if region == onlyInVPC {
		base = "https://imm-vpc." + region + ".aliyuncs.com"
	}
	switch {
	case p.address() != "":
		return p.address(), finding{"region", healthy, "an endpoint is named, so the region does not matter", ""}
	case !slices.Contains(knownRegions, region):
		return base, finding{"region", warned, region + " has the form of a region, and is none where IMM is known to be", "compare it with the list of regions in IMM's documentation"}
	}
	return base, finding{"region", healthy, region, ""}
}

// checkEndpoint finds out whether the endpoint answers, how, and at what time.
func (p *program) checkEndpoint(ctx context.Context, base string) iter.Seq[finding] {
	return func(yield func(finding) bool) {
		if base == "" {
			_ = yield(finding{endpointCheck, skipped, "without a region there is none", ""}) &&
				yield(finding{clockCheck, skipped, "nothing was asked for the time", ""})
			return
		}
		// The client knows which endpoints have the right form.
		if _, err := p.connectWith(imm.StaticCredentials("none", "none", "")); err != nil {
			_ = yield(finding{endpointCheck, sick, err.Error(), "correct " + p.settingOf("WithEndpoint")}) &&
				yield(finding{clockCheck, skipped, "nothing was asked for the time", ""})
			return
		}
		answer, err := p.probe(ctx, base)
		if err != nil {
			_ = yield(p.unreachable(base, err)) && yield(finding{clockCheck, skipped, "nothing answered with the time", ""})
			return
		}
		detail := fmt.Sprintf("%s answers in %v", base, answer.took.Round(time.Millisecond))
		if answer.tls != "" {
			detail += ", " + answer.tls
		}
		_ = yield(finding{endpointCheck, healthy, detail, ""}) && yield(answer.clock())
	}
}

// answer is what an endpoint said to a request that is no call.
type answer struct {
	took  time.Duration
	tls   string
	date  time.Time // zero: it names none
	asked time.Time // the middle between request and answer
}

func (p *program) probe(ctx context.Context, base string) (*answer, error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, base+"/", nil)
	if err != nil {
		return nil, err
	}
	transport := http.DefaultTransport.(*http.Transport).Clone()
	defer transport.CloseIdleConnections()
	client := http.Client{
		Transport:     transport,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	start := time.Now()
	resp, err := client.Do(req)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	_, _ = io.Copy(io.Discard, io.LimitReader(resp.Body, 1<<20)) // so that the connection can be closed in order
	a := answer{took: time.Since(start)}
	a.asked = start.Add(a.took / 2)
	if resp.TLS != nil {
		a.tls = tls.VersionName(resp.TLS.Version)
	}
	a.date, _ = http.ParseTime(resp.Header.Get("Date"))
	return &a, nil
}

// unreachable explains why an endpoint did not answer.
func (p *program) unreachable(base string, err error) finding {
	f := finding{Check: endpointCheck, Verdict: sick, Detail: base + " does not answer: " + reason(err)}
	_, noHost := errors.AsType[*net.DNSError](err)
	_, noTrust := errors.AsType[*tls.CertificateVerificationError](err)
	timeout := errors.Is(err, context.DeadlineExceeded)
	if t, ok := errors.AsType[net.Error](err); ok && t.Timeout() {
		timeout = true
	}
	switch {
	case noHost && p.address() != "":
		f.Fix = "look whether " + p.settingOf("WithEndpoint") + " is spelled right, and whether this machine can resolve names"
	case noHost:
		f.Fix = "look whether the region is spelled right, and whether this machine can resolve names"
	case noTrust:
		f.Fix = "install the certificates of this machine's certificate authorities; if a proxy opens the traffic, also that of the proxy"
	case timeout:
		f.Fix = "look whether a firewall lets " + base + " through, or set HTTPS_PROXY to a proxy that does"
	case p.address() != "":
		f.Fix = "look whether " + p.settingOf("WithEndpoint") + " is right, and whether this machine reaches it; for an emulator, whether it runs"
	default:
		f.Fix = "look whether this machine reaches " + base
	}
	return f
}

// reason is an error of net/http without the URL, which is known.
func reason(err error) string {
	if wrapped, ok := errors.AsType[*url.Error](err); ok {
		return wrapped.Err.Error()
	}
	return err.Error()
}

// The service refuses a request whose date is further off than this. The client
// corrects that; other tools may not.
const (
	clockRefused  = 15 * time.Minute
	clockTolerant = time.Minute
)

func (a *answer) clock() finding {
	if a.date.IsZero() {
		return finding{clockCheck, skipped, "the answer has no date", ""}
	}
	off := a.date.Add(time.Second / 2).Sub(a.asked).Round(time.Second) // the date has no fraction
	detail := "the clock of this machine is right"
	switch ahead := cmp.Compare(0, off); {
	case ahead > 0:
		detail = fmt.Sprintf("the clock of this machine is %v ahead", -off)
	case ahead < 0:
		detail = fmt.Sprintf("the clock of this machine is %v behind", off)
	}
	const fix = "set the clock, for example by NTP: timedatectl set-ntp true"
	switch off = off.Abs(); {
	case off > clockRefused:
		return finding{clockCheck, sick, detail + "; imm corrects that, and other tools are refused", fix}
	case off > clockTolerant:
		return finding{clockCheck, warned, detail, fix}
	case off > 2*time.Second:
		return finding{clockCheck, healthy, detail, ""}
	}
	return finding{clockCheck, healthy, "the clock of this machine is right", ""}
}
