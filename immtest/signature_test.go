package immtest

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"net/http"
	"net/url"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

type vector struct {
	Name, Method, Path, Body     string
	Query, Headers               map[string]string
	AccessKeyID, AccessKeySecret string
	Authorization                string
}

// request is the vector as it arrives at a server.
func (v vector) request() *received {
	query := make(url.Values)
	for name, value := range v.Query {
		query.Set(name, value)
	}
	header := make(http.Header)
	for name, value := range v.Headers {
		if name != "host" {
			header.Set(name, value)
		}
	}
	header.Set("Authorization", v.Authorization)
	return &received{
		method: v.Method, url: &url.URL{Path: v.Path, RawQuery: query.Encode()},
		host: v.Headers["host"], header: header, body: []byte(v.Body),
	}
}

func check(t *testing.T, v vector) *failure {
	t.Helper()
	in := v.request()
	auth, ok := parseAuthorization(v.Authorization)
	require.True(t, ok)
	require.Equal(t, v.AccessKeyID, auth.accessKeyID)
	require.Empty(t, unsignedHeader(in, auth.signedHeaders))
	return checkSignature(in, &auth, in.header.Get("X-Acs-Content-Sha256"), v.AccessKeySecret)
}

func vectors(t *testing.T) []vector {
	t.Helper()
	data, err := os.ReadFile("../testdata/acs3_vectors.json")
	require.NoError(t, err)
	var all []vector
	require.NoError(t, json.Unmarshal(data, &all))
	require.NotEmpty(t, all)
	return all
}

func TestACS3VectorsAreAccepted(t *testing.T) {
	t.Parallel()
	for _, v := range vectors(t) {
		t.Run(v.Name, func(t *testing.T) {
			t.Parallel()
			require.Nil(t, check(t, v))
		})
	}
}

func TestACS3VectorsWithOneThingChangedAreRefused(t *testing.T) {
	t.Parallel()
	changes := map[string]func(*vector){
		"secret": func(v *vector) { v.AccessKeySecret += "x" },
		"method": func(v *vector) { v.Method += "X" },
		"query":  func(v *vector) { v.Query = map[string]string{"ProjectName": "another"} },
		"header": func(v *vector) { v.Headers["x-acs-date"] = "2026-01-01T00:00:00Z" },
		"host":   func(v *vector) { v.Headers["host"] = "imm.cn-shanghai.aliyuncs.com." },
		"body":   func(v *vector) { v.Body += "x" },
		"hash":   func(v *vector) { v.Headers["x-acs-content-sha256"] = strings.Repeat("0", 64) },
	}
	for name, change := range changes {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for _, v := range vectors(t) {
				change(&v)
				f := check(t, v)
				require.NotNil(t, f, v.Name)
				require.Equal(t, "SignatureDoesNotMatch", f.code)
			}
		})
	}
}

func TestThePublishedExampleIsAccepted(t *testing.T) {
	t.Parallel()
	const empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
	require.Nil(t, check(t, vector{
		Method: http.MethodPost, Path: "/",
		Query: map[string]string{
			"ImageId":  "win2019_1809_x64_dtc_zh-cn_40G_alibase_20230811.vhd",
			"RegionId": "cn-shanghai",
		},
		Headers: map[string]string{
			"host": "ecs.cn-shanghai.aliyuncs.com", "x-acs-action": "RunInstances", "x-acs-version": "2014-05-26",
			"x-acs-date": "2023-10-26T10:22:32Z", "x-acs-signature-nonce": "3156853299f313e23d1673dc12e1703d",
			"x-acs-content-sha256": empty,
		},
		AccessKeyID: "YourAccessKeyId", AccessKeySecret: "YourAccessKeySecret",
		Authorization: "ACS3-HMAC-SHA256 Credential=YourAccessKeyId,SignedHeaders=host;x-acs-action;x-acs-content-sha256;" +
			"x-acs-date;x-acs-signature-nonce;x-acs-version,Signature=06563a9e1b43f5dfe96b81484da74bceab24a1d853912eee15083a6f0f3283c0",
	}))
}

func TestACanonicalQueryIsSortedByNameAndEncodedByRFC3986(t *testing.T) {
	t.Parallel()
	for raw, want := range map[string]string{
		"":                      "",
		"b=2&a=1":               "a=1&b=2",
		"a-b=1&a=2":             "a=2&a-b=1",
		"a=2&a=1":               "a=1&a=2",
		"a":                     "a=",
		"a=%20+%2b":             "a=%20%20%2B",
		"a=-_.~*'()!":           "a=-_.~%2A%27%28%29%21",
		"a=%E5%A5%BD%f0%9f%8e":  "a=%E5%A5%BD%F0%9F%8E",
		"oss=oss%3A%2F%2Fb%2Fk": "oss=oss%3A%2F%2Fb%2Fk",
	} {
		got, err := canonicalQuery(raw)
		require.NoError(t, err)
		require.Equal(t, want, got, raw)
	}
	_, err := canonicalQuery("a=%zz")
	require.Error(t, err)
}

func TestHeaderValuesAreTrimmedSortedAndJoinedBeforeTheyAreSigned(t *testing.T) {
	t.Parallel()
	in := &received{
		method: "POST", url: &url.URL{Path: ""}, host: " h ",
		header: http.Header{"X-Acs-Many": {" b ", "a"}, "Content-Type": {"text/plain "}},
	}
	got, err := canonicalRequest(in, []string{"x-acs-many", "host", "content-type"}, "hash")
	require.NoError(t, err)
	require.Equal(t, "POST\n/\n\ncontent-type:text/plain\nhost:h\nx-acs-many:a,b\n\ncontent-type;host;x-acs-many\nhash", got)
}

func TestOnlyACompleteAuthorizationIsRead(t *testing.T) {
	t.Parallel()
	const complete = "ACS3-HMAC-SHA256 Credential=id,SignedHeaders=host;x-acs-date,Signature=00ff"
	a, ok := parseAuthorization(complete)
	require.True(t, ok)
	require.Equal(t, authorization{accessKeyID: "id", signedHeaders: []string{"host", "x-acs-date"}, signature: "00ff"}, a)
	_, ok = parseAuthorization(strings.ReplaceAll(complete, ",", ", "))
	require.True(t, ok)
	for _, incomplete := range []string{
		"", "ACS3-HMAC-SHA256", "ACS3-HMAC-SHA256 ", "acs id:signature",
		strings.Replace(complete, "SHA256", "SM3", 1),
		strings.Replace(complete, "Credential=id", "Credential=", 1),
		strings.Replace(complete, "Signature=00ff", "Signature=", 1),
		strings.Replace(complete, "SignedHeaders=host;x-acs-date,", "", 1),
	} {
		_, ok := parseAuthorization(incomplete)
		require.False(t, ok, incomplete)
	}
}

func TestASignatureMismatchShowsWhatTheServerSigned(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	req := sign(unsigned("GetBinding", inDataset("URI", "oss://test-bucket")), AccessKeyID, "wrong")
	r := send(t, s, req)
	require.Equal(t, "SignatureDoesNotMatch", r.code())
	message := r.body["Message"].(string)
	require.Contains(t, message, "\nDatasetName=test-dataset&ProjectName=test-project&URI=oss%3A%2F%2Ftest-bucket\nhost:localhost\n")
	_, rest, _ := strings.Cut(message, "server canonicalRequest is:[")
	canonical := strings.TrimSuffix(rest, "]")
	sum := sha256.Sum256([]byte(canonical))
	require.Contains(t, message, "server string to sign is:[ACS3-HMAC-SHA256\n"+hex.EncodeToString(sum[:])+"]")
	require.NotContains(t, message, AccessKeySecret)
}
