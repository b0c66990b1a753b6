package imm

import (
	"context"
	"errors"
	"math"
	"net/http"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"
	"unicode"

	"github.com/stretchr/testify/require"
)

// verdictOn makes a call and returns what was found wrong with it, nil if it was
// sent. It fails the test unless the call was either refused or sent.
func verdictOn(t *testing.T, call func(ctx context.Context, c *Client) error) *ValidationError {
	t.Helper()
	var requests atomic.Int32
	transport := roundTripFunc(func(*http.Request) (*http.Response, error) {
		requests.Add(1)
		return nil, errors.New("this transport answers nothing")
	})
	client, err := NewClient("cn-hangzhou", StaticCredentials("id", "secret", ""),
		WithHTTPClient(&http.Client{Transport: transport}), WithRetry(RetryPolicy{MaxAttempts: 1}))
	require.NoError(t, err)
	err = call(t.Context(), client)
	require.Error(t, err)
	invalid, refused := errors.AsType[*ValidationError](err)
	if !refused {
		require.EqualValues(t, 1, requests.Load())
		return nil
	}
	require.Zero(t, requests.Load(), "a request was sent all the same")
	require.Same(t, invalid, err, "it is wrapped")
	require.ErrorIs(t, err, ErrInvalidArgument)
	require.NotErrorIs(t, err, ErrUnavailable)
	require.NotEmpty(t, invalid.Action)
	require.NotEmpty(t, invalid.Field)
	require.NotEmpty(t, invalid.Reason)
	requireOneLine(t, err.Error())
	return invalid
}

type roundTripFunc func(*http.Request) (*http.Response, error)

func (f roundTripFunc) RoundTrip(req *http.Request) (*http.Response, error) { return f(req) }

func requireOneLine(t *testing.T, text string) {
	t.Helper()
	require.Equal(t, -1, strings.IndexFunc(text, steers), "%q", text)
}

// steers reports whether a character can end a line or steer a terminal.
func steers(r rune) bool {
	return unicode.IsControl(r) || unicode.In(r, unicode.Zl, unicode.Zp, unicode.Bidi_Control)
}

// The requests that the tests spoil, each in one respect.

func goodCreate() *CreateBindingRequest {
	return &CreateBindingRequest{ProjectName: "test-project", DatasetName: "test-dataset", URI: "oss://test-bucket"}
}

func goodIndex() *IndexFileMetaRequest {
	return &IndexFileMetaRequest{ProjectName: "test-project", DatasetName: "test-dataset", File: InputFile{URI: "oss://b/k"}}
}

func goodBatch(files int) *BatchIndexFileMetaRequest {
	req := &BatchIndexFileMetaRequest{ProjectName: "test-project", DatasetName: "test-dataset"}
	for i := range files {
		req.Files = append(req.Files, InputFile{URI: "oss://b/k" + strconv.Itoa(i)})
	}
	return req
}

func create(t *testing.T, req *CreateBindingRequest) *ValidationError {
	return verdictOn(t, func(ctx context.Context, c *Client) error { _, err := c.CreateBinding(ctx, req); return err })
}

func getBinding(t *testing.T, req *GetBindingRequest) *ValidationError {
	return verdictOn(t, func(ctx context.Context, c *Client) error { _, err := c.GetBinding(ctx, req); return err })
}

func waitBinding(t *testing.T, req *GetBindingRequest) *ValidationError {
	return verdictOn(t, func(ctx context.Context, c *Client) error { _, err := c.WaitBinding(ctx, req); return err })
}

func indexOne(t *testing.T, req *IndexFileMetaRequest) *ValidationError {
	return verdictOn(t, func(ctx context.Context, c *Client) error { _, err := c.IndexFileMeta(ctx, req); return err })
}

func indexBatch(t *testing.T, req *BatchIndexFileMetaRequest) *ValidationError {
	return verdictOn(t, func(ctx context.Context, c *Client) error { _, err := c.BatchIndexFileMeta(ctx, req); return err })
}

func TestANilRequestIsRefused(t *testing.T) {
	t.Parallel()
	for action, invalid := range map[string]*ValidationError{
		"CreateBinding":      create(t, nil),
		"GetBinding":         getBinding(t, nil),
		"WaitBinding":        waitBinding(t, nil),
		"IndexFileMeta":      indexOne(t, nil),
		"BatchIndexFileMeta": indexBatch(t, nil),
	} {
		require.NotNil(t, invalid, action)
		require.Equal(t, action, invalid.Action)
		require.Equal(t, "req", invalid.Field)
	}
}

func TestANilContextIsRefused(t *testing.T) {
	t.Parallel()
	var none context.Context
	invalid := verdictOn(t, func(_ context.Context, c *Client) error { _, err := c.CreateBinding(none, goodCreate()); return err })
	require.NotNil(t, invalid)
	require.Equal(t, "ctx", invalid.Field)
}

func TestNamesFollowTheRule(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name string
		good bool
	}{
		{"a", true}, {"z", true}, {"A", true}, {"Z", true}, {"_", true}, {"a0", true}, {"a9", true}, {"test-project", true}, {"a-", true}, {"a1", true}, {"_1", true}, {"a__", true},
		{strings.Repeat("a", 128), true}, {strings.Repeat("a", 129), false}, {"", false},
		{"1", false}, {"1a", false}, {"-", false}, {"-a", false}, {"a b", false}, {" a", false}, {"a ", false}, {"ä", false},
		{"aä", false}, {"项目", false}, {"a.b", false}, {"a/b", false}, {"a:b", false}, {"a\n", false}, {"\na", false}, {"a\x00", false},
		{"a\xff", false}, {"a\u202eb", false}, {"@a", false}, {"[a", false}, {"`a", false}, {"{a", false}, {"a@", false}, {strings.Repeat("é", 64), false},
	}
	for _, tt := range tests {
		t.Run(strconv.Quote(tt.name), func(t *testing.T) {
			t.Parallel()
			calls := map[string]func(project, dataset string) *ValidationError{
				"CreateBinding": func(p, d string) *ValidationError { return create(t, &CreateBindingRequest{p, d, "oss://b"}) },
				"GetBinding":    func(p, d string) *ValidationError { return getBinding(t, &GetBindingRequest{p, d, "oss://b"}) },
				"WaitBinding":   func(p, d string) *ValidationError { return waitBinding(t, &GetBindingRequest{p, d, "oss://b"}) },
				"IndexFileMeta": func(p, d string) *ValidationError {
					req := goodIndex()
					req.ProjectName, req.DatasetName = p, d
					return indexOne(t, req)
				},
				"BatchIndexFileMeta": func(p, d string) *ValidationError {
					req := goodBatch(1)
					req.ProjectName, req.DatasetName = p, d
					return indexBatch(t, req)
				},
			}
			for action, call := range calls {
				mayBeEmpty := !strings.Contains(action, "Index")
				requireVerdict(t, tt.good, call(tt.name, "d"), action, "ProjectName")
				requireVerdict(t, tt.good || tt.name == "" && mayBeEmpty, call("p", tt.name), action, "DatasetName")
			}
		})
	}
}

func requireVerdict(t *testing.T, good bool, invalid *ValidationError, action, field string) {
	t.Helper()
	if good {
		require.Nil(t, invalid)
		return
	}
	require.NotNil(t, invalid, "%s accepts this %s", action, field)
	require.Equal(t, action, invalid.Action)
	require.Equal(t, field, invalid.Field)
}

func TestABindingIsOfAWholeBucket(t *testing.T) {
	t.Parallel()
	for uri, good := range map[string]bool{
		"oss://b": true, "oss://test-bucket": true, "oss://test.bucket": true,
		"oss://b/k": false, "oss://b/": false, "oss://b/k/": false, "oss:///": false, "oss:///k": false, "oss://": false, "OSS://b": false,
		"b": false, "/b": false, "https://b": false, "https://b.oss-cn-hangzhou.aliyuncs.com": false, "oss:/b": false, "oss:b": false,
		" oss://b": false, "pds://b": false, "oss://b\xff": false, "oss://b/\n": false, "oss://" + strings.Repeat("b/", 5000): false,
	} {
		t.Run(strconv.Quote(uri[:min(len(uri), 40)]), func(t *testing.T) {
			t.Parallel()
			requireVerdict(t, good, create(t, &CreateBindingRequest{"p", "d", uri}), "CreateBinding", "URI")
			requireVerdict(t, good, getBinding(t, &GetBindingRequest{"p", "d", uri}), "GetBinding", "URI")
			requireVerdict(t, good, waitBinding(t, &GetBindingRequest{"p", "d", uri}), "WaitBinding", "URI")
		})
	}
	require.Contains(t, create(t, &CreateBindingRequest{"p", "d", "oss://b/k"}).Reason, "want oss://b")
}

func TestABatchHasOneToAHundredFiles(t *testing.T) {
	t.Parallel()
	for n, good := range map[int]bool{0: false, 1: true, 2: true, 99: true, 100: true, 101: false, 1000: false} {
		t.Run(strconv.Itoa(n), func(t *testing.T) {
			t.Parallel()
			requireVerdict(t, good, indexBatch(t, goodBatch(n)), "BatchIndexFileMeta", "Files")
		})
	}
	empty := goodBatch(0)
	empty.Files = []InputFile{}
	requireVerdict(t, false, indexBatch(t, empty), "BatchIndexFileMeta", "Files")
}

func TestUserDataHasAtMost2048Bytes(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		data string
		good bool
	}{
		"none":                         {"", true},
		"2048 bytes":                   {strings.Repeat("a", 2048), true},
		"2049 bytes":                   {strings.Repeat("a", 2049), false},
		"2048 bytes in 1024 letters":   {strings.Repeat("é", 1024), true},
		"2050 bytes in 1025 letters":   {strings.Repeat("é", 1025), false},
		"fewer letters, but too long":  {strings.Repeat("日", 683), false},
		"control characters":           {"\x00\n\x1b", true},
		"text that is not valid UTF-8": {"\xc3", false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			one, batch := goodIndex(), goodBatch(1)
			one.UserData, batch.UserData = tt.data, tt.data
			requireVerdict(t, tt.good, indexOne(t, one), "IndexFileMeta", "UserData")
			requireVerdict(t, tt.good, indexBatch(t, batch), "BatchIndexFileMeta", "UserData")
		})
	}
}

func TestANotificationIsCompleteAndText(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		n     Notification
		wrong string // the field, empty if none is
	}{
		"none":                      {Notification{}, ""},
		"MNS":                       {Notification{MNS: MNS{TopicName: "t"}}, ""},
		"RocketMQ":                  {Notification{RocketMQ: RocketMQ{"i", "t"}}, ""},
		"RocketMQ without topic":    {Notification{RocketMQ: RocketMQ{InstanceID: "i"}}, "RocketMQ.TopicName"},
		"RocketMQ without instance": {Notification{RocketMQ: RocketMQ{TopicName: "t"}}, "RocketMQ.InstanceID"},
		"half beside MNS":           {Notification{MNS: MNS{TopicName: "t"}, RocketMQ: RocketMQ{TopicName: "t"}}, "RocketMQ.InstanceID"},
		"both":                      {Notification{MNS: MNS{TopicName: "t"}, RocketMQ: RocketMQ{"i", "t"}}, ""},
		"an extended message":       {Notification{ExtendedMessageURI: "oss://b/p/"}, ""},
		"MNS not UTF-8":             {Notification{MNS: MNS{TopicName: "\xff"}}, "MNS.TopicName"},
		"instance not UTF-8":        {Notification{RocketMQ: RocketMQ{"\xff", "t"}}, "RocketMQ.InstanceID"},
		"topic not UTF-8":           {Notification{RocketMQ: RocketMQ{"i", "\xff"}}, "RocketMQ.TopicName"},
		"extended not UTF-8":        {Notification{ExtendedMessageURI: "\xff"}, "ExtendedMessageURI"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			one, batch := goodIndex(), goodBatch(1)
			one.Notification, batch.Notification = tt.n, tt.n
			requireVerdict(t, tt.wrong == "", indexOne(t, one), "IndexFileMeta", "Notification."+tt.wrong)
			requireVerdict(t, tt.wrong == "", indexBatch(t, batch), "BatchIndexFileMeta", "Notification."+tt.wrong)
		})
	}
}

func TestNumbersThatJSONCannotCarryAreRefused(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		value float32
		good  bool
	}{
		"zero": {0, true}, "a half": {0.5, true}, "one": {1, true}, "above one": {2, true}, "negative": {-1, true},
		"the largest": {math.MaxFloat32, true}, "NaN": {float32(math.NaN()), false},
		"infinity": {float32(math.Inf(1)), false}, "negative infinity": {float32(math.Inf(-1)), false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			req := goodIndex()
			req.File.Labels = []Label{{}, {LabelConfidence: tt.value}}
			requireVerdict(t, tt.good, indexOne(t, req), "IndexFileMeta", "File.Labels[1].LabelConfidence")
			req.File.Labels = []Label{{CentricScore: tt.value}}
			requireVerdict(t, tt.good, indexOne(t, req), "IndexFileMeta", "File.Labels[0].CentricScore")
		})
	}
}

func TestATimeMustFitRFC3339(t *testing.T) {
	t.Parallel()
	zone := func(hours int) *time.Location { return time.FixedZone("", hours*60*60) }
	for name, tt := range map[string]struct {
		time time.Time
		good bool
	}{
		"none":                           {time.Time{}, true},
		"none, seen from the west":       {time.Time{}.In(zone(-8)), true},
		"year 1":                         {time.Date(1, 1, 1, 0, 0, 0, 1, time.UTC), true},
		"year 0":                         {time.Date(0, 12, 31, 23, 59, 59, 0, time.UTC), false},
		"year 1, but for the zone":       {time.Date(1, 1, 1, 0, 0, 1, 0, time.UTC).In(zone(-1)), false},
		"a negative year":                {time.Date(-1, 1, 1, 0, 0, 0, 0, time.UTC), false},
		"year 2024":                      {time.Date(2024, 2, 29, 12, 0, 0, 0, zone(8)), true},
		"year 9999":                      {time.Date(9999, 12, 31, 23, 59, 59, 999_999_999, time.UTC), true},
		"year 9999, but for the zone":    {time.Date(9999, 12, 31, 23, 0, 0, 0, time.UTC).In(zone(2)), false},
		"year 10000":                     {time.Date(10_000, 1, 1, 0, 0, 0, 0, time.UTC), false},
		"year 10000 as UTC, not as seen": {time.Date(9999, 12, 31, 23, 0, 0, 0, zone(-2)), true},
		"an offset below a day":          {time.Date(2024, 1, 1, 0, 0, 0, 0, zone(23)), true},
		"an offset of a day":             {time.Date(2024, 1, 1, 0, 0, 0, 0, zone(24)), false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			req := goodIndex()
			req.File.ProduceTime = tt.time
			requireVerdict(t, tt.good, indexOne(t, req), "IndexFileMeta", "File.ProduceTime")
		})
	}
}
