package bench

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/imm-go/imm/immtest"
)

// sent is a request as it went over the transport.
type sent struct {
	header http.Header // names in the form of net/http
	host   string
	query  string
	body   string
}

// recorder keeps the last request and answers as inMemory does.
type recorder struct {
	inMemory
	last sent
}

func (r *recorder) RoundTrip(req *http.Request) (*http.Response, error) {
	r.last = sent{header: make(http.Header), host: req.Host, query: req.URL.RawQuery}
	for name, values := range req.Header {
		r.last.header[http.CanonicalHeaderKey(name)] = values
	}
	if req.Body != nil {
		body, err := io.ReadAll(req.Body)
		if err != nil {
			return nil, err
		}
		r.last.body = string(body)
	}
	return r.inMemory.RoundTrip(req)
}

// params are the parameters wherever they are, those that are JSON in one form.
func (s *sent) params(t *testing.T) map[string]string {
	t.Helper()
	params := make(map[string]string)
	for _, encoded := range []string{s.query, s.body} {
		values, err := url.ParseQuery(encoded)
		require.NoError(t, err)
		for name := range values {
			require.Len(t, values[name], 1)
			require.NotContains(t, params, name)
			params[name] = values.Get(name)
			var value any
			if json.Unmarshal([]byte(params[name]), &value) == nil {
				data, err := json.Marshal(value)
				require.NoError(t, err)
				params[name] = string(data)
			}
		}
	}
	return params
}

// verify recomputes the signature from the documentation of ACS3-HMAC-SHA256.
func (s *sent) verify() error {
	_, signed, _ := strings.Cut(s.header.Get("Authorization"), ",SignedHeaders=")
	names, signature, found := strings.Cut(signed, ",Signature=")
	if !found {
		return fmt.Errorf("no signature in %q", s.header.Get("Authorization"))
	}
	list := strings.Split(names, ";")
	if !slices.IsSorted(list) {
		return fmt.Errorf("the names %q are not sorted", names)
	}
	for _, needed := range []string{"host", "x-acs-action", "x-acs-content-sha256", "x-acs-date", "x-acs-signature-nonce", "x-acs-version"} {
		if !slices.Contains(list, needed) {
			return fmt.Errorf("%s is not signed", needed)
		}
	}
	bodyHash := sha256.Sum256([]byte(s.body))
	if got := s.header.Get("X-Acs-Content-Sha256"); got != hex.EncodeToString(bodyHash[:]) {
		return fmt.Errorf("%s is not the hash of the body", got)
	}
	values, err := url.ParseQuery(s.query)
	if err != nil {
		return err
	}
	var headers strings.Builder
	for _, name := range list {
		value := s.header.Get(name)
		if name == "host" {
			value = s.host
		}
		headers.WriteString(name + ":" + value + "\n")
	}
	query := strings.ReplaceAll(values.Encode(), "+", "%20")
	canonical := sha256.Sum256([]byte("POST\n/\n" + query + "\n" + headers.String() + "\n" + names + "\n" + hex.EncodeToString(bodyHash[:])))
	mac := hmac.New(sha256.New, []byte(accessKeySecret))
	mac.Write([]byte("ACS3-HMAC-SHA256\n" + hex.EncodeToString(canonical[:])))
	if want := hex.EncodeToString(mac.Sum(nil)); signature != want {
		return fmt.Errorf("the signature is %s, want %s", signature, want)
	}
	return nil
}

// same calls an operation with every client and compares what they send and what
// they make of the answer.
func same[T any](t *testing.T, op operation[T]) {
	t.Helper()
	wantAnswer := canonical(t, op.answer)
	var wantParams map[string]string
	for _, name := range clientNames {
		transport := &recorder{inMemory: inMemory{op.answer}}
		call, err := prepare(name, op, transport)
		require.NoError(t, err)
		answer, err := call(t.Context())
		require.NoError(t, err, name)
		data, err := json.Marshal(answer)
		require.NoError(t, err)
		require.Equal(t, wantAnswer, canonical(t, data), name)

		params := transport.last.params(t)
		if wantParams == nil {
			wantParams = params
		}
		require.Len(t, params, len(op.params), name)
		require.Equal(t, wantParams, params, name)
		require.Equal(t, op.action, transport.last.header.Get("X-Acs-Action"), name)
		require.Equal(t, "2020-09-30", transport.last.header.Get("X-Acs-Version"), name)
		require.Equal(t, host, transport.last.host, name)
		require.NoError(t, transport.last.verify(), name)

		forged := transport.last
		forged.host += "x"
		require.Error(t, forged.verify(), name)
	}
}

// canonical is JSON without what is empty, with its names sorted.
func canonical(t *testing.T, data []byte) string {
	t.Helper()
	var object map[string]any
	require.NoError(t, json.Unmarshal(data, &object))
	for name, value := range object {
		if value == nil || value == "" {
			delete(object, name)
		}
	}
	out, err := json.Marshal(object)
	require.NoError(t, err)
	return string(out)
}

func TestAllClientsSendTheSameAndSignIt(t *testing.T) {
	t.Parallel()
	for _, labels := range []int{0, 1, 50} {
		for _, files := range []int{1, 10, 100} {
			t.Run(fmt.Sprintf("BatchIndexFileMeta of %d files with %d labels", files, labels), func(t *testing.T) {
				t.Parallel()
				same(t, batch(files, labels))
			})
		}
	}
	t.Run("GetBinding", func(t *testing.T) { t.Parallel(); same(t, getBinding()) })
	t.Run("SimpleQuery", func(t *testing.T) { t.Parallel(); same(t, simpleQuery()) })
}

// The emulator has a verifier of its own, so an error of the one above would show.
func TestTheEmulatorAcceptsTheSignaturesOfAllClients(t *testing.T) {
	t.Parallel()
	for _, name := range clientNames {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := immtest.NewServer(immtest.WithCredentials(accessKeyID, accessKeySecret, ""))
			t.Cleanup(server.Close)
			for _, files := range []int{1, 10} {
				call, err := prepare(name, batch(files, 1), server.Transport())
				require.NoError(t, err)
				_, err = call(t.Context())
				require.NoError(t, err)
			}
			call, err := prepare(name, simpleQuery(), server.Transport())
			require.NoError(t, err)
			_, err = call(t.Context())
			require.NoError(t, err)
			for _, request := range server.Requests() {
				require.Equal(t, http.StatusOK, request.Status, request.Action)
			}
			require.Len(t, server.Requests(), 3)
		})
	}
}
