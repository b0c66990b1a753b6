package immtest

import (
	"context"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func parsedCertificate(t *testing.T, s *Server, url string) *x509.Certificate {
	t.Helper()
	text, err := s.Certificate(t.Context(), url)
	require.NoError(t, err)
	block, rest := pem.Decode(text)
	require.Empty(t, rest)
	certificate, err := x509.ParseCertificate(block.Bytes)
	require.NoError(t, err)
	return certificate
}

func TestTheCertificatesAreAsThoseOfTheServices(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	mns := parsedCertificate(t, s, mnsCertificateURL)
	require.Equal(t, 512, mns.PublicKey.(*rsa.PublicKey).N.BitLen())
	require.True(t, mns.NotAfter.Before(time.Now()), "it is expired")
	events := parsedCertificate(t, s, eventBridgeCertificate("cn-hangzhou"))
	require.Equal(t, 2048, events.PublicKey.(*rsa.PublicKey).N.BitLen())
	require.Equal(t, events, parsedCertificate(t, s, eventBridgeCertificate("eu-central-1")))
	require.Equal(t, mns, parsedCertificate(t, s, mnsCertificateURL), "it stays")
}

func TestACertificateOfAnotherURLIsAnError(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	for _, url := range []string{
		"", "x", mnsCertificateURL + "?", "http" + mnsCertificateURL[5:], mnsCertificateURL[8:],
		eventBridgeCertificate(""), eventBridgeCertificate("evil.example.com/"), eventBridgeCertificate("CN"), eventBridgeCertificate("cn-hangzhou")[8:],
	} {
		_, err := s.Certificate(t.Context(), url)
		require.ErrorContains(t, err, mnsCertificateURL, url)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := s.Certificate(ctx, mnsCertificateURL)
	require.ErrorIs(t, err, context.Canceled)
}

func TestARotatedCertificateHasAnotherKeyAtTheSameURL(t *testing.T) {
	t.Parallel()
	r, e := new(receiver), new(receiver)
	s := newServer(t, WithSubscription("test-topic", Subscription{Handler: r}), WithEventBridge(EventBridgeTarget{Handler: e}), WithIndexDelay(0))
	send := func() (gotPush, gotPush) {
		ask(t, s, "IndexFileMeta", inDataset("File", `{"URI":"oss://test-bucket/a"}`, "Notification", `{"MNS":{"TopicName":"test-topic"}}`))
		require.NoError(t, s.WaitDelivered(t.Context()))
		return r.all()[len(r.all())-1], e.all()[len(e.all())-1]
	}
	push, event := send()
	old, err := s.Certificate(t.Context(), mnsCertificateURL)
	require.NoError(t, err)
	s.RotateCertificate()
	require.Error(t, push.verify(s.Certificate), "the key is another one")
	require.Error(t, verifyEvent(&event, "http://localhost/notifications", s.Certificate))
	push, event = send()
	require.NoError(t, push.verify(s.Certificate))
	require.NoError(t, verifyEvent(&event, "http://localhost/notifications", s.Certificate))
	require.Error(t, push.verify(func(context.Context, string) ([]byte, error) { return old, nil }))
}

func TestTwoServersHaveTwoKeys(t *testing.T) {
	t.Parallel()
	require.NotEqual(t, parsedCertificate(t, newServer(t), mnsCertificateURL).PublicKey, parsedCertificate(t, newServer(t), mnsCertificateURL).PublicKey)
}
