package notify

import (
	"bytes"
	"context"
	"crypto"
	"crypto/md5"
	"crypto/rsa"
	"crypto/sha1"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"io"
	"math/big"
	"net/http"
	"net/http/httptest"
	"net/textproto"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/imm-go/imm"
)

// written is a request as a fuzzer can change it: its headers as lines.
func written(r *http.Request) (method, uri, headers string, body []byte) {
	var lines []string
	for name, values := range r.Header {
		for _, value := range values {
			lines = append(lines, name+": "+value)
		}
	}
	slices.Sort(lines)
	body, err := io.ReadAll(r.Body)
	mustWork(err)
	return r.Method, r.RequestURI, strings.Join(lines, "\n"), body
}

func parsed(method, uri, headers string, body []byte) *http.Request {
	r := httptest.NewRequest(http.MethodPost, "/", bytes.NewReader(body))
	r.Method, r.RequestURI = method, uri
	for line := range strings.SplitSeq(headers, "\n") {
		name, value, _ := strings.Cut(line, ": ")
		name = textproto.CanonicalMIMEHeaderKey(name)
		r.Header[name] = append(r.Header[name], value)
	}
	return r
}

// encodes is the reference for signatures: the whole encoding, as text.
func encodes(key *rsa.PublicKey, hash crypto.Hash, digest []byte, signature string) bool {
	sig, err := base64.StdEncoding.DecodeString(signature)
	s := new(big.Int).SetBytes(sig)
	if err != nil || len(sig) != key.Size() || s.Cmp(key.N) >= 0 {
		return false
	}
	info := map[crypto.Hash]string{crypto.SHA1: "3021300906052b0e03021a05000414", crypto.SHA256: "3031300d060960864801650304020105000420"}[hash]
	got := hex.EncodeToString(s.Exp(s, big.NewInt(int64(key.E)), key.N).FillBytes(make([]byte, key.Size())))
	rest, is := strings.CutSuffix(got, "00"+info+hex.EncodeToString(digest))
	return is && strings.HasPrefix(rest, "0001ff") && strings.Trim(rest[4:], "f") == ""
}

// only is the one value of a header.
func only(r *http.Request, name string) string {
	if values := r.Header.Values(name); len(values) == 1 {
		return strings.TrimSpace(values[0])
	}
	return ""
}

// isGenuine is the reference for pushes of MNS to /notifications by mnsKey.
func isGenuine(r *http.Request, body []byte) bool {
	sum := md5.Sum(body)
	hexed := hex.EncodeToString(sum[:])
	claimed := only(r, "Content-Md5")
	if !strings.EqualFold(claimed, hexed) && claimed != base64.StdEncoding.EncodeToString(sum[:]) && claimed != base64.StdEncoding.EncodeToString([]byte(hexed)) {
		return false
	}
	text := []string{r.Method, claimed, strings.ToLower(only(r, "Content-Type")), only(r, "Date")}
	var names []string
	for name := range r.Header {
		if strings.HasPrefix(name, "X-Mns-") {
			names = append(names, strings.ToLower(name))
		}
	}
	slices.Sort(names)
	for _, name := range names {
		text = append(text, name+":"+only(r, name))
	}
	uri := r.RequestURI
	if _, rest, isAbsolute := strings.Cut(uri, "://"); isAbsolute && uri[0] != '/' {
		_, rest, _ = strings.Cut(rest, "/")
		uri = "/" + rest
	}
	digest := sha1.Sum([]byte(strings.Join(append(text, uri), "\n")))
	return encodes(&mnsKey.PublicKey, crypto.SHA1, digest[:], only(r, "Authorization"))
}

func FuzzOnlyAGenuinePushReachesTheCallback(f *testing.F) {
	var called bool
	callback := func(context.Context, *imm.IndexMessage) error { called = true; return nil }
	handler, err := NewMNSHandler(callback, WithWindow(200*365*24*time.Hour), WithTopicOwner(pushOwner),
		WithCertificates(func(context.Context, string) ([]byte, error) { return mnsKey.pem, nil }))
	require.NoError(f, err)
	add := func(r *http.Request, sign bool) {
		method, uri, headers, body := written(r)
		f.Add(method, uri, headers, body, sign)
	}
	for _, p := range []signedPush{{}, {body: mnsJSON(pushMessage)}, {body: mnsXML()}, {body: "{}"}, {target: "/a?b=c"}, {body: "[" + pushEvent + "]"}} {
		add(p.mns(), false)
		add(p.mns(), true)
		r := p.mns()
		r.RequestURI = "http://example.com" + r.RequestURI
		add(r, false)
		r.Header.Add("X-Mns-Topic-Owner", "1")
		add(r, false)
	}
	f.Fuzz(func(t *testing.T, method, uri, headers string, body []byte, sign bool) {
		r := parsed(method, uri, headers, body)
		if sign { // so the fuzzer comes to what is behind the signature
			sum := md5.Sum(body)
			added := map[string]string{"content-md5": hex.EncodeToString(sum[:])}
			for name := range r.Header {
				if strings.HasPrefix(name, "X-Mns-") || name == "Date" {
					added[strings.ToLower(name)] = only(r, name)
				}
			}
			r = signedPush{body: string(body), contentType: only(r, "Content-Type"), headers: added}.mns()
			body, _ = io.ReadAll(r.Body) // an empty one was replaced
			r.Body = io.NopCloser(bytes.NewReader(body))
		}
		called = false
		w := httptest.NewRecorder()
		handler.ServeHTTP(w, r)
		require.Contains(t, []int{204, 400, 403, 405}, w.Code)
		if called {
			require.True(t, isGenuine(r, body), "the callback was called for a forgery")
		}
		if w.Code == http.StatusNoContent {
			require.True(t, called)
		}
	})
}

func FuzzOnlyAGenuineEventReachesTheCallback(f *testing.F) {
	var called bool
	callback := func(context.Context, *imm.IndexMessage) error { called = true; return nil }
	handler, err := NewEventBridgeHandler(callback, WithWindow(200*365*24*time.Hour), WithURL(bridgeHook), WithRegions("cn-hangzhou"),
		WithCertificates(func(context.Context, string) ([]byte, error) { return bridgeKey.pem, nil }))
	require.NoError(f, err)
	for _, p := range []signedPush{{}, {body: "{}"}, {headers: map[string]string{"x-eventbridge-signature-token": bridgeSecret}}, {body: "[" + pushEvent + "]"}} {
		for _, behind := range []string{"", "\n"} {
			method, uri, headers, body := written(p.bridge(behind))
			f.Add(method, uri, headers, body)
		}
	}
	const prefix = "X-Eventbridge-"
	f.Fuzz(func(t *testing.T, method, uri, headers string, body []byte) {
		r := parsed(method, uri, headers, body)
		called = false
		w := httptest.NewRecorder()
		handler.ServeHTTP(w, r)
		require.Contains(t, []int{204, 400, 403, 405}, w.Code)
		if !called {
			require.NotEqual(t, http.StatusNoContent, w.Code)
			return
		}
		text := bridgeHook + "\n"
		for _, name := range []string{"Signature-Timestamp", "Hash-Method", "Signature-Version", "Signature-Url", "Signature-Token"} {
			if value := only(r, prefix+name); value != "" || name != "Signature-Token" {
				text += strings.ToLower(prefix+name) + ": " + value + "\n"
			}
		}
		bare, ended := sha256.Sum256([]byte(text+string(body))), sha256.Sum256([]byte(text+string(body)+"\n"))
		signature := only(r, prefix+"Signature-V2")
		require.True(t, encodes(&bridgeKey.PublicKey, crypto.SHA256, bare[:], signature) || encodes(&bridgeKey.PublicKey, crypto.SHA256, ended[:], signature))
	})
}
