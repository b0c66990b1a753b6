package immtest

import (
	"bytes"
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
)

// EventBridgeTarget is an HTTP target of EventBridge, to which every index call that
// finishes is an event.
type EventBridgeTarget struct {
	Name    string       // for Subscriptions and DeliveryFault; empty: target-1 and so on
	URL     string       // as in Subscription
	Handler http.Handler // likewise
	Token   string       // goes along in a header; empty: none
	Region  string       // whose certificate signs, and where events come from; empty: cn-hangzhou
	// Retries, where it is not nil, are the pauses before the repeats. Otherwise
	// there are three, each 10 to 20 s after the attempt before.
	Retries []time.Duration
}

const defaultRegion = "cn-hangzhou"

// Format writes name and URL whatever the verb, and not the token.
func (t EventBridgeTarget) Format(f fmt.State, _ rune) {
	_, _ = io.WriteString(f, strings.TrimSpace("immtest.EventBridgeTarget "+t.Name+" "+t.URL))
}

// WithEventBridge adds a target of EventBridge from the start, and again after
// Reset. Server.AddEventBridge says what a target gets. NewServer panics where
// AddEventBridge would return an error. The option may be repeated.
func WithEventBridge(target EventBridgeTarget) Option {
	return func(c *config) {
		target.Retries = slices.Clone(target.Retries)
		c.targets = append(c.targets, target)
	}
}

// AddEventBridge sends every index call that finishes from now on, with a
// Notification or without, to an HTTP target, as one event of CloudEvents 1.0 in a
// POST that is signed as EventBridge signs it. Its data is the message that a topic
// gets. Acknowledgement and limits are those of Subscribe. The error says what is
// wrong with the target, or that there is one of its name.
func (s *Server) AddEventBridge(target EventBridgeTarget) error {
	target.Retries = slices.Clone(target.Retries)
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.addEventBridge(target)
}

// Validate returns an error that says what AddEventBridge would refuse: a URL that
// is no http or https address, a name, token or region with other characters than
// these have, a pause below zero.
func (t EventBridgeTarget) Validate() error {
	switch {
	case t.Name != "" && !validTopic(t.Name):
		return fmt.Errorf("immtest: the EventBridge target's Name %q is not 1 to 255 letters, digits, - and _", t.Name)
	case strings.ContainsFunc(t.Token, func(r rune) bool { return r <= ' ' || r >= 0x7f }):
		return errors.New("immtest: the EventBridge target's Token has a character that cannot stand in a header")
	case t.Region != "" && !validRegion(t.Region):
		return fmt.Errorf("immtest: the EventBridge target's Region %q is none, such as cn-hangzhou", t.Region)
	}
	if _, err := pushURL(t.URL, t.Handler); err != nil {
		return fmt.Errorf("immtest: the EventBridge target %w", err)
	}
	return checkPauses(t.Retries)
}

// addEventBridge makes the destination of a target. The caller holds s.mu.
func (s *Server) addEventBridge(t EventBridgeTarget) error {
	if err := t.Validate(); err != nil {
		return err
	}
	taken := func(name string) bool {
		return slices.ContainsFunc(s.deliveries.destinations, func(d *destination) bool { return d.topic == "" && d.name == name })
	}
	if t.Name == "" {
		t.Name = freeName("target", taken)
	}
	if taken(t.Name) {
		return fmt.Errorf("immtest: there is an EventBridge target %s already", t.Name)
	}
	if t.Region == "" {
		t.Region = defaultRegion
	}
	to := &destination{name: t.Name, region: t.Region, handler: t.Handler, pauses: BackoffRetry.pauses()}
	to.url, _ = pushURL(t.URL, t.Handler) // Validate has looked at it
	if t.Retries != nil {
		to.pauses = fixedPauses(t.Retries)
	}
	to.request = func(s *Server, d *delivery) (http.Header, []byte) { return s.eventBridgePush(to, t.Token, d) }
	s.deliveries.destinations = append(s.deliveries.destinations, to)
	return nil
}

func validRegion(region string) bool {
	return region != "" && strings.Trim(region, "abcdefghijklmnopqrstuvwxyz0123456789-") == ""
}

// cloudEvent is an event as EventBridge delivers it. The form of
// aliyunpublishtime, whose zone is a name, is the documented one.
type cloudEvent struct {
	ID          string          `json:"id"`
	Source      string          `json:"source"`
	SpecVersion string          `json:"specversion"`
	Type        string          `json:"type"`
	Subject     string          `json:"subject"`
	Time        string          `json:"time"`
	AccountID   string          `json:"aliyunaccountid"`
	PublishTime string          `json:"aliyunpublishtime"`
	BusName     string          `json:"aliyuneventbusname"`
	RegionID    string          `json:"aliyunregionid"`
	Data        json.RawMessage `json:"data"`
}

// newEvent is the outcome of an index call as the event that one region sends.
func newEvent(m *indexMessage, isBatch bool, region string) []byte {
	return encodeJSON(cloudEvent{
		ID:          newRequestID(),
		Source:      "acs.imm",
		SpecVersion: "1.0",
		Type:        eventType(isBatch),
		Subject:     "acs.imm:" + region + ":" + AccountID + ":" + m.ProjectName + "/" + m.DatasetName,
		Time:        m.EndTime.Format(time.RFC3339),
		AccountID:   AccountID,
		PublishTime: m.EndTime.Format("2006-01-02T15:04:05.000") + "PRC",
		BusName:     "default",
		RegionID:    region,
		Data:        encodeJSON(m),
	})
}

// eventBridgePush is a push with its signature.
func (s *Server) eventBridgePush(to *destination, token string, d *delivery) (http.Header, []byte) {
	body := d.message
	certificateURL := eventBridgeCertificate(to.region)
	if d.fault.CertificateURL != "" {
		certificateURL = d.fault.CertificateURL
	}
	header := http.Header{"Content-Type": {"application/json"}, "User-Agent": {"Aliyun-EventBridge"}}
	toSign := []byte(to.url.String() + "\n")
	for _, h := range [][2]string{ // in the order of the signature
		{"x-eventbridge-signature-timestamp", strconv.FormatInt(s.now().Add(d.fault.DateOffset).UnixMilli(), 10)},
		{"x-eventbridge-hash-method", "SHA256"},
		{"x-eventbridge-signature-version", "1.0"},
		{"x-eventbridge-signature-url", certificateURL},
		{"x-eventbridge-signature-token", token},
	} {
		if h[1] != "" {
			header.Set(h[0], h[1])
			toSign = append(toSign, h[0]+": "+h[1]+"\n"...)
		}
	}
	key := s.signing.eventBridgeKey()
	if d.fault.WrongSignature {
		key = newEventBridgeKey()
	}
	header.Set("X-Eventbridge-Signature-V2", base64.StdEncoding.EncodeToString(key.sign(append(toSign, body...))))
	if d.fault.WrongBody {
		body = append(bytes.Clone(body), ' ')
	}
	return header, body
}

// eventBridgeCertificate is where the certificate of a region is.
func eventBridgeCertificate(region string) string {
	return "https://" + region + eventBridgeCertificatePath
}

const eventBridgeCertificatePath = "-eventbridge.oss-accelerate.aliyuncs.com/x509_public_certificate_2021012501.pem"

func isEventBridgeCertificate(url string) bool {
	region, isOne := strings.CutSuffix(strings.TrimPrefix(url, "https://"), eventBridgeCertificatePath)
	return isOne && validRegion(region) && strings.HasPrefix(url, "https://")
}

// eventBridgeKey signs for all regions.
type eventBridgeKey struct {
	private     *rsa.PrivateKey
	certificate []byte // PEM
}

func newEventBridgeKey() *eventBridgeKey {
	// It does not fail: the size is allowed, and so is what is signed.
	private, _ := rsa.GenerateKey(rand.Reader, 2048)
	return &eventBridgeKey{private, newCertificate("eventbridge.aliyuncs.com", &private.PublicKey, private)}
}

func (k *eventBridgeKey) sign(text []byte) []byte {
	digest := sha256.Sum256(text)
	signature, _ := rsa.SignPKCS1v15(nil, k.private, crypto.SHA256, digest[:])
	return signature
}
