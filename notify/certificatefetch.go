package notify

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"time"

	"github.com/imm-go/imm/internal/transport"
)

const (
	fetchTimeout   = 3 * time.Second // for all of a fetch, which leaves the callback a second
	maxCertificate = 64 << 10        // bytes
)

// certificateClient follows no redirect, because only the host in the URL is
// trusted.
var certificateClient = transport.NewClient(nil, 0)

// fetchCertificate is the default of WithCertificates.
func fetchCertificate(ctx context.Context, url string) ([]byte, error) {
	return fetchBy(ctx, certificateClient, url)
}

// fetchBy returns a refusal if the answer says that there is no such certificate,
// and another error if a later attempt may succeed.
func fetchBy(ctx context.Context, client *http.Client, url string) ([]byte, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, http.NoBody)
	if err != nil {
		return nil, err
	}
	request.Close = true // the next one is fetched in a day
	request.Header.Set("User-Agent", transport.UserAgent())
	answer, err := client.Do(request)
	if err != nil {
		return nil, err
	}
	defer answer.Body.Close()
	switch status := answer.StatusCode; {
	case status == http.StatusOK:
	case status == http.StatusRequestTimeout || status == http.StatusTooManyRequests:
		return nil, fmt.Errorf("status %d for %s", status, url)
	case status >= 400 && status < 500:
		return nil, forbidden("status %d for %s: there is no such certificate", status, url)
	default: // redirects as well
		return nil, fmt.Errorf("status %d for %s", status, url)
	}
	pem, err := io.ReadAll(io.LimitReader(answer.Body, maxCertificate+1))
	if err == nil {
		err = ctx.Err() // a host that notices first that nobody listens ends its answer as if it were whole
	}
	if err != nil {
		return nil, fmt.Errorf("the certificate did not arrive: %w", err)
	}
	return pem, nil
}
