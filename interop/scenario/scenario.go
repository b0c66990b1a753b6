// Package scenario is what every client goes through: the documented exchanges
// and what the service refuses. The steps are data, so that clients in different
// languages take the very same ones and their answers can be compared field by
// field.
package scenario

import (
	"bytes"
	_ "embed"
	"encoding/json"
	"fmt"
	"image"
	"image/jpeg"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// Bucket is the bucket that the steps name; WriteBucket makes its objects.
const Bucket = "test-bucket"

// Topic is the topic that the steps name.
const Topic = "test-topic"

//go:embed scenario.json
var text []byte

// Step is one call.
type Step struct {
	Name   string
	Action string
	Params map[string]any
	// Until repeats the call until its answer is as it says.
	Until *Condition
	// Messages is how many messages the topic has once the work of this step is
	// done; the next step waits for that.
	Messages int
	// Status and Code are those of a refusal.
	Status int
	Code   string
}

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

// Scenario is the whole of it.
type Scenario struct {
	Steps    []Step // each builds on those before
	Refusals []Step // what is refused whatever was done before
}

// Load reads the scenario.
func Load() (Scenario, error) {
	var s Scenario
	err := json.Unmarshal(text, &s)
	return s, err
}

// Answer is what a client got for a step: the status and the body, of a success
// and of an error alike.
type Answer struct {
	Step   string         `json:"step"`
	Status int            `json:"status"`
	Body   map[string]any `json:"body"`
}

// WriteBucket writes the objects of the bucket into a folder. Their times are
// fixed, so that two folders are the same to a client.
func WriteBucket(dir string) error {
	photo := func(width, height int) []byte {
		var buf bytes.Buffer
		_ = jpeg.Encode(&buf, image.NewGray(image.Rect(0, 0, width, height)), nil) // a buffer takes everything
		return buf.Bytes()
	}
	for name, data := range map[string][]byte{
		"test-object1.jpg":        photo(40, 30),
		"test-object2.jpg":        photo(16, 16),
		"broken.jpg":              photo(40, 30)[:20],
		"notes.txt":               []byte("notes\n"),
		"a folder/100% ü+&=~.txt": []byte("text\n"),
	} {
		path := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			return err
		}
		if err := os.WriteFile(path, data, 0o644); err != nil {
			return err
		}
		written := time.Date(2024, 5, 1, 12, 0, 0, 0, time.UTC)
		if err := os.Chtimes(path, written, written); err != nil {
			return err
		}
	}
	return nil
}

// The forms of the service's ids, as shape writes them: the documented samples
// are 090D2AC5-8450-0AA8-A1B1-**** and 16C-1KoeYbdckkiOObpyzc****.
const (
	requestID = "XXXXXXXX-XXXX-XXXX-XXXX-XXXXXXXXXXXX"
	eventID   = "XXX-1"
)

// shape puts an X in place of every upper-case hexadecimal digit.
func shape(id string) string {
	return strings.Map(func(r rune) rune {
		if r >= '0' && r <= '9' || r >= 'A' && r <= 'F' {
			return 'X'
		}
		return r
	}, id)
}

func isEventID(id string) bool {
	if len(id) != 26 || shape(id[:3])+id[3:5] != eventID {
		return false
	}
	return !strings.ContainsFunc(id[5:], func(r rune) bool {
		return (r < '0' || r > '9') && (r < 'A' || r > 'Z') && (r < 'a' || r > 'z')
	})
}

// Normalize replaces what differs between two runs, ids and times of the
// service, the host and what a message quotes of them. Each is checked for its
// form first, and what does not have it stays as it is and shows.
func Normalize(value any) any {
	switch value := value.(type) {
	case map[string]any:
		id, _ := value["RequestId"].(string)
		out := make(map[string]any, len(value))
		for name, member := range value {
			out[name] = normalizeMember(name, member, id)
		}
		return out
	case []any:
		out := make([]any, len(value))
		for i, element := range value {
			out[i] = Normalize(element)
		}
		return out
	case json.Number:
		n, _ := value.Float64() // a decoder that keeps numbers as text has the same number
		return n
	default:
		return value
	}
}

func normalizeMember(name string, member any, id string) any {
	s, isText := member.(string)
	if !isText {
		return Normalize(member)
	}
	switch name {
	case "RequestId":
		if shape(s) == requestID {
			return "a request id"
		}
	case "EventId":
		if isEventID(s) {
			return "an event id"
		}
	case "CreateTime", "UpdateTime", "StartTime", "EndTime":
		if _, err := time.Parse(time.RFC3339, s); err == nil {
			return "a time"
		}
	case "HostId":
		if _, port, found := strings.Cut(s, "127.0.0.1:"); found {
			if _, err := strconv.ParseUint(port, 10, 16); err == nil {
				return "the host"
			}
		}
	case "Recommend", "Message":
		if id != "" {
			s = strings.ReplaceAll(s, id, "REQUEST-ID")
		}
		before, _, _ := strings.Cut(s, "server string to sign is:") // it differs with every request
		return before
	}
	return s
}

// WithoutEmpty leaves out members that are empty text, and the Detail that the
// service sends without documenting it: our client's values cannot show whether
// an empty field was in the answer.
func WithoutEmpty(value any) any {
	switch value := value.(type) {
	case map[string]any:
		out := make(map[string]any, len(value))
		for name, member := range value {
			if member != "" && name != "Detail" {
				out[name] = WithoutEmpty(member)
			}
		}
		return out
	case []any:
		out := make([]any, len(value))
		for i, element := range value {
			out[i] = WithoutEmpty(element)
		}
		return out
	default:
		return value
	}
}

// Value is v as JSON has it.
func Value(v any) (map[string]any, error) {
	data, err := json.Marshal(v)
	if err != nil {
		return nil, fmt.Errorf("scenario: %w", err)
	}
	var out map[string]any
	err = json.Unmarshal(data, &out)
	return out, err
}

// Decoded is the value of a parameter: what its JSON says where it is an object or
// an array, and else the text.
func Decoded(text string) any {
	if !strings.HasPrefix(text, "{") && !strings.HasPrefix(text, "[") {
		return text
	}
	var value any
	if json.Unmarshal([]byte(text), &value) != nil {
		return text
	}
	return value
}
