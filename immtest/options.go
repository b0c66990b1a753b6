package immtest

import (
	"io/fs"
	"time"
)

// The key pair that a server accepts when WithCredentials names no other.
const (
	AccessKeyID     = "test-access-key-id"
	AccessKeySecret = "test-access-key-secret"
)

// Defaults of the options that are durations.
const (
	defaultReadyTime    = 200 * time.Millisecond
	defaultFullScanTime = 300 * time.Millisecond
	defaultIndexDelay   = 100 * time.Millisecond
	defaultIdleTimeout  = 10 * time.Second
)

// Option changes one setting of a server. See NewServer.
type Option func(*config)

// config is what the options set. It does not change once the server is made.
type config struct {
	keys         []keyPair // in the order given; the first one is for Server.Client
	buckets      map[string]fs.FS
	readyTime    time.Duration
	fullScanTime time.Duration
	indexDelay   time.Duration
	clockOffset  time.Duration

	projects       map[string]string    // the template of each
	datasets       map[datasetID]string // likewise
	strict         bool
	rescanInterval time.Duration
	perSecond      float64
	messageFormat  MessageFormat
	idleTimeout    time.Duration
	extractors     []extractor
	subscriptions  []topicSubscription
	targets        []EventBridgeTarget
	queues         map[string]time.Duration // the visibility timeout of each
}

// keyPair is one set of credentials that the server knows.
type keyPair struct {
	id, secret, token string
	expires           time.Time // zero: never
}

func newConfig(opts []Option) config {
	c := config{
		buckets:      make(map[string]fs.FS),
		projects:     make(map[string]string),
		datasets:     make(map[datasetID]string),
		queues:       make(map[string]time.Duration),
		readyTime:    defaultReadyTime,
		fullScanTime: defaultFullScanTime,
		indexDelay:   defaultIndexDelay,
		idleTimeout:  defaultIdleTimeout,
	}
	for _, opt := range opts {
		if opt != nil {
			opt(&c)
		}
	}
	if len(c.keys) == 0 {
		c.keys = []keyPair{{id: AccessKeyID, secret: AccessKeySecret}}
	}
	return c
}

// WithCredentials makes the server accept this key pair in place of AccessKeyID
// and AccessKeySecret. With a securityToken the key is a temporary one, and
// requests must carry that token. The option may be repeated; of two pairs with
// one id the later one counts. Server.Client uses the pair that was given first.
func WithCredentials(accessKeyID, accessKeySecret, securityToken string) Option {
	return WithTemporaryCredentials(accessKeyID, accessKeySecret, securityToken, time.Time{})
}

// WithTemporaryCredentials makes the server accept a temporary key with its
// security token until the server's clock shows expires; from then on requests
// with it are refused with InvalidSecurityToken.Expired. The zero time is no end.
// Otherwise it is like WithCredentials, beside which it may be given and repeated.
func WithTemporaryCredentials(accessKeyID, accessKeySecret, securityToken string, expires time.Time) Option {
	return func(c *config) {
		added := keyPair{id: accessKeyID, secret: accessKeySecret, token: securityToken, expires: expires}
		for i, known := range c.keys {
			if known.id == accessKeyID {
				c.keys[i] = added
				return
			}
		}
		c.keys = append(c.keys, added)
	}
}

// WithBucket makes a bucket with the files of fsys as its objects, for example
// os.DirFS or an embed.FS: the path of a file is the key of its object. Files are
// read when they are scanned or indexed, not before, and more than one may be
// read at a time. A nil fsys makes an empty bucket. The option may be repeated; of two
// buckets with one name the later one counts.
func WithBucket(name string, fsys fs.FS) Option {
	return func(c *config) { c.buckets[name] = fsys }
}

// WithReadyTime sets how long a new binding stays in state Ready with an empty
// phase before its scan starts. The default is 200 ms; zero or less starts the
// scan at once.
func WithReadyTime(d time.Duration) Option {
	return func(c *config) { c.readyTime = d }
}

// WithFullScanTime sets how long a binding stays in phase FullScanning after the
// objects of its bucket have been read. The default is 300 ms; zero or less means
// no longer than reading them takes.
func WithFullScanTime(d time.Duration) Option {
	return func(c *config) { c.fullScanTime = d }
}

// WithIndexDelay sets how long after the answer of IndexFileMeta or
// BatchIndexFileMeta its files are indexed and the message is sent. The default
// is 100 ms; zero or less indexes them at once, yet still asynchronously.
func WithIndexDelay(d time.Duration) Option {
	return func(c *config) { c.indexDelay = d }
}

// WithClockOffset puts the server's clock ahead of the real one by d, or behind
// it where d is negative. The server judges the dates of requests by that clock,
// and its Date header shows it. The default is zero.
func WithClockOffset(d time.Duration) Option {
	return func(c *config) { c.clockOffset = d }
}

// WithIdleTimeout sets how long the listener behind Server.URL keeps a connection
// on which nothing happens. The default is 10 s, as the gateway of the service
// does; with zero or less it keeps them. A program with an http.Server of its own
// gives it Server.IdleTimeout.
func WithIdleTimeout(d time.Duration) Option {
	return func(c *config) { c.idleTimeout = max(d, 0) }
}
