package imm_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/imm-go/imm"
	"github.com/imm-go/imm/immtest"
)

const (
	theSecret = "verySecretKey+/=1"
	theToken  = "verySecretToken+/=2"
)

// show prints a value in every way that ends up in logs, alone and inside of
// other values, where fmt does not ask unexported fields for their methods.
func show(value any) string {
	type unexported struct{ value any }
	return showExported(value) + showExported(unexported{value}) + showExported(&unexported{value}) + fmt.Sprintf("%p", value)
}

// showExported leaves out the two ways that go past the methods of a plain
// structure, which the documentation of Credentials names.
func showExported(value any) string {
	var out bytes.Buffer
	type exported struct{ Value any }
	for _, v := range []any{value, &value, []any{value}, map[string]any{"k": value}, exported{value}} {
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d", "%t", "%o", "%e", "%c", "%U", "%T"} {
			_, _ = fmt.Fprintf(&out, verb+"\n", v)
		}
		for _, handler := range []slog.Handler{slog.NewTextHandler(&out, nil), slog.NewJSONHandler(&out, nil)} {
			slog.New(handler).Info("log", "value", v)
		}
		text, err := json.Marshal(v)
		out.Write(text)
		_, _ = fmt.Fprintln(&out, err)
	}
	return out.String()
}

func requireNoSecret(t *testing.T, shown string) {
	t.Helper()
	for _, secret := range []string{theSecret, theToken} {
		for _, form := range []string{secret, secret[:12], fmt.Sprintf("%x", secret), fmt.Sprintf("%X", secret), fmt.Sprintf("%d", []byte(secret))} {
			if i := strings.Index(shown, form); i >= 0 {
				t.Fatalf("a secret is shown after ...%s", shown[max(0, i-300):i])
			}
		}
	}
}

func TestNothingPrintsASecret(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	keys := imm.Credentials{AccessKeyID: "STS.id", AccessKeySecret: theSecret, SecurityToken: theToken, Expires: time.Now().Add(time.Hour)}
	static := imm.StaticCredentials(keys.AccessKeyID, keys.AccessKeySecret, keys.SecurityToken)
	var log bytes.Buffer
	logger := slog.New(slog.NewJSONHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug, AddSource: true}))
	var observed []any
	observer := imm.Observer{
		CallStart:      func(ctx context.Context, i imm.CallInfo) context.Context { observed = append(observed, i); return ctx },
		AttemptDone:    func(_ context.Context, i imm.AttemptInfo) { observed = append(observed, i) },
		RetryScheduled: func(_ context.Context, i imm.RetryInfo) { observed = append(observed, i) },
		CallDone:       func(_ context.Context, i imm.CallResult) { observed = append(observed, i) },
	}

	// The server knows another secret, so its answers quote what was signed.
	wrong := immtest.NewServer(immtest.WithCredentials(keys.AccessKeyID, "another secret", theToken))
	defer wrong.Close()
	failing := immtest.NewServer(immtest.WithCredentials(keys.AccessKeyID, theSecret, theToken))
	defer failing.Close()

	shown := showExported(keys) + showExported(&keys) + show(static) + show(imm.EnvCredentials())
	for _, provider := range []imm.CredentialsProvider{static, &rotation{keys: []imm.Credentials{keys}}} {
		client := clientOf(wrong, provider, imm.WithLogger(logger), imm.WithObserver(observer))
		request := &imm.GetBindingRequest{ProjectName: project, DatasetName: dataset, URI: bucket}
		_, err := client.GetBinding(ctx, request)
		require.ErrorIs(t, err, imm.ErrUnauthenticated)
		require.ErrorContains(t, err, "SignatureDoesNotMatch")
		require.ErrorContains(t, err, "REDACTED", "the answer did quote the token")
		shown += show(client) + show(*request) + showError(err)

		client = clientOf(failing, provider, imm.WithLogger(logger), imm.WithObserver(observer), imm.WithRetry(imm.RetryPolicy{BaseDelay: 1}))
		for _, fault := range []immtest.Fault{
			{Reset: true, Times: -1}, {Status: 302, Times: -1, Header: http.Header{"Location": {"https://user:" + url.PathEscape(theToken) + "@x.example/" + theToken + "?" + theSecret}}},
			{Status: 500, Times: -1, Body: "<html>" + theToken + " and " + theSecret},
			{Code: "Odd." + theToken, Message: theSecret + theToken, Times: -1}, {Body: `{"odd":"` + theToken + `"}`, Times: -1},
			{Status: 400, Times: -1, Body: "<Error><Code>Odd</Code><Message>" + theSecret + "</Message><RequestId>" + theToken + "</RequestId></Error>"},
		} {
			failing.ClearFaults()
			failing.Inject(fault)
			_, err := client.GetBinding(ctx, request)
			require.Error(t, err)
			shown += showError(err) + show(client)
		}
		failing.ClearFaults()
	}
	for _, bad := range []imm.Credentials{{AccessKeyID: "id\n", AccessKeySecret: theSecret}, {AccessKeyID: "id", AccessKeySecret: theSecret, SecurityToken: theToken + "\n"}} {
		_, err := imm.NewClient("cn-hangzhou", imm.StaticCredentials(bad.AccessKeyID, bad.AccessKeySecret, bad.SecurityToken))
		require.Error(t, err)
		shown += showError(err) + showExported(bad)
	}
	_, err := imm.NewClient("cn-hangzhou", static, imm.WithEndpoint("https://user:"+theSecret+"@host.example/?t="+theToken))
	require.Error(t, err)
	shown += showError(err)
	insecure, err := imm.NewClient("cn-hangzhou", static, imm.WithInsecureHTTP(), imm.WithEndpoint("http://emulator"))
	require.NoError(t, err)
	shown += showError(getBinding(ctx, insecure)) + show(insecure)

	requireNoSecret(t, shown)
	requireNoSecret(t, show(observed))
	require.NotEmpty(t, observed)
	require.Contains(t, log.String(), "imm attempt")
	requireNoSecret(t, log.String())
	require.Contains(t, shown, "STS.id", "the id is no secret")
}

// showError shows an error and everything that it wraps.
func showError(err error) string {
	shown := show(err) + err.Error()
	if many, ok := err.(interface{ Unwrap() []error }); ok {
		for _, inner := range many.Unwrap() {
			shown += showError(inner)
		}
	} else if inner := errors.Unwrap(err); inner != nil {
		shown += showError(inner)
	}
	return shown
}
