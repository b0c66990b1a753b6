package transport

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"os"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/imm-go/imm/internal/retry"
)

func TestHowFarARequestCameDecidesWhatItsEndMeans(t *testing.T) {
	t.Parallel()
	const unseen, asked, fresh, reused = 0, 1, 2, 3 // what the transport told
	refused := &net.OpError{Op: "dial", Err: errors.New("connection refused")}
	for name, tt := range map[string]struct {
		seen int
		err  error
		want retry.Class
	}{
		"no such host":                       {asked, &net.DNSError{IsNotFound: true}, retry.Unreachable},
		"a name server that fails":           {asked, &net.DNSError{IsTemporary: true}, retry.NotSent},
		"a name server, without a trace":     {unseen, &net.DNSError{}, retry.NotSent},
		"a certificate that is not accepted": {asked, &tls.CertificateVerificationError{Err: io.EOF}, retry.Unreachable},
		"no TLS there":                       {asked, tls.RecordHeaderError{Msg: "first record does not look like TLS"}, retry.Unreachable},
		"http where https is wanted":         {asked, http.ErrSchemeMismatch, retry.Unreachable},
		"refused":                            {asked, refused, retry.NotSent},
		"refused, without a trace":           {unseen, refused, retry.NotSent},
		"a proxy that refuses":               {unseen, &net.OpError{Op: "proxyconnect", Err: io.EOF}, retry.NotSent},
		"no connection in time":              {asked, context.DeadlineExceeded, retry.NotSent},
		"no answer in time":                  {fresh, context.DeadlineExceeded, retry.TimedOut},
		"no answer in time, reused":          {reused, os.ErrDeadlineExceeded, retry.TimedOut},
		"no answer in time, without a trace": {unseen, context.DeadlineExceeded, retry.TimedOut},
		"a new connection that breaks":       {fresh, io.EOF, retry.Lost},
		"an old connection that breaks":      {reused, &net.OpError{Op: "read", Err: io.EOF}, retry.Stale},
		"something, without a trace":         {unseen, errors.New("broken"), retry.Lost},
		"cancelled":                          {fresh, context.Canceled, retry.Lost},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			trace := NewTrace()
			hooks := httptrace.ContextClientTrace(trace.Context(t.Context()))
			if tt.seen >= asked {
				hooks.GetConn("host:443")
			}
			if tt.seen >= fresh {
				hooks.GotConn(httptrace.GotConnInfo{Reused: tt.seen == reused})
			}
			require.Equal(t, tt.seen == reused, trace.Reused())
			require.Equal(t, tt.want, trace.Classify(&url.Error{Op: "Get", URL: "https://h", Err: tt.err}))
			require.Equal(t, tt.want, trace.Classify(fmt.Errorf("wrapped: %w", tt.err)))
		})
	}
}

func TestAnAnswerThatBreaksOffIsLostOrLate(t *testing.T) {
	t.Parallel()
	require.Equal(t, retry.Lost, ClassifyBody(io.ErrUnexpectedEOF))
	require.Equal(t, retry.TimedOut, ClassifyBody(fmt.Errorf("body: %w", context.DeadlineExceeded)))
}

func TestTheParametersAreNotInTheCause(t *testing.T) {
	t.Parallel()
	require.Equal(t, io.EOF, Cause(&url.Error{Op: "Get", URL: "https://h?secret", Err: io.EOF}))
	require.Equal(t, io.EOF, Cause(io.EOF))
}
