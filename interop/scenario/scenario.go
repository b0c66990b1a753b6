// Package scenario is what every client goes through: the documented exchanges,
// all other operations, and what the service refuses. The steps are data, so that
// clients in different languages take the very same ones and their answers can be
// compared field by field.
package scenario

import (
	"bytes"
	"embed"
	"encoding/json"
	"fmt"
	"strings"
)

// Bucket is the bucket that the steps name; WriteBucket makes its objects.
const Bucket = "test-bucket"

// Topic is the topic that the steps name.
const Topic = "test-topic"

//go:embed *.json
var texts embed.FS

// Step is one call.
type Step struct {
	Name   string
	Action string
	Params map[string]any
	// Take gives parameters the value that the member of the same name had in the
	// answer to an earlier step: page tokens, which differ from run to run.
	Take map[string]string
	// Until repeats the call until its answer is as it says.
	Until *Condition
	// Messages is how many messages the topic has once the work of this step is
	// done; the next step waits for that.
	Messages int
	// Busy says that work goes on behind the answer, so that what the emulator
	// holds is not settled before a later step.
	Busy bool
	// Status and Code are those of a refusal.
	Status int
	Code   string
	// Sent says of a refusal that our client leaves it to the service. Any other
	// that can be said in the client's types it refuses itself.
	Sent bool
	// Answer is the whole body of a success, after Normalize and without its
	// request id; nil where only the comparison of the clients says what is right.
	Answer map[string]any

	refuses bool
}

// Refuses reports whether the step is one of the refusals of a scenario: its
// arguments are wrong, whatever was done before.
func (s *Step) Refuses() bool { return s.refuses }

// Condition is a text at a place in an answer, such as Binding.Phase.
type Condition struct{ Path, Is string }

// Met reports whether the body of an answer is as the condition says. No
// condition is always met.
func (c *Condition) Met(body map[string]any) bool {
	if c == nil {
		return true
	}
	var value any = body
	for name := range strings.SplitSeq(c.Path, ".") {
		object, _ := value.(map[string]any)
		value = object[name]
	}
	return value == c.Is
}

// Scenario is a run against an emulator of its own.
type Scenario struct {
	Name     string           // of its file
	Flags    []string         // of the emulator
	Tasks    []map[string]any // that the emulator is given before
	Steps    []Step           // each builds on those before
	Refusals []Step           // what is refused whatever was done before
}

// All reads every scenario.
func All() ([]Scenario, error) {
	names, err := texts.ReadDir(".")
	if err != nil {
		return nil, err
	}
	var all []Scenario
	for _, entry := range names {
		text, err := texts.ReadFile(entry.Name())
		if err != nil {
			return nil, err
		}
		s := Scenario{Name: strings.TrimSuffix(entry.Name(), ".json")}
		decoder := json.NewDecoder(bytes.NewReader(text))
		decoder.DisallowUnknownFields() // a misspelt expectation would expect nothing
		if err := decoder.Decode(&s); err != nil {
			return nil, fmt.Errorf("%s: %w", entry.Name(), err)
		}
		for i := range s.Refusals {
			s.Refusals[i].refuses = true
		}
		all = append(all, s)
	}
	return all, nil
}

// Load reads the documented exchanges, and the refusals of all scenarios.
func Load() (Scenario, error) {
	var documented Scenario
	var refusals []Step
	all, err := All()
	for _, s := range all {
		refusals = append(refusals, s.Refusals...)
		if s.Name == "scenario" {
			documented = s
		}
	}
	documented.Refusals = refusals
	return documented, err
}

// Answer is what a client got for a step: the status and the body, of a success
// and of an error alike.
type Answer struct {
	Step   string         `json:"step"`
	Status int            `json:"status"`
	Body   map[string]any `json:"body"`
}
