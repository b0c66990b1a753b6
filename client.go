package imm

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/imm-go/imm/internal/auth"
	"github.com/imm-go/imm/internal/retry"
	"github.com/imm-go/imm/internal/transport"
	"github.com/imm-go/imm/internal/wire"
)

// apiVersion is the version of the service's interface.
const apiVersion = "2020-09-30"

// maxQuery is the length of "/?" and the encoded parameters up to which they go
// into the query. The gateway refuses longer ones; where exactly is not
// documented, so a 414 is answered with a form as well.
const maxQuery = 8000

// Client calls the IMM service of one region. It is safe for concurrent use, and
// one client should serve a whole program: calls share its connections, its
// credentials, its rate limit and its budget of repeats.
type Client struct {
	region    string
	endpoint  transport.Endpoint
	userAgent string
	http      *http.Client
	retrier   *retry.Retrier
	timeout   time.Duration // of one attempt
	static    staticProvider
	cache     *auth.Cache[Credentials] // nil if the credentials are static
	clock     transport.Clock
	logger    *slog.Logger
	observer  Observer
}

// NewClient returns a client for a region, such as "cn-hangzhou", that signs
// with the credentials of the provider. It sends nothing.
//
// A region id of the wrong form, a nil provider or option, static credentials
// that cannot sign, and options that make no sense or contradict each other are
// errors, each a *ValidationError; the text names all of them. A region that
// this version does not know is accepted if its id has the right form.
//
// https://www.alibabacloud.com/help/en/imm/developer-reference/api-imm-2020-09-30-endpoint
func NewClient(region string, creds CredentialsProvider, opts ...Option) (*Client, error) {
	config, err := newConfig(region, opts)
	credsErr := checkProvider(creds)
	if err != nil || credsErr != nil {
		var errs []error
		for _, err := range []error{err, credsErr} {
			if err != nil {
				errs = append(errs, err)
			}
		}
		return nil, joinLines(errs)
	}
	c := &Client{
		region:    region,
		endpoint:  *config.endpoint,
		userAgent: config.userAgent,
		http:      transport.NewClient(config.httpClient, 0),
		retrier:   retry.New(config.policy, retry.NewLimiter(config.perSecond)),
		timeout:   config.policy.AttemptTimeout,
		logger:    config.logger,
		observer:  config.observer,
	}
	if static, ok := creds.(staticProvider); ok {
		c.static = static
	} else {
		c.cache = auth.New(fetchFrom(creds), sameKeys)
	}
	return c, nil
}

func checkProvider(creds CredentialsProvider) error {
	if err := auth.CheckProvider(creds); err != nil {
		return optionError("creds", err.Error())
	}
	if static, ok := creds.(staticProvider); ok {
		if err := static().check(); err != nil {
			return optionError("creds", err.Error())
		}
	}
	return nil
}

// CloseIdleConnections closes the connections that no call uses now. The client
// stays usable. With WithHTTPClient these are the connections of its transport,
// which others may share.
func (c *Client) CloseIdleConnections() { c.http.CloseIdleConnections() }

// String names the endpoint.
func (c *Client) String() string { return "imm.Client(" + c.endpoint.String() + ")" }

// Format writes String whatever the verb, so that no verb walks through the
// client's state.
func (c *Client) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, c.String()) }

// LogValue is the form in which slog shows the client.
func (c *Client) LogValue() slog.Value { return slog.StringValue(c.String()) }

// safetyOf says for each operation what repeating it does. Whoever adds an
// operation adds its row.
var safetyOf = map[string]retry.Safety{
	"CreateProject": retry.Creating,
	"GetProject":    retry.Repeatable,
	"ListProjects":  retry.Repeatable,
	"UpdateProject": retry.Repeatable,
	"DeleteProject": retry.Repeatable, // see deleted

	"CreateDataset": retry.Creating,
	"GetDataset":    retry.Repeatable,
	"ListDatasets":  retry.Repeatable,
	"UpdateDataset": retry.Repeatable,
	"DeleteDataset": retry.Repeatable,

	"CreateBinding": retry.Creating,
	"GetBinding":    retry.Repeatable,
	"ListBindings":  retry.Repeatable,
	"DeleteBinding": retry.Repeatable,

	"IndexFileMeta":       retry.Repeatable, // a second indexing leaves the same state
	"BatchIndexFileMeta":  retry.Repeatable,
	"GetFileMeta":         retry.Repeatable,
	"BatchGetFileMeta":    retry.Repeatable,
	"UpdateFileMeta":      retry.Repeatable,
	"BatchUpdateFileMeta": retry.Repeatable,
	"DeleteFileMeta":      retry.Repeatable,
	"BatchDeleteFileMeta": retry.Repeatable,

	"SimpleQuery":   retry.Repeatable,
	"FuzzyQuery":    retry.Repeatable,
	"SemanticQuery": retry.Repeatable,

	"GetTask":     retry.Repeatable,
	"ListTasks":   retry.Repeatable,
	"ListRegions": retry.Repeatable,

	"AttachOSSBucket":        retry.Creating,
	"DetachOSSBucket":        retry.Repeatable,
	"GetOSSBucketAttachment": retry.Repeatable,
	"ListAttachedOSSBuckets": retry.Repeatable,
}

// Do calls any operation of the service, one that this package has no method for
// included. The action is the operation's name, such as "GetProject".
//
// Of the params, text is sent as it is and numbers and booleans in plain form;
// nil values, nil pointers, maps and slices among them, are left out; everything
// else is sent as JSON. The answer, which must be a JSON object, is decoded into
// out as json.Unmarshal does, or only checked if out is nil.
//
// An operation whose name begins with Get, List, Query, BatchGet or Detect or
// ends in Query is repeated as the table of the package documentation says for
// operations that are safe to repeat. Any other is repeated only when it was
// throttled or nothing was sent, unless SafeToRepeat is given.
//
// The errors are those of every call: a *ValidationError for an action or a
// parameter that cannot be sent or an out that is not a pointer, an *APIError, or
// a *RequestError. Do is safe for concurrent use.
//
// https://www.alibabacloud.com/help/en/imm/developer-reference/api-imm-2020-09-30-dir
func (c *Client) Do(ctx context.Context, action string, params map[string]any, out any, opts ...CallOption) error {
	if !validAction(action) {
		return &ValidationError{Action: "Do", Field: "action", Reason: fmt.Sprintf("%q is not the name of an operation; want letters and digits, as in GetProject", oneLine(action))}
	}
	if v := reflect.ValueOf(out); out != nil && (v.Kind() != reflect.Pointer || v.IsNil()) {
		return &ValidationError{Action: action, Field: "out", Reason: fmt.Sprintf("it is a %T and cannot be decoded into; want a pointer that is not nil, or nil to ignore the answer", out)}
	}
	options := callOptions{safety: retry.Unknown}
	if readsByName(action) {
		options.safety = retry.Repeatable
	}
	for i, opt := range opts {
		if opt == nil {
			return &ValidationError{Action: action, Field: fmt.Sprintf("opts[%d]", i), Reason: "it is nil; leave it out"}
		}
		opt(&options)
	}
	encoded := wire.Get()
	if err := appendParams(encoded, action, params); err != nil {
		encoded.Release()
		return err
	}
	return c.call(ctx, &exchange{action: action, safety: options.safety, params: encoded, answer: &anyAnswer{out: out}})
}

// CallOption changes how Do makes one call.
type CallOption func(*callOptions)

type callOptions struct{ safety retry.Safety }

// SafeToRepeat tells Do that the operation gives the same state however often it
// is sent, so that it is repeated after lost connections, timeouts and errors of
// the server, too.
func SafeToRepeat() CallOption {
	return func(o *callOptions) { o.safety = retry.Repeatable }
}

func readsByName(action string) bool {
	for _, prefix := range [...]string{"Get", "List", "Query", "BatchGet", "Detect"} {
		if strings.HasPrefix(action, prefix) {
			return true
		}
	}
	return strings.HasSuffix(action, "Query")
}

func validAction(action string) bool {
	for i := range len(action) {
		c := action[i]
		letter := 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z'
		if !letter && (i == 0 || c < '0' || c > '9') {
			return false
		}
	}
	return action != "" && len(action) <= 128
}

// call is the way of every call, after its request was checked and encoded.
func (c *Client) call(ctx context.Context, x *exchange) error {
	defer x.params.Release()
	if ctx == nil {
		return &ValidationError{Action: x.action, Field: "ctx", Reason: "the context is nil; use context.Background() where there is no other"}
	}
	ctx, start := c.observeStart(ctx, x.action)
	x.client = c
	x.form = len("/?")+len(x.params.Encoded()) > maxQuery
	x.doing = "while waiting for the rate limit"
	if ctx.Err() != nil {
		x.doing = "before the call began"
	}
	err := x.result(c.retrier.Run(ctx, x.safety, x))
	c.observeDone(ctx, start, x, err)
	return err
}

// fetchFrom asks the user's provider, for the cache.
func fetchFrom(provider CredentialsProvider) auth.Fetch[Credentials] {
	return func(ctx context.Context) (Credentials, time.Time, error) {
		creds, err := provider.Credentials(ctx)
		if err == nil {
			if err = creds.check(); err != nil {
				err = fmt.Errorf("%w: %w", ErrUnauthenticated, err)
			}
		}
		return creds, creds.Expires, err
	}
}

// sameKeys reports whether the service could tell two credentials apart.
func sameKeys(a, b Credentials) bool { return auth.Keys(a).Same(auth.Keys(b)) }

func (c *Client) credentials(ctx context.Context) (Credentials, error) {
	if c.static != nil {
		return c.static(), nil
	}
	return c.cache.Get(ctx)
}

// appendParams adds the parameters of Do, sorted by key as the signature wants
// them.
func appendParams(encoded *wire.Params, action string, params map[string]any) error {
	keys := make([]string, 0, len(params))
	for key := range params {
		keys = append(keys, key)
	}
	slices.Sort(keys)
	for _, key := range keys {
		invalid := func(err error) error {
			field := oneLine(key)
			if field == "" {
				field = "params"
			}
			return &ValidationError{Action: action, Field: field, Reason: err.Error()}
		}
		if key == "" {
			return invalid(errors.New("a parameter has no name"))
		}
		if err := appendParam(encoded, key, params[key]); err != nil {
			return invalid(err)
		}
	}
	return nil
}

// newExchange starts a call of an operation that this package knows.
func newExchange(action string, answer answer) *exchange {
	return &exchange{action: action, safety: safetyOf[action], params: wire.Get(), answer: answer}
}
