package notify

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"time"

	"github.com/imm-go/imm"
	"github.com/imm-go/imm/internal/auth"
	"github.com/imm-go/imm/internal/retry"
	"github.com/imm-go/imm/internal/transport"
)

// Codes of the queue API that decide what becomes of a message.
const (
	queueEmpty      = "MessageNotExist"    // no message, or not that one
	queueHandleGone = "ReceiptHandleError" // the message has another handle, or is visible again
)

// queueAPI makes the calls of the queue API for one queue. It is safe for
// concurrent use.
type queueAPI struct {
	endpoint  transport.Endpoint
	path      string // of the messages
	http      *http.Client
	retrier   *retry.Retrier
	timeout   time.Duration // of one attempt, beside its long polling
	keys      *auth.Cache[imm.Credentials]
	clock     transport.Clock
	userAgent string
}

// queueReceived is what a call of receive came back with.
type queueReceived struct {
	messages []queueMessage
	at       time.Time     // when they came
	after    time.Duration // how long the last attempt took
	now      time.Time     // the same moment by the service's clock
}

// receive gets up to n messages. None at all is a success, too.
func (a *queueAPI) receive(ctx context.Context, n int, wait time.Duration) (queueReceived, retry.Result) {
	request := queueRequest{
		action: "BatchReceiveMessage", method: http.MethodGet, wait: wait,
		query: "numOfMessages=" + strconv.Itoa(n) + "&waitseconds=" + strconv.Itoa(int(wait/time.Second)),
	}
	var got queueReceived
	x := &queueExchange{
		api:  a,
		next: func() queueRequest { return request },
		success: func(data []byte) (err error) {
			got.messages, err = parseQueueMessages(data, n)
			return err
		},
		refusal: func(e *imm.APIError, _ []byte) (retry.Outcome, bool) {
			return retry.Outcome{Class: retry.OK}, e.Code == queueEmpty
		},
	}
	res := x.run(ctx)
	got.at, got.after = x.answered, x.answered.Sub(x.begun)
	if now, err := http.ParseTime(x.date); err == nil {
		got.now = now.Add(time.Second) // of which the date lacks up to one
	} else {
		got.now = got.at.Add(x.ahead)
	}
	return got, res
}

// extend keeps a message invisible for some whole seconds from now, and returns
// the handle that it has from now on.
func (a *queueAPI) extend(ctx context.Context, handle string, visibility time.Duration) (string, retry.Result) {
	request := queueRequest{
		action: "ChangeMessageVisibility", method: http.MethodPut,
		query: "ReceiptHandle=" + url.QueryEscape(handle) + "&VisibilityTimeout=" + strconv.Itoa(int(visibility/time.Second)),
	}
	x := &queueExchange{
		api:  a,
		next: func() queueRequest { return request },
		success: func(data []byte) (err error) {
			handle, err = parseQueueVisibility(data)
			return err
		},
	}
	res := x.run(ctx)
	return handle, res
}

// remove deletes up to 16 messages, and returns an error for each handle that may
// still be there.
func (a *queueAPI) remove(ctx context.Context, handles []string) map[string]error {
	failed := make(map[string]error)
	pending := slices.Clone(handles)
	x := &queueExchange{
		api:  a,
		next: func() queueRequest { return queueDeleteRequest(pending) },
		success: func(data []byte) error {
			if len(bytes.TrimSpace(data)) > 0 {
				return errors.New("it is not empty")
			}
			return nil
		},
	}
	x.refusal = func(e *imm.APIError, data []byte) (retry.Outcome, bool) {
		// What is not there is deleted, be it by an attempt whose answer was lost.
		isDone := func(code string) bool { return code == queueEmpty || code == queueHandleGone && x.unclear }
		if len(pending) == 1 {
			return retry.Outcome{Class: retry.OK}, isDone(e.Code)
		}
		failures, err := parseQueueFailures(data)
		if err != nil || len(failures) == 0 {
			return retry.Outcome{}, false
		}
		var again []string
		outcome := retry.Outcome{Class: retry.OK}
		for _, f := range failures {
			if !slices.Contains(pending, f.Handle) {
				return retry.Outcome{}, false // so what it says is not about these
			}
			if isDone(f.Code) {
				continue
			}
			failure := *e
			failure.Code, failure.Message = f.Code, auth.Keys(x.creds).Withhold(f.Message)
			class := retry.Classify(f.Code, 0)
			if action := retry.Decide(retry.Repeatable, class); action == retry.Repeat || action == retry.RepeatPaced {
				again = append(again, f.Handle)
				outcome = retry.Outcome{Class: class, Err: &failure}
			} else {
				failed[f.Handle] = &failure
			}
		}
		pending = again
		return outcome, true
	}
	res := x.run(ctx)
	if res.Err != nil {
		for _, handle := range pending {
			failed[handle] = res.Err
		}
	}
	return failed
}

// queueDeleteRequest is a DeleteMessage or, for several, a BatchDeleteMessage.
func queueDeleteRequest(handles []string) queueRequest {
	if len(handles) == 1 {
		return queueRequest{action: "DeleteMessage", method: http.MethodDelete, query: "ReceiptHandle=" + url.QueryEscape(handles[0])}
	}
	return queueRequest{action: "BatchDeleteMessage", method: http.MethodDelete, body: queueHandlesXML(handles)}
}

// queueCode is the code of an answer of the service, empty for other errors.
func queueCode(err error) string {
	if e, ok := errors.AsType[*imm.APIError](err); ok {
		return e.Code
	}
	return ""
}

// queueKeys asks the user's provider, for the cache.
func queueKeys(provider imm.CredentialsProvider) *auth.Cache[imm.Credentials] {
	fetch := func(ctx context.Context) (imm.Credentials, time.Time, error) {
		creds, err := provider.Credentials(ctx)
		if err == nil {
			if err = auth.Keys(creds).Check(); err != nil {
				err = fmt.Errorf("%w: %w", imm.ErrUnauthenticated, err)
			}
		}
		return creds, creds.Expires, err
	}
	return auth.New(fetch, func(a, b imm.Credentials) bool { return auth.Keys(a).Same(auth.Keys(b)) })
}
