package bench

import (
	"context"
	"net/http"

	"github.com/imm-go/imm"
)

// call makes one operation's request and returns the decoded answer.
type call func(ctx context.Context) (any, error)

// The clients that are measured, by the names that the results have.
const (
	oursName      = "ours"
	publishedName = "published" // the published core, driven as the published SDK does
	coreName      = "core"      // the same without that SDK's own work
	plainName     = "plain"     // the straight-line version
)

var clientNames = []string{oursName, publishedName, coreName, plainName}

// prepare returns the call of an operation by the client of that name, which
// sends through the transport.
func prepare[T any](name string, op operation[T], transport http.RoundTripper) (call, error) {
	httpClient := &http.Client{Transport: transport}
	switch name {
	case oursName:
		client, err := imm.NewClient(region, imm.StaticCredentials(accessKeyID, accessKeySecret, ""), imm.WithHTTPClient(httpClient))
		if err != nil {
			return nil, err
		}
		return func(ctx context.Context) (any, error) { return op.ours(ctx, client) }, nil
	case publishedName, coreName:
		client, err := newPublished(host, httpClient)
		if err != nil {
			return nil, err
		}
		if name == coreName {
			return func(context.Context) (any, error) { return callAlone(client, op) }, nil
		}
		return func(context.Context) (any, error) { return callPublished(client, op) }, nil
	default:
		return func(ctx context.Context) (any, error) { return callPlain(ctx, httpClient, host, op) }, nil
	}
}
