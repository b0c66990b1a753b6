package otelimm

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"

	"github.com/imm-go/imm"
)

// maxOperations is how many operations at hosts have series of their own. The
// service has fewer operations; but Do takes any text for one.
const maxOperations = 256

// operations are those that were called. It is safe for concurrent use.
type operations struct {
	known sync.Map // operationID to *operation
	mu    sync.Mutex
	count int
	other *operation
}

type operationID struct{ action, host string }

func (o *operations) get(action, host string) *operation {
	id := operationID{action, host}
	if known, ok := o.known.Load(id); ok {
		return known.(*operation)
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	if known, ok := o.known.Load(id); ok {
		return known.(*operation)
	}
	if o.count == maxOperations {
		if o.other == nil {
			o.other = newOperation(otherOperation, "")
		}
		return o.other
	}
	o.count++
	made := newOperation(methodOf(action), host)
	o.known.Store(id, made)
	return made
}

// series are the attributes of a metric that has one attribute beside fixed ones.
// They are made once for each of its values, of which there are few. It is safe for
// concurrent use.
type series struct {
	key   attribute.Key
	fixed []attribute.KeyValue
	made  sync.Map // the value to options
}

// options are attributes in the form of each kind of instrument.
type options struct {
	record []metric.RecordOption
	add    []metric.AddOption
}

func newSeries(key attribute.Key, fixed ...attribute.KeyValue) *series {
	return &series{key: key, fixed: fixed}
}

// get returns the attributes with the value, or without it if that is empty.
func (s *series) get(value string) *options {
	if made, ok := s.made.Load(value); ok {
		return made.(*options)
	}
	attributes := slices.Clone(s.fixed) // NewSet sorts what it is given
	if value != "" {
		attributes = append(attributes, s.key.String(value))
	}
	option := metric.WithAttributeSet(attribute.NewSet(attributes...))
	made, _ := s.made.LoadOrStore(value, &options{record: []metric.RecordOption{option}, add: []metric.AddOption{option}})
	return made.(*options)
}

// kinds are the errors that error.type tells apart, by their names.
var kinds = []struct {
	err  error
	name string
}{
	{imm.ErrThrottled, "throttled"},
	{imm.ErrUnavailable, "unavailable"},
	{imm.ErrNotFound, "not_found"},
	{imm.ErrAlreadyExists, "already_exists"},
	{imm.ErrLimitExceeded, "limit_exceeded"},
	{imm.ErrUnauthenticated, "unauthenticated"},
	{imm.ErrPermissionDenied, "permission_denied"},
	{imm.ErrInvalidArgument, "invalid"},
}

// errorType is the error.type of an error, empty for nil.
func errorType(ctx context.Context, err error) string {
	if err == nil {
		return ""
	}
	// What the last attempt said stands behind the end of the context. A timeout of
	// net/http matches DeadlineExceeded, and is none.
	if ended := ctx.Err(); ended != nil && errors.Is(err, ended) {
		return endOf(ended)
	}
	for _, kind := range kinds {
		if errors.Is(err, kind.err) {
			return kind.name
		}
	}
	return endOf(err)
}

func endOf(err error) string {
	switch {
	case errors.Is(err, context.Canceled):
		return "canceled"
	case errors.Is(err, context.DeadlineExceeded):
		return "deadline_exceeded"
	}
	return "_OTHER"
}

// label makes an outcome of package imm, such as "not found", the value of an
// attribute.
func label(outcome string) string { return strings.ToLower(strings.ReplaceAll(outcome, " ", "_")) }

// maxID is how much of an id is shown. Those of the service have 36 characters.
const maxID = 128

func short(id string) string {
	if len(id) > maxID {
		id = id[:maxID]
	}
	return strings.ToValidUTF8(id, "")
}

// isCode reports whether a text is an error code of the service, and not some text
// that was found in its place.
func isCode(code string) bool {
	for i := range len(code) {
		c := code[i]
		isLetter := 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9'
		if !isLetter && c != '.' && c != '_' && c != '-' {
			return false
		}
	}
	return code != "" && len(code) <= maxID
}
