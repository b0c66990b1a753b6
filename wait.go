package imm

import (
	"cmp"
	"context"
	"fmt"
	"time"

	"github.com/imm-go/imm/internal/retry"
)

// BindingError is a binding that will not work: it failed, was stopped or was
// deleted.
type BindingError struct {
	Binding Binding // as it was last seen
}

// Error says what became of the binding, and why if the service gave a reason.
func (e *BindingError) Error() string {
	b := &e.Binding
	text := fmt.Sprintf("imm: the binding of %s to dataset %s of project %s is in state %s",
		oneLine(b.URI), oneLine(b.DatasetName), oneLine(b.ProjectName), oneLine(string(b.State)))
	switch {
	case b.Reason != "":
		return text + ": " + oneLine(b.Reason)
	case b.State == StateStopped:
		return text + "; no operation resumes it: delete it and create it again"
	}
	return text
}

// WaitOption changes how WaitBinding or WaitIndexed waits.
type WaitOption func(*waitOptions) error

type waitOptions struct {
	action   string        // the method that waits
	interval time.Duration // 0: growing
	limit    time.Duration // of a file; only of WaitIndexed
}

func newWaitOptions(action string, opts []WaitOption) (waitOptions, error) {
	o := waitOptions{action: action, limit: defaultFileLimit}
	for i, opt := range opts {
		if opt == nil {
			return o, &ValidationError{Action: action, Field: fmt.Sprintf("opts[%d]", i), Reason: "it is nil; leave it out"}
		}
		if err := opt(&o); err != nil {
			return o, err
		}
	}
	return o, nil
}

// The default interval between two polls grows from the first to the last by
// half of itself each time: a scan of a small bucket is over in seconds, one of a
// large bucket takes hours. The same goes for files.
const (
	firstPoll = time.Second
	lastPoll  = 30 * time.Second
)

// WithPollInterval asks at a constant interval, which must be above zero. The
// default is an interval that grows from 1 to 30 seconds.
func WithPollInterval(d time.Duration) WaitOption {
	return func(o *waitOptions) error {
		if d <= 0 {
			return &ValidationError{Action: o.action, Field: "WithPollInterval", Reason: fmt.Sprintf("%v is not an interval; want a time above zero", d)}
		}
		o.interval = d
		return nil
	}
}

// WaitBinding calls GetBinding until the first scan of the bucket is done: until
// the state is Running and the phase IncrementalScanning, when every object that
// existed at the start is indexed. That takes from seconds to hours; give the
// context a deadline, or none to wait for as long as it takes.
//
// A binding that is Failed, Stopped or Deleted ends the wait with a
// *BindingError. One that is Retrying does not, and neither do states that this
// version does not know. An error of GetBinding, after its own repeats, ends the
// wait. If the context ends, or would end before the next poll, the error is a
// *RequestError that matches the context's. Together with an error comes the
// binding as it was last seen, or nil if it never was.
//
// WaitBinding is safe for concurrent use.
func (c *Client) WaitBinding(ctx context.Context, req *GetBindingRequest, opts ...WaitOption) (*Binding, error) {
	v := validator{action: "WaitBinding"}
	v.getBinding(req)
	if v.failed != nil {
		return nil, v.failed
	}
	options, err := newWaitOptions(v.action, opts)
	if err != nil {
		return nil, err
	}
	var seen *Binding
	interval := firstPoll
	for polls := 1; ; polls++ {
		resp, err := c.GetBinding(ctx, req)
		if err != nil {
			return seen, err
		}
		seen = &resp.Binding
		switch {
		case seen.State == StateRunning && seen.Phase == PhaseIncrementalScanning:
			return seen, nil
		case seen.State == StateFailed, seen.State == StateStopped, seen.State == StateDeleted:
			return seen, &BindingError{Binding: *seen}
		}
		if err := retry.Sleep(ctx, cmp.Or(options.interval, interval)); err != nil {
			doing := fmt.Sprintf("while waiting for the binding, last seen in state %s and phase %q", oneLine(string(seen.State)), oneLine(string(seen.Phase)))
			return seen, &RequestError{Action: "WaitBinding", Attempts: polls, Err: &endedError{ended: err, doing: doing}, ended: true}
		}
		interval = min(interval*3/2, lastPoll)
	}
}
