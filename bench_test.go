package imm_test

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"sort"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/imm-go/imm"
)

// inMemory answers at once, as little as a transport can do, so that what is
// measured is what the client adds to a call.
type inMemory struct{ answer []byte }

func (m inMemory) RoundTrip(req *http.Request) (*http.Response, error) {
	if req.Body != nil {
		_, _ = io.Copy(io.Discard, req.Body)
		_ = req.Body.Close()
	}
	return &http.Response{
		StatusCode: http.StatusOK, Header: http.Header{}, Request: req,
		Body: io.NopCloser(bytes.NewReader(m.answer)), ContentLength: int64(len(m.answer)),
	}, nil
}

func batch(n int) *imm.BatchIndexFileMetaRequest {
	files := make([]imm.InputFile, n)
	for i := range files {
		files[i] = imm.InputFile{URI: fmt.Sprintf("oss://test-bucket/photos/2024/IMG_%04d.jpg", i), CustomLabels: map[string]string{"category": "Pets"}}
	}
	return &imm.BatchIndexFileMetaRequest{
		ProjectName: project, DatasetName: dataset, Files: files, Notification: imm.Notification{MNS: imm.MNS{TopicName: topic}},
	}
}

func BenchmarkBatchIndexFileMeta(b *testing.B) {
	for _, n := range []int{1, 10, 100} {
		b.Run(fmt.Sprintf("files=%d", n), func(b *testing.B) {
			client, err := imm.NewClient("cn-hangzhou", imm.StaticCredentials("id", "secret", ""),
				imm.WithHTTPClient(&http.Client{Transport: inMemory{[]byte(accepted)}}))
			require.NoError(b, err)
			req, ctx := batch(n), context.Background()
			b.ReportAllocs()
			for b.Loop() {
				if _, err := client.BatchIndexFileMeta(ctx, req); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// BenchmarkStraightLine is the same work as one would write it by hand with the
// standard library and without a thought about speed, retries or errors.
func BenchmarkStraightLine(b *testing.B) {
	for _, n := range []int{1, 10, 100} {
		b.Run(fmt.Sprintf("files=%d", n), func(b *testing.B) {
			client := &http.Client{Transport: inMemory{[]byte(accepted)}}
			req, ctx := batch(n), context.Background()
			b.ReportAllocs()
			for b.Loop() {
				if _, err := straightLine(ctx, client, req); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func straightLine(ctx context.Context, client *http.Client, in *imm.BatchIndexFileMetaRequest) (*imm.BatchIndexFileMetaResponse, error) {
	files, err := json.Marshal(in.Files)
	if err != nil {
		return nil, err
	}
	notification, err := json.Marshal(in.Notification)
	if err != nil {
		return nil, err
	}
	query := strings.ReplaceAll(url.Values{
		"ProjectName": {in.ProjectName}, "DatasetName": {in.DatasetName}, "Files": {string(files)}, "Notification": {string(notification)},
	}.Encode(), "+", "%20")
	nonce := make([]byte, 16)
	_, _ = rand.Read(nonce)
	const host = "imm.cn-hangzhou.aliyuncs.com"
	empty := sha256.Sum256(nil)
	headers := map[string]string{
		"host": host, "x-acs-action": "BatchIndexFileMeta", "x-acs-version": "2020-09-30",
		"x-acs-date": time.Now().UTC().Format("2006-01-02T15:04:05Z"), "x-acs-signature-nonce": hex.EncodeToString(nonce),
		"x-acs-content-sha256": hex.EncodeToString(empty[:]),
	}
	var names []string
	for name := range headers {
		names = append(names, name)
	}
	sort.Strings(names)
	canonicalHeaders := ""
	for _, name := range names {
		canonicalHeaders += name + ":" + headers[name] + "\n"
	}
	signedNames := strings.Join(names, ";")
	canonical := strings.Join([]string{"POST", "/", query, canonicalHeaders, signedNames, headers["x-acs-content-sha256"]}, "\n")
	sum := sha256.Sum256([]byte(canonical))
	mac := hmac.New(sha256.New, []byte("secret"))
	mac.Write([]byte("ACS3-HMAC-SHA256\n" + hex.EncodeToString(sum[:])))
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, "https://"+host+"/?"+query, nil)
	if err != nil {
		return nil, err
	}
	for name, value := range headers {
		if name != "host" {
			req.Header.Set(name, value)
		}
	}
	req.Header.Set("Accept", "application/json")
	req.Header.Set("Authorization", "ACS3-HMAC-SHA256 Credential=id,SignedHeaders="+signedNames+",Signature="+hex.EncodeToString(mac.Sum(nil)))
	resp, err := client.Do(req)
	if err != nil {
		return nil, err
	}
	defer func() { _ = resp.Body.Close() }()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		return nil, err
	}
	if resp.StatusCode != http.StatusOK {
		return nil, errors.New(resp.Status)
	}
	var out imm.BatchIndexFileMetaResponse
	return &out, json.Unmarshal(body, &out)
}

// capture keeps what was sent.
type capture struct {
	inMemory
	query string
}

func (c *capture) RoundTrip(req *http.Request) (*http.Response, error) {
	query := req.URL.RawQuery
	if req.Body != nil {
		form, err := io.ReadAll(req.Body)
		if err != nil {
			return nil, err
		}
		query = string(form)
	}
	c.query = query
	return c.inMemory.RoundTrip(req)
}

func TestTheBenchmarkedVersionsSendTheSame(t *testing.T) {
	t.Parallel()
	for _, n := range []int{1, 100} {
		ours, plain := &capture{inMemory: inMemory{[]byte(accepted)}}, &capture{inMemory: inMemory{[]byte(accepted)}}
		client, err := imm.NewClient("cn-hangzhou", imm.StaticCredentials("id", "secret", ""), imm.WithHTTPClient(&http.Client{Transport: ours}))
		require.NoError(t, err)
		got, err := client.BatchIndexFileMeta(t.Context(), batch(n))
		require.NoError(t, err)
		want, err := straightLine(t.Context(), &http.Client{Transport: plain}, batch(n))
		require.NoError(t, err)
		require.Equal(t, want, got)
		require.Equal(t, plain.query, ours.query)
	}
}
