package imm_test

import (
	"context"
	"errors"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/imm-go/imm"
	"github.com/imm-go/imm/immtest"
)

const (
	project = "test-project"
	dataset = "test-dataset"
	bucket  = "oss://test-bucket"
	photo   = "oss://test-bucket/photo.jpg"
	topic   = "test-topic"
)

// safety is what repeating an operation does, as the documentation says it.
type safety int

const (
	repeatable safety = iota
	creating
	unknown
)

// operation is a row of the matrix.
type operation struct {
	name   string
	safety safety
	action string
	call   func(ctx context.Context, c *imm.Client) error
	// done reports whether the server is in the state that the call is to bring
	// about. It is always true for an operation that only reads.
	done  func(s *immtest.Server) bool
	reads bool
}

func binds(s *immtest.Server) bool   { return len(s.Bindings()) == 1 }
func indexed(s *immtest.Server) bool { return len(s.Files(project, dataset)) == 1 }
func always(*immtest.Server) bool    { return true }

var operations = []operation{
	{"CreateBinding", creating, "CreateBinding", func(ctx context.Context, c *imm.Client) error {
		resp, err := c.CreateBinding(ctx, &imm.CreateBindingRequest{ProjectName: project, DatasetName: dataset, URI: bucket})
		return whole(err, err == nil && resp.Binding.URI == bucket && resp.RequestID != "")
	}, binds, false},
	{"GetBinding", repeatable, "GetBinding", func(ctx context.Context, c *imm.Client) error {
		resp, err := c.GetBinding(ctx, &imm.GetBindingRequest{ProjectName: project, DatasetName: "bound", URI: bucket})
		return whole(err, err == nil && resp.Binding.URI == bucket && resp.RequestID != "")
	}, always, true},
	{"IndexFileMeta", repeatable, "IndexFileMeta", func(ctx context.Context, c *imm.Client) error {
		resp, err := c.IndexFileMeta(ctx, &imm.IndexFileMetaRequest{ProjectName: project, DatasetName: dataset, File: imm.InputFile{URI: photo}})
		return whole(err, err == nil && resp.EventID != "" && resp.RequestID != "")
	}, indexed, false},
	{"BatchIndexFileMeta", repeatable, "BatchIndexFileMeta", func(ctx context.Context, c *imm.Client) error {
		resp, err := c.BatchIndexFileMeta(ctx, &imm.BatchIndexFileMetaRequest{ProjectName: project, DatasetName: dataset, Files: []imm.InputFile{{URI: photo}}})
		return whole(err, err == nil && resp.EventID != "" && resp.RequestID != "")
	}, indexed, false},
	{"Do of an operation that reads", repeatable, "GetFileMeta", func(ctx context.Context, c *imm.Client) error {
		var out struct{ RequestID string }
		err := c.Do(ctx, "GetFileMeta", map[string]any{"ProjectName": project, "DatasetName": "bound", "URI": photo}, &out)
		return whole(err, err == nil && out.RequestID != "")
	}, always, true},
	{"Do of an operation that writes", unknown, "IndexFileMeta", func(ctx context.Context, c *imm.Client) error {
		var out struct{ EventID string }
		err := c.Do(ctx, "IndexFileMeta", map[string]any{"ProjectName": project, "DatasetName": dataset, "File": imm.InputFile{URI: photo}}, &out)
		return whole(err, err == nil && out.EventID != "")
	}, indexed, false},
	{"Do of one that is safe to repeat", repeatable, "IndexFileMeta", func(ctx context.Context, c *imm.Client) error {
		return c.Do(ctx, "IndexFileMeta", map[string]any{"ProjectName": project, "DatasetName": dataset, "File": imm.InputFile{URI: photo}}, nil, imm.SafeToRepeat())
	}, indexed, false},
}

var errNotWhole = errors.New("the answer has not all that it should have")

func whole(err error, ok bool) error {
	if err == nil && !ok {
		return errNotWhole
	}
	return err
}

// cell is what is expected of one operation under one fault.
type cell struct {
	requests int
	err      error // the sentinel that the error matches; nil: success
	kind     any   // the type of the error, where it matches no sentinel
	atLeast  time.Duration
	atMost   time.Duration
	done     bool
}

// fault is a column of the matrix.
type fault struct {
	name   string
	server []immtest.Option
	client func(s *immtest.Server) *imm.Client // nil: the server's own
	warm   bool                                // the connection has been used before
	inject func(s *immtest.Server, op operation)
	want   func(op operation) cell
}

// jitter is more than the waits without a hint can add up to here.
const jitter = 2 * time.Second

// success is a call that gets through with that many requests.
func success(requests int, atLeast time.Duration) cell {
	return cell{requests: requests, done: true, atLeast: atLeast, atMost: atLeast + jitter}
}

// final is a call that ends with its first request. The work is not done.
func final(err error) cell { return cell{requests: 1, err: err} }

// repeatedIfSafe is a fault that hits one request, before any work is done.
func repeatedIfSafe(op operation) cell {
	if op.safety == unknown {
		return final(imm.ErrUnavailable)
	}
	return success(2, 0)
}

// repeatedAfterWork is a fault that loses the answer to work that was done: an
// operation that creates finds its own work and reads it.
func repeatedAfterWork(op operation) cell {
	switch op.safety {
	case unknown:
		return cell{requests: 1, err: imm.ErrUnavailable, done: true}
	case creating:
		return success(3, 0)
	}
	return success(2, 0)
}

func always1(c cell) func(operation) cell { return func(operation) cell { return c } }

func injects(f immtest.Fault) func(*immtest.Server, operation) {
	return func(s *immtest.Server, op operation) {
		f := f // a column is used by all of its cells at the same time
		f.Action = op.action
		s.Inject(f)
	}
}

func refusal(status int, code string) func(*immtest.Server, operation) {
	return injects(immtest.Fault{Status: status, Code: code, Message: "refused by script"})
}

func TestEveryOperationMeetsEveryFaultAsDocumented(t *testing.T) {
	t.Parallel()
	for _, f := range faults() {
		for _, op := range operations {
			t.Run(f.name+"/"+op.name, func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, func(t *testing.T) { checkCell(t, op, f) })
			})
		}
	}
}

func checkCell(t *testing.T, op operation, f fault) {
	server := immtest.NewServer(append([]immtest.Option{immtest.WithBucket("test-bucket", nil)}, f.server...)...)
	defer server.Close()
	server.PutObject("test-bucket", "photo.jpg", []byte("not really a photo"))
	if op.reads {
		prepareReads(t, server)
	}
	client := server.Client()
	if f.client != nil {
		client = f.client(server)
	}
	if f.warm {
		// A connection is kept once an answer was read from it, whatever it says.
		_, _ = client.GetBinding(t.Context(), &imm.GetBindingRequest{ProjectName: project, DatasetName: "nowhere", URI: bucket})
	}
	if f.inject != nil {
		f.inject(server, op)
	}
	before, start := len(server.Requests()), time.Now()
	err := op.call(t.Context(), client)
	took, sent := time.Since(start), len(server.Requests())-before
	<-time.After(time.Second) // until what was accepted is indexed

	want := f.want(op)
	require.Equal(t, want.requests, sent, "requests; the error is %v", err)
	require.GreaterOrEqual(t, took, want.atLeast)
	require.LessOrEqual(t, took, want.atMost)
	if !op.reads {
		require.Equal(t, want.done, op.done(server), "the state on the server")
	}
	switch {
	case want.err == nil && want.kind == nil:
		require.NoError(t, err)
		return
	case want.kind != nil:
		require.ErrorAs(t, err, want.kind)
	}
	require.Equal(t, want.err, sentinelOf(t, err))
	require.Equal(t, sent, attemptsOf(t, err))
	require.NotContains(t, err.Error(), "\n")
}

// prepareReads makes what the reading operations read, by a client of its own,
// before the faults begin.
func prepareReads(t *testing.T, server *immtest.Server) {
	_, err := server.Client().CreateBinding(t.Context(), &imm.CreateBindingRequest{ProjectName: project, DatasetName: "bound", URI: bucket})
	require.NoError(t, err)
	<-time.After(time.Second)
}

var sentinels = map[error]string{
	imm.ErrNotFound: "ErrNotFound", imm.ErrAlreadyExists: "ErrAlreadyExists", imm.ErrThrottled: "ErrThrottled",
	imm.ErrInvalidArgument: "ErrInvalidArgument", imm.ErrLimitExceeded: "ErrLimitExceeded", imm.ErrUnauthenticated: "ErrUnauthenticated",
	imm.ErrPermissionDenied: "ErrPermissionDenied", imm.ErrUnavailable: "ErrUnavailable",
}

// sentinelOf is the one sentinel that an error matches, nil if there is none.
func sentinelOf(t *testing.T, err error) error {
	var found error
	for sentinel, name := range sentinels {
		if errors.Is(err, sentinel) {
			require.NoError(t, found, "%v matches a second sentinel, %s", err, name)
			found = sentinel
		}
	}
	return found
}

func attemptsOf(t *testing.T, err error) int {
	if api, ok := errors.AsType[*imm.APIError](err); ok {
		return api.Attempts
	}
	request, ok := errors.AsType[*imm.RequestError](err)
	require.True(t, ok, "%v (%T) is neither an *APIError nor a *RequestError", err, err)
	return request.Attempts
}

// faults are the columns.
func faults() []fault {
	apiError := func() any { return new(*imm.APIError) }
	const xml = `<?xml version="1.0"?><Error><Code>NoPermission</Code><Message>no &lt;access&gt;</Message><RequestId>R</RequestId></Error>`
	return []fault{
		{name: "nothing", want: always1(success(1, 0))},
		{name: "throttled with a hint", inject: injects(immtest.Throttle(1, 3*time.Second)), want: always1(success(2, 3*time.Second))},
		{name: "throttled without a hint", inject: injects(immtest.Throttle(1, 0)), want: always1(success(2, 0))},
		{name: "throttled for good", inject: injects(immtest.Throttle(-1, time.Second)), want: always1(cell{requests: 4, err: imm.ErrThrottled, atLeast: 3 * time.Second, atMost: 3*time.Second + jitter})},
		{name: "500", inject: injects(immtest.ServerError(1, 500)), want: repeatedIfSafe},
		{name: "500 for good", inject: injects(immtest.ServerError(-1, 500)), want: func(op operation) cell {
			if op.safety == unknown {
				return final(imm.ErrUnavailable)
			}
			return cell{requests: 4, err: imm.ErrUnavailable, atMost: jitter}
		}},
		{name: "500 after the work", inject: injects(immtest.Fault{Status: 500, Code: "InternalError", AfterWork: true}), want: repeatedAfterWork},
		{name: "503 HTML", inject: injects(immtest.HTMLPage(1, 503)), want: repeatedIfSafe},
		{name: "reset before the answer", inject: injects(immtest.Fault{Reset: true}), want: repeatedIfSafe},
		{name: "reset after the work", inject: injects(immtest.Fault{Reset: true, AfterWork: true}), want: repeatedAfterWork},
		{name: "reset on a reused connection", warm: true, inject: injects(immtest.Fault{Reset: true}), want: func(op operation) cell {
			c := repeatedIfSafe(op)
			c.atMost = 0 // at once
			return c
		}},
		{name: "two resets on reused connections", warm: true, inject: injects(immtest.Fault{Reset: true, Times: 2}), want: func(op operation) cell {
			if op.safety == unknown {
				return final(imm.ErrUnavailable)
			}
			return success(3, 0)
		}},
		{name: "hang", inject: injects(immtest.Fault{Hang: true}), want: func(op operation) cell {
			if op.safety == unknown {
				return cell{requests: 1, err: imm.ErrUnavailable, atLeast: time.Minute, atMost: time.Minute}
			}
			return success(2, time.Minute)
		}},
		{name: "half a body", inject: injects(immtest.Fault{HalfBody: true}), want: repeatedAfterWork},
		{name: "414", inject: injects(immtest.HTMLPage(1, 414)), want: always1(success(2, 0))},
		{name: "414 for good", inject: injects(immtest.HTMLPage(-1, 414)), want: always1(cell{requests: 2, err: imm.ErrInvalidArgument, atMost: jitter})},
		{name: "302", inject: injects(immtest.Fault{Status: 302, Header: http.Header{"Location": {"https://elsewhere.example/?secret"}}}), want: func(operation) cell { return cell{requests: 1, kind: apiError()} }},
		{name: "wrong JSON", inject: injects(immtest.Fault{Body: `["a","list"]`}), want: func(operation) cell { return cell{requests: 1, kind: apiError()} }},
		{name: "no JSON", inject: injects(immtest.Fault{Body: `{"RequestId":"R",`}), want: func(operation) cell { return cell{requests: 1, kind: apiError()} }},
		{name: "an empty answer", inject: injects(immtest.Fault{Status: 200}), want: func(operation) cell { return cell{requests: 1, kind: apiError()} }},
		{name: "XML error", inject: injects(immtest.Fault{Status: 403, Body: xml}), want: always1(final(imm.ErrPermissionDenied))},
		{name: "clock skew", server: []immtest.Option{immtest.WithClockOffset(time.Hour)}, want: always1(success(2, 0))},
		{name: "expired token", client: renewed, server: []immtest.Option{immtest.WithCredentials("STS.new", "new-secret", "new-token")}, inject: injects(immtest.ExpiredToken(1)), want: always1(success(2, 0))},
		{name: "expired token, and no other", inject: injects(immtest.ExpiredToken(-1)), want: always1(final(imm.ErrUnauthenticated))},
		{name: "wrong key", client: withKeys("unknown", "secret"), want: always1(final(imm.ErrUnauthenticated))},
		{name: "wrong secret", client: withKeys(immtest.AccessKeyID, "wrong"), want: always1(final(imm.ErrUnauthenticated))},
		{name: "permission", inject: refusal(403, "NoPermission"), want: always1(final(imm.ErrPermissionDenied))},
		{name: "not found", inject: refusal(404, "ResourceNotFound"), want: always1(final(imm.ErrNotFound))},
		{name: "not found with 400", inject: refusal(400, "ResourceNotFound"), want: always1(final(imm.ErrNotFound))},
		{name: "already exists", inject: refusal(409, "ResourceAlreadyExists"), want: always1(final(imm.ErrAlreadyExists))},
	}
}

func withKeys(id, secret string) func(s *immtest.Server) *imm.Client {
	return func(s *immtest.Server) *imm.Client { return clientOf(s, imm.StaticCredentials(id, secret, "")) }
}

func clientOf(s *immtest.Server, creds imm.CredentialsProvider, opts ...imm.Option) *imm.Client {
	all := append([]imm.Option{imm.WithEndpoint("http://localhost"), imm.WithHTTPClient(&http.Client{Transport: s.Transport()})}, opts...)
	client, err := imm.NewClient("cn-hangzhou", creds, all...)
	if err != nil {
		panic(err)
	}
	return client
}

// renewed is a client whose provider has other keys the second time.
func renewed(s *immtest.Server) *imm.Client {
	return clientOf(s, &rotation{keys: []imm.Credentials{
		{AccessKeyID: "STS.old", AccessKeySecret: "old-secret", SecurityToken: "old-token"},
		{AccessKeyID: "STS.new", AccessKeySecret: "new-secret", SecurityToken: "new-token"},
	}})
}

// rotation gives one credentials after the other, and the last for good. It
// needs no lock, because a client asks from one goroutine at a time.
type rotation struct {
	keys    []imm.Credentials
	fetches int
}

func (r *rotation) Credentials(context.Context) (imm.Credentials, error) {
	next := r.keys[min(r.fetches, len(r.keys)-1)]
	r.fetches++
	return next, nil
}
