package published

import (
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

// must makes one call: with the method of its operation unless the step is a
// refusal of arguments, which that method would not send, and then with Do.
func (o *ours) must(step *scenario.Step) scenario.Answer {
	o.t.Helper()
	var answer any
	var err error
	if call, found := methods[step.Action]; found && !step.Refuses() {
		answer, err = call(o.t.Context(), o.client, step.Params)
	} else {
		var body map[string]any
		err = o.client.Do(o.t.Context(), step.Action, step.Params, &body)
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
