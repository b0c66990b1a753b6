package immtest

import (
	"encoding/json"
	"encoding/xml"
	"net/http"
	"strconv"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
)

// pushed is what a receiver gets of one message.
func pushed(t *testing.T, sub Subscription, tag, message string, opts ...Option) (*Server, gotPush) {
	t.Helper()
	r := new(receiver)
	sub.Handler = r
	s := newServer(t, append(opts, WithSubscription("test-topic", sub))...)
	s.Publish("test-topic", tag, []byte(message))
	require.NoError(t, s.WaitDelivered(t.Context()))
	require.Len(t, r.all(), 1)
	return s, r.all()[0]
}

func TestAPushIsSignedAsMNSSignsIt(t *testing.T) {
	t.Parallel()
	for name, sub := range map[string]Subscription{
		"XML":        {},
		"JSON":       {Format: NotifyJSON},
		"SIMPLIFIED": {Format: NotifySimplified, URL: "https://example.com:8443/a%2Fb/notifications?q=1&p=%20"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, p := pushed(t, sub, "", `{"Success":true,"Message":"<&>\"é"}`)
			require.NoError(t, p.verify(s.Certificate))
			for _, changed := range []func(p *gotPush){
				func(p *gotPush) { p.method = http.MethodPut },
				func(p *gotPush) { p.uri += "x" },
				func(p *gotPush) { p.body += " " },
				func(p *gotPush) { p.header.Set("Date", "Wed, 25 May 2016 10:46:14 GMT") },
				func(p *gotPush) { p.header.Set("X-Mns-Version", "2015-06-07") },
				func(p *gotPush) { p.header.Set("X-Mns-More", "1") },
				func(p *gotPush) { p.header.Set("Content-Type", "text/plain") },
				func(p *gotPush) { p.header.Set("Authorization", p.header.Get("X-Mns-Signing-Cert-Url")) },
			} {
				other := p
				other.header = p.header.Clone()
				changed(&other)
				require.Error(t, other.verify(s.Certificate))
			}
		})
	}
}

func TestThePushOfEachFormatHasTheHeadersAndTheBodyOfMNS(t *testing.T) {
	t.Parallel()
	const message = `{"Success":true,"Message":"<&>"}`
	for name, c := range map[string]struct {
		format      NotifyFormat
		contentType string
	}{
		"XML":        {NotifyXML, "text/xml;charset=utf-8"},
		"JSON":       {NotifyJSON, "text/plain;charset=utf-8"},
		"SIMPLIFIED": {NotifySimplified, "text/plain;charset=utf-8"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				_, p := pushed(t, Subscription{Name: "mine", Format: c.format}, "the-tag", message, WithClockOffset(time.Hour))
				require.Equal(t, []string{"POST", "localhost", "/notifications"}, []string{p.method, p.host, p.uri})
				h := p.header
				require.Equal(t, c.contentType, h.Get("Content-Type"))
				require.Equal(t, p.at.Add(time.Hour).UTC().Format(http.TimeFormat), h.Get("Date"))
				require.Regexp(t, `^[0-9A-F]{24}$`, h.Get("x-mns-request-id"))
				require.Regexp(t, `^[0-9A-F]{16}-1-[0-9A-F]{10}-[0-9A-F]{6}$`, h.Get("x-mns-message-id"))
				published := strconv.FormatInt(p.at.Add(time.Hour).UnixMilli(), 10)
				for name, want := range map[string]string{
					"x-mns-version": "2015-06-06", "x-mns-message-tag": "the-tag", "x-mns-publish-time": published,
					"x-mns-topic-name": "test-topic", "x-mns-topic-owner": "1000000000000000", "x-mns-subscriber": "1000000000000000",
					"x-mns-subscription-name": "mine",
					"x-mns-signing-cert-url":  "aHR0cHM6Ly9tbnMtY2VydC5vc3MtY24taGFuZ3pob3UuYWxpeXVuY3MuY29tL3g1MDlfcHVibGljX2NlcnRpZmljYXRlLnBlbQ==",
				} {
					require.Equal(t, want, h.Get(name), name)
				}
				type envelope struct {
					XMLName                                      xml.Name `xml:"http://mns.aliyuncs.com/doc/v1/ Notification" json:"-"`
					TopicOwner, TopicName                        string
					Subscriber, SubscriptionName                 string
					MessageID                                    string `xml:"MessageId" json:"MessageId"`
					Message, MessageMD5, MessageTag, PublishTime string
				}
				var got envelope
				switch c.format {
				case NotifySimplified:
					require.Equal(t, message, p.body)
					return
				case NotifyJSON:
					require.NoError(t, json.Unmarshal([]byte(p.body), &got))
				default:
					require.NoError(t, xml.Unmarshal([]byte(p.body), &got))
				}
				got.XMLName = xml.Name{}
				require.Equal(t, envelope{
					TopicOwner: "1000000000000000", TopicName: "test-topic", Subscriber: "1000000000000000", SubscriptionName: "mine",
					MessageID: h.Get("x-mns-message-id"), Message: message, MessageMD5: "D130F13B96A445E624FCA30AA5A5AA65", MessageTag: "the-tag",
					PublishTime: published,
				}, got)
			})
		})
	}
}

func TestAMessageWithoutATagHasNone(t *testing.T) {
	t.Parallel()
	for _, format := range []NotifyFormat{NotifyXML, NotifyJSON} {
		_, p := pushed(t, Subscription{Format: format}, "", "text")
		require.NotContains(t, p.header, "X-Mns-Message-Tag")
		require.NotContains(t, p.body, "MessageTag")
	}
}

func TestARepeatHasANewDateAndSignatureAndTheSameMessageID(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := &receiver{statuses: []int{http.StatusForbidden, http.StatusInternalServerError}}
		s := newServer(t, WithSubscription("test-topic", Subscription{Handler: r}))
		s.Publish("test-topic", "", []byte("text"))
		require.NoError(t, s.WaitDelivered(t.Context()))
		got := r.all()
		require.Len(t, got, 3)
		for i, p := range got {
			require.NoError(t, p.verify(s.Certificate))
			require.Equal(t, got[0].header.Get("X-Mns-Message-Id"), p.header.Get("X-Mns-Message-Id"))
			require.Equal(t, got[0].header.Get("X-Mns-Publish-Time"), p.header.Get("X-Mns-Publish-Time"))
			require.Equal(t, got[0].body, p.body)
			require.Equal(t, p.at.UTC().Format(http.TimeFormat), p.header.Get("Date"))
			if i > 0 {
				for _, name := range []string{"Date", "Authorization", "X-Mns-Request-Id"} {
					require.NotEqual(t, got[i-1].header.Get(name), p.header.Get(name), name)
				}
			}
		}
	})
}
