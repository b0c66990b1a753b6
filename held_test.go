package imm_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/imm-go/imm"
)

// keeper is a transport that keeps all it gets, and copies of it beside. What was
// made of memory that is used again would differ from its copy later.
type keeper struct {
	mu       sync.Mutex
	requests []*http.Request
	bodies   []string
	copies   []string
}

// shown is all of a request that its owner can see, in memory of its own.
func shown(req *http.Request, body string) string {
	var b strings.Builder
	fmt.Fprintln(&b, req.Method, req.URL.String(), req.Host, req.ContentLength, body)
	_ = req.Header.Write(&b)
	return b.String()
}

func (k *keeper) RoundTrip(req *http.Request) (*http.Response, error) {
	body := ""
	if req.Body != nil {
		data, err := io.ReadAll(req.Body)
		_ = req.Body.Close()
		if err != nil {
			return nil, err
		}
		body = string(data)
	}
	k.mu.Lock()
	k.requests, k.bodies, k.copies = append(k.requests, req), append(k.bodies, body), append(k.copies, shown(req, body))
	n := len(k.requests)
	k.mu.Unlock()
	status, answer := http.StatusOK, fmt.Sprintf(`{"RequestId":"R%d","EventId":"E%d"}`, n, n)
	switch action := req.Header.Get("X-Acs-Action"); {
	case n%7 == 0:
		status, answer = http.StatusServiceUnavailable, fmt.Sprintf(`{"Code":"ServiceUnavailable","Message":"M%d","RequestId":"R%d"}`, n, n)
	case n%11 == 0:
		status, answer = http.StatusForbidden, fmt.Sprintf(`<html><title>T%d</title></html>`, n)
	case action == "GetBinding":
		answer = fmt.Sprintf(`{"RequestId":"R%d","Binding":{"State":"Running","URI":"oss://b%d","Reason":"\u00e9%d"}}`, n, n, n)
	case action == "SimpleQuery":
		answer = fmt.Sprintf(`{"RequestId":"R%d","Files":[{"URI":"oss://b/%d","CustomLabels":{"k%d":"v%d","n":%d},"Labels":[{"LabelName":"l%d"}]}]}`, n, n, n, n, n, n)
	}
	return &http.Response{StatusCode: status, Header: http.Header{}, Request: req, Body: io.NopCloser(strings.NewReader(answer)), ContentLength: int64(len(answer))}, nil
}

func TestNothingThatACallerHoldsEverChanges(t *testing.T) {
	t.Parallel()
	transport := new(keeper)
	client, err := imm.NewClient("cn-hangzhou", imm.StaticCredentials("id", "secret", ""),
		imm.WithHTTPClient(&http.Client{Transport: transport}), imm.WithRetry(imm.RetryPolicy{BaseDelay: time.Microsecond, MaxDelay: time.Microsecond}))
	require.NoError(t, err)
	const goroutines, calls = 16, 60
	type result struct {
		answer any
		err    error
		copied string
	}
	inText := func(answer any, err error) string { return fmt.Sprintf("%+v %v", answer, err) }
	results := make([][]result, goroutines)
	var wg sync.WaitGroup
	for g := range goroutines {
		wg.Go(func() {
			for i := range calls {
				answer, err := heldCall(t, client, g, i)
				results[g] = append(results[g], result{answer, err, strings.Clone(inText(answer, err))})
			}
		})
	}
	wg.Wait()

	nonces := make(map[string]bool)
	for i, req := range transport.requests {
		require.Equal(t, transport.copies[i], shown(req, transport.bodies[i]))
		nonces[req.Header.Get("X-Acs-Signature-Nonce")] = true
		if transport.bodies[i] != "" {
			requireOfOneCall(t, transport.bodies[i])
		}
	}
	require.Len(t, nonces, len(transport.requests))
	refused := 0
	for _, ofOne := range results {
		for _, r := range ofOne {
			require.Equal(t, r.copied, inText(r.answer, r.err))
			if _, isAPIError := errors.AsType[*imm.APIError](r.err); isAPIError {
				refused++
			}
		}
	}
	require.NotZero(t, refused, "errors are looked at, too")
	require.Greater(t, len(transport.requests), goroutines*calls, "and so are repeats")
}

// requireOfOneCall wants all files of a form to be those of its project.
func requireOfOneCall(t *testing.T, body string) {
	t.Helper()
	form, err := url.ParseQuery(body)
	require.NoError(t, err)
	project, files := form.Get("ProjectName"), form.Get("Files")
	require.Equal(t, 100, strings.Count(files, `"of":"`+project+`"`), project)
	require.Equal(t, 100, strings.Count(files, `"oss://b/`+project+`/`), project)
}

// heldCall makes one call of each kind in turn, with parameters of its own.
func heldCall(t *testing.T, client *imm.Client, g, i int) (any, error) {
	name := fmt.Sprintf("p%d-%d", g, i)
	switch i % 4 {
	case 0:
		return client.GetBinding(t.Context(), &imm.GetBindingRequest{ProjectName: name, DatasetName: "d", URI: "oss://b"})
	case 1:
		return client.SimpleQuery(t.Context(), &imm.SimpleQueryRequest{ProjectName: name, DatasetName: "d"})
	case 2:
		return client.BatchIndexFileMeta(t.Context(), &imm.BatchIndexFileMetaRequest{
			ProjectName: name, DatasetName: "d", Files: make100(name), UserData: string(bytes.Repeat([]byte{'u'}, i)),
		})
	}
	return client.IndexFileMeta(t.Context(), &imm.IndexFileMetaRequest{ProjectName: name, DatasetName: "d", File: imm.InputFile{URI: "oss://b/" + name}})
}

// make100 is enough for a form.
func make100(name string) []imm.InputFile {
	files := make([]imm.InputFile, 100)
	for i := range files {
		files[i] = imm.InputFile{URI: fmt.Sprintf("oss://b/%s/%d.jpg", name, i), CustomLabels: map[string]string{"of": name, "n": fmt.Sprint(i)}}
	}
	return files
}
