package published

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/imm-go/imm"
	"github.com/imm-go/imm/interop/program"
	"github.com/imm-go/imm/interop/scenario"
)

// ours calls an emulator with our client, over a real connection.
type ours struct {
	t      *testing.T
	client *imm.Client
}

func newOurs(t *testing.T, e *program.Emulator, k keys) *ours {
	t.Helper()
	client, err := imm.NewClient("cn-hangzhou", imm.StaticCredentials(k.ID, k.Secret, k.Token), imm.WithEndpoint(e.URL))
	require.NoError(t, err)
	t.Cleanup(client.CloseIdleConnections)
	return &ours{t: t, client: client}
}

// must makes one call: with the method of its operation where there is one and
// the step is no refusal, which that method would not send, and else with Do.
func (o *ours) must(step *scenario.Step) scenario.Answer {
	o.t.Helper()
	var answer any
	var err error
	ctx := o.t.Context()
	switch {
	case step.Code == "" && step.Action == "CreateBinding":
		answer, err = typed(ctx, o.t, step, o.client.CreateBinding)
	case step.Code == "" && step.Action == "GetBinding":
		answer, err = typed(ctx, o.t, step, o.client.GetBinding)
	case step.Code == "" && step.Action == "IndexFileMeta":
		answer, err = typed(ctx, o.t, step, o.client.IndexFileMeta)
	case step.Code == "" && step.Action == "BatchIndexFileMeta":
		answer, err = typed(ctx, o.t, step, o.client.BatchIndexFileMeta)
	default:
		var body map[string]any
		err = o.client.Do(ctx, step.Action, step.Params, &body)
		answer = body
	}
	a := scenario.Answer{Step: step.Name, Status: http.StatusOK}
	if refused := (*imm.APIError)(nil); errors.As(err, &refused) {
		a.Status, err = refused.StatusCode, nil
		answer = map[string]any{
			"RequestId": refused.RequestID, "HostId": refused.HostID, "Code": refused.Code,
			"Message": refused.Message, "Recommend": refused.Recommend,
		}
	}
	require.NoError(o.t, err, step.Name)
	a.Body, err = scenario.Value(answer)
	require.NoError(o.t, err)
	return a
}

// typed fills the request of an operation with the parameters of a step and calls
// its method.
func typed[Request, Response any](ctx context.Context, t *testing.T, step *scenario.Step,
	call func(context.Context, *Request) (*Response, error),
) (*Response, error) {
	t.Helper()
	params, err := json.Marshal(step.Params)
	require.NoError(t, err)
	var req Request
	require.NoError(t, json.Unmarshal(params, &req))
	return call(ctx, &req)
}
