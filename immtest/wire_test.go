package immtest

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"image"
	"image/gif"
	"image/jpeg"
	"image/png"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// The tests send requests of their own making, so that they can be wrong in ways
// in which the client's never are. Their signatures come from signature.go,
// which is held against vectors from elsewhere in signature_test.go.

// unsigned is a request with every header but Authorization.
func unsigned(action string, params url.Values) *http.Request {
	return unsignedTo("http://localhost/", action, params)
}

func unsignedTo(base, action string, params url.Values) *http.Request {
	req, err := http.NewRequest(http.MethodPost, base+"?"+strings.ReplaceAll(params.Encode(), "+", "%20"), nil)
	if err != nil {
		panic(err)
	}
	req.Header.Set("X-Acs-Action", action)
	req.Header.Set("X-Acs-Version", apiVersion)
	req.Header.Set("X-Acs-Date", time.Now().UTC().Format(dateLayout))
	req.Header.Set("X-Acs-Signature-Nonce", newRequestID())
	setBody(req, "")
	return req
}

func setBody(req *http.Request, body string) {
	sum := sha256.Sum256([]byte(body))
	req.Header.Set("X-Acs-Content-Sha256", hex.EncodeToString(sum[:]))
	if body != "" {
		req.Body, req.ContentLength = io.NopCloser(strings.NewReader(body)), int64(len(body))
	}
}

func setForm(req *http.Request, params url.Values) {
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	setBody(req, params.Encode())
}

// sign adds the Authorization header.
func sign(req *http.Request, id, secret string) *http.Request {
	names := []string{"host"}
	for name := range req.Header {
		name = strings.ToLower(name)
		if name == "content-type" || strings.HasPrefix(name, "x-acs-") {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	in := &received{method: req.Method, url: req.URL, host: req.URL.Host, header: req.Header}
	canonical, err := canonicalRequest(in, names, req.Header.Get("X-Acs-Content-Sha256"))
	if err != nil {
		panic(err)
	}
	req.Header.Set("Authorization", algorithm+" Credential="+id+",SignedHeaders="+strings.Join(names, ";")+
		",Signature="+signature(secret, stringToSign(canonical)))
	return req
}

func signed(action string, params url.Values) *http.Request {
	return sign(unsigned(action, params), AccessKeyID, AccessKeySecret)
}

// reply is a response that was read.
type reply struct {
	status int
	header http.Header
	text   string
	body   map[string]any // nil where it is not JSON
}

func (r reply) code() string { code, _ := r.body["Code"].(string); return code }

func send(t *testing.T, s *Server, req *http.Request) reply {
	t.Helper()
	return sendBy(t, s.Transport(), req)
}

func sendBy(t *testing.T, by http.RoundTripper, req *http.Request) reply {
	t.Helper()
	resp, err := by.RoundTrip(req)
	require.NoError(t, err)
	defer func() { require.NoError(t, resp.Body.Close()) }()
	text, err := io.ReadAll(resp.Body)
	require.NoError(t, err)
	r := reply{status: resp.StatusCode, header: resp.Header, text: string(text)}
	if json.Unmarshal(text, &r.body) != nil {
		r.body = nil
	}
	return r
}

// ask makes a call that has to succeed.
func ask(t *testing.T, s *Server, action string, params url.Values) map[string]any {
	t.Helper()
	r := send(t, s, signed(action, params))
	require.Equal(t, http.StatusOK, r.status, r.text)
	return r.body
}

// inDataset are the parameters of a call, with pairs of further ones.
func inDataset(pairs ...string) url.Values {
	params := url.Values{"ProjectName": {"test-project"}, "DatasetName": {"test-dataset"}}
	for i := 0; i < len(pairs); i += 2 {
		params.Set(pairs[i], pairs[i+1])
	}
	return params
}

func pngImage(width, height int) []byte {
	var buf bytes.Buffer
	if err := png.Encode(&buf, image.NewGray(image.Rect(0, 0, width, height))); err != nil {
		panic(err)
	}
	return buf.Bytes()
}

func jpegImage(width, height int) []byte {
	var buf bytes.Buffer
	if err := jpeg.Encode(&buf, image.NewGray(image.Rect(0, 0, width, height)), nil); err != nil {
		panic(err)
	}
	return buf.Bytes()
}

func gifImage(width, height int) []byte {
	var buf bytes.Buffer
	if err := gif.Encode(&buf, image.NewGray(image.Rect(0, 0, width, height)), nil); err != nil {
		panic(err)
	}
	return buf.Bytes()
}

// newServer is closed at the end of the test.
func newServer(t *testing.T, opts ...Option) *Server {
	s := NewServer(opts...)
	t.Cleanup(s.Close)
	return s
}
