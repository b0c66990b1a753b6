package imm

import (
	"context"
	"encoding/json"
	"time"

	"github.com/imm-go/imm/internal/wire"
)

// jsonAnswer decodes the answers of all operations but the four main ones with
// encoding/json.
type jsonAnswer[R any] struct {
	resp  *R
	whole func(*R) (requestID string, ok bool) // ok: what the operation documents is there
}

func (a *jsonAnswer[R]) decode(data []byte) bool {
	a.resp = new(R) // an answer before may have been no success
	if !wire.IsObject(data) || json.Unmarshal(data, a.resp) != nil {
		return false
	}
	_, ok := a.whole(a.resp)
	return ok && !a.refused(data)
}

// refused reports whether the answer carries the code of an error, which is none
// of a success whatever the status of HTTP. Only a task has a code that is not the
// answer's own. Errors are short, so a long list is not read twice.
func (a *jsonAnswer[R]) refused(data []byte) bool {
	const enough = 16 << 10
	if _, isTask := any(a.resp).(*GetTaskResponse); isTask || len(data) > enough {
		return false
	}
	refused := false
	wire.Members(data, func(name, value []byte) {
		if string(name) == "Code" {
			refused = string(value) != "null" && string(value) != `""`
		}
	})
	return refused
}

func (a *jsonAnswer[R]) id() string {
	id, _ := a.whole(a.resp)
	return id
}

// invoke makes a call whose parameters fill adds, in ascending order of their
// names. It reports, for operations that create something, whether an attempt
// before the last one may have done so although no clear answer came.
func invoke[R any](ctx context.Context, c *Client, action string, fill func(*wire.Params), whole func(*R) (requestID string, ok bool)) (resp *R, uncertain bool, err error) {
	answer := &jsonAnswer[R]{whole: whole}
	x := newExchange(action, answer)
	fill(x.params)
	if err := c.call(ctx, x); err != nil {
		return nil, x.uncertain, err
	}
	return answer.resp, x.uncertain, nil
}

// looseTime is a time as the service writes it: what is absent or malformed is
// the zero time.
type looseTime struct{ time.Time }

func (t *looseTime) UnmarshalJSON(data []byte) error {
	text, _ := wire.Text(data)
	t.Time = wire.Time(text)
	return nil
}

// looseLabels are labels as the service writes them: what is not text is shown
// as JSON.
type looseLabels map[string]string

func (l *looseLabels) UnmarshalJSON(data []byte) error {
	*l = lenientLabels(data)
	return nil
}
