package immtest

import (
	"context"
	"crypto"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/imm-go/imm"
)

// verifyEvent checks the signature of an event by the steps of the documentation.
func verifyEvent(p *gotPush, target string, certificate func(context.Context, string) ([]byte, error)) error {
	text, err := certificate(context.Background(), p.header.Get("x-eventbridge-signature-url"))
	if err != nil {
		return err
	}
	block, _ := pem.Decode(text)
	parsed, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		return err
	}
	lines := []string{target}
	for _, name := range []string{"timestamp", "method", "version", "url", "token"} {
		name = "x-eventbridge-signature-" + name
		name = strings.Replace(name, "signature-method", "hash-method", 1)
		if value := p.header.Get(name); value != "" {
			lines = append(lines, name+": "+value)
		}
	}
	signature, err := base64.StdEncoding.DecodeString(p.header.Get("x-eventbridge-signature-v2"))
	if err != nil {
		return err
	}
	digest := sha256.Sum256([]byte(strings.Join(lines, "\n") + "\n" + p.body))
	return rsa.VerifyPKCS1v15(parsed.PublicKey.(*rsa.PublicKey), crypto.SHA256, digest[:], signature)
}

func TestEveryIndexCallIsASignedCloudEvent(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		plain, full := new(receiver), new(receiver)
		s := newServer(t, WithBucket("test-bucket", nil), WithClockOffset(time.Minute),
			WithEventBridge(EventBridgeTarget{Handler: plain}),
			WithEventBridge(EventBridgeTarget{Handler: full, URL: "https://example.com/events?a=b", Token: "the-token", Region: "cn-beijing"}))
		s.PutObject("test-bucket", "a.txt", []byte("a"))
		client := s.Client()
		_, err := client.IndexFileMeta(t.Context(), &imm.IndexFileMetaRequest{
			ProjectName: "test-project", DatasetName: "test-dataset", File: imm.InputFile{URI: "oss://test-bucket/a.txt", CustomID: "1"}, UserData: "mine",
		})
		require.NoError(t, err)
		require.NoError(t, s.WaitDelivered(t.Context()))
		_, err = client.BatchIndexFileMeta(t.Context(), &imm.BatchIndexFileMetaRequest{
			ProjectName: "test-project", DatasetName: "test-dataset", Files: []imm.InputFile{{URI: "oss://test-bucket/b.txt"}},
			Notification: imm.Notification{MNS: imm.MNS{TopicName: "test-topic"}},
		})
		require.NoError(t, err)
		require.NoError(t, s.WaitDelivered(t.Context()))

		require.Len(t, plain.all(), 2)
		require.Len(t, full.all(), 2)
		for i, p := range append(plain.all(), full.all()...) {
			target, region := "http://localhost/notifications", "cn-hangzhou"
			if i >= 2 {
				target, region = "https://example.com/events?a=b", "cn-beijing"
				require.Equal(t, "the-token", p.header.Get("x-eventbridge-signature-token"))
			} else {
				require.NotContains(t, p.header, "X-Eventbridge-Signature-Token")
			}
			require.NoError(t, verifyEvent(&p, target, s.Certificate))
			other := p
			other.body += " "
			require.Error(t, verifyEvent(&other, target, s.Certificate))
			require.Error(t, verifyEvent(&p, target+"x", s.Certificate))
			require.Equal(t, http.MethodPost, p.method)
			require.Equal(t, "application/json", p.header.Get("Content-Type"))
			require.Equal(t, strconv.FormatInt(p.at.Add(time.Minute).UnixMilli(), 10), p.header.Get("x-eventbridge-signature-timestamp"))
			require.Equal(t, "https://"+region+"-eventbridge.oss-accelerate.aliyuncs.com/x509_public_certificate_2021012501.pem",
				p.header.Get("x-eventbridge-signature-url"))

			var event map[string]any
			require.NoError(t, json.Unmarshal([]byte(p.body), &event))
			wantType := []string{"imm:FileMeta:Index", "imm:FileMeta:BatchIndex"}[i%2]
			data, _ := event["data"].(map[string]any)
			end, err := time.Parse(time.RFC3339, fmt.Sprint(data["EndTime"]))
			require.NoError(t, err)
			for name, want := range map[string]any{
				"source": "acs.imm", "specversion": "1.0", "type": wantType, "subject": "acs.imm:" + region + ":1000000000000000:test-project/test-dataset",
				"time": end.Format("2006-01-02T15:04:05+08:00"), "aliyunaccountid": "1000000000000000", "aliyunregionid": region, "aliyuneventbusname": "default",
				"aliyunpublishtime": end.Format("2006-01-02T15:04:05.000PRC"),
			} {
				require.Equal(t, want, event[name], name)
			}
			require.NotContains(t, event, "datacontenttype")
			require.Equal(t, "test-dataset", data["DatasetName"])

			messages, err := imm.ParseIndexMessages(p.header, []byte(p.body))
			require.NoError(t, err)
			require.Equal(t, []imm.Envelope{imm.EnvelopeCloudEvent}, messages[0].Envelopes)
			require.Equal(t, []string{"mine", ""}[i%2], messages[0].UserData)
			require.Len(t, messages[0].Files, 1)
		}
		require.Len(t, s.Messages("test-topic"), 1)
	})
}

func TestAnEventThatIsRefusedComesAgainWithItsID(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := new(refusing)
		s := newServer(t, WithBucket("test-bucket", nil), WithEventBridge(EventBridgeTarget{Handler: r}))
		ask(t, s, "IndexFileMeta", inDataset("File", `{"URI":"oss://test-bucket/a"}`))
		require.NoError(t, s.WaitDelivered(t.Context()))
		require.Len(t, r.all(), 4)
		for _, p := range r.all() {
			require.Equal(t, r.all()[0].body, p.body)
			require.NoError(t, verifyEvent(&p, "http://localhost/notifications", s.Certificate))
		}
		for _, gap := range r.gaps() {
			require.True(t, gap >= 10*time.Second && gap <= 20*time.Second, gap)
		}
		require.Equal(t, []SubscriptionState{{Name: "target-1", Endpoint: "http://localhost/notifications", Failed: 1, Attempts: 4,
			LastStatus: 500, LastError: "the receiver answered 500 Internal Server Error"}}, s.Subscriptions())
	})
}

func TestAPrintedTargetShowsNoToken(t *testing.T) {
	t.Parallel()
	target := EventBridgeTarget{Name: "mine", URL: "http://localhost/", Token: "s3cret"}
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q"} {
		require.NotContains(t, fmt.Sprintf(verb, target), "s3cret")
		require.NotContains(t, fmt.Sprintf(verb, &target), "s3cret")
	}
	require.Equal(t, "immtest.EventBridgeTarget mine http://localhost/", fmt.Sprint(target))
}
