package notify

import (
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// untrustedURLs are near misses of the URLs of certificates, and ways into other
// networks.
func untrustedURLs() []string {
	urls := []string{
		"", "x", "/x.pem", "//mns-cert.oss-cn-hangzhou.aliyuncs.com/x.pem", "https:", "https:/", "https://", "https:///x.pem",
		"https:mns-cert.oss-cn-hangzhou.aliyuncs.com/x.pem", "https:/mns-cert.oss-cn-hangzhou.aliyuncs.com/x.pem",
		"https://127.0.0.1/x.pem", "https://localhost/x.pem", "http://169.254.169.254/latest/meta-data/", "http://100.100.100.200/latest/meta-data/",
		"https://[::1]/x.pem", "https://[fe80::1%25eth0]/x.pem", "https://0x7f000001/x.pem", "https://2130706433/x.pem", "https://0/x.pem",
		"file:///etc/passwd", "file://mns-cert.oss-cn-hangzhou.aliyuncs.com/x.pem", "ftp://mns-cert.oss-cn-hangzhou.aliyuncs.com/x.pem",
		"gopher://mns-cert.oss-cn-hangzhou.aliyuncs.com/x.pem", "data:,x", "javascript:x",
		"https://example.com/https://mns-cert.oss-cn-hangzhou.aliyuncs.com/x.pem",
		"https://example.com/x.pem#mns-cert.oss-cn-hangzhou.aliyuncs.com/x.pem",
		"https://example.com?mns-cert.oss-cn-hangzhou.aliyuncs.com/x.pem",
		"https://example.com\\mns-cert.oss-cn-hangzhou.aliyuncs.com/x.pem",
		"https://mns-cert.oss-cn-hangzhou.aliyuncs.com", "https://mns-cert.oss-cn-hangzhou.aliyuncs.com/",
		"HTTPS://mns-cert.oss-cn-hangzhou.aliyuncs.com/x.pem", "httpss://mns-cert.oss-cn-hangzhou.aliyuncs.com/x.pem",
		" https://mns-cert.oss-cn-hangzhou.aliyuncs.com/x.pem", "https://mns-cert.oss-cn-hangzhou.aliyuncs.com/x.pem ",
		"https://mns-cert.oss-cn-hangzhou.aliyuncs.com/" + strings.Repeat("x", maxCertificateURL),
	}
	for _, host := range []string{
		"mns-cert.oss-cn-x.aliyuncs.com.evil.example", "evil.example", "mns-cert.oss-cn-hangzhou.aliyuncs.com.", "aliyuncs.com", "oss-cn-hangzhou.aliyuncs.com",
		"mns-cert.oss-cn-.aliyuncs.com", "mns-cert.oss-cn-.evil.aliyuncs.com", "mns-cert.oss-cn-a.b.aliyuncs.com", "mns-cert.oss-cn--a.aliyuncs.com", "mns-cert.oss-cn-a-.aliyuncs.com",
		"mns-cert.oss-cnhangzhou.aliyuncs.com", "mns-cert.oss-hangzhou.aliyuncs.com", "mns-cert.oss-cn-hangzhou.aliyuncs.con", "mns-cert.oss-cn-hangzhoualiyuncs.com", "mns-cert-oss-cn-hangzhou.aliyuncs.com",
		"xmns-cert.oss-cn-hangzhou.aliyuncs.com", "x.mns-cert.oss-cn-hangzhou.aliyuncs.com", "mns-cert.oss-cn-hangzhou.aliyuncs.com@evil.example", "mns-cert.oss-cn-hangzhou.aliyuncs.com:443@evil.example",
		"user@mns-cert.oss-cn-hangzhou.aliyuncs.com", "user:password@mns-cert.oss-cn-hangzhou.aliyuncs.com", "@mns-cert.oss-cn-hangzhou.aliyuncs.com",
		"mns-cert.oss-cn-hangzhou.aliyuncs.com:443", "mns-cert.oss-cn-hangzhou.aliyuncs.com:8443", "mns-cert.oss-cn-hangzhou.aliyuncs.com:",
		"MNS-CERT.oss-cn-hangzhou.aliyuncs.com", "mns-cert.oss-cn-Hangzhou.aliyuncs.com", "mns-cert.oss-cn-hangzhou.aliyuncs.COM",
		"mns-cert.oss-cn-h\u0430ngzhou.aliyuncs.com", "mns-cert\u3002oss-cn-hangzhou.aliyuncs.com", "mns-cert.oss-cn-hangzhou.aliyuncs.com\u00ad", "m\u217fs-cert.oss-cn-hangzhou.aliyuncs.com",
		"mns-cert%2eoss-cn-hangzhou.aliyuncs.com", "mns-cert.oss-cn-%68angzhou.aliyuncs.com", "mns-cert.oss-cn-hangzhou.aliyuncs.com%00.evil.example",
		"mns-cert.oss-cn-hangzhou\\.evil.example", "evil.example\\.aliyuncs.com", "mns-cert.oss-cn-hang\tzhou.aliyuncs.com", "mns-cert.oss-cn-hang\nzhou.aliyuncs.com", "mns-cert.oss-cn-hangzhou.aliyuncs.com\r",
		"mns-cert.oss-cn-hang_zhou.aliyuncs.com", "mns-cert.oss-cn-" + strings.Repeat("x", 64) + ".aliyuncs.com",
		"mnstest.oss-cn-beijing.aliyuncs.com", "mnstest.oss-cn-hangzhou.aliyuncs.com.", "mnstest.oss-cn-hangzhou-internal.aliyuncs.com", "MNSTEST.oss-cn-hangzhou.aliyuncs.com", "[mnstest.oss-cn-hangzhou.aliyuncs.com]",
		"cn-hangzhou-eventbridge.oss-accelerate.aliyuncs.com", "mns-cert.oss-accelerate.aliyuncs.com", "",
	} {
		urls = append(urls, "https://"+host+"/x.pem", "http://"+host+"/x.pem")
	}
	for _, path := range []string{
		"x.pem?", "x.pem?versionId=1", "?x.pem", "x.pem#", "x.pem#x", "..", ".", "../x.pem", "a/../x.pem", "./x.pem", "a/./x.pem", "a/..", "a//x.pem", "/x.pem", "a/",
		"%2e%2e/x.pem", "x%2epem", "x%00.pem", "%", "x.pem;x", "x\\y.pem", "x y.pem", "x\ty.pem", "x.pem\n", "x.pem\x00", "\u00e4.pem", "x.pem\u200b", "a:b", "a@b", "*", "x+y", "x&y", "x=y", "~x/\"",
	} {
		urls = append(urls, "https://mns-cert.oss-cn-hangzhou.aliyuncs.com/"+path)
	}
	return urls
}

func TestOnlyTheBucketsOfMNSAreTrusted(t *testing.T) {
	t.Parallel()
	for _, text := range untrustedURLs() {
		_, err := certificateURL(text, isMNSHost)
		require.ErrorIs(t, err, errCertificateURL, "%q", text)
	}
	for text, want := range map[string]string{
		"https://mnstest.oss-cn-hangzhou.aliyuncs.com/x509_public_certificate.pem": "",
		"http://mnstest.oss-cn-hangzhou.aliyuncs.com/x509_public_certificate.pem":  "https://mnstest.oss-cn-hangzhou.aliyuncs.com/x509_public_certificate.pem",
		mnsURL: "",
		"https://mns-cert.oss-cn-zhangjiakou.aliyuncs.com/a/b-c_d~.e/...":                                                                 "",
		"http://mns-cert.oss-cn-north-2-gov-1.aliyuncs.com/x":                                                                             "https://mns-cert.oss-cn-north-2-gov-1.aliyuncs.com/x",
		"https://mns-cert.oss-cn-x.aliyuncs.com/" + strings.Repeat("x", maxCertificateURL-len("https://mns-cert.oss-cn-x.aliyuncs.com/")): "",
	} {
		if want == "" {
			want = text
		}
		got, err := certificateURL(text, isMNSHost)
		require.NoError(t, err, text)
		require.Equal(t, want, got)
	}
}

func TestOnlyTheBucketsOfTheNamedRegionsAreTrusted(t *testing.T) {
	t.Parallel()
	regions := []string{"cn-hangzhou", "cn-beijing"}
	isTrusted := func(host string) bool { return isEventBridgeHost(host, regions) }
	for _, host := range []string{
		"cn-shanghai-eventbridge", "foo-eventbridge", "-eventbridge", "eventbridge", "cn-hangzhou", "cn-hangzhou-eventbridge-x", "x-cn-hangzhou-eventbridge", "x.cn-hangzhou-eventbridge",
		"CN-hangzhou-eventbridge", "cn-hangzhou,cn-beijing-eventbridge", "cn-hangzhou-cn-beijing-eventbridge", "cn-hangzho-eventbridge", "cn-hangzhou-eventbridge-eventbridge",
	} {
		_, err := certificateURL("https://"+host+".oss-accelerate.aliyuncs.com/x.pem", isTrusted)
		require.ErrorIs(t, err, errCertificateURL, host)
	}
	for _, suffix := range []string{".oss-accelerate-overseas.aliyuncs.com", ".oss-cn-hangzhou.aliyuncs.com", ".oss-accelerate.aliyuncs.com.evil.example", ".oss-accelerate.aliyuncs.com:443", ".oss-accelerate.aliyuncs.com."} {
		_, err := certificateURL("https://cn-hangzhou-eventbridge"+suffix+"/x.pem", isTrusted)
		require.ErrorIs(t, err, errCertificateURL, suffix)
	}
	for _, region := range regions {
		_, err := certificateURL("https://"+region+"-eventbridge.oss-accelerate.aliyuncs.com/x509_public_certificate_2021012501.pem", isTrusted)
		require.NoError(t, err)
	}
}

// strictly is the reference: it takes URLs apart as net/url does.
func strictly(text string) bool {
	u, err := url.Parse(text)
	if err != nil || !slices.Contains([]string{"http", "https"}, u.Scheme) || u.User != nil || u.Opaque != "" ||
		u.RawQuery != "" || u.ForceQuery || u.Fragment != "" || strings.HasSuffix(text, "#") || u.Port() != "" || u.RawPath != "" ||
		u.Host != u.Hostname() || u.JoinPath().Path != u.Path || len(text) > maxCertificateURL || strings.HasSuffix(u.Path, "/") {
		return false
	}
	region := regexp.MustCompile(`^mns-cert\.oss-cn-([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)\.aliyuncs\.com$`)
	return (u.Host == "mnstest.oss-cn-hangzhou.aliyuncs.com" || region.MatchString(u.Host)) &&
		regexp.MustCompile(`^/[A-Za-z0-9._~/-]+$`).MatchString(u.Path) && u.String() == text
}

func FuzzTheURLOfACertificateAgainstTheStandardLibrary(f *testing.F) {
	for _, text := range untrustedURLs() {
		f.Add(text)
	}
	f.Add(mnsURL)
	f.Add("http://mnstest.oss-cn-hangzhou.aliyuncs.com/x509_public_certificate.pem")
	f.Fuzz(func(t *testing.T, text string) {
		got, err := certificateURL(text, isMNSHost)
		require.Equal(t, strictly(text), err == nil, "%q", text)
		if err == nil {
			require.True(t, strictly(got))
			require.True(t, strings.HasPrefix(got, "https://"))
		}
	})
}
