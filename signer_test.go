package imm

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	"net/url"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/imm-go/imm/internal/wire"
)

// TestThePublishedExampleOfASignatureIsReproduced is the example of the
// signature's documentation.
func TestThePublishedExampleOfASignatureIsReproduced(t *testing.T) {
	t.Parallel()
	v := vector{
		Method: "POST",
		Path:   "/",
		Query: map[string]string{
			"ImageId":  "win2019_1809_x64_dtc_zh-cn_40G_alibase_20230811.vhd",
			"RegionId": "cn-shanghai",
		},
		Headers: map[string]string{
			"host":                  "ecs.cn-shanghai.aliyuncs.com",
			"x-acs-action":          "RunInstances",
			"x-acs-content-sha256":  emptyHash,
			"x-acs-date":            "2023-10-26T10:22:32Z",
			"x-acs-signature-nonce": "3156853299f313e23d1673dc12e1703d",
			"x-acs-version":         "2014-05-26",
		},
		AccessKeyID:     "YourAccessKeyId",
		AccessKeySecret: "YourAccessKeySecret",
	}
	const want = "ACS3-HMAC-SHA256 Credential=YourAccessKeyId," +
		"SignedHeaders=host;x-acs-action;x-acs-content-sha256;x-acs-date;x-acs-signature-nonce;x-acs-version," +
		"Signature=06563a9e1b43f5dfe96b81484da74bceab24a1d853912eee15083a6f0f3283c0"
	require.Equal(t, want, v.sign())
}

// vector is one request with the signature that it must get. All of its headers
// are signed.
type vector struct {
	Name            string            `json:"name"`
	Method          string            `json:"method"`
	Path            string            `json:"path"`
	Query           map[string]string `json:"query"`
	Headers         map[string]string `json:"headers"`
	Body            string            `json:"body"`
	AccessKeyID     string            `json:"accessKeyId"`
	AccessKeySecret string            `json:"accessKeySecret"`
	Authorization   string            `json:"authorization"`
}

// sign signs the vector with the encoding and the signature that calls use.
func (v *vector) sign() string {
	params := wire.Get()
	defer params.Release()
	for _, key := range slices.Sorted(maps.Keys(v.Query)) {
		params.Text(key, v.Query[key])
	}
	s := signable{method: v.Method, path: v.Path, query: params.Encoded()}
	values := make(map[string]string)
	for name, value := range v.Headers {
		values[strings.ToLower(name)] = strings.TrimSpace(value)
	}
	for _, name := range slices.Sorted(maps.Keys(values)) {
		s.add(name, values[name])
	}
	s.bodyHash = values["x-acs-content-sha256"]
	return string(s.appendAuthorization(nil, v.AccessKeyID, v.AccessKeySecret))
}

// TestACS3SignaturesMatchTheVectors reads one more file of vectors where
// IMM_ACS3_VECTORS names one.
func TestACS3SignaturesMatchTheVectors(t *testing.T) {
	t.Parallel()
	files := []string{"testdata/acs3_vectors.json"}
	if more := os.Getenv("IMM_ACS3_VECTORS"); more != "" {
		files = append(files, more)
	}
	for _, file := range files {
		t.Run(file, func(t *testing.T) {
			t.Parallel()
			data, err := os.ReadFile(file)
			require.NoError(t, err)
			var vectors []vector
			require.NoError(t, json.Unmarshal(data, &vectors))
			require.NotEmpty(t, vectors)
			for i, v := range vectors {
				t.Run(fmt.Sprintf("%d %s", i, v.Name), func(t *testing.T) {
					t.Parallel()
					require.Equal(t, v.Authorization, v.sign())
					require.Equal(t, v.Headers["x-acs-content-sha256"], string(appendHash(nil, []byte(v.Body))))
				})
			}
		})
	}
}

func TestEveryPartOfARequestChangesItsSignature(t *testing.T) {
	t.Parallel()
	base := func() signable {
		s := signable{method: "POST", path: "/", query: []byte("A=1"), bodyHash: emptyHash}
		s.add("host", "h")
		s.add("x-acs-action", "GetProject")
		return s
	}
	seen := map[string]string{}
	for name, change := range map[string]func(s *signable){
		"nothing":           func(*signable) {},
		"the method":        func(s *signable) { s.method = "GET" },
		"the path":          func(s *signable) { s.path = "//" },
		"the query":         func(s *signable) { s.query = []byte("A=2") },
		"no query":          func(s *signable) { s.query = nil },
		"a header's value":  func(s *signable) { s.headers[1].value = "GetDataset" },
		"a header's name":   func(s *signable) { s.headers[1].name = "x-acs-actio" },
		"one header fewer":  func(s *signable) { s.count = 1 },
		"no header":         func(s *signable) { s.count = 0 },
		"the body's digest": func(s *signable) { s.bodyHash = string(appendHash(nil, []byte("A=1"))) },
	} {
		s := base()
		change(&s)
		_, signature, found := strings.Cut(string(s.appendAuthorization(nil, "id", "secret")), ",Signature=")
		require.True(t, found)
		require.Len(t, signature, 64)
		require.NotContains(t, seen, signature, "%s changes as little as %s", name, seen[signature])
		seen[signature] = name
	}
}

func TestASignatureIsAppendedAndDependsOnNothingElse(t *testing.T) {
	t.Parallel()
	s := signable{method: "POST", path: "/", query: []byte("A=" + strings.Repeat("1", 20_000)), bodyHash: emptyHash}
	s.add("host", "h")
	want := string(s.appendAuthorization(nil, "id", "secret"))
	require.Equal(t, "before "+want, string(s.appendAuthorization([]byte("before "), "id", "secret")))
}

// TestSignaturesWithSeveralSecretsDoNotMix is how several clients, or one whose
// keys are renewed, sign at the same time.
func TestSignaturesWithSeveralSecretsDoNotMix(t *testing.T) {
	t.Parallel()
	v := vector{Method: "POST", Path: "/", Headers: map[string]string{"host": "h", "x-acs-content-sha256": emptyHash}}
	secrets := []string{"", "secret", "secret2", "Secret", strings.Repeat("k", 65)}
	var all sync.WaitGroup
	for i := range 50 {
		all.Go(func() {
			for j := range 20 {
				mine := v
				mine.AccessKeySecret = secrets[(i+j)%len(secrets)]
				if got, want := mine.sign(), plainAuthorization(&mine); got != want {
					t.Errorf("signed %s, want %s", got, want)
				}
			}
		})
	}
	all.Wait()
}

func TestTheDigestOfABodyIsItsSHA256(t *testing.T) {
	t.Parallel()
	require.Equal(t, emptyHash, string(appendHash(nil, nil)))
	require.Equal(t, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad", string(appendHash(nil, []byte("abc"))))
}

func TestNoTwoNoncesAreTheSame(t *testing.T) {
	t.Parallel()
	seen := make(map[string]bool)
	for range 10_000 {
		nonce := string(appendNonce(nil))
		require.Len(t, nonce, 32)
		require.False(t, seen[nonce], nonce)
		seen[nonce] = true
	}
}

func TestTheDateOfASignatureIsUTCInWholeSeconds(t *testing.T) {
	t.Parallel()
	zone := time.FixedZone("", 8*60*60)
	require.Equal(t, "2022-07-05T23:03:28Z", signingDate(time.Date(2022, 7, 6, 7, 3, 28, 999_999_999, zone)))
	require.Equal(t, "2022-07-06T07:03:28Z", signingDate(time.Date(2022, 7, 6, 7, 3, 28, 0, time.UTC)))
}

// FuzzSignatureAgreesWithPlainImplementation compares with the rules of the
// documentation, written down once more without any care for speed.
func FuzzSignatureAgreesWithPlainImplementation(f *testing.F) {
	f.Add("POST", "ProjectName", "test-project", "URI", "oss://test-bucket", "token", "", "id", "secret")
	f.Add("GET", "", "", "", "", "", "", "", "")
	f.Add("POST", "Files", `[{"URI":"oss://b/a b+c%20d*~.jpg"}]`, "file", "é日\x00\xff", " t ", "A=1&B=2", "i", "s")
	f.Add("POST", "a&b=c", "~-_.!*'()", "a&b", "\n", "t", "{}", "id", strings.Repeat("k", 100))
	f.Fuzz(func(t *testing.T, method, key1, value1, key2, value2, token, body, id, secret string) {
		headers := map[string]string{
			"host":                  "imm.cn-beijing.aliyuncs.com",
			"x-acs-content-sha256":  string(appendHash(nil, []byte(body))),
			"x-acs-date":            "2026-04-23T08:09:52Z",
			"x-acs-signature-nonce": "78d4b9216e251fd9d285795f4fbb4e98",
		}
		if token != "" {
			headers["X-Acs-Security-Token"] = token
		}
		if body != "" {
			headers["Content-Type"] = "application/x-www-form-urlencoded"
		}
		v := vector{
			Method: method, Path: "/", Query: map[string]string{key1: value1, key2: value2},
			Headers: headers, Body: body, AccessKeyID: id, AccessKeySecret: secret,
		}
		require.Equal(t, plainAuthorization(&v), v.sign())
	})
}

func plainAuthorization(v *vector) string {
	query := url.Values{}
	for key, value := range v.Query {
		query.Set(key, value)
	}
	var lines, names []string
	for name, value := range v.Headers {
		names = append(names, strings.ToLower(name))
		lines = append(lines, strings.ToLower(name)+":"+strings.TrimSpace(value)+"\n")
	}
	slices.Sort(names)
	slices.Sort(lines) // No name is the beginning of another.
	sum := func(text string) string {
		digest := sha256.Sum256([]byte(text))
		return hex.EncodeToString(digest[:])
	}
	canonical := strings.Join([]string{
		v.Method, v.Path, strings.ReplaceAll(query.Encode(), "+", "%20"),
		strings.Join(lines, ""), strings.Join(names, ";"), sum(v.Body),
	}, "\n")
	mac := hmac.New(sha256.New, []byte(v.AccessKeySecret))
	mac.Write([]byte("ACS3-HMAC-SHA256\n" + sum(canonical)))
	return fmt.Sprintf("ACS3-HMAC-SHA256 Credential=%s,SignedHeaders=%s,Signature=%x", v.AccessKeyID, strings.Join(names, ";"), mac.Sum(nil))
}
