package imm

import (
	"context"

	"github.com/imm-go/imm/internal/wire"
)

// fileAnswer decodes the answers of the operations on metadata. They can be
// large and hold what nobody documented, so they are read by wire.Decode, which
// is fast and takes no offence at single values.
type fileAnswer[R any] struct {
	resp  *R
	whole func(*R) (requestID string, ok bool) // ok: what the operation documents is there
}

func (a *fileAnswer[R]) decode(data []byte) bool {
	a.resp = new(R) // an answer before may have been no success
	refused := false
	isObject := wire.Decode(data, a.resp, func(name, _ []byte) {
		refused = refused || string(name) == "Code" // it is an error, whatever the status
	})
	_, ok := a.whole(a.resp)
	return isObject && !refused && ok
}

func (a *fileAnswer[R]) id() string {
	id, _ := a.whole(a.resp)
	return id
}

// ask makes a call whose parameters fill adds, in ascending order of their names.
func ask[R any](ctx context.Context, c *Client, action string, fill func(*wire.Params), whole func(*R) (requestID string, ok bool)) (*R, error) {
	answer := &fileAnswer[R]{whole: whole}
	x := newExchange(action, answer)
	fill(x.params)
	if err := c.call(ctx, x); err != nil {
		return nil, err
	}
	return answer.resp, nil
}
