package notify

import (
	"context"
	"fmt"
	"net/url"
	"strings"
	"time"

	"github.com/imm-go/imm/internal/pkcs1"
)

const (
	mnsWindow         = 15 * time.Minute
	eventBridgeWindow = time.Minute
	maxBody           = 1 << 20 // bytes; imm.ParseIndexMessages takes no more
	minSecret         = 16      // characters; at random from 64 they are 96 bits
	leastKeyBits      = 512     // of the keys of MNS
	leastEventBridge  = 1024    // bits, below which crypto/rsa refuses keys, too
)

// pushConfig is what the options of the handlers set. What may be secret is behind
// a pointer, because fmt prints what is in unexported fields.
type pushConfig struct {
	window     time.Duration
	maxBody    int64
	minKeyBits int
	fetch      func(ctx context.Context, url string) ([]byte, error)

	method, topicOwner   string   // empty: the request's; any
	regions              []string // of EventBridge
	target, url          *string  // nil: the request's; none
	secretSegment, token *string  // nil: none
}

func newPushConfig(r receiver) pushConfig {
	c := pushConfig{window: mnsWindow, maxBody: maxBody, minKeyBits: leastKeyBits, fetch: fetchCertificate}
	if r == eventBridgePush {
		c.window, c.minKeyBits = eventBridgeWindow, leastEventBridge
	}
	return c
}

// WithCertificates gets the certificates, as PEM, from elsewhere than the network,
// such as a file. It is called only with URLs that a push may name, and what it
// returns is cached as what is fetched. Its context ends after 3 seconds, and it
// must then return. It may be called by up to 4 goroutines at once, and its error
// is answered with 500. At most 64 KiB are taken. NewMNSHandler and
// NewEventBridgeHandler take it. A nil function is refused. The default is to fetch
// over https, through the proxy that the environment names, without following
// redirects.
func WithCertificates(fetch func(ctx context.Context, url string) (pem []byte, err error)) Option {
	return func(c *config) error {
		if fetch == nil {
			return c.refuse("WithCertificates", "the function is nil; leave the option out to fetch certificates over https")
		}
		c.push.fetch = fetch
		return c.only("WithCertificates", mnsPush|eventBridgePush)
	}
}

// WithWindow sets how far the signed time of a push may be off in either direction.
// Whoever recorded a push can send it again for as long. NewMNSHandler and
// NewEventBridgeHandler take it. What is not positive is refused. The default is 15
// minutes for MNS and 60 seconds for EventBridge.
func WithWindow(d time.Duration) Option {
	return func(c *config) error {
		if d <= 0 {
			return c.refuse("WithWindow", fmt.Sprintf("%v is not positive; want as much as clocks may differ, such as 5m", d))
		}
		c.push.window = d
		return c.only("WithWindow", mnsPush|eventBridgePush)
	}
}

// WithMaxBody sets the size in bytes above which a push is answered with 413, from
// 1 to 1 MiB. A larger one would not be read as a message anyway. NewMNSHandler and
// NewEventBridgeHandler take it. The default is 1 MiB.
func WithMaxBody(n int64) Option {
	return func(c *config) error {
		if n < 1 || n > maxBody {
			return c.refuse("WithMaxBody", fmt.Sprintf("%d bytes are not from 1 to %d", n, maxBody))
		}
		c.push.maxBody = n
		return c.only("WithMaxBody", mnsPush|eventBridgePush)
	}
}

// WithMinKeySize sets how many bits the modulus of a key must have, from 512 to
// 8192. Pushes that are signed with a smaller one are refused. Raise it once MNS
// signs with larger keys: those of 512 bits, which it has, can be factored.
// NewMNSHandler and NewEventBridgeHandler take it. The default is 512 for MNS and
// 1024 for EventBridge.
func WithMinKeySize(bits int) Option {
	return func(c *config) error {
		if bits < leastKeyBits || bits > pkcs1.MaxBits {
			return c.refuse("WithMinKeySize", fmt.Sprintf("%d bits are not from %d to %d", bits, leastKeyBits, pkcs1.MaxBits))
		}
		c.push.minKeyBits = bits
		return c.only("WithMinKeySize", mnsPush|eventBridgePush)
	}
}

// WithSecretPath refuses pushes unless the last segment of their path, up to the
// query, is the secret. Register such a path with the sender, over https, and do
// not log paths in front of the handler. The path is signed, so nobody who does not
// know it can have a push to it signed. The secret has at least 16 characters, all
// of them letters, digits or - . _ ~, and is compared in constant time.
//
// With WithPath or WithURL, what these say must end with the secret as well. For
// EventBridge, the request must come in with it; leave the option out if a proxy
// changes the path, as the URL is signed either way. NewMNSHandler and
// NewEventBridgeHandler take it. The default is to take any path that is signed.
func WithSecretPath(secret string) Option {
	return func(c *config) error {
		if len(secret) < minSecret || strings.Trim(secret, unreserved) != "" {
			return c.refuse("WithSecretPath", fmt.Sprintf("the secret, which is not shown, has %d bytes; want at least %d, all of them letters, digits or - . _ ~, such as crypto/rand.Text returns", len(secret), minSecret))
		}
		c.push.secretSegment = &secret
		return c.only("WithSecretPath", mnsPush|eventBridgePush)
	}
}

const unreserved = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~"

// WithTopicOwner refuses pushes for topics of other accounts than the one whose id,
// a number, it is given. It compares the header x-mns-topic-owner, which is signed.
// Use it, or WithSecretPath, or both: MNS signs neither the host nor the account
// of the receiver, so that a signature alone says only that MNS sent the push to
// somebody. NewMNSHandler takes it. The default is any account.
func WithTopicOwner(accountID string) Option {
	return func(c *config) error {
		if accountID == "" || strings.Trim(accountID, "0123456789") != "" {
			return c.refuse("WithTopicOwner", "the account id is "+quoted(accountID)+"; want its digits, such as 1000000000000000")
		}
		c.push.topicOwner = accountID
		return c.only("WithTopicOwner", mnsPush)
	}
}

// WithMethod names the method that the sender uses, if a proxy before the handler
// changes it. Requests of any method are then taken, provided that the signature is
// right for this one. NewMNSHandler takes it. The default is the method of the
// request, which must be POST.
func WithMethod(method string) Option {
	return func(c *config) error {
		if method == "" || strings.Trim(method, "ABCDEFGHIJKLMNOPQRSTUVWXYZ") != "" {
			return c.refuse("WithMethod", "the method is "+quoted(method)+"; want it in capitals, such as POST")
		}
		c.push.method = method
		return c.only("WithMethod", mnsPush)
	}
}

// WithPath names the path that the sender calls, together with its query if there
// is one, if a proxy before the handler changes it. It is what the URL of the
// subscription has behind the host. NewMNSHandler takes it. The default is what the
// first line of the request says, which net/http.StripPrefix leaves as it was.
func WithPath(path string) Option {
	return func(c *config) error {
		if !strings.HasPrefix(path, "/") || !isPlain(path) || strings.Contains(path, "#") {
			return c.refuse("WithPath", "the path, which is not shown because it may be secret, is not as a request has it; want it percent-encoded, beginning with / and without a fragment, such as /notifications")
		}
		c.push.target = &path
		return c.only("WithPath", mnsPush)
	}
}

// WithURL names the URL that the sender calls, exactly as the target of the rule
// has it. The signature covers it, so a push that was signed for another receiver
// is refused. The host that a request names proves nothing, because whoever sends
// it chooses it. NewEventBridgeHandler takes it, and demands it.
func WithURL(target string) Option {
	return func(c *config) error {
		c.push.url = &target // also a wrong one, which is not missing as well
		u, err := url.Parse(target)
		if err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Host == "" || u.User != nil || !isPlain(target) || strings.Contains(target, "#") {
			return c.refuse("WithURL", "the URL, which is not shown because it may be secret, is not that of a target; want http or https, a host and a path, without a user and a fragment, such as https://example.com/notifications")
		}
		return c.only("WithURL", eventBridgePush)
	}
}

// WithRegions names the regions whose certificates are trusted, such as
// cn-hangzhou: those of your event buses. There is no default, because the host of
// a certificate is the name of a bucket, and anybody can own a bucket whose name
// only looks like that of a region. NewEventBridgeHandler takes it, and demands it.
func WithRegions(regions ...string) Option {
	return func(c *config) error {
		c.push.regions = append([]string{}, regions...) // never nil: what is wrong is not missing as well
		if len(regions) == 0 {
			return c.refuse("WithRegions", "there is none, so no push could be trusted; want those of the event buses, such as cn-hangzhou")
		}
		for _, region := range regions {
			if !isLabel(region) {
				return c.refuse("WithRegions", quoted(region)+" is no id of a region; want one such as cn-hangzhou")
			}
		}
		return c.only("WithRegions", eventBridgePush)
	}
}

// WithToken refuses events without this token, which the target of the rule sends
// along and EventBridge signs. It is compared in constant time. Without it, whoever
// knows the URL can have EventBridge send events of their own to it. The token has
// at least 16 bytes of ASCII without spaces. NewEventBridgeHandler takes it. The
// default is to take any.
func WithToken(token string) Option {
	return func(c *config) error {
		if len(token) < minSecret || !isPlain(token) {
			return c.refuse("WithToken", fmt.Sprintf("the token, which is not shown, has %d bytes; want at least %d of ASCII without spaces, such as crypto/rand.Text returns", len(token), minSecret))
		}
		c.push.token = &token
		return c.only("WithToken", eventBridgePush)
	}
}

// isPlain reports whether a text is visible ASCII, so that it is on the wire as it
// is here.
func isPlain(text string) bool {
	for i := range len(text) {
		if text[i] <= ' ' || text[i] > '~' {
			return false
		}
	}
	return true
}
