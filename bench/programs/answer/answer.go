// Package answer is what the programs have in place of the service. It is linked
// into all of them, so that it counts for none.
package answer

import (
	"io"
	"log/slog"
	"net/http"
	"strings"
)

// Transport answers every request with a binding.
type Transport struct{}

// RoundTrip implements http.RoundTripper.
func (Transport) RoundTrip(req *http.Request) (*http.Response, error) {
	const binding = `{"RequestId":"R","Binding":{"ProjectName":"p","DatasetName":"d","URI":"oss://b","State":"Running"}}`
	return &http.Response{
		StatusCode: http.StatusOK, Header: make(http.Header), Request: req,
		Body: io.NopCloser(strings.NewReader(binding)), ContentLength: int64(len(binding)),
	}, nil
}

// Client sends to a Transport.
func Client() *http.Client { return &http.Client{Transport: Transport{}} }

// Log says how a call ended.
func Log(answer any, err error) {
	if err != nil {
		slog.Error("call", "error", err)
		return
	}
	slog.Info("call", "answer", answer)
}
