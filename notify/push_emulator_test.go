package notify_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/imm-go/imm"
	"github.com/imm-go/imm/immtest"
	"github.com/imm-go/imm/notify"
)

const (
	emulatorAccount = immtest.AccountID
	emulatorHook    = "https://example.com/events?from=imm"
	emulatorToken   = "0123456789abcdefghij"
)

// pushTally is a callback that counts what it saw of each file.
type pushTally struct {
	mu        sync.Mutex
	files     map[string]int
	envelopes map[imm.Envelope]int
	fail      func(m *imm.IndexMessage) error // nil: never
	log       bytes.Buffer
}

func newPushTally() *pushTally {
	return &pushTally{files: make(map[string]int), envelopes: make(map[imm.Envelope]int)}
}

func (p *pushTally) handle(_ context.Context, m *imm.IndexMessage) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.fail != nil {
		if err := p.fail(m); err != nil {
			return err
		}
	}
	for _, e := range m.Envelopes {
		p.envelopes[e]++
	}
	for _, f := range m.Files {
		p.files[f.URI]++
	}
	return nil
}

func (p *pushTally) Write(text []byte) (int, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.log.Write(text)
}

func (p *pushTally) options(server *immtest.Server, opts ...notify.Option) []notify.Option {
	return append([]notify.Option{
		notify.WithCertificates(server.Certificate), notify.WithLogger(slog.New(slog.NewTextHandler(p, nil))),
	}, opts...)
}

func (p *pushTally) mns(t *testing.T, server *immtest.Server, opts ...notify.Option) http.Handler {
	t.Helper()
	handler, err := notify.NewMNSHandler(p.handle, p.options(server, append(opts, notify.WithTopicOwner(emulatorAccount))...)...)
	require.NoError(t, err)
	return handler
}

func (p *pushTally) bridge(t *testing.T, server *immtest.Server, opts ...notify.Option) http.Handler {
	t.Helper()
	handler, err := notify.NewEventBridgeHandler(p.handle, p.options(server, append(opts, notify.WithURL(emulatorHook), notify.WithRegions("cn-hangzhou"), notify.WithToken(emulatorToken))...)...)
	require.NoError(t, err)
	return handler
}

// requireOnce wants each of n files to have been handled once.
func (p *pushTally) requireOnce(t *testing.T, n int) {
	t.Helper()
	p.mu.Lock()
	defer p.mu.Unlock()
	require.Len(t, p.files, n, p.log.String())
	for uri, times := range p.files {
		require.Equal(t, 1, times, uri)
	}
}

// indexMany makes calls of 10 files each.
func indexMany(t *testing.T, server *immtest.Server, topic string, calls int) {
	t.Helper()
	client := server.Client()
	for i := range calls {
		var files []imm.InputFile
		for j := range 10 {
			files = append(files, imm.InputFile{URI: fmt.Sprintf("oss://test-bucket/%d-%d.jpg", i, j)})
		}
		_, err := client.BatchIndexFileMeta(t.Context(), &imm.BatchIndexFileMetaRequest{
			ProjectName: "test-project", DatasetName: "test-dataset", Files: files,
			Notification: imm.Notification{MNS: imm.MNS{TopicName: topic}},
		})
		require.NoError(t, err)
	}
}

func TestPushesOfTheEmulatorArriveInEveryFormat(t *testing.T) {
	t.Parallel()
	for name, format := range map[imm.Envelope]immtest.NotifyFormat{
		imm.EnvelopeMNSXML: immtest.NotifyXML, imm.EnvelopeMNSJSON: immtest.NotifyJSON, imm.EnvelopeMNSSimplified: immtest.NotifySimplified,
	} {
		t.Run(string(name), func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				server := immtest.NewServer()
				defer server.Close()
				tally := newPushTally()
				require.NoError(t, server.Subscribe("test-topic", immtest.Subscription{Handler: tally.mns(t, server), Format: format, Retries: []time.Duration{}}))
				indexMany(t, server, "test-topic", 10)
				require.NoError(t, server.WaitDelivered(t.Context()))
				tally.requireOnce(t, 100)
				require.Equal(t, 10, tally.envelopes[name])
				require.Empty(t, tally.log.String())
			})
		})
	}
}

func TestEventsOfTheEmulatorArrive(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		server := immtest.NewServer()
		defer server.Close()
		tally := newPushTally()
		require.NoError(t, server.AddEventBridge(immtest.EventBridgeTarget{URL: emulatorHook, Token: emulatorToken, Handler: tally.bridge(t, server), Retries: []time.Duration{}}))
		indexMany(t, server, "", 10)
		require.NoError(t, server.WaitDelivered(t.Context()))
		tally.requireOnce(t, 100)
		require.Equal(t, 10, tally.envelopes[imm.EnvelopeCloudEvent])
		require.Empty(t, tally.log.String())
	})
}

// What goes wrong on the way is refused, and comes again in order.
func TestEveryOutcomeArrivesOnceThroughAllThatGoesWrong(t *testing.T) {
	t.Parallel()
	for name, fault := range map[string]immtest.DeliveryFault{
		"duplicates":                      {Share: 0.5, Duplicate: true},
		"another order":                   {Share: 0.5, Reorder: true},
		"late ones":                       {Share: 0.5, Delay: 30 * time.Second},
		"forged signatures":               {Share: 0.3, WrongSignature: true},
		"forged bodies":                   {Share: 0.3, WrongBody: true},
		"old dates":                       {Share: 0.3, DateOffset: -20 * time.Minute},
		"dates of the future":             {Share: 0.3, DateOffset: 20 * time.Minute},
		"certificates from elsewhere":     {Share: 0.3, CertificateURL: "https://mns-cert.oss-cn-hangzhou.aliyuncs.com.evil.example/x.pem"},
		"a certificate that is not there": {Share: 0.3, CertificateURL: "https://mns-cert.oss-cn-beijing.aliyuncs.com/x.pem"},
		"duplicates and forgeries":        {Share: 0.3, Duplicate: true, WrongSignature: true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				server := immtest.NewServer()
				defer server.Close()
				fault.Times = -1
				server.InjectDelivery(fault)
				tallies := []*pushTally{newPushTally(), newPushTally()}
				for _, tally := range tallies {
					refusals := 0
					tally.fail = func(*imm.IndexMessage) error {
						if refusals++; refusals%5 == 0 {
							return errors.New("the database is down")
						}
						return nil
					}
				}
				memory, err := notify.NewMemoryDeduplicator(1000)
				require.NoError(t, err)
				require.NoError(t, server.Subscribe("test-topic", immtest.Subscription{Handler: tallies[0].mns(t, server, notify.WithDeduplication(memory)), Strategy: immtest.ExponentialDecayRetry}))
				retries := make([]time.Duration, 20)
				for i := range retries {
					retries[i] = 15 * time.Second
				}
				events, err := notify.NewMemoryDeduplicator(1000)
				require.NoError(t, err)
				require.NoError(t, server.AddEventBridge(immtest.EventBridgeTarget{URL: emulatorHook, Token: emulatorToken, Handler: tallies[1].bridge(t, server, notify.WithDeduplication(events)), Retries: retries}))
				indexMany(t, server, "test-topic", 50)
				require.NoError(t, server.WaitDelivered(t.Context()))
				for _, tally := range tallies {
					tally.requireOnce(t, 500)
					require.Contains(t, tally.log.String(), "the database is down")
				}
			})
		})
	}
}

func TestARotatedCertificateOfTheEmulatorIsFound(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		server := immtest.NewServer()
		defer server.Close()
		mns, bridge := newPushTally(), newPushTally()
		require.NoError(t, server.Subscribe("test-topic", immtest.Subscription{Handler: mns.mns(t, server), Retries: []time.Duration{}}))
		require.NoError(t, server.AddEventBridge(immtest.EventBridgeTarget{URL: emulatorHook, Token: emulatorToken, Handler: bridge.bridge(t, server), Retries: []time.Duration{}}))
		indexMany(t, server, "test-topic", 5)
		require.NoError(t, server.WaitDelivered(t.Context()))
		<-time.After(2 * time.Minute)
		server.RotateCertificate()
		indexMany(t, server, "test-topic", 20)
		require.NoError(t, server.WaitDelivered(t.Context()))
		for _, tally := range []*pushTally{mns, bridge} {
			require.Len(t, tally.files, 200)
			require.Empty(t, tally.log.String(), "none was refused")
		}
	})
}

func TestATrackerLearnsEveryOutcomeByPushesOverTheNetwork(t *testing.T) {
	t.Parallel()
	server := immtest.NewServer()
	defer server.Close()
	tracker, err := notify.NewTracker()
	require.NoError(t, err)
	handler, err := notify.NewMNSHandler(tracker.Handle, notify.WithSecretPath(emulatorToken), notify.WithCertificates(server.Certificate))
	require.NoError(t, err)
	mux := http.NewServeMux()
	mux.Handle("POST /notifications/", http.StripPrefix("/notifications", handler))
	receiver := httptest.NewServer(mux)
	defer receiver.Close()
	require.NoError(t, server.Subscribe("test-topic", immtest.Subscription{URL: receiver.URL + "/notifications/" + emulatorToken}))
	server.PutObject("test-bucket", "hello.txt", []byte("hello"))
	client := server.Client()
	var calls sync.WaitGroup
	for range 20 {
		calls.Go(func() {
			batch, err := tracker.BatchIndexFileMeta(t.Context(), client, &imm.BatchIndexFileMetaRequest{
				ProjectName: "test-project", DatasetName: "test-dataset",
				Files:        []imm.InputFile{{URI: "oss://test-bucket/hello.txt"}, {URI: "oss://test-bucket/missing.jpg"}},
				Notification: imm.Notification{MNS: imm.MNS{TopicName: "test-topic"}},
			})
			if err != nil {
				t.Error(err)
				return
			}
			outcomes, err := batch.Wait(t.Context())
			if err != nil || len(outcomes) != 2 || outcomes[0].Reason != "" || !strings.Contains(outcomes[1].Reason, "does not exist") {
				t.Error(outcomes, err)
			}
		})
	}
	calls.Wait()
}
