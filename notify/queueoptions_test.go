package notify

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/imm-go/imm"
	"github.com/imm-go/imm/internal/retry"
)

type queuePointerProvider struct{}

func (*queuePointerProvider) Credentials(context.Context) (imm.Credentials, error) {
	return imm.Credentials{}, nil
}

func TestWhatMakesNoQueueReceiverIsNamed(t *testing.T) {
	t.Parallel()
	slow := func(timeout, header time.Duration) *http.Client {
		return &http.Client{Timeout: timeout, Transport: &http.Transport{ResponseHeaderTimeout: header}}
	}
	for want, tt := range map[string]struct {
		endpoint, name string
		creds          imm.CredentialsProvider
		callback       Callback
		opts           []Option
	}{
		"endpoint: it is empty":                        {"", queueName, queueStatic, handled, nil},
		"endpoint: it does not start with https://":    {"1234.mns.cn-hangzhou.aliyuncs.com", queueName, queueStatic, handled, nil},
		"endpoint: it has a path":                      {queueHost + "/queues/q", queueName, queueStatic, handled, nil},
		"endpoint: it has user info":                   {"https://hunter2@host", queueName, queueStatic, handled, nil},
		"endpoint: it is http to another machine":      {"http://emulator:8080", queueName, queueStatic, handled, nil},
		`queueName: "" is no name of a queue`:          {queueHost, "", queueStatic, handled, nil},
		`queueName: "a/b" is no name of a queue`:       {queueHost, "a/b", queueStatic, handled, nil},
		`queueName: "a b" is no name of a queue`:       {queueHost, "a b", queueStatic, handled, nil},
		`queueName: "a?b" is no name of a queue`:       {queueHost, "a?b", queueStatic, handled, nil},
		`queueName: "a%2e" is no name of a queue`:      {queueHost, "a%2e", queueStatic, handled, nil},
		`queueName: ".." is no name of a queue`:        {queueHost, "..", queueStatic, handled, nil},
		`queueName: "schlüssel" is no name of a queue`: {queueHost, "schlüssel", queueStatic, handled, nil},
		`at most 256`:                                   {queueHost, strings.Repeat("a", 257), queueStatic, handled, nil},
		"creds: the provider is nil;":                   {queueHost, queueName, nil, handled, nil},
		"creds: the provider is a nil pointer;":         {queueHost, queueName, (*queuePointerProvider)(nil), handled, nil},
		"creds: the access key secret is empty":         {queueHost, queueName, imm.StaticCredentials("id", "", "hunter2"), handled, nil},
		"creds: the access key id has a space":          {queueHost, queueName, imm.StaticCredentials("id\n", "hunter2", ""), handled, nil},
		"callback: it is nil":                           {queueHost, queueName, queueStatic, nil, nil},
		"opts[0]: it is nil":                            {queueHost, queueName, queueStatic, handled, []Option{nil}},
		"WithConcurrency: 0 is no number":               {queueHost, queueName, queueStatic, handled, []Option{WithConcurrency(0)}},
		"WithConcurrency: -1 is no number":              {queueHost, queueName, queueStatic, handled, []Option{WithConcurrency(-1)}},
		"WithConcurrency: 1025 is no number":            {queueHost, queueName, queueStatic, handled, []Option{WithConcurrency(1025)}},
		"WithLongPolling: -1s is no time":               {queueHost, queueName, queueStatic, handled, []Option{WithLongPolling(-time.Second)}},
		"WithLongPolling: 31s is no time":               {queueHost, queueName, queueStatic, handled, []Option{WithLongPolling(31 * time.Second)}},
		"WithLongPolling: 1.5s is no time":              {queueHost, queueName, queueStatic, handled, []Option{WithLongPolling(1500 * time.Millisecond)}},
		"WithVisibility: 9s is no time":                 {queueHost, queueName, queueStatic, handled, []Option{WithVisibility(9 * time.Second)}},
		"WithVisibility: 12h0m1s is no time":            {queueHost, queueName, queueStatic, handled, []Option{WithVisibility(12*time.Hour + time.Second)}},
		"WithVisibility: 10.5s is no time":              {queueHost, queueName, queueStatic, handled, []Option{WithVisibility(10500 * time.Millisecond)}},
		"WithHTTPClient: the client is nil":             {queueHost, queueName, queueStatic, handled, []Option{WithHTTPClient(nil)}},
		"WithHTTPClient: its timeout of 30s ends":       {queueHost, queueName, queueStatic, handled, []Option{WithHTTPClient(&http.Client{Timeout: 30 * time.Second})}},
		"WithHTTPClient: its timeout of 10s ends":       {queueHost, queueName, queueStatic, handled, []Option{WithHTTPClient(slow(time.Minute, 10*time.Second))}},
		"WithHTTPClient: its timeout of 20s ends":       {queueHost, queueName, queueStatic, handled, []Option{WithHTTPClient(slow(20*time.Second, 25*time.Second))}},
		"WithRetry: MaxAttempts is negative":            {queueHost, queueName, queueStatic, handled, []Option{WithRetry(imm.RetryPolicy{MaxAttempts: -1})}},
		"WithRetry: MaxDelay is below BaseDelay":        {queueHost, queueName, queueStatic, handled, []Option{WithRetry(imm.RetryPolicy{BaseDelay: 2, MaxDelay: 1})}},
		"WithTopicOwner: it has no meaning here":        {queueHost, queueName, queueStatic, handled, []Option{WithTopicOwner("1234567890123456")}},
		"endpoint: it has a query":                      {queueHost + "?hunter2", queueName, queueStatic, handled, nil},
		"endpoint: its port is not one from 1 to 65535": {"https://host:0", queueName, queueStatic, handled, nil},
		"WithLogger: the logger is nil":                 {queueHost, queueName, queueStatic, handled, []Option{WithLogger(nil)}},
		"WithUnreadable: the function is nil":           {queueHost, queueName, queueStatic, handled, []Option{WithUnreadable(nil)}},
		`queueName: "a" is no name of a queue`:          {queueHost, "a\x00", queueStatic, handled, nil},
	} {
		t.Run(want, func(t *testing.T) {
			t.Parallel()
			r, err := NewQueueReceiver(tt.endpoint, tt.name, tt.creds, tt.callback, tt.opts...)
			require.Nil(t, r)
			require.ErrorContains(t, err, want)
			require.ErrorContains(t, err, "imm: NewQueueReceiver: ")
			require.ErrorIs(t, err, imm.ErrInvalidArgument)
			require.NotContains(t, err.Error(), "hunter2")
		})
	}
	_, err := NewQueueReceiver("", "", nil, nil, nil, WithConcurrency(0))
	for _, part := range []string{"endpoint: ", "queueName: ", "creds: ", "callback: ", "opts[0]: ", "WithConcurrency: "} {
		require.ErrorContains(t, err, "imm: NewQueueReceiver: "+part, "all mistakes are named")
	}
}

func TestWhatMakesSenseMakesAQueueReceiver(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		endpoint, name string
		opts           []Option
	}{
		"nothing":               {queueHost, "q", nil},
		"inside":                {"https://1234567890123456.mns.cn-hangzhou-internal.aliyuncs.com/", "Q-1_a", nil},
		"a long name":           {queueHost, strings.Repeat("a", 256), nil},
		"an emulator":           {"http://localhost:8080", "q", nil},
		"one in a container":    {"http://emulator:8080", "q", []Option{WithInsecureHTTP()}},
		"the least":             {queueHost, "q", []Option{WithConcurrency(1), WithLongPolling(0), WithVisibility(10 * time.Second)}},
		"the most":              {queueHost, "q", []Option{WithConcurrency(1024), WithLongPolling(30 * time.Second), WithVisibility(12 * time.Hour)}},
		"a client":              {queueHost, "q", []Option{WithHTTPClient(&http.Client{})}},
		"a patient client":      {queueHost, "q", []Option{WithHTTPClient(&http.Client{Timeout: 31 * time.Second})}},
		"a client as patient":   {queueHost, "q", []Option{WithHTTPClient(&http.Client{Timeout: 10 * time.Second}), WithLongPolling(9 * time.Second)}},
		"an impatient client":   {queueHost, "q", []Option{WithHTTPClient(&http.Client{Timeout: time.Second}), WithLongPolling(0)}},
		"everything that helps": {queueHost, "q", []Option{WithLogger(slog.Default()), WithRetry(imm.RetryPolicy{MaxAttempts: 1})}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := NewQueueReceiver(tt.endpoint, tt.name, queueStatic, handled, tt.opts...)
			require.NoError(t, err)
		})
	}
	_, err := NewQueueReceiver(queueHost, "q", new(queuePointerProvider), handled)
	require.NoError(t, err, "a provider is not asked before the first request")
}

func TestTheQueuesOptionsHaveNoMeaningForPushes(t *testing.T) {
	t.Parallel()
	for name, opt := range map[string]Option{
		"WithConcurrency": WithConcurrency(1), "WithLongPolling": WithLongPolling(0), "WithVisibility": WithVisibility(time.Minute),
		"WithHTTPClient": WithHTTPClient(http.DefaultClient), "WithRetry": WithRetry(imm.RetryPolicy{}), "WithInsecureHTTP": WithInsecureHTTP(),
	} {
		for _, receiver := range []receiver{mnsPush, eventBridgePush} {
			_, err := newConfig(receiver, handled, []Option{opt})
			require.ErrorContains(t, err, name+": it has no meaning here")
		}
	}
}

func TestAnAttemptAtAQueueHasTenSecondsUnlessThePolicySaysOtherwise(t *testing.T) {
	t.Parallel()
	require.Equal(t, 10*time.Second, newQueueConfig().policy.AttemptTimeout)
	require.Equal(t, retry.Policy{MaxAttempts: 2}.Complete().MaxAttempts, queuePolicy(imm.RetryPolicy{MaxAttempts: 2}).MaxAttempts)
	require.Equal(t, 10*time.Second, queuePolicy(imm.RetryPolicy{MaxAttempts: 2}).AttemptTimeout)
	require.Equal(t, time.Second, queuePolicy(imm.RetryPolicy{AttemptTimeout: time.Second}).AttemptTimeout)
}

func TestALongPollHasTheTimeOfAnAttemptOnTopOfItsOwn(t *testing.T) {
	inQueue(t, func(t *testing.T, f *queueFake) {
		f.fail(queueFault{action: "BatchReceiveMessage", answer: queueHangs})
		r := f.receiver(t, queueStatic, handled, WithRetry(imm.RetryPolicy{MaxAttempts: 1, AttemptTimeout: 7 * time.Second}))
		begin := time.Now()
		_, res := r.api.receive(t.Context(), 1, 20*time.Second)
		require.Equal(t, 27*time.Second, time.Since(begin))
		require.ErrorIs(t, res.Err, imm.ErrUnavailable)
		require.ErrorContains(t, res.Err, "GET "+queueHost+"/queues/index-messages/messages: no complete answer within 27s")
	})
}

func TestAPrintedQueueReceiverShowsItsQueueAndNoSecret(t *testing.T) {
	t.Parallel()
	r, err := NewQueueReceiver(queueHost, queueName, imm.StaticCredentials("id", "hunter2", "hunter3"), handled)
	require.NoError(t, err)
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%d", "%x"} {
		require.Equal(t, "notify.QueueReceiver("+queueHost+"/queues/index-messages/messages)", fmt.Sprintf(verb, r))
	}
	require.Equal(t, r.String(), r.LogValue().String())
	text, err := json.Marshal(r)
	require.NoError(t, err)
	require.Equal(t, "{}", string(text))
}
