package published

import (
	"net/url"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/imm-go/imm/interop/program"
	"github.com/imm-go/imm/interop/scenario"
)

// caller is a client that goes through the scenario.
type caller interface {
	must(*scenario.Step) scenario.Answer
}

// patience bounds a wait for the emulator, and pace is how often it is asked.
const (
	patience = 30 * time.Second
	pace     = 5 * time.Millisecond
)

// outcome is all that a client got and left behind.
type outcome struct {
	answers  []scenario.Answer
	messages []any
	state    map[string]any
}

// through takes a client through the steps.
func through(t *testing.T, e *program.Emulator, c caller) outcome {
	t.Helper()
	s, err := scenario.Load()
	require.NoError(t, err)
	var out outcome
	for i := range s.Steps {
		step := &s.Steps[i]
		var a scenario.Answer
		require.Eventually(t, func() bool { a = c.must(step); return step.Until.Met(a.Body) }, patience, pace, step.Name)
		out.answers = append(out.answers, a)
		if step.Messages > 0 {
			out.messages = e.Messages(scenario.Topic, step.Messages)
		}
	}
	out.state = e.State()
	return out
}

func TestOurClientAndThePublishedCoreGetTheSameAnswersAndLeaveTheSameState(t *testing.T) {
	t.Parallel()
	e := program.Start(t)
	us := through(t, e, newOurs(t, e, rightKeys))
	each(t, func(t *testing.T, c core, where place) {
		e := program.Start(t)
		them := through(t, e, c.client(t, e, rightKeys, where))
		require.Len(t, them.answers, len(us.answers))
		for i, a := range them.answers {
			require.Equal(t, us.answers[i].Status, a.Status, a.Step)
			require.Equal(t, scenario.WithoutEmpty(scenario.Normalize(us.answers[i].Body)),
				scenario.WithoutEmpty(scenario.Normalize(a.Body)), a.Step)
		}
		require.Equal(t, scenario.Normalize(us.messages), scenario.Normalize(them.messages))
		require.Equal(t, scenario.Normalize(us.state), scenario.Normalize(them.state))
	})
}

// What both sides sent is compared as the emulator decoded it: the texts that
// are easily encoded wrongly are among the parameters of the scenario.
func TestOurClientAndThePublishedCoreSendTheSameParameters(t *testing.T) {
	t.Parallel()
	ours := program.Start(t)
	through(t, ours, newOurs(t, ours, rightKeys))
	each(t, func(t *testing.T, c core, where place) {
		e := program.Start(t)
		through(t, e, c.client(t, e, rightKeys, where))
		for _, action := range []string{"CreateBinding", "IndexFileMeta", "BatchIndexFileMeta", "GetFileMeta", "BatchGetFileMeta"} {
			us, them := ours.Requests(action), e.Requests(action)
			require.Len(t, us, len(them), action)
			for i := range us {
				require.Equal(t, parameters(them[i].Form), parameters(us[i].Form), action)
				require.Equal(t, them[i].Method, us[i].Method)
				require.Equal(t, them[i].Status, us[i].Status)
			}
		}
	})
}

// parameters are those of a form, with JSON decoded where a value is JSON: the
// order of members may differ.
func parameters(form map[string]string) map[string]any {
	out := make(map[string]any, len(form))
	for name, value := range form {
		out[name] = scenario.Decoded(value)
	}
	return out
}

func TestTheDocumentedExchangesHaveTheDocumentedAnswers(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, c core, where place) {
		e := program.Start(t)
		them := through(t, e, c.client(t, e, rightKeys, where))
		byStep := make(map[string]any)
		for _, a := range them.answers {
			byStep[a.Step] = scenario.Normalize(a.Body)
		}
		binding := func(phase, state string) map[string]any {
			return map[string]any{
				"RequestId": "a request id",
				"Binding": map[string]any{
					"Phase": phase, "State": state, "ProjectName": "test-project", "DatasetName": "test-dataset",
					"URI": "oss://test-bucket", "CreateTime": "a time", "UpdateTime": "a time",
					// Documented, and in the answer though there is no reason; Detail is what
					// the service adds without documenting it.
					"Reason": "", "Detail": "",
				},
			}
		}
		require.Equal(t, binding("", "Ready"), byStep["bind the bucket"])
		require.Equal(t, binding("IncrementalScanning", "Running"), byStep["the scan is done"])
		accepted := map[string]any{"RequestId": "a request id", "EventId": "an event id"}
		require.Equal(t, accepted, byStep["index one file"])
		require.Equal(t, accepted, byStep["index a batch"])
		require.Equal(t, map[string]any{
			"RequestId": "a request id", "ProjectName": "test-project", "DatasetName": "test-dataset",
			"StartTime": "a time", "EndTime": "a time", "Success": true, "Message": "",
			"Files": []any{
				map[string]any{"URI": "oss://test-bucket/test-object1.jpg", "CustomLabels": map[string]any{"category": "Persons"}, "Error": ""},
				map[string]any{"URI": "oss://test-bucket/test-object2.jpg", "CustomLabels": map[string]any{"category": "Pets"}, "Error": ""},
			},
		}, scenario.Normalize(them.messages[1]))
	})
}

// A request id is in every answer, and the header that the gateway adds has the
// same one.
func TestEveryAnswerHasARequestID(t *testing.T) {
	t.Parallel()
	s, err := scenario.Load()
	require.NoError(t, err)
	each(t, func(t *testing.T, c core, where place) {
		e := program.Start(t)
		p := c.client(t, e, rightKeys, where)
		seen := make(map[any]string)
		for _, step := range slices.Concat(s.Steps, s.Refusals) {
			a := p.must(&step)
			id := a.Body["RequestId"]
			require.Equal(t, "a request id", scenario.Normalize(a.Body).(map[string]any)["RequestId"], step.Name)
			require.Equal(t, id, p.wire.Header["x-acs-request-id"], step.Name)
			require.NotContains(t, seen, id, step.Name)
			seen[id] = step.Name
		}
	})
}

func TestAnErrorHasItsDocumentedFieldsAndNoOther(t *testing.T) {
	t.Parallel()
	s, err := scenario.Load()
	require.NoError(t, err)
	e := program.Start(t)
	each(t, func(t *testing.T, c core, where place) {
		for i := range s.Refusals {
			p := c.client(t, e, rightKeys, where)
			a := p.must(&s.Refusals[i])
			require.Len(t, a.Body, 5, "RequestId, HostId, Code, Message and Recommend")
			require.Equal(t, e.Host, a.Body["HostId"])
			require.NotEmpty(t, a.Body["Message"])
			advice, err := url.Parse(a.Body["Recommend"].(string))
			require.NoError(t, err)
			require.Equal(t, a.Body["Code"], advice.Query().Get("q"))
			require.Contains(t, p.wire.Header["content-type"], "application/json")
		}
	})
}
