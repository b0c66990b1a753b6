package bench

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
)

// callPlain is the call as one would write it by hand with the standard library,
// without a thought about speed, repeats or errors.
func callPlain[T any](ctx context.Context, client *http.Client, host string, op operation[T]) (*T, error) {
	values := make(url.Values)
	for name, value := range op.params {
		text, ok := value.(string)
		if !ok {
			data, err := json.Marshal(value)
			if err != nil {
				return nil, err
			}
			text = string(data)
		}
		values.Set(name, text)
	}
	query := strings.ReplaceAll(values.Encode(), "+", "%20")
	nonce := make([]byte, 16)
	_, _ = rand.Read(nonce) // never fails
	empty := sha256.Sum256(nil)
	headers := map[string]string{
		"host": host, "x-acs-action": op.action, "x-acs-version": "2020-09-30",
		"x-acs-date": time.Now().UTC().Format("2006-01-02T15:04:05Z"), "x-acs-signature-nonce": hex.EncodeToString(nonce),
		"x-acs-content-sha256": hex.EncodeToString(empty[:]),
	}
	names := slices.Sorted(maps.Keys(headers))
	var canonicalHeaders strings.Builder
	for _, name := range names {
		canonicalHeaders.WriteString(name + ":" + headers[name] + "\n")
	}
	signedNames := strings.Join(names, ";")
	canonical := strings.Join([]string{"POST", "/", query, canonicalHeaders.String(), signedNames, headers["x-acs-content-sha256"]}, "\n")
	sum := sha256.Sum256([]byte(canonical))
	mac := hmac.New(sha256.New, []byte(accessKeySecret))
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
	req.Header.Set("Authorization", "ACS3-HMAC-SHA256 Credential="+accessKeyID+",SignedHeaders="+signedNames+",Signature="+hex.EncodeToString(mac.Sum(nil)))
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
	answer := new(T)
	return answer, json.Unmarshal(body, answer)
}
