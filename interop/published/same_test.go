package published

import (
	"fmt"
	"maps"
	"net/url"
	"reflect"
	"slices"
	"strings"
	"sync"
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
	states   map[string]map[string]any // after each step that leaves nothing to do
	sent     map[string][]any          // by operation
}

// run is a client's way through a scenario. What it comes to is looked at by
// several tests, and the first of them goes it.
type run struct {
	once    sync.Once
	outcome *outcome // nil where it failed
}

var runs sync.Map

func outcomeOf(t *testing.T, who string, s *scenario.Scenario, client func(*program.Emulator) caller) *outcome {
	t.Helper()
	known, _ := runs.LoadOrStore(who+" "+s.Name, new(run))
	r := known.(*run)
	r.once.Do(func() {
		e := start(t, s)
		r.outcome = through(t, s, e, client(e))
	})
	require.NotNil(t, r.outcome, "the run failed in another test")
	return r.outcome
}

func ourOutcome(t *testing.T, s *scenario.Scenario) *outcome {
	t.Helper()
	return outcomeOf(t, "ours", s, func(e *program.Emulator) caller { return newOurs(t, e, rightKeys) })
}

func (c core) outcome(t *testing.T, where place, s *scenario.Scenario) *outcome {
	t.Helper()
	return outcomeOf(t, c.name+" by "+string(where), s, func(e *program.Emulator) caller { return c.client(t, e, rightKeys, where) })
}

// start starts an emulator for a scenario.
func start(t *testing.T, s *scenario.Scenario) *program.Emulator {
	t.Helper()
	e := program.Start(t, s.Flags...)
	for _, task := range s.Tasks {
		e.PutTask(task)
	}
	return e
}

// through takes a client through the steps of a scenario.
func through(t *testing.T, s *scenario.Scenario, e *program.Emulator, c caller) *outcome {
	t.Helper()
	out := &outcome{states: make(map[string]map[string]any), sent: make(map[string][]any)}
	bodies := make(map[string]map[string]any)
	for i := range s.Steps {
		step := s.Steps[i]
		step.Params = maps.Clone(step.Params)
		for name, from := range step.Take {
			require.NotEmpty(t, bodies[from][name], "%s: nothing to take from %q", step.Name, from)
			step.Params[name] = bodies[from][name]
		}
		var a scenario.Answer
		require.Eventually(t, func() bool { a = c.must(&step); return step.Until.Met(a.Body) }, patience, pace, step.Name)
		require.NotContains(t, bodies, step.Name, "two steps have one name")
		bodies[step.Name] = a.Body
		out.answers = append(out.answers, a)
		if step.Messages > 0 {
			out.messages = e.Messages(scenario.Topic, step.Messages)
		}
		if !step.Busy {
			out.states[step.Name] = e.State()
		}
		out.sent[step.Action] = nil
	}
	for action := range out.sent {
		out.sent[action] = sent(e, action)
	}
	return out
}

// eachScenario runs a test with every scenario, in parallel.
func eachScenario(t *testing.T, test func(*testing.T, *scenario.Scenario)) {
	t.Helper()
	all, err := scenario.All()
	require.NoError(t, err)
	for _, s := range all {
		if len(s.Steps) > 0 {
			t.Run(s.Name, func(t *testing.T) {
				t.Parallel()
				test(t, &s)
			})
		}
	}
}

func TestOurClientAndThePublishedCoreGetTheSameAnswersAndLeaveTheSameState(t *testing.T) {
	t.Parallel()
	eachScenario(t, func(t *testing.T, s *scenario.Scenario) {
		us := ourOutcome(t, s)
		each(t, func(t *testing.T, c core, where place) {
			them := c.outcome(t, where, s)
			require.Len(t, them.answers, len(us.answers))
			for i, a := range them.answers {
				require.Equal(t, us.answers[i].Status, a.Status, a.Step)
				require.Equal(t, scenario.WithoutEmpty(scenario.Normalize(us.answers[i].Body)),
					scenario.WithoutEmpty(scenario.Normalize(a.Body)), a.Step)
			}
			require.Equal(t, scenario.Normalize(us.messages), scenario.Normalize(them.messages))
			require.NotEmpty(t, us.states)
			for step, state := range us.states {
				require.Equal(t, scenario.Normalize(state), scenario.Normalize(them.states[step]), step)
			}
		})
	})
}

// What both sides sent is compared as the emulator decoded it: the texts that
// are easily encoded wrongly are among the parameters of the scenarios.
func TestOurClientAndThePublishedCoreSendTheSameParameters(t *testing.T) {
	t.Parallel()
	eachScenario(t, func(t *testing.T, s *scenario.Scenario) {
		us := ourOutcome(t, s)
		each(t, func(t *testing.T, c core, where place) {
			them := c.outcome(t, where, s)
			require.Len(t, us.sent, len(them.sent))
			for action, requests := range them.sent {
				require.NotEmpty(t, requests)
				require.Equal(t, requests, us.sent[action], action)
			}
		})
	})
}

// sent are the requests of an operation, without those that only repeat the one
// before to wait for something.
func sent(e *program.Emulator, action string) []any {
	var all []any
	for _, r := range e.Requests(action) {
		all = append(all, map[string]any{
			"parameters": scenario.Normalize(parameters(r.Form)), "method": r.Method, "status": r.Status,
		})
	}
	return slices.CompactFunc(all, reflect.DeepEqual)
}

// parameters are those of a form, with JSON decoded where a value is JSON: the
// order of members may differ, and that of tags, which are a map for our client.
func parameters(form map[string]string) map[string]any {
	out := make(map[string]any, len(form))
	for name, value := range form {
		out[name] = scenario.Decoded(value)
	}
	if tags, ok := out["Tag"].([]any); ok {
		slices.SortFunc(tags, func(a, b any) int { return strings.Compare(fmt.Sprint(a), fmt.Sprint(b)) })
	}
	return out
}

func TestTheDocumentedExchangesHaveTheDocumentedAnswers(t *testing.T) {
	t.Parallel()
	s, err := scenario.Load()
	require.NoError(t, err)
	each(t, func(t *testing.T, c core, where place) {
		them := c.outcome(t, where, &s)
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
